/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream - connections to servers, pooled and shared by all clients of a
 * worker: sharing hides who is who and saves handshakes. A connection carries
 * one exchange at a time. */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include "base/span.h"
#include "base/why.h"
#include "net/stream.h"

#define UPSTREAM_POOLED_PER_HOST 32

struct snapshot;
struct upstream;

struct upstream_ops {
	/* Connected, with TLS verified when asked for; or why not. After a
	 * failure u is gone. Never runs inside upstream_get. */
	void (*on_ready)(void *arg, struct upstream *u, enum why why);
};

/* Get a connection to host:port. A pooled one is ready at once
 * (upstream_ready(u) is true and on_ready does not run), else it is dialled.
 * fresh: never from the pool. NULL when memory is out. */
struct upstream *upstream_get(struct snapshot *snap, struct span host,
    uint16_t port, bool tls, bool fresh, const struct upstream_ops *ops,
    void *arg);

bool upstream_ready(const struct upstream *u);
bool upstream_reused(const struct upstream *u);
struct stream *upstream_stream(struct upstream *u); /* NULL until ready */

/* Give it back: the answer was read to its end and the server keeps the
 * connection open. */
void upstream_put(struct upstream *u);
/* Close it, at any time. NULL is fine. */
void upstream_drop(struct upstream *u);
/* Take the stream out (upgrade); u is gone. */
struct stream *upstream_take(struct upstream *u);

/* Close all idle ones: new rules, new trust. Only connections of next, the
 * snapshot of new clients, are pooled from now on. */
void upstream_flush(const struct snapshot *next);
void upstream_fini(void);

#endif
