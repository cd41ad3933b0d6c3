/* SPDX-License-Identifier: EUPL-1.2 */
/* listen - listening sockets (made by the parent) and accepting (workers). */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <sys/socket.h>

/* "127.0.0.1:3128", "[::1]:3128", port 0 for any. Non-blocking,
 * close-on-exec, SO_REUSEPORT; IPv6 sockets are IPv6 only. fd or negative
 * errno. */
int listen_open(const char *address);

struct listener;
/* fd and the client's address (borrowed during the call). The callee owns fd. */
typedef void listen_accept_f(void *arg, int fd, const struct sockaddr *from);
/* Accept on fd (borrowed), at most 64 a turn. The last quarter of the descriptors
 * that the process may have is not for clients, but for what they ask for: one
 * that would be in it is closed at once. On EMFILE and the like accepting rests
 * for 100 ms; if that did not help, those who wait are closed, too, and so on.
 * Counted as limits. NULL when memory or descriptors are out. */
struct listener *listen_start(int fd, listen_accept_f *fn, void *arg);
void listen_stop(struct listener *l); /* NULL is fine; fd stays open */

#endif
