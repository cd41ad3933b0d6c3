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

	if (!x->begun)
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

/* Show the guard what would leave next. */
static int guard(struct exchange *x, struct span s, bool last)
{
	const struct pipe *p = &x->pipe_up;
	int err = 0;

	if (x->egress.state == EGRESS_NEW && s.n > 0)
		err = egress_coding(
		    &x->egress, p->scrub == NULL ? p->coding : SPAN(""));
	return err == 0 ? egress_feed(&x->egress, s, last) : err;
}

/* What the guard lets go. */
static int queue_guarded(struct exchange *x, struct buf *out, bool last)
{
	struct span s = egress_ready(&x->egress, last);
	int err = s.n > 0 || last ? queue(x, out, s, last) : 0;

	egress_left(&x->egress, s.n);
	return err;
}

/* Content after all rules goes on, past the guard. */
static int pass(struct exchange *x, struct buf *out, struct span s, bool last)
{
	int err;

	if (!egress_on(&x->egress))
		return s.n > 0 || last ? queue(x, out, s, last) : 0;
	err = guard(x, s, last);
	return err == 0 ? queue_guarded(x, out, last) : err;
}

/* What the scrubber has ready goes on. */
static int pass_scrubbed(struct exchange *x, struct buf *out, bool last)
{
	struct buf *ready = &x->pipe_up.out;
	int err = pass(x, out, buf_span(ready), last);

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
	if (err < 0)
		return err;
	err = egress_head(&x->egress, buf_span(&x->first));
	if (err == 0 && x->req.framing != FRAME_NONE)
		err = pass_scrubbed(x, &x->first, last);
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
	int err = write_first(x, last);

	x->begun = true;
	if (err == -EACCES || err == -EBADMSG || err == -ENOTSUP)
		exchange_refuse(x, exchange_why(err, true));
	else if (err < 0)
		exchange_refuse(x, WHY_HEAD_LIMIT);
	else
		up_dial(x, false);
}

void up_begin(struct exchange *x)
{
	/* With a guard even the head waits for the beginning of the content:
	 * of a small request with a hit nothing leaves at all. */
	if (pipe_head_ready(&x->pipe_up) &&
	    (!egress_on(&x->egress) || x->req.framing == FRAME_NONE)) {
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

/* A body that turned out to be open: what came so far stands before the rest. */
static int hold(struct exchange *x, bool last)
{
	struct buf *ready = &x->pipe_up.out;
	int err;

	if (!egress_on(&x->egress))
		return 0;
	err = guard(x, buf_span(ready), last);
	buf_drain(ready, buf_len(ready));
	return err;
}

/* Is enough there for the head to go? */
static bool may_begin(const struct exchange *x, bool last)
{
	return pipe_head_ready(&x->pipe_up) &&
	       (last || !egress_on(&x->egress) || !pipe_open(&x->pipe_up) ||
	           egress_ready(&x->egress, last).n > 0);
}

void up_content(struct exchange *x, struct span s, bool last)
{
	struct stream *server = exchange_server(x);
	bool whole = pipe_open(&x->pipe_up), had_head = x->begun;
	int err;

	pace(x, s.n, last);
	watch_content(x, true, s, last);
	if (whole && had_head) {
		err = pass(x, stream_out(server), s, last);
	} else if (whole) { /* the head waits for the guard */
		err = guard(x, s, last);
	} else {
		err = pipe_feed(&x->pipe_up, s, last);
		if (err == 0 && had_head)
			err = pass_scrubbed(x, stream_out(server), last);
		else if (err == 0 && pipe_open(&x->pipe_up))
			err = hold(x, last);
	}
	if (err < 0) {
		if (last)
			x->up = HALF_DONE;
		exchange_refuse(x, exchange_why(err, true));
		return;
	}
	if (!had_head && may_begin(x, last)) {
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
