/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_json - the first byte picks the lines, the second the cut, the rest is
 * the text. What is let through is JSON again, the same at any cut, never much
 * longer, and drop and set change nothing a second time. */
#include <stdlib.h>

#include "base/buf.h"
#include "body/jsn.h"
#include "unit/body/rules.h"

#define OUT_MAX_BYTES (64u << 20)
#define GROWTH 32 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct {
	const char *lines;
	bool stable; /* a second time changes nothing */
} set[] = {
	{ "json $.a -> drop", true },
	{ "json $..a -> drop\njson $.b -> set:0\njson $..c.d -> drop", true },
	{ "json $.a -> keep\njson $.b.c -> keep\njson $ -> drop", true },
	{ "json $..a -> keep\njson $.b -> set:x\njson $.* -> drop", true },
	{ "json $[*].a -> set:\"\njson $[*] -> drop", true },
	{ "json $[1] -> drop\njson $..[0].a -> drop", false },
	{ "json $..a -> mask\njson $.b -> alias\njson $.c -> round:2", false },
	{ "json $.a -> coarsen:1h\njson $..* -> mask", false },
	{ "json $.a > json $.b -> drop\njson $.b > base64 > json $.c -> drop\n"
	  "json $.c > form a -> set:1\njson $.d > query b -> drop\n"
	  "json $.e > json $..f -> mask",
	    false },
	{ "header x -> drop", true },
};

#define SETS (sizeof set / sizeof *set)

static struct rules *rules[SETS];

static int scrub(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct jsn *j = jsn_new(plan, &env);
	int r = 0;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = jsn_feed(j, span_of(in.p, step), false, out);
	if (r == 0)
		r = jsn_feed(j, in, true, out);
	jsn_free(j);
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
		check(scrub(NULL, buf_span(&out), 1u << 20, &cut) == 0);
		check(span_eq(buf_span(&out), buf_span(&cut)));
		buf_reset(&cut);
		r = scrub(plan, buf_span(&out), 1u << 20, &cut);
		check(r == 0);
		check(!set[which].stable ||
		      span_eq(buf_span(&out), buf_span(&cut)));
	}
	buf_fini(&out);
	buf_fini(&cut);
	return 0;
}
