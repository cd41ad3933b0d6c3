/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing lines of text: lines of a pack, a text, what must come out; whole
 * and at every cut. */
#include "body/text.h"

#include <errno.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

static const struct row row[] = {
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
	{ "a part of a line", "text From: \"{*}\" <* -> mask",
	    "From: \"Eri\" <sip:e@x>\r\nFrom: <sip:e@x>\n",
	    "From: \"xxx\" <sip:e@x>\r\nFrom: <sip:e@x>\n" },
	{ "several parts", "text a={*}, b=*, c={*} -> mask", "a=1, b=2, c=33\n",
	    "a=x, b=2, c=xx\n" },
	{ "a star takes little", "text {*}-* -> mask", "a-b-c\n", "x-b-c\n" },
	{ "the last one the rest", "text *-{*} -> mask", "a-b-c\n", "a-xxx\n" },
	{ "percent-encoded", "text u={%}@* -> set:a b", "u=Erika%20M@x\n",
	    "u=a%20b@x\n" },
	{ "not decoded", "text u={%}@* -> mask", "u=%zz@x\n", "u=@x\n" },
	{ "a part goes", "text u={*}; -> drop", "u=erika;\n", "u=;\n" },
	{ "a part is empty", "text u={*}; -> mask", "u=;\n", "u=;\n" },
	{ "a part with a new line", "text u={%}; -> keep", "u=a%0ab;\n",
	    "u=a%0ab;\n" },
	{ "nothing", "text * -> drop", "", "" },
	{ "no lines of text", "json $.a -> drop", "a\nb", "a\nb" },
};

FEED(text);

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

static const struct size_row length[] = {
	{ "at the limit", "text a -> drop", "", "x", SCRUB_NAME_MAX, "\r\n",
	    0 },
	{ "at the limit, last", "text a -> drop", "", "x", SCRUB_NAME_MAX, "",
	    0 },
	{ "above", "text a -> drop", "", "x", SCRUB_NAME_MAX + 1, "\r\n",
	    -E2BIG },
	{ "above by a LF", "text a -> drop", "", "x", SCRUB_NAME_MAX + 1, "\n",
	    -E2BIG },
	{ "above, last", "text a -> drop", "", "x", SCRUB_NAME_MAX + 1, "",
	    -E2BIG },
	{ "no lines, any length", "", "", "x", 3u << 20, "\n", 0 },
};

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	test_reports();
	test_size_rows(feed, ROWS_OF(length), 7001);
	text_free(NULL);
	return tap_done();
}
