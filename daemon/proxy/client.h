/* SPDX-License-Identifier: EUPL-1.2 */
/* client - how many connections one client address has, in memory only and only
 * as long as there are any. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include <sys/socket.h>

struct client_count;

/* One more connection from this address (the port does not count). NULL: max is
 * reached or memory is out. client_leave undoes it; NULL is fine. */
struct client_count *client_enter(const struct sockaddr *from, unsigned max);
void client_leave(struct client_count *c);

#endif
