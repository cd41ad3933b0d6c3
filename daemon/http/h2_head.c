/* SPDX-License-Identifier: EUPL-1.2 */
/* A field block becomes a msg (RFC 9113, 8). libnghttp2 has looked at pseudo
 * fields, connection-specific fields, content lengths and the bytes of names
 * and values already; what is checked here as well is what could be read in two
 * ways once it is written as HTTP/1.1. */
#include "http/h2_int.h"

#include <errno.h>

#include "base/arena.h"
#include "http/h1_int.h"

/* A line of HTTP/1.1 beyond name and value, and what a head has besides. */
#define LINE_EXTRA_BYTES 4
#define HEAD_EXTRA_BYTES 64
/* Host and Transfer-Encoding may have to be added. */
#define FIELDS_MAX (MSG_FIELDS_MAX - 2)

struct h2_crumb {
	struct h2_crumb *next;
	struct span text;
};

void h2_head_init(
    struct h2_head *x, struct msg *m, struct arena *a, bool request, bool trim)
{
	*x = (struct h2_head){
		.m = m, .arena = a, .bytes = HEAD_EXTRA_BYTES, .trim = trim
	};
	msg_init(m, request);
}

static void keep(struct h2_head *x, struct span *to, struct span text)
{
	*to = arena_dup(x->arena, text);
	if (arena_error(x->arena) < 0)
		x->too_large = true;
}

static void add_status(struct h2_head *x, struct span v)
{
	int status = 0;

	for (size_t i = 0; i < v.n; i++)
		status = ascii_digit(v.p[i]) && status < 60
		             ? status * 10 + (v.p[i] - '0')
		             : 600;
	x->m->status = status;
	x->bad = v.n != 3 || status < 100 || status > 599 || status == 101;
}

static void add_path(struct h2_head *x, struct span v)
{
	if (v.n == 0 || !h1_all(v, H1_TARGET))
		x->bad = true;
	else if (v.n > MSG_TARGET_MAX_BYTES)
		x->too_large = true;
	else
		keep(x, &x->m->path, v);
}

static void add_pseudo(struct h2_head *x, struct span name, struct span v)
{
	struct msg *m = x->m;

	if (!m->request) {
		x->bad = !span_eq(name, SPAN(":status"));
		if (!x->bad)
			add_status(x, v);
	} else if (span_eq(name, SPAN(":method"))) {
		x->bad = v.n == 0 || v.n > H1_METHOD_MAX_BYTES ||
		         !h1_all(v, H1_METHOD) || span_eq(v, SPAN("CONNECT"));
		keep(x, &m->method, v);
	} else if (span_eq(name, SPAN(":path"))) {
		add_path(x, v);
	} else if (span_eq(name, SPAN(":authority"))) {
		x->bad = v.n == 0 || !h1_all(v, H1_TARGET);
		keep(x, &m->authority, v);
	} else if (!span_eq(name, SPAN(":scheme"))) {
		x->bad = true;
	} else if (span_eq_nocase(v, SPAN("https"))) {
		m->scheme = SPAN("https");
	} else if (span_eq_nocase(v, SPAN("http"))) {
		m->scheme = SPAN("http");
	} else {
		x->bad = true;
	}
}

static void add_crumb(struct h2_head *x, struct span v)
{
	struct h2_crumb *c = arena_alloc(x->arena, sizeof *c);

	if (c == NULL) {
		x->too_large = true;
		return;
	}
	c->next = NULL;
	keep(x, &c->text, v);
	if (x->last != NULL)
		x->last->next = c;
	else
		x->first = c;
	x->last = c;
}

/* Fields that HTTP/2 has no place for, under any value. */
static bool of_connection(enum field_id id)
{
	return id == FIELD_CONNECTION || id == FIELD_KEEP_ALIVE ||
	       id == FIELD_PROXY_CONNECTION || id == FIELD_TRANSFER_ENCODING ||
	       id == FIELD_UPGRADE;
}

static bool clean_name(struct span name)
{
	unsigned seen = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (!h1_is(name.p[i], H1_TOKEN) ||
		    ascii_lower(name.p[i]) != name.p[i])
			return false;
		seen |= h1_class[(unsigned char)name.p[i]];
	}
	return name.n > 0 &&
	       ((seen & H1_LOWLINE) == 0 || !h1_looks_framing(name));
}

