/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/span.h"

#include <errno.h>

int ascii_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool span_eq_nocase(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

bool span_starts(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_eq(span_of(s.p, prefix.n), prefix);
}

bool span_starts_nocase(struct span s, struct span prefix)
{
	return s.n >= prefix.n &&
	    span_eq_nocase(span_of(s.p, prefix.n), prefix);
}

bool span_ends(struct span s, struct span suffix)
{
	return s.n >= suffix.n && span_eq(span_from(s, s.n - suffix.n), suffix);
}

size_t span_chr(struct span s, char c)
{
	const char *at = s.n != 0 ? memchr(s.p, c, s.n) : NULL;

	return at != NULL ? (size_t)(at - s.p) : s.n;
}

size_t span_find(struct span s, struct span needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (s.n == 0)
		return 0;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at != NULL ? (size_t)(at - s.p) : s.n;
}

struct span span_trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct span span_skip_space(struct span s)
{
	while (s.n > 0 && ascii_space(*s.p))
		s.p++, s.n--;
	return s;
}

struct span span_from(struct span s, size_t i)
{
	if (i >= s.n)
		return span_of(s.p != NULL ? s.p + s.n : NULL, 0);
	return span_of(s.p + i, s.n - i);
}

struct span span_cut(struct span *rest, char c)
{
	size_t i = span_chr(*rest, c);
	struct span part = span_of(rest->p, i);

	*rest = span_from(*rest, i + 1);
	return part;
}

int span_u64(struct span s, uint64_t max, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d = (uint64_t)(s.p[i] - '0');

		if (!ascii_digit(s.p[i]))
			return -EINVAL;
		if (d > max || v > max / 10 || v * 10 > max - d)
			return -ERANGE;
		v = v * 10 + d;
	}
	*ret_value = v;
	return 0;
}
