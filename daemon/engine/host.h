/* SPDX-License-Identifier: EUPL-1.2 */
/* host - from host name to the most specific pattern (rules in match.h). */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "base/span.h"

#define HOST_NAME_MAX_BYTES 253
#define HOST_NONE UINT32_MAX

struct arena;
struct hosts;

/* pattern: n lower-case patterns as parse_host gives them, earlier ones first;
 * borrowed, but for the pointer. 0; -EEXIST with the two equal ones in
 * ret_twice; -EINVAL for "*" or a '*' in the last label (ret_twice[0]); or the
 * error of a. */
int hosts_build(struct arena *a, const struct span *pattern, uint32_t n,
    struct hosts **ret_hosts, uint32_t ret_twice[2]);

/* Number of the pattern for host (any case), or HOST_NONE. No allocation. */
uint32_t hosts_find(const struct hosts *h, struct span host);

/* One pattern against one lower-case host; "*" fits every host. */
bool host_fits(struct span pattern, struct span host);

#endif
