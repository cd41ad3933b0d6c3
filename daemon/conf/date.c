/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/date.h"

#include <errno.h>
#include <stdio.h>

#define DAY_S 86400
#define DAY_MAX 1000000 /* in the year 4707 */

static bool is_leap(int32_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days before year y (from 1), counted from 0001-01-01. */
static int32_t days_before(int32_t y)
{
	y--;
	return y * 365 + y / 4 - y / 100 + y / 400;
}

int date_days(struct span text, int32_t *ret_days)
{
	static const unsigned char length[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	uint64_t year, month, day, last;
	int32_t days;

	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' ||
	    span_u64(span_of(text.p, 4), 9999, &year) < 0 ||
	    span_u64(span_of(text.p + 5, 2), 12, &month) < 0 ||
	    span_u64(span_of(text.p + 8, 2), 31, &day) < 0 || year < 1 ||
	    month < 1 || day < 1)
		return -EINVAL;
	last = length[month - 1];
	if (month == 2 && is_leap((int32_t)year))
		last = 29;
	if (day > last)
		return -EINVAL;
	days = days_before((int32_t)year) - days_before(1970);
	for (uint64_t m = 1; m < month; m++)
		days += length[m - 1];
	if (month > 2 && is_leap((int32_t)year))
		days++;
	*ret_days = days + (int32_t)day - 1;
	return 0;
}

/* Fliegel and Van Flandern, 1968. */
void date_text(int32_t day, char out[DATE_TEXT_BYTES])
{
	int32_t l, n, i, j;

	if (day < 0 || day > DAY_MAX) {
		snprintf(out, DATE_TEXT_BYTES, "?");
		return;
	}
	l = day + 2440588 + 68569;
	n = 4 * l / 146097;
	l -= (146097 * n + 3) / 4;
	i = 4000 * (l + 1) / 1461001;
	l = l - 1461 * i / 4 + 31;
	j = 80 * l / 2447;
	snprintf(out, DATE_TEXT_BYTES, "%04u-%02u-%02u",
	    (unsigned)(100 * (n - 49) + i + j / 11) % 10000,
	    (unsigned)(j + 2 - 12 * (j / 11)) % 100,
	    (unsigned)(l - 2447 * j / 80) % 100);
}

int32_t date_of(int64_t seconds)
{
	int64_t day = seconds / DAY_S;

	if (seconds % DAY_S < 0)
		day--;
	if (day > INT32_MAX)
		return INT32_MAX;
	return day < INT32_MIN ? INT32_MIN : (int32_t)day;
}
