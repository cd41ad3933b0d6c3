/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/loop.h"
#include "net/splice.h"

#define READ_PLAIN_BYTES (32u << 10)  /* asked from the socket at once */
#define READ_RECORD_BYTES (16u << 10) /* one TLS record's plaintext */
#define CROWD_MIN 1024 /* streams: memory is given back after so many */

/* What the stream lives through before bytes flow. */
enum phase { CONNECTING, SHAKING, OPEN, BROKEN, CLOSED };

struct stream {
	int fd; /* owned */
	enum phase phase;
	const struct stream_ops *ops; /* borrowed; NULL: nobody listens */
	void *arg;
	struct buf in, out;
	const struct transport *under; /* NULL: plain */
	void *transport;               /* owned, by under->free */
	struct stream *peer;           /* of a tunnel; borrowed, knows us */
	struct splice *pipe; /* owned; output behind that of the queue */
	size_t passed;
	struct event on_in, on_out;
	bool in_armed, out_armed;

	bool reading;           /* the owner wants input */
	bool full;              /* input rests at STREAM_IN_MAX_BYTES */
	bool dry;               /* the last read found no more */
	bool bulk;              /* the last read was a large one */
	bool read_waits_output; /* TLS has to write before it can read */
	bool ended;             /* the socket gives no more input */
	int end_err;            /* of ended: 0 or -EPIPE */

	bool write_waits_input; /* TLS has to read before it can write */
	bool finish_asked, finish_done; /* stream_finish; FIN is out */

	int err;          /* of BROKEN */
	bool ready_due;   /* what the owner still has to hear: */
	bool input_due;   /* on_read although nothing new comes */
	bool drain_due;   /* on_drain now */
	bool above;       /* on_drain when output has fallen */
	bool empty_asked; /* on_drain when output is empty */
	bool end_told, error_told;

	struct loop_soon soon;
	struct loop_later later;
};

/* How many there are, and were at most since memory was given back. */
static struct {
	unsigned now, most;
} count;

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_soon(void *arg);
static void wait_input(struct stream *s);

static void disarm_in(struct stream *s)
{
	if (s->in_armed)
		event_del(&s->on_in);
	s->in_armed = false;
}

static void disarm_out(struct stream *s)
{
	if (s->out_armed)
		event_del(&s->on_out);
	s->out_armed = false;
}

/* Nothing moves any more. */
static int broken(struct stream *s, int err)
{
	s->phase = BROKEN;
	s->err = err;
	disarm_in(s);
	disarm_out(s);
	return err;
}

static void arm_in(struct stream *s)
{
	if (s->in_armed)
		return;
	s->in_armed = event_add(&s->on_in, NULL) == 0;
	if (!s->in_armed) {
		broken(s, -ENOMEM);
		loop_soon(&s->soon);
	}
}

static void arm_out(struct stream *s)
{
	if (s->out_armed)
		return;
	s->out_armed = event_add(&s->on_out, NULL) == 0;
	if (!s->out_armed) {
		broken(s, -ENOMEM);
		loop_soon(&s->soon);
	}
}

