/* SPDX-License-Identifier: EUPL-1.2 */
/* What ws*.c share: one way of a socket. */
#ifndef WIRE_WS_INT_H
#define WIRE_WS_INT_H

#include "base/utf8.h"
#include "body/flate.h"
#include "wire/ws.h"

#define WS_CONTROL_MAX_BYTES 125 /* RFC 6455, 5.5 */
#define WS_HEAD_MAX_BYTES 14

enum ws_opcode {
	OP_MORE = 0,
	OP_TEXT = 1,
	OP_BINARY = 2,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10
};

#define OP_BITS 0x0f
#define BIT_FIN 0x80
#define BIT_RSV1 0x40
#define BIT_RSV2_RSV3 0x30

/* How a way treats its messages. */
enum ws_mode {
	PASSES,  /* frame by frame, unread */
	WATCHES, /* the same, and a copy is judged: observe */
	HOLDS    /* whole, then judged */
};

struct way {
	/* What it is. */
	enum ws_mode mode;
	bool masked; /* frames come and go masked: up */
	const struct message_rules *rules;
	const struct env *env;
	struct ws_flow flow;

	/* The frame that comes in. */
	enum { HEAD, PAYLOAD, CONTROL } at;
	unsigned char head[WS_HEAD_MAX_BYTES], mask[4];
	uint8_t have; /* bytes of head */
	bool fin;
	uint64_t left, done; /* bytes of its payload */

	/* The message it belongs to. */
	enum ws_opcode opcode; /* OP_MORE: none is open */
	bool coded;            /* RSV1 */
	unsigned char key[4];  /* mask of its first frame */
	struct utf8 text;
	struct buf held; /* HOLDS, WATCHES: its payload so far, without mask */
	bool skip;       /* WATCHES: it is too much, or broken */

	struct buf control; /* payload of a control frame, without mask */
	struct flate_past past;
	bool lost;        /* WATCHES: past is, so nothing coded can be read */
	bool closed;      /* a close frame passed */
	struct buf queue; /* frames of our own, for between two messages */
};

struct ws {
	struct ws_setup set;
	struct way way[2];
	size_t turn; /* bytes of messages read in this call of ws_feed */
};

/* ---- ws_frame.c ---- */

/* The first two bytes of a head: is such a frame allowed now? 0 or -EPROTO. */
int ws_check_start(const struct way *x, bool deflate);
/* Bytes of the whole head, as the first two tell. */
size_t ws_head_bytes(const struct way *x);
/* The whole head: fin, left and mask are set. 0 or -EPROTO. */
int ws_read_head(struct way *x);
/* Payload of a close frame. 0, -EPROTO, or -EBADMSG: the reason is no UTF-8. */
int ws_check_close(struct span payload);

static inline enum ws_opcode ws_opcode_of(const struct way *x)
{
	return (enum ws_opcode)(x->head[0] & OP_BITS);
}

/* Add in to out, each byte xor mask[(at + i) % 4]. 0 or the error of out. */
int ws_mask(
    struct buf *out, struct span in, const unsigned char mask[4], uint64_t at);
/* One whole frame, masked by key where key is not NULL. bits: BIT_RSV1 or 0. */
int ws_write(struct buf *out, enum ws_opcode opcode, unsigned bits,
    const unsigned char *key, struct span payload);

/* ---- ws_message.c ---- */

/* A message of way has come whole: judge it and write what is left of it. */
int ws_finish(struct ws *w, enum ws_way way, struct buf out[2]);
/* Frames of our own for this way, as soon as no message is half written. */
int ws_send_queue(struct way *x, struct buf *out);

static inline void ws_note(const struct ws *w, enum ws_way way,
    enum ws_note what, const struct entry *entry)
{
	if (w->set.note != NULL)
		w->set.note(w->set.arg, way, what, entry);
}

static inline int ws_look(
    const struct ws *w, enum ws_way way, struct span plain)
{
	if (way != WS_UP || w->set.look == NULL || plain.n == 0)
		return 0;
	return w->set.look(w->set.arg, plain);
}

#endif
