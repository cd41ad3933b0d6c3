/* SPDX-License-Identifier: EUPL-1.2 */
/* client - how many connections one client address has, in memory only and only
 * as long as there are any. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include <stdbool.h>
#include <sys/socket.h>

struct client_count;

/* One more connection from this address (the port does not count). NULL: max is
 * reached or memory is out. client_leave undoes it; NULL is fine. */
struct client_count *client_enter(const struct sockaddr *from, unsigned max);
void client_leave(struct client_count *c);

/* One more request of this client is open, beside others on the same connection
 * (HTTP/2). False: max are. client_answered undoes it, before client_leave;
 * NULL is fine. */
bool client_asks(struct client_count *c, unsigned max);
void client_answered(struct client_count *c);

#endif
