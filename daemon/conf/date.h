/* SPDX-License-Identifier: EUPL-1.2 */
/* date - civil dates of the proleptic Gregorian calendar, UTC, without a clock
 * or a time zone of this machine: "2026-03-01" (full-date of RFC 3339, 5.6). */
#ifndef CONF_DATE_H
#define CONF_DATE_H

#include "base/span.h"

/* Days since 1970-01-01, years 0001 to 9999. 0, or -EINVAL: no such date. */
int date_days(struct span text, int32_t *ret_days);

/* The UTC day of a point in time, seconds since 1970 (earlier: negative). */
int32_t date_of(int64_t seconds);

#endif
