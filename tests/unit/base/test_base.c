/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/stat.h"

#include <errno.h>
#include <stdio.h>

#include "lib/tap.h"

static void test_numbers(void)
{
	static const struct {
		const char *in;
		uint64_t max;
		int want;
		uint64_t value;
	} row[] = {
		{ "0", 10, 0, 0 },
		{ "10", 10, 0, 10 },
		{ "11", 10, -ERANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "7", 6, -ERANGE, 0 },
		{ "6", 6, 0, 6 },
		{ "", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "0x1", 10, -EINVAL, 0 },
	};
	uint64_t v;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		v = 0;
		tap_int(span_u64(span_str(row[i].in), row[i].max, &v),
		    row[i].want, "number \"%s\"", row[i].in);
		tap_ok(v == row[i].value, "its value");
	}
}

static void test_spans(void)
{
	struct span list = SPAN("a, b ,,c");

	tap_span(span_trim(span_cut(&list, ',')), SPAN("a"), "cut 1");
	tap_span(span_trim(span_cut(&list, ',')), SPAN("b"), "cut 2");
	tap_span(span_trim(span_cut(&list, ',')), SPAN(""), "cut 3");
	tap_span(span_trim(span_cut(&list, ',')), SPAN("c"), "cut 4");
	tap_int((long long)list.n, 0, "nothing left");
	tap_ok(span_eq_nocase(SPAN("HoSt"), SPAN("hOsT")), "case folded");
	tap_ok(!span_eq_nocase(SPAN("\xc4"), SPAN("\xe4")), "only in ASCII");
	tap_int((long long)span_find(SPAN("aab"), SPAN("ab")), 1, "find");
	tap_int((long long)span_find(SPAN("aab"), SPAN("x")), 3, "not found");
	tap_ok(span_ends(SPAN("a.zoom.us"), SPAN(".zoom.us")), "ends");
	tap_ok(!span_ends(SPAN("s"), SPAN("us")), "shorter than its end");
}

static void test_base64(void)
{
	const char *both = base64_letter[0];
	int wrong = 0;

	for (int i = 0; i < 64; i++) {
		wrong += base64_value(base64_letter[0][i], false) != i;
		wrong += base64_value(base64_letter[1][i], true) != i;
	}
	tap_int(wrong, 0, "each letter of base64 has its value");
	for (int i = 0; i < 256; i++) {
		char c = (char)i;
		bool known = c == '-' || c == '_' ||
		             (c != '\0' && strchr(both, c) != NULL);

		wrong += (base64_six[i] >= 0) != known;
	}
	tap_int(wrong, 0, "and nothing else has one");
	tap_ok(base64_value('+', true) < 0 && base64_value('/', true) < 0 &&
	           base64_value('-', false) < 0 &&
	           base64_value('_', false) < 0,
	    "the last two belong to one alphabet each");
}

static void test_buf(void)
{
	struct buf b;
	char big[3000];

	memset(big, 'x', sizeof big);
	buf_init(&b, 4000);
	tap_int(buf_add(&b, big, sizeof big), 0, "3000 of 4000");
	buf_drain(&b, 2500);
	tap_int(buf_add(&b, big, sizeof big), 0, "moves to the front");
	tap_int((long long)buf_len(&b), 3500, "length");
	tap_int(buf_add(&b, big, 501), -ENOBUFS, "one over the maximum");
	tap_int(buf_add(&b, "x", 1), -ENOBUFS, "the error stays");
	buf_reset(&b);
	tap_int(buf_addf(&b, "%d-%s", 7, "a"), 0, "formatted");
	tap_int(buf_add_u64(&b, UINT64_MAX), 0, "a number");
	tap_span(buf_span(&b), SPAN("7-a18446744073709551615"), "content");
	buf_truncate(&b, 3);
	tap_span(buf_span(&b), SPAN("7-a"), "truncated");
	buf_drain(&b, 3);
	buf_release(&b);
	tap_ok(b.mem == NULL, "idle memory is given back");
	buf_fini(&b);
}

