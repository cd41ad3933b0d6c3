/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/head_int.h"

#include <errno.h>

int head_treat(const struct action *a, const struct env *env,
    struct value_place at, struct span text, struct buf *out)
{
	int r;

	buf_reset(out);
	r = value_treat(
	    a, env, at, text, VALUE_TEXT, HEAD_VALUE_MAX_BYTES, out);
	return r == -E2BIG ? -ENOBUFS : r;
}

int head_unnamed(const struct plan *plan, const struct env *env,
    struct value_place at, struct span text, struct buf *out)
{
	if (!value_watched(plan, env))
		return TREAT_SAME;
	buf_reset(out);
	return value_unnamed(plan, env, at, text, VALUE_TEXT, out);
}
