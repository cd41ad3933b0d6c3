/* SPDX-License-Identifier: EUPL-1.2 */
/* detect_int - one function for each shape. Each says how many bytes of it
 * begin at index i of the text, 0: none; reads at most some 400 bytes about i.
 */
#ifndef ENGINE_DETECT_INT_H
#define ENGINE_DETECT_INT_H

#include "engine/detect.h"

size_t detect_mail(struct span s, size_t i);
size_t detect_ipv4(struct span s, size_t i);
size_t detect_ipv6(struct span s, size_t i);
size_t detect_mac(struct span s, size_t i);
size_t detect_phone(struct span s, size_t i);
size_t detect_timezone(struct span s, size_t i);
size_t detect_geo(struct span s, size_t i);
size_t detect_uuid(struct span s, size_t i);
size_t detect_timestamp(struct span s, size_t i);

/* The character at i; behind the end and before the begin: NUL. */
static inline char detect_at(struct span s, size_t i)
{
	return i < s.n ? s.p[i] : '\0';
}

static inline char detect_before(struct span s, size_t i)
{
	return i > 0 ? s.p[i - 1] : '\0';
}

static inline bool detect_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool detect_word(char c)
{
	return detect_letter(c) || ascii_digit(c) || c == '_';
}

/* Is c one of set? Never for NUL. */
static inline bool detect_any(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Digits from i on, at most max + 1. */
static inline size_t detect_digits(struct span s, size_t i, size_t max)
{
	size_t n = 0;

	while (n <= max && ascii_digit(detect_at(s, i + n)))
		n++;
	return n;
}

#endif
