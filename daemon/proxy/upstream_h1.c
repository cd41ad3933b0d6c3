/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream_h1 - a request over a connection of its own: HTTP/1.1. */
#include "proxy/upstream_int.h"

#include <errno.h>

#include "base/arena.h"
#include "proxy/origin.h"

static struct stream *stream_of(const struct upstream *u)
{
	return u->server->stream;
}

static void on_read(void *arg)
{
	struct upstream *u = arg;

	u->ops->on_read(u->arg);
}

static void on_drain(void *arg)
{
	struct upstream *u = arg;

	u->ops->on_drain(u->arg);
}

static void on_end(void *arg, int err)
{
	struct upstream *u = arg;

	u->cut = true;
	u->ops->on_end(u->arg, err);
}

static const struct stream_ops stream_ops = {
	.on_read = on_read,
	.on_drain = on_drain,
	.on_end = on_end,
};

void upstream_h1_join(struct upstream *u, struct server *s)
{
	u->server = s;
	u->codec = &upstream_h1;
	u->reused = s->reused;
	list_del(&u->link);
	list_add_tail(&s->legs, &u->link);
	stream_set_ops(s->stream, NULL, NULL);
}

static int send_head(struct upstream *u, const struct msg *m)
{
	struct stream *s = stream_of(u);
	int err = h1_write_head(m, stream_out(s));

	if (err == 0) {
		stream_set_ops(s, &stream_ops, u);
		stream_reading(s, true);
	}
	return err;
}

static int send_content(struct upstream *u, struct span s, bool last)
{
	struct buf *out = stream_out(stream_of(u));

	return u->framing == FRAME_CHUNKED ? h1_write_chunk(out, s, last)
	                                   : buf_add_span(out, s);
}

static bool full(const struct upstream *u)
{
	return stream_full(stream_of(u));
}

static int flush(struct upstream *u)
{
	return stream_flush(stream_of(u));
}

static int head(struct upstream *u)
{
	struct buf *in = stream_in(stream_of(u));
	ptrdiff_t n = h1_head_end(buf_span(in), &u->scanned);
	enum h1_fault fault;
	struct span text;

	if (n == 0)
		return buf_len(in) >= MSG_HEAD_MAX_BYTES ? -E2BIG : 0;
	if (n < 0)
		return -EBADMSG;
	u->scanned = 0;
	text = arena_dup(u->arena, span_of(buf_span(in).p, (size_t)n));
	if (n > MSG_HEAD_MAX_BYTES || arena_error(u->arena) < 0)
		return -E2BIG;
	if (h1_read_response(text, u->method, u->answer, &fault) <= 0)
		return -EBADMSG;
	buf_drain(in, (size_t)n);
	if (u->answer->status >= 200) {
		h1_body_init(&u->body, u->answer);
		u->got_all = u->answer->framing == FRAME_NONE;
		u->cut = u->cut || !u->answer->keep_alive ||
		         u->answer->framing == FRAME_CLOSE;
	}
	return 1;
}

static bool begun(const struct upstream *u)
{
	return u->scanned > 0;
}

static int read_content(
    struct upstream *u, size_t limit, struct span *ret_piece)
{
	struct buf *in = stream_in(stream_of(u));
	struct span rest;
	size_t all, n;
	int r;

	do {
		all = buf_len(in);
		rest = buf_span(in);
		rest.n = rest.n < limit ? rest.n : limit;
		n = rest.n;
		r = h1_body_read(&u->body, &rest, ret_piece);
		if (r < 0)
			return r;
		n -= rest.n;
		/* Drained before it is used: the piece stays valid until more
		 * is read, and the connection is given back empty. */
		buf_drain(in, n);
	} while (r == 0 && ret_piece->n == 0 && n > 0 && n < all);
	if (r == 1) {
		u->got_all = true;
		u->cut = u->cut || n < all; /* bytes nobody asked for */
	}
	return r;
}

/* Without close_notify nobody can tell an end from a cut. */
static int eof(struct upstream *u, int err)
{
	if (h1_body_eof(&u->body) < 0)
		return -EBADMSG;
	return err < 0 && (u->server->origin->tls || err != -EPIPE) ? -EPIPE
	                                                            : 0;
}

static bool waiting(const struct upstream *u)
{
	return buf_len(stream_in(stream_of(u))) > 0;
}

static void reading(struct upstream *u, bool on)
{
	stream_reading(stream_of(u), on);
}

static void suspect(struct upstream *u)
{
	u->cut = true;
}

static void put(struct upstream *u)
{
	struct server *s = u->server;

	upstream_clear(u);
	server_rest(s);
}

static void drop(struct upstream *u)
{
	struct server *s = u->server;

	upstream_clear(u);
	server_close(s);
}

const struct upstream_codec upstream_h1 = {
	.send_head = send_head,
	.send = send_content,
	.full = full,
	.flush = flush,
	.head = head,
	.begun = begun,
	.read = read_content,
	.eof = eof,
	.waiting = waiting,
	.reading = reading,
	.suspect = suspect,
	.put = put,
	.drop = drop,
};
