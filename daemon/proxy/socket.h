/* SPDX-License-Identifier: EUPL-1.2 */
/* socket - a WebSocket of an inspected service (RFC 6455): between the heads of
 * its handshake, where the exchange asks what may be said, and its end, when it
 * lives on two streams. Its messages are read by the websocket entries that fit
 * it (wire/ws.h); where none reads, frames pass as they are.
 *
 * An error ends it both ways with the close code that says why, as far as a
 * frame can still be written. A socket of which nothing is under way holds no
 * buffer. */
#ifndef PROXY_SOCKET_H
#define PROXY_SOCKET_H

#include "engine/match.h"
#include "proxy/conn.h"
#include "proxy/keys.h"
#include "wire/ws_deflate.h"

struct arena;
struct conf;
struct msg;
struct socket;

/* What an exchange finds out about the socket it asks for. */
struct socket_terms {
	bool observe; /* nothing is denied or rewritten */
	struct socket_match match;
	struct ws_offer offer;
	struct ws_deflate deflate;
};

/* Does m ask for a WebSocket? What may be upgraded is one, asked for by a GET
 * without content (RFC 6455, 4.1): then m->upgrade stays, the server gets no
 * other offer, and without it no field of one. False: it is one, but no right
 * one. */
bool socket_asked(struct msg *m);

/* Which entries speak of the socket that req asks for? Its fields are as the
 * client sent them. 0, match.deny set or not; or -ENOBUFS, -ENOMEM. */
int socket_judge(struct socket_terms *t, const struct conf *conf,
    const struct service *service, bool observe, const struct subject *subject,
    const struct msg *req);

/* Rewrite the extensions that req offers to those that can be read here. New
 * text goes to a. 0 or -ENOMEM. */
int socket_offer(struct socket_terms *t, const struct conf *conf,
    struct msg *req, struct arena *a);

/* Hold the 101 of the server to the offer, and rewrite what the client sees of
 * it. Now the subprotocol is known: match is made anew. 0; -EPROTO: it accepts
 * what was not offered; -EACCES: an entry denies it; -ENOBUFS, -ENOMEM. */
int socket_answer(struct socket_terms *t, const struct conf *conf,
    const struct service *service, const struct subject *subject,
    struct msg *res, struct arena *a);

/* State SOCKET: c->client and server (owned from now on) are a socket. The head
 * of the 101 waits in the output of the client, frames perhaps in both inputs.
 * scope: whose names (copied). subject: of its request, for drift. */
struct socket_start {
	const struct service *service;
	const struct socket_terms *terms;
	const struct keys_scope *scope;
	const struct subject *subject;
};
void socket_start(
    struct conn *c, struct stream *server, const struct socket_start *how);

/* Tell both ends to go away (1001), then end the connection: nothing came for
 * too long, or the gateway stops. */
void socket_away(struct socket *s, enum why why);

void socket_free(struct socket *s); /* NULL is fine */

#endif
