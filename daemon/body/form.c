/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/form.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "engine/value.h"

/* Where in a pair, and what becomes of it. */
enum state {
	NAME, /* the name is held */
	PASS, /* the rest of the pair goes on */
	VALUE /* the value is held for act */
};

/* Decides about values that no line names, where they are watched. */
static const struct line no_line; /* its treatment is ACT_KEEP */
static const struct action unnamed = { .line = &no_line };

struct form {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	enum carrier carrier;    /* CARRIER_FORM or CARRIER_QUERY */
	enum state state;
	const struct action *act; /* VALUE: what decides */
	struct buf held;          /* the name, or that, '=' and value */
	size_t value_at;          /* VALUE: where the value begins in held */
	bool cut;                 /* held ends before the value does */
	bool filled;              /* a pair went on: the next needs its '&' */
	bool begun;               /* there was a byte */
	bool lone;                /* no lines: all goes on */
	bool watched;             /* what no line names is held, too */
	bool detects;             /* ... and may change */
	int err;                  /* sticky */
	struct buf name, text, fresh; /* decoded; the new value */
};

static struct form *make(
    const struct plan *plan, const struct env *env, enum carrier carrier)
{
	struct form *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->plan = plan;
	f->env = env;
	f->carrier = carrier;
	f->detects = plan_detects(plan);
	f->watched = value_watched(plan, env);
	f->lone = !plan_has(plan, carrier) && !f->watched;
	buf_init(&f->held, SCRUB_NAME_MAX + 1 + SCRUB_VALUE_MAX);
	buf_init(&f->name, SCRUB_NAME_MAX);
	buf_init(&f->text, SCRUB_VALUE_MAX);
	buf_init(&f->fresh, 8 * SCRUB_VALUE_MAX);
	return f;
}

struct form *form_new(const struct plan *plan, const struct env *env)
{
	return make(plan, env, CARRIER_FORM);
}

struct form *form_new_query(const struct plan *plan, const struct env *env)
{
	return make(plan, env, CARRIER_QUERY);
}

void form_free(struct form *f)
{
	if (f == NULL)
		return;
	buf_fini(&f->held);
	buf_fini(&f->name);
	buf_fini(&f->text);
	buf_fini(&f->fresh);
	free(f);
}

static int decode(struct span s, struct buf *out)
{
	char *to;
	size_t n = 0;

	buf_reset(out);
	if ((to = buf_reserve(out, s.n)) == NULL)
		return buf_error(out);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = s.n - i > 2 ? ascii_hex(s.p[i + 1]) : -1;
			int low = s.n - i > 2 ? ascii_hex(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = (char)(high << 4 | low);
			i += 2;
		}
		to[n++] = c;
	}
	buf_commit(out, n);
	return 0;
}

/* Written as it is? */
static inline bool is_bare(char c)
{
	char low = ascii_lower(c);

	return ascii_digit(low) || (low >= 'a' && low <= 'z') || low == '*' ||
	       low == '-' || low == '.' || low == '_';
}

static void encode(enum carrier carrier, struct span s, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t room = s.n, n = 0;
	char *to;

	for (size_t i = 0; i < s.n; i++)
		if (!is_bare(s.p[i]) &&
		    (s.p[i] != ' ' || carrier != CARRIER_FORM))
			room += 2;
	if ((to = buf_reserve(out, room)) == NULL)
		return; /* the error is in out */
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_bare(s.p[i])) {
			to[n++] = s.p[i];
		} else if (c == ' ' && carrier == CARRIER_FORM) {
			to[n++] = '+';
		} else {
			to[n++] = '%';
			to[n++] = hex[c >> 4];
			to[n++] = hex[c & 15];
		}
	}
	buf_commit(out, n);
}

/* What is held goes on, behind the '&' that parts it from the pair before. */
static void put(struct form *f, struct span s, struct buf *out)
{
	if (f->filled)
		buf_add_char(out, '&');
	f->filled = true;
	buf_add_span(out, s);
}

/* What is held goes on, and so does the rest of the pair. */
static void pass(struct form *f, struct buf *out)
{
	put(f, buf_span(&f->held), out);
	buf_reset(&f->held);
	f->state = PASS;
}

/* Keep s; of a value that goes whatever it is, only the first part. */
static int hold(struct form *f, struct span s, struct buf *out)
{
	size_t most =
	    f->state == VALUE ? f->value_at + SCRUB_VALUE_MAX : SCRUB_NAME_MAX;
	size_t room = most - buf_len(&f->held);

	if (s.n > room) {
		if (f->state == VALUE && f->act == &unnamed && !f->detects) {
			pass(f, out); /* too long to be looked at */
			return buf_add_span(out, s);
		}
		if (f->state != VALUE || !value_blind(f->act))
			return -E2BIG;
		s.n = room;
		f->cut = true;
	}
	return buf_add_span(&f->held, s);
}

static void report_keep(struct form *f, const struct action *a)
{
	struct finding found = { a->line, f->carrier, buf_span(&f->name),
		SPAN_NONE, SPAN_NONE, ACT_KEEP, SPAN_NONE };

	treat_report(f->env, &found);
}

