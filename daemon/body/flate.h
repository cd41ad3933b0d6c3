/* SPDX-License-Identifier: EUPL-1.2 */
/* flate - messages compressed by permessage-deflate (RFC 7692, 7.2): raw
 * deflate (RFC 1951) without the last four bytes of an empty block, one whole
 * message at a time. No state of the library outlives a call: what a message
 * may refer to is kept as the plain bytes it is, and what is compressed here
 * refers to nothing. */
#ifndef BODY_FLATE_H
#define BODY_FLATE_H

#include "base/span.h"

#define FLATE_BITS_MIN 8 /* of a window: 256 bytes ... */
#define FLATE_BITS_MAX 15

struct buf;

/* The end of all messages before this one, at most a window. All zero: none. */
struct flate_past {
	char *mem; /* owned */
	size_t n, room;
};

void flate_past_fini(struct flate_past *p);

/* Open one message and add its plaintext to out. past: where messages may refer
 * to those before (context takeover), is moved on; NULL: they stand alone.
 * bits: of the window agreed on. 0; -EBADMSG (broken, or cut off); -E2BIG
 * (ratio as in scrub.h); -ENOBUFS or -ENOMEM. After an error past is of no more
 * use. */
int flate_open(
    struct flate_past *past, unsigned bits, struct span in, struct buf *out);

/* Compress one message, for a window of bits, and add it to out. 0; 1: it would
 * not get smaller, nothing was added; -ENOBUFS or -ENOMEM. */
int flate_pack(unsigned bits, struct span in, struct buf *out);

#endif
