/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/value.h"

#include <errno.h>

#include "base/buf.h"
#include "engine/detect.h"

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
	return plan_detects(p) || (env != NULL && env->unnamed);
}

/* ---- what no line names ---- */

/* One run of detection over a value. */
struct search {
	const struct detect_line *line; /* n of them */
	uint32_t n, shapes;
	const struct env *env;
	struct value_place at;
	struct span text;
	struct buf *out;
	size_t done; /* bytes of text that are in out, or not to be */
};

/* The first line about this shape. */
static struct action deciding(const struct search *s, uint32_t shape)
{
	uint32_t i = 0;

	while (!(s->line[i].shapes & shape))
		i++;
	return (struct action){ .line = &s->line[i].line };
}

/* Round each number of a pair. */
static int round_pair(const struct treatment *t, const struct env *env,
    struct span pair, struct buf *out)
{
	size_t n;
	int r;

	for (; pair.n > 0; pair = span_from(pair, n)) {
		n = pair.p[0] == '+' || pair.p[0] == '-';
		while (
		    n < pair.n && (ascii_digit(pair.p[n]) || pair.p[n] == '.'))
			n++;
		if (n == 0) {
			n = 1;
			buf_add(out, pair.p, n);
			continue;
		}
		r = treat_value(t, env, span_of(pair.p, n), VALUE_NUMBER, out);
		if (r == TREAT_DROP || r < 0)
			return r;
		if (r == TREAT_SAME)
			buf_add(out, pair.p, n);
	}
	return buf_error(out) < 0 ? buf_error(out) : TREAT_NEW;
}

static int treat_hit(const struct search *s, const struct action *a,
    const struct detect_hit *hit, enum value_kind kind)
{
	struct span text = span_of(s->text.p + hit->start, hit->len);
	size_t start = buf_len(s->out);
	struct span after;
	int r;

	if (hit->shape != SHAPE_GEO || a->line->treat.act != ACT_ROUND)
		return treat_plain(a, s->env, s->at, text, kind, s->out);
	r = round_pair(&a->line->treat, s->env, text, s->out);
	if (r < 0)
		return r;
	after = span_from(buf_span(s->out), start);
	if (r == TREAT_DROP || span_eq(after, text)) {
		buf_truncate(s->out, start);
		after = r == TREAT_DROP ? SPAN_NONE : text;
		r = r == TREAT_DROP ? TREAT_DROP : TREAT_SAME;
	}
	report(a, s->env, s->at, text, after, r);
	return r;
}

/* A hit that is a part of the text: what stands before it goes to out first,
 * for the treatment adds behind it. 1 when the text changes, 0, or an error. */
static int treat_part(struct search *s, const struct detect_hit *hit)
{
	struct action a = deciding(s, hit->shape);
	size_t before = buf_len(s->out);
	int r;

	buf_add(s->out, s->text.p + s->done, hit->start - s->done);
	r = treat_hit(s, &a, hit, VALUE_TEXT);
	if (r == TREAT_SAME) { /* nothing is added */
		if (buf_error(s->out) == 0)
			buf_truncate(s->out, before);
		return buf_error(s->out);
	}
	if (r < 0)
		return r;
	s->done = hit->start + hit->len;
	return buf_error(s->out) < 0 ? buf_error(s->out) : 1;
}

/* TREAT_*, an error; *ret_any: something was found. */
static int treat_hits(struct search *s, enum value_kind kind, bool *ret_any)
{
	struct detect_hit hit;
	size_t from = 0;
	int r, changed = 0;

	while (detect_next(s->text, from, s->shapes, &hit)) {
		if (hit.len == s->text.n) {
			struct action a = deciding(s, hit.shape);

			*ret_any = true;
			return treat_hit(s, &a, &hit, kind);
		}
		from = hit.start + hit.len;
		if (kind != VALUE_TEXT)
			continue;
		*ret_any = true;
		if ((r = treat_part(s, &hit)) < 0)
			return r;
		changed |= r;
	}
	if (changed)
		buf_add(s->out, s->text.p + s->done, s->text.n - s->done);
	if (buf_error(s->out) < 0)
		return buf_error(s->out);
	return changed ? TREAT_NEW : TREAT_SAME;
}

int value_unnamed(const struct plan *p, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind,
    struct buf *out)
{
	struct search s = { .env = env, .at = at, .text = text, .out = out };
	struct finding f = { .carrier = at.carrier,
		.name = at.name,
		.before = text,
		.after = text,
		.effect = ACT_KEEP,
		.path = at.path };
	int r = TREAT_SAME;
	bool any = false;

	if (p != NULL)
		s.line = plan_detect(p, &s.n);
	for (uint32_t i = 0; i < s.n; i++)
		s.shapes |= s.line[i].shapes;
	if (kind == VALUE_NUMBER)
		s.shapes &= SHAPE_GEO | SHAPE_TIMESTAMP;
	if (s.shapes != 0 && kind != VALUE_WORD)
		r = treat_hits(&s, kind, &any);
	if (!any && env != NULL && env->unnamed)
		treat_report(env, &f);
	return r;
}
