/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/exchange_int.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/stat.h"
#include "conf/conf.h"
#include "http/find.h"
#include "http/head.h"
#include "proxy/fate.h"
#include "proxy/fault.h"
#include "proxy/keys.h"
#include "proxy/snapshot.h"

struct exchange *exchange_new(
    struct conn *c, const struct exchange_ops *ops, void *arg)
{
	struct exchange *x = calloc(1, sizeof *x);

	if (x == NULL || (x->arena = arena_new(EXCHANGE_ARENA_BYTES)) == NULL) {
		free(x);
		return NULL;
	}
	x->conn = c;
	x->ops = ops;
	x->arg = arg;
	buf_init(&x->first, EXCHANGE_FIRST_BYTES);
	return x;
}

static void release(struct exchange *x)
{
	upstream_drop(&x->server);
	pipe_fini(&x->pipe_up);
	pipe_fini(&x->pipe_down);
	watch_end(x);
	egress_fini(&x->egress);
	buf_fini(&x->first);
}

static void reset(struct exchange *x)
{
	release(x);
	arena_reset(x->arena);
	x->up = x->down = HALF_IDLE;
	x->local = x->closing = false;
	x->tries = 0;
	x->first_whole = x->first_sent = x->first_lost = false;
	x->head_down_sent = false;
	x->server_ended = x->begun = false;
	x->discarded = x->paced = 0;
	x->behind = 0;
}

static void free_later(void *arg)
{
	struct exchange *x = arg;

	arena_free(x->arena);
	free(x);
}

void exchange_free(struct exchange *x)
{
	if (x == NULL || x->freed)
		return;
	x->freed = true;
	release(x);
	loop_later(&x->later, free_later, x);
}

struct arena *exchange_arena(struct exchange *x)
{
	return x->arena;
}

struct msg *exchange_request(struct exchange *x)
{
	return &x->req;
}

void exchange_socket(const struct exchange *x, struct socket_start *ret_how)
{
	*ret_how = (struct socket_start){ .service = x->fate.service,
		.terms = &x->terms,
		.scope = &x->scope,
		.subject = &x->subject };
}

void exchange_half_done(struct exchange *x)
{
	if (x->up != HALF_DONE || x->down != HALF_DONE || x->freed)
		return;
	if (upstream_open(&x->server))
		upstream_put(&x->server);
	reset(x);
	x->served++;
	x->ops->done(x->arg);
}

void exchange_continue(struct exchange *x)
{
	struct msg m;

	if (!x->req.expect_continue)
		return;
	x->req.expect_continue = false;
	msg_init(&m, false);
	m.minor = 1;
	m.status = 100;
	m.reason = SPAN("Continue");
	m.keep_alive = true;
	if (x->ops->head(x->arg, &m) == 0)
		(void)x->ops->flush(x->arg);
}

/* Send an own answer. The request's content, if any is still to come, is read
 * and dropped within a bound. */
static void answer(struct exchange *x, struct answer *r)
{
	bool head_only = span_eq(x->req.method, SPAN("HEAD"));

	x->local = true;
	upstream_drop(&x->server);
	if (x->req.expect_continue) /* it may send the body or not */
		x->closing = true;
	r->m.keep_alive = !x->closing;
	x->down = HALF_DONE;
	if (x->ops->head(x->arg, &r->m) < 0)
		return;
	if (r->m.framing != FRAME_NONE &&
	    x->ops->content(x->arg, head_only ? SPAN("") : r->body, true) < 0)
		return;
	if (x->ops->flush(x->arg) < 0)
		return;
	if (x->closing) /* what is still to come of the request is unwanted */
		x->up = HALF_DONE;
	exchange_half_done(x);
}

static void refuse_with(
    struct exchange *x, enum why why, const struct sink *sink)
{
	struct answer r;

	if (x->head_down_sent || x->local) { /* too late for a word */
		x->ops->fail(x->arg, why);
		return;
	}
	if (reply_refusal(x->conn->snap->conf, x->fate.service, why, sink,
	        &x->req, x->arena, &r) < 0)
		x->ops->fail(x->arg, WHY_MEMORY);
	else
		answer(x, &r);
}

static void count(const struct exchange *x, enum why why)
{
	fault_count(x->fate.service, why);
	if (x->fate.service != NULL && why_is_error(why))
		stat_service_add(
		    x->fate.service->index, STAT_SERVICE_ERRORS, 1);
}

void exchange_refuse(struct exchange *x, enum why why)
{
	count(x, why);
	if (why_is_error(why))
		x->closing = true;
	refuse_with(x, why, NULL);
}

void exchange_refuse_unread(struct exchange *x, enum why why)
{
	msg_init(&x->req, true);
	x->fate = x->conn->fate; /* not that of an earlier request */
	x->up = HALF_DONE;
	x->down = HALF_HEAD;
	x->closing = true;
	exchange_refuse(x, why);
}

