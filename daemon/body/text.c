/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "engine/match.h"
#include "engine/value.h"
#include "engine/wrap.h"

struct text {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	bool lone;               /* nothing to ask: all goes on */
	bool watched;            /* lines that are not named are looked at */
	bool open;               /* the last line so far has no end */
	size_t most;             /* bytes of a line */
	int err;                 /* sticky */
	struct buf held;         /* the beginning of a line */
	struct buf fresh;        /* its new text */
	struct buf part, coded;  /* a marked part of it, and what it becomes */
};

struct text *text_new(const struct plan *plan, const struct env *env)
{
	struct text *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->plan = plan;
	t->env = env;
	t->watched = value_watched(plan, env);
	t->lone = !plan_has(plan, CARRIER_TEXT) && !t->watched;
	t->most = plan_has(plan, CARRIER_TEXT) ? SCRUB_NAME_MAX
	                                       : SCRUB_VALUE_MAX;
	buf_init(&t->held, t->most + 2); /* CR LF */
	buf_init(&t->fresh, 8 * SCRUB_VALUE_MAX);
	buf_init(&t->part, 8 * SCRUB_VALUE_MAX);
	buf_init(&t->coded, 8 * SCRUB_VALUE_MAX);
	return t;
}

void text_free(struct text *t)
{
	if (t == NULL)
		return;
	buf_fini(&t->held);
	buf_fini(&t->fresh);
	buf_fini(&t->part);
	buf_fini(&t->coded);
	free(t);
}

/* What becomes of one marked part, added to t->fresh; of one that cannot be
 * decoded nothing is left. 0 or an error. */
static int judge_part(struct text *t, const struct action *a, enum mark mark,
    struct span part)
{
	struct value_place at = { CARRIER_TEXT, SPAN("line"), SPAN_NONE };
	int r;

	buf_reset(&t->coded);
	if (mark == MARK_PERCENT) {
		r = wrap_open(STEP_PERCENT, part, &t->coded);
		if (r == -EBADMSG)
			return 0;
		if (r < 0)
			return r;
		part = buf_span(&t->coded);
	}
	buf_reset(&t->part);
	r = value_treat(
	    a, t->env, at, part, VALUE_TEXT, SCRUB_OPEN_MAX, &t->part);
	if (r < 0 || r == TREAT_DROP)
		return r < 0 ? r : 0;
	if (r == TREAT_NEW)
		part = buf_span(&t->part);
	return mark == MARK_PERCENT
	           ? wrap_close(STEP_PERCENT, part, SPAN(""), &t->fresh)
	           : buf_add_span(&t->fresh, part);
}

/* A line of which only marked parts are treated. */
static int judge_parts(
    struct text *t, const struct action *a, struct span line)
{
	struct span star[WHERE_STARS_MAX];
	unsigned n = glob_stars(a->where->name, line, star, WHERE_STARS_MAX);
	const char *from = line.p;
	int r = 0;

	for (unsigned i = 0; i < n && r == 0; i++) {
		enum mark mark = where_mark(a->where->marks, i);

		if (mark == MARK_NONE)
			continue;
		buf_add(&t->fresh, from, (size_t)(star[i].p - from));
		r = judge_part(t, a, mark, star[i]);
		from = star[i].p + star[i].n;
	}
	buf_add(&t->fresh, from, (size_t)(line.p + line.n - from));
	if (r == 0)
		r = buf_error(&t->fresh);
	if (r < 0)
		return r;
	return span_eq(buf_span(&t->fresh), line) ? TREAT_SAME : TREAT_NEW;
}

/* The line without its end. TREAT_* or an error. */
static int judge(struct text *t, struct span line)
{
	struct value_place at = { CARRIER_TEXT, SPAN("line"), SPAN_NONE };
	const struct action *a = plan_name(t->plan, CARRIER_TEXT, line);
	struct span fresh;
	int r;

	if (a == NULL && (!t->watched || line.n == 0))
		return TREAT_SAME;
	if (a != NULL && value_keeps(a)) {
		struct finding found = { a->line, CARRIER_TEXT, at.name,
			SPAN_NONE, SPAN_NONE, ACT_KEEP, SPAN_NONE };

		treat_report(t->env, &found);
		return TREAT_SAME;
	}
	buf_reset(&t->fresh);
	if (a != NULL && a->where->marks != 0)
		r = judge_parts(t, a, line);
	else if (a != NULL)
		r = value_treat(a, t->env, at, line, VALUE_TEXT,
		    SCRUB_OPEN_MAX, &t->fresh);
	else
		r = value_unnamed(
		    t->plan, t->env, at, line, VALUE_TEXT, &t->fresh);
	fresh = buf_span(&t->fresh);
	if (r == TREAT_NEW && (span_chr(fresh, '\n') < fresh.n ||
	                          span_chr(fresh, '\r') < fresh.n))
		return -EBADMSG;
	return r;
}

/* A line with its end, or the last one without. */
static int take_line(struct text *t, struct span raw, struct buf *out)
{
	struct span line = raw;
	int r;

	t->open = raw.p[raw.n - 1] != '\n';
	if (span_chr(raw, '\0') < raw.n)
		return -EBADMSG; /* UTF-16, or no text */
	if (line.n > 0 && line.p[line.n - 1] == '\n') {
		line.n--;
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
	}
	if (line.n > t->most)
		return -E2BIG;
	r = judge(t, line);
	if (r == TREAT_SAME) {
		buf_add_span(out, raw);
	} else if (r == TREAT_NEW) {
		buf_add_span(out, buf_span(&t->fresh));
		buf_add_span(out, span_from(raw, line.n));
	}
	return r < 0 ? r : 0;
}

/* Up to the end of a line, or what is there of it. */
static int take(struct text *t, struct span *in, struct buf *out)
{
	size_t n = span_chr(*in, '\n');
	bool whole = n < in->n;
	struct span part = span_of(in->p, whole ? n + 1 : n);
	int r;

	*in = span_from(*in, part.n);
	if (whole && buf_len(&t->held) == 0)
		return take_line(t, part, out);
	if (part.n > t->held.max - buf_len(&t->held))
		return -E2BIG;
	r = buf_add_span(&t->held, part);
	if (r < 0 || !whole)
		return r;
	r = take_line(t, buf_span(&t->held), out);
	buf_reset(&t->held);
	return r;
}

/* What the plan adds stands on lines of its own. */
static void append(struct text *t, struct buf *out)
{
	struct span s;

	for (uint32_t i = 0; (s = plan_append(t->plan, i)).n > 0; i++) {
		if (t->open)
			buf_add_char(out, '\n');
		buf_add_span(out, s);
		t->open = true;
	}
}

int text_feed(struct text *t, struct span in, bool last, struct buf *out)
{
	if (t->err != 0)
		return t->err;
	if (t->lone)
		return t->err = buf_add_span(out, in);
	while (t->err == 0 && in.n > 0)
		t->err = take(t, &in, out);
	if (t->err == 0 && last && buf_len(&t->held) > 0) {
		t->err = take_line(t, buf_span(&t->held), out);
		buf_reset(&t->held);
	}
	if (t->err == 0 && last)
		append(t, out);
	if (t->err == 0)
		t->err = buf_error(out);
	return t->err;
}
