/* SPDX-License-Identifier: EUPL-1.2 */
/* leaf_wait - connections that wait for a leaf certificate; one question to the
 * signer per host, however many wait. By id: a connection that went away in the
 * meantime is simply not found. */
#ifndef PROXY_LEAF_WAIT_H
#define PROXY_LEAF_WAIT_H

#include "base/span.h"
#include "proxy/proxy.h"

#define LEAF_WAIT_MAX 1024  /* hosts asked for at one time */
#define LEAF_WAITERS_MAX 64 /* connections per host */

void leaf_wait_init(const struct proxy_hooks *hooks);
void leaf_wait_fini(void);

/* Ask for host; front_leaf(conn) is called when the answer is there, never
 * inside. 0; -ENOBUFS (a limit), -EPIPE (no signer), -ENOMEM. */
int leaf_wait_ask(uint64_t conn_id, struct span host);

/* The answer for host, or -EPIPE for all. */
void leaf_wait_answer(struct span host, int err);
void leaf_wait_lost(void);

#endif
