/* SPDX-License-Identifier: EUPL-1.2 */
/* host - from host name to the most specific pattern (rules in match.h). */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "base/span.h"

#define HOST_NAME_MAX_BYTES 253
#define HOST_NONE UINT32_MAX

struct arena;
struct hosts;

/* What stands for a number: a pattern, or a list of names, one a line, in the form
 * that hosts_line reads. */
struct host_pattern {
	struct span pattern; /* lower case, as parse_host gives it; borrowed */
	struct span list;    /* not empty: instead of it; read once */
	uint32_t names;      /* how many hosts_line finds in list */
};

/* n of them, earlier ones first. 0; -EEXIST with the two equal ones in ret_twice;
 * -EINVAL for "*" or a '*' in the last label (ret_twice[0]); -E2BIG for too many
 * lists or names; -ENOMEM; or the error of a. */
int hosts_build(struct arena *a, const struct host_pattern *pattern, uint32_t n,
    struct hosts **ret_hosts, uint32_t ret_twice[2]);
void hosts_fini(struct hosts *h); /* what is not in the arena; NULL is fine */

/* Cut the next line off *rest and read it: a host name, in any case, perhaps behind
 * "0.0.0.0" or "127.0.0.1" as in files of hosts; '#' begins a comment. The lower
 * case name in out; its length, 0: there is none on this line; -EINVAL. */
int hosts_line(struct span *rest, char out[HOST_NAME_MAX_BYTES]);

/* Number of the pattern for host (any case), or HOST_NONE. No allocation. */
uint32_t hosts_find(const struct hosts *h, struct span host);

/* One pattern against one lower-case host; "*" fits every host. */
bool host_fits(struct span pattern, struct span host);

#endif
