/* SPDX-License-Identifier: EUPL-1.2 */
/* upstream_h2 - a request as a stream of a shared connection: HTTP/2. */
#include "proxy/upstream_int.h"

#include <errno.h>

#include "http/h2.h"
#include "net/clock.h"
#include "proxy/origin.h"

/* ---- the connection ---- */

/* It can carry no more: everybody on it is told. */
static void lost(struct server *s, int err)
{
	struct link legs;

	server_leave(s);
	list_init(&legs);
	while (!list_empty(&s->legs)) {
		struct upstream *u =
		    LIST_ENTRY(s->legs.next, struct upstream, link);

		list_del(&u->link);
		list_add_tail(&legs, &u->link);
		u->server = NULL; /* what waits can still be read */
		u->id = 0;
	}
	server_close(s);
	while (!list_empty(&legs)) { /* who is told may drop others */
		struct upstream *u =
		    LIST_ENTRY(legs.next, struct upstream, link);

		list_del(&u->link);
		if (!u->got_all)
			u->ops->on_end(u->arg, err < 0 ? err : -EPIPE);
	}
}

static void settle(struct server *s)
{
	bool leaves;

	if (s->state != SERVER_H2)
		return;
	leaves = h2_leaving(s->h2) || s->suspect;
	if (leaves)
		server_leave(s);
	else
		server_serve(s);
	if (s->state != SERVER_H2 || !list_empty(&s->legs))
		return;
	if (leaves)
		server_close(s);
	else if (list_empty(&s->waiting) && !s->idle)
		server_rest(s);
}

/* Write what is queued, as far as the socket keeps up. False: s is lost. */
static bool pump(struct server *s)
{
	struct buf *out = stream_out(s->stream);
	int err = 0;

	if (!stream_full(s->stream)) {
		s->flushing = true;
		err = h2_write(s->h2, out, STREAM_HIWAT_BYTES);
		s->flushing = false;
	}
	if (err == 0 && s->state == SERVER_H2)
		err = stream_flush(s->stream);
	if (s->state != SERVER_H2)
		return false;
	if (err < 0) {
		lost(s, err);
		return false;
	}
	return true;
}

static void on_soon(void *arg)
{
	struct server *s = arg;

	if (s->state == SERVER_H2 && pump(s))
		settle(s);
}

/* Something is queued: write it soon, unless it is about to be written. */
static void write_soon(struct server *s)
{
	if (!s->flushing)
		loop_soon(&s->soon);
}

/* The next connection can be used to the full at once. */
static void note_grants(const struct server *s)
{
	unsigned n = h2_streams(s->h2) + h2_grants(s->h2);

	if (h2_settled(s->h2) && h2_grants(s->h2) > 0)
		s->origin->grants = n;
}

static void on_server_read(void *arg)
{
	struct server *s = arg;
	struct buf *in = stream_in(s->stream);
	int err;

	s->heard_ms = clock_ms();
	err = h2_feed(s->h2, buf_span(in));
	if (s->state != SERVER_H2)
		return;
	buf_drain(in, buf_len(in));
	note_grants(s);
	if (!pump(s)) /* also what a connection error says */
		return;
	if (err < 0 || h2_over(s->h2))
		lost(s, err < 0 ? -EPROTO : -EPIPE);
	else
		settle(s);
}

static void on_server_end(void *arg, int err)
{
	lost(arg, err);
}

static const struct stream_ops stream_ops = {
	.on_read = on_server_read,
	.on_drain = on_soon,
	.on_end = on_server_end,
};

/* ---- its streams ---- */

static struct msg *on_place(void *arg, void *user, struct arena **ret_arena)
{
	struct upstream *u = user;

	(void)arg;
	if (u->head_here) /* one that was not taken */
		return NULL;
	*ret_arena = u->arena;
	return u->answer;
}

static void on_head(void *arg, void *user, bool last, bool too_large)
{
	struct upstream *u = user;
	int status = u->answer->status;

	(void)arg;
	if (status < 200 && status != 100 && !too_large)
		return; /* not passed on */
	u->head_here = true;
	u->too_large = too_large;
	u->got_all = last;
	u->ops->on_read(u->arg);
}

static void on_content(void *arg, void *user, struct span s, bool last)
{
	struct upstream *u = user;
	struct server *server = arg;
	uint32_t turn = u->turn;

	u->got_all = last;
	if (buf_len(&u->in) == 0)
		u->piece = s;
	else if (buf_add_span(&u->in, s) < 0)
		goto full;
	u->ops->on_read(u->arg);
	if (u->turn != turn)
		return; /* it is about another request now */
	if (u->piece.n > 0 && buf_add_span(&u->in, u->piece) < 0)
		goto full;
	u->piece = SPAN("");
	return;
full:
	h2_reset(server->h2, u->id, H2_INTERNAL_ERROR);
}

