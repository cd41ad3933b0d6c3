/* SPDX-License-Identifier: EUPL-1.2 */
/* What ruleset.c, check.c and match.c share. */
#ifndef ENGINE_RULESET_INT_H
#define ENGINE_RULESET_INT_H

#include "engine/host.h"
#include "engine/ruleset.h"

/* A host line and whose it is: what hosts_find's number stands for. */
struct owned_host {
	const struct service *service;
	const struct host_line *line;
};

const struct hosts *ruleset_hosts(const struct ruleset *r); /* NULL: unbuilt */
struct owned_host ruleset_host(const struct ruleset *r, uint32_t number);

/* What one service shows on its own: tables, needs, limits. 0; -EINVAL with
 * place and sentence; -ENOMEM. */
int check_service(const struct service *s, struct place *ret_place,
    char err[PARSE_ERR_BYTES]);

#endif
