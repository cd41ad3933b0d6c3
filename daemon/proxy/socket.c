/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/socket.h"

#include <errno.h>
#include <stdlib.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "engine/treat.h"
#include "proxy/drift.h"
#include "proxy/egress.h"
#include "proxy/fault.h"
#include "proxy/snapshot.h"
#include "proxy/values.h"
#include "wire/ws.h"

#define SOCKET_LINGER_S 2 /* for a close frame to be read */
/* What waits in one way: messages of this way, and answers to the other. */
#define OUT_MAX_BYTES (WS_OUT_MAX_BYTES + 2 * WS_PAUSE_BYTES)

/* Parts of messages that wait to be whole, of all sockets of a worker. */
#define SOCKETS_HELD_MAX_BYTES (128u << 20)
#define SOCKET_SMALL_BYTES (64u << 10) /* never the one that is too much */

static size_t held_by_all;

struct socket {
	struct conn *conn;
	struct stream *server; /* owned */
	const struct service *service;
	struct ws *ws;           /* owned */
	struct values values[2]; /* by enum ws_way, as all below */
	struct keys_scope scope;
	struct buf out[2]; /* what its stream has no room for yet */
	bool ended[2];     /* the sender says no more */
	bool finished[2];  /* the receiver was told so */
	bool over;         /* nothing is read any more, for conn->why */
	bool lingers;
	bool observe;
	size_t held;              /* its part of held_by_all */
	enum ws_note last;        /* what became of the last message ... */
	const struct entry *by;   /* ... WS_DENIED: by this entry */
	struct loop_soon soon[2]; /* more of this way waits to be read */
	struct loop_later later;
	char meeting[]; /* of scope */
};

static struct stream *from(const struct socket *s, enum ws_way way)
{
	return way == WS_UP ? s->conn->client : s->server;
}

static struct stream *to(const struct socket *s, enum ws_way way)
{
	return way == WS_UP ? s->server : s->conn->client;
}

static enum ws_way other(enum ws_way way)
{
	return way == WS_UP ? WS_DOWN : WS_UP;
}

static void free_later(void *arg)
{
	free(arg);
}

void socket_free(struct socket *s)
{
	if (s == NULL)
		return;
	stream_close(s->server);
	s->server = NULL;
	ws_free(s->ws);
	s->ws = NULL;
	held_by_all -= s->held;
	s->held = 0;
	loop_soon_cancel(&s->soon[WS_UP]);
	loop_soon_cancel(&s->soon[WS_DOWN]);
	buf_fini(&s->out[WS_UP]);
	buf_fini(&s->out[WS_DOWN]);
	loop_later(&s->later, free_later, s);
}

/* ---- bytes ---- */

/* May more of this way be read? */
static bool roomy(const struct socket *s, enum ws_way way)
{
	return buf_len(&s->out[way]) == 0 && !stream_full(to(s, way)) &&
	       buf_len(&s->out[other(way)]) < WS_OUT_MAX_BYTES;
}

static void gone(struct socket *s, enum ws_way way)
{
	conn_close(s->conn, s->over        ? s->conn->why
	                    : way == WS_UP ? WHY_SERVER_GONE
	                                   : WHY_CLIENT_GONE);
}

/* Write what waits in one way, as far as there is room. False: s is gone. */
static bool push(struct socket *s, enum ws_way way)
{
	struct buf *out = &s->out[way];
	struct span part;

	while (buf_len(out) > 0 && !stream_full(to(s, way))) {
		part = buf_span(out);
		if (part.n > STREAM_HIWAT_BYTES)
			part.n = STREAM_HIWAT_BYTES;
		if (buf_add_span(stream_out(to(s, way)), part) < 0) {
			conn_close(s->conn, WHY_MEMORY);
			return false;
		}
		buf_drain(out, part.n);
	}
	if (stream_flush(to(s, way)) == 0)
		return true;
	gone(s, way);
	return false;
}

/* Tell the ends that nothing more comes, when everything is written; then the
 * connection may end. */
static void settle(struct socket *s)
{
	struct conn *c = s->conn;

	for (int way = 0; way < 2; way++) {
		bool all =
		    s->over ||
		    (s->ended[way] && buf_len(stream_in(from(s, way))) == 0);

		if (!all || s->finished[way] || buf_len(&s->out[way]) > 0)
			continue;
		s->finished[way] = true;
		stream_finish(to(s, way));
		stream_notify_empty(to(s, way));
	}
	if (!s->finished[WS_UP] || !s->finished[WS_DOWN] ||
	    buf_len(stream_out(c->client)) > 0 ||
	    buf_len(stream_out(s->server)) > 0)
		return;
	if (s->ended[WS_UP] && s->ended[WS_DOWN]) {
		conn_close(c, c->why);
	} else if (s->over && !s->lingers) {
		s->lingers = true;
		conn_wait(c, SOCKET_LINGER_S);
	}
}

