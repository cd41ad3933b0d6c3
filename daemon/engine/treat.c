/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/treat.h"

#include <assert.h>
#include <errno.h>

#include "base/buf.h"
#include "engine/stamp.h"
#include "engine/wrap.h"

#define ALIAS_WORD "Teilnehmer"
#define ROUND_MAX_BYTES 64 /* a longer text is no number */

static int result(const struct buf *out)
{
	return buf_error(out) < 0 ? buf_error(out) : TREAT_NEW;
}

static int alias(const struct treatment *t, const struct env *env,
    struct span value, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char sum[16];
	char mark[5];

	if (env == NULL || env->prf == NULL)
		return TREAT_DROP; /* no key, no alias */
	env->prf(env->arg, value, sum);
	if (t->text.n > 0)
		buf_add_span(out, t->text);
	else
		buf_add_str(out, ALIAS_WORD);
	mark[0] = ' ';
	mark[1] = hex[sum[0] >> 4], mark[2] = hex[sum[0] & 15];
	mark[3] = hex[sum[1] >> 4], mark[4] = hex[sum[1] & 15];
	buf_add(out, mark, sizeof mark);
	return result(out);
}

/* One "x" for each character of UTF-8; a broken sequence counts its first
 * bytes only. */
static int mask_text(struct span value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.p[i] & 0xc0) != 0x80)
			buf_add_char(out, 'x');
	return result(out);
}

/* Zeros; a whole part of several digits starts with 1, as JSON wants it. */
static int mask_number(struct span value, struct buf *out)
{
	bool first = true, digit, more;

	for (size_t i = 0; i < value.n; i++) {
		digit = ascii_digit(value.p[i]);
		more = i + 1 < value.n && ascii_digit(value.p[i + 1]);
		if (!digit)
			buf_add_char(out, value.p[i]);
		else
			buf_add_char(out, first && more ? '1' : '0');
		first = first && !digit;
	}
	return result(out);
}

static int coarsen(
    const struct treatment *t, struct span value, struct buf *out)
{
	char text[STAMP_MAX_BYTES + 1];
	int n = t->seconds > 0 ? stamp_coarsen(value, t->seconds, text) : -1;

	if (n < 0)
		return TREAT_DROP;
	buf_add(out, text, (size_t)n);
	return result(out);
}

/* Add one to the decimal number in digits p (points are skipped); true when it
 * needs a digit more in front. */
static bool carry(char *p, size_t n)
{
	while (n-- > 0) {
		if (p[n] == '.')
			continue;
		if (p[n] != '9') {
			p[n]++;
			return false;
		}
		p[n] = '0';
	}
	return true;
}

/* Half away from zero, on the digits: [+-]digits[.digits]. */
static int round_text(
    const struct treatment *t, struct span value, struct buf *out)
{
	struct span fraction = value, whole;
	char text[ROUND_MAX_BYTES];
	bool minus = false, more = false, zero = true;
	size_t n;

	if (value.n > 0 && (value.p[0] == '-' || value.p[0] == '+')) {
		minus = value.p[0] == '-';
		fraction = span_from(value, 1);
	}
	n = fraction.n;
	whole = span_cut(&fraction, '.');
	if (whole.n == 0 || value.n > sizeof text ||
	    (whole.n < n && fraction.n == 0))
		return TREAT_DROP;
	memcpy(text, whole.p, n);
	for (size_t i = 0; i < n; i++)
		if (i != whole.n && !ascii_digit(text[i]))
			return TREAT_DROP;
	if (fraction.n > t->digits) {
		n = whole.n + (t->digits > 0 ? t->digits + 1u : 0);
		if (fraction.p[t->digits] >= '5')
			more = carry(text, n);
	}
	for (size_t i = 0; i < n; i++)
		zero = zero && (text[i] == '0' || text[i] == '.');
	if (minus && (!zero || more))
		buf_add_char(out, '-');
	else if (value.p[0] == '+')
		buf_add_char(out, '+');
	if (more)
		buf_add_char(out, '1');
	buf_add(out, text, n);
	return result(out);
}

static int pseudonym(const struct env *env, struct span value, struct buf *out)
{
	size_t before = buf_len(out);

	if (env == NULL || env->pseudonym == NULL)
		return TREAT_DROP; /* no key, no pseudonym */
	if (env->pseudonym(env->arg, value, out) == 0 || buf_error(out) < 0)
		return result(out);
	buf_truncate(out, before);
	return TREAT_DROP;
}

