/* SPDX-License-Identifier: EUPL-1.2 */
/* Queries and path segments, by name or place, after percent-decoding. */
#include "http/head_int.h"

#include <errno.h>

#include "base/arena.h"
#include "http/uri.h"

#define PLACE_MAX_BYTES 12 /* digits of a segment number */

/* Buffers of one rewriting; three texts live at the same time. */
struct decoded {
	struct buf name, text, value;
};

static void decoded_init(struct decoded *d)
{
	buf_init(&d->name, HEAD_VALUE_MAX_BYTES);
	buf_init(&d->text, HEAD_VALUE_MAX_BYTES);
	buf_init(&d->value, HEAD_VALUE_MAX_BYTES);
}

static void decoded_fini(struct decoded *d)
{
	buf_fini(&d->name);
	buf_fini(&d->text);
	buf_fini(&d->value);
}

/* text without its escapes: itself when it has none, else in out. */
static int decode(
    struct span text, bool plus, struct buf *out, struct span *ret_plain)
{
	int r;

	*ret_plain = text;
	if (span_chr(text, '%') == text.n &&
	    (!plus || span_chr(text, '+') == text.n))
		return 0;
	buf_reset(out);
	r = uri_decode(text, plus, out);
	if (r == 0)
		*ret_plain = buf_span(out);
	return r == -EINVAL ? -EBADMSG : r;
}

/* Treat a coded text; TREAT_NEW: d->value has the new one, not coded yet. */
static int treat_coded(const struct action *a, const struct env *env,
    struct value_place at, struct span text, bool plus, struct decoded *d)
{
	struct span plain;
	int r = decode(text, plus, &d->text, &plain);

	if (r < 0 && !(r == -EBADMSG && head_blind(a)))
		return r;
	return head_treat(a, env, at, plain, &d->value);
}

/* The same for a text that no line names. One that is not readable is looked at
 * as it stands. */
static int treat_unnamed(const struct plan *plan, const struct env *env,
    struct value_place at, struct span text, bool plus, struct decoded *d)
{
	struct span plain;
	int r = value_watched(plan, env) ? decode(text, plus, &d->text, &plain)
	                                 : -EBADMSG;

	if (r < 0 && r != -EBADMSG)
		return r;
	return head_unnamed(plan, env, at, r == 0 ? plain : text, &d->value);
}

/* Add what becomes of one pair to out, or nothing. TREAT_* or an error. */
static int judge_pair(struct span pair, const struct plan *plan,
    const struct env *env, struct decoded *d, struct buf *out)
{
	struct span value = pair, raw = span_cut(&value, '='), name;
	struct value_place at = { .carrier = CARRIER_QUERY };
	const struct action *a;
	bool alone; /* a name without '=' is looked at as a value */
	int r = decode(raw, true, &d->name, &name);

	if (r == -EBADMSG && !plan_has(plan, CARRIER_QUERY))
		name = raw; /* no line depends on it */
	else if (r < 0)
		return r;
	at.name = name;
	a = plan_name(plan, CARRIER_QUERY, name);
	alone = raw.n == pair.n && a == NULL && plan_detects(plan);
	if (a != NULL) {
		r = treat_coded(a, env, at, value, true, d);
	} else {
		at.name = alone ? SPAN("*") : name;
		r = treat_unnamed(plan, env, at, alone ? raw : value, true, d);
	}
	if (r == TREAT_SAME)
		buf_add_span(out, pair);
	if (r == TREAT_NEW) {
		if (!alone) {
			buf_add_span(out, raw);
			buf_add_char(out, '=');
		}
		uri_encode(buf_span(&d->value), false, out);
	}
	return r;
}

static int judge_query(struct span query, const struct plan *plan,
    const struct env *env, struct decoded *d, struct buf *out)
{
	bool any = false; /* a pair stands in out */
	size_t n, start;
	int r;

	if (query.n == 0)
		return 0;
	for (;;) {
		n = span_chr(query, '&');
		start = buf_len(out);
		if (any)
			buf_add_char(out, '&');
		r = judge_pair(span_of(query.p, n), plan, env, d, out);
		if (r < 0)
			return r;
		if (buf_error(out) < 0)
			return buf_error(out);
		if (r == TREAT_DROP)
			buf_truncate(out, start);
		else
			any = true;
		if (n == query.n)
			return 0;
		query = span_from(query, n + 1);
	}
}

