/* SPDX-License-Identifier: EUPL-1.2 */
/* h2 - one HTTP/2 connection (RFC 9113, RFC 7541), either role, over the memory
 * interface of libnghttp2: bytes go in, events come out, and the other way
 * round. No socket, no clock, no timer. Heads become the same msg as those of
 * HTTP/1.1 and are held to the same rules. */
#ifndef HTTP_H2_H
#define HTTP_H2_H

#include "http/msg.h"

#define H2_STREAMS_MAX 100              /* open at once, of a client */
#define H2_WINDOW_BYTES (1u << 20)      /* receive window of a stream */
#define H2_HELD_MAX_BYTES (8u << 20)    /* content not consumed, all streams */
#define H2_HIWAT_BYTES (256u << 10)     /* queued content of a stream: full */
#define H2_LOWAT_BYTES (64u << 10)      /* and below it: room */
#define H2_OUT_MAX_BYTES (2u << 20)     /* hard: queued content of one stream */
#define H2_CONN_WINDOW_BYTES (4u << 20) /* receive window of the connection */

/* Floods (RFC 9113, 10.5). Each peer has a budget; a frame that carries nothing
 * costs, what comes of the connection pays back up to the sum it began with:
 * PING, WINDOW_UPDATE below 1024 bytes                       -1
 * PRIORITY                                                   -5
 * SETTINGS, CONTINUATION, DATA without content, a 1xx       -10
 * a stream reset by the peer or for a fault of the peer     -20
 * a DATA frame that we sent                                  +2
 * a stream that both sides ended                           +100 */
#define H2_BUDGET 10000

struct arena;
struct buf;
struct h2;

enum h2_role { H2_SERVER, H2_CLIENT }; /* ours */

/* Error codes that we send or tell (RFC 9113, 7). */
enum h2_code {
	H2_NO_ERROR = 0x0,
	H2_PROTOCOL_ERROR = 0x1,
	H2_INTERNAL_ERROR = 0x2,
	H2_FLOW_CONTROL_ERROR = 0x3,
	H2_REFUSED_STREAM = 0x7,
	H2_CANCEL = 0x8,
	H2_ENHANCE_YOUR_CALM = 0xb
};

/* Callbacks run inside h2_feed and h2_write (closed also inside h2_reset). They
 * may call anything here but h2_feed, h2_write and h2_free. */
struct h2_ops {
	/* Server: the client opened a stream. The caller's object for it, or
	 * NULL to refuse it (REFUSED_STREAM). */
	void *(*open)(void *arg, int32_t id);
	/* Where the next head of the stream is read to: a request, an answer,
	 * a 1xx. The msg is initialised here, its text goes to *ret_arena.
	 * NULL: the stream is reset (INTERNAL_ERROR). */
	struct msg *(*place)(void *arg, void *user, struct arena **ret_arena);
	/* That head is whole. last: no content follows, framing is FRAME_NONE.
	 * Else FRAME_LENGTH, or FRAME_CHUNKED where no length is told; empty
	 * content for which HTTP/1.1 writes "Content-Length: 0" (an answer that
	 * could have some, a request that says so) is FRAME_LENGTH too, and
	 * ends with the call of content that follows. A 1xx is FRAME_NONE
	 * without last. A head that is well-formed HTTP/2 but no message of
	 * ours (what h1 would refuse: see h2_head.c) never gets here: the
	 * stream is reset. too_large: over a limit of msg.h; the msg is as far
	 * as it was read and must only be refused. */
	void (*head)(void *arg, void *user, bool last, bool too_large);
	/* Content. It counts against the window of the stream until
	 * h2_consumed; keep it, or reset the stream. last: it ends here
	 * (perhaps with an empty s). Trailers are checked and dropped. */
	void (*content)(void *arg, void *user, struct span s, bool last);
	/* Queued content fell below H2_LOWAT_BYTES after h2_full. */
	void (*room)(void *arg, void *user);
	/* Both directions ended (H2_NO_ERROR), or it was reset by either side.
	 * untouched: the server has not acted on the request (REFUSED_STREAM,
	 * or above the last id of a GOAWAY): it may be sent again elsewhere
	 * whatever its method is (RFC 9113, 8.7). user is not named again. */
	void (*closed)(void *arg, void *user, uint32_t code, bool untouched);
};

