/* SPDX-License-Identifier: EUPL-1.2 */
/* splice - pipes of the kernel through which bytes go from socket to socket
 * without being copied (splice(2)). A few, shared by all tunnels of a process:
 * one is taken while bytes flow. For net/stream only. */
#ifndef NET_SPLICE_H
#define NET_SPLICE_H

#include <stddef.h>
#include <sys/types.h>

/* In use at one time; two descriptors each. */
#define SPLICE_PIPES_MAX 32
/* Asked of the kernel, which may give less. Larger pipes, fewer calls. */
#define SPLICE_PIPE_BYTES (1u << 20)

struct splice;

/* An empty pipe, or NULL when none can be had: then bytes are copied. */
struct splice *splice_take(void);
/* Give it back; what it still holds is lost. NULL is fine. */
void splice_put(struct splice *p);
/* Bytes it holds. */
size_t splice_held(const struct splice *p);

/* Fill an empty pipe from a socket, empty it into one (both non-blocking).
 * Bytes moved, 0: the socket's input has ended, or negative errno (-EAGAIN:
 * later). */
ssize_t splice_from(struct splice *p, int fd);
ssize_t splice_to(struct splice *p, int fd);

#endif
