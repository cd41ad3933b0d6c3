/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream - one request at a server and its answer, over HTTP/1.1 or as a
 * stream of HTTP/2: whoever sends it does not see which. Connections are pooled
 * and shared by all clients of a worker (origin.h, server.h). The answer is
 * pulled: on_read says that there is something new. */
#ifndef PROXY_UPSTREAM_H
#define PROXY_UPSTREAM_H

#include "base/buf.h"
#include "base/list.h"
#include "base/why.h"
#include "http/h1.h"

struct arena;
struct server;
struct snapshot;
struct stream;
struct upstream;
struct upstream_codec;

struct upstream_ops {
	/* Connected, with TLS verified when asked for; or why not, then it is
	 * closed. Never runs inside upstream_get. */
	void (*on_ready)(void *arg, enum why why);
	/* upstream_head or upstream_read has something new. */
	void (*on_read)(void *arg);
	/* upstream_full is false again. */
	void (*on_drain)(void *arg);
	/* The server sends no more than what waits here: err as in on_end of a
	 * stream. Told once, and not when the answer has come to its end. */
	void (*on_end)(void *arg, int err);
};

/* A part of its owner's object; all zero is closed. */
struct upstream {
	const struct upstream_ops *ops; /* borrowed */
	void *arg;
	struct server *server; /* NULL: closed, or its connection has gone */
	const struct upstream_codec *codec; /* NULL: not ready */
	struct link link;                   /* in server->legs */
	uint32_t turn;                      /* changes with each get and drop */

	struct msg *answer; /* where heads are read to; borrowed */
	struct arena *arena;
	struct span method;
	enum framing framing; /* of the request */
	bool cut;             /* the connection is of no more use */
	bool reused;          /* it had carried another request before */
	bool sent_all, got_all;
	bool untouched; /* see upstream_untouched */

	struct h1_body body; /* HTTP/1.1: of the answer */
	size_t scanned;      /* bytes of its head seen without the end */

	int32_t id;       /* HTTP/2: 0 when the stream has gone */
	uint64_t sent_ms; /* when the head was */
	bool head_here, too_large;
	struct span piece; /* content that was brought just now */
	struct buf in;     /* content that waits */
};

/* Who is asked, and how. */
struct upstream_to {
	struct span host; /* lower case */
	uint16_t port;
	bool tls;
	bool fresh; /* no connection that was used before */
	bool h1;    /* HTTP/1.1 only: it may be upgraded */
};

/* Get ready to send a request. A pooled or shared connection is ready at once
 * (upstream_ready, on_ready does not run), else one is dialled. answer gets the
 * heads of the answer, their text goes to arena. 0 or -ENOMEM. */
int upstream_get(struct upstream *u, struct snapshot *snap,
    const struct upstream_to *to, struct msg *answer, struct arena *arena,
    const struct upstream_ops *ops, void *arg);

/* Is a server asked for, and not yet given back or dropped? */
bool upstream_open(const struct upstream *u);
bool upstream_ready(const struct upstream *u);
/* Had this connection carried another request before? */
bool upstream_reused(const struct upstream *u);
/* Did the server say that it has not acted on the request? Then it may be sent
 * again whatever its method is (RFC 9113, 8.7). */
bool upstream_untouched(const struct upstream *u);

/* Queue the head and content of the request, framed as m says; last: it ends
 * here. A head without content has FRAME_NONE. 0; -EINVAL (m cannot be
 * written), else the connection is lost or memory is out. */
int upstream_send_head(struct upstream *u, const struct msg *m);
int upstream_send(struct upstream *u, struct span s, bool last);
/* Above high water: on_drain tells when it is over. */
bool upstream_full(const struct upstream *u);
/* Write what is queued. 0, or negative: the connection is broken. */
int upstream_flush(struct upstream *u);

/* A head of the answer (1xx or final): 1 when it is in answer; 0: more is
 * needed; -E2BIG or -EBADMSG. */
int upstream_head(struct upstream *u);
/* Has some of the answer's head been seen? */
bool upstream_begun(const struct upstream *u);
/* Content of the answer after its final head, from at most limit bytes of
 * input. *ret_piece is valid until the next call for u and may be empty. 1: it
 * ends with this piece; 0: more may come; -EBADMSG. */
int upstream_read(struct upstream *u, size_t limit, struct span *ret_piece);
/* The server sends no more and all was read: 0 when the content ended properly
 * by that; err is the one of on_end. */
int upstream_eof(struct upstream *u, int err);
/* Bytes of the answer wait here. */
bool upstream_waiting(const struct upstream *u);
/* on: more of the answer is wanted. */
void upstream_reading(struct upstream *u, bool on);

/* The server was silent for too long: a connection of which nothing was heard
 * since the request was sent, or that is still being made, takes no others. */
void upstream_suspect(struct upstream *u);

/* The answer was read to its end: the connection may serve others. */
void upstream_put(struct upstream *u);
/* Give up, at any time; closed is fine. */
void upstream_drop(struct upstream *u);
/* Take the stream out (upgrade; HTTP/1.1 only); u is closed. */
struct stream *upstream_take(struct upstream *u);

#endif
