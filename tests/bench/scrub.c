/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/scrub - how fast JSON, forms and queries are scrubbed, beside yajl and
 * jansson that read the same text and write it again. One core; medians of CPU
 * time; cycles are those of the time stamp counter. Built by "make bench-scrub"
 * only, which needs libyajl-dev. */
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "base/buf.h"
#include "bench/median.h"
#include "bench/member.h"
#include "bench/peers.h"
#include "body/form.h"
#include "body/jsn.h"
#include "unit/body/rules.h"

#define LARGE_BYTES (4u << 20)
#define SMALL_BYTES 4096     /* one answer of an API */
#define FEED_BYTES 16384     /* a TLS record */
#define RUN_BYTES (8u << 20) /* measured at once: texts again and again */
#define RUNS 9

enum kind { JSON, FORM, QUERY, YAJL, JANSSON };

static void fill(struct buf *b, size_t bytes)
{
	buf_reset(b);
	buf_add_str(b, "{\"meeting\":\"42\",\"members\":[");
	for (unsigned i = 0; buf_len(b) < bytes - 600; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		add_member(b, i);
	}
	buf_add_str(b, "]}");
}

static void fill_form(struct buf *b)
{
	buf_reset(b);
	for (unsigned i = 0; buf_len(b) < LARGE_BYTES - 1024; i++)
		buf_addf(b,
		    "%suid=u-%08x&name=Guest+%u&mail=guest%u%%40example.org&"
		    "zone=Europe%%2FBerlin&v=5.17.%u&event=join&ts=%u&"
		    "page=https%%3A%%2F%%2Fmeet.example%%2Fj%%2F42",
		    i > 0 ? "&" : "", i * 2654435761u, i, i, i % 9,
		    1900000000 + i);
}

/* n lines; all but three name what does not occur. */
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

static void make_names(struct buf *b, const char *carrier, unsigned n)
{
	buf_reset(b);
	buf_addf(b, "%s uid -> drop\n%s mail -> drop\n%s zone -> set:UTC",
	    carrier, carrier, carrier);
	for (unsigned i = 3; i < n; i++)
		buf_addf(b, "\n%s field%u -> drop", carrier, i * 7);
	buf_add_char(b, '\0');
}

/* One text through one scrubber, from its making to its end. */
static int scrub(
    enum kind kind, const struct plan *plan, struct span in, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct jsn *j = kind == JSON ? jsn_new(plan, &env) : NULL;
	struct form *f = kind == FORM    ? form_new(plan, &env)
	                 : kind == QUERY ? form_new_query(plan, &env)
	                                 : NULL;
	size_t n;
	int r = 0;

	for (; r == 0 && in.n > 0; in = span_from(in, n)) {
		n = in.n < FEED_BYTES ? in.n : FEED_BYTES;
		buf_reset(out);
		if (j != NULL)
			r = jsn_feed(j, span_of(in.p, n), n == in.n, out);
		else
			r = form_feed(f, span_of(in.p, n), n == in.n, out);
	}
	jsn_free(j);
	form_free(f);
	return r;
}

static void one_run(
    enum kind kind, const struct plan *plan, struct span in, struct buf *out)
{
	bool good = true;

	for (size_t done = 0; good && done < RUN_BYTES; done += in.n)
		if (kind == YAJL)
			good = peer_yajl(in) > 0;
		else if (kind == JANSSON)
			good = peer_jansson(in) > 0;
		else
			good = scrub(kind, plan, in, out) == 0;
	if (!good)
		exit(1);
}

static void measure(
    enum kind kind, const char *name, const char *lines, struct span in)
{
	struct rules *rules = rules_new(lines, false);
	size_t bytes = (RUN_BYTES + in.n - 1) / in.n * in.n;
	double run[RUNS], s, rate = 0;
	struct buf out;

	buf_init(&out, 1u << 20);
	one_run(kind, rules_plan(rules), in, &out);
	for (size_t i = 0; i < RUNS; i++) {
		double start = cpu_s();
		uint64_t ticks = __rdtsc();

		one_run(kind, rules_plan(rules), in, &out);
		ticks = __rdtsc() - ticks;
		run[i] = cpu_s() - start;
		/* per second; less than others if nobody came between */
		if (i == 0 || (double)ticks / run[i] < rate)
			rate = (double)ticks / run[i];
	}
	s = median(run, RUNS);
	printf("  %-26s %6.3f GB/s %6.2f cycles/byte (best %.3f)\n", name,
	    (double)bytes / s / 1e9, s * rate / (double)bytes,
	    (double)bytes / run[0] / 1e9);
	buf_fini(&out);
	rules_free(rules);
}

static void measure_json(const char *title, size_t size)
{
	static const unsigned count[] = { 20, 200 };
	struct buf in, lines;
	char name[40];

	buf_init(&in, LARGE_BYTES);
	buf_init(&lines, 65536);
	fill(&in, size);
	printf("%s, %zu bytes\n", title, buf_len(&in));
	measure(JSON, "no lines (check only)", "", buf_span(&in));
	for (size_t i = 0; i < 4; i++) {
		make_lines(&lines, count[i / 2], i % 2);
		snprintf(name, sizeof name, "%u lines%s", count[i / 2],
		    i % 2 ? ", one deep" : "");
		measure(JSON, name, buf_span(&lines).p, buf_span(&in));
	}
	measure(YAJL, "yajl, read and write", "", buf_span(&in));
	measure(JANSSON, "jansson, read and write", "", buf_span(&in));
	buf_fini(&in);
	buf_fini(&lines);
}

int main(void)
{
	struct buf in, lines;

	measure_json("JSON of an API", SMALL_BYTES);
	measure_json("large JSON", LARGE_BYTES);
	buf_init(&in, LARGE_BYTES);
	buf_init(&lines, 65536);
	fill_form(&in);
	printf("form, %zu bytes\n", buf_len(&in));
	for (unsigned n = 20; n <= 200; n *= 10) {
		make_names(&lines, "form", n);
		measure(FORM, n == 20 ? "form, 20 lines" : "form, 200 lines",
		    buf_span(&lines).p, buf_span(&in));
		make_names(&lines, "query", n);
		measure(QUERY, n == 20 ? "query, 20 lines" : "query, 200 lines",
		    buf_span(&lines).p, buf_span(&in));
	}
	buf_fini(&in);
	buf_fini(&lines);
	return 0;
}