static bool is_asked(
    const struct plan *plan, const struct env *env, enum carrier c)
{
	return plan_has(plan, c) || value_watched(plan, env);
}

int head_query(struct span query, const struct plan *plan,
    const struct env *env, struct buf *out)
{
	struct decoded d;
	int r;

	if (!is_asked(plan, env, CARRIER_QUERY))
		return buf_add_span(out, query);
	decoded_init(&d);
	r = judge_query(query, plan, env, &d, out);
	decoded_fini(&d);
	return r;
}

/* One segment and the slash before it; nothing when it is dropped. */
static int judge_segment(struct head *h, struct span segment, struct span prev,
    unsigned i, struct decoded *d)
{
	char digits[PLACE_MAX_BYTES], *at = digits + sizeof digits;
	struct value_place place = { .carrier = CARRIER_PATH };
	const struct action *a;
	struct span plain;
	unsigned rest = i;
	int r = decode(prev, false, &d->name, &plain);

	if (r == -EBADMSG && !plan_has(h->plan, CARRIER_PATH))
		plain = prev; /* no line depends on it */
	else if (r < 0)
		return r;
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	place.name = span_of(at, (size_t)(digits + sizeof digits - at));
	a = plan_segment(h->plan, i, plain);
	if (a != NULL)
		r = treat_coded(a, h->env, place, segment, false, d);
	else
		r = treat_unnamed(h->plan, h->env, place, segment, false, d);
	if (r < 0)
		return r;
	if (r != TREAT_DROP)
		buf_add_char(&h->list, '/');
	if (r == TREAT_SAME)
		buf_add_span(&h->list, segment);
	if (r == TREAT_NEW)
		uri_encode(buf_span(&d->value), false, &h->list);
	return 0;
}

static int judge_segments(struct head *h, struct span path, struct decoded *d)
{
	struct span segment, prev = SPAN("");
	size_t start = buf_len(&h->list), n;
	int r;

	for (unsigned i = 1; path.n > 0; i++, prev = segment) {
		path = span_from(path, 1); /* the slash */
		n = span_chr(path, '/');
		segment = span_of(path.p, n);
		path = span_from(path, n);
		r = judge_segment(h, segment, prev, i, d);
		if (r < 0)
			return r;
	}
	if (buf_len(&h->list) == start)
		buf_add_char(&h->list, '/');
	return 0;
}

/* A path that begins with '/', and its query. */
static int rewrite(struct head *h, struct decoded *d)
{
	struct span path, query;
	size_t start;
	int r = 0;

	uri_split(h->m->path, &path, &query);
	buf_reset(&h->list);
	if (is_asked(h->plan, h->env, CARRIER_PATH))
		r = judge_segments(h, path, d);
	else
		buf_add_span(&h->list, path);
	if (r == 0 && path.n < h->m->path.n) {
		start = buf_len(&h->list);
		buf_add_char(&h->list, '?');
		if (is_asked(h->plan, h->env, CARRIER_QUERY))
			r = judge_query(query, h->plan, h->env, d, &h->list);
		else
			buf_add_span(&h->list, query);
		if (query.n > 0 && buf_len(&h->list) == start + 1)
			buf_truncate(&h->list, start); /* nothing is left */
	}
	if (r == 0)
		r = buf_error(&h->list);
	if (r == 0 && !span_eq(buf_span(&h->list), h->m->path))
		h->m->path = arena_dup(h->arena, buf_span(&h->list));
	return r;
}

int head_path(struct head *h)
{
	struct decoded d;
	int r;

	if (h->m->path.n == 0 || h->m->path.p[0] != '/' ||
	    (!is_asked(h->plan, h->env, CARRIER_PATH) &&
	        !is_asked(h->plan, h->env, CARRIER_QUERY)))
		return 0;
	decoded_init(&d);
	r = rewrite(h, &d);
	decoded_fini(&d);
	return r;
}
