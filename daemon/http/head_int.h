/* SPDX-License-Identifier: EUPL-1.2 */
/* head_int - what the files of head share: one value and its action, and the
 * carriers that are lists of values. */
#ifndef HTTP_HEAD_INT_H
#define HTTP_HEAD_INT_H

#include "base/buf.h"
#include "engine/value.h"
#include "http/head.h"

/* A value, unwrapped or rewritten. */
#define HEAD_VALUE_MAX_BYTES (256u << 10)

/* One run over a head. The buffers are scratch. */
struct head {
	struct msg *m;
	const struct plan *plan;
	const struct env *env;
	struct arena *arena;
	struct buf list;  /* a carrier that is being rewritten */
	struct buf value; /* one new value */
};

/* Does the result not depend on the value, so that it need not be readable? */
static inline bool head_blind(const struct action *a)
{
	return value_keeps(a) || value_blind(a);
}

/* Apply a to text and report it. TREAT_NEW: out holds the new text, and nothing
 * else; out is reset first. TREAT_*; -EBADMSG: a chain cannot read the text, or
 * needs env->inner that is not there; -ENOBUFS or -ENOMEM. */
int head_treat(const struct action *a, const struct env *env,
    struct value_place at, struct span text, struct buf *out);

/* The same for a text that no line names: value_unnamed. Nothing is asked where
 * nobody looks (value_watched). */
int head_unnamed(const struct plan *plan, const struct env *env,
    struct value_place at, struct span text, struct buf *out);

/* All: 0, -EBADMSG, -ENOBUFS or -ENOMEM; they ask the plan themselves. */
int head_cookies(struct head *h);
int head_set_cookies(struct head *h);
int head_path(struct head *h); /* segments, then the query */

#endif
