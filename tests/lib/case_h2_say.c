/* SPDX-License-Identifier: EUPL-1.2 */
/* Text of HTTP/1.1 as frames. What HTTP/2 has no words for, or what has more
 * than one reading, is not said at all. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/case_h2_int.h"
#include "lib/case_http.h"

#define FIELDS_MAX 600

struct head {
	nghttp2_nv nv[FIELDS_MAX];
	size_t n;
	struct span fields, host;
	uint64_t length;
	bool has_length, chunked, closes, lost;
};

static void unsaid(struct case_lane *l, const char *what)
{
	struct case_h2 *h = l->h2;

	if (h->unsaid[0] == '\0')
		snprintf(h->unsaid, sizeof h->unsaid, "%s", what);
	buf_reset(&l->queue);
}

bool lane_cut_line(struct span *rest, struct span *ret_line)
{
	size_t n = span_find(*rest, SPAN("\r\n"));

	if (n == rest->n)
		return false;
	*ret_line = span_of(rest->p, n);
	*rest = span_from(*rest, n + 2);
	return true;
}

/* ---- heads ---- */

static void put(struct head *d, size_t at, struct span name, struct span value)
{
	d->nv[at] = (nghttp2_nv){ (uint8_t *)(uintptr_t)name.p,
		(uint8_t *)(uintptr_t)value.p, name.n, value.n,
		NGHTTP2_NV_FLAG_NONE };
}

static void add(struct head *d, struct span name, struct span value)
{
	if (d->n == FIELDS_MAX)
		d->lost = true;
	else
		put(d, d->n++, name, value);
}

static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == 127)
			return false;
	return true;
}

/* Is name among the options of Connection? */
static bool named_by_connection(struct span fields, struct span name)
{
	struct span line, value;

	while (lane_cut_line(&fields, &line)) {
		value = line;
		if (!span_eq_nocase(span_cut(&value, ':'), SPAN("Connection")))
			continue;
		while (value.n > 0)
			if (span_eq_nocase(
			        span_trim(span_cut(&value, ',')), name))
				return true;
	}
	return false;
}

static bool one_hop(const struct head *d, struct span name)
{
	static const char *const word[] = { "Connection", "Keep-Alive",
		"Proxy-Connection", "Upgrade" };

	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (span_eq_nocase(name, span_str(word[i])))
			return true;
	return !span_eq_nocase(name, SPAN("TE")) &&
	       named_by_connection(d->fields, name);
}

static void add_cookie(struct head *d, struct span name, struct span value)
{
	size_t n;

	while ((n = span_find(value, SPAN("; "))) < value.n) {
		add(d, name, span_of(value.p, n));
		value = span_from(value, n + 2);
	}
	add(d, name, value);
}

/* One field. What is wrong, or NULL. */
static const char *add_field(struct head *d, struct span line)
{
	struct span value = line, name = span_cut(&value, ':');

	if (name.n == line.n || !case_is_token(name) || !is_value(value))
		return "a field line that is not well-formed";
	for (size_t i = 0; i < name.n; i++) /* in our own queue */
		((char *)(uintptr_t)name.p)[i] = ascii_lower(name.p[i]);
	value = span_trim(value);
	if (span_eq(name, SPAN("transfer-encoding"))) {
		if (d->chunked || !span_eq_nocase(value, SPAN("chunked")))
			return "a Transfer-Encoding that is not just chunked";
		d->chunked = true;
	} else if (span_eq(name, SPAN("content-length"))) {
		if (d->has_length || span_u64(value, 1u << 30, &d->length) < 0)
			return "a Content-Length that is no number";
		d->has_length = true;
		add(d, name, value);
	} else if (span_eq(name, SPAN("host"))) {
		if (d->host.p != NULL)
			return "two Host fields";
		d->host = value;
	} else if (span_eq(name, SPAN("cookie"))) {
		add_cookie(d, name, value);
	} else if (!one_hop(d, name) && (!span_eq(name, SPAN("te")) ||
	                                    span_eq(value, SPAN("trailers")))) {
		add(d, name, value);
	}
	return NULL;
}

