/* SPDX-License-Identifier: EUPL-1.2 */
/* base64 - the two alphabets of RFC 4648: base64 (4) and base64url (5). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

/* The letter for each value, of base64 [0] and base64url [1]. */
extern const char base64_letter[2][65];

/* The value of a byte in either alphabet, -1: none. */
extern const signed char base64_six[256];

/* The value of c in one alphabet, -1: none. */
static inline int base64_value(char c, bool url)
{
	int six = base64_six[(unsigned char)c];

	return six < 62 || base64_letter[url][six] == c ? six : -1;
}

#endif