static void test_arena(void)
{
	struct arena *a = arena_new(20000);
	struct span piece[] = { SPAN("ab"), SPAN(""), SPAN("c") };

	tap_span(arena_join(a, piece, 3), SPAN("abc"), "joined");
	tap_ok(arena_alloc(a, 10000) != NULL, "larger than a block");
	tap_ok(arena_alloc(a, 10000) == NULL, "over the maximum");
	tap_ok(arena_alloc(a, 1) == NULL, "sticky");
	tap_int(arena_error(a), -ENOBUFS, "its error");
	arena_reset(a);
	tap_ok(arena_alloc(a, 1) != NULL && arena_error(a) == 0, "reset");
	arena_free(a);
}

static void test_hash(void)
{
	unsigned char key[16], in[15];
	struct hash *h = hash_new(1000);
	static char name[1001][8];
	int missing = 0;

	for (int i = 0; i < 16; i++)
		key[i] = (unsigned char)i;
	for (int i = 0; i < 15; i++)
		in[i] = (unsigned char)i;
	tap_ok(hash_sip(key, in, 15) == 0xa129ca6149be45e5u,
	    "SipHash-2-4, the vector of the paper's appendix A");
	for (int i = 0; i < 1001; i++)
		snprintf(name[i], sizeof name[i], "k%d", i);
	for (int i = 0; i < 1000; i++)
		missing += hash_put(h, span_str(name[i]), name[i]) != 0;
	tap_int(missing, 0, "1000 entries");
	tap_int(hash_put(h, SPAN("k1000"), name[0]), -ENOBUFS, "maximum");
	tap_int(hash_put(h, SPAN("k7"), name[0]), -EEXIST, "twice");
	tap_ok(hash_del(h, SPAN("k7")) == name[7], "deleted");
	tap_ok(hash_get(h, SPAN("k7")) == NULL, "and gone");
	tap_ok(hash_get(h, SPAN("k8")) == name[8], "the others stay");
	hash_free(h);
	tap_ok(hash_span_nocase(SPAN("Zoom.US")) ==
		hash_span_nocase(SPAN("zoom.us")), "case folded");
}

static char last_line[2000];

static void keep_line(int severity, const char *line, void *arg)
{
	(void)severity, (void)arg;
	snprintf(last_line, sizeof last_line, "%s", line);
}

static void test_log(void)
{
	log_to_sink(keep_line, NULL);
	log_msg(WORKER_DIED, LOG_N(3), LOG_N(9));
	tap_span(span_str(last_line),
	    SPAN("[S202] worker died and is replaced: worker=3 signal=9"),
	    "numbers");
	log_msg(SERVICE_NOT_INSPECTED, LOG_W("erika@amt.example"));
	tap_ok(strstr(last_line, "erika") == NULL, "a word is from a closed set");
	log_msg(RELOAD_FAILED, LOG_T("policy/zoom.conf:3:\n\033[1m"));
	tap_ok(strchr(last_line, '\n') == NULL && strchr(last_line, 27) == NULL,
	    "no control bytes");
	log_plain(STOPPED);
	tap_span(span_str(last_line), SPAN("[S103] stopped"), "plain");
	log_to_stderr();
}

static void test_rest(void)
{
	struct stat_page page = { 0 }, sum = { 0 };
	struct secret s;
	uint64_t a, b;

	stat_use(&page);
	stat_add(STAT_REQUESTS, 2);
	stat_service_add(1, STAT_SERVICE_DEVICE, 5);
	stat_service_add(STAT_SERVICES_MAX, STAT_SERVICE_DEVICE, 5);
	stat_sum(&sum, &page);
	stat_sum(&sum, &page);
	tap_int((long long)sum.all[STAT_REQUESTS], 4, "summed");
	tap_int((long long)sum.service[1][STAT_SERVICE_DEVICE], 10, "service");
	rnd_seed(7);
	a = rnd_u64();
	rnd_seed(7);
	b = rnd_u64();
	rnd_seed(0);
	tap_ok(a == b && rnd_u64() != rnd_u64(), "seeded and not");
	tap_int(secret_init(&s, 32), 0, "secret");
	tap_ok(secret_eq(s.p, (unsigned char[32]){ 0 }, 32), "zeroed");
	secret_fini(&s);
	secret_fini(&s);
}

int main(void)
{
	test_numbers();
	test_spans();
	test_base64();
	test_buf();
	test_arena();
	test_hash();
	test_log();
	test_rest();
	return tap_done();
}
