/* SPDX-License-Identifier: EUPL-1.2 */
/* imsg - typed messages between our own processes over SOCK_SEQPACKET pairs,
 * with at most one file descriptor each (unix(7), SCM_RIGHTS). The kernel keeps
 * the borders of messages; a message that breaks the table imsg.tbl (type,
 * length, descriptor) ends the channel: the other side is not itself any more.
 * Numbers travel in the order of this machine: both ends are one program. */
#ifndef MAIN_IMSG_H
#define MAIN_IMSG_H

#include "base/span.h"

#define IMSG_BODY_MAX 16384
#define IMSG_QUEUE_MAX 512 /* messages that wait for a slow reader */

enum imsg_type {
#define IMSG_ROW(name, least, most, fd, text) IMSG_##name,
#include "main/imsg.tbl"
#undef IMSG_ROW
	IMSG_COUNT
};

struct imsg {
	enum imsg_type type;
	struct span body; /* valid during the call, or until the next receive */
	int fd;           /* -1: none. A callee that keeps it sets it to -1 */
};

const char *imsg_word(enum imsg_type t); /* "LEAF_ASK" */

/* Two connected ends, close-on-exec and non-blocking. 0 or negative errno. */
int imsg_pair(int ret_fd[2]);

/* One message now. pass: a descriptor to go along (borrowed), or -1. 0;
 * -EAGAIN (the reader is slow), -EPIPE (it is gone), -EINVAL (the table says
 * otherwise) or another negative errno. */
int imsg_send(int fd, enum imsg_type t, struct span body, int pass);

/* One message, waiting at most wait_ms (0: not at all). mem has IMSG_BODY_MAX + 8
 * bytes and holds the body. m->fd is the caller's to close. 0; -EAGAIN (nothing
 * came), -EPIPE (end), -EBADMSG (against the table; descriptors are closed). */
int imsg_recv(int fd, int wait_ms, char *mem, struct imsg *m);

/* A channel on the loop: receives all the time, queues what the other side does
 * not take yet. */
struct imsg_chan;
struct imsg_ops {
	/* May free the channel. m->fd is closed afterwards unless taken. */
	void (*on_msg)(void *arg, struct imsg *m);
	/* End or error (negative errno); nothing more will come. May free. */
	void (*on_end)(void *arg, int err);
};

/* fd is owned from now on, on failure too. ops is borrowed. NULL: memory. */
struct imsg_chan *imsg_chan_new(int fd, const struct imsg_ops *ops, void *arg);
void imsg_chan_free(struct imsg_chan *c); /* NULL is fine; closes */

/* As imsg_send, but what cannot go now waits (pass is duplicated). -ENOBUFS
 * when IMSG_QUEUE_MAX messages wait already. */
int imsg_chan_send(struct imsg_chan *c, enum imsg_type t, struct span body,
    int pass);
/* Wait at most wait_ms until the queue has gone out; for the last words. */
void imsg_chan_flush(struct imsg_chan *c, int wait_ms);

/* Writing and reading of bodies: at *p, moving it. The reader checks the end:
 * false and nothing moved when there is too little. */
struct imsg_body {
	char mem[IMSG_BODY_MAX];
	size_t n;
	bool full; /* something did not fit; sending gives -EINVAL */
};
void imsg_put(struct imsg_body *b, const void *p, size_t n);
void imsg_put_u32(struct imsg_body *b, uint32_t v);
void imsg_put_u64(struct imsg_body *b, uint64_t v);
struct span imsg_body_span(const struct imsg_body *b);
bool imsg_get(struct span *body, void *ret_p, size_t n);
bool imsg_get_u32(struct span *body, uint32_t *ret_v);
bool imsg_get_u64(struct span *body, uint64_t *ret_v);
bool imsg_get_span(struct span *body, size_t n, struct span *ret_part);

#endif
