/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/exchange_int.h"

#include <errno.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "http/h1.h"
#include "proxy/fault.h"
#include "proxy/snapshot.h"

/* Does the request go on to be read? Not while its head waits for a server, nor
 * above high water. */
bool up_wants(const struct exchange *x)
{
	if (!x->begun)
		return true;
	return x->first_sent && upstream_open(&x->server) &&
	       !upstream_full(&x->server);
}

/* Remember what goes: a server may say that it has not looked at it. */
static void keep(struct exchange *x, struct span s, bool last)
{
	if (x->first_lost)
		return;
	x->first_whole = last;
	x->first_lost = buf_len(&x->first) + s.n > EXCHANGE_KEPT_BYTES ||
	                buf_add_span(&x->first, s) < 0;
	if (x->first_lost)
		buf_fini(&x->first);
}

/* Content goes to the server, or waits until it is there. */
static int queue(struct exchange *x, struct span s, bool last)
{
	if (x->first_sent && !x->head_down_sent)
		keep(x, s, last);
	if (x->first_sent)
		return upstream_send(&x->server, s, last);
	return buf_add_span(&x->first, s);
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
static int queue_guarded(struct exchange *x, bool last)
{
	struct span s = egress_ready(&x->egress, last);
	int err = s.n > 0 || last ? queue(x, s, last) : 0;

	egress_left(&x->egress, s.n);
	return err;
}

/* Content after all rules goes on, past the guard. */
static int pass(struct exchange *x, struct span s, bool last)
{
	int err;

	if (!egress_on(&x->egress))
		return s.n > 0 || last ? queue(x, s, last) : 0;
	err = guard(x, s, last);
	return err == 0 ? queue_guarded(x, last) : err;
}

/* What the scrubber has ready goes on. */
static int pass_scrubbed(struct exchange *x, bool last)
{
	struct buf *ready = &x->pipe_up.out;
	int err = pass(x, buf_span(ready), last);

	buf_drain(ready, buf_len(ready));
	return err;
}

/* May the head leave? The guard sees it as HTTP/1.1 writes it. */
static int guard_head(struct exchange *x)
{
	int err;

	if (!egress_on(&x->egress))
		return 0;
	err = h1_write_head(&x->req, &x->first);
	if (err == 0)
		err = egress_head(&x->egress, buf_span(&x->first));
	buf_reset(&x->first);
	return err;
}

/* The framing is known: take what is ready with the head. */
static int make_first(struct exchange *x, bool last)
{
	int err;

	pipe_frame(&x->pipe_up, &x->req);
	x->req.keep_alive = true;
	err = guard_head(x);
	if (err == 0 && x->req.framing != FRAME_NONE)
		err = pass_scrubbed(x, last);
	x->first_whole = last || x->req.framing == FRAME_NONE;
	return err;
}

static void send_first(struct exchange *x)
{
	struct span s = buf_span(&x->first);
	int err = upstream_send_head(&x->server, &x->req);

	if (err == 0 && x->req.framing != FRAME_NONE &&
	    (s.n > 0 || x->first_whole))
		err = upstream_send(&x->server, s, x->first_whole);
	if (err < 0) {
		exchange_refuse(
		    x, err == -EINVAL ? WHY_HEAD_LIMIT : WHY_MEMORY);
		return;
	}
	x->first_sent = true;
	x->ops->wait(x->arg, x->conn->snap->conf->answer_s);
}

static void on_ready(void *arg, enum why why)
{
	struct exchange *x = arg;

	if (why != WHY_DONE) {
		exchange_refuse(x, why);
		return;
	}
	send_first(x);
	exchange_flush(x);
	if (!x->freed && x->up == HALF_BODY && up_wants(x))
		x->ops->resume(x->arg);
}

static const struct upstream_ops server_ops = {
	.on_ready = on_ready,
	.on_read = down_read,
	.on_drain = down_drain,
	.on_end = down_ended,
};

void up_dial(struct exchange *x, bool fresh)
{
	const struct conf *conf = x->conn->snap->conf;
	struct upstream_to to = { .host = x->subject.host,
		.port = x->port,
		.tls = x->tls,
		.fresh = fresh,
		.h1 = x->req.upgrade };

	if (upstream_get(&x->server, x->conn->snap, &to, &x->res, x->arena,
	        &server_ops, x) < 0)
		exchange_refuse(x, WHY_MEMORY);
	else if (upstream_ready(&x->server))
		send_first(x);
	else
		x->ops->wait(x->arg, conf->dial_s);
}

/* Start sending: the head may go. */
static void start(struct exchange *x, bool last)
{
	int err = make_first(x, last);

	x->begun = true;
	if (err == -EACCES || err == -EBADMSG || err == -ENOTSUP)
		exchange_refuse(x, fault_why(err, true));
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
		x->ops->wait(x->arg, x->conn->snap->conf->body_s);
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
	x->ops->wait(x->arg, last ? conf->answer_s : conf->body_s);
}

/* A body that turned out to be open: what came so far stands before the rest.
 */
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
	bool whole = pipe_open(&x->pipe_up), had_head = x->begun;
	int err;

	pace(x, s.n, last);
	watch_content(x, true, s, last);
	if (whole && had_head) {
		err = pass(x, s, last);
	} else if (whole) { /* the head waits for the guard */
		err = guard(x, s, last);
	} else {
		err = pipe_feed(&x->pipe_up, s, last);
		if (err == 0 && had_head)
			err = pass_scrubbed(x, last);
		else if (err == 0 && pipe_open(&x->pipe_up))
			err = hold(x, last);
	}
	if (err < 0) {
		if (last)
			x->up = HALF_DONE;
		exchange_refuse(x, fault_why(err, true));
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
	int err;

	if (x->freed || x->local || !x->first_sent ||
	    !upstream_open(&x->server))
		return;
	err = upstream_flush(&x->server);
	if (err < 0) /* nobody else tells */
		down_ended(x, err);
}
