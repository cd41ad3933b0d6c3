/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/imsg.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/list.h"
#include "net/loop.h"

#define FDS_MAX 8        /* room for descriptors nobody should send */
#define TURN_MESSAGES 64 /* received in one turn of the loop */

struct head {
	uint32_t type, n;
};

static const struct {
	const char *word;
	size_t least, most;
	bool fd;
} row[] = {
#define IMSG_ROW(name, least, most, fd, text) { #name, least, most, fd },
#include "main/imsg.tbl"
#undef IMSG_ROW
};

struct waiting {
	struct link link;
	enum imsg_type type;
	int fd; /* owned, -1: none */
	size_t n;
	char body[];
};

struct imsg_chan {
	int fd;
	struct event *in, *out;
	struct link queue;
	unsigned queued;
	const struct imsg_ops *ops;
	void *arg;
	bool busy, dead; /* freed inside a callback: memory goes after it */
	char mem[IMSG_BODY_MAX + sizeof(struct head)];
};

const char *imsg_word(enum imsg_type t)
{
	return t < IMSG_COUNT ? row[t].word : "?";
}

int imsg_pair(int ret_fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		   0, ret_fd) < 0 ? -errno : 0;
}

static bool fits(uint32_t type, size_t n, bool fd)
{
	return type < IMSG_COUNT && n >= row[type].least &&
	    n <= row[type].most && fd == row[type].fd;
}

int imsg_send(int fd, enum imsg_type t, struct span body, int pass)
{
	struct head head = { .type = t, .n = (uint32_t)body.n };
	struct iovec iov[2] = {
		{ &head, sizeof head },
		{ (void *)(uintptr_t)body.p, body.n },
	};
	union {
		char mem[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = body.n > 0 ? 2 : 1 };

	if (!fits(t, body.n, pass >= 0))
		return -EINVAL;
	if (pass >= 0) {
		memset(&control, 0, sizeof control);
		msg.msg_control = control.mem;
		msg.msg_controllen = sizeof control.mem;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof pass);
		memcpy(CMSG_DATA(c), &pass, sizeof pass);
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	if (errno == EWOULDBLOCK || errno == ENOBUFS)
		return -EAGAIN;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

/* Descriptors that came along; the first is kept in *ret_fd, others closed.
 * How many there were. */
static unsigned take_fds(struct msghdr *msg, int *ret_fd)
{
	unsigned count = 0;

	*ret_fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (count++ == 0)
				*ret_fd = fd;
			else
				close(fd);
		}
	}
	return count;
}

static int recv_now(int fd, char *mem, struct imsg *m)
{
	struct iovec iov = { mem, IMSG_BODY_MAX + sizeof(struct head) };
	union {
		char mem[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.mem,
		.msg_controllen = sizeof control.mem };
	struct head head = { .type = IMSG_COUNT };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	unsigned fds;

	m->fd = -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	fds = take_fds(&msg, &m->fd);
	if (n == 0 && fds == 0)
		return -EPIPE;
	if ((size_t)n >= sizeof head)
		memcpy(&head, mem, sizeof head);
	if (fds > 1 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    (size_t)n != sizeof head + head.n ||
	    !fits(head.type, head.n, fds == 1)) {
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
		return -EBADMSG;
	}
	m->type = (enum imsg_type)head.type;
	m->body = span_of(mem + sizeof head, head.n);
	return 0;
}

int imsg_recv(int fd, int wait_ms, char *mem, struct imsg *m)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int err = recv_now(fd, mem, m);

	if (err == -EAGAIN && wait_ms > 0 && poll(&p, 1, wait_ms) > 0)
		err = recv_now(fd, mem, m);
	return err;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct imsg_chan *c = arg;

	(void)what;
	c->busy = true;
	for (int i = 0; i < TURN_MESSAGES && !c->dead; i++) {
		struct imsg m;
		int err = recv_now(fd, c->mem, &m);

		if (err == -EAGAIN)
			break;
		if (err < 0) {
			event_del(c->in);
			c->ops->on_end(c->arg, err);
			break;
		}
		c->ops->on_msg(c->arg, &m);
		explicit_bzero(c->mem, sizeof(struct head) + m.body.n);
		if (m.fd >= 0)
			close(m.fd);
	}
	c->busy = false;
	if (c->dead)
		free(c);
}

static void drop(struct imsg_chan *c, struct waiting *w)
{
	list_del(&w->link);
	if (w->fd >= 0)
		close(w->fd);
	explicit_bzero(w->body, w->n); /* may be a key */
	free(w);
	c->queued--;
}