/* From now on nothing is read; what waits is written. */
static void finish(struct socket *s, enum why why)
{
	struct conn *c = s->conn;

	c->why = why;
	s->over = true;
	if (c->state == CONN_SOCKET)
		conn_enter(c, CONN_DRAIN);
	if (c->state != CONN_DRAIN)
		return;
	for (int way = 0; way < 2; way++) {
		buf_reset(stream_in(from(s, way)));
		stream_reading(from(s, way), true); /* to see the end */
	}
	if (push(s, WS_UP) && push(s, WS_DOWN))
		settle(s);
}

/* End it with a close frame both ways, where one can still be said. */
static void end_with(struct socket *s, unsigned code, enum why why)
{
	for (int way = 0; way < 2; way++)
		(void)ws_close(s->ws, way, code, &s->out[way]);
	finish(s, why);
}

/* Why a message was refused by the rules. */
static enum why why_refused(const struct socket *s, enum ws_way way)
{
	if (s->last == WS_LOOKED)
		return WHY_GUARD;
	if (s->last != WS_DENIED)
		return fault_why(-EBADMSG, way == WS_UP);
	if (s->by->category == CATEGORY_TELEMETRY)
		return WHY_TELEMETRY;
	return s->by->category == CATEGORY_RECORDING ? WHY_RECORDING
	                                             : WHY_DENIED;
}

static void fail(struct socket *s, enum ws_way way, int err)
{
	enum why why = fault_why(err, way == WS_UP);

	if (err == -EPROTO)
		why = way == WS_UP ? WHY_BAD_REQUEST : WHY_BAD_RESPONSE;
	else if (err == -EACCES)
		why = why_refused(s, way);
	fault_count(s->service, why);
	end_with(s, ws_code(err), why);
}

static void count_bytes(const struct socket *s, enum ws_way way, size_t n)
{
	stat_add(way == WS_UP ? STAT_BYTES_UP : STAT_BYTES_DOWN, n);
	stat_service_add(s->service->index,
	    ws_reads(s->ws, way) ? STAT_SERVICE_READ_BYTES
	                         : STAT_SERVICE_BLIND_BYTES,
	    n);
}

/* Does this socket hold little, or is there room for what it holds? */
static bool may_hold(struct socket *s)
{
	size_t held = ws_held(s->ws);

	held_by_all += held - s->held;
	s->held = held;
	return held <= SOCKET_SMALL_BYTES ||
	       held_by_all <= SOCKETS_HELD_MAX_BYTES;
}

/* Feed what waits at one side, as far as there is room. False: an error. */
static bool feed(struct socket *s, enum ws_way way)
{
	struct buf *in = stream_in(from(s, way));
	struct buf *out = s->out, back;
	struct span rest = buf_span(in);
	size_t n = rest.n;
	int err;

	/* Answers stand behind what waits in the other way, and that it waits
	 * does not stop this one. */
	back = out[other(way)];
	buf_init(&out[other(way)], OUT_MAX_BYTES);
	err = ws_feed(s->ws, way, &rest, out);
	if (buf_len(&back) > 0) {
		if (buf_add_span(&back, buf_span(&out[other(way)])) < 0)
			err = -ENOMEM;
		buf_fini(&out[other(way)]);
		out[other(way)] = back;
	} else {
		buf_fini(&back);
	}
	count_bytes(s, way, n - rest.n);
	buf_drain(in, n - rest.n);
	if (err == 0 && !may_hold(s))
		err = -E2BIG;
	if (err == 0)
		return true;
	fail(s, way, err);
	return false;
}

/* Nothing is under way: hold nothing. */
static void rest(struct socket *s)
{
	stream_rest(s->conn->client);
	stream_rest(s->server);
	buf_release(&s->out[WS_UP]);
	buf_release(&s->out[WS_DOWN]);
}

/* Move on in one way, by one step; false: s is gone, or over. */
static bool move(struct socket *s, enum ws_way way)
{
	if (!push(s, way))
		return false;
	if (buf_len(stream_in(from(s, way))) > 0 && roomy(s, way)) {
		if (!feed(s, way) || !push(s, way))
			return false;
		if (buf_len(stream_in(from(s, way))) > 0 && roomy(s, way))
			loop_soon(&s->soon[way]); /* others come first */
	}
	if (!push(s, other(way))) /* answers */
		return false;
	if (!s->ended[way])
		stream_reading(from(s, way), roomy(s, way));
	rest(s);
	if (s->conn->state == CONN_SOCKET && ws_closed(s->ws, WS_UP) &&
	    ws_closed(s->ws, WS_DOWN))
		conn_enter(s->conn, CONN_DRAIN); /* they end it, soon */
	return true;
}

/* ---- what the streams tell ---- */

static void on_read(struct socket *s, enum ws_way way)
{
	struct conn *c = s->conn;

	if (s->over) {
		buf_reset(stream_in(from(s, way)));
		return;
	}
	if (move(s, way) && c->state == CONN_SOCKET)
		conn_wait(c, c->snap->conf->tunnel_s);
}

/* There is room again where this way leads to: for its messages, and for
 * answers to the other. */
static void on_drain(struct socket *s, enum ws_way way)
{
	if (s->over ? push(s, way) : move(s, way) && move(s, other(way)))
		settle(s);
}

