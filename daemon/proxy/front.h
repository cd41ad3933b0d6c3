/* SPDX-License-Identifier: EUPL-1.2 */
/* front - the first bytes: of a fresh connection, and of a tunnel after its
 * CONNECT. Decides between TLS, HTTP and nothing at all.
 * Sources: RFC 9110, 9.3.6 (CONNECT); RFC 8446, 4.1.2 (ClientHello). */
#ifndef PROXY_FRONT_H
#define PROXY_FRONT_H

#include "proxy/conn.h"

/* Watch a fresh connection (state PEEK). */
void front_start(struct conn *c);

/* A CONNECT was read in state HTTP: judge its target ("host:port") and answer
 * it. On success the connection is back in PEEK. */
void front_connect(struct conn *c, struct span authority);

/* The signer answered for c->host: 0 (the leaf is in the cache) or negative. */
void front_leaf(struct conn *c, int err);

/* The deadline of PEEK passed. */
void front_timeout(struct conn *c);

#endif