static const char *add_fields(struct head *d, struct span fields)
{
	const char *wrong = NULL;
	struct span line;

	d->fields = fields;
	while (wrong == NULL && lane_cut_line(&fields, &line))
		wrong = add_field(d, line);
	if (wrong == NULL && d->chunked && d->has_length)
		wrong = "Content-Length beside Transfer-Encoding";
	if (wrong == NULL && d->lost)
		wrong = "more fields than the runner has room for";
	d->closes = named_by_connection(d->fields, SPAN("close"));
	return wrong;
}

/* ---- content ---- */

static void send_trailers(struct case_lane *l)
{
	struct head d = { .n = 0 };

	if (add_fields(&d, buf_span(&l->trailers)) != NULL || d.n == 0 ||
	    nghttp2_submit_trailer(l->h2->session, l->id, d.nv, d.n) != 0)
		unsaid(l, "trailers that are not well-formed");
}

static ssize_t on_source(nghttp2_session *session, int32_t id, uint8_t *to,
    size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct case_lane *l = source->ptr;
	size_t n = buf_len(&l->out) < room ? buf_len(&l->out) : room;

	(void)session, (void)id, (void)arg;
	memcpy(to, buf_span(&l->out).p, n);
	buf_drain(&l->out, n);
	if (buf_len(&l->out) > 0)
		return (ssize_t)n;
	if (l->out_end) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		l->said_end = true;
		if (buf_len(&l->trailers) > 0) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			send_trailers(l);
		}
	} else if (n == 0) {
		l->waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)n;
}

static void wake(struct case_lane *l)
{
	if (l->waiting)
		(void)nghttp2_session_resume_data(l->h2->session, l->id);
	l->waiting = false;
}

/* All content of this message has been queued. */
static void content_ends(struct case_lane *l)
{
	l->state = LANE_HEAD;
	l->out_end = true;
	wake(l);
}

/* ---- a head becomes a stream, or an answer on one ---- */

static enum lane_state state_of(const struct head *d, bool until_close)
{
	if (d->chunked)
		return LANE_SIZE;
	if (d->has_length)
		return d->length > 0 ? LANE_LENGTH : LANE_HEAD;
	return until_close ? LANE_CLOSE : LANE_HEAD;
}

/* "https://host/path": the scheme and host of an absolute form. */
static bool split_absolute(
    struct span *target, struct span *ret_scheme, struct span *ret_host)
{
	size_t n = span_find(*target, SPAN("://"));
	struct span rest = span_from(*target, n + 3);

	if (n == target->n || span_starts(*target, SPAN("/")))
		return false;
	*ret_scheme = span_of(target->p, n);
	n = span_chr(rest, '/');
	*ret_host = span_of(rest.p, n);
	*target = n < rest.n ? span_from(rest, n) : SPAN("/");
	return true;
}

static const char *read_request(struct span start, struct span fields,
    struct head *d, struct span *ret_method)
{
	struct span target = start, method = span_cut(&target, ' '), version;
	struct span scheme = SPAN("https"), host = SPAN_NONE;
	const char *wrong;

	version = target;
	target = span_cut(&version, ' ');
	if (!span_eq(version, SPAN("HTTP/1.1")) || !case_is_token(method))
		return "a request line that is not one of HTTP/1.1";
	if (span_eq(method, SPAN("CONNECT")))
		return "CONNECT";
	if (named_by_connection(fields, SPAN("Upgrade")))
		return "an upgrade";
	split_absolute(&target, &scheme, &host);
	if (!is_value(target) || target.n == 0)
		return "a target that is not well-formed";
	d->n = 4;
	wrong = add_fields(d, fields);
	if (wrong != NULL)
		return wrong;
	if (d->host.p == NULL)
		return "a request without Host";
	if (host.p != NULL && !span_eq(host, d->host))
		return "a Host field beside another host in the target";
	put(d, 0, SPAN(":method"), method);
	put(d, 1, SPAN(":scheme"), scheme);
	put(d, 2, SPAN(":authority"), d->host);
	put(d, 3, SPAN(":path"), target);
	*ret_method = method;
	return NULL;
}

