/* SPDX-License-Identifier: EUPL-1.2 */
/* shape - scrubbers of any type in one table. SCRUBBER(type, make) makes the
 * functions that WITH(type) stands for; SCRUBBER_AS gives them another name. */
#ifndef TESTS_UNIT_BODY_SHAPE_H
#define TESTS_UNIT_BODY_SHAPE_H

#include "base/buf.h"
#include "engine/treat.h"

typedef void *open_f(const struct plan *plan, const struct env *env);
typedef int take_f(void *x, struct span in, bool last, struct buf *out);
typedef void close_f(void *x);

#define SCRUBBER_AS(name, type, make)                                          \
	static void *name##_open(                                              \
	    const struct plan *plan, const struct env *env)                    \
	{                                                                      \
		return make;                                                   \
	}                                                                      \
	static int name##_take(                                                \
	    void *x, struct span in, bool last, struct buf *out)               \
	{                                                                      \
		return type##_feed(x, in, last, out);                          \
	}                                                                      \
	static void name##_close(void *x)                                      \
	{                                                                      \
		type##_free(x);                                                \
	}                                                                      \
	struct name##_needs_a_semicolon

#define SCRUBBER(type, make) SCRUBBER_AS(type, type, make)
#define WITH(name) name##_open, name##_take, name##_close

#endif
