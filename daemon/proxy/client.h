/* SPDX-License-Identifier: EUPL-1.2 */
/* client - how many connections one client address has, and which services it
 * has used, in memory only and only as long as there are connections. */
#ifndef PROXY_CLIENT_H
#define PROXY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
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

/* Does the client use this service (of the counters, below STAT_SERVICES_MAX) for
 * the first time in this interval, as far as it has had a connection all the time?
 * NULL: yes. */
bool client_first(
    struct client_count *c, unsigned service, uint64_t interval);

#endif