static void say_request(
    struct case_lane *l, struct span start, struct span fields)
{
	nghttp2_data_provider source = { { .ptr = l }, on_source };
	struct head d = { .n = 0 };
	struct span method;
	const char *wrong = read_request(start, fields, &d, &method);
	enum lane_state next = state_of(&d, false);
	int32_t id;

	if (wrong != NULL) {
		unsaid(l, wrong);
		return;
	}
	id = nghttp2_submit_request(l->h2->session, NULL, d.nv, d.n,
	    next != LANE_HEAD ? &source : NULL, l);
	if (id < 0) { /* the gateway takes no more on this connection */
		l->wire.closed = true;
		return;
	}
	lane_begin(l, id);
	buf_reset(&l->method);
	buf_add_span(&l->method, method);
	l->said_end = next == LANE_HEAD;
	l->left = d.length;
	l->state = next;
}

static bool no_content(const struct case_lane *l, uint64_t status)
{
	return status == 204 || status == 304 ||
	       span_eq(buf_span(&l->method), SPAN("HEAD"));
}

static void say_answer(
    struct case_lane *l, struct span start, struct span fields)
{
	nghttp2_data_provider source = { { .ptr = l }, on_source };
	struct head d = { .n = 1 };
	struct span rest = start, version = span_cut(&rest, ' ');
	struct span word = span_cut(&rest, ' ');
	const char *wrong = add_fields(&d, fields);
	enum lane_state next = state_of(&d, true);
	uint64_t status;
	int err;

	if (!span_eq(version, SPAN("HTTP/1.1")) || word.n != 3 ||
	    span_u64(word, 599, &status) < 0 || status < 100)
		wrong = "a status line that is not one of HTTP/1.1";
	else if (status == 101)
		wrong = "an upgrade";
	if (wrong != NULL) {
		unsaid(l, wrong);
		return;
	}
	put(&d, 0, SPAN(":status"), word);
	if (status < 200) {
		if (nghttp2_submit_headers(l->h2->session, NGHTTP2_FLAG_NONE,
		        l->id, NULL, d.nv, d.n, NULL) != 0)
			unsaid(l, "an interim answer at this place");
		return;
	}
	if (no_content(l, status))
		next = LANE_HEAD;
	err = nghttp2_submit_response(l->h2->session, l->id, d.nv, d.n,
	    next != LANE_HEAD ? &source : NULL);
	if (err != 0) {
		unsaid(l, "an answer at this place");
		return;
	}
	l->final = true;
	l->over |= d.closes || next == LANE_CLOSE;
	l->said_end = next == LANE_HEAD;
	l->left = d.length;
	l->state = next;
}

/* ---- the queue, piece by piece; each false: nothing more can be said ---- */

static bool say_head(struct case_lane *l)
{
	struct span in = buf_span(&l->queue), start, fields;
	size_t end;

	if (!l->h2->server) {
		if (l->id != 0)
			return false; /* the one before comes first */
		while (span_starts(in, SPAN("\r\n")))
			in = span_from(in, 2);
	} else if (l->id == 0 || l->final) {
		unsaid(l, "bytes that belong to no answer");
		return false;
	}
	if (in.n == 0) {
		buf_reset(&l->queue);
		return false;
	}
	end = span_find(in, SPAN("\r\n\r\n"));
	if (end == in.n) {
		unsaid(l, "half a head");
		return false;
	}
	fields = span_of(in.p, end + 2);
	(void)lane_cut_line(&fields, &start);
	if (l->h2->server)
		say_answer(l, start, fields);
	else
		say_request(l, start, fields);
	if (buf_len(&l->queue) > 0)
		buf_drain(&l->queue,
		    (size_t)(in.p - buf_span(&l->queue).p) + end + 4);
	return true;
}

