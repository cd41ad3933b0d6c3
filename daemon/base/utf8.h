/* SPDX-License-Identifier: EUPL-1.2 */
/* utf8 - is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF.) The text may come in pieces. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/* All zero: before the first byte. */
struct utf8 {
	uint8_t left; /* bytes the sequence still needs; 0: it may end here */
	uint8_t low, high; /* range of the next, where it is a narrow one */
};

/* False at the first byte that cannot stand there; u is of no more use then. */
bool utf8_feed(struct utf8 *u, struct span in);

/* The same of bytes that are masked (RFC 6455, 5.3): byte i of in is meant xor
 * mask[(at + i) % 4]. */
bool utf8_feed_masked(
    struct utf8 *u, struct span in, const unsigned char mask[4], size_t at);

#endif
