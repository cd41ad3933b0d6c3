/* SPDX-License-Identifier: EUPL-1.2 */
/* Sources: RFC 9113, 8; RFC 9112, 2 to 7. */
#include "lib/case_h2.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/case_h2_int.h"

#define HEAD_MAX_BYTES (256u << 10)

static void fault(struct case_h2 *h, const char *text, int32_t id)
{
	if (h->fault[0] == '\0')
		snprintf(
		    h->fault, sizeof h->fault, "stream %d: %s", (int)id, text);
}

/* ---- lanes ---- */

static struct case_lane *new_lane(struct case_h2 *h)
{
	struct case_lane *l = calloc(1, sizeof *l);

	if (l == NULL || h->nlanes == CASE_LANES_MAX)
		abort();
	l->h2 = h;
	buf_init(&l->wire.got, FAKE_WIRE_MAX_BYTES);
	buf_init(&l->queue, FAKE_WIRE_MAX_BYTES);
	buf_init(&l->out, FAKE_WIRE_MAX_BYTES);
	buf_init(&l->method, HEAD_MAX_BYTES);
	buf_init(&l->target, HEAD_MAX_BYTES);
	buf_init(&l->authority, HEAD_MAX_BYTES);
	buf_init(&l->scheme, HEAD_MAX_BYTES);
	buf_init(&l->status, HEAD_MAX_BYTES);
	buf_init(&l->fields, HEAD_MAX_BYTES);
	buf_init(&l->cookie, HEAD_MAX_BYTES);
	buf_init(&l->trailers, HEAD_MAX_BYTES);
	h->lane[h->nlanes++] = l;
	return l;
}

static void free_lane(struct case_lane *l)
{
	buf_fini(&l->wire.got);
	buf_fini(&l->queue);
	buf_fini(&l->out);
	buf_fini(&l->method);
	buf_fini(&l->target);
	buf_fini(&l->authority);
	buf_fini(&l->scheme);
	buf_fini(&l->status);
	buf_fini(&l->fields);
	buf_fini(&l->cookie);
	buf_fini(&l->trailers);
	free(l);
}

/* Where a new request goes: the lane that was free last. */
static struct case_lane *free_lane_of(struct case_h2 *h)
{
	struct case_lane *best = NULL;

	for (unsigned i = 0; i < h->nlanes; i++) {
		struct case_lane *l = h->lane[i];

		if (l->id == 0 && !l->over && !l->wire.closed &&
		    (best == NULL || l->finished > best->finished))
			best = l;
	}
	return best != NULL ? best : new_lane(h);
}

void lane_begin(struct case_lane *l, int32_t id)
{
	l->id = id;
	l->has_length = l->chunked = l->heard_end = l->trailer = false;
	l->out_end = l->waiting = l->final = l->said_end = false;
	l->wire.got_fin = false;
	buf_reset(&l->out);
	buf_reset(&l->trailers);
}

static struct case_lane *lane_of(struct case_h2 *h, int32_t id)
{
	for (unsigned i = 0; id != 0 && i < h->nlanes; i++)
		if (h->lane[i]->id == id)
			return h->lane[i];
	return NULL;
}

unsigned case_h2_lanes(const struct case_h2 *h)
{
	return h->nlanes;
}

struct case_lane *case_h2_lane(struct case_h2 *h, unsigned i)
{
	return h->lane[i];
}

struct wire *case_lane_wire(struct case_lane *l)
{
	return &l->wire;
}

bool case_lane_busy(const struct case_lane *l)
{
	return l->id != 0 || buf_len(&l->queue) > 0;
}

void case_lane_close(struct case_lane *l)
{
	l->over = true;
}

/* ---- what comes ---- */

static int on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct case_h2 *h = arg;
	struct case_lane *l = lane_of(h, frame->hd.stream_id);

	(void)session;
	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		l = free_lane_of(h);
		lane_begin(l, frame->hd.stream_id);
		buf_reset(&l->method);
	}
	if (l == NULL)
		return 0;
	if (!h->server)
		l->trailer = l->has_length || l->chunked;
	else
		l->trailer = frame->headers.cat != NGHTTP2_HCAT_REQUEST;
	buf_reset(&l->target);
	buf_reset(&l->authority);
	buf_reset(&l->scheme);
	buf_reset(&l->status);
	buf_reset(&l->fields);
	buf_reset(&l->cookie);
	return 0;
}

/* "content-type" as people write it. */
static void add_name(struct buf *b, struct span name)
{
	bool up = true;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		buf_add_char(
		    b, up && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
		up = c == '-';
	}
}

