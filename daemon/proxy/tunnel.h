/* SPDX-License-Identifier: EUPL-1.2 */
/* tunnel - bytes that pass unread between a client and a server: pinned clients
 * and, after an upgrade, WebSockets. Counted as blind. Half-close is kept: what
 * one side still sends after the other has ended arrives (RFC 9110, 9.3.6). */
#ifndef PROXY_TUNNEL_H
#define PROXY_TUNNEL_H

#include "proxy/conn.h"

struct tunnel;

/* State DIAL: connect to c->host:c->port and start. */
void tunnel_dial(struct conn *c);

/* State TUNNEL: relay between c->client and server (owned from now on). Bytes
 * that wait in both input queues go first. service: who is counted. */
void tunnel_start(
    struct conn *c, struct stream *server, const struct service *service);

void tunnel_free(struct tunnel *t); /* NULL is fine */

#endif
