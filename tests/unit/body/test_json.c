/* SPDX-License-Identifier: EUPL-1.2 */
/* What is JSON and what is not (RFC 8259): every text whole, cut at each byte,
 * and byte by byte; without rules and with rules that meet nothing. */
#include "body/jsn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "lib/tap.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

#define T(text) SPAN(text), true
#define F(text) SPAN(text), false

static const struct {
	struct span in;
	bool good;
} row[] = {
	/* values */
	{ T("{}") },
	{ T("[]") },
	{ T("null") },
	{ T("true") },
	{ T("false") },
	{ T("0") },
	{ T("\"\"") },
	{ T("\"a\"") },
	{ T(" \t\r\n{} \t\r\n") },
	{ T("[ ]") },
	{ T("{ }") },
	{ T("[1]") },
	{ T("[1,2]") },
	{ T("[ 1 , 2 ]") },
	{ T("[[],[[]],{}]") },
	{ T("[null,true,false]") },
	{ T("{\"a\":1}") },
	{ T("{ \"a\" : 1 , \"b\" : [ ] }") },
	{ T("{\"a\":{\"b\":{\"c\":{}}}}") },
	{ T("{\"\":0}") },
	{ T("{\"a\":1,\"a\":2}") },
	{ F("") },
	{ F(" ") },
	{ F("\n\n") },
	{ F("{") },
	{ F("}") },
	{ F("[") },
	{ F("]") },
	{ F("[}") },
	{ F("{]") },
	{ F("[1}") },
	{ F("{\"a\":1]") },
	{ F("{}{}") },
	{ F("{} {}") },
	{ F("[],[]") },
	{ F("1 2") },
	{ F("{}x") },
	{ F("[]]") },
	{ F("{}}") },
	{ F("[1,]") },
	{ F("[,1]") },
	{ F("[,]") },
	{ F("[1,,2]") },
	{ F("[1 2]") },
	{ F("[1:2]") },
	{ F(":") },
	{ F(",") },
	{ F("{,}") },
	{ F("{\"a\"}") },
	{ F("{\"a\":}") },
	{ F("{\"a\":1,}") },
	{ F("{,\"a\":1}") },
	{ F("{\"a\":1,,\"b\":2}") },
	{ F("{\"a\" 1}") },
	{ F("{\"a\":1 \"b\":2}") },
	{ F("{\"a\"::1}") },
	{ F("{a:1}") },
	{ F("{'a':1}") },
	{ F("{1:1}") },
	{ F("{null:1}") },
	{ F("{[]:1}") },
	{ F("{\"a\":1") },
	{ F("[1") },
	{ F("[[[[") },
	{ F("[\"a\"") },
	{ F("[\"a") },
	{ F("{\"a") },
	{ F("{\"a\"") },
	{ F("{\"a\":") },
	{ F("'a'") },
	{ F("a") },
	{ F("// c\n1") },
	{ F("/* c */ 1") },
	{ F("[1]#") },
	{ F("\xef\xbb\xbf{}") }, /* byte order mark */
	{ F("\xff\xfe{\0}\0") },
	{ F("\0") },
	{ F("{}\0") },
	{ F("[\0]") },
	{ F("[\f]") },
	{ F("[\v1]") },
	{ F("[\xc2\xa0]") }, /* no-break space */
	{ F("\xe2\x80\xa8[]") },
	/* words */
	{ F("nul") },
	{ F("nulll") },
	{ F("nullnull") },
	{ F("True") },
	{ F("TRUE") },
	{ F("tru") },
	{ F("truE") },
	{ F("truefalse") },
	{ F("[true1]") },
	{ F("[t]") },
	{ F("[nan]") },
	{ F("NaN") },
	{ F("Infinity") },
	{ F("-Infinity") },
	{ F("undefined") },
	/* numbers */
	{ T("-0") },
	{ T("-1") },
	{ T("10") },
	{ T("1234567890") },
	{ T("0.0") },
	{ T("-0.5") },
	{ T("1.25") },
	{ T("1e1") },
	{ T("1E1") },
	{ T("1e+1") },
	{ T("1e-1") },
	{ T("0e0") },
	{ T("0.1e00") },
	{ T("1.0E+400") },
	{ T("-1e-99999") },
	{ T("123456789012345678901234567890123456789012345678901234567890") },
	{ T("0.100000000000000000000000000000000000000000000000000000001") },
	{ T("[0,-0,0.0,1e5 ]") },
	{ T(" 7 ") },
	{ F("-") },
	{ F("+1") },
	{ F("01") },
	{ F("-01") },
	{ F("00") },
	{ F("1.") },
	{ F(".5") },
	{ F("-.5") },
	{ F("1.e1") },
	{ F("1e") },
	{ F("1e+") },
	{ F("1e1.5") },
	{ F("1.2.3") },
	{ F("1ee1") },
	{ F("1e1e1") },
	{ F("--1") },
	{ F("-+1") },
	{ F("1-1") },
	{ F("1+") },
	{ F("0x1") },
	{ F("1_000") },
	{ F("1,5") },
	{ F("1a") },
	{ F("[1e]") },
	{ F("[-]") },
	{ F("[1.]") },
	{ F("[01]") },
	{ F("1f") },
	{ F("\xef\xbc\x91") }, /* full-width 1 */
	/* strings */
	{ T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") },
	{ T("\"\\u0000\"") },
	{ T("\"\\u00fc\\u00FC\\uABCD\"") },
	{ T("\"\\ud83d\\ude00\"") },
	{ T("\"\\ud800\"") }, /* lone surrogates are let through */
	{ T("\"\\udc00\\ud800\"") },
	{ T("{\"\\ud800\":1}") },
	{ T("\"/\"") },
	{ T("\"'\"") },
	{ T("\"\x7f\"") },
	{ T("\"\xc2\x80\"") },
	{ T("\"\xc3\xbc\"") },
	{ T("\"\xdf\xbf\"") },
	{ T("\"\xe0\xa0\x80\"") },
	{ T("\"\xe2\x82\xac\"") },
	{ T("\"\xed\x9f\xbf\"") },
	{ T("\"\xee\x80\x80\"") },
	{ T("\"\xef\xbf\xbf\"") },
	{ T("\"\xf0\x90\x80\x80\"") },
	{ T("\"\xf0\x9f\x98\x80\"") },
	{ T("\"\xf4\x8f\xbf\xbf\"") },
	{ T("\"\xe2\x80\xa8\xe2\x80\xa9\"") },
	{ T("\"0123456789abcdef0123456789abcde\"") },
	{ T("\"0123456789abcdef0123456789abcdef\\n0123456789abcdef\"") },
	{ T("\"\xc3\xa4 0123456789abcdef \xc3\xb6 0123456789 \xc3\xbc\"") },
	{ F("\"") },
	{ F("\"\\\"") },
	{ F("\"a") },
	{ F("\"a\nb\"") },
	{ F("\"a\tb\"") },
	{ F("\"a\0b\"") },
	{ F("\"\x1f\"") },
	{ F("\"0123456789abcdef0123456789\x01\"") },
	{ F("\"\\x41\"") },
	{ F("\"\\a\"") },
	{ F("\"\\'\"") },
	{ F("\"\\U0041\"") },
	{ F("\"\\u\"") },
	{ F("\"\\u1\"") },
	{ F("\"\\u123\"") },
	{ F("\"\\u12g4\"") },
	{ F("\"\\u 123\"") },
	{ F("\"\\u+123\"") },
	{ F("\"\\\0\"") },
	{ F("\"\\\xc3\xbc\"") },
	{ F("\"\\\n\"") },
	{ F("{\"\\q\":1}") },
	{ F("{\"a\nb\":1}") },
	/* bytes that are no UTF-8 */
	{ F("\"\x80\"") },
	{ F("\"\xbf\"") },
	{ F("\"\xc0\x80\"") }, /* overlong */
	{ F("\"\xc1\xbf\"") },
	{ F("\"\xe0\x80\x80\"") },
	{ F("\"\xe0\x9f\xbf\"") },
	{ F("\"\xf0\x80\x80\x80\"") },
	{ F("\"\xf0\x8f\xbf\xbf\"") },
	{ F("\"\xed\xa0\x80\"") }, /* surrogates */
	{ F("\"\xed\xbf\xbf\"") },
	{ F("\"\xf4\x90\x80\x80\"") }, /* above U+10FFFF */
	{ F("\"\xf5\x80\x80\x80\"") },
	{ F("\"\xf8\x88\x80\x80\x80\"") },
	{ F("\"\xfe\"") },
	{ F("\"\xff\"") },
	{ F("\"\xc3\"") }, /* cut short */
	{ F("\"\xc3 \"") },
	{ F("\"\xc3\xc3\xbc\"") },
	{ F("\"\xe2\x82\"") },
	{ F("\"\xe2\x82 \"") },
	{ F("\"\xf0\x9f\x98\"") },
	{ F("\"\xf0\x9f\x98\x28\"") },
	{ F("\"\xc3\\u00bc\"") },
	{ F("{\"\xff\":1}") },
	{ F("{\xff}") },
	{ F("[\"a\xe9\"]") }, /* Latin-1 */
	{ F("\"\xc3") },
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

/* A long thing n bytes long in an object, and what comes of it. */
static void test_lengths(void)
{
	static const struct {
		const char *name, *lines, *head;
		char fill;
		const char *tail;
		size_t n;
		int want;
	} length[] = {
		{ "string nobody names", "json $.b -> drop", "{\"a\":\"", 'x',
		    "\"}", 3u << 20, 0 },
		{ "held string at the limit", "json $.a -> mask", "{\"a\":\"",
		    'x', "\"}", SCRUB_VALUE_MAX - 2, 0 },
		{ "held string above", "json $.a -> mask", "{\"a\":\"", 'x',
		    "\"}", SCRUB_VALUE_MAX - 1, -E2BIG },
		{ "dropped string of any length", "json $.a -> drop",
		    "{\"a\":\"", 'x', "\"}", 3u << 20, 0 },
		{ "set string of any length", "json $.a -> set:x", "{\"a\":\"",
		    'x', "\"}", 3u << 20, 0 },
		{ "dropped array of any length", "json $.a -> drop", "{\"a\":[",
		    ' ', "]}", 3u << 20, 0 },
		{ "number nobody names", "json $.b -> drop", "{\"a\":", '7',
		    "}", 3u << 20, 0 },
		{ "held number above", "json $.a -> mask", "{\"a\":", '7', "}",
		    SCRUB_VALUE_MAX + 1, -E2BIG },
		{ "key at the limit", "json $.b -> drop", "{\"", 'k', "\":1}",
		    SCRUB_NAME_MAX, 0 },
		{ "key above", "json $.b -> drop", "{\"", 'k', "\":1}",
		    SCRUB_NAME_MAX + 1, -E2BIG },
		{ "key far above", "json $.b -> drop", "{\"", 'k', "\":1}",
		    3u << 20, -E2BIG },
		{ "key where no line can match", "json $.b -> drop",
		    "{\"c\":{\"", 'k', "\":1}}", 3u << 20, 0 },
		{ "space before a key", "json $.b -> drop", "{", ' ',
		    "\"a\":1}", SCRUB_LEAD_MAX, -E2BIG },
		{ "space before a bracket", "json $.b -> drop", "{", ' ', "}",
		    SCRUB_LEAD_MAX + 1, -E2BIG },
		{ "space before a value", "json $.b -> drop", "{\"a\":", ' ',
		    "1}", SCRUB_LEAD_MAX, -E2BIG },
		{ "space before the document", "json $.b -> drop", "", ' ', "1",
		    3u << 20, 0 },
		{ "space behind a value", "json $.b -> drop", "{\"a\":1", ' ',
		    "}", 3u << 20, 0 },
		{ "space behind a dropped value", "json $.a -> drop",
		    "{\"a\":1", ' ', "}", 3u << 20, 0 },
	};
	struct env env = rules_env(NULL);
	struct buf in, out;
	char *at;

	buf_init(&in, 4u << 20);
	buf_init(&out, 4u << 20);
	for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
		struct rules *rules = rules_new(length[i].lines, false);
		const struct plan *plan = rules_plan(rules);
		struct span s;

		buf_reset(&in);
		buf_add_str(&in, length[i].head);
		at = buf_reserve(&in, length[i].n);
		memset(at, length[i].fill, length[i].n);
		buf_commit(&in, length[i].n);
		buf_add_str(&in, length[i].tail);
		s = buf_span(&in);
		tap_int(feed(plan, &env, s, s.n, s.n, &out), length[i].want,
		    "%s, whole", length[i].name);
		tap_int(feed(plan, &env, s, 0, 16000, &out), length[i].want,
		    "%s, in pieces", length[i].name);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

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
	test_depth();
	test_lengths();
	test_sticky();
	return tap_done();
}
