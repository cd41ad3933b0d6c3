/* SPDX-License-Identifier: EUPL-1.2 */
/* exchange - one request and its answer. Two halves, up and down, each moves
 * HEAD, BODY, DONE on its own. Knows the rules and the server; towards the
 * client it speaks through exchange_ops, so that HTTP/1.1 and HTTP/2 share it.
 *
 * Up: the codec reads a head into exchange_request(), calls exchange_begin and
 * then feeds content while exchange_wants. Nothing of a request leaves before
 * its head has been judged, and nothing of a body a line speaks of before it
 * has been scrubbed. */
#ifndef PROXY_EXCHANGE_H
#define PROXY_EXCHANGE_H

#include "base/why.h"
#include "http/msg.h"

#define EXCHANGE_ARENA_BYTES (256u << 10)
#define EXCHANGE_DISCARD_BYTES (1u << 20) /* body of a refused request */

struct arena;
struct conn;
struct exchange;
struct socket_start;
struct stream;

struct exchange_ops {
	/* Requests follow each other on the connection: when it ends before an
	 * answer has begun, the client decides whether to send again (RFC 9112,
	 * 9.3.1). */
	bool one_by_one;
	/* Queue a head (100 or final) and content. The codec frames it by
	 * m->framing and changes that where the client could not read it. Not
	 * flushed. 0 or negative (the codec has closed). */
	int (*head)(void *arg, struct msg *m);
	int (*content)(void *arg, struct span s, bool last);
	/* Write what is queued. 0 or negative (the codec has closed). */
	int (*flush)(void *arg);
	/* Is the output to the client above high water? */
	bool (*full)(void *arg);
	/* Bytes of it. */
	size_t (*queued)(void *arg);
	/* The request may go on: exchange_wants is true again. */
	void (*resume)(void *arg);
	/* The next deadline: exchange_timeout when it passes. */
	void (*wait)(void *arg, uint32_t seconds);
	/* Both halves are done; the exchange may be used again. */
	void (*done)(void *arg);
	/* The answer cannot be completed: end the connection. */
	void (*fail)(void *arg, enum why why);
	/* A 101 was queued: the connection is a WebSocket to server now (owned
	 * by the callee); exchange_socket tells how. */
	void (*upgraded)(void *arg, struct stream *server);
};

struct exchange *exchange_new(
    struct conn *c, const struct exchange_ops *ops, void *arg);
void exchange_free(struct exchange *x); /* NULL is fine; freed at turn's end */

/* The arena and the request of the next exchange; the codec fills them. */
struct arena *exchange_arena(struct exchange *x);
struct msg *exchange_request(struct exchange *x);

/* The head is there: judge it and go. May call done before it returns. */
void exchange_begin(struct exchange *x);

/* Refuse what the codec could not read (own answer, then the connection ends:
 * the request of the exchange is not used). */
void exchange_refuse_unread(struct exchange *x, enum why why);

/* Answer with a refusal, or fail when an answer has begun: for a body whose
 * framing broke. */
void exchange_refuse(struct exchange *x, enum why why);

/* Content of the request; last: it ends here. Only while exchange_wants. */
bool exchange_wants(const struct exchange *x);
/* The first part of in: not more than this may be fed at once. */
struct span exchange_step(const struct exchange *x, struct span in);
void exchange_content(struct exchange *x, struct span s, bool last);
/* All input of this turn was fed: write to the server. */
void exchange_flush(struct exchange *x);

/* Output to the client fell below low water. */
void exchange_drained(struct exchange *x);

/* The deadline passed: refuse or fail by what is waited for. */
void exchange_timeout(struct exchange *x);

/* In ops->upgraded: how the socket begins. Points into x. */
void exchange_socket(const struct exchange *x, struct socket_start *ret_how);

#endif
