/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/exchange_int.h"

#include <errno.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "proxy/snapshot.h"

static void on_server_ready(void *arg, struct upstream *u, enum why why);

static const struct upstream_ops server_ops = { .on_ready = on_server_ready };

/* Does the request go on to be read? Not while its head waits for a server, nor
 * above high water. */
bool up_wants(const struct exchange *x)
{
	struct stream *s = exchange_server(x);

	if (!pipe_head_ready(&x->pipe_up))
		return true;
	return x->first_sent && s != NULL && !stream_full(s);
}

/* Queue content for the server by the framing of the head. */
static int queue(struct exchange *x, struct buf *out, struct span s, bool last)
{
	stat_add(STAT_BYTES_UP, s.n);
	if (x->req.framing == FRAME_CHUNKED)
		return h1_write_chunk(out, s, last);
	return buf_add_span(out, s);
}

/* What the scrubber has ready goes on. */
static int queue_scrubbed(struct exchange *x, struct buf *out, bool last)
{
	struct buf *ready = &x->pipe_up.out;
	int err = 0;

	if (buf_len(ready) > 0 || last)
		err = queue(x, out, buf_span(ready), last);
	buf_drain(ready, buf_len(ready));
	return err;
}

/* The framing is known: write the head and what is ready with it. */
static int write_first(struct exchange *x, bool last)
{
	int err;

	pipe_frame(&x->pipe_up, &x->req);
	x->req.keep_alive = true;
	err = h1_write_head(&x->req, &x->first);
	if (err == 0 && x->req.framing != FRAME_NONE)
		err = queue_scrubbed(x, &x->first, last);
	x->first_whole = last || x->req.framing == FRAME_NONE;
	return err;
}

static void send_first(struct exchange *x)
{
	struct stream *s = exchange_server(x);
	int err = buf_add_span(stream_out(s), buf_span(&x->first));

	if (err < 0) {
		exchange_refuse(x, WHY_MEMORY);
		return;
	}
	x->first_sent = true;
	if (!x->first_whole)
		buf_fini(&x->first); /* cannot be sent again */
	conn_wait(x->conn, x->conn->snap->conf->answer_s);
	if (!x->freed)
		down_start(x);
}

static void on_server_ready(void *arg, struct upstream *u, enum why why)
{
	struct exchange *x = arg;

	if (u == NULL) {
		x->server = NULL;
		exchange_refuse(x, why);
		return;
	}
	send_first(x);
	exchange_flush(x);
	if (!x->freed && x->up == HALF_BODY && up_wants(x))
		x->ops->resume(x->arg);
}

void up_dial(struct exchange *x, bool fresh)
{
	const struct conf *conf = x->conn->snap->conf;

	x->server = upstream_get(x->conn->snap, x->subject.host, x->port,
	    x->tls, fresh, &server_ops, x);
	if (x->server == NULL)
		exchange_refuse(x, WHY_MEMORY);
	else if (upstream_ready(x->server))
		send_first(x);
	else
		conn_wait(x->conn, conf->dial_s);
}

/* Start sending: the head may go. */
static void start(struct exchange *x, bool last)
{
	if (write_first(x, last) < 0)
		exchange_refuse(x, WHY_HEAD_LIMIT);
	else
		up_dial(x, false);
}

void up_begin(struct exchange *x)
{
	if (pipe_head_ready(&x->pipe_up)) {
		start(x, false);
	} else {
		conn_wait(x->conn, x->conn->snap->conf->body_s);
		/* The body is wanted before the server can be asked. */
		msg_remove(&x->req, FIELD_EXPECT);
		exchange_continue(x);
	}
	if (!x->freed && x->up == HALF_DONE)
		exchange_flush(x);
}

static void half_done(struct exchange *x, bool last)
{
	if (!last)
		return;
	x->up = HALF_DONE;
	exchange_half_done(x);
}

/* Somebody who sends a byte now and then is not faster than one who is silent.
 */
static void pace(struct exchange *x, size_t n, bool last)
{
	const struct conf *conf = x->conn->snap->conf;

	x->paced += n;
	if (!last && x->paced < EXCHANGE_PACE_BYTES)
		return;
	x->paced = 0;
	conn_wait(x->conn, last ? conf->answer_s : conf->body_s);
}

void up_content(struct exchange *x, struct span s, bool last)
{
	bool had_head = pipe_head_ready(&x->pipe_up);
	struct stream *server = exchange_server(x);
	int err = 0;

	pace(x, s.n, last);
	if (had_head && pipe_open(&x->pipe_up)) {
		err = queue(x, stream_out(server), s, last);
	} else {
		err = pipe_feed(&x->pipe_up, s, last);
		if (err < 0) {
			exchange_refuse(x, exchange_why(err, true));
			return;
		}
		if (had_head)
			err = queue_scrubbed(x, stream_out(server), last);
	}
	if (err < 0) {
		exchange_refuse(x, WHY_BODY_LIMIT);
		return;
	}
	if (!had_head && pipe_head_ready(&x->pipe_up)) {
		x->up = last ? HALF_DONE : HALF_BODY;
		start(x, last);
		return;
	}
	half_done(x, last);
}

void exchange_flush(struct exchange *x)
{
	struct stream *s = exchange_server(x);
	int err;

	if (x->freed || x->local || s == NULL || !x->first_sent)
		return;
	err = stream_flush(s);
	if (err < 0) /* nobody else tells (stream_flush) */
		down_ended(x, err);
}
