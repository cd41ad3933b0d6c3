/* SPDX-License-Identifier: EUPL-1.2 */
/* canary_net - the two ends of the canary: a client that asks one thing at a
 * time, and a collector, a process of its own, that keeps what arrives.
 * Blocking sockets, each wait bounded by CANARY_WAIT_S. */
#ifndef CTL_CANARY_NET_H
#define CTL_CANARY_NET_H

#include "net/addr.h"

#define CANARY_WAIT_S 10
#define CANARY_LATE_MS 200 /* for what comes after a refusal */
#define CANARY_GOT_MAX_BYTES (1u << 20)

struct buf;
struct canary_net;

/* Listen at `at` and start the collector; it ends with us. Requests go to the
 * gateway at proxy. NULL with errno set (the address is in use). */
struct canary_net *canary_net_new(
    const struct addr *at, const struct addr *proxy);
void canary_net_free(
    struct canary_net *n); /* NULL is fine; ends the collector */

/* Send request; got: everything that the collector received meanwhile, empty
 * when nothing came. *ret_status: of the gateway's answer. 0; -ECONNREFUSED and
 * the like (no gateway), -ETIMEDOUT, -EBADMSG (its answer is no HTTP), -ENOBUFS
 * (more arrived than is kept). */
int canary_net_ask(struct canary_net *n, struct span request, struct buf *got,
    int *ret_status);

#endif
