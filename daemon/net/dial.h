/* SPDX-License-Identifier: EUPL-1.2 */
/* dial - from host and port to a connected stream: static table, DNS, happy
 * enough eyeballs (the next address after DIAL_NEXT_MS). */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/stream.h"

#define DIAL_ADDRESSES_MAX 8
#define DIAL_NEXT_MS 300

/* Name servers: n addresses "ip" or "ip:port"; n 0 reads /etc/resolv.conf
 * (that it is missing is no error). Reads /etc/hosts. Once, before the sandbox
 * closes: no file is opened later. 0, -EINVAL (an address) or -ENOMEM. */
int dial_init(const char *const *server, unsigned n);
void dial_fini(void);

struct dial;
/* A dial of any kind ends after this time, whatever its owner does. */
#define DIAL_MAX_MS 30000

/* err 0: s is connected and owned by the callee, whose first act is
 * stream_set_ops. -ENOENT: no such name; -EACCES: only forbidden addresses
 * (loopback, link-local, private and multicast answers from DNS are not dialled
 * unless allow_private was set); -ETIMEDOUT; else the errno of connect. */
typedef void dial_done_f(void *arg, int err, struct stream *s);

/* to: literal address, with or without port, from the static table (connect_to):
 * any address; or NULL: host is an IP literal (a private one needs
 * allow_private) or a name that DNS is asked for, as it stands: search domains
 * are never added. done never runs inside. NULL when memory is out. */
struct dial *dial_start(struct span host, uint16_t port, const char *to,
    bool allow_private, dial_done_f *done, void *arg);
void dial_cancel(struct dial *d); /* NULL is fine; done is not called */

#endif
