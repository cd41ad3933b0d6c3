/* SPDX-License-Identifier: EUPL-1.2 */
/* stamp - make a point in time coarser without changing its form: RFC 3339 and
 * ISO 8601 (extended and basic, with or without seconds, fraction and zone), SQL
 * ("2026-11-23 09:03:46"), a date alone, the dates of RFC 9110 (IMF-fixdate,
 * asctime) and RFC 5322, and seconds (10 digits), milliseconds (13),
 * microseconds (16) or nanoseconds (19) since 1970, with or without a fraction,
 * or seconds of NTP (10). Pure: no clock and no time zone of this machine. */
#ifndef ENGINE_STAMP_H
#define ENGINE_STAMP_H

#include "base/span.h"

#define STAMP_MAX_BYTES 64 /* a longer text is no time */

/* Down to a multiple of seconds (> 0) in UTC. "0" is no time and stays. The
 * length of the new text, that of text or (a day of one digit) one more; or
 * -EINVAL: text is no time, or the result does not fit its form. */
int stamp_coarsen(
    struct span text, uint32_t seconds, char out[STAMP_MAX_BYTES + 1]);

#endif
