/* SPDX-License-Identifier: EUPL-1.2 */
/* feed - give a scrubber its input in pieces: any cut gives the same output.
 * FEED(type) makes feed() of type_new, type_feed and type_free; FEED_BY names
 * the function and how the scrubber is made of plan and env. */
#ifndef TESTS_UNIT_BODY_FEED_H
#define TESTS_UNIT_BODY_FEED_H

#include <errno.h>

#include "base/buf.h"
#include "engine/treat.h"

/* The first piece has cut bytes, then step bytes each. The scrubber's answer;
 * out is reset first. */
typedef int feed_f(const struct plan *plan, const struct env *env,
    struct span in, size_t cut, size_t step, struct buf *out);

#define FEED_BY(feed, type, make)                                              \
	static int feed(const struct plan *plan, const struct env *env,        \
	    struct span in, size_t cut, size_t step, struct buf *out)          \
	{                                                                      \
		struct type *x = make;                                         \
		size_t n = cut;                                                \
		int r = x != NULL ? 0 : -ENOMEM;                               \
                                                                               \
		buf_reset(out);                                                \
		for (bool last = false; r == 0 && !last; n = step) {           \
			n = n < in.n ? n : in.n;                               \
			last = n == in.n;                                      \
			r = type##_feed(x, span_of(in.p, n), last, out);       \
			in = span_from(in, n);                                 \
		}                                                              \
		type##_free(x);                                                \
		return r;                                                      \
	}                                                                      \
	struct feed##_needs_a_semicolon

#define FEED(type) FEED_BY(feed, type, type##_new(plan, env))

/* Is the answer right, and the output want where it is 0, at every cut and in
 * pieces of any small size? */
static inline bool feed_any_cut(feed_f *feed, const struct plan *plan,
    const struct env *env, struct span in, int right, struct span want,
    struct buf *out)
{
	bool good = true;
	int r;

	for (size_t cut = 0; cut <= in.n; cut++) {
		r = feed(plan, env, in, cut, in.n + 1, out);
		good = good && r == right &&
		       (r < 0 || span_eq(buf_span(out), want));
	}
	for (size_t step = 1; step < 9; step++) {
		r = feed(plan, env, in, step, step, out);
		good = good && r == right &&
		       (r < 0 || span_eq(buf_span(out), want));
	}
	return good;
}

#endif
