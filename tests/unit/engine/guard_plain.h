/* SPDX-License-Identifier: EUPL-1.2 */
/* guard_plain - what guard.h promises, the slow way: decode everything, then
 * search. For tests and the fuzz target; texts of up to PLAIN_MAX bytes. */
#ifndef TESTS_GUARD_PLAIN_H
#define TESTS_GUARD_PLAIN_H

#include "engine/guard.h"

#define PLAIN_MAX 65536

static int plain_hex(const unsigned char *p, size_t n, size_t i, size_t digits)
{
	int v = 0;

	for (size_t k = 0; k < digits; k++) {
		if (i + k >= n || ascii_hex((char)p[i + k]) < 0)
			return -1;
		v = v * 16 + ascii_hex((char)p[i + k]);
	}
	return v;
}

static size_t plain_percent(
    const unsigned char *in, size_t n, unsigned char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n;) {
		size_t k = i + 1;

		if (in[i] != '%') {
			out[len++] = in[i++];
			continue;
		}
		while (plain_hex(in, n, k, 2) == 0x25)
			k += 2;
		if (k >= n || (k + 1 == n && plain_hex(in, n, k, 1) >= 0))
			break; /* the end cuts it off */
		if (plain_hex(in, n, k, 2) >= 0) {
			out[len++] = (unsigned char)plain_hex(in, n, k, 2);
			k += 2;
		} else {
			out[len++] = '%';
		}
		i = k;
	}
	return len;
}

static size_t plain_slashes(
    const unsigned char *in, size_t n, unsigned char *out)
{
	size_t len = 0;
	unsigned high = 0;

	for (size_t i = 0; i < n;) {
		int v;

		if (in[i] != '\\') {
			out[len++] = in[i++];
			continue;
		}
		while (i < n && in[i] == '\\')
			i++;
		if (i < n && in[i] == 'u') {
			size_t k = i + 1;

			while (k < n && plain_hex(in, n, k, 1) >= 0)
				k++;
			if (k == n && k < i + 5)
				break; /* the end cuts it off */
		}
		v = i < n && in[i] == 'u' ? plain_hex(in, n, i + 1, 4) : -1;
		if (v < 0) {
			if (i >= n || (in[i] != '/' && in[i] != '"'))
				out[len++] = '\\';
			continue;
		}
		i += 5;
		if (v < 0x80) {
			out[len++] = (unsigned char)v;
		} else if (v < 0x800) {
			out[len++] = (unsigned char)(0xc0 + v / 64);
			out[len++] = (unsigned char)(0x80 + v % 64);
		} else if (v >= 0xd800 && v <= 0xdbff) {
			high = (unsigned)v - 0xd800;
			out[len++] =
			    (unsigned char)(0xf0 +
			                    (0x10000 + high * 1024) / 262144);
			out[len++] =
			    (unsigned char)(0x80 + (0x10000 + high * 1024) /
			                               4096 % 64);
		} else {
			if (v >= 0xdc00 && v <= 0xdfff)
				v = (int)(high % 4) * 1024 + v - 0xdc00;
			else
				out[len++] = (unsigned char)(0xe0 + v / 4096);
			out[len++] = (unsigned char)(0x80 + v / 64 % 64);
			out[len++] = (unsigned char)(0x80 + v % 64);
		}
	}
	return len;
}

static unsigned char plain_fold(unsigned char c, bool exact)
{
	if (c == '+')
		return ' ';
	return exact ? c : (unsigned char)ascii_lower((char)c);
}

static bool plain_has(const unsigned char *p, size_t n,
    const unsigned char *what, size_t len, bool exact)
{
	for (size_t i = 0, k; len > 0 && i + len <= n; i++) {
		for (k = 0; k < len; k++)
			if (plain_fold(p[i + k], exact) !=
			    plain_fold(what[k], exact))
				break;
		if (k == len)
			return true;
	}
	return false;
}

static int plain_six(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Each run of letters of base64, its groups begun at each of four places. */
static bool plain_coded(const unsigned char *p, size_t n,
    const unsigned char *what, size_t len, bool exact, unsigned char *room)
{
	for (size_t i = 0, end; i < n; i = end + 1) {
		for (end = i; end < n && plain_six(p[end]) >= 0;)
			end++;
		for (size_t from = i; from < i + 4 && from < end; from++) {
			unsigned long bits = 0;
			size_t have = 0, out = 0;

			for (size_t k = from; k < end; k++) {
				bits = (bits << 6 |
				           (unsigned long)plain_six(p[k])) &
				       0xffffff;
				have += 6;
				if (have >= 8) {
					have -= 8;
					room[out++] =
					    (unsigned char)(bits >> have);
				}
			}
			if (plain_has(room, out, what, len, exact))
				return true;
		}
	}
	return false;
}

/* Must guard_feed find p in the text? */
static bool plain_guard(const struct guard_pattern *p, struct span text)
{
	static unsigned char once[PLAIN_MAX], both[PLAIN_MAX], room[PLAIN_MAX];
	unsigned char half[GUARD_TEXT_MAX_BYTES], what[GUARD_TEXT_MAX_BYTES];
	const unsigned char *t = (const unsigned char *)text.p;
	size_t len =
	    plain_percent((const unsigned char *)p->text.p, p->text.n, half);
	size_t n = plain_percent(t, text.n, once);

	len = plain_slashes(half, len, what);
	n = plain_slashes(once, n, both);
	return plain_has(both, n, what, len, p->exact) ||
	       plain_has(t, text.n, what, len, p->exact) ||
	       (len >= GUARD_BASE64_MIN_BYTES &&
	           plain_coded(both, n, what, len, p->exact, room));
}

#endif
