/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/h1_conn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "http/h1.h"
#include "proxy/exchange.h"
#include "proxy/front.h"
#include "proxy/snapshot.h"
#include "proxy/socket.h"

enum state {
	HEAD, /* a request head is awaited or being read */
	BODY, /* its content is being read */
	WAIT  /* the request is read; its answer is under way */
};

struct h1_conn {
	enum state state;
	bool dead;    /* freed at the end of the turn */
	bool running; /* inside run(): do not enter again */
	bool ended;   /* the client sends no more */
	bool closing; /* the connection ends after this answer */
	struct conn *conn;
	struct exchange *exchange; /* owned */
	struct h1_body body;
	size_t scanned;       /* input seen without the end of a head */
	uint8_t minor;        /* of the request: how to frame the answer */
	enum framing framing; /* of the answer */
	struct loop_later later;
};

static void run(struct h1_conn *h);

static int on_head(void *arg, struct msg *m)
{
	struct h1_conn *h = arg;
	int err;

	if (m->status >= 200) {
		/* HTTP/1.0 knows no chunks: the end of the connection is the
		 * end of the content. */
		if (h->minor == 0 && m->framing == FRAME_CHUNKED)
			m->framing = FRAME_CLOSE;
		else if (h->minor == 1 && m->framing == FRAME_CLOSE)
			m->framing = FRAME_CHUNKED;
		if (m->framing == FRAME_CLOSE)
			m->keep_alive = false;
		h->framing = m->framing;
		h->closing = !m->keep_alive || conn_draining();
		m->keep_alive = !h->closing;
	}
	m->minor = 1;
	err = h1_write_head(m, stream_out(h->conn->client));
	if (err < 0)
		conn_close(h->conn, WHY_MEMORY);
	return err;
}

static int on_content(void *arg, struct span s, bool last)
{
	struct h1_conn *h = arg;
	struct buf *out = stream_out(h->conn->client);
	int err;

	if (h->framing == FRAME_CHUNKED)
		err = h1_write_chunk(out, s, last);
	else
		err = buf_add_span(out, s);
	if (err < 0)
		conn_close(h->conn, WHY_MEMORY);
	return err;
}

static int on_flush(void *arg)
{
	struct h1_conn *h = arg;
	int err = stream_flush(h->conn->client);

	if (err < 0)
		conn_close(h->conn, WHY_CLIENT_GONE);
	return err;
}

static bool on_full(void *arg)
{
	struct h1_conn *h = arg;

	return stream_full(h->conn->client);
}

static size_t on_queued(void *arg)
{
	const struct h1_conn *h = arg;

	return buf_len(stream_out(h->conn->client));
}

static void on_resume(void *arg)
{
	struct h1_conn *h = arg;

	if (!h->running)
		run(h);
}

static void on_wait(void *arg, uint32_t seconds)
{
	struct h1_conn *h = arg;

	conn_wait(h->conn, seconds);
}

static void on_done(void *arg)
{
	struct h1_conn *h = arg;

	if (h->closing) {
		conn_finish(h->conn, WHY_DONE);
		return;
	}
	h->state = HEAD;
	h->scanned = 0;
	conn_idle(h->conn);
	if (!h->running)
		run(h);
}

static void on_fail(void *arg, enum why why)
{
	struct h1_conn *h = arg;

	if (why == WHY_DONE)
		conn_finish(h->conn, why);
	else
		conn_close(h->conn, why);
}

static void on_upgraded(void *arg, struct stream *server)
{
	struct h1_conn *h = arg;
	struct conn *c = h->conn;
	struct socket_start how;

	exchange_socket(h->exchange, &how);
	h1_conn_free(h); /* freed later: how is still good */
	c->h1 = NULL;
	conn_enter(c, CONN_SOCKET);
	if (c->state == CONN_SOCKET)
		socket_start(c, server, &how);
	else
		stream_close(server);
}

static const struct exchange_ops ops = {
	.one_by_one = true,
	.head = on_head,
	.content = on_content,
	.flush = on_flush,
	.full = on_full,
	.queued = on_queued,
	.resume = on_resume,
	.wait = on_wait,
	.done = on_done,
	.fail = on_fail,
	.upgraded = on_upgraded,
};