/* The rules deny it: sink, page, or the end of the connection. */
static void deny(struct exchange *x, enum why why, const struct sink *sink)
{
	unsigned index = x->fate.service->index;

	if (sink != NULL && sink->kind == SINK_RESET) {
		x->ops->fail(x->arg, why);
		return;
	}
	stat_service_add(index,
	    why == WHY_TELEMETRY ? STAT_SERVICE_SUNK : STAT_SERVICE_DENIED, 1);
	refuse_with(x, why, sink);
}

/* Whom is this request for? Fills host, port, tls; WHY_DONE or a refusal. */
static enum why take_host(struct exchange *x)
{
	const struct conn *c = x->conn;
	const struct msg *m = &x->req;
	bool https =
	    m->scheme.n > 0 ? span_eq_nocase(m->scheme, SPAN("https")) : c->tls;
	struct span host;

	if (uri_authority(m->authority, https ? 443 : 80, &host, &x->port) <
	        0 ||
	    uri_host_lower(host, x->host_mem, &x->subject.host) < 0)
		return WHY_BAD_REQUEST;
	x->tls = https;
	if (!c->inside)
		return WHY_DONE;
	if (!span_eq(x->subject.host, c->host) || x->port != c->port ||
	    https != c->tls)
		return WHY_MISMATCH;
	return WHY_DONE;
}

static bool for_us(const struct exchange *x)
{
	const struct msg *m = &x->req;

	if (x->conn->inside)
		return false;
	return m->scheme.n == 0 ||
	       span_eq(
	           x->subject.host, span_str(x->conn->snap->conf->page_name));
}

/* The host's fate for this request; WHY_DONE: forward it. */
static enum why judge_host(struct exchange *x)
{
	const struct conf *conf = x->conn->snap->conf;

	if (x->conn->inside)
		x->fate = x->conn->fate;
	else
		fate_of_host(conf, x->subject.host, x->conn->level,
		    x->conn->from, &x->fate);
	if (x->fate.refuse == WHY_DONE)
		x->fate.refuse =
		    fate_today(conf, x->fate.service, x->conn->level);
	if (x->fate.refuse != WHY_DONE)
		return x->fate.refuse;
	if (!x->tls && !conf->allow_http)
		return WHY_PORT;
	if (!x->conn->inside && x->port != (x->tls ? 443 : 80))
		return WHY_PORT;
	/* Without decryption there is nothing to read a request from, and a
	 * request in the clear may only pass with its rules applied. */
	return x->fate.tunnel || !x->fate.service->inspect ? WHY_NOT_INSPECTED
	                                                   : WHY_DONE;
}

/* Content where none has a meaning (RFC 9110, 9.3.1 and 9.3.2): no line of a
 * pack speaks of it, some servers read it all the same, no browser sends it. */
static bool has_stray_content(const struct msg *m)
{
	return (span_eq(m->method, SPAN("GET")) ||
	           span_eq(m->method, SPAN("HEAD")) ||
	           span_eq(m->method, SPAN("TRACE"))) &&
	       (m->framing == FRAME_CHUNKED ||
	           (m->framing == FRAME_LENGTH && m->length > 0));
}

/* The head by its lines; false: refused. */
static bool rewrite(struct exchange *x, const struct plan *plan)
{
	switch (head_request(&x->req, plan, &x->values_up.env, x->arena)) {
	case 0:
		return true;
	case -EBADMSG:
		exchange_refuse(x, WHY_BAD_REQUEST);
		return false;
	}
	exchange_refuse(x, WHY_HEAD_LIMIT);
	return false;
}

/* Names are those of a meeting where the pack tells its id and the request has
 * it, else those of the service. Both halves keep what is found here. */
static bool take_scope(struct exchange *x, const struct plan *plan)
{
	const struct where *w = plan_meeting(plan);
	struct span meeting = SPAN("");
	int r = w != NULL ? find_value(&x->req, w, x->arena, &meeting) : 1;

	keys_scope(&x->scope, x->fate.service, meeting);
	if (r < 0)
		exchange_refuse(
		    x, r == -EBADMSG ? WHY_BAD_REQUEST : WHY_HEAD_LIMIT);
	return r >= 0;
}

/* What the entries for WebSockets say of one; false: refused. */
static bool judge_socket(struct exchange *x)
{
	const struct socket_match *m = &x->terms.match;

	if (socket_judge(&x->terms, x->conn->snap->conf, x->fate.service,
	        x->fate.observe, &x->subject, &x->req) < 0) {
		exchange_refuse(x, WHY_MEMORY);
		return false;
	}
	if (m->deny == NULL)
		return true;
	if (x->fate.observe)
		watch_deny(x, m->why);
	else
		deny(x, m->why, &m->deny->sink);
	return x->fate.observe;
}