/* The name is whole: who decides about the pair? */
static int judge(struct form *f, struct buf *out)
{
	const struct action *a = NULL;
	bool named = plan_has(f->plan, f->carrier);
	int r = decode(buf_span(&f->held), &f->name);

	if (r == -EBADMSG && !named) { /* no line depends on it */
		buf_reset(&f->name);
		r = buf_add_span(&f->name, buf_span(&f->held));
	}
	if (r < 0)
		return r;
	if (named)
		a = plan_name(f->plan, f->carrier, buf_span(&f->name));
	if (a == NULL && f->watched)
		a = &unnamed;
	if (a == &unnamed || (a != NULL && !value_keeps(a))) {
		f->state = VALUE;
		f->act = a;
		f->value_at = buf_len(&f->held) + 1;
		f->cut = false;
		return 0;
	}
	if (a != NULL)
		report_keep(f, a);
	pass(f, out);
	return 0;
}

/* A pair without '=' that no line names: its name is looked at as a value. */
static int settle_alone(struct form *f, struct buf *out)
{
	struct value_place at = { f->carrier, SPAN("*"), SPAN_NONE };
	int r;

	buf_reset(&f->fresh);
	r = value_unnamed(
	    f->plan, f->env, at, buf_span(&f->name), VALUE_TEXT, &f->fresh);
	if (r == TREAT_SAME) {
		put(f, buf_span(&f->held), out);
	} else if (r == TREAT_NEW) {
		put(f, SPAN_NONE, out);
		encode(f->carrier, buf_span(&f->fresh), out);
	}
	buf_reset(&f->held);
	return r < 0 ? r : 0;
}

/* The held value is whole. */
static int settle(struct form *f, struct buf *out)
{
	struct span value = span_from(buf_span(&f->held), f->value_at);
	struct value_place at = { f->carrier, buf_span(&f->name), SPAN_NONE };
	int r;

	if (!f->cut && decode(value, &f->text) == 0)
		value = buf_span(&f->text);
	else if (!value_blind(f->act) && f->act != &unnamed)
		return -EBADMSG; /* what no line names is looked at as it is */
	buf_reset(&f->fresh);
	if (f->act == &unnamed)
		r = value_unnamed(
		    f->plan, f->env, at, value, VALUE_TEXT, &f->fresh);
	else
		r = value_treat(f->act, f->env, at, value, VALUE_TEXT,
		    SCRUB_OPEN_MAX, &f->fresh);
	if (r == TREAT_SAME) {
		put(f, buf_span(&f->held), out);
	} else if (r == TREAT_NEW) {
		put(f, span_of(buf_span(&f->held).p, f->value_at - 1), out);
		buf_add_char(out, '=');
		encode(f->carrier, buf_span(&f->fresh), out);
	}
	buf_reset(&f->held);
	return r < 0 ? r : 0;
}

/* A '=' ends the name; in values it is a byte like any other. */
static int end_name(struct form *f, struct buf *out)
{
	int r = judge(f, out);

	if (r < 0)
		return r;
	return buf_add_char(f->state == PASS ? out : &f->held, '=');
}

static int end_pair(struct form *f, struct buf *out)
{
	int r = 0;

	if (f->state == NAME)
		r = judge(f, out);
	if (r == 0 && f->state == VALUE)
		r = f->detects && f->act == &unnamed &&
		            f->value_at > buf_len(&f->held)
		        ? settle_alone(f, out)
		        : settle(f, out);
	f->state = NAME;
	return r;
}

/* Up to the end of a name or pair, or what is there of it. */
static int take(struct form *f, struct span *in, struct buf *out)
{
	size_t n = span_chr(*in, '&');
	struct span part;
	bool name = false;
	int r = 0;

	if (f->state == NAME) {
		size_t equals = span_chr(span_of(in->p, n), '=');

		name = equals < n;
		n = equals;
	}
	part = span_of(in->p, n);
	*in = span_from(*in, n);
	if (f->state == PASS)
		buf_add_span(out, part);
	else
		r = hold(f, part, out);
	if (r < 0 || in->n == 0)
		return r;
	*in = span_from(*in, 1);
	return name ? end_name(f, out) : end_pair(f, out);
}

/* Whole pairs with plain names that no line names, as many as follow each
 * other, go on at once. */
static void take_run(struct form *f, struct span *in, struct buf *out)
{
	struct span rest = *in;
	size_t run = 0; /* bytes of the pairs, each with its '&' */

	while (rest.n > 0) {
		size_t n = 0, end;
		char c = 0;

		for (; n < rest.n && n < SCRUB_NAME_MAX; n++) {
			c = rest.p[n];
			if (c == '=' || c == '&' || c == '%' || c == '+')
				break;
		}
		if (n == rest.n || (c != '=' && c != '&') ||
		    plan_name(f->plan, f->carrier, span_of(rest.p, n)) != NULL)
			break;
		end = n + span_chr(span_from(rest, n), '&');
		if (end == rest.n)
			break;
		run += end + 1;
		rest = span_from(rest, end + 1);
	}
	if (run > 0) {
		put(f, span_of(in->p, run - 1), out);
		*in = rest;
	}
}

int form_feed(struct form *f, struct span in, bool last, struct buf *out)
{
	if (f->err != 0)
		return f->err;
	if (f->lone)
		return f->err = buf_add_span(out, in);
	f->begun = f->begun || in.n > 0;
	while (f->err == 0 && in.n > 0) {
		if (f->state == NAME && buf_len(&f->held) == 0 && !f->watched)
			take_run(f, &in, out);
		if (in.n > 0)
			f->err = take(f, &in, out);
	}
	if (f->err == 0 && last && f->begun)
		f->err = end_pair(f, out);
	if (f->err == 0)
		f->err = buf_error(out);
	return f->err;
}