struct h1_conn *h1_conn_new(struct conn *c)
{
	struct h1_conn *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->conn = c;
	h->exchange = exchange_new(c, &ops, h);
	if (h->exchange == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

static void free_later(void *arg)
{
	free(arg);
}

void h1_conn_free(struct h1_conn *h)
{
	if (h == NULL || h->dead)
		return;
	h->dead = true;
	exchange_free(h->exchange);
	loop_later(&h->later, free_later, h);
}

static void refuse(struct h1_conn *h, enum why why)
{
	h->minor = 1;
	h->state = WAIT;
	exchange_refuse_unread(h->exchange, why);
}

static enum why why_of(enum h1_fault fault)
{
	switch (fault) {
	case H1_TOO_LARGE:
		return WHY_HEAD_LIMIT;
	case H1_OK:
	case H1_BAD:
	case H1_VERSION:
		break;
	}
	return WHY_BAD_REQUEST;
}

/* Copy a whole head into the arena and read it there. */
static void begin(struct h1_conn *h, struct buf *in, size_t head_bytes)
{
	struct exchange *x = h->exchange;
	struct span head =
	    arena_dup(exchange_arena(x), span_of(buf_span(in).p, head_bytes));
	struct msg *m = exchange_request(x);
	enum h1_fault fault = H1_BAD;
	ptrdiff_t n = h1_read_request(head, m, &fault);

	if (n <= 0 || (size_t)n != head_bytes) {
		refuse(h, n <= 0 ? why_of(fault) : WHY_BAD_REQUEST);
		return;
	}
	buf_drain(in, head_bytes);
	h->scanned = 0;
	h->minor = m->minor;
	if (span_eq(m->method, SPAN("CONNECT"))) {
		if (h->conn->inside)
			refuse(h, WHY_BAD_REQUEST);
		else
			front_connect(h->conn, m->authority);
		return;
	}
	h1_body_init(&h->body, m);
	h->state = m->framing == FRAME_NONE ? WAIT : BODY;
	exchange_begin(x);
}

/* One empty line or two before a request are tolerated (RFC 9112, 2.2). */
static void skip_empty_lines(struct buf *in)
{
	for (int i = 0; i < 2; i++)
		if (span_starts(buf_span(in), SPAN("\r\n")))
			buf_drain(in, 2);
}

/* false: more input is needed. */
static bool read_head(struct h1_conn *h)
{
	struct buf *in = stream_in(h->conn->client);
	ptrdiff_t n;

	if (stream_full(h->conn->client)) /* answers wait: on_drain goes on */
		return false;
	if (h->scanned == 0)
		skip_empty_lines(in);
	if (buf_len(in) == 0)
		return false;
	if (h->scanned == 0)
		conn_wait(h->conn, h->conn->snap->conf->head_s);
	n = h1_head_end(buf_span(in), &h->scanned);
	if (n > 0 && n <= MSG_HEAD_MAX_BYTES) {
		begin(h, in, (size_t)n);
		return true;
	}
	if (n == 0 && buf_len(in) < MSG_HEAD_MAX_BYTES)
		return false;
	refuse(h, n < 0 ? WHY_BAD_REQUEST : WHY_HEAD_LIMIT);
	return true;
}

/* false: more input, or room at the server, is needed. */
static bool read_body(struct h1_conn *h)
{
	struct buf *in = stream_in(h->conn->client);
	struct span rest, piece;
	size_t before;
	int r;

	if (!exchange_wants(h->exchange))
		return false;
	rest = exchange_step(h->exchange, buf_span(in));
	before = rest.n;
	r = h1_body_read(&h->body, &rest, &piece);
	if (r < 0) {
		/* The framing is lost: nothing after this can be trusted. */
		h->closing = true;
		exchange_refuse(h->exchange, WHY_BAD_REQUEST);
		return false;
	}
	buf_drain(in, before - rest.n);
	if (r == 1)
		h->state = WAIT;
	if (piece.n > 0 || r == 1)
		exchange_content(h->exchange, piece, r == 1);
	return r == 1 || before != rest.n;
}

static void run(struct h1_conn *h)
{
	bool more = true;

	h->running = true;
	while (more && !h->dead && h->conn->state == CONN_HTTP)
		switch (h->state) {
		case HEAD:
			more = read_head(h);
			break;
		case BODY:
			more = read_body(h);
			break;
		case WAIT:
			more = false;
			break;
		}
	h->running = false;
	if (h->dead || h->conn->state != CONN_HTTP)
		return;
	exchange_flush(h->exchange);
	if (h->dead || h->conn->state != CONN_HTTP)
		return;
	if (h->state == HEAD && stream_full(h->conn->client)) {
		stream_reading(h->conn->client, false);
		return; /* on_drain goes on */
	}
	if (h->ended && h->state != WAIT) { /* what it had sent is answered */
		conn_finish(h->conn, WHY_CLIENT_GONE);
		return;
	}
	stream_reading(
	    h->conn->client, h->state != BODY || exchange_wants(h->exchange));
}

static void on_read(void *arg)
{
	struct h1_conn *h = arg;

	if (!h->running)
		run(h);
}

static void on_drain(void *arg)
{
	struct h1_conn *h = arg;

	if (h->state == HEAD)
		run(h);
	else
		exchange_drained(h->exchange);
}

static void on_end(void *arg, int err)
{
	struct h1_conn *h = arg;

	h->ended = true;
	/* A client may end its side after the request and still read. */
	if (err < 0 || h->state == BODY)
		conn_close(h->conn, WHY_CLIENT_GONE);
	else if (h->state == HEAD)
		conn_finish(h->conn, WHY_CLIENT_GONE);
}

static const struct stream_ops stream_ops = {
	.on_read = on_read,
	.on_drain = on_drain,
	.on_end = on_end,
};

void h1_conn_start(struct h1_conn *h)
{
	stream_set_ops(h->conn->client, &stream_ops, h);
	stream_reading(h->conn->client, true);
	run(h);
}

bool h1_conn_idle(const struct h1_conn *h)
{
	return h->state == HEAD && h->scanned == 0;
}

void h1_conn_timeout(struct h1_conn *h)
{
	if (h->state != HEAD)
		exchange_timeout(h->exchange);
	else if (h->scanned == 0)
		conn_close(h->conn, WHY_IDLE);
	else
		refuse(h, WHY_SLOW);
}
