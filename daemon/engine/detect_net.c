/* SPDX-License-Identifier: EUPL-1.2 */
/* Addresses of networks and telephones. */
#include "engine/detect_int.h"

#define V6_MAX_BYTES 45
#define ZONE_MAX_BYTES 15
#define PHONE_DIGITS_MAX 17 /* 00, and fifteen */

/* Four numbers at i: their length, whatever stands about them. */
static size_t four_numbers(struct span s, size_t i)
{
	size_t at = i;

	for (unsigned k = 0; k < 4; k++) {
		size_t n;
		unsigned v = 0;

		if (k > 0 && detect_at(s, at++) != '.')
			return 0;
		n = detect_digits(s, at, 3);
		if (n == 0 || n > 3 || (n > 1 && s.p[at] == '0'))
			return 0;
		for (; n > 0; n--)
			v = v * 10 + (unsigned)(s.p[at++] - '0');
		if (v > 255)
			return 0;
	}
	return at - i;
}

/* "Chrome/1.2.3.4", but not "http://1.2.3.4". */
static bool behind_product(struct span s, size_t i)
{
	return i > 0 && s.p[i - 1] == '/' && i > 1 && s.p[i - 2] != '/';
}

size_t detect_ipv4(struct span s, size_t i)
{
	size_t n = four_numbers(s, i);
	char next = detect_at(s, i + n);
	unsigned first = 0;

	if (n == 0 || detect_any(detect_before(s, i), ".-") ||
	    behind_product(s, i) || detect_word(next) || next == '-' ||
	    (next == '.' && detect_word(detect_at(s, i + n + 1))))
		return 0;
	for (size_t k = i; s.p[k] != '.'; k++)
		first = first * 10 + (unsigned)(s.p[k] - '0');
	if (first == 0 || first == 127 || first > 223 ||
	    span_ends(span_of(s.p + i, n), SPAN(".0.0.0")))
		return 0;
	return n;
}

/* Is the whole text an address? */
static bool is_ipv6(struct span s)
{
	unsigned groups = 0, digits = 0;
	bool gap = false;
	size_t i = 0, n;

	if (s.n < 2 || (s.p[0] == ':' && s.p[1] != ':'))
		return false;
	while (i < s.n) {
		if (s.p[i] == ':' && detect_at(s, i + 1) == ':') {
			if (gap || detect_at(s, i + 2) == ':')
				return false;
			gap = true;
			i += 2;
			continue;
		}
		if (s.p[i] == ':')
			i++;
		for (n = 0; ascii_hex(detect_at(s, i + n)) >= 0; n++)
			digits += ascii_digit(s.p[i + n]);
		if (detect_at(s, i + n) == '.') {
			if (four_numbers(s, i) != s.n - i)
				return false;
			groups += 2;
			i = s.n;
			break;
		}
		if (n == 0 || n > 4)
			return false;
		groups++;
		i += n;
	}
	return gap ? groups >= 2 && groups <= 7 && digits > 0 : groups == 8;
}

size_t detect_ipv6(struct span s, size_t i)
{
	size_t n = 0, colons = 0, zone = 0;

	if (detect_any(detect_before(s, i), ":."))
		return 0;
	while (n <= V6_MAX_BYTES && (ascii_hex(detect_at(s, i + n)) >= 0 ||
	                                detect_any(detect_at(s, i + n), ":.")))
		colons += s.p[i + n++] == ':';
	if (colons < 2)
		return 0;
	if (s.p[i + n - 1] == '.' ||
	    (s.p[i + n - 1] == ':' && s.p[i + n - 2] != ':'))
		n--; /* the end of a sentence */
	if (n > V6_MAX_BYTES || detect_word(detect_at(s, i + n)) ||
	    !is_ipv6(span_of(s.p + i, n)))
		return 0;
	if (detect_at(s, i + n) == '%')
		while (zone < ZONE_MAX_BYTES &&
		       detect_word(detect_at(s, i + n + 1 + zone)))
			zone++;
	return zone > 0 ? n + 1 + zone : n;
}

size_t detect_mac(struct span s, size_t i)
{
	char between = detect_at(s, i + 2), c;
	bool zero = true;

	if (!detect_any(between, ":-") || s.n - i < 17 ||
	    detect_any(detect_before(s, i), ":-"))
		return 0;
	for (size_t k = 0; k < 17; k++) {
		c = s.p[i + k];
		if (k % 3 == 2 ? c != between : ascii_hex(c) < 0)
			return 0;
		zero = zero && (c == '0' || c == between);
	}
	c = detect_at(s, i + 17);
	return zero || detect_word(c) || detect_any(c, ":-") ? 0 : 17;
}

/* ---- telephones ---- */

struct phone {
	char digit[PHONE_DIGITS_MAX + 1];
	size_t n;    /* digits; more than the maximum: none */
	size_t area; /* digits before the first separator */
	size_t end;  /* behind the last digit */
};

/* Digits from i on with what may stand between them. */
static void read_phone(struct span s, size_t i, struct phone *p)
{
	unsigned between = 0;
	char c;

	*p = (struct phone){ .end = i };
	for (; p->n <= PHONE_DIGITS_MAX; i++) {
		c = detect_at(s, i);
		if (ascii_digit(c)) {
			p->digit[p->n++] = c;
			p->end = i + 1;
			between = 0;
		} else if (detect_any(c, " -/.()") && between < 2 &&
		           (between == 0 || detect_any(c, "()") ||
		               s.p[i - 1] == ')')) {
			if (p->area == 0 && p->n > 0 && c != '.')
				p->area = p->n;
			between++;
		} else {
			break;
		}
	}
}

static bool is_german(const struct phone *p)
{
	const char *d = p->digit;

	if (d[0] != '0')
		return false;
	if (d[1] == '0')
		return d[2] == '4' && d[3] == '9' && p->n >= 11;
	if (d[1] == '1')
		return d[2] >= '5' && d[2] <= '7' && p->n >= 10 && p->n <= 13;
	return p->n >= 8 && p->n <= 13 && p->area >= 3 && p->area <= 5;
}

size_t detect_phone(struct span s, size_t i)
{
	bool plus = s.p[i] == '+';
	struct phone p;
	char next;

	if (detect_any(detect_before(s, i), ".-/:,+") ||
	    (s.p[i] != '0' && s.p[i] != '(' && !plus) ||
	    (!plus && s.p[i] == '(' && detect_at(s, i + 1) != '0') ||
	    (plus && !ascii_digit(detect_at(s, i + 1))))
		return 0;
	read_phone(s, i + (s.p[i] != '0'), &p);
	next = detect_at(s, p.end);
	if (p.n < 8 || detect_word(next) ||
	    (detect_any(next, "-./:,+") &&
	        detect_word(detect_at(s, p.end + 1))))
		return 0;
	if (plus)
		return p.n <= 15 && p.digit[0] != '0' ? p.end - i : 0;
	return p.n <= PHONE_DIGITS_MAX && is_german(&p) ? p.end - i : 0;
}
