/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/head_int.h"

#include <errno.h>

static void report(const struct action *a, const struct env *env,
    struct head_place at, struct span before, struct span after, int effect)
{
	struct finding f = {
		.line = a->line,
		.carrier = at.carrier,
		.name = at.name,
		.before = before,
		.after = after,
		.effect = a->line->treat.act,
	};

	if (effect == TREAT_SAME)
		f.effect = ACT_KEEP;
	else if (effect == TREAT_DROP)
		f.effect = ACT_DROP;
	treat_report(env, &f);
}

static int treat_plain(const struct action *a, const struct env *env,
    struct head_place at, struct span text, struct buf *out)
{
	int r = treat_value(&a->line->treat, env, text, VALUE_TEXT, out);

	if (r < 0)
		return r;
	if (r == TREAT_NEW && span_eq(buf_span(out), text))
		r = TREAT_SAME;
	report(a, env, at, text,
	    r == TREAT_SAME  ? text
	    : r == TREAT_NEW ? buf_span(out)
	                     : SPAN_NONE,
	    r);
	return r;
}

static int look_inside(const struct action *a, const struct env *env,
    struct head_place at, struct span text, struct buf *changed)
{
	int r;

	if (a->nest->plan == NULL)
		return treat_plain(a, env, at, text, changed);
	if (env == NULL || env->inner == NULL)
		return -EBADMSG;
	r = env->inner(env->arg, a->nest->plan, env, text, changed);
	if (r < 0)
		return r;
	return span_eq(buf_span(changed), text) ? TREAT_SAME : TREAT_NEW;
}

static int treat_nest(const struct action *a, const struct env *env,
    struct head_place at, struct span text, struct buf *out)
{
	struct buf open, changed;
	int r;

	buf_init(&open, HEAD_VALUE_MAX_BYTES);
	buf_init(&changed, HEAD_VALUE_MAX_BYTES);
	r = treat_unwrap(a->nest->step, a->nest->nsteps, text, &open);
	if (r == 0)
		r = look_inside(a, env, at, buf_span(&open), &changed);
	if (r == TREAT_NEW) {
		r = treat_wrap(a->nest->step, a->nest->nsteps,
		    buf_span(&changed), text, out);
		if (r == 0)
			r = TREAT_NEW;
	}
	buf_fini(&open);
	buf_fini(&changed);
	return r;
}

int head_treat(const struct action *a, const struct env *env,
    struct head_place at, struct span text, struct buf *out)
{
	int r;

	buf_reset(out);
	if (a->nest == NULL)
		r = treat_plain(a, env, at, text, out);
	else if (text.n > 0)
		r = treat_nest(a, env, at, text, out);
	else {
		report(a, env, at, text, text, TREAT_SAME);
		r = TREAT_SAME; /* nothing stands inside nothing */
	}
	return r == -E2BIG ? -ENOBUFS : r;
}
