/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/stamp.h"

#include <errno.h>

#define DAY_S 86400

static const char month_word[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_word[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	"Sun" };

/* The forms, as in strftime but for
 *   %D  day, one digit or two     %e  day of two characters, ' ' for '0'
 *   %T  'T', 't' or a space       %f  a fraction of seconds, or nothing
 *   %z  a zone, or nothing        %Z  a zone
 * A zone is 'Z', GMT, UTC, UT, +hh, +hhmm or +hh:mm, perhaps behind a space;
 * without one, UTC is meant. */
static const char *const form[] = {
	"%Y-%m-%d%T%H:%M:%S%f%z", /* RFC 3339, ISO 8601, SQL */
	"%Y-%m-%d%T%H:%M%z", "%Y-%m-%d",
	"%Y%m%dT%H%M%S%f%z", /* ISO 8601, basic */
	"%Y%m%dT%H%M%z", "%Y%m%d%H%M%S%f", "%Y%m%d",
	"%a, %D %b %Y %H:%M:%S%Z", /* RFC 9110, 5322 */
	"%a, %D %b %Y %H:%M%Z", "%D %b %Y %H:%M:%S%Z", "%D %b %Y %H:%M%Z",
	"%a %b %e %H:%M:%S %Y", /* asctime */
};

/* A point in time, the Gregorian calendar taken backwards as well. */
struct stamp {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int east; /* seconds */
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0000-01-01 to the first day of year (0 to 10000). */
static int64_t days_before(int year)
{
	int y = year - 1;

	if (year == 0)
		return 0;
	return (int64_t)year * 365 + y / 4 - y / 100 + y / 400 + 1;
}

/* Seconds since 0000-01-01T00:00:00. */
static int64_t to_seconds(const struct stamp *t)
{
	int64_t days = days_before(t->year) + t->day - 1;

	for (int m = 1; m < t->month; m++)
		days += days_of_month(t->year, m);
	return days * DAY_S + t->hour * 3600 + t->minute * 60 + t->second;
}

/* v from 0; false when the year needs five digits. */
static bool from_seconds(int64_t v, struct stamp *t)
{
	int64_t days = v / DAY_S;

	t->hour = (int)(v % DAY_S / 3600);
	t->minute = (int)(v % 3600 / 60);
	t->second = (int)(v % 60);
	t->year = (int)(days / 366); /* never too late */
	while (t->year <= 9999 && days_before(t->year + 1) <= days)
		t->year++;
	days -= days_before(t->year);
	t->month = 1;
	while (t->month < 12 && days >= days_of_month(t->year, t->month))
		days -= days_of_month(t->year, t->month++);
	t->day = (int)days + 1;
	return t->year <= 9999;
}

static int64_t floor_to(int64_t v, int64_t step)
{
	return v - (v % step + step) % step;
}

/* Seconds of 1970-01-01 on the scale of to_seconds: multiples are counted from
 * there, as for epoch times. */
static int64_t epoch(void)
{
	return days_before(1970) * DAY_S;
}

/* The number in the first n digits of s; -1 when they are no digits. */
static int digits(struct span s, size_t n)
{
	int v = 0;

	if (s.n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_digit(s.p[i]))
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v;
}

static size_t put_digits(char *p, size_t n, int64_t v)
{
	for (size_t i = n; i > 0; v /= 10)
		p[--i] = (char)('0' + v % 10);
	return n;
}

static int word_at(const char (*word)[4], int n, struct span s)
{
	for (int i = 0; s.n >= 3 && i < n; i++)
		if (memcmp(word[i], s.p, 3) == 0)
			return i;
	return -1;
}

/* Bytes of the zone at the start of s, -1 when there is none. */
static int read_zone(struct span s, int *ret_east)
{
	static const struct span utc[] = { { "UTC", 3 }, { "GMT", 3 },
		{ "UT", 2 }, { "Z", 1 }, { "z", 1 } };
	int space = s.n > 0 && s.p[0] == ' ', h, m = 0, n = 3;

	s = span_from(s, (size_t)space);
	*ret_east = 0;
	for (size_t i = 0; i < sizeof utc / sizeof *utc; i++)
		if (span_starts(s, utc[i]))
			return space + (int)utc[i].n;
	if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-'))
		return -1;
	h = digits(span_from(s, 1), 2);
	if (s.n > 3) {
		n = s.p[3] == ':' ? 6 : 5;
		m = digits(span_from(s, (size_t)n - 2), 2);
	}
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*ret_east = (s.p[0] == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return space + n;
}

/* Bytes of a fraction at the start of s, 0 when there is none. */
static int read_fraction(struct span s)
{
	int n = 1;

	if (s.n == 0 || (s.p[0] != '.' && s.p[0] != ','))
		return 0;
	while ((size_t)n < s.n && ascii_digit(s.p[n]))
		n++;
	return n > 1 ? n : 0;
}

/* Read one field at the start of s: the bytes it takes, -1 when it is not
 * there. */
static int read_field(char field, struct span s, struct stamp *t)
{
	bool padded;
	int n, east;

	switch (field) {
	case 'Y':
		return (t->year = digits(s, 4)) < 0 ? -1 : 4;
	case 'm':
		return (t->month = digits(s, 2)) < 0 ? -1 : 2;
	case 'd':
		return (t->day = digits(s, 2)) < 0 ? -1 : 2;
	case 'D':
		n = s.n > 1 && ascii_digit(s.p[1]) ? 2 : 1;
		return (t->day = digits(s, (size_t)n)) < 0 ? -1 : n;
	case 'e':
		padded = s.n > 0 && s.p[0] == ' ';
		t->day = padded ? digits(span_from(s, 1), 1) : digits(s, 2);
		return t->day < 0 ? -1 : 2;
	case 'H':
		return (t->hour = digits(s, 2)) < 0 ? -1 : 2;
	case 'M':
		return (t->minute = digits(s, 2)) < 0 ? -1 : 2;
	case 'S':
		return (t->second = digits(s, 2)) < 0 ? -1 : 2;
	case 'b':
		t->month = word_at(month_word, 12, s) + 1;
		return t->month == 0 ? -1 : 3;
	case 'a':
		return word_at(day_word, 7, s) < 0 ? -1 : 3;
	case 'f':
		return read_fraction(s);
	case 'T':
		return s.n > 0 && strchr("Tt ", s.p[0]) != NULL &&
		               s.p[0] != '\0'
		           ? 1
		           : -1;
	case 'z':
		n = read_zone(s, &east);
		t->east = n < 0 ? 0 : east;
		return n < 0 ? 0 : n;
	case 'Z':
		return read_zone(s, &t->east);
	default:
		return -1;
	}
}

/* Write one field in the place of was; the bytes written. */
static size_t write_field(
    char field, struct span was, const struct stamp *t, char *out)
{
	int64_t days;

	switch (field) {
	case 'Y':
		return put_digits(out, 4, t->year);
	case 'm':
		return put_digits(out, 2, t->month);
	case 'd':
		return put_digits(out, 2, t->day);
	case 'D':
		return put_digits(
		    out, was.n == 1 && t->day < 10 ? 1 : 2, t->day);
	case 'e':
		put_digits(out, 2, t->day);
		if (t->day < 10)
			out[0] = ' ';
		return 2;
	case 'H':
		return put_digits(out, 2, t->hour);
	case 'M':
		return put_digits(out, 2, t->minute);
	case 'S':
		return put_digits(out, 2, t->second);
	case 'b':
		memcpy(out, month_word[t->month - 1], 3);
		return 3;
	case 'a':
		days = to_seconds(t) / DAY_S;
		memcpy(out, day_word[(days + 5) % 7], 3); /* year 0: Saturday */
		return 3;
	case 'f':
		if (was.n > 0) {
			out[0] = was.p[0];
			memset(out + 1, '0', was.n - 1);
		}
		return was.n;
	default: /* as it was */
		memcpy(out, was.p, was.n);
		return was.n;
	}
}

static bool is_sound(const struct stamp *t)
{
	return t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days_of_month(t->year, t->month) && t->hour <= 23 &&
	       t->minute <= 59 && t->second <= 60;
}

/* Does the whole text have this form? */
static bool read_form(const char *f, struct span text, struct stamp *t)
{
	int n;

	*t = (struct stamp){ .year = 0 };
	for (; *f != '\0'; f++) {
		if (*f == '%')
			n = read_field(*++f, text, t);
		else
			n = text.n > 0 && *f == text.p[0] ? 1 : -1;
		if (n < 0)
			return false;
		text = span_from(text, (size_t)n);
	}
	return text.n == 0 && is_sound(t);
}

static int write_form(
    const char *f, struct span text, const struct stamp *t, char *out)
{
	struct stamp old = { .year = 0 };
	size_t n = 0, was;

	for (; *f != '\0'; f++) {
		was = 1;
		if (*f == '%') {
			was = (size_t)read_field(*++f, text, &old);
			n += write_field(*f, span_of(text.p, was), t, out + n);
		} else {
			out[n++] = *f;
		}
		text = span_from(text, was);
	}
	return (int)n;
}

/* Eight digits and more are a date only in times that people live in. */
static bool is_plausible(struct span text, const struct stamp *t)
{
	return digits(text, 8) < 0 || (t->year >= 1900 && t->year <= 2199);
}

/* seconds, or so many more that a multiple can be written in form f. */
static int64_t step_of(const char *f, uint32_t seconds)
{
	int64_t unit = DAY_S;

	if (strstr(f, "%S") != NULL)
		unit = 1;
	else if (strstr(f, "%M") != NULL)
		unit = 60;
	return (seconds + unit - 1) / unit * unit;
}

static int coarsen_calendar(struct span text, uint32_t seconds, char *out)
{
	struct stamp t;
	int64_t v;

	for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
		if (!read_form(form[i], text, &t) || !is_plausible(text, &t))
			continue;
		if (t.second == 60)
			t.second = 59; /* a leap second */
		v = to_seconds(&t) - t.east - epoch();
		v = floor_to(v, step_of(form[i], seconds)) + epoch() + t.east;
		if (v < 0 || !from_seconds(v, &t) || !is_plausible(text, &t))
			return -EINVAL;
		return write_form(form[i], text, &t, out);
	}
	return -EINVAL;
}

/* Digits, perhaps with a fraction. The seconds of NTP (RFC 5905) count from
 * 1900, a whole number of days before 1970: they need no case of their own. */
static int coarsen_epoch(struct span text, uint32_t seconds, char *out)
{
	static const uint64_t unit[] = { 1, 1000, 1000000, 1000000000 };
	struct span fraction = text, whole = span_cut(&fraction, '.');
	uint64_t v;

	if (span_eq(text, SPAN("0"))) {
		out[0] = '0'; /* no time at all */
		return 1;
	}
	if (whole.n < 10 || whole.n > 19 || (whole.n - 10) % 3 != 0 ||
	    whole.p[0] == '0' || span_u64(whole, INT64_MAX, &v) < 0)
		return -EINVAL;
	if (whole.n < text.n && fraction.n == 0)
		return -EINVAL;
	memcpy(out, text.p, text.n);
	for (size_t i = 0; i < fraction.n; i++) {
		if (!ascii_digit(fraction.p[i]))
			return -EINVAL;
		out[whole.n + 1 + i] = '0';
	}
	v -= v % (seconds * unit[(whole.n - 10) / 3]);
	put_digits(out, whole.n, (int64_t)v);
	return out[0] != '0' ? (int)text.n : -EINVAL;
}

int stamp_coarsen(
    struct span text, uint32_t seconds, char out[STAMP_MAX_BYTES + 1])
{
	int n;

	if (text.n == 0 || text.n > STAMP_MAX_BYTES)
		return -EINVAL;
	n = coarsen_epoch(text, seconds, out);
	return n > 0 ? n : coarsen_calendar(text, seconds, out);
}
