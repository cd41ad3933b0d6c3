/* SPDX-License-Identifier: EUPL-1.2 */
/* frame - as much of a WebSocket (RFC 6455) as two ends need that say small
 * whole messages: the load generator and the origin. */
#ifndef TESTS_BENCH_FRAME_H
#define TESTS_BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD_MAX 14
#define FRAME_ACCEPT_BYTES 29 /* with the zero byte */

struct frame {
	bool fin;
	unsigned opcode;
	bool masked;
	uint8_t mask[4];
	size_t n; /* bytes of content */
};

/* Bytes of the head, 0: more is needed, -1: too large or reserved bits. */
int frame_read(const uint8_t *p, size_t n, struct frame *ret_frame);

/* Write a head; mask NULL: none. Bytes written. */
size_t frame_write(uint8_t out[FRAME_HEAD_MAX], unsigned opcode,
    const uint8_t *mask, size_t n);

void frame_mask(uint8_t *p, size_t n, const uint8_t mask[4]);

/* Sec-WebSocket-Accept for a key of so many bytes. */
void frame_accept(const char *key, size_t n, char out[FRAME_ACCEPT_BYTES]);

#endif
