/* SPDX-License-Identifier: EUPL-1.2 */
/* h2_ends - the owner of an HTTP/2 connection for tests: it keeps what came,
 * checks the order of the callbacks and that every head it is given means the
 * same as HTTP/1.1. Two of them can talk to each other. */
#ifndef TESTS_H2_ENDS_H
#define TESTS_H2_ENDS_H

#include "base/buf.h"
#include "http/h2.h"

#define TALKS_MAX 4096

struct arena;

/* One stream. */
struct talk {
	struct end *end;
	int32_t id;
	struct arena *arena;
	struct msg m;
	unsigned heads, interims;
	bool last, too_large; /* of the head */
	struct buf got;       /* content */
	bool ended, closed, untouched;
	uint32_t code;
	size_t unread;  /* content not consumed */
	size_t to_send; /* content still to queue, of fill bytes */
	bool head_asked;
	unsigned rooms;
};

struct end {
	struct h2 *h2;
	enum h2_role role;
	struct talk *talk[TALKS_MAX];
	unsigned ntalks;
	bool refuse;     /* no object for new streams */
	bool no_place;   /* no msg for heads */
	bool hold;       /* consume nothing */
	bool reset_head; /* reset when a head comes */
	bool stop_head;  /* h2_stop then */
	bool answer;     /* with 200, and content_bytes */
	bool store;      /* keep content */
	size_t content_bytes;
	size_t held_max; /* most content held at once */
	size_t unread;
	const char *wrong; /* the first thing that must not be */
};

void end_init(struct end *e, enum h2_role role);
void end_fini(struct end *e);

/* Client: a stream; NULL when none is granted. method GET: without content. */
struct talk *end_ask(
    struct end *e, const char *method, const char *path, size_t content_bytes);
/* A request as a msg. */
void end_request(struct msg *m, const char *method, const char *path);
void end_wrong(struct end *e, const char *what);
/* Queue what t has to send, as far as there is room. */
void talk_send(struct talk *t);
/* Consume all that was read. */
void talk_consume(struct talk *t);

/* Move bytes between both, in pieces of at most piece bytes (0: as they come),
 * until nothing moves. Errors of h2_feed end it, and are returned. */
int ends_talk(struct end *a, struct end *b, size_t piece);
/* Is m, written as HTTP/1.1, read as the same? NULL, or what is not. */
const char *same_in_h1(const struct msg *m, struct span for_method);

#endif