static void forward(struct exchange *x)
{
	struct conn *c = x->conn;
	struct request_match match;

	if (match_request(c->snap->conf->rules, x->fate.service, &x->subject,
	        &match) < 0) {
		exchange_refuse(x, WHY_MEMORY);
		return;
	}
	if (x->fate.observe && (x->fate.would != WHY_DONE || match.deny)) {
		watch_deny(x, match.deny ? match.why : x->fate.would);
		match.plan = NULL;
	} else if (match.deny != NULL) {
		deny(x, match.why, &match.deny->sink);
		return;
	}
	if (!keys_ready()) { /* an alias without a key is none */
		exchange_refuse(x, WHY_NO_KEY);
		return;
	}
	if (!take_scope(x, match.plan))
		return;
	if (!x->req.expect_continue && msg_value(&x->req, FIELD_EXPECT).n > 0) {
		exchange_refuse(x, WHY_EXPECT);
		return;
	}
	if (has_stray_content(&x->req)) {
		exchange_refuse(x, WHY_BAD_REQUEST);
		return;
	}
	if (!socket_asked(&x->req)) {
		exchange_refuse(x, WHY_BAD_REQUEST);
		return;
	}
	if (x->req.upgrade && !judge_socket(x))
		return;
	head_hop(&x->req);
	values_init(
	    &x->values_up, c->snap->conf, x->fate.service, &x->scope, false);
	values_init(
	    &x->values_down, c->snap->conf, x->fate.service, &x->scope, true);
	/* To learn, at a price. */
	x->values_up.env.unnamed = x->values_down.env.unnamed = x->fate.observe;
	if (x->fate.observe) {
		watch_request(x, match.plan);
		match.plan = NULL;
	} else if (!rewrite(x, match.plan)) {
		return;
	}
	if (x->req.upgrade &&
	    socket_offer(&x->terms, c->snap->conf, &x->req, x->arena) < 0) {
		exchange_refuse(x, WHY_HEAD_LIMIT);
		return;
	}
	pipe_init(&x->pipe_up, &x->req, match.plan, &x->values_up.env,
	    c->snap->conf->collect_bytes);
	egress_init(&x->egress, c->snap->conf);
	up_begin(x);
}

void exchange_begin(struct exchange *x)
{
	struct conn *c = x->conn;
	struct answer r;
	enum why why;

	stat_add(STAT_REQUESTS, 1);
	x->up = x->req.framing == FRAME_NONE ? HALF_DONE : HALF_BODY;
	x->down = HALF_HEAD;
	x->closing = !x->req.keep_alive;
	x->fate = (struct fate){ .refuse = WHY_UNLISTED };
	why = take_host(x);
	if (why != WHY_DONE) {
		exchange_refuse(x, why);
		return;
	}
	if (for_us(x)) {
		if (reply_own(c->snap->conf, &x->req, x->arena, &r) < 0)
			exchange_refuse(x, WHY_MEMORY);
		else
			answer(x, &r);
		return;
	}
	x->subject.method = x->req.method;
	uri_split(x->req.path, &x->subject.path, &x->subject.query);
	if (span_eq(x->subject.path, SPAN("*")))
		x->subject.path = SPAN("/"); /* the server as a whole */
	x->subject.content = msg_media_type(&x->req);
	why = judge_host(x);
	if (x->fate.service != NULL)
		stat_service_add(
		    x->fate.service->index, STAT_SERVICE_REQUESTS, 1);
	if (why == WHY_DONE)
		forward(x);
	else if (x->fate.service != NULL)
		deny(x, why,
		    x->fate.line->verdict == VERDICT_DENY &&
		            (why == WHY_TELEMETRY || why == WHY_DENIED)
		        ? &x->fate.line->sink
		        : NULL);
	else
		exchange_refuse(x, why);
}

bool exchange_wants(const struct exchange *x)
{
	return x->up == HALF_BODY && (x->local || up_wants(x));
}

struct span exchange_step(const struct exchange *x, struct span in)
{
	return x->local ? in : pipe_step(&x->pipe_up, in);
}

static void discard(struct exchange *x, struct span s, bool last)
{
	x->discarded += s.n;
	if (last) {
		x->up = HALF_DONE;
		exchange_half_done(x);
	} else if (x->discarded > EXCHANGE_DISCARD_BYTES) {
		x->ops->fail(x->arg, WHY_BODY_LIMIT);
	}
}

void exchange_content(struct exchange *x, struct span s, bool last)
{
	if (x->local)
		discard(x, s, last);
	else
		up_content(x, s, last);
}

void exchange_drained(struct exchange *x)
{
	if (x->down == HALF_BODY)
		down_drained(x);
}

/* Does the client read, slowly? Then it is nobody's fault that nothing comes.
 */
static bool client_reads(struct exchange *x)
{
	size_t was = x->behind;

	if (!x->head_down_sent || x->local || !x->ops->full(x->arg))
		return false;
	x->behind = x->ops->queued(x->arg);
	if (x->behind == was)
		return false;
	x->ops->wait(x->arg, x->conn->snap->conf->answer_s);
	return true;
}

void exchange_timeout(struct exchange *x)
{
	if (down_pause(x) || client_reads(x))
		return;
	upstream_suspect(&x->server);
	if (x->local || x->head_down_sent)
		x->ops->fail(x->arg, x->local ? WHY_SLOW : WHY_SERVER_SLOW);
	else if (x->up == HALF_BODY && up_wants(x))
		exchange_refuse(x, WHY_SLOW);
	else
		exchange_refuse(x,
		    upstream_ready(&x->server) ? WHY_SERVER_SLOW : WHY_CONNECT);
}