static int prepare_fd(int fd)
{
	int one = 1, flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	/* We gather small writes ourselves. Not a TCP socket: no matter. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return 0;
}

struct stream *stream_new(int fd, const struct stream_ops *ops, void *arg)
{
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	if (prepare_fd(fd) < 0 ||
	    event_assign(&s->on_in, loop_base(), fd, EV_READ | EV_PERSIST,
	        on_readable, s) < 0 ||
	    event_assign(&s->on_out, loop_base(), fd, EV_WRITE | EV_PERSIST,
	        on_writable, s) < 0) {
		free(s);
		return NULL;
	}
	s->fd = fd;
	s->phase = OPEN;
	s->ops = ops, s->arg = arg;
	buf_init(&s->in, STREAM_IN_MAX_BYTES);
	buf_init(&s->out, STREAM_OUT_MAX_BYTES);
	loop_soon_init(&s->soon, on_soon, s);
	if (++count.now > count.most)
		count.most = count.now;
	return s;
}

/* Most of a crowd has gone. The C library keeps what they leave between those
 * who stay; 2000 WebSockets: 53 MB, given back in 8 ms. */
static void free_later(void *arg)
{
	free(arg);
	if (--count.now > count.most / 4 || count.most < CROWD_MIN)
		return;
	count.most = count.now;
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

/* No callback, no descriptor, no memory but the stream itself. */
static void bury(struct stream *s)
{
	s->phase = CLOSED;
	s->ops = NULL;
	s->full = false;
	if (s->peer != NULL)
		s->peer->peer = NULL;
	s->peer = NULL;
	splice_put(s->pipe);
	s->pipe = NULL;
	loop_soon_cancel(&s->soon);
	if (s->under != NULL)
		s->under->free(s->transport);
	s->under = NULL, s->transport = NULL;
	buf_fini(&s->in);
	buf_fini(&s->out);
	loop_later(&s->later, free_later, s);
}

void stream_close(struct stream *s)
{
	if (s == NULL || s->phase == CLOSED)
		return;
	/* An orderly end says so also when it is sudden (RFC 8446, 6.1); one
	 * that drops bytes must look cut to the peer. */
	if (s->under != NULL && s->phase == OPEN && stream_queued(s) == 0 &&
	    !s->finish_done)
		s->under->finish(s->transport);
	disarm_in(s);
	disarm_out(s);
	close(s->fd);
	s->fd = -1;
	bury(s);
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	s->ops = ops, s->arg = arg;
	s->end_told = s->error_told = false;
	s->input_due = buf_len(&s->in) > 0;
	if (s->input_due || s->ended || s->phase == BROKEN)
		loop_soon(&s->soon);
}

/* The owner comes to take from a full queue: look afterwards whether there is
 * room again, whatever else it does or forgets. */
struct buf *stream_in(struct stream *s)
{
	if (s->full && s->reading)
		loop_soon(&s->soon);
	return &s->in;
}

struct buf *stream_out(struct stream *s)
{
	return &s->out;
}

size_t stream_queued(const struct stream *s)
{
	return buf_len(&s->out) + (s->pipe != NULL ? splice_held(s->pipe) : 0);
}

void stream_join(struct stream *a, struct stream *b)
{
	a->peer = b;
	b->peer = a;
}

size_t stream_passed(struct stream *s)
{
	size_t n = s->passed;

	s->passed = 0;
	return n;
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}

int stream_peer(const struct stream *s, struct sockaddr_storage *ret_addr)
{
	socklen_t n = sizeof *ret_addr;

	if (getpeername(s->fd, (struct sockaddr *)ret_addr, &n) < 0)
		return -errno;
	return 0;
}

bool stream_quiet(const struct stream *s)
{
	char c;

	return recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

void *stream_transport(struct stream *s)
{
	return s->transport;
}

void stream_rest(struct stream *s)
{
	buf_release(&s->in);
	buf_release(&s->out);
	if (s->under != NULL && s->phase == OPEN)
		s->under->rest(s->transport);
}

/* The tell functions return whether s is still there for the caller. */
static bool tell_ready(struct stream *s, int err)
{
	if (s->ops != NULL && s->ops->on_ready != NULL)
		s->ops->on_ready(s->arg, err);
	return s->phase != CLOSED;
}

static bool tell_read(struct stream *s)
{
	if (s->ops != NULL && s->ops->on_read != NULL)
		s->ops->on_read(s->arg);
	return s->phase != CLOSED;
}

static bool tell_drain(struct stream *s)
{
	s->drain_due = false;
	if (s->ops != NULL && s->ops->on_drain != NULL)
		s->ops->on_drain(s->arg);
	return s->phase != CLOSED;
}

static bool tell_end(struct stream *s, int err)
{
	s->end_told = true;
	if (err < 0)
		s->error_told = true;
	if (s->ops != NULL && s->ops->on_end != NULL)
		s->ops->on_end(s->arg, err);
	return s->phase != CLOSED;
}

static void tell_error(struct stream *s)
{
	if (!s->error_told)
		tell_end(s, s->err);
}

/* ---- output ---- */

static ssize_t write_some(struct stream *s)
{
	struct span out = buf_span(&s->out);
	ssize_t n;

	if (s->under != NULL)
		return s->under->write(s->transport, out.p, out.n);
	do
		n = send(s->fd, out.p, out.n, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	/* -EPIPE is the name of something else: see on_end. */
	return errno == EPIPE ? -ECONNRESET : -errno;
}

/* The end of our output, after its last byte. */
static void say_goodbye(struct stream *s)
{
	if (s->under != NULL) {
		s->under->finish(s->transport);
		if (s->under->wants_write(s->transport)) {
			arm_out(s);
			return;
		}
	}
	(void)shutdown(s->fd, SHUT_WR);
	s->finish_done = true;
}

/* Note what on_drain has to tell; the caller decides when. */
static void note_level(struct stream *s)
{
	size_t len = stream_queued(s);

	if (len >= STREAM_HIWAT_BYTES)
		s->above = true;
	if (s->above && len <= STREAM_LOWAT_BYTES) {
		s->above = false;
		s->drain_due = true;
	}
	if (s->empty_asked && len == 0 && s->finish_asked == s->finish_done) {
		s->empty_asked = false;
		s->drain_due = true;
	}
}

static ssize_t empty_pipe(struct stream *s)
{
	ssize_t n = 0;

	while (splice_held(s->pipe) > 0 && (n = splice_to(s->pipe, s->fd)) > 0)
		;
	if (n < 0)
		return n == -EPIPE ? -ECONNRESET : n;
	splice_put(s->pipe);
	s->pipe = NULL;
	return n;
}

static size_t pull(struct stream *s);

/* The peer takes no more. What it said before is taken in: it may be why. */
static void salvage(struct stream *s)
{
	if (!s->reading || s->ended)
		return;
	/* A transport says once from memory that there is nothing. */
	if (pull(s) > 0 || (s->phase == OPEN && pull(s) > 0))
		s->input_due = true;
}

/* Send what is queued, as far as it goes. 0 or the error. */
static int push(struct stream *s)
{
	ssize_t n = 0;

	if (s->phase != OPEN)
		return s->err; /* 0 before it is open: the output waits */
	note_level(s);
	while (buf_len(&s->out) > 0 && (n = write_some(s)) > 0)
		buf_drain(&s->out, (size_t)n);
	if (s->pipe != NULL && n >= 0)
		n = empty_pipe(s);
	if (n < 0 && n != -EAGAIN) {
		salvage(s);
		return broken(s, (int)n);
	}
	s->write_waits_input =
	    n < 0 && s->under != NULL && !s->under->wants_write(s->transport);
	if (s->write_waits_input) {
		arm_in(s);
	} else if (n < 0) {
		arm_out(s);
	} else {
		disarm_out(s);
		buf_release(&s->out);
		if (s->finish_asked && !s->finish_done)
			say_goodbye(s);
		if (s->peer != NULL && s->peer->reading)
			wait_input(s->peer); /* it may have rested for us */
	}
	note_level(s);
	return s->err;
}

int stream_flush(struct stream *s)
{
	int err = buf_error(&s->out);

	if (s->finish_done && buf_len(&s->out) > 0)
		err = -ESHUTDOWN;
	if (err < 0 && s->phase != BROKEN) /* bytes are missing in the queue */
		broken(s, err);
	err = push(s);
	if (err < 0)
		s->error_told = true; /* by this result */
	else if (s->drain_due)
		loop_soon(&s->soon);
	return err;
}

void stream_notify_empty(struct stream *s)
{
	s->empty_asked = true;
	if (s->phase == OPEN)
		note_level(s);
	if (s->drain_due)
		loop_soon(&s->soon);
}

void stream_finish(struct stream *s)
{
	if (s->finish_asked)
		return;
	s->finish_asked = true;
	if (push(s) < 0 || s->drain_due)
		loop_soon(&s->soon);
}

/* ---- input ---- */

static ssize_t read_some(struct stream *s, char *at, size_t n)
{
	ssize_t got;

	if (s->under != NULL)
		return s->under->read(s->transport, at, n);
	do
		got = recv(s->fd, at, n, 0);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* 0: an orderly end; -EPIPE: cut. Output may go on. Else all is over. */
static void note_end(struct stream *s, int err)
{
	if (err < 0 && err != -EPIPE) {
		broken(s, err);
		return;
	}
	s->ended = true;
	s->end_err = err;
	disarm_in(s);
}

static bool both_plain(const struct stream *s)
{
	return s->under == NULL && s->peer->under == NULL;
}

/* A large flow, with nothing before it in a queue? */
static bool may_pass(const struct stream *s)
{
	const struct stream *to = s->peer;

	return to != NULL && s->bulk && both_plain(s) && to->phase == OPEN &&
	       !to->finish_asked && buf_len(&s->in) == 0 &&
	       buf_len(&to->out) == 0;
}

/* From socket to socket; false: no pipe can be had. */
static bool pass(struct stream *s, size_t *ret_n)
{
	struct stream *to = s->peer;
	ssize_t n;

	to->pipe = splice_take();
	if (to->pipe == NULL)
		return false;
	n = splice_from(to->pipe, s->fd);
	*ret_n = n > 0 ? (size_t)n : 0;
	s->passed += *ret_n;
	s->bulk = *ret_n >= READ_RECORD_BYTES;
	s->dry = true;
	if (n <= 0 && n != -EAGAIN)
		note_end(s, (int)n);
	if (push(to) < 0 || to->drain_due)
		loop_soon(&to->soon);
	return true;
}

/* Take what is there until the queue is full. Bytes taken. */
static size_t pull(struct stream *s)
{
	size_t ask = s->under != NULL ? READ_RECORD_BYTES : READ_PLAIN_BYTES;
	size_t before = buf_len(&s->in), room, n;
	ssize_t got = 1;
	char *at;

	if (may_pass(s) && pass(s, &n))
		return n;
	s->dry = false;
	while (!s->dry && got > 0) {
		room = STREAM_IN_MAX_BYTES - buf_len(&s->in);
		n = room < ask ? room : ask;
		s->full = n == 0;
		if (s->full)
			break;
		at = buf_reserve(&s->in, s->bulk ? room : n);
		if (at == NULL) {
			broken(s, buf_error(&s->in));
			break;
		}
		got = read_some(s, at, n);
		if (got > 0)
			buf_commit(&s->in, (size_t)got);
		/* A short read emptied the socket; it tells of more. */
		s->dry = got == -EAGAIN ||
		         (got > 0 && s->under == NULL && (size_t)got < n);
		if (got <= 0 && got != -EAGAIN)
			note_end(s, (int)got);
	}
	s->read_waits_output = got == -EAGAIN && s->under != NULL &&
	                       s->under->wants_write(s->transport);
	s->bulk = buf_len(&s->in) - before >= READ_RECORD_BYTES;
	return buf_len(&s->in) - before;
}

/* Passed bytes wait at the other end, or could flow when its queue is empty. */
static bool rests(const struct stream *s)
{
	const struct stream *to = s->peer;

	return to != NULL && (to->pipe != NULL || (s->bulk && both_plain(s) &&
	                                              buf_len(&to->out) > 0));
}

static bool may_pull(struct stream *s)
{
	if (s->full && buf_len(&s->in) <= STREAM_IN_MAX_BYTES / 2)
		s->full = false;
	if (rests(s))
		return false;
	return s->phase == OPEN && s->reading && !s->full && !s->ended;
}

/* See to it that more input wakes us. */
static void wait_input(struct stream *s)
{
	if (!may_pull(s))
		return; /* when armed, on_readable disarms */
	if (s->read_waits_output)
		arm_out(s);
	else
		arm_in(s);
	/* Of bytes that wait inside the transport the socket does not tell. */
	if (s->under != NULL && !s->dry && s->under->pending(s->transport))
		loop_soon(&s->soon);
}

/* Input as far as the owner wants it, then the end if it has come. */
static void feed(struct stream *s)
{
	size_t got = may_pull(s) ? pull(s) : 0;
	bool tell = got > 0 || (s->input_due && buf_len(&s->in) > 0);

	if (s->reading)
		s->input_due = false;
	if (tell && s->reading && !tell_read(s))
		return;
	if (buf_len(&s->in) == 0)
		buf_release(&s->in);
	if (s->phase == BROKEN)
		tell_error(s);
	else if (s->phase == OPEN && s->ended && s->reading && !s->end_told)
		tell_end(s, s->end_err);
	else
		wait_input(s);
}

void stream_reading(struct stream *s, bool on)
{
	bool was = s->reading;

	s->reading = on;
	if (!on)
		return;
	if (!was && buf_len(&s->in) > 0)
		s->input_due = true;
	if (s->input_due || (s->ended && !s->end_told))
		loop_soon(&s->soon);
	wait_input(s);
}

/* ---- events ---- */

static void on_open(struct stream *s)
{
	disarm_out(s);
	s->phase = OPEN;
	/* Output may wait; and a first request may have come in one piece with
	 * the end of a handshake. */
	loop_soon(&s->soon);
	tell_ready(s, 0);
}

static void on_failed(struct stream *s, int err)
{
	broken(s, err);
	s->error_told = true;
	tell_ready(s, err);
}

static void shake(struct stream *s)
{
	int err = s->under->shake(s->transport);

	if (err == 0) {
		on_open(s);
	} else if (err != -EAGAIN) {
		on_failed(s, err);
	} else if (s->under->wants_write(s->transport)) {
		arm_out(s);
	} else {
		disarm_out(s);
		arm_in(s);
	}
}

/* connect(2) is through. */
static void connected(struct stream *s)
{
	int err = 0;
	socklen_t n = sizeof err;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		err = errno;
	if (err != 0) {
		on_failed(s, -err);
	} else if (s->under != NULL) {
		disarm_out(s);
		s->phase = SHAKING;
		shake(s);
	} else {
		on_open(s);
	}
}

/* Output, and what it leads to. false: do no more. */
static bool drive_output(struct stream *s)
{
	if (push(s) < 0) {
		if (!s->input_due || tell_read(s))
			tell_error(s);
		return false;
	}
	return !s->drain_due || tell_drain(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd, (void)what;
	if (s->phase == SHAKING) {
		shake(s);
		return;
	}
	if (s->write_waits_input && !drive_output(s))
		return;
	if (may_pull(s))
		feed(s);
	else if (!s->write_waits_input)
		disarm_in(s); /* this late: often it is wanted again before */
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd, (void)what;
	if (s->phase == CONNECTING)
		connected(s);
	else if (s->phase == SHAKING)
		shake(s);
	else if (drive_output(s) && s->read_waits_output)
		feed(s);
}

/* What could not be told or done inside a call of the owner. */
static void on_soon(void *arg)
{
	struct stream *s = arg;

	if (s->ready_due) {
		s->ready_due = false;
		if (s->phase == BROKEN)
			on_failed(s, s->err);
		else
			on_open(s);
	} else if (s->phase == SHAKING) {
		shake(s);
	} else if (drive_output(s)) {
		feed(s);
	}
}

void stream_set_transport(
    struct stream *s, const struct transport *ops, void *t)
{
	assert(s->under == NULL);
	s->under = ops, s->transport = t;
	s->full = false;
	if (s->phase != OPEN)
		return; /* after connecting, or never */
	s->phase = SHAKING;
	loop_soon(&s->soon);
}

struct stream *stream_dial(const struct sockaddr *addr, socklen_t len,
    const struct stream_ops *ops, void *arg)
{
	struct stream *s;
	int fd = socket(
	    addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	s = stream_new(fd, ops, arg);
	if (s == NULL) {
		close(fd);
		return NULL;
	}
	s->phase = CONNECTING;
	if (connect(fd, addr, len) == 0) {
		s->ready_due = true;
	} else if (errno == EINPROGRESS) {
		arm_out(s);
		s->ready_due = s->phase == BROKEN;
	} else {
		broken(s, -errno);
		s->ready_due = true;
	}
	if (s->ready_due)
		loop_soon(&s->soon);
	return s;
}
