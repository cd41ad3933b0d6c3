/* SPDX-License-Identifier: EUPL-1.2 */
/* jtext - the inside of JSON tokens (RFC 8259, 6 and 7): escapes of strings,
 * the grammar of numbers. Strings are UTF-8; a lone surrogate escape becomes
 * its three bytes of WTF-8 and turns into an escape again on the way back, so
 * it is equal to no name that a rule can hold. */
#ifndef BODY_JTEXT_H
#define BODY_JTEXT_H

#include "base/span.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct buf;

/* How a string was written, so that it is written alike again. */
#define JTEXT_SLASH 1u /* '/' as "\/" */
#define JTEXT_ASCII 2u /* what is not ASCII as \uXXXX */

/* The first byte from p on that is not plain inside a string: '"', '\\',
 * below 0x20 or not ASCII; end if there is none. */
static inline const char *jtext_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i odd = _mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		        _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
		    _mm_cmplt_epi8(v, _mm_set1_epi8(0x20))); /* signed */
		unsigned mask = (unsigned)_mm_movemask_epi8(odd);

		if (mask != 0)
			return p + __builtin_ctz(mask);
		p += 16;
	}
#endif
	while (p < end && (signed char)*p >= 0x20 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* raw: what stands between the quotes, already known to be well-formed.
 * 0 or the error of out. */
int jtext_unescape(struct span raw, struct buf *out);

/* The style of raw, JTEXT_* bits. */
unsigned jtext_style(struct span raw);

/* text as a JSON string with its quotes. Bytes that are no UTF-8 become
 * U+FFFD. 0 or the error of out. */
int jtext_quote(struct span text, unsigned style, struct buf *out);

/* Is text one JSON number, true, false or null and nothing else? */
bool jtext_scalar(struct span text);

/* States of a number; 0 is the start. */
enum {
	JTEXT_MINUS = 1,
	JTEXT_ZERO,
	JTEXT_WHOLE,
	JTEXT_POINT,
	JTEXT_FRACTION,
	JTEXT_E,
	JTEXT_E_SIGN,
	JTEXT_E_DIGIT
};

/* One step of the number automaton: the next state, or 0 when c is no part of
 * the number. */
static inline uint8_t jtext_number(uint8_t state, char c)
{
	/* columns: digit, '.', 'e' or 'E', '+', '-' */
	static const uint8_t next[][5] = {
		{ JTEXT_WHOLE, 0, 0, 0, JTEXT_MINUS },
		[JTEXT_MINUS] = { JTEXT_WHOLE, 0, 0, 0, 0 },
		[JTEXT_ZERO] = { 0, JTEXT_POINT, JTEXT_E, 0, 0 },
		[JTEXT_WHOLE] = { JTEXT_WHOLE, JTEXT_POINT, JTEXT_E, 0, 0 },
		[JTEXT_POINT] = { JTEXT_FRACTION, 0, 0, 0, 0 },
		[JTEXT_FRACTION] = { JTEXT_FRACTION, 0, JTEXT_E, 0, 0 },
		[JTEXT_E] = { JTEXT_E_DIGIT, 0, 0, JTEXT_E_SIGN, JTEXT_E_SIGN },
		[JTEXT_E_SIGN] = { JTEXT_E_DIGIT, 0, 0, 0, 0 },
		[JTEXT_E_DIGIT] = { JTEXT_E_DIGIT, 0, 0, 0, 0 },
	};

	if (c == '0' && state <= JTEXT_MINUS)
		return JTEXT_ZERO;
	if (ascii_digit(c))
		return next[state][0];
	if (c == '.')
		return next[state][1];
	if (c == 'e' || c == 'E')
		return next[state][2];
	if (c == '+' || c == '-')
		return next[state][c == '+' ? 3 : 4];
	return 0;
}

/* Does a digit leave this state as it is? */
static inline bool jtext_number_loops(uint8_t state)
{
	return state == JTEXT_WHOLE || state == JTEXT_FRACTION;
}

/* May the number end here? */
static inline bool jtext_number_ends(uint8_t state)
{
	return state == JTEXT_ZERO || state == JTEXT_WHOLE ||
	       state == JTEXT_FRACTION || state == JTEXT_E_DIGIT;
}

/* A number in *state goes on at p: where its digits and signs end. */
static inline const char *jtext_number_end(
    uint8_t *state, const char *p, const char *end)
{
	uint8_t next;

	for (; p < end; p++) {
		if (jtext_number_loops(*state) && ascii_digit(*p))
			continue;
		next = jtext_number(*state, *p);
		if (next == 0)
			break;
		*state = next;
	}
	return p;
}

#endif
