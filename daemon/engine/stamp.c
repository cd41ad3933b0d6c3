/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/stamp.h"

#include <errno.h>

#define DAY_S 86400

static const char month_word[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char day_word[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	"Sun" };

/* A point in time, the Gregorian calendar taken backwards as well. */
struct stamp {
	int year, month, day; /* month and day from 1 */
	int second;           /* of the day */
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
	return days * DAY_S + t->second;
}

/* v from 0; false when the year needs five digits. */
static bool from_seconds(int64_t v, struct stamp *t)
{
	int64_t days = v / DAY_S;

	t->second = (int)(v % DAY_S);
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

/* The number in n digits at p; -1 when they are no digits. */
static int digits(const char *p, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!ascii_digit(p[i]))
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

static void put_digits(char *p, size_t n, int64_t v)
{
	for (; n > 0; v /= 10)
		p[--n] = (char)('0' + v % 10);
}

/* "HH:MM:SS" at p; -1 when it is no time of day. A leap second counts as the
 * second before it. */
static int time_of_day(const char *p)
{
	int h = digits(p, 2), m = digits(p + 3, 2), s = digits(p + 6, 2);

	if (p[2] != ':' || p[5] != ':' || h < 0 || h > 23 || m < 0 || m > 59 ||
	    s < 0 || s > 60)
		return -1;
	return h * 3600 + m * 60 + (s < 60 ? s : 59);
}

static void put_time_of_day(char *p, int second)
{
	put_digits(p, 2, second / 3600);
	put_digits(p + 3, 2, second / 60 % 60);
	put_digits(p + 6, 2, second % 60);
}

static bool is_date(const struct stamp *t)
{
	return t->year >= 0 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days_of_month(t->year, t->month);
}

/* "Z", "z" or "+HH:MM": seconds east of UTC. */
static int zone(struct span s, int64_t *ret_east)
{
	int h, m;

	*ret_east = 0;
	if (s.n == 1 && ascii_lower(s.p[0]) == 'z')
		return 0;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return -EINVAL;
	h = digits(s.p + 1, 2);
	m = digits(s.p + 4, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -EINVAL;
	*ret_east = (s.p[0] == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return 0;
}

static int coarsen_rfc3339(struct span text, uint32_t seconds, char *out)
{
	struct stamp t;
	int64_t east, v;
	size_t end = 19; /* of the seconds, then of the fraction */

	if (text.n < 20 || text.p[4] != '-' || text.p[7] != '-' ||
	    (ascii_lower(text.p[10]) != 't' && text.p[10] != ' '))
		return -EINVAL;
	t.year = digits(text.p, 4);
	t.month = digits(text.p + 5, 2);
	t.day = digits(text.p + 8, 2);
	t.second = time_of_day(text.p + 11);
	if (!is_date(&t) || t.second < 0)
		return -EINVAL;
	if (text.p[end] == '.')
		for (end++; end < text.n && ascii_digit(text.p[end]); end++)
			out[end] = '0';
	if (end == 20 || zone(span_from(text, end), &east) < 0)
		return -EINVAL;
	v = to_seconds(&t) - east - epoch();
	v = floor_to(v, seconds) + epoch() + east;
	if (v < 0 || !from_seconds(v, &t))
		return -EINVAL;
	put_digits(out, 4, t.year);
	put_digits(out + 5, 2, t.month);
	put_digits(out + 8, 2, t.day);
	put_time_of_day(out + 11, t.second);
	return 0;
}

static int word_at(const char (*word)[4], int n, const char *p)
{
	for (int i = 0; i < n; i++)
		if (memcmp(word[i], p, 3) == 0)
			return i;
	return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static int coarsen_imf(struct span text, uint32_t seconds, char *out)
{
	struct stamp t;
	int64_t v;

	if (text.n != 29 || memcmp(text.p + 3, ", ", 2) != 0 ||
	    text.p[7] != ' ' || text.p[11] != ' ' || text.p[16] != ' ' ||
	    memcmp(text.p + 25, " GMT", 4) != 0 ||
	    word_at(day_word, 7, text.p) < 0)
		return -EINVAL;
	t.day = digits(text.p + 5, 2);
	t.month = word_at(month_word, 12, text.p + 8) + 1;
	t.year = digits(text.p + 12, 4);
	t.second = time_of_day(text.p + 17);
	if (!is_date(&t) || t.second < 0)
		return -EINVAL;
	v = floor_to(to_seconds(&t) - epoch(), seconds) + epoch();
	if (v < 0 || !from_seconds(v, &t))
		return -EINVAL;
	/* 0000-01-01 is a Saturday. */
	memcpy(out, day_word[(v / DAY_S + 5) % 7], 3);
	put_digits(out + 5, 2, t.day);
	memcpy(out + 8, month_word[t.month - 1], 3);
	put_digits(out + 12, 4, t.year);
	put_time_of_day(out + 17, t.second);
	return 0;
}

static int coarsen_epoch(struct span text, uint32_t seconds, char *out)
{
	struct span fraction = text, whole = span_cut(&fraction, '.');
	uint64_t v, unit;

	if (whole.n == 10)
		unit = 1;
	else if (whole.n == 13)
		unit = 1000;
	else if (whole.n == 16)
		unit = 1000000;
	else
		return -EINVAL;
	if (whole.p[0] == '0' || span_u64(whole, UINT64_MAX, &v) < 0)
		return -EINVAL;
	if (whole.n < text.n && fraction.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < fraction.n; i++) {
		if (!ascii_digit(fraction.p[i]))
			return -EINVAL;
		out[whole.n + 1 + i] = '0';
	}
	v -= v % (seconds * unit);
	put_digits(out, whole.n, (int64_t)v);
	return out[0] != '0' ? 0 : -EINVAL;
}

int stamp_coarsen(struct span text, uint32_t seconds, char out[STAMP_MAX_BYTES])
{
	if (text.n < 10 || text.n > STAMP_MAX_BYTES)
		return -EINVAL;
	memcpy(out, text.p, text.n);
	if (coarsen_epoch(text, seconds, out) == 0)
		return 0;
	memcpy(out, text.p, text.n);
	if (coarsen_imf(text, seconds, out) == 0)
		return 0;
	memcpy(out, text.p, text.n);
	return coarsen_rfc3339(text, seconds, out);
}