static void on_room(void *arg, void *user)
{
	struct upstream *u = user;

	(void)arg;
	u->ops->on_drain(u->arg);
}

static void on_closed(void *arg, void *user, uint32_t code, bool untouched)
{
	struct upstream *u = user;
	struct server *s = arg;

	(void)code;
	u->id = 0;
	u->untouched = untouched;
	if (!u->got_all)
		u->ops->on_end(u->arg, -EPIPE);
	loop_soon(&s->soon);
}

static const struct h2_ops ops = {
	.place = on_place,
	.head = on_head,
	.content = on_content,
	.room = on_room,
	.closed = on_closed,
};

int upstream_h2_begin(struct server *s)
{
	s->h2 = h2_new(H2_CLIENT, &ops, s);
	if (s->h2 == NULL)
		return -ENOMEM;
	loop_soon_init(&s->soon, on_soon, s);
	stream_set_ops(s->stream, &stream_ops, s);
	stream_reading(s->stream, true);
	loop_soon(&s->soon);
	return 0;
}

bool upstream_h2_room(const struct server *s)
{
	if (s->state != SERVER_H2 || s->suspect || h2_leaving(s->h2))
		return false;
	return h2_settled(s->h2) ? h2_grants(s->h2) > 0
	                         : h2_streams(s->h2) < s->origin->grants;
}

void upstream_h2_join(struct upstream *u, struct server *s)
{
	u->server = s;
	u->codec = &upstream_h2;
	u->reused = s->reused;
	buf_init(&u->in, H2_WINDOW_BYTES);
	s->carried = true;
	list_del(&u->link);
	list_add_tail(&s->legs, &u->link);
}

/* ---- a request ---- */

static int send_head(struct upstream *u, const struct msg *m)
{
	struct server *s = u->server;
	int32_t id;

	if (s == NULL)
		return -EPIPE;
	id = h2_request(s->h2, m, m->framing == FRAME_NONE, u);
	if (id < 0)
		return id;
	u->id = id;
	u->sent_ms = clock_ms();
	return 0;
}

static int send_content(struct upstream *u, struct span s, bool last)
{
	/* A server that answers before it has read all ends the stream: what
	 * is still to come of the request is not wanted (RFC 9113, 8.1). */
	if (u->id == 0)
		return u->got_all ? 0 : -EPIPE;
	return h2_content(u->server->h2, u->id, s, last);
}

static bool full(const struct upstream *u)
{
	return u->id != 0 && h2_full(u->server->h2, u->id);
}

static int flush(struct upstream *u)
{
	if (u->server != NULL)
		write_soon(u->server);
	return 0;
}

static int head(struct upstream *u)
{
	if (!u->head_here)
		return 0;
	u->head_here = false;
	return u->too_large ? -E2BIG : 1;
}

static bool begun(const struct upstream *u)
{
	return u->head_here;
}

static int read_content(
    struct upstream *u, size_t limit, struct span *ret_piece)
{
	struct span s = u->piece.n > 0 ? u->piece : buf_span(&u->in);

	s.n = s.n < limit ? s.n : limit;
	*ret_piece = s;
	if (u->piece.n > 0)
		u->piece = span_from(u->piece, s.n);
	else
		buf_drain(&u->in, s.n);
	if (u->id != 0 && s.n > 0) {
		h2_consumed(u->server->h2, u->id, s.n);
		write_soon(u->server);
	}
	return u->got_all && u->piece.n == 0 && buf_len(&u->in) == 0;
}

static int eof(struct upstream *u, int err)
{
	(void)err;
	return u->got_all ? 0 : -EPIPE;
}

static bool waiting(const struct upstream *u)
{
	return u->piece.n > 0 || buf_len(&u->in) > 0;
}

/* What is not read holds the window of the stream back. */
static void reading(struct upstream *u, bool on)
{
	(void)u, (void)on;
}

static void suspect(struct upstream *u)
{
	struct server *s = u->server;

	if (s != NULL && u->id != 0 && s->heard_ms < u->sent_ms)
		s->suspect = true;
}

static void drop(struct upstream *u)
{
	struct server *s = u->server;
	int32_t id = u->id;

	u->id = 0;
	upstream_clear(u);
	if (s == NULL)
		return;
	if (id != 0)
		h2_forget(s->h2, id, H2_CANCEL);
	loop_soon(&s->soon);
}

const struct upstream_codec upstream_h2 = {
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
	.put = drop,
	.drop = drop,
};
