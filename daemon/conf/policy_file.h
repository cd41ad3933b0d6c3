/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_file - one pack (libconfig) to a struct service. Grammar and meaning:
 * sparsam-policy(5). */
#ifndef CONF_POLICY_FILE_H
#define CONF_POLICY_FILE_H

#include "conf/bundle.h"
#include "conf/conf.h"
#include "engine/ruleset.h"

struct policy_var {
	const char *name; /* ${name} in set: texts and sinks */
	const char *value;
	struct place place; /* where it is given, for errors; may be empty */
};

/* Read the pack at path in b, with its includes (names relative to dir). Spans
 * go to the ruleset's arena. Variables without a value given use the pack's
 * default; one without either is an error. 0; -EINVAL with "FILE:LINE: ..." in
 * err, which lists what is valid; -ENOMEM. The caller sets index, refused,
 * inspect and max_case and adds the service. */
int policy_file_read(const struct bundle *b, const char *dir, const char *path,
    const struct policy_var *var, unsigned nvar, struct ruleset *r,
    struct service *ret_service, char err[CONF_ERR_BYTES]);

/* The same for a service that is off: variables without a value are empty, as
 * nothing of it ever passes. */
int policy_file_read_idle(const struct bundle *b, const char *dir,
    const char *path, struct ruleset *r, struct service *ret_service,
    char err[CONF_ERR_BYTES]);

#endif
