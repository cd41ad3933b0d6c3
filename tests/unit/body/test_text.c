/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing lines of text: lines of a pack, a text, what must come out; whole
 * and at every cut. */
#include "body/text.h"

#include <errno.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "lib/tap.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

static const struct row {
	const char *name, *lines, *in, *want; /* want NULL: -EBADMSG */
} row[] = {
	{ "no such line", "text z* -> drop", "a\nb\r\nc", "a\nb\r\nc" },
	{ "drop", "text user=* -> drop", "a=1\nuser=erika\r\nb=2\n",
	    "a=1\nb=2\n" },
	{ "drop the last", "text b -> drop", "a\r\nb", "a\r\n" },
	{ "drop all", "text * -> drop", "a\n\r\n\nb", "" },
	{ "exact", "text a -> drop", "a\naa\n a\nA\n", "aa\n a\nA\n" },
	{ "a space in it", "text From: *@example.org -> drop",
	    "From: erika@example.org\nTo: x\n", "To: x\n" },
	{ "set", "text tz * -> set:tz UTC", "tz Europe/Berlin\r\ntz\n",
	    "tz UTC\r\ntz\n" },
	{ "mask", "text n* -> mask", "n\xc3\xbc 1", "xxxx" },
	{ "coarsen", "text 2* -> coarsen:1h", "2031-01-01T10:17:33Z\n2 soon\n",
	    "2031-01-01T10:00:00Z\n" },
	{ "allow-list", "text a* -> keep\ntext * -> drop", "b\nab\nc\na\n",
	    "ab\na\n" },
	{ "empty lines", "text a -> drop", "\n\na\n\n", "\n\n\n" },
	{ "JSON in a line", "text {* > json $.n -> drop",
	    "x\n{\"n\":1,\"i\":2}\r\n", "x\n{\"i\":2}\r\n" },
	{ "no JSON in a line", "text x* > json $.n -> drop", "x1\n", NULL },
	{ "CR inside", "text a -> drop", "a\rb\na\r\r\na\r\n",
	    "a\rb\na\r\r\n" },
	{ "CR at the end is part of the line", "text a -> drop", "a\r", "a\r" },
	{ "nothing", "text * -> drop", "", "" },
	{ "no lines of text", "json $.a -> drop", "a\nb", "a\nb" },
};

FEED(text);

static void test_rows(void)
{
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const struct row *t = &row[i];
		struct rules *rules = rules_new(t->lines, false);
		const struct plan *plan = rules_plan(rules);
		struct span in = span_str(t->in), want = span_str(t->want);
		int right = t->want != NULL ? 0 : -EBADMSG;

		tap_int(feed(plan, &env, in, in.n, in.n, &out), right,
		    "%s: answer", t->name);
		if (right == 0)
			tap_span(buf_span(&out), want, "%s", t->name);
		tap_ok(feed_any_cut(feed, plan, &env, in, right, want, &out),
		    "%s: at any cut", t->name);
		rules_free(rules);
	}
	buf_fini(&out);
}

static void test_reports(void)
{
	struct rules *rules = rules_new(
	    "text a* -> drop\ntext b* -> set:x\ntext c -> keep", false);
	struct buf out, said;
	struct env env = rules_env(&said);

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	feed(rules_plan(rules), &env, SPAN("a1\r\nb1\nc\nd\n"), 3, 3, &out);
	tap_span(buf_span(&said),
	    SPAN("drop line a1>;set line b1>x;keep line >;"),
	    "reports do not name the line");
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

static void test_lengths(void)
{
	static const struct {
		const char *name, *lines;
		size_t n;
		const char *end;
		int want;
	} length[] = {
		{ "at the limit", "text a -> drop", SCRUB_NAME_MAX, "\r\n", 0 },
		{ "at the limit, last", "text a -> drop", SCRUB_NAME_MAX, "",
		    0 },
		{ "above", "text a -> drop", SCRUB_NAME_MAX + 1, "\r\n",
		    -E2BIG },
		{ "above by a LF", "text a -> drop", SCRUB_NAME_MAX + 1, "\n",
		    -E2BIG },
		{ "above, last", "text a -> drop", SCRUB_NAME_MAX + 1, "",
		    -E2BIG },
		{ "no lines, any length", "", 3u << 20, "\n", 0 },
	};
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 4u << 20);
	buf_init(&out, 4u << 20);
	for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
		struct rules *rules = rules_new(length[i].lines, false);
		char *at;

		buf_reset(&in);
		at = buf_reserve(&in, length[i].n);
		memset(at, 'x', length[i].n);
		buf_commit(&in, length[i].n);
		buf_add_str(&in, length[i].end);
		tap_int(feed(rules_plan(rules), &env, buf_span(&in),
		            buf_len(&in), 1, &out),
		    length[i].want, "%s, whole", length[i].name);
		tap_int(
		    feed(rules_plan(rules), &env, buf_span(&in), 0, 7001, &out),
		    length[i].want, "%s, in pieces", length[i].name);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

int main(void)
{
	test_rows();
	test_reports();
	test_lengths();
	text_free(NULL);
	return tap_done();
}
