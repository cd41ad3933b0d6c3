/* SPDX-License-Identifier: EUPL-1.2 */
/* coding - content codings gzip (RFC 1952), deflate (zlib, RFC 1950; raw deflate
 * is accepted), br (RFC 7932) and zstd (RFC 8878), decoded under a bound on the
 * ratio. Windows, and so memory, are bounded: 32 KiB for gzip and deflate, 16 MiB
 * for br (its large window is not taken), 8 MiB for zstd (RFC 9659; a frame that
 * asks for more is refused). Dictionaries that both sides share are unknown. */
#ifndef BODY_CODING_H
#define BODY_CODING_H

#include "base/span.h"

struct buf;
struct coding;

/* name: "gzip", "x-gzip", "deflate", "br", "zstd" (any case). NULL: unknown or no
 * memory. */
struct coding *coding_new(struct span name);
bool coding_known(struct span name); /* one of these, or none at all */
void coding_free(struct coding *c);  /* NULL is fine */

/* Does name, without space about it, mean no coding: "" or "identity"? */
bool coding_is_identity(struct span name);

/* Does in begin as a gzip member (RFC 1952, 2.3.1)? Is it one byte, the first
 * of one? */
bool coding_gzip_begins(struct span in);
bool coding_gzip_may_begin(struct span in);

/* Decode from *in into out until in is used up or out holds at least want
 * bytes; *in is moved. 0: more input or another call; 1: the stream has ended
 * and *in is what follows it; -EBADMSG, -E2BIG (ratio, see scrub.h), -ENOMEM,
 * -ENOBUFS.
 * While *in is empty and out holds less than want, all that could be decoded
 * was. Members of a gzip file (RFC 1952, 2.2) and frames of zstd (RFC 8878, 3)
 * that follow each other are one stream: after 1 with nothing behind it, more
 * input may begin another. A body that ends before the answer was 1 is cut off;
 * bytes behind 1 are garbage. */
int coding_decode(
    struct coding *c, struct span *in, struct buf *out, size_t want);

#endif
