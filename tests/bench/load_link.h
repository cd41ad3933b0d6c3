/* SPDX-License-Identifier: EUPL-1.2 */
/* load_link - one TLS connection of the load generator, perhaps through a proxy
 * (CONNECT), and the lanes on it: each has at most one request under way. */
#ifndef TESTS_BENCH_LOAD_LINK_H
#define TESTS_BENCH_LOAD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

struct link;

struct lane {
	struct link *link;
	struct lane *next; /* among the free ones */
	uint64_t since_ns;
	bool busy;   /* an answer is owed */
	bool asked;  /* the request was handed to the codec */
	size_t got;  /* bytes of content */
	size_t sent; /* HTTP/2: bytes of content */
};

/* What is spoken on a connection. */
struct codec {
	const char *alpn; /* as in the extension: lengths and names */
	/* The connection is up: state of the codec may begin. */
	void (*up)(struct link *l);
	/* Send the request of a lane (link_send). */
	void (*ask)(struct lane *lane);
	/* Bytes came. Calls link_answered for each whole answer. */
	void (*take)(struct link *l, const uint8_t *p, size_t n);
	/* All that was queued is written: more may be. May be NULL. */
	void (*more)(struct link *l);
	/* The connection is gone: free the state, if any. */
	void (*down)(struct link *l);
};
extern const struct codec codec_h1, codec_h2, codec_ws;

struct link {
	enum { LINK_DOWN, LINK_DIAL, LINK_ASK, LINK_SHAKE, LINK_UP } state;
	unsigned number;
	int fd;
	SSL *ssl;
	SSL_SESSION *session; /* for the next connection */
	const struct codec *codec;
	void *speech;           /* state of the codec, its own */
	struct lane *lane;      /* opt.lanes of them */
	unsigned long answered; /* on this connection */
	bool ending;            /* close it when the codec has returned */
	bool ready;             /* lanes wait to ask in the next turn */
	struct link *next_ready;
	uint8_t *out; /* output: bytes at..n of size bytes */
	size_t out_at, out_n, out_size;
};

struct link_count {
	unsigned long handshakes, resumed, reopened, in_bytes;
	unsigned long up;             /* connections that are */
	const char *version, *cipher; /* of the last handshake */
};
extern struct link_count link_count;

/* Read certificates, make an epoll. Ends the program on failure. */
void link_init(const struct codec *codec);

struct link *link_new(unsigned number);

/* Let a free lane ask; its connection is opened when there is none. */
void link_begin(struct lane *lane, uint64_t since_ns);

/* For codecs: queue bytes; they are written when the codec has returned. */
void link_send(struct link *l, const void *p, size_t n);

/* For codecs: the answer of a lane is whole and right. */
void link_answered(struct lane *lane);

/* For codecs: the other side will take no more requests on this connection. */
void link_end(struct link *l);

/* A lane that is free, in turn; NULL: none. */
struct lane *link_free_lane(void);

/* Wait for events, at most so long, and serve them. */
void link_turn(uint64_t wait_ns);

#endif
