/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_http.h"

#include <stdio.h>

#define LENGTH_NONE UINT64_MAX

void case_msg_init(struct case_msg *m)
{
	*m = (struct case_msg){ .here = false };
	buf_init(&m->body, CASE_BODY_MAX_BYTES);
}

void case_msg_fini(struct case_msg *m)
{
	buf_fini(&m->body);
	m->here = false;
}

static bool clean(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t')
			return false;
	return true;
}

/* One line that ends in CRLF off *rest. */
static bool cut_line(struct span *rest, struct span *ret_line)
{
	size_t n = span_find(*rest, SPAN("\r\n"));

	if (n == rest->n)
		return false;
	*ret_line = span_of(rest->p, n);
	*rest = span_from(*rest, n + 2);
	return true;
}

static const char *start_line(struct case_msg *m, bool request)
{
	struct span rest = m->start, method, version;
	uint64_t status;

	if (request) {
		method = span_cut(&rest, ' ');
		m->target = span_cut(&rest, ' ');
		version = rest;
		if (!case_is_token(method) || m->target.n == 0)
			return "the request line has no method or target";
		for (size_t i = 0; i < m->target.n; i++)
			if (m->target.p[i] <= ' ' || m->target.p[i] == 127)
				return "the target has forbidden bytes";
	} else {
		version = span_cut(&rest, ' ');
		if (span_u64(span_cut(&rest, ' '), 599, &status) < 0 ||
		    status < 100)
			return "the status line has no status";
		m->status = (int)status;
	}
	return span_eq(version, SPAN("HTTP/1.1")) ? NULL
	                                          : "this is not HTTP/1.1";
}

static const char *field_lines(
    struct case_msg *m, uint64_t *ret_length, bool *ret_chunked)
{
	struct span rest = m->fields, line, name, value;

	*ret_length = LENGTH_NONE;
	*ret_chunked = false;
	while (cut_line(&rest, &line)) {
		value = line;
		name = span_cut(&value, ':');
		if (!case_is_token(name) || !clean(value) || name.n == line.n)
			return "a field line is not well-formed";
		value = span_trim(value);
		if (span_eq_nocase(name, SPAN("Content-Length"))) {
			if (*ret_length != LENGTH_NONE)
				return "two Content-Length fields";
			if (span_u64(value, 1u << 30, ret_length) < 0)
				return "Content-Length is not a number";
		}
		if (span_eq_nocase(name, SPAN("Transfer-Encoding"))) {
			if (*ret_chunked || !span_eq(value, SPAN("chunked")))
				return "Transfer-Encoding is not just chunked";
			*ret_chunked = true;
		}
	}
	if (*ret_chunked && *ret_length != LENGTH_NONE)
		return "Content-Length beside Transfer-Encoding";
	return NULL;
}

/* All chunks at the start of *rest. 1: done; 0: more is needed; -1: bad. */
static int chunks(struct span *rest, struct buf *body)
{
	struct span line;
	size_t n;

	for (;;) {
		if (!cut_line(rest, &line))
			return 0;
		if (line.n == 0 || line.n > 8)
			return -1;
		n = 0;
		for (size_t i = 0; i < line.n; i++) {
			if (ascii_hex(line.p[i]) < 0)
				return -1;
			n = n << 4 | (size_t)ascii_hex(line.p[i]);
		}
		if (rest->n < n + 2)
			return 0;
		if (rest->p[n] != '\r' || rest->p[n + 1] != '\n')
			return -1;
		buf_add(body, rest->p, n);
		*rest = span_from(*rest, n + 2);
		if (n == 0)
			return 1;
	}
}

ptrdiff_t case_msg_read(struct span in, bool request, bool bodiless, bool ended,
    struct case_msg *m, const char **ret_why)
{
	size_t end = span_find(in, SPAN("\r\n\r\n"));
	struct span rest = span_from(in, end + 4);
	uint64_t length;
	int r;

	case_msg_fini(m);
	case_msg_init(m);
	if (end == in.n)
		return 0;
	m->fields = span_of(in.p, end + 2);
	if (!cut_line(&m->fields, &m->start))
		return 0;
	*ret_why = start_line(m, request);
	if (*ret_why == NULL)
		*ret_why = field_lines(m, &length, &m->chunked);
	if (*ret_why != NULL)
		return -1;
	bodiless |= !request &&
	            (m->status < 200 || m->status == 204 || m->status == 304);
	if (bodiless || (request && !m->chunked && length == LENGTH_NONE)) {
		r = 1;
	} else if (m->chunked) {
		r = chunks(&rest, &m->body);
	} else if (length != LENGTH_NONE) {
		r = rest.n >= length;
		if (r == 1)
			buf_add(&m->body, rest.p, (size_t)length);
		rest = span_from(rest, (size_t)length);
	} else {
		r = ended;
		buf_add_span(&m->body, rest);
		rest = span_from(rest, rest.n);
	}
	if (r < 0)
		*ret_why = "the chunks are not well-formed";
	if (r <= 0)
		return r;
	m->here = true;
	return (ptrdiff_t)(in.n - rest.n);
}

bool case_field(const struct case_msg *m, struct span name, unsigned n,
    struct span *ret_value)
{
	struct span rest = m->fields, line, value;

	while (cut_line(&rest, &line)) {
		value = line;
		if (span_eq_nocase(span_cut(&value, ':'), name) && n-- == 0) {
			*ret_value = span_trim(value);
			return true;
		}
	}
	return false;
}

