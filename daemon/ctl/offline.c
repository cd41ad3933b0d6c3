/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/offline_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "http/h1.h"
#include "http/find.h"
#include "http/head.h"
#include "http/uri.h"
#include "proxy/egress.h"
#include "proxy/pipe.h"
#include "tls/derive.h"

#define ARENA_BYTES (32u << 20)
#define PIECE_BYTES 65536

const char *offline_word(enum offline_end e)
{
	switch (e) {
	case OFFLINE_PASSED:
		return "passed";
	case OFFLINE_TUNNEL:
		return "tunnelled";
	case OFFLINE_DENIED:
		return "denied";
	case OFFLINE_REFUSED:
		return "refused";
	case OFFLINE_UNLISTED:
		return "unlisted";
	case OFFLINE_BROKEN:
		return "broken";
	}
	return "?";
}

static bool grow(struct offline *o)
{
	size_t cap = o->cap == 0 ? 64 : o->cap * 2;
	struct offline_note *more = calloc(cap, sizeof *more);

	if (more == NULL)
		return false;
	if (o->nnote > 0)
		memcpy(more, o->note, o->nnote * sizeof *more);
	free(o->note);
	o->note = more, o->cap = cap;
	return true;
}

static struct span keep(struct offline *o, struct span s)
{
	if (s.n > OFFLINE_VALUE_MAX_BYTES)
		s.n = OFFLINE_VALUE_MAX_BYTES;
	return s.n == 0 ? SPAN("") : arena_dup(o->arena, s);
}

static void on_finding(void *arg, const struct finding *f)
{
	struct offline *o = arg;
	struct offline_note *n;

	if (f->line != NULL)
		ruleset_reach(o->rules, f->line->id);
	if (o->nnote >= OFFLINE_FIELDS_MAX ||
	    (o->nnote == o->cap && !grow(o))) {
		o->notes_lost = true;
		return;
	}
	n = &o->note[o->nnote++];
	*n = (struct offline_note){ .carrier = f->carrier,
		.effect = f->effect,
		.name = keep(o, f->name),
		.before = keep(o, f->before),
		.after = keep(o, f->after),
		.path = keep(o, f->path) };
	if (f->line != NULL) {
		n->drift = line_is_catch_all(f->line);
		n->category = f->line->category;
		n->place = f->line->place;
	}
}

static void on_prf(void *arg, struct span in, unsigned char out[16])
{
	struct offline *o = arg;

	keys_prf(&o->scope, in, out);
}

static int on_pseudonym(void *arg, struct span in, struct buf *out)
{
	struct offline *o = arg;

	return keys_pseudonym(&o->scope, o->domain, in, out);
}

static int on_restore(void *arg, struct span in, struct buf *out)
{
	struct offline *o = arg;

	return keys_restore(&o->scope, o->domain, in, out);
}

/* Whose names: of the service, or of the meeting; an answer has its request's.
 * The key of the day is fixed, see offline.h. */
int offline_keys(
    struct offline *o, const struct conf *c, struct span meeting)
{
	static const unsigned char master[DERIVE_KEY_BYTES];
	unsigned char epoch[DERIVE_KEY_BYTES];
	int err = derive_epoch(master, 0, epoch);

	if (err < 0)
		return err;
	keys_epoch(0, epoch);
	keys_scope(&o->scope, o->service, meeting);
	o->domain = span_str(c->pseudonym_domain);
	return 0;
}

static int take_scope(
    struct offline *o, const struct conf *c, const struct plan *plan)
{
	const struct where *w = plan_meeting(plan);
	struct span meeting = SPAN("");

	o->scope_err =
	    w != NULL ? find_value(&o->msg, w, o->arena, &meeting) : 0;
	return offline_keys(o, c, meeting);
}

int offline_begin(struct offline *o, const struct conf *c)
{
	memset(o, 0, sizeof *o);
	o->rules = c->rules;
	buf_init(&o->body, OFFLINE_BODY_MAX_BYTES);
	o->arena = arena_new(ARENA_BYTES);
	return o->arena != NULL ? 0 : -ENOMEM;
}

void offline_end(struct offline *o, enum offline_end e, enum why why)
{
	o->end = e;
	o->why = why;
}

/* May these bytes stand in a head at all? */
static bool head_bytes(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t')
			return false;
	return true;
}

