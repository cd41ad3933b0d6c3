/* SPDX-License-Identifier: EUPL-1.2 */
/* server - one connection to a server: dialled, TLS shaken, then it speaks
 * HTTP/1.1 for one request at a time, or HTTP/2 for many. Requests come to it
 * through upstream. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "base/list.h"
#include "net/loop.h"
#include "net/stream.h"

struct dial;
struct h2;
struct origin;
struct snapshot;
struct upstream;
struct upstream_to;

struct server {
	enum { SERVER_DIALS, SERVER_H1, SERVER_H2, SERVER_DEAD } state;
	struct origin *origin; /* one reference */
	struct snapshot *snap; /* one reference */
	struct stream *stream; /* owned */
	struct dial *dial;     /* owned while it dials */
	struct link legs;      /* requests on it */
	struct link waiting;   /* requests that want to be */
	struct link in_origin; /* of origin->idle, or of origin->shared */
	struct link by_age;    /* while idle: oldest first */
	bool h1_only;
	bool reused;
	bool carried; /* HTTP/2: a request was sent on it */
	bool idle;
	uint64_t idle_since_ms;

	struct h2 *h2;     /* owned */
	bool flushing;     /* inside h2_write: do not enter again */
	bool suspect;      /* it may be dead: no new requests */
	uint64_t heard_ms; /* when bytes came */
	struct loop_soon soon;
	struct loop_later later;
};

/* Find or dial a connection for u: one that is ready is joined, for another u
 * waits. 0 or -ENOMEM. After the first server_flush_idle. */
int server_get(
    struct upstream *u, struct snapshot *snap, const struct upstream_to *to);

/* Nobody uses it now: keep it for the next, or close it. */
void server_rest(struct server *s);
/* Close it at once; its legs must have been told. May be called twice. */
void server_close(struct server *s);
/* HTTP/2: who waits for it begins, as far as it grants streams; the others wait
 * for one more connection, or here for room. */
void server_serve(struct server *s);
/* The same, and it will have no more room: who waits goes elsewhere. It may be
 * closed then, once those on it were told. */
void server_leave(struct server *s);
/* A request that waited for it does so no more. */
void server_left(struct server *s);
/* One waited for it too long: others do not begin to. */
void server_suspect(struct server *s);

/* Close all idle connections: new rules, new trust. Only connections of next,
 * the snapshot of new clients, are pooled from now on. */
void server_flush_idle(const struct snapshot *next);
void server_fini(void);

#endif
