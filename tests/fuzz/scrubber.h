/* SPDX-License-Identifier: EUPL-1.2 */
/* scrubber - what holds for every streaming scrubber: any cut of the input
 * gives the same output, and so does one that reports nothing; it never grows
 * without bound, what was let through is accepted again, and drop and set
 * change nothing and report nothing a second time. */
#ifndef FUZZ_SCRUBBER_H
#define FUZZ_SCRUBBER_H

#include <stdlib.h>

#include "base/buf.h"
#include "engine/treat.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

#define OUT_MAX_BYTES (64u << 20)

struct fuzz_set {
	const char *lines;
	bool stable; /* a second time changes nothing */
	struct rules *rules;
};

static inline void check(bool good)
{
	if (!good)
		abort();
}

/* What rules did to values, by what fuzz_env reports. */
static unsigned fuzz_changes;

static inline void fuzz_count(void *arg, const struct finding *f)
{
	(void)arg;
	fuzz_changes += f->effect != ACT_KEEP;
}

static inline struct env fuzz_env(void)
{
	struct env env = rules_env(NULL);

	env.report = fuzz_count;
	return env;
}

/* growth: bytes out for a byte in, at most. again: what was let through by a
 * set that is not stable must still be accepted. p[0] picks the set, p[1] the
 * cut. */
static inline void check_scrubber(feed_f *feed, struct fuzz_set *sets,
    size_t nsets, size_t growth, bool again, const uint8_t *p, size_t n)
{
	struct fuzz_set *set = &sets[n > 0 ? p[0] % nsets : 0];
	size_t step = n > 1 ? p[1] + 1u : 1;
	struct span in = n > 2 ? span_of((const char *)p + 2, n - 2) : SPAN("");
	struct env env = fuzz_env(), silent = rules_env(NULL);
	const struct plan *plan;
	struct buf out, cut;
	int r;

	if (set->rules == NULL)
		set->rules = rules_new(set->lines, false);
	plan = rules_plan(set->rules);
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&cut, OUT_MAX_BYTES);
	r = feed(plan, &env, in, in.n, in.n, &out);
	check((feed(plan, &silent, in, step, step, &cut) == 0) == (r == 0));
	check(buf_len(&out) <= growth * in.n + 64);
	if (r == 0) {
		struct span left = buf_span(&out);

		check(span_eq(left, buf_span(&cut)));
		r = again ? feed(NULL, &env, left, left.n, 1, &cut) : 0;
		check(r == 0);
		check(!again || span_eq(left, buf_span(&cut)));
		fuzz_changes = 0;
		r = feed(plan, &env, left, left.n, 1, &cut);
		check(!set->stable || fuzz_changes == 0); /* nothing is left */
		check(r == 0 || (!again && !set->stable));
		check(!set->stable || span_eq(left, buf_span(&cut)));
	}
	buf_fini(&out);
	buf_fini(&cut);
}

#endif