/* ops and arg are borrowed. Our preface and SETTINGS are queued. NULL when
 * memory is out. */
struct h2 *h2_new(enum h2_role role, const struct h2_ops *ops, void *arg);
/* closed is not called for streams that are open. NULL is fine. Not inside a
 * callback. */
void h2_free(struct h2 *h);
/* From now on no callback runs; h2_feed takes and forgets. For an owner that
 * goes inside a callback. */
void h2_stop(struct h2 *h);

/* Bytes of the peer. 0; -EPROTO: a connection error, its GOAWAY is queued,
 * write it and close; -ENOMEM. Most errors are seen when h2_write has written
 * their GOAWAY: what came after them was ignored, h2_over is true, and this
 * gives -EPROTO from then on. Floods (RFC 9113, 10.5) end with
 * ENHANCE_YOUR_CALM: see H2_BUDGET. */
int h2_feed(struct h2 *h, struct span in);

/* Append what is to be sent to out, until out has at least limit bytes queued
 * or nothing is left. 0, -ENOMEM, -ENOBUFS. */
int h2_write(struct h2 *h, struct buf *out, size_t limit);
/* Would h2_write append something? */
bool h2_wants_write(const struct h2 *h);
/* Neither side wants anything any more: close the socket. */
bool h2_over(const struct h2 *h);

/* Client: open a stream for a request. keep_alive, upgrade and the fields that
 * belong to a connection are not sent; names become lower case; Host becomes
 * :authority; Cookie is cut for the index (8.2.3). The id, or -EAGAIN (no more
 * streams now, or GOAWAY was seen), -EINVAL (what h1_write_head would refuse),
 * -ENOMEM. */
int32_t h2_request(struct h2 *h, const struct msg *m, bool last, void *user);
/* Client: streams that h2_request would grant now. */
unsigned h2_grants(const struct h2 *h);
/* Have SETTINGS of the peer come? Before, h2_grants only hopes. */
bool h2_settled(const struct h2 *h);

/* Server: an answer, or a 1xx before it. 0, -EINVAL, -ENOMEM, -ENOENT (the
 * stream has gone). */
int h2_answer(struct h2 *h, int32_t id, const struct msg *m, bool last);

/* Queue content. 0, -ENOENT (the stream has gone), -ENOBUFS, -ENOMEM. */
int h2_content(struct h2 *h, int32_t id, struct span s, bool last);
/* Bytes of content that are queued. */
size_t h2_queued(const struct h2 *h, int32_t id);
/* Is H2_HIWAT_BYTES or more queued? */
bool h2_full(const struct h2 *h, int32_t id);
/* n bytes that content brought were used: the peer may send more. The window of
 * the connection opens on arrival while less than H2_HELD_MAX_BYTES are held,
 * so that a stream nobody reads stops only itself. */
void h2_consumed(struct h2 *h, int32_t id, size_t n);
/* End a stream now. closed is called before it returns. Fine when it has gone.
 */
void h2_reset(struct h2 *h, int32_t id, enum h2_code code);

/* The owner of a stream goes: no callback names its user any more. A stream
 * that both sides have ended, with what is still queued, ends by itself; any
 * other is reset with code. Fine when it has gone. */
void h2_forget(struct h2 *h, int32_t id, enum h2_code code);

/* No new streams; those that are open go on (RFC 9113, 6.8). Server: first
 * with the highest id, so that nothing under way is lost; then, with the
 * next call, with the last that was seen. */
void h2_goaway(struct h2 *h);
/* Has the peer, or have we, said that? */
bool h2_leaving(const struct h2 *h);
unsigned h2_streams(const struct h2 *h); /* open now */

#endif
