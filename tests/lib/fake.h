/* SPDX-License-Identifier: EUPL-1.2 */
/* fake - the files of net/ and tls/ over memory, linked instead of the real
 * ones, and the other end of every stream for whoever drives a test. No
 * sockets, no ports, no waiting: time moves when fake_pass() says so. */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/why.h"

#define FAKE_WIRE_MAX_BYTES (64u << 20) /* one direction of one stream */
#define FAKE_SERVERS_MAX 64             /* connections to servers in one run */
#define FAKE_TURNS_MAX 200000           /* more turns without rest: it spins */

/* One stream as its peer sees it; lives until fake_reset. */
struct wire {
	struct wire *next;
	struct stream *stream; /* NULL: the gateway has closed it */
	struct buf sent;       /* by the peer, not read by the gateway yet */
	struct buf got;        /* by the peer, all of it, never drained */
	size_t taken;          /* of got: looked at by the test */
	bool fin;              /* the peer sends no more, with err */
	int err;
	bool got_fin; /* the gateway sends no more */
	bool closed;  /* by the gateway */
	bool stalled; /* the peer does not read */
	bool tls;     /* TLS is spoken (or was attempted) */
	bool h2;      /* ALPN: HTTP/2 is spoken in it ... */
	size_t h2_from; /* ... from this byte of got on */
	/* For the test: content it looks at is cut in chunks. */
	bool want_chunks, got_chunks;
	bool server;  /* made by dial_start */
	int fd;
	char host[256]; /* server: what was dialled, and the TLS name */
	char name[256];
	unsigned port;
};

/* A world without connections, at this time. All wires end. */
void fake_reset(int64_t unix_s);

/* A new client: a descriptor for proxy_accept, and its wire. */
int fake_client(struct wire **ret_wire);

/* Servers in the order they were dialled; how many. */
unsigned fake_servers(struct wire *const **ret_server);

/* What happens when host ("*": any) is dialled: 0 connects, negative errno
 * fails, FAKE_HANGS never ends. why: how TLS to it fails, WHY_DONE: not. */
#define FAKE_HANGS 1
void fake_host(const char *host, int dial, enum why tls);

/* Run until nothing moves. False: it never rests. */
bool fake_run(void);
/* Move the clock; deadlines fire in their order, the loop runs after each. */
bool fake_pass(uint64_t ms);

/* Do servers choose HTTP/2? The gateway does where it is offered. */
void fake_h2(bool servers);

/* Called right before a stream is closed by the gateway. */
extern void (*fake_on_close)(struct wire *w);

/* Leafs that are there (leaf_put puts them). */
void fake_leafs_forget(void);

/* Between the fakes. */
struct stream *fake_stream(int fd, struct wire *w);
int fake_fd(void); /* a new descriptor of nothing */
bool fake_dial_turn(void);
void fake_dial_reset(void);
void fake_server_add(struct wire *w);
struct wire *fake_wire_new(int fd);
struct wire *fake_wire_of(const struct stream *s);
void fake_shake(struct stream *s, int err); /* on_ready(err) in the next turn */
enum why fake_host_tls(const char *host);

#endif
