/* SPDX-License-Identifier: EUPL-1.2 */
/* Numbers: points in time and on the map. */
#include "engine/detect_int.h"
#include "engine/stamp.h"

#define YEAR_MIN 1990
#define YEAR_MAX 2049
#define EPOCH_MIN_S 1262304000u /* 2010 */
#define EPOCH_MAX_S 2082758399u /* the end of 2035 */
#define WORDED_MIN_BYTES 16

static bool is_time(struct span s)
{
	char out[STAMP_MAX_BYTES + 1];

	return stamp_coarsen(s, 1, out) > 0;
}

static unsigned number(struct span s, size_t i, size_t n)
{
	unsigned v = 0;

	for (; n > 0; n--)
		v = v * 10 + (unsigned)(s.p[i++] - '0');
	return v;
}

static bool is_year(struct span s, size_t i)
{
	unsigned v = number(s, i, 4);

	return v >= YEAR_MIN && v <= YEAR_MAX;
}

static bool ends(struct span s, size_t i)
{
	return !detect_word(detect_at(s, i));
}

/* Do the characters from i on have this form? '0' is a digit. */
static bool has_form(struct span s, size_t i, const char *form)
{
	for (; *form != '\0'; form++, i++)
		if (*form == '0' ? !ascii_digit(detect_at(s, i))
		                 : detect_at(s, i) != *form)
			return false;
	return true;
}

/* Behind seconds: the bytes of a fraction at i. */
static size_t fraction(struct span s, size_t i)
{
	size_t n = 0;

	if (detect_any(detect_at(s, i), ".,"))
		n = detect_digits(s, i + 1, 12);
	return n > 0 ? n + 1 : 0;
}

/* Bytes of a zone at i. */
static size_t zone(struct span s, size_t i)
{
	size_t space = detect_at(s, i) == ' ';

	if (detect_any(detect_at(s, i), "Zz") && ends(s, i + 1))
		return 1;
	i += space;
	if (span_starts(span_from(s, i), SPAN("UTC")) ||
	    span_starts(span_from(s, i), SPAN("GMT")))
		return space + 3;
	if (!detect_any(detect_at(s, i), "+-"))
		return 0;
	if (has_form(s, i + 1, "00:00"))
		return space + 6;
	if (has_form(s, i + 1, "0000"))
		return space + 5;
	return has_form(s, i + 1, "00") ? space + 3 : 0;
}

/* The longest of the parts up to n, n + more, n + more + last that is a time
 * and ends with a word. */
static size_t longest(
    struct span s, size_t i, size_t n, size_t more, size_t last)
{
	const size_t try[] = { n + more + last, n + more, n };

	for (size_t k = 0; k < 3; k++)
		if (ends(s, i + try[k]) && is_time(span_of(s.p + i, try[k])))
			return try[k];
	return 0;
}

/* 2026-11-23, perhaps with a time. */
static size_t extended(struct span s, size_t i)
{
	size_t n = 10, more = 0, r = 0;

	if (!has_form(s, i, "0000-00-00") || !is_year(s, i) ||
	    detect_any(detect_before(s, i), "-.") || detect_at(s, i + n) == '-')
		return 0;
	if (detect_any(detect_at(s, i + n), "Tt ") &&
	    has_form(s, i + n + 1, "00:00")) {
		n += 6;
		if (has_form(s, i + n, ":00")) {
			n += 3;
			more = fraction(s, i + n);
		}
		r = longest(s, i, n, more, zone(s, i + n + more));
		n = 10;
	}
	return r > 0 ? r : longest(s, i, n, 0, 0);
}

/* 20261123T090346Z anywhere; digits alone as the whole text. */
static size_t basic(struct span s, size_t i, size_t digits)
{
	size_t n = 8, more = 0;

	if (digits < 8 || !is_year(s, i))
		return 0;
	if (detect_at(s, i + 8) != 'T')
		return i == 0 && digits == s.n &&
		               (digits == 8 || digits == 14) && is_time(s)
		           ? digits
		           : 0;
	if (detect_any(detect_before(s, i), "-."))
		return 0;
	if (has_form(s, i + n, "T000000")) {
		n += 7;
		more = fraction(s, i + n);
	} else if (has_form(s, i + n, "T0000")) {
		n += 5;
	} else {
		return 0;
	}
	return longest(s, i, n, more, zone(s, i + n + more));
}

