/* SPDX-License-Identifier: EUPL-1.2 */
/* span - pointer and length; never owns, never changes, may hold any byte.
 * Comparisons know ASCII only: network bytes have no locale. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

#define SPAN(lit) ((struct span){ (lit), sizeof(lit) - 1 }) /* of a literal */
#define SPAN_NONE ((struct span){ NULL, 0 })
#define SPAN_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline struct span span_of(const char *p, size_t n)
{
	return (struct span){ p, n };
}

/* Of a C string; NULL gives the empty span. */
static inline struct span span_str(const char *s)
{
	return (struct span){ s, s != NULL ? strlen(s) : 0 };
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Space, tab, line feed or carriage return: white space of JSON and XML. */
static inline bool ascii_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Value of a hex digit, -1 when it is none. */
int ascii_hex(char c);

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal but for ASCII case. */
bool span_eq_nocase(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_starts_nocase(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);

/* First index of c, or s.n. */
size_t span_chr(struct span s, char c);

/* First index of needle in s, or s.n. */
size_t span_find(struct span s, struct span needle);

/* Without SP and HTAB at both ends (OWS of RFC 9110, 5.6.3). */
struct span span_trim(struct span s);

/* Without what ascii_space knows, at the begin. */
struct span span_skip_space(struct span s);

/* From index i to the end; i past the end gives the empty span. */
struct span span_from(struct span s, size_t i);

/* Cut the part before the first c off *rest; *rest is what follows c, or empty
 * when c is not there. For lists: while (rest.n) part = span_cut(&rest, ','). */
struct span span_cut(struct span *rest, char c);

/* Decimal, digits only, no sign, at most max. 0, or -EINVAL, -ERANGE. */
int span_u64(struct span s, uint64_t max, uint64_t *ret_value);

#endif
