/* SPDX-License-Identifier: EUPL-1.2 */
/* client - sparsamctl's end of the control protocol. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <stdio.h>

#include "ctl/proto.h"

#define CLIENT_WAIT_S 90 /* for one answer; a reload may take its time */

/* Ask the daemon at path. Lines of the answer go to out as they are, or, with
 * json, as one object (see answer_json). 0; -EREMOTEIO: the daemon said no, the
 * sentence is in err; else -errno: it was not reached, or broke off. */
int client_ask(const char *path, enum cmd c, bool json, FILE *out,
    char err[PROTO_LINE_MAX]);

/* Lines of `status` or `stats` to JSON. `name value` becomes a member; `name
 * key=value ...` an object in the list `names`; `total key value` and `service
 * id key value` become members of `total` and of `services`.`id`; `few` (held
 * back, see sparsamctl(8)) becomes null. 0 or -ENOMEM. */
int answer_json(struct span lines, FILE *out);

#endif
