/* SPDX-License-Identifier: EUPL-1.2 */
/* Write a head so that there is one way to read it. */
#include "http/h1.h"

#include <assert.h>
#include <errno.h>

#include "base/buf.h"
#include "http/h1_int.h"

/* More than everything a head has besides its spans. */
#define HEAD_EXTRA_BYTES 160
#define FIELD_EXTRA_BYTES 4 /* ": " and CRLF */

static bool clean_value(struct span s)
{
	return s.n == 0 || h1_value_end(s.p, s.p + s.n) == s.p + s.n;
}

/* Is this field told by the framing, or by the start line's neighbours? */
static bool passed_over(const struct msg *m, const struct field *f)
{
	if (f->gone || f->id == FIELD_CONNECTION || f->id == FIELD_KEEP_ALIVE ||
	    f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_TRANSFER_ENCODING)
		return true;
	return f->id == FIELD_HOST && m->request;
}

static bool clean_start(const struct msg *m)
{
	if (!m->request)
		return m->status >= 100 && m->status <= 599 &&
		       clean_value(m->reason);
	return m->method.n > 0 && h1_all(m->method, H1_METHOD) &&
	       h1_all(m->path, H1_TARGET) && m->authority.n > 0 &&
	       h1_all(m->authority, H1_TARGET) &&
	       (m->path.n > 0 || span_eq(m->method, SPAN("CONNECT")));
}

ptrdiff_t h1_head_measure(const struct msg *m)
{
	size_t n = HEAD_EXTRA_BYTES + m->method.n + m->path.n +
	           2 * m->authority.n + m->reason.n;

	if (!clean_start(m))
		return -EINVAL;
	for (unsigned i = 0; i < m->nfields; i++) {
		const struct field *f = &m->field[i];

		if (passed_over(m, f))
			continue;
		if (f->name.n == 0 || !h1_all(f->name, H1_TOKEN) ||
		    !clean_value(f->value))
			return -EINVAL;
		n += f->name.n + f->value.n + FIELD_EXTRA_BYTES;
	}
	return (ptrdiff_t)n;
}

static char *put(char *at, struct span s)
{
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *put_u64(char *at, uint64_t v)
{
	char text[20];
	size_t i = sizeof text;

	do
		text[--i] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return put(at, span_of(text + i, sizeof text - i));
}

static char *put_start(char *at, const struct msg *m)
{
	if (!m->request) {
		at = put(at, SPAN("HTTP/1.1 "));
		at = put_u64(at, (uint64_t)m->status);
		at = put(at, SPAN(" "));
		at = put(at, m->reason);
		return put(at, SPAN("\r\n"));
	}
	at = put(at, m->method);
	at = put(at, SPAN(" "));
	at = put(at, m->path.n > 0 ? m->path : m->authority);
	at = put(at, SPAN(" HTTP/1.1\r\nHost: "));
	at = put(at, m->authority);
	return put(at, SPAN("\r\n"));
}

static char *put_framing(char *at, const struct msg *m)
{
	switch (m->framing) {
	case FRAME_LENGTH:
		at = put(at, SPAN("Content-Length: "));
		at = put_u64(at, m->length);
		at = put(at, SPAN("\r\n"));
		break;
	case FRAME_CHUNKED:
		at = put(at, SPAN("Transfer-Encoding: chunked\r\n"));
		break;
	case FRAME_NONE:
	case FRAME_CLOSE:
		break;
	}
	if (m->upgrade)
		at = put(at, SPAN("Connection: Upgrade\r\n"));
	else if (!m->keep_alive)
		at = put(at, SPAN("Connection: close\r\n"));
	return put(at, SPAN("\r\n"));
}

int h1_write_head(const struct msg *m, struct buf *out)
{
	ptrdiff_t n = h1_head_measure(m);
	char *from, *at;

	if (n < 0)
		return (int)n;
	from = at = buf_reserve(out, (size_t)n);
	if (at == NULL)
		return buf_error(out);
	at = put_start(at, m);
	for (unsigned i = 0; i < m->nfields; i++) {
		if (passed_over(m, &m->field[i]))
			continue;
		at = put(at, m->field[i].name);
		at = put(at, SPAN(": "));
		at = put(at, m->field[i].value);
		at = put(at, SPAN("\r\n"));
	}
	at = put_framing(at, m);
	assert(at - from <= n);
	buf_commit(out, (size_t)(at - from));
	return 0;
}
