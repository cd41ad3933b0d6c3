/* SPDX-License-Identifier: EUPL-1.2 */
/* coding - content codings gzip (RFC 1952) and deflate (zlib, RFC 1950; raw
 * deflate is accepted), decoded under a bound on the ratio. */
#ifndef BODY_CODING_H
#define BODY_CODING_H

#include "base/span.h"

struct buf;
struct coding;

/* name: "gzip", "x-gzip", "deflate" (any case). NULL: unknown or no memory. */
struct coding *coding_new(struct span name);
bool coding_known(struct span name); /* also "" and "identity" */
void coding_free(struct coding *c);  /* NULL is fine */

/* Decode from *in into out until in is used up or out holds at least want
 * bytes; *in is moved. 0: more input or another call; 1: the stream has ended
 * and *in is what follows it; -EBADMSG, -E2BIG (ratio, see scrub.h), -ENOMEM,
 * -ENOBUFS.
 * While *in is empty and out holds less than want, all that could be decoded
 * was. Members of a gzip file that follow each other (RFC 1952, 2.2) are one
 * stream: after 1 with nothing behind it, more input may begin another. A body
 * that ends before the answer was 1 is cut off; bytes behind 1 are garbage. */
int coding_decode(
    struct coding *c, struct span *in, struct buf *out, size_t want);

#endif
