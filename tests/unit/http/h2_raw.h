/* SPDX-License-Identifier: EUPL-1.2 */
/* h2_raw - HTTP/2 frames made by hand, and found in what came (RFC 9113, 4 and
 * 6; RFC 7541, 6.2.2). */
#ifndef TESTS_H2_RAW_H
#define TESTS_H2_RAW_H

#include "base/buf.h"

enum raw_type {
	RAW_DATA,
	RAW_HEADERS,
	RAW_PRIORITY,
	RAW_RST_STREAM,
	RAW_SETTINGS,
	RAW_PUSH_PROMISE,
	RAW_PING,
	RAW_GOAWAY,
	RAW_WINDOW_UPDATE,
	RAW_CONTINUATION
};

#define RAW_END_STREAM 1
#define RAW_ACK 1
#define RAW_END_HEADERS 4
#define RAW_PADDED 8

void raw_frame(struct buf *out, unsigned type, unsigned flags, uint32_t id,
    struct span payload);
/* What a client, or a server, says first. */
void raw_preface(struct buf *out, bool client);
/* One field, without the table. */
void raw_field(struct buf *out, struct span name, struct span value);
/* Lines "name: value\n" as a field block. A pseudo name begins with ':'. */
void raw_fields(struct buf *out, struct span lines);
/* First frame of a type in bytes (client: they begin with its magic); its
 * error code, or the first four bytes of its payload. -1: none. */
int64_t raw_find(struct span in, unsigned type, uint32_t id);

#endif