static void on_end(struct socket *s, enum ws_way way, int err)
{
	s->ended[way] = true;
	if (err < 0 && err != -EPIPE) {
		gone(s, other(way));
		return;
	}
	if (s->over) {
		settle(s);
		return;
	}
	if (!move(s, way))
		return;
	if (s->conn->state == CONN_SOCKET)
		conn_enter(s->conn, CONN_DRAIN);
	if (s->conn->state == CONN_DRAIN)
		settle(s);
}

static void on_client_read(void *arg)
{
	on_read(arg, WS_UP);
}

static void on_client_drain(void *arg)
{
	on_drain(arg, WS_DOWN);
}

static void on_soon_up(void *arg)
{
	on_drain(arg, WS_UP);
}

static void on_soon_down(void *arg)
{
	on_drain(arg, WS_DOWN);
}

static void on_client_end(void *arg, int err)
{
	on_end(arg, WS_UP, err);
}

static void on_server_read(void *arg)
{
	on_read(arg, WS_DOWN);
}

static void on_server_drain(void *arg)
{
	on_drain(arg, WS_UP);
}

static void on_server_end(void *arg, int err)
{
	on_end(arg, WS_DOWN, err);
}

static const struct stream_ops client_ops = {
	.on_read = on_client_read,
	.on_drain = on_client_drain,
	.on_end = on_client_end,
}, server_ops = {
	.on_read = on_server_read,
	.on_drain = on_server_drain,
	.on_end = on_server_end,
};

/* ---- what the messages tell ---- */

static int on_look(void *arg, struct span plain)
{
	const struct socket *s = arg;

	return egress_message(s->conn->snap->conf, plain);
}

static void on_note(
    void *arg, enum ws_way way, enum ws_note what, const struct entry *by)
{
	struct socket *s = arg;
	enum stat_service as = STAT_SERVICE_COUNT;

	(void)way;
	s->last = what;
	s->by = by;
	switch (what) {
	case WS_DENIED:
		as = by->category == CATEGORY_TELEMETRY ? STAT_SERVICE_SUNK
		                                        : STAT_SERVICE_DENIED;
		break;
	case WS_REFUSED: /* else counted when the connection ends */
		as = s->observe ? STAT_SERVICE_ERRORS : as;
		break;
	case WS_PASSED:
	case WS_JUDGED:
	case WS_UNREAD:
	case WS_LOOKED:
		break;
	}
	if (as != STAT_SERVICE_COUNT)
		stat_service_add(s->service->index, as, 1);
}

/* ---- life ---- */

static struct socket *make(struct conn *c, const struct socket_start *how)
{
	const struct conf *conf = c->snap->conf;
	struct span meeting = how->scope->meeting;
	struct socket *s = calloc(1, sizeof *s + meeting.n);

	if (s == NULL)
		return NULL;
	s->conn = c;
	s->service = how->service;
	s->observe = how->terms->observe;
	s->scope = *how->scope;
	if (meeting.n > 0)
		memcpy(s->meeting, meeting.p, meeting.n);
	s->scope.meeting = span_of(s->meeting, meeting.n);
	loop_soon_init(&s->soon[WS_UP], on_soon_up, s);
	loop_soon_init(&s->soon[WS_DOWN], on_soon_down, s);
	for (int way = 0; way < 2; way++) {
		values_init(&s->values[way], conf, how->service, &s->scope,
		    way == WS_DOWN);
		s->values[way].env.unnamed = s->observe;
		buf_init(&s->out[way], OUT_MAX_BYTES);
	}
	s->ws = ws_new(&(struct ws_setup){ .deflate = how->terms->deflate,
	    .rules = { [WS_UP] = how->terms->match.up,
	        [WS_DOWN] = how->terms->match.down },
	    .env = { [WS_UP] = &s->values[WS_UP].env,
	        [WS_DOWN] = &s->values[WS_DOWN].env },
	    .observe = s->observe,
	    .look = conf->guard != NULL ? on_look : NULL,
	    .note = on_note,
	    .arg = s });
	if (s->ws != NULL)
		return s;
	free(s);
	return NULL;
}

void socket_start(
    struct conn *c, struct stream *server, const struct socket_start *how)
{
	struct socket *s = make(c, how);

	if (s == NULL) {
		stream_close(server);
		conn_close(c, WHY_MEMORY);
		return;
	}
	s->server = server;
	c->socket = s;
	c->fate.service = how->service; /* an error of it counts there */
	if (!how->terms->match.named) {
		stat_service_add(how->service->index, STAT_SERVICE_DRIFT, 1);
		drift_socket(how->service, how->subject->path);
	}
	stream_set_ops(c->client, &client_ops, s);
	stream_set_ops(server, &server_ops, s);
	if (move(s, WS_DOWN)) /* with the 101 */
		(void)move(s, WS_UP);
}

void socket_away(struct socket *s, enum why why)
{
	struct conn *c = s->conn;

	end_with(s, WS_CLOSE_AWAY, why);
	if (c->state == CONN_DRAIN)
		conn_wait(c, SOCKET_LINGER_S);
}
