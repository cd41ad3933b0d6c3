/* SPDX-License-Identifier: EUPL-1.2 */
/* case_ws - a second reader and writer of WebSocket frames (RFC 6455) and of
 * permessage-deflate (RFC 7692), apart from daemon/wire: what the gateway sends
 * must be readable here in one way only. */
#ifndef TESTS_CASE_WS_H
#define TESTS_CASE_WS_H

#include "base/buf.h"

#define CASE_WS_MAX_BYTES (64u << 20) /* one message */

enum case_opcode {
	OPCODE_MORE = 0,
	OPCODE_TEXT = 1,
	OPCODE_BINARY = 2,
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9,
	OPCODE_PONG = 10
};

/* What was agreed for one direction. */
struct case_deflate {
	bool on, fresh; /* fresh: no context takeover */
	int bits;       /* of the window */
};

/* The answer of a server, "" for none, for both directions. */
void case_deflate_read(struct span extensions, struct case_deflate *ret_up,
    struct case_deflate *ret_down);

/* ---- reading ---- */

struct case_frame {
	unsigned opcode, rsv; /* rsv: 4, 2 and 1 as bits */
	bool fin;
	struct buf payload; /* unmasked, as it was sent; owned */
};

/* One direction. */
struct case_reader {
	bool masked; /* from a client */
	struct case_deflate deflate;
	struct case_frame frame; /* the last one */
	unsigned opcode; /* of the message that was begun; OPCODE_MORE: none */
	unsigned kind;   /* opcode of the last whole one */
	bool packed;     /* it is compressed, or was */
	struct buf joined;  /* its payload so far, as it was sent */
	struct buf message; /* the last whole one, as it was meant */
	void *inflater;     /* owned */
};

/* d is copied. */
void case_reader_init(
    struct case_reader *w, bool masked, const struct case_deflate *d);
void case_reader_fini(struct case_reader *w); /* of a zeroed one too */

/* Read one frame from the start of in; what it was stands in w->frame, and when
 * it ended a message that in w->message. Returns the bytes it took; 0: more is
 * needed; -1 with a sentence. */
ptrdiff_t case_reader_next(
    struct case_reader *w, struct span in, const char **ret_why);

/* What is there of a message that has not come to its end, as far as it can be
 * read, is added to out; in is what case_reader_next could not take. */
void case_reader_rest(struct case_reader *w, struct span in, struct buf *out);

/* Did the last frame end a message? */
bool case_reader_whole(const struct case_reader *w);

/* ---- writing ---- */

struct case_writer {
	bool masked;
	struct case_deflate deflate;
	uint32_t mask;  /* of the next frame */
	void *deflater; /* owned */
};

void case_writer_init(
    struct case_writer *w, bool masked, const struct case_deflate *d);
void case_writer_fini(struct case_writer *w);

/* One frame: first holds FIN, RSV and opcode as they are written. wide: bytes
 * of the length field, 0 as few as it needs. masked: with the next mask. */
void case_ws_frame(struct case_writer *w, unsigned first, bool masked,
    unsigned wide, struct span payload, struct buf *out);

/* One message in so many frames. packed: compressed; fresh: without what was
 * sent before. */
void case_ws_message(struct case_writer *w, unsigned opcode, bool packed,
    bool fresh, unsigned frames, struct span text, struct buf *out);

#endif
