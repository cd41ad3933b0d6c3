/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/reply.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/stat.h"
#include "conf/conf.h"
#include "http/h1.h"
#include "http/uri.h"
#include "net/clock.h"
#include "proxy/conn.h"
#include "proxy/own.h"
#include "proxy/page.h"
#include "proxy/snapshot.h"

/* The smallest GIF: one transparent pixel. */
static const unsigned char gif[] = { 'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0,
	0x80, 0, 0, 0, 0, 0, 0, 0, 0, '!', 0xf9, 4, 1, 0, 0, 0, 0, ',', 0, 0, 0,
	0, 1, 0, 1, 0, 0, 2, 1, 'D', 0, ';' };

static void answer_init(
    struct answer *r, int status, struct span type, struct span body)
{
	msg_init(&r->m, false);
	r->m.minor = 1;
	r->m.status = status;
	r->m.keep_alive = true;
	r->m.framing = FRAME_LENGTH;
	r->m.length = body.n;
	r->body = body;
	if (status == 204) {
		r->m.framing = FRAME_NONE;
		r->body = SPAN("");
	}
	if (type.n > 0)
		(void)msg_add(
		    &r->m, FIELD_CONTENT_TYPE, SPAN("Content-Type"), type);
	(void)msg_add(&r->m, FIELD_CACHE_CONTROL, SPAN("Cache-Control"),
	    SPAN("no-store"));
}

static void add(struct answer *r, struct span name, struct span value)
{
	(void)msg_add(&r->m, FIELD_OTHER, name, value);
}

/* A script of another origin asked: let it read the empty answer, or it keeps
 * trying (Fetch, CORS protocol). */
static void allow_origin(struct answer *r, const struct msg *req)
{
	struct span origin = msg_value(req, FIELD_ORIGIN), value;

	/* A page that isolates itself takes nothing without this (HTML,
	 * Cross-Origin-Embedder-Policy). */
	add(r, SPAN("Cross-Origin-Resource-Policy"), SPAN("cross-origin"));
	if (origin.n == 0)
		return;
	add(r, SPAN("Access-Control-Allow-Origin"), origin);
	add(r, SPAN("Access-Control-Allow-Credentials"), SPAN("true"));
	add(r, SPAN("Vary"), SPAN("Origin"));
	if (!span_eq(req->method, SPAN("OPTIONS")))
		return;
	value = msg_value_name(req, SPAN("Access-Control-Request-Method"));
	if (value.n > 0)
		add(r, SPAN("Access-Control-Allow-Methods"), value);
	value = msg_value_name(req, SPAN("Access-Control-Request-Headers"));
	if (value.n > 0)
		add(r, SPAN("Access-Control-Allow-Headers"), value);
	add(r, SPAN("Access-Control-Max-Age"), SPAN("600"));
}

static bool is_navigation(const struct msg *req)
{
	struct span mode = msg_value(req, FIELD_SEC_FETCH_MODE);
	struct span accept = msg_value(req, FIELD_ACCEPT);

	if (mode.n > 0)
		return span_eq(mode, SPAN("navigate"));
	return span_find(accept, SPAN("text/html")) < accept.n;
}

/* The bytes of b in the arena; b is freed. */
static int keep(struct buf *b, struct arena *a, struct span *ret_body)
{
	int err = buf_error(b);

	*ret_body = arena_dup(a, buf_span(b));
	buf_fini(b);
	return err < 0 ? err : arena_error(a);
}

/* What a page may do in a browser: show its text and its one style. */
static void protect(struct answer *r)
{
	add(r, SPAN("Content-Security-Policy"), SPAN(PAGE_CSP));
	add(r, SPAN("X-Content-Type-Options"), SPAN("nosniff"));
	add(r, SPAN("Referrer-Policy"), SPAN("no-referrer"));
}

static int refusal_page(const struct conf *conf, const struct service *service,
    enum why why, const struct msg *req, struct arena *a, struct answer *r)
{
	int status = why_status(why) != 0 ? why_status(why) : 403, err;
	struct span body;
	struct buf b;

	buf_init(&b, PAGE_MAX_BYTES);
	if (is_navigation(req)) {
		page_refusal(&b, conf, service, why,
		    page_german(msg_value(req, FIELD_ACCEPT_LANGUAGE)));
		stat_add(STAT_PAGES, 1);
	} else {
		buf_addf(&b, "%s (%s)\n", why_text_en(why), why_word(why));
	}
	err = keep(&b, a, &body);
	if (err < 0)
		return err;
	answer_init(r, status,
	    is_navigation(req) ? SPAN("text/html; charset=utf-8")
	                       : SPAN("text/plain; charset=utf-8"),
	    body);
	protect(r);
	return 0;
}

int reply_refusal(const struct conf *conf, const struct service *service,
    enum why why, const struct sink *sink, const struct msg *req,
    struct arena *a, struct answer *ret_answer)
{
	enum sink_kind kind = sink != NULL ? sink->kind : SINK_NONE;
	int err = 0;

