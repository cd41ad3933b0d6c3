/* SPDX-License-Identifier: EUPL-1.2 */
/* What ruleset.c, check.c and match.c share. */
#ifndef ENGINE_RULESET_INT_H
#define ENGINE_RULESET_INT_H

#include "engine/host.h"
#include "engine/ruleset.h"

/* A host line and whose it is. */
struct owned_host {
	const struct service *service;
	const struct host_line *line;
};

/* The most specific line for host. Lines of services that are off are only asked
 * where no other fits: what is off takes nothing from what is on. False: none. */
bool ruleset_find_host(const struct ruleset *r, struct span host,
    struct owned_host *ret_host);

/* What one service shows on its own: tables, needs, limits. 0; -EINVAL with
 * place and sentence; -ENOMEM. */
int check_service(const struct service *s, struct place *ret_place,
    char err[PARSE_ERR_BYTES]);

#endif