static struct buf *pseudo(struct case_lane *l, struct span name)
{
	if (span_eq(name, SPAN(":method")))
		return &l->method;
	if (span_eq(name, SPAN(":path")))
		return &l->target;
	if (span_eq(name, SPAN(":authority")))
		return &l->authority;
	if (span_eq(name, SPAN(":scheme")))
		return &l->scheme;
	return span_eq(name, SPAN(":status")) ? &l->status : NULL;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_bytes, const uint8_t *value,
    size_t value_bytes, uint8_t flags, void *arg)
{
	struct case_h2 *h = arg;
	struct case_lane *l = lane_of(h, frame->hd.stream_id);
	struct span n = span_of((const char *)name, name_bytes);
	struct span v = span_of((const char *)value, value_bytes);
	struct buf *b;

	(void)session, (void)flags;
	if (l == NULL)
		return 0;
	b = span_starts(n, SPAN(":")) ? pseudo(l, n) : NULL;
	if (b != NULL) {
		buf_add_span(b, v);
	} else if (span_eq(n, SPAN("cookie"))) {
		if (buf_len(&l->cookie) == 0)
			l->cookie_at = buf_len(&l->fields);
		else
			buf_add_str(&l->cookie, "; ");
		buf_add_span(&l->cookie, v);
	} else {
		l->has_length |= span_eq(n, SPAN("content-length"));
		add_name(&l->fields, n);
		buf_add_str(&l->fields, ": ");
		buf_add_span(&l->fields, v);
		buf_add_str(&l->fields, "\r\n");
	}
	return 0;
}

static int on_invalid_header(nghttp2_session *session,
    const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
    const uint8_t *value, size_t value_bytes, uint8_t flags, void *arg)
{
	char text[200];

	(void)session, (void)value, (void)value_bytes, (void)flags;
	snprintf(text, sizeof text, "the field %.*s is not allowed",
	    (int)(name_bytes < 100 ? name_bytes : 100), (const char *)name);
	fault(arg, text, frame->hd.stream_id);
	return 0;
}

static void add_fields(struct case_lane *l)
{
	struct buf *got = &l->wire.got;
	struct span f = buf_span(&l->fields);

	if (buf_len(&l->cookie) == 0) {
		buf_add_span(got, f);
		return;
	}
	buf_add(got, f.p, l->cookie_at);
	buf_add_str(got, "Cookie: ");
	buf_add_span(got, buf_span(&l->cookie));
	buf_add_str(got, "\r\n");
	buf_add_span(got, span_from(f, l->cookie_at));
}

static bool bodiless(const struct case_lane *l)
{
	struct span status = buf_span(&l->status);

	return span_starts(status, SPAN("1")) || span_eq(status, SPAN("204")) ||
	       span_eq(status, SPAN("304")) ||
	       span_eq(buf_span(&l->method), SPAN("HEAD"));
}

/* A head that is whole, as text. An interim answer does not count as one. */
static void head_came(struct case_lane *l, bool last)
{
	struct buf *got = &l->wire.got;
	bool server = l->h2->server;

	if (server) {
		buf_add_span(got, buf_span(&l->method));
		buf_add_char(got, ' ');
		buf_add_span(got, buf_span(&l->target));
		buf_add_str(got, " HTTP/1.1\r\n");
		if (buf_len(&l->authority) > 0)
			buf_addf(got, "Host: %.*s\r\n",
			    SPAN_ARG(buf_span(&l->authority)));
		if (!span_eq(buf_span(&l->scheme), SPAN("https")))
			fault(l->h2, "the scheme is not https", l->id);
	} else {
		buf_add_str(got, "HTTP/1.1 ");
		buf_add_span(got, buf_span(&l->status));
		buf_add_str(got, " \r\n");
	}
	add_fields(l);
	if (!server && span_starts(buf_span(&l->status), SPAN("1"))) {
		l->has_length = false;
	} else if (!l->has_length && (server || !bodiless(l))) {
		if (!last) {
			l->chunked = true;
			buf_add_str(got, "Transfer-Encoding: chunked\r\n");
		} else if (!server) {
			buf_add_str(got, "Content-Length: 0\r\n");
		}
	}
	buf_add_str(got, "\r\n");
}