	/* A preflight must succeed, or the client reports a network error. */
	if (kind != SINK_NONE && kind != SINK_PAGE &&
	    span_eq(req->method, SPAN("OPTIONS")) &&
	    msg_value(req, FIELD_ORIGIN).n > 0) {
		answer_init(ret_answer, 204, SPAN(""), SPAN(""));
		allow_origin(ret_answer, req);
		return 0;
	}
	switch (kind) {
	case SINK_STATUS:
		answer_init(ret_answer, sink->status, SPAN(""), SPAN(""));
		break;
	case SINK_JSON:
		answer_init(
		    ret_answer, 200, SPAN("application/json"), sink->text);
		break;
	case SINK_GIF:
		answer_init(ret_answer, 200, SPAN("image/gif"),
		    span_of((const char *)gif, sizeof gif));
		break;
	case SINK_JS:
		answer_init(
		    ret_answer, 200, SPAN("text/javascript"), SPAN("\n"));
		break;
	case SINK_NONE:
	case SINK_PAGE:
	case SINK_RESET: /* the caller closes; here only for completeness */
		err = refusal_page(conf, service, why, req, a, ret_answer);
		break;
	}
	if (err == 0)
		allow_origin(ret_answer, req);
	return err;
}

static int own_page(const struct conf *conf, const struct msg *req,
    struct span path, struct span query, struct arena *a, struct answer *r)
{
	bool german =
	    page_german_query(query, msg_value(req, FIELD_ACCEPT_LANGUAGE));
	struct span body;
	struct buf b;
	int err;

	buf_init(&b, PAGE_MAX_BYTES);
	if (span_eq(path, SPAN("/")))
		page_start(&b, conf, german);
	else
		page_transparency(&b, conf, clock_unix_s(), german);
	err = keep(&b, a, &body);
	answer_init(r, 200, SPAN("text/html; charset=utf-8"), body);
	protect(r);
	stat_add(STAT_PAGES, 1);
	return err;
}

static int pac_file(const struct conf *conf, const struct msg *req,
    struct arena *a, struct answer *r)
{
	char authority[URI_HOST_MAX + 8];
	struct span body;
	struct buf b;
	int err;

	/* The name the client used to reach us, checked by h1_read_request. */
	snprintf(authority, sizeof authority, "%.*s", SPAN_ARG(req->authority));
	buf_init(&b, PAGE_MAX_BYTES);
	own_pac(&b, conf, authority);
	err = keep(&b, a, &body);
	answer_init(r, 200, SPAN("application/x-ns-proxy-autoconfig"), body);
	return err;
}

int reply_own(const struct conf *conf, const struct msg *req, struct arena *a,
    struct answer *ret_answer)
{
	struct span path, query;

	uri_split(req->path, &path, &query);
	if (!span_eq(req->method, SPAN("GET")) &&
	    !span_eq(req->method, SPAN("HEAD"))) {
		answer_init(ret_answer, 405, SPAN("text/plain"),
		    SPAN("only GET and HEAD\n"));
		add(ret_answer, SPAN("Allow"), SPAN("GET, HEAD"));
	} else if (span_eq(path, SPAN("/")) ||
	           span_eq(path, SPAN("/transparency"))) {
		return own_page(conf, req, path, query, a, ret_answer);
	} else if (span_eq(path, SPAN("/proxy.pac")) ||
	           span_eq(path, SPAN("/wpad.dat"))) {
		return pac_file(conf, req, a, ret_answer);
	} else if (span_eq(path, SPAN("/ca.pem")) && conf->ca_pem.n > 0) {
		answer_init(ret_answer, 200, SPAN("application/x-pem-file"),
		    conf->ca_pem);
	} else if (span_eq(path, SPAN("/ca.crt")) && conf->ca_der.n > 0) {
		answer_init(ret_answer, 200, SPAN("application/x-x509-ca-cert"),
		    conf->ca_der);
	} else {
		answer_init(
		    ret_answer, 404, SPAN("text/plain"), SPAN("not here\n"));
	}
	return 0;
}

void reply_connect_refused(struct conn *c, enum why why)
{
	struct buf *out = stream_out(c->client);
	struct span service =
	    c->fate.service != NULL ? c->fate.service->name : SPAN("");
	int status = why_status(why) != 0 ? why_status(why) : 403;
	struct answer r;
	char text[300];

	snprintf(text, sizeof text, "%.*s%s%s (%s)\n", SPAN_ARG(service),
	    service.n > 0 ? ": " : "", why_text_en(why), why_word(why));
	answer_init(
	    &r, status, SPAN("text/plain; charset=utf-8"), span_str(text));
	r.m.keep_alive = false;
	if (h1_write_head(&r.m, out) == 0)
		(void)buf_add_span(out, r.body);
	(void)stream_flush(c->client);
}
