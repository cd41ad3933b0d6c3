/* SPDX-License-Identifier: EUPL-1.2 */
/* conn - the life of one client connection. For this folder only.
 *
 *   PEEK ---> HTTP ---> PEEK (once, after CONNECT) ---> SHAKE ---> HTTP
 *     |                   |                                          |
 *     |                   +--> DIAL --> TUNNEL         SOCKET <------+
 *     +--> DEAD                            |             |    (upgrade)
 *   every state --> DRAIN or DEAD          +-> DRAIN <---+
 *
 * conn_enter is the only writer of the state, conn_close the only exit. One
 * deadline per connection. Freed at the end of the loop turn. */
#ifndef PROXY_CONN_H
#define PROXY_CONN_H

#include <sys/socket.h>

#include "base/list.h"
#include "base/why.h"
#include "engine/match.h"
#include "http/uri.h"
#include "net/clock.h"
#include "net/loop.h"
#include "net/stream.h"

enum conn_state {
	CONN_PEEK,   /* first bytes: of the connection, or of a tunnel */
	CONN_DIAL,   /* a tunnel connects to its server */
	CONN_SHAKE,  /* TLS with the client */
	CONN_HTTP,   /* requests */
	CONN_TUNNEL, /* bytes pass unread */
	CONN_SOCKET, /* messages of a WebSocket */
	CONN_DRAIN,  /* flush what is queued, read nothing new */
	CONN_DEAD,
	CONN_STATES
};

/* What a CONNECT or a first request decided about the host of a connection. */
struct fate {
	enum why refuse;               /* WHY_DONE: allowed */
	bool tunnel;                   /* pass unread */
	bool reset;                    /* refused by closing without a word */
	bool observe;                  /* mode observe: passes unchanged */
	enum why would;                /* then: what refuse would be */
	const struct service *service; /* NULL: no pack names the host */
	const struct host_line *line;
};

struct conn {
	struct link link; /* in the list of its state */
	enum conn_state state;
	uint64_t id;           /* for answers that come later */
	struct snapshot *snap; /* one reference */
	struct client_count *from;
	uint8_t level;         /* protection level of the client network */
	struct stream *client; /* owned */
	struct deadline deadline;
	struct loop_later later;
	enum why why; /* set by conn_close */
	bool idles;   /* the deadline is that of conn_idle */

	bool inside;     /* a CONNECT was accepted ... */
	bool tls;        /* ... and TLS is spoken in it */
	bool waits_leaf; /* the 200 waits for the signer */
	char host_mem[URI_HOST_MAX + 1];
	struct span host; /* name of the CONNECT, lower case */
	uint16_t port;
	struct fate fate; /* of that host */

	struct h1_conn *h1; /* owned; CONN_HTTP: one of these two */
	struct h2_conn *h2;
	struct tunnel *tunnel; /* owned; CONN_DIAL, CONN_TUNNEL, CONN_DRAIN */
	struct socket *socket; /* owned; CONN_SOCKET, CONN_DRAIN */
};

/* Make a connection of fd (owned from now on). NULL when memory is out: fd is
 * closed. snap gets a reference. */
struct conn *conn_new(
    int fd, struct snapshot *snap, uint8_t level, struct client_count *from);

/* Move on. Asserts that the table allows it; re-arms the deadline. */
void conn_enter(struct conn *c, enum conn_state next);

/* The deadline of the present wait, in seconds from now. */
void conn_wait(struct conn *c, uint32_t seconds);

/* Between two requests: the deadline is conf->idle_s, and after a few seconds
 * the client's stream rests. */
void conn_idle(struct conn *c);

/* End it: count, free what it owns, bury. May be called twice; no callback of
 * c's parts runs afterwards. */
void conn_close(struct conn *c, enum why why);

/* Close when the output queue is empty: after a last answer. */
void conn_finish(struct conn *c, enum why why);

/* The connection with this id, or NULL when it is gone. */
struct conn *conn_find(uint64_t id);

/* Connections by state; the word of a state. */
unsigned conn_count(enum conn_state s);
const char *conn_state_word(enum conn_state s);
/* From now on connections end after the answer under way; off: as before. */
void conn_drain(bool on);
bool conn_draining(void);
/* Close the idle ones (drain), or all; WHY_DRAIN: sockets may still say so. */
void conn_close_idle(enum why why);
void conn_close_all(enum why why);

/* New rules: end tunnels, sockets and requests under way whose service may not be
 * used any more. Connections that wait for a request get their answer to it. */
void conn_end_refused(void);

/* Called once when the last connection has gone; NULL: nobody asks. */
void conn_on_last(void (*fn)(void));

#endif
