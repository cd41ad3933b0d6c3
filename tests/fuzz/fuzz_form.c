/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_form - the first byte picks the lines, the second the cut, the rest is
 * the form. What is let through is the same at any cut, never much longer, and
 * drop and set change nothing a second time. */
#include <stdlib.h>

#include "base/buf.h"
#include "body/form.h"
#include "unit/body/rules.h"

#define OUT_MAX_BYTES (64u << 20)
#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct {
	const char *lines;
	bool stable; /* a second time changes nothing */
} set[] = {
	{ "form a -> drop", true },
	{ "form a -> set:x y\nform b* -> drop", true },
	{ "form a -> keep\nform b -> keep\nform * -> drop", true },
	{ "form a -> mask\nform b -> alias\nform c -> coarsen:1h", false },
	{ "form a > json $.a -> drop\nform b > form a -> set:1\n"
	  "form c > base64 > json $.a -> mask\nform d > query a -> drop",
	    false },
	{ "header x -> drop", true },
};

#define SETS (sizeof set / sizeof *set)

static struct rules *rules[SETS];

static int scrub(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct form *f = form_new(plan, &env);
	int r = 0;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = form_feed(f, span_of(in.p, step), false, out);
	if (r == 0)
		r = form_feed(f, in, true, out);
	form_free(f);
	return r;
}

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t which = n > 0 ? p[0] % SETS : 0, step = n > 1 ? p[1] : 0;
	struct span in = n > 2 ? span_of((const char *)p + 2, n - 2) : SPAN("");
	const struct plan *plan;
	struct buf out, cut;
	int r;

	if (rules[which] == NULL)
		rules[which] = rules_new(set[which].lines, false);
	plan = rules_plan(rules[which]);
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&cut, OUT_MAX_BYTES);
	r = scrub(plan, in, in.n, &out);
	check((scrub(plan, in, step + 1, &cut) == 0) == (r == 0));
	check(buf_len(&out) <= GROWTH * in.n + 64);
	if (r == 0) {
		check(span_eq(buf_span(&out), buf_span(&cut)));
		buf_reset(&cut);
		r = scrub(plan, buf_span(&out), 1u << 20, &cut);
		check(!set[which].stable || r == 0);
		check(!set[which].stable ||
		      span_eq(buf_span(&out), buf_span(&cut)));
	}
	buf_fini(&out);
	buf_fini(&cut);
	return 0;
}
