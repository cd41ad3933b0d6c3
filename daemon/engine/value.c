/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/value.h"

#include <errno.h>

#include "base/buf.h"

static void report(const struct action *a, const struct env *env,
    struct value_place at, struct span before, struct span after, int effect)
{
	struct finding f = { .line = a->line,
		.carrier = at.carrier,
		.name = at.name,
		.before = before,
		.after = after,
		.effect = a->line->treat.act,
		.path = at.path };

	if (effect == TREAT_SAME)
		f.effect = ACT_KEEP;
	else if (effect == TREAT_DROP)
		f.effect = ACT_DROP;
	treat_report(env, &f);
}

/* The line's treatment of text as it stands. */
static int treat_plain(const struct action *a, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind,
    struct buf *out)
{
	size_t start = buf_len(out);
	struct span after = SPAN_NONE;
	int r = treat_value(&a->line->treat, env, text, kind, out);

	if (r < 0)
		return r;
	if (r == TREAT_SAME)
		after = text;
	if (r == TREAT_NEW) {
		after = span_from(buf_span(out), start);
		if (span_eq(after, text)) {
			buf_truncate(out, start);
			after = text;
			r = TREAT_SAME;
		}
	}
	report(a, env, at, text, after, r);
	return r;
}

/* text is unwrapped; what becomes of it goes to changed. */
static int look_inside(const struct action *a, const struct env *env,
    struct value_place at, struct span text, struct buf *changed)
{
	int r;

	if (a->nest->plan == NULL)
		return treat_plain(a, env, at, text, VALUE_TEXT, changed);
	if (env == NULL || env->inner == NULL)
		return -EBADMSG;
	r = env->inner(env->arg, a->nest->plan, env, text, changed);
	if (r < 0)
		return r;
	return span_eq(buf_span(changed), text) ? TREAT_SAME : TREAT_NEW;
}

/* Can what is inside be judged, but not changed? */
static bool is_sealed(const struct nest *n)
{
	for (size_t i = 0; i < n->nsteps; i++)
		if (n->step[i] == STEP_JWT)
			return true;
	return false;
}

int value_treat(const struct action *a, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind, size_t max,
    struct buf *out)
{
	struct buf open, changed;
	int r;

	if (a->nest == NULL)
		return treat_plain(a, env, at, text, kind, out);
	if (kind != VALUE_TEXT || text.n == 0) {
		report(a, env, at, text, text, TREAT_SAME);
		return TREAT_SAME;
	}
	buf_init(&open, max);
	buf_init(&changed, max);
	r = treat_unwrap(env, a->nest->step, a->nest->nsteps, text, &open);
	if (r == 0)
		r = look_inside(a, env, at, buf_span(&open), &changed);
	if (r == TREAT_NEW && is_sealed(a->nest)) {
		r = TREAT_DROP;
	} else if (r == TREAT_NEW) {
		r = treat_wrap(env, a->nest->step, a->nest->nsteps,
		    buf_span(&changed), text, out);
		if (r == 0)
			r = TREAT_NEW;
	}
	buf_fini(&open);
	buf_fini(&changed);
	return r;
}

bool value_watched(const struct plan *p, const struct env *env)
{
	uint32_t n = 0;

	if (p != NULL)
		(void)plan_detect(p, &n);
	return n > 0 || (env != NULL && env->unnamed);
}

int value_unnamed(const struct plan *p, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind,
    struct buf *out)
{
	struct finding f = { .carrier = at.carrier,
		.name = at.name,
		.before = text,
		.after = text,
		.effect = ACT_KEEP,
		.path = at.path };

	(void)p;
	(void)kind;
	(void)out;
	if (env != NULL && env->unnamed)
		treat_report(env, &f);
	return TREAT_SAME;
}
