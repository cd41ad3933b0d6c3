/* SPDX-License-Identifier: EUPL-1.2 */
/* tunnel - bytes that pass unread between a client and a server, for clients with
 * pinned certificates. Counted as blind. Half-close is kept: what one side still
 * sends after the other has ended arrives (RFC 9110, 9.3.6). */
#ifndef PROXY_TUNNEL_H
#define PROXY_TUNNEL_H

#include "proxy/conn.h"

struct tunnel;

/* State DIAL: connect to c->host:c->port and start. */
void tunnel_dial(struct conn *c);

void tunnel_free(struct tunnel *t); /* NULL is fine */

#endif