/* Send what waits; a broken channel is noticed by its reader. */
static void pump(struct imsg_chan *c)
{
	LIST_EACH(it, tmp, &c->queue) {
		struct waiting *w = LIST_ENTRY(it, struct waiting, link);

		if (imsg_send(c->fd, w->type, span_of(w->body, w->n), w->fd) ==
		    -EAGAIN)
			return;
		drop(c, w);
	}
	event_del(c->out);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	pump(arg);
}

struct imsg_chan *imsg_chan_new(int fd, const struct imsg_ops *ops, void *arg)
{
	struct imsg_chan *c = calloc(1, sizeof *c);

	if (c == NULL) {
		close(fd);
		return NULL;
	}
	c->fd = fd, c->ops = ops, c->arg = arg;
	list_init(&c->queue);
	c->in = event_new(loop_base(), fd, EV_READ | EV_PERSIST, on_readable, c);
	c->out = event_new(loop_base(), fd, EV_WRITE | EV_PERSIST, on_writable,
	    c);
	if (c->in == NULL || c->out == NULL || event_add(c->in, NULL) < 0) {
		imsg_chan_free(c);
		return NULL;
	}
	return c;
}

void imsg_chan_free(struct imsg_chan *c)
{
	if (c == NULL)
		return;
	if (c->in != NULL)
		event_free(c->in);
	if (c->out != NULL)
		event_free(c->out);
	LIST_EACH(it, tmp, &c->queue)
		drop(c, LIST_ENTRY(it, struct waiting, link));
	close(c->fd);
	explicit_bzero(c->mem, sizeof c->mem);
	c->dead = true;
	if (!c->busy)
		free(c);
}

static int enqueue(struct imsg_chan *c, enum imsg_type t, struct span body,
    int pass)
{
	struct waiting *w;

	if (c->queued >= IMSG_QUEUE_MAX)
		return -ENOBUFS;
	w = calloc(1, sizeof *w + body.n);
	if (w == NULL)
		return -ENOMEM;
	w->type = t, w->n = body.n;
	if (body.n > 0)
		memcpy(w->body, body.p, body.n);
	w->fd = pass >= 0 ? fcntl(pass, F_DUPFD_CLOEXEC, 0) : -1;
	if ((pass >= 0 && w->fd < 0) || event_add(c->out, NULL) < 0) {
		if (w->fd >= 0)
			close(w->fd);
		free(w);
		return -ENOMEM;
	}
	list_add_tail(&c->queue, &w->link);
	c->queued++;
	return 0;
}

int imsg_chan_send(struct imsg_chan *c, enum imsg_type t, struct span body,
    int pass)
{
	int err = -EAGAIN;

	if (!fits(t, body.n, pass >= 0))
		return -EINVAL;
	if (list_empty(&c->queue))
		err = imsg_send(c->fd, t, body, pass);
	return err == -EAGAIN ? enqueue(c, t, body, pass) : err;
}

void imsg_chan_flush(struct imsg_chan *c, int wait_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };

	pump(c);
	for (int i = 0; !list_empty(&c->queue) && i < IMSG_QUEUE_MAX; i++) {
		if (poll(&p, 1, wait_ms) <= 0 || (p.revents & POLLERR) != 0)
			return;
		pump(c);
	}
}

void imsg_put(struct imsg_body *b, const void *p, size_t n)
{
	if (n > sizeof b->mem - b->n) {
		b->full = true;
		return;
	}
	if (n > 0)
		memcpy(b->mem + b->n, p, n);
	b->n += n;
}

void imsg_put_u32(struct imsg_body *b, uint32_t v)
{
	imsg_put(b, &v, sizeof v);
}

void imsg_put_u64(struct imsg_body *b, uint64_t v)
{
	imsg_put(b, &v, sizeof v);
}

struct span imsg_body_span(const struct imsg_body *b)
{
	/* What did not fit is longer than any row allows: the send fails. */
	return span_of(b->mem, b->full ? IMSG_BODY_MAX + 1 : b->n);
}

bool imsg_get_span(struct span *body, size_t n, struct span *ret_part)
{
	if (body->n < n)
		return false;
	*ret_part = span_of(body->p, n);
	*body = span_from(*body, n);
	return true;
}

bool imsg_get(struct span *body, void *ret_p, size_t n)
{
	struct span part;

	if (!imsg_get_span(body, n, &part))
		return false;
	if (n > 0)
		memcpy(ret_p, part.p, n);
	return true;
}

bool imsg_get_u32(struct span *body, uint32_t *ret_v)
{
	return imsg_get(body, ret_v, sizeof *ret_v);
}

bool imsg_get_u64(struct span *body, uint64_t *ret_v)
{
	return imsg_get(body, ret_v, sizeof *ret_v);
}
