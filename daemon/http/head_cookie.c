/* SPDX-License-Identifier: EUPL-1.2 */
/* Cookie and Set-Cookie (RFC 6265, 4). Split at every ';', inside quotes too:
 * some readers do, and what they find there has to be judged. */
#include "http/head_int.h"

#include <errno.h>

#include "base/arena.h"

/* cookie-octet (RFC 6265, 4.1.1). */
static bool cookie_byte(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' &&
	       c != '\\';
}

/* value as a cookie can carry it; what it cannot is percent-encoded. */
static void add_value(struct buf *out, struct span value)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		char code[3] = { '%', digit[c >> 4], digit[c & 15] };

		if (cookie_byte(value.p[i]))
			buf_add_char(out, value.p[i]);
		else
			buf_add(out, code, sizeof code);
	}
}

/* Judge "name=value" and add what becomes of it to h->list, or nothing.
 * TREAT_*, or an error. */
static int judge_pair(struct head *h, struct span pair)
{
	struct span value = pair, name = span_trim(span_cut(&value, '='));
	const struct action *a = plan_name(h->plan, CARRIER_COOKIE, name);
	struct value_place at = { .carrier = CARRIER_COOKIE, .name = name };
	int r;

	value = span_trim(value);
	if (a != NULL)
		r = head_treat(a, h->env, at, value, &h->value);
	else
		r = head_unnamed(h->plan, h->env, at, value, &h->value);
	if (r == TREAT_SAME)
		buf_add_span(&h->list, pair);
	if (r == TREAT_NEW) {
		buf_add_span(&h->list, name);
		buf_add_char(&h->list, '=');
		add_value(&h->list, buf_span(&h->value));
	}
	return r;
}

/* Put h->list in the place of the value. */
static int replace(struct head *h, struct field *f)
{
	if (buf_error(&h->list) < 0)
		return buf_error(&h->list);
	f->value = arena_dup(h->arena, buf_span(&h->list));
	f->gone = f->value.n == 0;
	return 0;
}

static int judge_cookies(struct head *h, struct field *f)
{
	struct span rest = f->value, pair;
	bool changed = false;
	size_t start;
	int r;

	buf_reset(&h->list);
	while (rest.n > 0) {
		pair = span_trim(span_cut(&rest, ';'));
		if (pair.n == 0)
			continue;
		start = buf_len(&h->list);
		if (start > 0)
			buf_add_str(&h->list, "; ");
		if ((r = judge_pair(h, pair)) < 0)
			return r;
		changed = changed || r != TREAT_SAME;
		if (r == TREAT_DROP && buf_error(&h->list) == 0)
			buf_truncate(&h->list, start);
	}
	return changed ? replace(h, f) : 0;
}

/* Are the pairs of this field looked at: by lines about cookies, or, where no
 * line judged the field as a whole, by who looks at all values? */
static bool is_asked(const struct head *h, const struct field *f)
{
	return plan_has(h->plan, CARRIER_COOKIE) ||
	       (value_watched(h->plan, h->env) &&
	           plan_name(h->plan, CARRIER_HEADER, f->name) == NULL);
}

int head_cookies(struct head *h)
{
	int r = 0;

	for (unsigned i = 0; i < h->m->nfields && r == 0; i++) {
		struct field *f = &h->m->field[i];

		if (f->id == FIELD_COOKIE && !f->gone && is_asked(h, f))
			r = judge_cookies(h, f);
	}
	return r;
}

int head_set_cookies(struct head *h)
{
	int r;

	for (unsigned i = 0; i < h->m->nfields; i++) {
		struct field *f = &h->m->field[i];
		struct span attributes, pair;

		if (f->id != FIELD_SET_COOKIE || f->gone || !is_asked(h, f))
			continue;
		attributes = span_from(f->value, span_chr(f->value, ';'));
		pair = span_of(f->value.p, f->value.n - attributes.n);
		buf_reset(&h->list);
		if ((r = judge_pair(h, span_trim(pair))) < 0)
			return r;
		if (r == TREAT_DROP)
			f->gone = true;
		if (r != TREAT_NEW)
			continue;
		buf_add_span(&h->list, attributes);
		if ((r = replace(h, f)) < 0)
			return r;
	}
	return 0;
}
