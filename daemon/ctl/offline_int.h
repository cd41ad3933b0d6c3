/* SPDX-License-Identifier: EUPL-1.2 */
/* offline_int - shared by offline.c (requests and answers) and offline_ws.c
 * (the messages of a WebSocket). */
#ifndef CTL_OFFLINE_INT_H
#define CTL_OFFLINE_INT_H

#include "ctl/offline.h"

/* An empty result. 0 or -ENOMEM. */
int offline_begin(struct offline *o, const struct conf *c);
/* Names of this meeting of o->service; empty: of the service. 0 or -ENOMEM. */
int offline_keys(struct offline *o, const struct conf *c, struct span meeting);
/* What values are given: notes of o. */
struct env offline_env(struct offline *o);
void offline_end(struct offline *o, enum offline_end e, enum why why);

#endif
