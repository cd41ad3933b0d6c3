/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream_int - shared by upstream.c, the two codecs and server.c. */
#ifndef PROXY_UPSTREAM_INT_H
#define PROXY_UPSTREAM_INT_H

#include "proxy/server.h"
#include "proxy/upstream.h"

/* What differs between the protocols; contracts as in upstream.h. */
struct upstream_codec {
	int (*send_head)(struct upstream *u, const struct msg *m);
	int (*send)(struct upstream *u, struct span s, bool last);
	bool (*full)(const struct upstream *u);
	int (*flush)(struct upstream *u);
	int (*head)(struct upstream *u);
	bool (*begun)(const struct upstream *u);
	int (*read)(struct upstream *u, size_t limit, struct span *ret_piece);
	int (*eof)(struct upstream *u, int err);
	bool (*waiting)(const struct upstream *u);
	void (*reading)(struct upstream *u, bool on);
	void (*suspect)(struct upstream *u);
	void (*put)(struct upstream *u);
	void (*drop)(struct upstream *u);
};

extern const struct upstream_codec upstream_h1, upstream_h2;

/* The leg has a connection that is ready: join it to its codec. */
void upstream_h1_join(struct upstream *u, struct server *s);
void upstream_h2_join(struct upstream *u, struct server *s);

/* A connection that turned out to speak HTTP/2: begin. 0 or -ENOMEM. */
int upstream_h2_begin(struct server *s);
/* May another request be sent on it now? */
bool upstream_h2_room(const struct server *s);

/* Nothing holds the leg any more. */
void upstream_clear(struct upstream *u);

#endif
