/* SPDX-License-Identifier: EUPL-1.2 */
/* exchange_int - shared by exchange.c (decision and life), exchange_up.c (the
 * request on its way) and exchange_down.c (the answer). */
#ifndef PROXY_EXCHANGE_INT_H
#define PROXY_EXCHANGE_INT_H

#include "engine/match.h"
#include "http/uri.h"
#include "net/loop.h"
#include "proxy/conn.h"
#include "proxy/egress.h"
#include "proxy/exchange.h"
#include "proxy/pipe.h"
#include "proxy/reply.h"
#include "proxy/socket.h"
#include "proxy/upstream.h"
#include "proxy/values.h"

#define EXCHANGE_FIRST_BYTES (2u << 20) /* what goes with the head */
#define EXCHANGE_KEPT_BYTES (64u << 10) /* ... and what is kept behind it */
#define EXCHANGE_TRIES_MAX 16    /* of a request that servers do not touch */
#define EXCHANGE_PACE_BYTES 1024 /* of a request's content, per deadline */

enum half { HALF_IDLE, HALF_HEAD, HALF_BODY, HALF_DONE };

struct exchange {
	enum half up, down;
	bool local;    /* we answer ourselves; the request is discarded */
	bool closing;  /* the connection ends after this answer */
	uint8_t tries; /* how often it was sent again */
	bool freed;
	uint32_t served; /* exchanges before this one on the connection */

	const struct exchange_ops *ops;
	void *arg;
	struct conn *conn;
	struct arena *arena;
	struct loop_later later;

	struct msg req, res;
	struct subject subject;
	char host_mem[URI_HOST_MAX + 1];
	struct fate fate;
	uint16_t port;
	bool tls;
	struct socket_terms terms; /* with req.upgrade */
	struct values values_up, values_down;
	struct keys_scope scope; /* of names: from forward on */

	/* mode observe: what the rules would do, on copies */
	struct pipe watch_up, watch_down;
	bool watching_up, watching_down;

	/* up */
	struct pipe pipe_up;
	struct egress egress;
	bool begun;       /* the head may go, a server was asked for */
	struct buf first; /* what of the body has gone, or waits for the server;
	                     kept until the answer begins, to be sent again */
	bool first_lost;  /* it was too much to be kept */
	bool first_whole; /* the whole body is in first */
	bool first_sent;
	uint64_t discarded;
	uint64_t paced; /* content since the deadline was set */
	struct upstream server;

	/* down */
	struct pipe pipe_down;
	bool head_down_sent;
	size_t behind;     /* bytes queued to the client at the last deadline */
	uint64_t held_ms;  /* since when something is held back that could go;
	                      0: nothing yet */
	bool server_ended; /* it sends no more, with server_err */
	int server_err;
};

/* exchange.c */
/* Tell a client that expects it to go on: once. */
void exchange_continue(struct exchange *x);
/* Set when a half is done: ends the exchange when both are. */
void exchange_half_done(struct exchange *x);

/* exchange_watch.c: mode observe. The message passes; what the rules would do
 * to it happens to a copy, and is counted as if it had been done. What they
 * cannot read counts as an error and is given up. */
void watch_deny(struct exchange *x, enum why why);
/* The head that goes up (or comes down) after head_hop, and its plan. */
void watch_request(struct exchange *x, const struct plan *plan);
void watch_response(struct exchange *x, const struct plan *plan);
/* Content as it passes. Nothing happens unless watched. */
void watch_content(struct exchange *x, bool up, struct span s, bool last);
void watch_end(struct exchange *x);

/* exchange_up.c */
/* The head was judged and rewritten: send it as soon as its framing is known.
 */
void up_begin(struct exchange *x);
void up_content(struct exchange *x, struct span s, bool last);
bool up_wants(const struct exchange *x);
/* Get a server and send x->first; fresh: not from the pool. */
void up_dial(struct exchange *x, bool fresh);

/* exchange_down.c */
/* There is more of the answer; room for more of the request. arg: exchange. */
void down_read(void *arg);
void down_drain(void *arg);
/* Is an answer of unknown length held back? Then what is ready of it goes on.
 * For when a deadline passes. */
bool down_pause(struct exchange *x);
/* The server sends no more: err as in on_end of a stream. */
void down_ended(void *arg, int err);
/* Output to the client fell below low water. */
void down_drained(struct exchange *x);

#endif
