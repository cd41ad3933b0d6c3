/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_text - the first byte picks the lines, the second the cut, the rest is
 * the text. What scrubber.h says, and: no line of the output is one that the
 * pack drops. */
#include "body/text.h"
#include "fuzz/scrubber.h"

#define GROWTH 256 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DROP, ALLOW, SET, TREAT, CHAIN, NONE, MARKS, SETS };

static struct fuzz_set set[SETS] = {
	[DROP] = { "text user=* -> drop\ntext *@* -> drop", true, NULL },
	[ALLOW] = { "text a* -> keep\ntext * -> drop", true, NULL },
	[SET] = { "text user=* -> set:user=x", true, NULL },
	[TREAT] = { "text n* -> mask\ntext 2* -> coarsen:1h\ntext u* -> alias",
	    false, NULL },
	[CHAIN] = { "text {* > json $.n -> drop", false, NULL },
	[MARKS] = { "text From: \"{*}\" <*-{%}@* -> mask\ntext *={*};*={%} -> drop",
	    false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
};

FEED(text);

static void check_lines(const struct fuzz_set *s, struct span all)
{
	while (all.n > 0) {
		struct span line = span_cut(&all, '\n');

		check(s != &set[DROP] || (!span_starts(line, SPAN("user=")) &&
		                             span_chr(line, '@') == line.n));
		check(s != &set[ALLOW] || span_starts(line, SPAN("a")));
		check(s != &set[SET] || !span_starts(line, SPAN("user=")) ||
		      span_starts(line, SPAN("user=x")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_set *s = &set[n > 0 ? p[0] % SETS : 0];
	struct span in = n > 2 ? span_of((const char *)p + 2, n - 2) : SPAN("");
	struct env env = rules_env(NULL);
	struct buf out;

	check_scrubber(feed, set, SETS, GROWTH, true, p, n);
	buf_init(&out, OUT_MAX_BYTES);
	if (feed(rules_plan(s->rules), &env, in, in.n, 1, &out) == 0)
		check_lines(s, buf_span(&out));
	buf_fini(&out);
	return 0;
}
