/* SPDX-License-Identifier: EUPL-1.2 */
/* proto_number - fields that are numbers: to decimal text, treated, and back.
 */
#include "body/proto_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES 64
#define REAL_MAX 1e15 /* larger ones have no place for twelve digits */

static uint64_t read_fixed(struct span s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
	return v;
}

/* The value of a field, all its bits. */
static uint64_t bits_of(const struct proto_field *f)
{
	uint64_t v = 0;

	if (f->type != PROTO_VARINT)
		return read_fixed(f->value);
	proto_varint(f->value, &v);
	return v;
}

/* fixed32 as float, fixed64 as double. */
static double real_of(uint64_t bits, size_t width)
{
	uint32_t half = (uint32_t)bits;
	double d;
	float f;

	if (width == sizeof f) {
		memcpy(&f, &half, sizeof f);
		return (double)f;
	}
	memcpy(&d, &bits, sizeof d);
	return d;
}

static uint64_t bits_of_real(double d, size_t width)
{
	uint64_t bits;
	uint32_t half;
	float f = (float)d;

	if (width == sizeof f) {
		memcpy(&half, &f, sizeof half);
		return half;
	}
	memcpy(&bits, &d, sizeof bits);
	return bits;
}

/* As decimal text; false when there is none for it. */
static bool write_text(const struct proto_field *f, bool real, uint64_t bits,
    char text[TEXT_BYTES])
{
	double d;

	if (real) {
		d = real_of(bits, f->value.n);
		if (!isfinite(d) || fabs(d) >= REAL_MAX)
			return false;
		snprintf(text, TEXT_BYTES, "%.*f",
		    f->type == PROTO_FIXED32 ? 7 : 12, d);
	} else if (f->type == PROTO_VARINT && bits >> 63 != 0) {
		snprintf(text, TEXT_BYTES, "-%ju", (uintmax_t)(0 - bits));
	} else {
		snprintf(text, TEXT_BYTES, "%ju", (uintmax_t)bits);
	}
	return true;
}

static bool is_real(struct span s)
{
	return span_chr(s, '.') < s.n;
}

/* Digits, a point, digits; perhaps a sign. */
static bool read_real(struct span s, double *ret_value)
{
	char text[TEXT_BYTES];

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]) && s.p[i] != '.' &&
		    (i > 0 || s.p[i] != '-'))
			return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*ret_value = strtod(text, NULL);
	return true;
}

/* The bits that text stands for in a field like f; false: none. */
static bool read_text(
    const struct proto_field *f, bool real, struct span text, uint64_t *bits)
{
	bool minus = text.n > 1 && text.p[0] == '-';
	uint64_t max = UINT64_MAX;
	double d;

	if (f->type != PROTO_VARINT && (real || is_real(text))) {
		if (!read_real(text, &d))
			return false;
		*bits = bits_of_real(d, f->value.n);
		return true;
	}
	if (span_eq(text, SPAN("true")) || span_eq(text, SPAN("false"))) {
		*bits = text.n == 4;
		return true;
	}
	if (f->type == PROTO_FIXED32)
		max = UINT32_MAX;
	if (span_u64(span_from(text, minus ? 1 : 0), minus ? max / 2 + 1 : max,
	        bits) < 0)
		return false;
	if (minus)
		*bits = (0 - *bits) & max;
	return true;
}

static int put(const struct proto_field *f, uint64_t bits, struct buf *out)
{
	unsigned char p[PROTO_VARINT_BYTES];
	size_t n = f->value.n;

	if (f->type == PROTO_VARINT)
		n = proto_put_varint(bits, p);
	else
		for (size_t i = 0; i < n; i++)
			p[i] = (unsigned char)(bits >> (8 * i));
	buf_reset(out);
	return buf_add(out, p, n);
}

int proto_number(struct proto *p, const struct action *a,
    const struct proto_field *field, struct value_place at)
{
	const struct treatment *t = &a->line->treat;
	bool real = t->act == ACT_ROUND && field->type != PROTO_VARINT;
	uint64_t bits = bits_of(field), fresh = 0;
	char text[TEXT_BYTES] = "";
	struct finding f = { .line = a->line,
		.carrier = CARRIER_PROTO,
		.name = at.name,
		.effect = t->act,
		.path = at.path };
	int r = TREAT_DROP;

	buf_reset(&p->fresh);
	if (write_text(field, real, bits, text))
		r = treat_value(
		    t, p->env, span_str(text), VALUE_NUMBER, &p->fresh);
	if (r < 0)
		return r;
	f.before = span_str(text);
	if (r == TREAT_NEW) {
		f.after = buf_span(&p->fresh);
		if (!read_text(field, real, f.after, &fresh))
			r = TREAT_DROP;
		else if (fresh == bits)
			r = TREAT_SAME;
	}
	if (r == TREAT_SAME) {
		f.after = f.before;
		f.effect = ACT_KEEP;
	} else if (r == TREAT_DROP) {
		f.after = SPAN_NONE;
		f.effect = ACT_DROP;
	}
	treat_report(p->env, &f);
	if (r != TREAT_NEW)
		return r;
	return put(field, fresh, &p->fresh) < 0 ? buf_error(&p->fresh) : r;
}
