/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/exchange_int.h"

#include <errno.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "http/head.h"
#include "net/clock.h"
#include "proxy/fault.h"
#include "proxy/snapshot.h"

#define HOLD_S 1 /* what is ready of an answer that may go on waits so long */

/* The exchange was ended or handed on by what was just called. */
static bool over(const struct exchange *x)
{
	return x->freed || x->local || !upstream_open(&x->server) ||
	       x->down == HALF_IDLE || x->down == HALF_DONE;
}

/* Was this answer finished, or given up? Then another may have begun already,
 * with the same x, and nothing of this one may be touched any more. */
static bool past(const struct exchange *x, uint32_t served)
{
	return x->served != served || over(x);
}

/* The head of the answer by its rules; negative: the exchange was refused. */
static int rewrite_head(struct exchange *x, const struct plan **ret_plan)
{
	x->subject.content = msg_media_type(&x->res);
	if (match_response(x->conn->snap->conf->rules, x->fate.service,
	        &x->subject, ret_plan) < 0) {
		exchange_refuse(x, WHY_MEMORY);
		return -1;
	}
	head_hop(&x->res);
	if (x->fate.observe) {
		watch_response(x, *ret_plan);
		*ret_plan = NULL;
		return 0;
	}
	if (head_response(&x->res, *ret_plan, &x->values_down.env, x->arena) <
	    0) {
		exchange_refuse(x, WHY_BAD_RESPONSE);
		return -1;
	}
	return 0;
}

/* 101: only to what was asked for, and what was asked for is a WebSocket. */
static void upgrade(struct exchange *x)
{
	const struct plan *plan;
	struct stream *s;
	int err;

	if (!x->req.upgrade || !x->res.upgrade ||
	    !span_eq_nocase(
	        msg_value(&x->res, FIELD_UPGRADE), SPAN("websocket"))) {
		exchange_refuse(x, WHY_BAD_RESPONSE);
		return;
	}
	if (rewrite_head(x, &plan) < 0)
		return;
	err = socket_answer(&x->terms, x->conn->snap->conf, x->fate.service,
	    &x->subject, &x->res, x->arena);
	if (err < 0) {
		exchange_refuse(x, err == -EPROTO   ? WHY_BAD_RESPONSE
		                   : err == -EACCES ? x->terms.match.why
		                                    : WHY_MEMORY);
		return;
	}
	x->res.keep_alive = true;
	if (x->ops->head(x->arg, &x->res) < 0)
		return;
	s = upstream_take(&x->server);
	x->ops->upgraded(x->arg, s);
}

static int send_head(struct exchange *x)
{
	pipe_frame(&x->pipe_down, &x->res);
	x->head_down_sent = true;
	if (x->up != HALF_DONE)
		x->closing = true; /* the rest of the request is unwanted */
	x->res.keep_alive = !x->closing;
	buf_fini(&x->first);
	return x->ops->head(x->arg, &x->res);
}

static void finish(struct exchange *x)
{
	x->down = HALF_DONE;
	if (x->ops->flush(x->arg) < 0 || x->freed)
		return;
	if (x->up != HALF_DONE) { /* answered early: stop the request */
		x->ops->fail(x->arg, WHY_DONE);
		return;
	}
	exchange_half_done(x);
}

/* A final answer: rewrite its head and decide how its content goes. */
static void begin(struct exchange *x)
{
	const struct plan *plan;

	x->res.upgrade = false; /* an offer to us, not to the client */
	if (rewrite_head(x, &plan) < 0)
		return;
	pipe_init(&x->pipe_down, &x->res, plan, &x->values_down.env,
	    x->conn->snap->conf->collect_bytes);
	pipe_live(&x->pipe_down);
	x->held_ms = 0;
	x->down = HALF_BODY;
	if (x->res.framing == FRAME_NONE) {
		if (send_head(x) == 0)
			finish(x);
	} else if (pipe_head_ready(&x->pipe_down)) {
		(void)send_head(x);
	}
}

/* Pass on what the scrubber has ready. */
static int send_scrubbed(struct exchange *x, bool last)
{
	struct buf *ready = &x->pipe_down.out;
	int err = 0;

	if (buf_len(ready) > 0 || last)
		err = x->ops->content(x->arg, buf_span(ready), last);
	buf_drain(ready, buf_len(ready));
	return err;
}

static void content(struct exchange *x, struct span s, bool last)
{
	bool had_head = x->head_down_sent;
	int err;

	x->ops->wait(x->arg, x->conn->snap->conf->answer_s);
	stat_add(STAT_BYTES_DOWN, s.n);
	stat_service_add(x->fate.service->index, STAT_SERVICE_READ_BYTES, s.n);
	watch_content(x, false, s, last);
	if (had_head && pipe_open(&x->pipe_down)) {
		if (x->ops->content(x->arg, s, last) == 0 && last)
			finish(x);
		return;
	}
	err = pipe_feed(&x->pipe_down, s, last);
	if (err < 0) {
		exchange_refuse(x, fault_why(err, false));
		return;
	}
	if (!had_head && !pipe_head_ready(&x->pipe_down))
		return;
	if (!had_head && send_head(x) < 0)
		return;
	if (send_scrubbed(x, last) == 0 && last)
		finish(x);
}