static int restore(const struct env *env, struct span value, struct buf *out)
{
	size_t before = buf_len(out);

	if (env == NULL || env->restore == NULL)
		return TREAT_SAME;
	if (env->restore(env->arg, value, out) == 0 || buf_error(out) < 0)
		return result(out);
	buf_truncate(out, before);
	return TREAT_SAME;
}

int treat_value(const struct treatment *t, const struct env *env,
    struct span value, enum value_kind kind, struct buf *out)
{
	bool nothing = value.n == 0 ||
	               (kind == VALUE_WORD && span_eq(value, SPAN("null")));

	switch (t->act) {
	case ACT_KEEP:
		return TREAT_SAME;
	case ACT_SET:
		buf_add_span(out, t->text);
		return result(out);
	case ACT_ALIAS:
		return nothing ? TREAT_SAME : alias(t, env, value, out);
	case ACT_MASK:
		if (nothing)
			return TREAT_SAME;
		return kind == VALUE_NUMBER ? mask_number(value, out)
		                            : mask_text(value, out);
	case ACT_COARSEN:
		return coarsen(t, value, out);
	case ACT_ROUND:
		return round_text(t, value, out);
	case ACT_PSEUDONYM:
		return nothing ? TREAT_SAME : pseudonym(env, value, out);
	case ACT_RESTORE:
		return nothing ? TREAT_SAME : restore(env, value, out);
	case ACT_DROP:
	case ACT_COUNT:
		break;
	}
	return TREAT_DROP;
}

static bool needs_library(enum step s)
{
	return s == STEP_GZIP || s == STEP_DEFLATE;
}

static int open_step(
    const struct env *env, enum step s, struct span in, struct buf *out)
{
	if (!needs_library(s))
		return wrap_open(s, in, out);
	if (env == NULL || env->unstep == NULL)
		return -EBADMSG;
	return env->unstep(env->arg, s, in, out);
}

static int close_step(const struct env *env, enum step s, struct span in,
    struct span like, struct buf *out)
{
	if (!needs_library(s))
		return wrap_close(s, in, like, out);
	if (env == NULL || env->restep == NULL)
		return -EBADMSG;
	return env->restep(env->arg, s, in, out);
}

int treat_unwrap(const struct env *env, const enum step *step, size_t n,
    struct span value, struct buf *out)
{
	struct buf turn[2];
	struct span now = value;
	size_t before = buf_len(out);
	int r = 0;

	buf_init(&turn[0], out->max);
	buf_init(&turn[1], out->max);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct buf *to = i + 1 == n ? out : &turn[i % 2];

		if (to != out)
			buf_reset(to);
		r = open_step(env, step[i], now, to);
		now = buf_span(to);
	}
	if (n == 0)
		r = buf_add_span(out, value);
	if (r < 0 && buf_error(out) == 0)
		buf_truncate(out, before);
	buf_fini(&turn[0]);
	buf_fini(&turn[1]);
	return r;
}

/* Does closing step s look at what stood there before? */
static bool has_style(enum step s)
{
	return s == STEP_BASE64 || s == STEP_BASE64URL;
}

/* Step i of the way back may have to know what stood before that step on the
 * way in: like, opened i times. */
int treat_wrap(const struct env *env, const enum step *step, size_t n,
    struct span value, struct span like, struct buf *out)
{
	struct buf turn[2], sample;
	struct span now = value;
	int r = 0;

	buf_init(&turn[0], out->max);
	buf_init(&turn[1], out->max);
	buf_init(&sample, out->max);
	for (size_t i = n; i-- > 0 && r == 0;) {
		struct buf *to = i == 0 ? out : &turn[i % 2];

		buf_reset(&sample);
		if (has_style(step[i]) &&
		    treat_unwrap(env, step, i, like, &sample) < 0)
			buf_reset(&sample);
		if (to != out)
			buf_reset(to);
		r = close_step(env, step[i], now, buf_span(&sample), to);
		now = buf_span(to);
	}
	if (n == 0)
		r = buf_add_span(out, value);
	buf_fini(&turn[0]);
	buf_fini(&turn[1]);
	buf_fini(&sample);
	return r;
}

void treat_report(const struct env *env, const struct finding *f)
{
	if (env != NULL && env->report != NULL)
		env->report(env->arg, f);
}
