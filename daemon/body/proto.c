/* SPDX-License-Identifier: EUPL-1.2 */
/* proto - one message: its fields, and the lengths around what changed. */
#include "body/proto_int.h"

#include <stdio.h>

#include "engine/value.h"

#define FIELD_MAX 536870911u /* 2^29 - 1 */

/* ---- the wire ---- */

size_t proto_varint(struct span s, uint64_t *ret_value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n && i < PROTO_VARINT_BYTES; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (i == PROTO_VARINT_BYTES - 1 && c > 1)
			return 0; /* over 64 bits */
		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*ret_value = v;
			return i + 1;
		}
	}
	return 0;
}

size_t proto_put_varint(uint64_t v, unsigned char p[PROTO_VARINT_BYTES])
{
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

/* The field at the start of s; false when there is none. */
static bool read_field(struct span s, struct proto_field *f)
{
	size_t n, head;
	uint64_t v;

	head = proto_varint(s, &v);
	if (head == 0 || v > UINT32_MAX || v >> 3 == 0)
		return false;
	f->number = (uint32_t)(v >> 3);
	f->type = (unsigned)(v & 7);
	f->tag_bytes = head;
	s = span_from(f->raw = s, head);
	if (f->type == PROTO_VARINT) {
		n = proto_varint(s, &v);
		if (n == 0)
			return false;
	} else if (f->type == PROTO_BYTES) {
		n = proto_varint(s, &v);
		if (n == 0 || v > s.n - n)
			return false;
		s = span_from(s, n);
		head += n;
		n = (size_t)v;
	} else if (f->type == PROTO_FIXED64 || f->type == PROTO_FIXED32) {
		n = f->type == PROTO_FIXED64 ? 8 : 4;
		if (n > s.n)
			return false;
	} else {
		return false;
	}
	f->value = span_of(s.p, n);
	f->raw.n = head + n;
	return true;
}

static bool is_message(struct span s)
{
	struct proto_field f;

	for (; s.n > 0; s = span_from(s, f.raw.n))
		if (!read_field(s, &f))
			return false;
	return true;
}

/* Is s UTF-8 (RFC 3629, 4)? plain: without control characters but line ends
 * and tabs. */
static bool is_text(struct span s, bool plain)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low, high;
	size_t n;

	for (size_t i = 0; i < s.n; i += n + 1) {
		unsigned char c = p[i];

		n = 0;
		if (c < 0x80) {
			if (plain && (c == 0x7f || (c < 0x20 && c != '\t' &&
			                               c != '\n' && c != '\r')))
				return false;
			continue;
		}
		if (c < 0xc2 || c > 0xf4)
			return false;
		n = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		if (n >= s.n - i || p[i + 1] < low || p[i + 1] > high)
			return false;
		for (size_t k = 2; k <= n; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* ---- what is decided ---- */

static bool reports(const struct proto *p)
{
	return p->env != NULL && p->env->report != NULL;
}

static struct span name_of(struct proto *p, const struct proto_field *f)
{
	int n = snprintf(p->digits, sizeof p->digits, "%u", f->number);

	return span_of(p->digits, (size_t)n);
}

/* The path goes on with name, until it is cut back. */
static void add_path(struct proto *p, struct span name)
{
	if (!reports(p))
		return;
	if (buf_len(&p->path) > 0)
		buf_add_char(&p->path, '.');
	buf_add_span(&p->path, name);
}

static void report_keep(
    struct proto *p, const struct action *a, struct value_place at)
{
	struct finding f = { a->line, CARRIER_PROTO, at.name, SPAN_NONE,
		SPAN_NONE, ACT_KEEP, at.path };

	treat_report(p->env, &f);
}

/* The action for a field of state s in message f. *ret_own: of a line that
 * names it. */
static const struct action *judge(const struct proto *p,
    const struct proto_frame *f, jpath_state s, bool bytes, bool *ret_own)
{
	const struct action *a = NULL;

	if (s != JPATH_DEAD)
		a = plan_path_action(p->plan, CARRIER_PROTO, s);
	*ret_own = a != NULL && (a->nest == NULL || bytes) &&
	           (f->act == NULL || a->order < f->act->order);
	return *ret_own ? a : f->act;
}

/* Is the field to be entered as a message? 1, 0 or an error. */
static int enters(const struct proto *p, const struct action *a, jpath_state s,
    struct span value)
{
	uint32_t before = a != NULL ? a->order : JPATH_NEVER;

	if (s != JPATH_DEAD &&
	    plan_path_below(p->plan, CARRIER_PROTO, s) < before) {
		if (is_message(value))
			return 1;
		return is_text(value, true) ? 0 : -EBADMSG;
	}
	return a == NULL && p->watched && !is_text(value, true) &&
	       is_message(value);
}

/* A field with a length that is a value: TREAT_*, the new one in p->fresh. */
static int treat_bytes(struct proto *p, const struct action *a,
    struct span value, struct value_place at)
{
	struct finding f;

	buf_reset(&p->fresh);
	if (a == NULL) {
		if (!p->watched || !is_text(value, true))
			return TREAT_SAME;
		if (value.n > SCRUB_VALUE_MAX)
			return -E2BIG;
		return value_unnamed(
		    p->plan, p->env, at, value, VALUE_TEXT, &p->fresh);
	}
	if (value.n > SCRUB_VALUE_MAX) {
		if (!value_blind(a))
			return -E2BIG;
		value.n = SCRUB_VALUE_MAX;
	}
	if (a->nest == NULL && !value_blind(a) &&
	    a->line->treat.act != ACT_RESTORE && !is_text(value, false)) {
		f = (struct finding){ a->line, CARRIER_PROTO, at.name, value,
			SPAN_NONE, ACT_DROP, at.path };
		treat_report(p->env, &f);
		return TREAT_DROP;
	}
	return value_treat(
	    a, p->env, at, value, VALUE_TEXT, SCRUB_OPEN_MAX, &p->fresh);
}

/* ---- the output ---- */

static void put_varint(struct buf *out, uint64_t v)
{
	unsigned char p[PROTO_VARINT_BYTES];

	buf_add(out, p, proto_put_varint(v, p));
}

/* Write n at place at of out, where a length of old bytes stands. */
static int put_length(struct buf *out, size_t at, size_t old, uint64_t n)
{
	unsigned char p[PROTO_VARINT_BYTES];
	size_t fresh = proto_put_varint(n, p), end = buf_len(out);
	char *mem;

	if (fresh > old) {
		if (buf_reserve(out, fresh - old) == NULL)
			return buf_error(out);
		buf_commit(out, fresh - old);
	}
	mem = out->mem + out->head + at;
	memmove(mem + fresh, mem + old, end - at - old);
	memcpy(mem, p, fresh);
	if (fresh < old)
		buf_truncate(out, end - (old - fresh));
	return 0;
}

static int enter(struct proto *p, const struct proto_field *field,
    const struct action *a, jpath_state s, const char *in, struct buf *out)
{
	size_t head = field->raw.n - field->value.n;
	struct proto_frame f = { .act = a,
		.state = s,
		.end = (size_t)(field->value.p - in) + field->value.n,
		.length_bytes = head - field->tag_bytes };

	if (p->depth == PROTO_DEPTH_MAX)
		return -E2BIG;
	f.path_bytes = buf_len(&p->path);
	add_path(p, name_of(p, field));
	f.length_at = buf_len(out) + field->tag_bytes;
	p->frame[++p->depth] = f;
	return buf_add(out, field->raw.p, head);
}

static int leave(struct proto *p, struct buf *out)
{
	struct proto_frame *f = &p->frame[p->depth--];

	buf_truncate(&p->path, f->path_bytes);
	if (!f->changed)
		return 0;
	p->frame[p->depth].changed = true;
	return put_length(out, f->length_at, f->length_bytes,
	    buf_len(out) - f->length_at - f->length_bytes);
}

/* A field that is a value. */
static int take_value(struct proto *p, const struct proto_field *field,
    const struct action *a, bool own, struct buf *out)
{
	struct value_place at = { CARRIER_PROTO, name_of(p, field), SPAN_NONE };
	size_t path_bytes = buf_len(&p->path);
	int r = TREAT_SAME;

	add_path(p, at.name);
	at.path = reports(p) ? buf_span(&p->path) : SPAN_NONE;
	if (a != NULL && value_keeps(a)) {
		if (own)
			report_keep(p, a, at);
	} else if (field->type == PROTO_BYTES) {
		r = treat_bytes(p, a, field->value, at);
	} else if (a != NULL) {
		r = proto_number(p, a, field, at);
	}
	buf_truncate(&p->path, path_bytes);
	if (r < 0)
		return r;
	if (r == TREAT_SAME)
		return buf_add_span(out, field->raw);
	p->frame[p->depth].changed = true;
	if (r == TREAT_DROP)
		return 0;
	buf_add(out, field->raw.p, field->tag_bytes);
	if (field->type == PROTO_BYTES)
		put_varint(out, buf_len(&p->fresh));
	return buf_add_span(out, buf_span(&p->fresh));
}

static int take_field(
    struct proto *p, struct span in, size_t *at, struct buf *out)
{
	const struct proto_frame *f = &p->frame[p->depth];
	struct proto_field field;
	const struct action *a;
	jpath_state s = JPATH_DEAD;
	struct value_place place;
	bool own;
	int r = 0;

	if (!read_field(span_of(in.p + *at, f->end - *at), &field))
		return -EBADMSG;
	if (f->state != JPATH_DEAD)
		s = plan_path_key(
		    p->plan, CARRIER_PROTO, f->state, name_of(p, &field));
	a = judge(p, f, s, field.type == PROTO_BYTES, &own);
	if (field.type == PROTO_BYTES)
		r = enters(p, a, s, field.value);
	if (r < 0)
		return r;
	if (r == 0) {
		*at += field.raw.n;
		return take_value(p, &field, a, own, out);
	}
	*at += field.raw.n - field.value.n;
	if (own && a->nest != NULL)
		a = f->act; /* a chain looks into values only */
	r = enter(p, &field, a, s, in.p, out);
	if (r == 0 && own && a != NULL && value_keeps(a)) {
		place = (struct value_place){ CARRIER_PROTO, name_of(p, &field),
			buf_span(&p->path) };
		report_keep(p, a, place);
	}
	return r;
}

int proto_message(struct proto *p, struct span in, struct buf *out)
{
	size_t start = buf_len(out), at = 0;
	int r = 0;

	p->depth = 0;
	p->frame[0] = (struct proto_frame){ .end = in.n };
	if (plan_has(p->plan, CARRIER_PROTO))
		p->frame[0].state = JPATH_ROOT;
	buf_reset(&p->path);
	while (r == 0 && (at < in.n || p->depth > 0)) {
		if (at == p->frame[p->depth].end)
			r = leave(p, out);
		else
			r = take_field(p, in, &at, out);
	}
	if (r < 0) {
		if (buf_len(out) > start)
			buf_truncate(out, start);
		return r;
	}
	p->changed = p->changed || p->frame[0].changed;
	return 0;
}
