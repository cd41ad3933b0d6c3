/* SPDX-License-Identifier: EUPL-1.2 */
/* What is JSON and what is not (RFC 8259): every text whole, cut at each byte,
 * and byte by byte; without rules and with rules that meet nothing. */
#include "body/jsn.h"

#include <errno.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

#define T(text) SPAN(text), true
#define F(text) SPAN(text), false

static const struct {
	struct span in;
	bool good;
} row[] = {
#include "unit/body/json_texts.tbl"
};

FEED(jsn);

static bool same(
    const struct plan *plan, struct span in, bool good, struct buf *out)
{
	struct env env = rules_env(NULL);
	bool all = true;

	for (size_t cut = 0; cut <= in.n; cut++) {
		bool one = feed(plan, &env, in, cut, in.n, out) == 0;

		all =
		    all && one == good && (!good || span_eq(buf_span(out), in));
	}
	for (size_t step = 1; step < 4; step++)
		all = all &&
		      (feed(plan, &env, in, step, step, out) == 0) == good &&
		      (!good || span_eq(buf_span(out), in));
	return all;
}

static void test_texts(void)
{
	static const char *const lines[] = { "", "json $..zz -> drop",
		"json $.zz.zz -> drop\njson $[77] -> drop", "json $ -> keep",
		"json $..* -> keep" };
	struct rules *rules;
	struct buf out;
	bool all;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		all = true;
		for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
			rules = rules_new(lines[k], false);
			all = all && same(rules_plan(rules), row[i].in,
			                 row[i].good, &out);
			rules_free(rules);
		}
		tap_ok(all, "%s: text %zu", row[i].good ? "good" : "bad", i);
		if (!all)
			tap_note("%.*s", SPAN_ARG(row[i].in));
	}
	buf_fini(&out);
}

/* What rules leave of a good text is good, and they find nothing in it again. */
static void test_twice(void)
{
	static const char *const lines[] = {
		"json $..a -> drop\njson $[1] -> set:0",
		"json $.a -> keep\njson $..* -> drop",
		"json $..a -> mask\njson $..* -> set:x", "json $ -> set:[1]"
	};
	struct buf once, twice;
	size_t n = sizeof row / sizeof *row;

	buf_init(&once, 4096);
	buf_init(&twice, 4096);
	for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
		struct rules *rules = rules_new(lines[k], false);
		struct env env = rules_env(NULL);
		bool all = true;

		for (size_t i = 0; i < n; i++) {
			int r = feed(rules_plan(rules), &env, row[i].in, 0,
			    row[i].in.n + 1, &once);

			all = all && (r == 0) == row[i].good &&
			      (r < 0 || same(rules_plan(rules),
			                    buf_span(&once), true, &twice)) &&
			      (r < 0 || same(NULL, buf_span(&once), true,
			                    &twice));
			if (!all) {
				tap_note("%.*s", SPAN_ARG(row[i].in));
				break;
			}
		}
		tap_ok(all, "lines %zu: nothing to do a second time", k);
		rules_free(rules);
	}
	tap_ok(n >= 300, "%zu texts", n);
	buf_fini(&once);
	buf_fini(&twice);
}

static void test_depth(void)
{
	static const struct {
		size_t depth;
		int want;
	} deep[] = { { 255, 0 }, { 256, 0 }, { 257, -E2BIG },
		{ 5000, -E2BIG } };
	static const char *const lines[] = { "", "json $..zz -> drop",
		"json $ -> mask" };
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++)
		for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
			struct rules *rules = rules_new(lines[k], false);

			buf_reset(&in);
			for (size_t d = 0; d < deep[i].depth; d++)
				buf_add_str(&in, d % 2 ? "{\"a\":" : "[");
			buf_add_str(&in, "0");
			for (size_t d = deep[i].depth; d-- > 0;)
				buf_add_str(&in, d % 2 ? "}" : "]");
			tap_int(feed(rules_plan(rules), &env, buf_span(&in), 7,
			            7, &out),
			    deep[i].want, "depth %zu, lines %zu", deep[i].depth,
			    k);
			rules_free(rules);
		}
	buf_fini(&in);
	buf_fini(&out);
}

/* A long thing in an object, and what comes of it. */
static const struct size_row length[] = {
	{ "string nobody names", "json $.b -> drop", "{\"a\":\"", "x", 3u << 20,
	    "\"}", 0 },
	{ "held string at the limit", "json $.a -> mask", "{\"a\":\"", "x",
	    SCRUB_VALUE_MAX - 2, "\"}", 0 },
	{ "held string above", "json $.a -> mask", "{\"a\":\"", "x",
	    SCRUB_VALUE_MAX - 1, "\"}", -E2BIG },
	{ "dropped string of any length", "json $.a -> drop", "{\"a\":\"", "x",
	    3u << 20, "\"}", 0 },
	{ "set string of any length", "json $.a -> set:x", "{\"a\":\"", "x",
	    3u << 20, "\"}", 0 },
	{ "dropped array of any length", "json $.a -> drop", "{\"a\":[", " ",
	    3u << 20, "]}", 0 },
	{ "number nobody names", "json $.b -> drop", "{\"a\":", "7", 3u << 20,
	    "}", 0 },
	{ "held number above", "json $.a -> mask", "{\"a\":", "7",
	    SCRUB_VALUE_MAX + 1, "}", -E2BIG },
	{ "key at the limit", "json $.b -> drop", "{\"", "k", SCRUB_NAME_MAX,
	    "\":1}", 0 },
	{ "key above", "json $.b -> drop", "{\"", "k", SCRUB_NAME_MAX + 1,
	    "\":1}", -E2BIG },
	{ "key far above", "json $.b -> drop", "{\"", "k", 3u << 20, "\":1}",
	    -E2BIG },
	{ "key where no line can match", "json $.b -> drop", "{\"c\":{\"", "k",
	    3u << 20, "\":1}}", 0 },
	{ "space before a key", "json $.b -> drop", "{", " ", SCRUB_LEAD_MAX,
	    "\"a\":1}", -E2BIG },
	{ "space before a bracket", "json $.b -> drop", "{", " ",
	    SCRUB_LEAD_MAX + 1, "}", -E2BIG },
	{ "space before a value", "json $.b -> drop", "{\"a\":", " ",
	    SCRUB_LEAD_MAX, "1}", -E2BIG },
	{ "space before the document", "json $.b -> drop", "", " ", 3u << 20,
	    "1", 0 },
	{ "space behind a value", "json $.b -> drop", "{\"a\":1", " ", 3u << 20,
	    "}", 0 },
	{ "space behind a dropped value", "json $.a -> drop", "{\"a\":1", " ",
	    3u << 20, "}", 0 },
};

static void test_sticky(void)
{
	struct jsn *j = jsn_new(NULL, NULL);
	struct buf out;

	buf_init(&out, 100);
	tap_int(jsn_feed(j, SPAN("[1]x"), false, &out), -EBADMSG, "garbage");
	tap_int(jsn_feed(j, SPAN(" "), true, &out), -EBADMSG, "for good");
	tap_int((long long)buf_len(&out), 0, "nothing added");
	jsn_free(j);
	j = jsn_new(NULL, NULL);
	buf_fini(&out);
	buf_init(&out, 3);
	tap_int(jsn_feed(j, SPAN("[100]"), true, &out), -ENOBUFS, "no room");
	jsn_free(j);
	buf_fini(&out);
	jsn_free(NULL);
}

int main(void)
{
	test_texts();
	test_twice();
	test_depth();
	test_size_rows(feed, ROWS_OF(length), 16000);
	test_sticky();
	return tap_done();
}