static size_t epoch(struct span s, size_t i, size_t digits)
{
	char next = detect_at(s, i + digits);
	unsigned first;

	if (digits < 10 || digits > 19 || (digits - 10) % 3 != 0 ||
	    detect_any(detect_before(s, i), ".-+"))
		return 0;
	first = number(s, i, 9);
	if (s.p[i] == '0' || first < EPOCH_MIN_S / 10 ||
	    first > EPOCH_MAX_S / 10)
		return 0;
	if (digits == 10 && (i > 0 || next != '.') && digits != s.n)
		return 0; /* priorities of ICE look the same */
	if (next == '.' && i == 0 &&
	    detect_digits(s, digits + 1, 12) == s.n - digits - 1 &&
	    s.n > digits + 1)
		return s.n;
	return detect_word(next) || detect_any(next, ".-") ? 0 : digits;
}

/* Does a day or month begin here: which of three letters? */
static bool is_name(struct span s, size_t i, const char *names)
{
	for (; *names != '\0'; names += 3)
		if (span_starts(span_from(s, i), span_of(names, 3)))
			return true;
	return false;
}

/* "Mon, 23 Nov 2026 09:03:46 GMT" and its like: some year stands in it. */
static size_t worded(struct span s, size_t i)
{
	size_t n = 0, year;

	while (n < 40 && (detect_word(detect_at(s, i + n)) ||
	                     detect_any(detect_at(s, i + n), " :,+-")))
		n++;
	for (; n >= WORDED_MIN_BYTES; n--) {
		if (!ends(s, i + n) || !is_time(span_of(s.p + i, n)))
			continue;
		for (year = i; year + 4 <= i + n; year++)
			if (has_form(s, year, "0000") &&
			    detect_before(s, year) == ' ' && is_year(s, year))
				return n;
	}
	return 0;
}

size_t detect_timestamp(struct span s, size_t i)
{
	static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t digits = detect_digits(s, i, 20), n;

	if (digits == 0)
		return is_name(s, i, "MonTueWedThuFriSatSun") &&
		               detect_any(detect_at(s, i + 3), ", ")
		           ? worded(s, i)
		           : 0;
	if (digits == 4)
		return extended(s, i);
	if (digits < 3)
		return is_name(s, i + digits + 1, month) ? worded(s, i) : 0;
	n = basic(s, i, digits);
	return n > 0 ? n : epoch(s, i, digits);
}

/* ---- coordinates ---- */

struct decimal {
	size_t n;        /* bytes */
	unsigned whole;  /* before the point */
	size_t fraction; /* digits behind it */
};

static bool read_decimal(struct span s, size_t i, struct decimal *ret_d)
{
	size_t sign = detect_any(detect_at(s, i), "+-");
	size_t n = detect_digits(s, i + sign, 3);

	if (n == 0 || n > 3 || detect_at(s, i + sign + n) != '.')
		return false;
	ret_d->whole = number(s, i + sign, n);
	ret_d->fraction = detect_digits(s, i + sign + n + 1, 17);
	ret_d->n = sign + n + 1 + ret_d->fraction;
	return ret_d->fraction >= 3 && ret_d->fraction <= 17;
}

/* Bytes between two numbers; the second one may have a sign. */
static size_t between(struct span s, size_t i, bool *ret_any)
{
	size_t n = 0;

	while (n < 3 && detect_at(s, i + n) == ' ')
		n++;
	if (detect_any(detect_at(s, i + n), ",;")) {
		*ret_any = true;
		for (n++; n < 6 && detect_at(s, i + n) == ' ';)
			n++;
		return n;
	}
	*ret_any = n == 0 && detect_any(detect_at(s, i), "+-");
	return n;
}

size_t detect_geo(struct span s, size_t i)
{
	struct decimal a, b;
	size_t n;
	bool any;

	if (detect_any(detect_before(s, i), ".+-") || !read_decimal(s, i, &a))
		return 0;
	if (i == 0 && a.n == s.n)
		return a.whole >= 10 && a.whole <= 180 && a.fraction >= 5 &&
		               a.fraction <= 8
		           ? a.n
		           : 0;
	n = a.n + between(s, i + a.n, &any);
	if (!any || !read_decimal(s, i + n, &b) || a.whole > 90 ||
	    b.whole > 180 || (a.whole == 0 && b.whole == 0))
		return 0;
	n += b.n;
	return detect_word(detect_at(s, i + n)) ||
	               (detect_at(s, i + n) == '.' &&
	                   ascii_digit(detect_at(s, i + n + 1)))
	           ? 0
	           : n;
}