static int on_frame_recv(
    nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct case_h2 *h = arg;
	struct case_lane *l = lane_of(h, frame->hd.stream_id);
	bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	(void)session;
	if (l == NULL || (frame->hd.type != NGHTTP2_HEADERS &&
	                     frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && l->trailer)
		fault(h, "trailers came", l->id);
	else if (frame->hd.type == NGHTTP2_HEADERS)
		head_came(l, last);
	if (last) {
		if (l->chunked)
			buf_add_str(&l->wire.got, "0\r\n\r\n");
		l->heard_end = true;
		l->wire.got_fin = true;
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t n, void *arg)
{
	struct case_lane *l = lane_of(arg, id);

	(void)session, (void)flags;
	if (l == NULL || n == 0)
		return 0;
	if (l->chunked)
		buf_addf(&l->wire.got, "%zx\r\n", n);
	if (buf_add(&l->wire.got, p, n) < 0)
		abort();
	if (l->chunked)
		buf_add_str(&l->wire.got, "\r\n");
	return 0;
}

static int on_stream_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct case_h2 *h = arg;
	struct case_lane *l = lane_of(h, id);

	(void)session;
	if (l == NULL)
		return 0;
	l->id = 0;
	l->finished = ++h->clock;
	l->wire.got_fin = true;
	if (code != NGHTTP2_NO_ERROR || !l->heard_end || !l->said_end)
		l->wire.closed = true;
	return 0;
}

static int on_invalid_frame(
    nghttp2_session *session, const nghttp2_frame *frame, int code, void *arg)
{
	(void)session;
	fault(arg, nghttp2_strerror(code), frame->hd.stream_id);
	return 0;
}

void case_h2_hear(struct case_h2 *h, struct span bytes)
{
	ssize_t n = nghttp2_session_mem_recv(
	    h->session, (const uint8_t *)bytes.p, bytes.n);

	if (n < 0)
		fault(h, nghttp2_strerror((int)n), 0);
	for (unsigned i = 0; i < h->nlanes; i++)
		lane_advance(h->lane[i]);
}

void case_h2_speak(struct case_h2 *h, struct buf *out)
{
	const uint8_t *p;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(h->session, &p)) > 0)
		if (buf_add(out, p, (size_t)n) < 0)
			abort();
	for (unsigned i = 0; i < h->nlanes; i++)
		lane_advance(h->lane[i]);
}

const char *case_h2_unsaid(const struct case_h2 *h)
{
	return h->unsaid[0] != '\0' ? h->unsaid : NULL;
}

const char *case_h2_fault(const struct case_h2 *h)
{
	return h->fault;
}

struct case_h2 *case_h2_new(bool server)
{
	struct case_h2 *h = calloc(1, sizeof *h);
	nghttp2_session_callbacks *c;
	nghttp2_settings_entry no_push = { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 };
	int err;

	if (h == NULL || nghttp2_session_callbacks_new(&c) != 0)
		abort();
	h->server = server;
	nghttp2_session_callbacks_set_on_begin_headers_callback(
	    c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(
	    c, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(
	    c, on_stream_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
	    c, on_invalid_frame);
	err = server ? nghttp2_session_server_new(&h->session, c, h)
	             : nghttp2_session_client_new(&h->session, c, h);
	nghttp2_session_callbacks_del(c);
	if (err != 0 || nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE,
	                    &no_push, !server) != 0)
		abort();
	(void)new_lane(h);
	return h;
}

void case_h2_free(struct case_h2 *h)
{
	if (h == NULL)
		return;
	nghttp2_session_del(h->session);
	for (unsigned i = 0; i < h->nlanes; i++)
		free_lane(h->lane[i]);
	free(h);
}

/* ---- the neutral form ---- */

static bool of_the_version(struct span line)
{
	static const char *const name[] = { "Content-Length:",
		"Transfer-Encoding:", "Connection:", "Host:", "Cookie:" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		if (span_starts_nocase(line, span_str(name[i])))
			return true;
	return false;
}

static void add_line(struct buf *out, struct span line)
{
	size_t colon = span_chr(line, ':');

	for (size_t i = 0; i < line.n; i++)
		buf_add_char(
		    out, i < colon ? ascii_lower(line.p[i]) : line.p[i]);
	buf_add_str(out, "\r\n");
}

static void add_all(struct span fields, struct span name, struct buf *out)
{
	struct span line;

	while (lane_cut_line(&fields, &line) && line.n > 0)
		if (span_starts_nocase(line, name))
			add_line(out, line);
}

/* All cookies as one field. */
static void add_cookies(struct span fields, struct buf *out)
{
	struct span line;
	bool any = false;

	while (lane_cut_line(&fields, &line) && line.n > 0) {
		if (!span_starts_nocase(line, SPAN("Cookie:")))
			continue;
		buf_add_str(out, any ? "; " : "cookie: ");
		buf_add_span(
		    out, span_trim(span_from(line, strlen("Cookie:"))));
		any = true;
	}
	buf_add_str(out, any ? "\r\n" : "");
}

void case_h2_neutral(struct span block, struct buf *out)
{
	struct span rest = block, line;

	if (!lane_cut_line(&rest, &line))
		return;
	if (span_starts(line, SPAN("HTTP/1.1 ")))
		line.n = line.n > 12 ? 12 : line.n;
	buf_add_span(out, line);
	buf_add_str(out, "\r\n");
	add_all(rest, SPAN("Host:"), out);
	add_cookies(rest, out);
	while (lane_cut_line(&rest, &line) && line.n > 0)
		if (!of_the_version(line))
			add_line(out, line);
}
