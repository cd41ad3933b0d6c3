/* SPDX-License-Identifier: EUPL-1.2 */
/* wrap - one step of a chain: base64 and base64url (RFC 4648, 4 and 5), percent
 * (RFC 3986, 2.1), and the payload of a JWT (RFC 7519, 3; RFC 7515, 7.1).
 * Strict: what would not come back the same is refused. gzip and deflate are
 * not known here, see treat.h. */
#ifndef ENGINE_WRAP_H
#define ENGINE_WRAP_H

#include "engine/rule.h"

struct buf;

/* 0; -EBADMSG (something may have been added to out); -ENOBUFS or -ENOMEM.
 * base64: padded or not, no spaces, no stray bits. percent: '+' is itself. jwt:
 * three parts without padding, "Bearer " in front is passed over. */
int wrap_open(enum step s, struct span in, struct buf *out);

/* like: a wrapped value whose style (padding) is taken over; an empty one gives
 * the usual style: base64 padded, base64url not. -EBADMSG for jwt: nobody but
 * its issuer can sign. */
int wrap_close(enum step s, struct span in, struct span like, struct buf *out);

#endif
