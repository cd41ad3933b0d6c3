/* SPDX-License-Identifier: EUPL-1.2 */
/* origin - what is known of a server by scheme, host and port (RFC
 * 9110, 4.3.1): the connections to it that can be used, and which protocol it
 * chose last. */
#ifndef PROXY_ORIGIN_H
#define PROXY_ORIGIN_H

#include "base/list.h"
#include "base/span.h"
#include "http/uri.h"

#define ORIGINS_MAX 4096    /* then the one not used for longest goes */
#define ORIGIN_IDLE_MAX 128 /* idle HTTP/1.1 connections */
#define ORIGIN_SHARED_MAX 8 /* HTTP/2 connections for new requests */

struct server;

struct origin {
	struct link lru;
	unsigned refs;      /* of servers */
	struct link idle;   /* struct server: HTTP/1.1, newest first */
	struct link shared; /* struct server: HTTP/2 */
	unsigned nidle;
	struct server *first; /* being dialled: others wait for what it says */
	unsigned grants;      /* streams that HTTP/2 may have at once there */
	enum { SPEAKS_UNKNOWN, SPEAKS_H1, SPEAKS_H2 } speaks;
	bool tls;
	uint16_t port;
	size_t len;
	char key[URI_HOST_MAX + 4]; /* scheme mark, port, host */
};

/* Found or made, with a reference more. NULL: memory is out, or ORIGINS_MAX are
 * in use. */
struct origin *origin_get(struct span host, uint16_t port, bool tls);
void origin_unref(struct origin *o);
struct span origin_host(const struct origin *o);
void origin_fini(void); /* none is referenced any more */

#endif
