/* SPDX-License-Identifier: EUPL-1.2 */
/* stream - one connected byte stream, plain or through a transport (TLS): an
 * input queue, an output queue, and four events. Callbacks may close the
 * stream; it is freed at the end of the loop turn. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/buf.h"

#define STREAM_IN_MAX_BYTES (64u << 10)  /* unread input; then reading rests */
#define STREAM_OUT_MAX_BYTES (2u << 20)  /* hard: adding more is an error */
#define STREAM_HIWAT_BYTES (256u << 10)  /* above: stop feeding this stream */
#define STREAM_LOWAT_BYTES (64u << 10)   /* below again: on_drain */

struct stream;

struct stream_ops {
	/* Connected (stream_dial) or TLS shaken: err 0, or negative errno (for
	 * TLS -EPROTO; the reason is asked from tls/channel.h). After an error
	 * the owner closes. Not called for stream_new without a transport. */
	void (*on_ready)(void *arg, int err);
	/* New bytes in stream_in(). Also called once after reading is switched
	 * on again while bytes wait there. */
	void (*on_read)(void *arg);
	/* Output fell to STREAM_LOWAT_BYTES after it was above
	 * STREAM_HIWAT_BYTES, or is empty after stream_notify_empty(). */
	void (*on_drain)(void *arg);
	/* The peer sends no more: err 0 for an orderly end (TLS: close_notify),
	 * -EPIPE for a TLS stream cut without it, else negative errno of a
	 * broken connection, read or write. Bytes in stream_in() are still
	 * there. Output may still be possible after err 0 and -EPIPE. While
	 * reading is off the end of input is not noticed; it is told when
	 * reading goes on. Told once; after an end a broken connection may
	 * still be told once. */
	void (*on_end)(void *arg, int err);
};

/* Take over fd (connected, non-blocking, close-on-exec is set here; owned: closed
 * with the stream). ops and arg are borrowed. Reading starts off. NULL when
 * memory is out: fd stays the caller's. Callbacks never run inside. */
struct stream *stream_new(int fd, const struct stream_ops *ops, void *arg);

/* Connect to addr; on_ready tells. NULL when no socket could be had. */
struct stream *stream_dial(const struct sockaddr *addr, socklen_t len,
    const struct stream_ops *ops, void *arg);

/* Close at once, drop what is queued; no callback runs any more. NULL is fine. */
void stream_close(struct stream *s);

/* Another owner from now on. It is told soon of what waits: on_read for bytes in
 * stream_in() (when reading is on), on_end for an end that came before. */
void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg);

/* The queues. The owner drains input, adds to output and calls stream_flush.
 * Reading that rested because the input queue was full goes on by itself when the
 * owner has drained it to half, inside on_read or at any later time. */
struct buf *stream_in(struct stream *s);
struct buf *stream_out(struct stream *s);

/* Write what is queued, now as far as the socket takes it, the rest when it is
 * writable; small writes of one turn become one record and one system call when
 * the owner flushes once. 0 or negative errno (owner closes; no on_end). */
int stream_flush(struct stream *s);

/* Call on_drain once when the output queue is empty. */
void stream_notify_empty(struct stream *s);

void stream_reading(struct stream *s, bool on);

/* No more output after what is queued: FIN (with TLS: close_notify first). */
void stream_finish(struct stream *s);

/* Above high water: do not add more until on_drain. */
static inline bool stream_full(struct stream *s)
{
	return buf_len(stream_out(s)) >= STREAM_HIWAT_BYTES;
}

/* Let what comes in at one go out at the other, both ways, until one is closed.
 * A large flow between plain streams does so inside the kernel (net/splice) and
 * is not seen in stream_in(): on_read tells, stream_passed how much since it was
 * asked last. All else comes by the queues, and the owner moves it. In order:
 * nothing is read while passed bytes wait; only what was read from the one may be
 * added to the output of the other. */
void stream_join(struct stream *a, struct stream *b);
size_t stream_passed(struct stream *s);
/* Output that waits, by either way. */
size_t stream_queued(const struct stream *s);

/* Is there nothing in the socket, no byte and no end? Asks the kernel: before an
 * idle connection is used again. */
bool stream_quiet(const struct stream *s);

int stream_fd(const struct stream *s);  /* borrowed */
/* The address at the other end. 0 or -errno. */
int stream_peer(const struct stream *s, struct sockaddr_storage *ret_addr);
/* Memory of an idle stream goes back (empty queues only). */
void stream_rest(struct stream *s);

/* A transport below the queues: all by negative errno; -EAGAIN when it waits.
 * wants_write tells what a waiting read, write or shake waits for. */
struct transport {
	int (*shake)(void *t);                           /* 0 when done */
	ssize_t (*read)(void *t, char *p, size_t n);     /* 0: orderly end */
	ssize_t (*write)(void *t, const char *p, size_t n);
	bool (*wants_write)(void *t);
	bool (*pending)(void *t);   /* decrypted bytes wait inside */
	void (*rest)(void *t);      /* give buffers back that hold nothing */
	void (*finish)(void *t);    /* say goodbye; best effort */
	void (*free)(void *t);
};
/* Put a transport (owned from now on) under s. Its handshake runs as the socket
 * allows and ends with on_ready. Bytes already in stream_in() stay there: the
 * transport takes them itself before it is set. */
void stream_set_transport(struct stream *s, const struct transport *ops,
    void *t);
void *stream_transport(struct stream *s); /* NULL: plain */

#endif
