/* SPDX-License-Identifier: EUPL-1.2 */
/* date - civil dates of the proleptic Gregorian calendar, UTC, without a clock
 * or a time zone of this machine: "2026-03-01" (full-date of RFC 3339, 5.6). */
#ifndef CONF_DATE_H
#define CONF_DATE_H

#include "base/span.h"

/* Days since 1970-01-01, years 0001 to 9999. 0, or -EINVAL: no such date. */
int date_days(struct span text, int32_t *ret_days);

/* "2026-03-01" of such a day; "?" before 1970 and after 4707. */
#define DATE_TEXT_BYTES 11
void date_text(int32_t day, char out[DATE_TEXT_BYTES]);

/* The UTC day of a point in time, seconds since 1970 (earlier: negative). */
int32_t date_of(int64_t seconds);

#endif
