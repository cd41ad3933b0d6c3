/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/scrub - MB/s of jsn_feed on JSON as APIs send it, one core, with 20 and
 * 200 lines; the median of several runs of CPU time. Built by
 * "make bench-scrub" only. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "body/jsn.h"
#include "bench/median.h"
#include "unit/body/rules.h"

#define TEXT_BYTES (4u << 20)
#define FEED_BYTES 16384 /* a TLS record */
#define RUNS 9

/* One participant of a list, as meeting services send them. */
static void add_member(struct buf *b, unsigned i)
{
	buf_addf(b,
	    "{\"id\":%u,\"userId\":\"u-%08x\",\"displayName\":\"Guest %u\","
	    "\"email\":\"guest%u@example.org\",\"audio\":{\"muted\":%s,"
	    "\"codec\":\"opus\",\"level\":0.%u},\"video\":{\"on\":true,"
	    "\"width\":1280,\"height\":720},\"joined\":%u,\"client\":"
	    "{\"version\":\"5.17.%u\",\"platform\":\"web\",\"timezone\":"
	    "\"Europe/Berlin\",\"features\":[\"chat\",\"share\",\"poll\"],"
	    "\"note\":\"Synthetic text so that the strings have some "
	    "length, as messages and titles do.\"},\"role\":null}",
	    i, i * 2654435761u, i, i, i % 2 ? "true" : "false", i % 100,
	    1900000000 + i, i % 9);
}

static void fill(struct buf *b)
{
	buf_add_str(b, "{\"meeting\":\"42\",\"members\":[");
	for (unsigned i = 0; buf_len(b) < TEXT_BYTES - 1024; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		add_member(b, i);
	}
	buf_add_str(b, "]}");
}

/* n lines; all but three name what does not occur. hit: those three meet. */
static void make_lines(struct buf *b, unsigned n, bool deep)
{
	buf_reset(b);
	buf_add_str(b, "json $.members[*].email -> drop\n"
	               "json $.members[*].client.timezone -> set:UTC\n");
	buf_add_str(b, deep ? "json $..userId -> set:0"
	                    : "json $.members[*].userId -> set:0");
	for (unsigned i = 3; i < n; i++)
		buf_addf(b, "\njson $.%s%u.field%u -> drop",
		    i % 2 ? "device" : "members[*].extra", i, i * 7);
	buf_add_char(b, '\0');
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double one_run(const struct plan *plan, struct span in, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct jsn *j = jsn_new(plan, &env);
	double start = cpu_s();
	size_t n;
	int r = 0;

	for (; r == 0 && in.n > 0; in = span_from(in, n)) {
		n = in.n < FEED_BYTES ? in.n : FEED_BYTES;
		buf_reset(out);
		r = jsn_feed(j, span_of(in.p, n), n == in.n, out);
	}
	if (r != 0)
		exit(1);
	jsn_free(j);
	return cpu_s() - start;
}

static void measure(const char *name, const char *lines, struct span in)
{
	struct rules *rules = rules_new(lines, false);
	double run[RUNS], middle;
	struct buf out;

	buf_init(&out, 1u << 20);
	for (size_t i = 0; i < RUNS; i++)
		run[i] = one_run(rules_plan(rules), in, &out);
	middle = median(run, RUNS);
	printf("%-28s %7.0f MB/s (best %.0f)\n", name,
	    (double)in.n / middle / 1e6, (double)in.n / run[0] / 1e6);
	buf_fini(&out);
	rules_free(rules);
}

int main(void)
{
	static const unsigned count[] = { 20, 200 };
	struct buf in, lines;
	char name[40];

	buf_init(&in, TEXT_BYTES);
	buf_init(&lines, 65536);
	fill(&in);
	measure("no lines (check only)", "", buf_span(&in));
	measure("lines that cannot match", "json $.zz -> drop", buf_span(&in));
	for (size_t i = 0; i < 4; i++) {
		make_lines(&lines, count[i / 2], i % 2);
		snprintf(name, sizeof name, "%u lines%s", count[i / 2],
		    i % 2 ? ", one of them deep" : "");
		measure(name, buf_span(&lines).p, buf_span(&in));
	}
	buf_fini(&in);
	buf_fini(&lines);
	return 0;
}
