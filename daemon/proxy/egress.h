/* SPDX-License-Identifier: EUPL-1.2 */
/* egress - the egress guard on one message of a WebSocket, or on one request: its
 * head as it is written, and its content as the server will read it, after all
 * rules and without the framing.
 *
 * Content is looked at as a whole before any of it goes on, and its last bytes
 * (conf.never_hold) are held back until the body ends: when a text of `never`
 * ends, its beginning has not left yet. What is longer in its coded form, for
 * example percent-coded twice, is found too, but its first part may have gone.
 *
 * Content with a coding (Content-Encoding, or gzip without a word of it) is
 * decoded for the look alone; it leaves as it is. One that cannot be decoded
 * cannot be looked at: it is refused. Two codings on top of each other are not
 * opened. */
#ifndef PROXY_EGRESS_H
#define PROXY_EGRESS_H

#include "base/buf.h"
#include "engine/guard.h"

#define EGRESS_HELD_MAX_BYTES (2u << 20)

struct coding;
struct conf;

struct egress {
	const struct guard *guard; /* borrowed; NULL: nothing is looked for */
	struct guard_scan scan;    /* of the content as it leaves */
	size_t hold;
	struct buf held;

	enum {
		EGRESS_NEW,
		EGRESS_PLAIN, /* no coding */
		EGRESS_ASK,   /* the first two bytes will tell */
		EGRESS_CODED, /* declared: must be readable */
		EGRESS_GUESS  /* looks like gzip: may be something else */
	} state;
	struct coding *coding; /* owned */
	struct guard_scan inner;
	bool inner_begun, inner_ended;
};

static inline bool egress_on(const struct egress *e)
{
	return e->guard != NULL;
}

/* conf is borrowed. */
void egress_init(struct egress *e, const struct conf *conf);
void egress_fini(struct egress *e); /* of a zeroed struct too */

/* May this head leave? 0, or -EACCES: a text of `never` is in it. */
int egress_head(const struct egress *e, struct span head);

/* May this message of a WebSocket leave? It is whole, without frames and
 * compression of the socket; gzip in it is looked into. 0, -EACCES, -ENOMEM. */
int egress_message(const struct conf *conf, struct span content);

/* The content coding of the body that follows, "" for none. 0, or -ENOTSUP (no
 * guard can read it), -ENOMEM. Call it before the first egress_feed. */
int egress_coding(struct egress *e, struct span coding);

/* The next bytes of the content, in the order in which they leave. 0; -EACCES:
 * a text of `never` is in it, no more may leave; -EBADMSG (the coding is
 * broken), -E2BIG (a limit of it), -ENOBUFS or -ENOMEM. After an error e is of
 * no more use. */
int egress_feed(struct egress *e, struct span in, bool last);

/* What may leave now; egress_left takes the first n bytes of it off. */
struct span egress_ready(const struct egress *e, bool last);
void egress_left(struct egress *e, size_t n);

#endif