static void decode(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n &&
		    ascii_hex(s.p[i + 1]) >= 0 && ascii_hex(s.p[i + 2]) >= 0) {
			buf_add_char(out, (char)(ascii_hex(s.p[i + 1]) << 4 |
			                         ascii_hex(s.p[i + 2])));
			i += 2;
		} else {
			buf_add_char(out, s.p[i] == '+' ? ' ' : s.p[i]);
		}
	}
}

static bool parameter(struct span rest, struct span name, struct buf *out)
{
	struct span value, key;
	struct buf b;
	bool same;

	while (rest.n > 0) {
		value = span_cut(&rest, '&');
		key = span_cut(&value, '=');
		buf_init(&b, key.n + 1);
		decode(key, &b);
		same = span_eq(buf_span(&b), name);
		buf_fini(&b);
		if (same) {
			decode(value, out);
			return true;
		}
	}
	return false;
}

bool case_query(const struct case_msg *m, struct span name, struct buf *out)
{
	struct span query = m->target;

	(void)span_cut(&query, '?');
	return parameter(query, name, out);
}

bool case_form(const struct case_msg *m, struct span name, struct buf *out)
{
	return parameter(buf_span(&m->body), name, out);
}

bool case_cookie(const struct case_msg *m, struct span name, struct buf *out)
{
	struct span rest, value;

	for (unsigned n = 0; case_field(m, SPAN("Cookie"), n, &rest); n++)
		while (rest.n > 0) {
			value = span_trim(span_cut(&rest, ';'));
			if (!span_eq(span_cut(&value, '='), name))
				continue;
			buf_add_span(out, value);
			return true;
		}
	return false;
}

/* ---- JSON ---- */

static void blanks(struct span *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t' ||
	                       s->p[0] == '\r' || s->p[0] == '\n'))
		*s = span_from(*s, 1);
}

/* One value off *s, as it is written. */
static struct span raw_value(struct span *s)
{
	const char *from = s->p;
	unsigned depth = 0;
	bool text = false;
	size_t i = 0;

	for (; i < s->n; i++) {
		char c = s->p[i];

		if (text) {
			i += c == '\\';
			text = c != '"';
		} else if (c == '"') {
			text = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				break;
			depth--;
		} else if (c == ',' && depth == 0) {
			break;
		}
	}
	*s = span_from(*s, i);
	return span_trim(span_of(from, i));
}

static void code_point(uint32_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		buf_add_char(out, (char)(0xe0 | c >> 12));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* Without quotes and escapes (surrogates stay apart: cases do not use them). */
static void json_text(struct span s, struct buf *out)
{
	static const char to[] = "b\bf\fn\nr\rt\t";

	for (size_t i = 1; i + 1 < s.n; i++) {
		const char *k;
		uint32_t c = 0;

		if (s.p[i] != '\\') {
			buf_add_char(out, s.p[i]);
			continue;
		}
		i++;
		if (s.p[i] == 'u' && i + 4 < s.n) {
			for (size_t d = 1; d <= 4; d++)
				c = c << 4 |
				    ((uint32_t)ascii_hex(s.p[i + d]) & 15);
			code_point(c, out);
			i += 4;
			continue;
		}
		k = strchr(to, s.p[i]);
		buf_add_char(
		    out, k != NULL && (k - to) % 2 == 0 ? k[1] : s.p[i]);
	}
}

/* Member or element of the container at *s. */
static bool enter(struct span *s, struct span name, uint64_t index)
{
	bool object = name.p != NULL;
	struct buf key;
	bool same;

	blanks(s);
	if (s->n == 0 || s->p[0] != (object ? '{' : '['))
		return false;
	*s = span_from(*s, 1);
	for (;;) {
		blanks(s);
		if (s->n == 0 || s->p[0] == '}' || s->p[0] == ']')
			return false;
		same = index-- == 0;
		if (object) {
			size_t end = 1;

			while (end < s->n && s->p[end] != '"')
				end += s->p[end] == '\\' ? 2 : 1;
			if (end >= s->n)
				return false;
			buf_init(&key, s->n);
			json_text(span_of(s->p, end + 1), &key);
			same = span_eq(buf_span(&key), name);
			buf_fini(&key);
			*s = span_from(*s, end + 1);
			(void)span_cut(s, ':');
		}
		blanks(s);
		if (same)
			return true;
		(void)raw_value(s);
		if (s->n == 0 || s->p[0] != ',')
			return false;
		*s = span_from(*s, 1);
	}
}

static size_t name_end(struct span path)
{
	size_t n = 0;

	while (n < path.n && path.p[n] != '.' && path.p[n] != '[')
		n++;
	return n;
}

bool case_json(struct span body, struct span path, struct buf *out)
{
	struct span at = body, value;
	uint64_t index;
	size_t n;

	if (path.n == 0 || path.p[0] != '$')
		return false;
	path = span_from(path, 1);
	while (path.n > 0) {
		if (path.p[0] == '[') {
			n = span_chr(path, ']');
			if (span_u64(span_of(path.p + 1, n - 1), 1u << 20,
			        &index) < 0 ||
			    !enter(&at, SPAN_NONE, index))
				return false;
			path = span_from(path, n + 1);
			continue;
		}
		path = span_from(path, 1);
		n = name_end(path);
		if (!enter(&at, span_of(path.p, n), 0))
			return false;
		path = span_from(path, n);
	}
	value = raw_value(&at);
	if (value.n > 1 && value.p[0] == '"')
		json_text(value, out);
	else
		buf_add_span(out, value);
	return value.n > 0;
}