static void add_field(struct h2_head *x, struct span name, struct span v)
{
	enum field_id id = field_id(name);
	struct span at[2] = { name, v }, both;

	if (id == FIELD_TE) { /* of this hop; trailers go no further */
		x->bad = !span_eq_nocase(v, SPAN("trailers"));
		return;
	}
	if (id == FIELD_COOKIE) {
		if (x->first == NULL) /* its place in the order */
			(void)msg_add(x->m, id, SPAN("cookie"), SPAN_NONE);
		add_crumb(x, v);
		return;
	}
	both = arena_join(x->arena, at, 2);
	if (arena_error(x->arena) < 0) {
		x->too_large = true;
		return;
	}
	(void)msg_add(
	    x->m, id, span_of(both.p, name.n), span_from(both, name.n));
}

void h2_head_add(struct h2_head *x, struct span name, struct span value)
{
	struct span v = span_trim(value);

	x->bytes += name.n + value.n + LINE_EXTRA_BYTES;
	if (x->bad || x->too_large || x->trailer)
		return;
	if (x->bytes > MSG_HEAD_MAX_BYTES) {
		x->too_large = true;
	} else if (name.n > 0 && name.p[0] == ':') {
		add_pseudo(x, name, value);
	} else if (!clean_name(name) || of_connection(field_id(name)) ||
	           (v.n < value.n && !x->trim) ||
	           (v.n > 0 && h1_value_end(v.p, v.p + v.n) != v.p + v.n)) {
		x->bad = true;
	} else if (x->m->nfields == FIELDS_MAX) {
		x->too_large = true;
	} else {
		add_field(x, name, v);
	}
}

/* Several Cookie fields are one (RFC 9113, 8.2.3). */
static void join_crumbs(struct h2_head *x)
{
	struct field *f = msg_find(x->m, FIELD_COOKIE);
	size_t n = 0;
	char *at;

	if (f == NULL || x->first == NULL)
		return;
	if (x->first == x->last) {
		f->value = x->first->text;
		return;
	}
	for (struct h2_crumb *c = x->first; c != NULL; c = c->next)
		n += c->text.n + 2;
	at = arena_alloc(x->arena, n);
	if (at == NULL) {
		x->too_large = true;
		return;
	}
	f->value = span_of(at, n - 2);
	for (struct h2_crumb *c = x->first; c != NULL; c = c->next) {
		if (c->text.n > 0)
			memcpy(at, c->text.p, c->text.n);
		at += c->text.n;
		if (c->next != NULL)
			at = (char *)memcpy(at, "; ", 2) + 2;
	}
	f->value = span_trim(f->value);
}

static int judge_request(struct msg *m)
{
	if (m->method.n == 0 || m->scheme.n == 0 || m->path.n == 0)
		return -EBADMSG;
	if (m->path.p[0] != '/' && !(span_eq(m->path, SPAN("*")) &&
	                               span_eq(m->method, SPAN("OPTIONS"))))
		return -EBADMSG;
	return h1_judge_request(m, false);
}

/* Which answers have no content is known from the status and the method; what
 * END_STREAM adds is that the content is empty. */
static int judge_response(struct msg *m, struct span for_method, bool last)
{
	if (m->status == 0 || (m->status < 200 && last))
		return -EBADMSG;
	if (m->status < 200 || m->status == 204)
		m->framing = FRAME_NONE;
	if (h1_judge_response(m, for_method) < 0)
		return -EBADMSG;
	if (m->framing == FRAME_CLOSE) {
		m->framing = FRAME_LENGTH;
		m->length = 0;
		m->keep_alive = true;
	}
	return 0;
}

int h2_head_end(struct h2_head *x, struct span for_method, bool last)
{
	struct msg *m = x->m;
	int r;

	join_crumbs(x);
	m->framing = last ? FRAME_NONE : FRAME_CHUNKED;
	if (x->bad)
		return -EBADMSG;
	if (x->too_large)
		return 0;
	r = m->request ? judge_request(m) : judge_response(m, for_method, last);
	if (r == 0 && last && m->length > 0)
		r = -EBADMSG;
	return r;
}