/* The head from what was recorded. 0 or -EBADMSG. */
static int fill(struct offline *o, const struct offline_in *in)
{
	struct msg *m = &o->msg;

	m->minor = 1;
	m->keep_alive = true;
	for (size_t i = 0; i < in->nfield; i++) {
		struct offline_field f = in->field[i];
		enum field_id id = field_id(f.name);

		/* Pseudo-header fields of HTTP/2 are in method and URL. */
		if (f.name.n > 0 && f.name.p[0] == ':')
			continue;
		if (f.name.n == 0 || !head_bytes(f.name) ||
		    !head_bytes(f.value))
			return -EBADMSG;
		if ((in->body_plain && id == FIELD_CONTENT_ENCODING) ||
		    id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
			continue;
		if (msg_add(m, id, f.name, span_trim(f.value)) < 0)
			return -EBADMSG;
	}
	m->framing = in->body.n > 0 ? FRAME_LENGTH : FRAME_NONE;
	m->length = in->body.n;
	if (m->request &&
	    msg_has_token(m, FIELD_CONNECTION, SPAN("upgrade")) &&
	    msg_has_token(m, FIELD_UPGRADE, SPAN("websocket")))
		m->upgrade = true;
	return 0;
}

/* URL to scheme, authority, path; host in lower case to the subject. */
static int take_url(struct offline *o, const struct offline_in *in)
{
	struct span url = in->url;
	struct uri u;
	bool tls;

	url.n = span_chr(url, '#');
	if (!head_bytes(url) || uri_parse(url, &u) < 0 ||
	    uri_host_lower(u.host, o->host_mem, &o->subject.host) < 0)
		return -EBADMSG;
	tls = span_eq_nocase(u.scheme, SPAN("https")) ||
	      span_eq_nocase(u.scheme, SPAN("wss"));
	if (!tls && !span_eq_nocase(u.scheme, SPAN("http")) &&
	    !span_eq_nocase(u.scheme, SPAN("ws")))
		return -EBADMSG;
	o->msg.upgrade = span_starts_nocase(u.scheme, SPAN("ws"));
	o->tls = tls;
	o->port = u.port;
	o->msg.scheme = tls ? SPAN("https") : SPAN("http");
	o->msg.method = in->method;
	o->msg.authority = o->subject.host;
	o->msg.path = u.path;
	o->subject.method = in->method;
	uri_split(u.path, &o->subject.path, &o->subject.query);
	return 0;
}

static struct span sink_text(struct offline *o, const struct sink *s)
{
	char text[8];

	switch (s->kind) {
	case SINK_NONE:
		return SPAN("refusal");
	case SINK_STATUS:
		snprintf(text, sizeof text, "%u", s->status);
		return arena_dup(o->arena, span_str(text));
	case SINK_JSON:
		return SPAN("json");
	case SINK_GIF:
		return SPAN("gif");
	case SINK_JS:
		return SPAN("js");
	case SINK_PAGE:
		return SPAN("page");
	case SINK_RESET:
		return SPAN("reset");
	}
	return SPAN("refusal");
}

/* The host's part of the verdict, as proxy/fate.c; true: look inside. */
static bool judge_host(struct offline *o, const struct conf *c, uint8_t level)
{
	struct host_match m = { NULL, NULL };

	if (match_host(c->rules, o->subject.host, &m) < 0) {
		offline_end(o, OFFLINE_UNLISTED, WHY_UNLISTED);
		return false;
	}
	o->service = m.service;
	o->place = m.line->place;
	o->pattern = m.line->pattern;
	ruleset_reach(c->rules, m.line->id);
	if (o->port != (o->tls ? 443 : 80) || (!o->tls && !c->allow_http)) {
		offline_end(o, OFFLINE_REFUSED, WHY_PORT);
	} else if (m.service->refused != WHY_DONE) {
		offline_end(o, OFFLINE_REFUSED, m.service->refused);
	} else if (level > m.service->max_case) {
		offline_end(o, OFFLINE_REFUSED, WHY_LEVEL);
	} else if (m.line->verdict == VERDICT_DENY) {
		offline_end(o, OFFLINE_DENIED,
		    m.line->category == CATEGORY_TELEMETRY ? WHY_TELEMETRY
		                                           : WHY_DENIED);
		o->sink = sink_text(o, &m.line->sink);
	} else if (m.line->verdict == VERDICT_TUNNEL) {
		offline_end(o, OFFLINE_TUNNEL, WHY_DONE);
	} else if (!m.service->inspect) {
		offline_end(o, OFFLINE_REFUSED, WHY_NOT_INSPECTED);
	} else {
		return true;
	}
	return false;
}

struct env offline_env(struct offline *o)
{
	struct env e = { .prf = on_prf,
		.pseudonym = on_pseudonym,
		.restore = on_restore,
		.unnamed = true,
		.report = on_finding,
		.arg = o };

	scrub_env(&e);
	return e;
}

/* The body through the same pipe as in the daemon. */
static int scrub(struct offline *o, const struct plan *plan,
    const struct env *e, struct span left, size_t collect)
{
	struct pipe p;
	int err = 0;

	pipe_init(&p, &o->msg, plan, e, collect);
	if (left.n == 0 || pipe_open(&p)) {
		err = buf_add_span(&o->body, left);
	} else {
		while (err == 0 && left.n > 0) {
			size_t n = left.n < PIECE_BYTES ? left.n : PIECE_BYTES;

			err = pipe_feed(&p, span_of(left.p, n), n == left.n);
			left = span_from(left, n);
			if (err == 0)
				err = buf_add_span(&o->body, buf_span(&p.out));
			buf_drain(&p.out, buf_len(&p.out));
		}
	}
	if (err == 0) {
		pipe_frame(&p, &o->msg);
		if (o->msg.framing == FRAME_LENGTH)
			o->msg.length = buf_len(&o->body);
	}
	pipe_fini(&p);
	return err;
}

static enum why why_of(int err, bool request, bool body)
{
	if (err == -EBADMSG && body)
		return request ? WHY_BAD_BODY : WHY_BAD_ANSWER_BODY;
	if (err == -EBADMSG)
		return request ? WHY_BAD_REQUEST : WHY_BAD_RESPONSE;
	if (!request)
		return WHY_ANSWER_LIMIT;
	return body ? WHY_BODY_LIMIT : WHY_HEAD_LIMIT;
}

/* Rewrite head and body by plan. */
static void apply(struct offline *o, const struct conf *c,
    const struct plan *plan, struct span body)
{
	struct env e = offline_env(o);
	bool request = o->msg.request;
	int err = o->scope_err;

	head_hop(&o->msg);
	if (err >= 0)
		err = request ? head_request(&o->msg, plan, &e, o->arena)
		              : head_response(&o->msg, plan, &e, o->arena);
	if (err < 0) {
		offline_end(o, OFFLINE_BROKEN, why_of(err, request, false));
		return;
	}
	err = scrub(o, plan, &e, body, c->collect_bytes);
	if (err < 0) {
		buf_reset(&o->body);
		offline_end(o, OFFLINE_BROKEN, why_of(err, request, true));
		return;
	}
	offline_end(o, OFFLINE_PASSED, WHY_DONE);
}

/* Methods whose content has no meaning, as in proxy/exchange.c. */
static bool no_content(struct span method)
{
	return span_eq(method, SPAN("GET")) || span_eq(method, SPAN("HEAD")) ||
	       span_eq(method, SPAN("TRACE"));
}

/* The content by the egress guard, piece by piece as in the daemon. */
static int guard_body(const struct offline *o, struct egress *e)
{
	struct span left = buf_span(&o->body), ready;
	int err = egress_coding(e, msg_value(&o->msg, FIELD_CONTENT_ENCODING));

	while (err == 0 && left.n > 0) {
		size_t n = left.n < PIECE_BYTES ? left.n : PIECE_BYTES;

		err = egress_feed(e, span_of(left.p, n), n == left.n);
		ready = egress_ready(e, n == left.n);
		if (err == 0)
			egress_left(e, ready.n);
		left = span_from(left, n);
	}
	return err;
}

/* The last look at what would leave. */
static void guard(struct offline *o, const struct conf *c)
{
	struct egress e;
	struct buf head;
	int err;

	if (c->guard == NULL || o->end != OFFLINE_PASSED)
		return;
	egress_init(&e, c);
	buf_init(&head, ARENA_BYTES);
	err = h1_write_head(&o->msg, &head);
	if (err == 0)
		err = egress_head(&e, buf_span(&head));
	if (err == 0)
		err = guard_body(o, &e);
	buf_fini(&head);
	egress_fini(&e);
	if (err == 0)
		return;
	buf_reset(&o->body);
	if (err == -EACCES)
		offline_end(o, OFFLINE_DENIED, WHY_GUARD);
	else
		offline_end(o, OFFLINE_BROKEN, why_of(err, true, true));
}

int offline_request(const struct conf *c, const struct offline_in *in,
    uint8_t level, struct offline *o)
{
	struct request_match match;
	struct socket_match socket;
	int err = offline_begin(o, c);

	if (err < 0)
		return err;
	msg_init(&o->msg, true);
	if (take_url(o, in) < 0 || fill(o, in) < 0) {
		offline_end(o, OFFLINE_BROKEN, WHY_BAD_REQUEST);
		return 0;
	}
	o->subject.content = msg_media_type(&o->msg);
	if (!judge_host(o, c, level))
		return 0;
	err = match_request(c->rules, o->service, &o->subject, &match);
	if (err == 0)
		err = take_scope(o, c, match.plan);
	if (err < 0)
		return -ENOMEM;
	if (match.deny == NULL && o->msg.upgrade) {
		err = match_socket(c->rules, o->service, &o->subject,
		    msg_value_name(&o->msg, SPAN("sec-websocket-protocol")),
		    &socket);
		match.deny = socket.deny;
		match.why = socket.why;
	}
	if (err < 0)
		return -ENOMEM;
	if (match.deny != NULL) {
		ruleset_reach(c->rules, match.deny->id);
		offline_end(o, OFFLINE_DENIED, match.why);
		o->place = match.deny->place;
		o->sink = sink_text(o, &match.deny->sink);
		return 0;
	}
	if (in->body.n > 0 && no_content(in->method)) {
		offline_end(o, OFFLINE_BROKEN, WHY_BAD_REQUEST);
		return 0;
	}
	apply(o, c, match.plan, in->body);
	guard(o, c);
	return 0;
}

int offline_answer(const struct conf *c, const struct offline *request,
    const struct offline_in *in, struct offline *o)
{
	const struct plan *plan;
	int err = offline_begin(o, c);

	if (err < 0)
		return err;
	msg_init(&o->msg, false);
	o->msg.status = in->status;
	o->service = request->service;
	o->pattern = request->pattern;
	o->subject = request->subject;
	if (fill(o, in) < 0) {
		offline_end(o, OFFLINE_BROKEN, WHY_BAD_RESPONSE);
		return 0;
	}
	o->subject.content = msg_media_type(&o->msg);
	if (offline_keys(o, c, request->scope.meeting) < 0 ||
	    match_response(c->rules, o->service, &o->subject, &plan) < 0)
		return -ENOMEM;
	apply(o, c, plan, in->body);
	return 0;
}

void offline_fini(struct offline *o)
{
	arena_free(o->arena);
	buf_fini(&o->body);
	free(o->note);
	o->arena = NULL;
	o->note = NULL;
	o->nnote = o->cap = 0;
}

static void add_fields(const struct msg *m, struct buf *out)
{
	for (unsigned i = 0; i < m->nfields; i++) {
		const struct field *f = &m->field[i];

		if (f->gone)
			continue;
		(void)buf_add_span(out, f->name);
		(void)buf_add_str(out, ": ");
		(void)buf_add_span(out, f->value);
		(void)buf_add_str(out, "\r\n");
	}
}

int offline_text(
    const struct offline *o, const struct offline_in *in, struct buf *out)
{
	if (o->end != OFFLINE_PASSED && o->end != OFFLINE_TUNNEL)
		return buf_error(out);
	if (o->msg.request) {
		(void)buf_add_span(out, o->msg.method);
		(void)buf_add_char(out, ' ');
		(void)buf_add_span(out, o->msg.authority);
		(void)buf_add_span(out, o->msg.path);
		(void)buf_add_str(out, "\r\n");
	}
	add_fields(&o->msg, out);
	(void)buf_add_str(out, "\r\n");
	(void)buf_add_span(
	    out, o->end == OFFLINE_PASSED ? buf_span(&o->body) : in->body);
	return buf_error(out);
}
