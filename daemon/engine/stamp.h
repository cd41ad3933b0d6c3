/* SPDX-License-Identifier: EUPL-1.2 */
/* stamp - make a point in time coarser without changing its form: RFC 3339
 * (5.6), the IMF-fixdate of RFC 9110 (5.6.7), seconds (10 digits), milliseconds
 * (13) or microseconds (16) since 1970, the latter with or without a fraction.
 * Pure: no clock and no time zone of this machine. */
#ifndef ENGINE_STAMP_H
#define ENGINE_STAMP_H

#include "base/span.h"

#define STAMP_MAX_BYTES 64 /* a longer text is no time */

/* Down to a multiple of seconds (> 0) in UTC; text of the same length. 0, or
 * -EINVAL: text is no time, or the result does not fit its form. */
int stamp_coarsen(
    struct span text, uint32_t seconds, char out[STAMP_MAX_BYTES]);

#endif