static bool say_content(struct case_lane *l, size_t limit)
{
	size_t n = buf_len(&l->queue);

	n = n < limit ? n : limit;
	if (n == 0)
		return false;
	if (buf_add(&l->out, buf_span(&l->queue).p, n) < 0)
		abort();
	buf_drain(&l->queue, n);
	l->left -= n;
	wake(l);
	return true;
}

/* "1f;a=b": extensions are not said. */
static bool say_size(struct case_lane *l)
{
	struct span rest = buf_span(&l->queue), line, digits;

	if (!lane_cut_line(&rest, &line))
		return false;
	digits = span_cut(&line, ';');
	l->left = 0;
	for (size_t i = 0; i < digits.n; i++) {
		int d = ascii_hex(digits.p[i]);

		if (d < 0 || digits.n > 8) {
			unsaid(l, "chunks that are not well-formed");
			return false;
		}
		l->left = l->left << 4 | (unsigned)d;
	}
	if (digits.n == 0) {
		unsaid(l, "chunks that are not well-formed");
		return false;
	}
	buf_drain(&l->queue, buf_len(&l->queue) - rest.n);
	l->state = l->left > 0 ? LANE_CHUNK : LANE_TRAILER;
	return true;
}

static bool say_crlf(struct case_lane *l)
{
	if (buf_len(&l->queue) < 2)
		return false;
	if (!span_starts(buf_span(&l->queue), SPAN("\r\n"))) {
		unsaid(l, "chunks that are not well-formed");
		return false;
	}
	buf_drain(&l->queue, 2);
	l->state = LANE_SIZE;
	return true;
}

static bool say_trailer(struct case_lane *l)
{
	struct span rest = buf_span(&l->queue), line;

	if (!lane_cut_line(&rest, &line))
		return false;
	if (line.n == 0) {
		content_ends(l);
	} else {
		buf_add_span(&l->trailers, line);
		buf_add_str(&l->trailers, "\r\n");
	}
	if (buf_len(&l->queue) > 0)
		buf_drain(&l->queue, buf_len(&l->queue) - rest.n);
	return true;
}

static bool say_piece(struct case_lane *l)
{
	bool more = false;

	switch (l->state) {
	case LANE_HEAD:
		return say_head(l);
	case LANE_LENGTH:
		more = say_content(l, (size_t)l->left);
		if (l->left == 0)
			content_ends(l);
		return more;
	case LANE_SIZE:
		return say_size(l);
	case LANE_CHUNK:
		more = say_content(l, (size_t)l->left);
		if (l->left == 0)
			l->state = LANE_CRLF;
		return more;
	case LANE_CRLF:
		return say_crlf(l);
	case LANE_TRAILER:
		return say_trailer(l);
	case LANE_CLOSE:
		return say_content(l, SIZE_MAX);
	}
	return false;
}

void lane_advance(struct case_lane *l)
{
	/* What follows on a connection that has gone is heard by nobody. */
	if (l->wire.closed || (l->state != LANE_HEAD && l->id == 0)) {
		buf_reset(&l->queue);
		l->state = LANE_HEAD;
	}
	while (buf_len(&l->queue) > 0 && say_piece(l))
		;
}

void case_h2_say(struct case_h2 *h, struct case_lane *l, struct span text)
{
	(void)h;
	if (buf_add_span(&l->queue, text) < 0)
		abort();
	lane_advance(l);
}

bool case_h2_finish(struct case_h2 *h, struct case_lane *l)
{
	l->over = true;
	if (h->server && l->id != 0 && l->state == LANE_CLOSE) {
		content_ends(l);
		return true;
	}
	return !h->server && l->state == LANE_HEAD && case_lane_busy(l);
}

void case_h2_reset(struct case_h2 *h, struct case_lane *l)
{
	if (l->id != 0)
		(void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE,
		    l->id, h->server ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL);
	l->over = true;
}
