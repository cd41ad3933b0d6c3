/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_xml - the first byte picks the lines, the second the cut, the rest is
 * the XML. What scrubber.h says, and: what a line drops is not there any more,
 * by a second scrubber that is asked to report it. */
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

static int scrub(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct xml *x = xml_new(plan, &env);
	int r = 0;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = xml_feed(x, span_of(in.p, step), false, out);
	if (r == 0)
		r = xml_feed(x, in, true, out);
	xml_free(x);
	return r;
}

/* Nothing but keep may be left to do. */
static void on_report(void *arg, const struct finding *f)
{
	(void)arg;
	check(f->effect != ACT_DROP);
}

static void check_left(size_t which, struct span in)
{
	const struct plan *plan = rules_plan(set[which].rules);
	struct env env = rules_env(NULL);
	struct buf out, again;
	struct xml *x;

	if (which != DROP && which != ALLOW && which != TEXTS)
		return;
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&again, OUT_MAX_BYTES);
	if (scrub(plan, in, in.n, &out) == 0) {
		env.report = on_report;
		x = xml_new(plan, &env);
		check(xml_feed(x, buf_span(&out), true, &again) == 0);
		xml_free(x);
		if (which == DROP)
			check(span_find(buf_span(&out), SPAN("<nick>")) ==
			          buf_len(&out) ||
			      span_find(buf_span(&out), SPAN("<!")) <
			          buf_len(&out) ||
			      span_find(buf_span(&out), SPAN("<?")) <
			          buf_len(&out));
	}
	buf_fini(&out);
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(scrub, set, SETS, GROWTH, true, p, n);
	if (n > 2)
		check_left(p[0] % SETS, span_of((const char *)p + 2, n - 2));
	return 0;
}
