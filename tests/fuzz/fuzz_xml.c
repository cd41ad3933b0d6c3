/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_xml - the first byte picks the lines, the second the cut, the rest is
 * the XML. What scrubber.h says, and: what a line drops is not there any more,
 * by an own, plain look at the output. */
#include "body/xml.h"
#include "fuzz/scrubber.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DROP, ALLOW, SET, TREAT, CHAIN, NONE, TEXTS, SETS };

static struct fuzz_set set[SETS] = {
	[DROP] = { "xml //nick -> drop\nxml //@from -> drop\n"
	           "xml /a/b/@* -> drop\nxml /a/c/text() -> drop",
	    true, NULL },
	[ALLOW] = { "xml /iq/@id -> keep\nxml /iq/jid -> keep\n"
	            "xml /a/b -> keep\nxml //* -> drop",
	    true, NULL },
	[SET] = { "xml /a/b -> set:<&\"'>\nxml //@from -> set:<&\"'>\n"
	          "xml //nick -> set:\nxml /c/text() -> set:x",
	    true, NULL },
	[TREAT] = { "xml //nick -> mask\nxml //@stamp -> coarsen:1h\n"
	            "xml //@from -> alias\nxml /a -> mask",
	    false, NULL },
	[CHAIN] = { "xml /a/b > json $.a -> drop\nxml //@j > json $.b -> mask\n"
	            "xml //nick > base64 > xml //nick -> drop",
	    false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
	[TEXTS] = { "xml //text() -> mask\nxml //@* -> drop", true, NULL },
};

FEED(xml);

/* A comment or an instruction may say anything. */
static void check_left(struct span in)
{
	struct env env = rules_env(NULL);
	struct span left;
	struct buf out;

	buf_init(&out, OUT_MAX_BYTES);
	if (feed(rules_plan(set[DROP].rules), &env, in, in.n, 1, &out) == 0) {
		left = buf_span(&out);
		check(span_find(left, SPAN("<nick>")) == left.n ||
		      span_find(left, SPAN("<!")) < left.n ||
		      span_find(left, SPAN("<?")) < left.n);
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(feed, set, SETS, GROWTH, true, p, n);
	if (n > 2 && p[0] % SETS == DROP)
		check_left(span_of((const char *)p + 2, n - 2));
	return 0;
}