/* Read content until it ends, input is used up, or the client is slow. */
static void read_body(struct exchange *x)
{
	uint32_t served = x->served;
	struct span piece;
	int r = 0;

	while (r == 0 && !past(x, served) && !x->ops->full(x->arg)) {
		r = upstream_read(
		    &x->server, pipe_limit(&x->pipe_down), &piece);
		if (r < 0)
			exchange_refuse(x, WHY_BAD_RESPONSE);
		else if (piece.n > 0 || r == 1)
			content(x, piece, r == 1);
		else
			return;
	}
}

/* May the request be sent once more on another connection? Only when nothing of
 * an answer was seen, all of it is at hand, and doing it twice is doing it once
 * (RFC 9110, 9.2.2). */
static bool may_retry(const struct exchange *x)
{
	static const char *const idempotent[] = { "GET", "HEAD", "OPTIONS",
		"PUT", "DELETE", "TRACE" };

	if (x->first_lost || upstream_begun(&x->server))
		return false;
	if (upstream_untouched(&x->server))
		return x->tries < EXCHANGE_TRIES_MAX;
	if (!upstream_reused(&x->server) || x->tries > 0)
		return false;
	for (size_t i = 0; i < sizeof idempotent / sizeof *idempotent; i++)
		if (span_eq(x->req.method, span_str(idempotent[i])))
			return true;
	return false;
}

/* The server sends no more and its input is read. */
static void settle_end(struct exchange *x)
{
	int err = x->server_err;
	bool fresh;

	if (x->down == HALF_HEAD && may_retry(x)) {
		fresh = !upstream_untouched(&x->server);
		x->tries++;
		x->first_sent = x->server_ended = false;
		upstream_drop(&x->server);
		up_dial(x, fresh);
		exchange_flush(x);
		return;
	}
	if (x->ops->one_by_one && x->down == HALF_HEAD && x->served > 0 &&
	    !upstream_begun(&x->server) && upstream_reused(&x->server)) {
		/* The server closed its kept connection under our feet, and
		 * only the client may decide to send this again: it does when
		 * its own kept connection ends the same way (RFC 9112, 9.3.1).
		 */
		x->ops->fail(x->arg, WHY_SERVER_GONE);
		return;
	}
	if (x->down != HALF_BODY || upstream_eof(&x->server, err) < 0)
		exchange_refuse(x, WHY_SERVER_GONE);
	else
		content(x, SPAN(""), true);
}

/* Something is ready that could go on: wait for the rest, but not long. */
static void hold(struct exchange *x)
{
	uint64_t now_ms = clock_ms();

	if (x->held_ms == 0)
		x->held_ms = now_ms;
	if (now_ms - x->held_ms >= HOLD_S * 1000)
		(void)down_pause(x);
	else
		x->ops->wait(x->arg, HOLD_S);
}

static void run(struct exchange *x)
{
	uint32_t served = x->served;
	int r;

	while (!past(x, served) && x->down == HALF_HEAD) {
		r = upstream_head(&x->server);
		if (r == 0 && x->server_ended)
			settle_end(x);
		if (r == 0)
			return;
		if (r < 0)
			exchange_refuse(x,
			    r == -E2BIG ? WHY_ANSWER_LIMIT : WHY_BAD_RESPONSE);
		else if (x->res.status == 101)
			upgrade(x);
		else if (x->res.status == 100)
			exchange_continue(x);
		else if (x->res.status >= 200)
			begin(x); /* other 1xx are not passed on */
	}
	if (!past(x, served) && x->down == HALF_BODY)
		read_body(x);
	if (past(x, served) || x->down != HALF_BODY)
		return;
	if (x->ops->flush(x->arg) < 0 || past(x, served))
		return;
	if (x->server_ended && !x->ops->full(x->arg))
		settle_end(x);
	else
		upstream_reading(&x->server, !x->ops->full(x->arg));
	if (!past(x, served) && pipe_waits(&x->pipe_down))
		hold(x);
}

bool down_pause(struct exchange *x)
{
	if (over(x) || x->down != HALF_BODY || !pipe_waits(&x->pipe_down))
		return false;
	pipe_pause(&x->pipe_down);
	if (send_head(x) == 0 && send_scrubbed(x, false) == 0 &&
	    x->ops->flush(x->arg) == 0 && !over(x))
		x->ops->wait(x->arg, x->conn->snap->conf->answer_s);
	return true;
}

void down_drained(struct exchange *x)
{
	if (!over(x))
		run(x);
}

void down_read(void *arg)
{
	struct exchange *x = arg;

	x->ops->wait(x->arg, x->conn->snap->conf->answer_s);
	down_drained(x);
}

void down_drain(void *arg)
{
	struct exchange *x = arg;

	if (!x->freed && x->up == HALF_BODY && !x->local)
		x->ops->resume(x->arg);
}

void down_ended(void *arg, int err)
{
	struct exchange *x = arg;

	if (over(x))
		return;
	x->server_ended = true;
	x->server_err = err;
	if (!upstream_waiting(&x->server))
		settle_end(x);
	else if (!x->ops->full(x->arg)) /* else down_drained goes on */
		run(x);                 /* what waits may be all of an answer */
}
