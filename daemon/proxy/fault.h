/* SPDX-License-Identifier: EUPL-1.2 */
/* fault - what went wrong with content, as a reason and in the counters: the
 * same for a body and for a message of a WebSocket. */
#ifndef PROXY_FAULT_H
#define PROXY_FAULT_H

#include <stdbool.h>

#include "base/why.h"

struct service;

/* From an error of a pipe, a scrubber or a guard; up: in a request. */
enum why fault_why(int err, bool up);

/* Count it for the gateway as a whole, and a text of `never` for the service,
 * which may be NULL. */
void fault_count(const struct service *s, enum why why);

#endif
