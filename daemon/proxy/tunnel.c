/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/tunnel.h"

#include <errno.h>
#include <stdlib.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "net/dial.h"
#include "proxy/contact.h"
#include "proxy/fate.h"
#include "proxy/snapshot.h"

struct tunnel {
	struct conn *conn;
	struct dial *dial;     /* owned while it dials */
	struct stream *server; /* owned */
	const struct service *service;
	bool client_ended, server_ended;
	struct loop_later later;
};

static void free_later(void *arg)
{
	free(arg);
}

void tunnel_free(struct tunnel *t)
{
	if (t == NULL)
		return;
	dial_cancel(t->dial);
	stream_close(t->server);
	t->dial = NULL, t->server = NULL;
	loop_later(&t->later, free_later, t);
}

/* Move what waits from one side to the other; false: t is gone. */
static bool move(struct tunnel *t, struct stream *from, struct stream *to)
{
	struct span s = buf_span(stream_in(from));
	size_t n = s.n + stream_passed(from);
	struct conn *c = t->conn;

	stat_service_add(t->service->index, STAT_SERVICE_BLIND_BYTES, n);
	stat_add(from == t->server ? STAT_BYTES_DOWN : STAT_BYTES_UP, n);
	if (s.n > 0) {
		if (buf_add_span(stream_out(to), s) < 0) {
			conn_close(c, WHY_MEMORY);
			return false;
		}
		buf_drain(stream_in(from), s.n);
	}
	if (stream_flush(to) < 0) {
		conn_close(
		    c, to == t->server ? WHY_SERVER_GONE : WHY_CLIENT_GONE);
		return false;
	}
	stream_reading(from, !stream_full(to));
	return true;
}

static void alive(struct tunnel *t)
{
	const struct conf *conf = t->conn->snap->conf;

	conn_wait(t->conn,
	    t->conn->state == CONN_TUNNEL ? conf->tunnel_s : conf->body_s);
}

/* Both sides have ended: close when everything is written. */
static void settle(struct tunnel *t)
{
	struct stream *client = t->conn->client;

	if (stream_queued(client) > 0)
		stream_notify_empty(client);
	else if (stream_queued(t->server) > 0)
		stream_notify_empty(t->server);
	else
		conn_close(t->conn, WHY_DONE);
}

static void on_client_read(void *arg)
{
	struct tunnel *t = arg;

	if (move(t, t->conn->client, t->server))
		alive(t);
}

static void on_server_read(void *arg)
{
	struct tunnel *t = arg;

	if (move(t, t->server, t->conn->client))
		alive(t);
}

static void on_client_drain(void *arg)
{
	struct tunnel *t = arg;

	if (t->server_ended && t->client_ended)
		settle(t);
	else if (!t->server_ended)
		stream_reading(t->server, true);
}

static void on_server_drain(void *arg)
{
	struct tunnel *t = arg;

	if (t->server_ended && t->client_ended)
		settle(t);
	else if (!t->client_ended)
		stream_reading(t->conn->client, true);
}

/* One side ended: flush to the other and pass the end on. */
static void ended(
    struct tunnel *t, struct stream *from, struct stream *to, int err)
{
	struct conn *c = t->conn;

	if (err < 0 && err != -EPIPE) {
		conn_close(
		    c, from == t->server ? WHY_SERVER_GONE : WHY_CLIENT_GONE);
		return;
	}
	if (!move(t, from, to))
		return;
	stream_finish(to);
	if (t->client_ended && t->server_ended)
		settle(t);
	else if (c->state == CONN_TUNNEL)
		conn_enter(c, CONN_DRAIN);
}

static void on_client_end(void *arg, int err)
{
	struct tunnel *t = arg;

	t->client_ended = true;
	ended(t, t->conn->client, t->server, err);
}

static void on_server_end(void *arg, int err)
{
	struct tunnel *t = arg;

	t->server_ended = true;
	ended(t, t->server, t->conn->client, err);
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

static struct tunnel *make(struct conn *c, const struct service *service)
{
	struct tunnel *t = calloc(1, sizeof *t);

	if (t == NULL) {
		conn_close(c, WHY_MEMORY);
		return NULL;
	}
	t->conn = c;
	t->service = service;
	c->tunnel = t;
	return t;
}

static void relay(struct tunnel *t)
{
	stream_set_ops(t->conn->client, &client_ops, t);
	stream_set_ops(t->server, &server_ops, t);
	stream_join(t->conn->client, t->server);
	if (move(t, t->conn->client, t->server))
		(void)move(t, t->server, t->conn->client);
}

static void on_client_gone(void *arg, int err)
{
	struct tunnel *t = arg;

	(void)err;
	conn_close(t->conn, WHY_CLIENT_GONE);
}

static const struct stream_ops dial_ops = {
	.on_end = on_client_gone,
};

static void on_dialled(void *arg, int err, struct stream *s)
{
	struct tunnel *t = arg;
	struct conn *c = t->conn;

	t->dial = NULL;
	if (err < 0) {
		conn_close(c, err == -ENOENT ? WHY_RESOLVE : WHY_CONNECT);
		return;
	}
	t->server = s;
	stat_add(STAT_DIALS, 1);
	contact_made(c->snap->conf, c->host, s);
	conn_enter(c, CONN_TUNNEL);
	if (c->state == CONN_TUNNEL)
		relay(t);
}

void tunnel_dial(struct conn *c)
{
	const struct conf *conf = c->snap->conf;
	enum why why = fate_lasts(conf, c->fate.service, c->level);
	struct tunnel *t;

	if (why != WHY_DONE) { /* it has ended since the CONNECT */
		conn_close(c, why);
		return;
	}
	if ((t = make(c, c->fate.service)) == NULL)
		return;
	stream_set_ops(c->client, &dial_ops, t);
	stream_reading(c->client, false);
	t->dial =
	    dial_start(c->host, c->port, conf_connect(conf, c->host, c->port),
	        conf->allow_private, on_dialled, t);
	if (t->dial == NULL)
		conn_close(c, WHY_CONNECT);
}
