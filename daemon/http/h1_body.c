/* SPDX-License-Identifier: EUPL-1.2 */
/* Bodies: framed bytes to content, and back (RFC 9112, 6 and 7). */
#include "http/h1.h"

#include <errno.h>

#include "base/buf.h"
#include "http/h1_int.h"

#define DIGITS_MAX 16

enum state {
	SIZE, /* first digit of a chunk size */
	SIZE_MORE,
	EXTENSION,
	SIZE_LF,
	CONTENT,
	CONTENT_CR,
	CONTENT_LF,
	LINE, /* of a trailer, or the last one */
	NAME,
	VALUE,
	LINE_LF,
	LAST_LF,
	BROKEN
};

void h1_body_init(struct h1_body *b, const struct msg *m)
{
	*b = (struct h1_body){
		.framing = m->framing,
		.left = m->framing == FRAME_LENGTH ? m->length : 0,
		.state = SIZE,
		.done = m->framing == FRAME_NONE ||
		        (m->framing == FRAME_LENGTH && m->length == 0),
	};
}

/* Count one byte of what is read and dropped. */
static int spend(struct h1_body *b, uint16_t max)
{
	return ++b->ext > max ? BROKEN : (int)b->state;
}

static int after_size(struct h1_body *b, char c)
{
	int digit = ascii_hex(c);

	if (digit >= 0) {
		if (b->digits == DIGITS_MAX ||
		    b->left > (H1_NUMBER_MAX - (unsigned)digit) >> 4)
			return BROKEN;
		b->digits++;
		b->left = b->left << 4 | (unsigned)digit;
		return SIZE_MORE;
	}
	if (b->state == SIZE)
		return BROKEN;
	return c == ';' ? EXTENSION : c == '\r' ? SIZE_LF : BROKEN;
}

static int after_extension(struct h1_body *b, char c)
{
	if (c == '\r')
		return SIZE_LF;
	return h1_is(c, H1_VALUE) && (unsigned char)c < 0x80
	           ? spend(b, H1_CHUNK_EXT_MAX_BYTES)
	           : BROKEN;
}

/* The state that follows when c is read outside of content. */
static int next(struct h1_body *b, char c)
{
	switch ((enum state)b->state) {
	case SIZE:
	case SIZE_MORE:
		return after_size(b, c);
	case EXTENSION:
		return after_extension(b, c);
	case SIZE_LF:
		b->digits = 0;
		if (c == '\n' && b->left == 0)
			b->ext = 0; /* from here on it counts the trailer */
		return c != '\n' ? BROKEN : b->left > 0 ? CONTENT : LINE;
	case CONTENT_CR:
		return c == '\r' ? CONTENT_LF : BROKEN;
	case CONTENT_LF:
		return c == '\n' ? SIZE : BROKEN;
	case LINE:
		if (c == '\r')
			return LAST_LF;
		b->state = NAME;
		return h1_is(c, H1_TOKEN) ? spend(b, H1_TRAILER_MAX_BYTES)
		                          : BROKEN;
	case NAME:
		if (c == ':')
			b->state = VALUE;
		else if (!h1_is(c, H1_TOKEN))
			return BROKEN;
		return spend(b, H1_TRAILER_MAX_BYTES);
	case VALUE:
		if (c == '\r')
			return LINE_LF;
		return h1_is(c, H1_VALUE) ? spend(b, H1_TRAILER_MAX_BYTES)
		                          : BROKEN;
	case LINE_LF:
		return c == '\n' ? LINE : BROKEN;
	case LAST_LF:
		b->done = c == '\n';
		return b->done ? LAST_LF : BROKEN;
	case CONTENT:
	case BROKEN:
		break;
	}
	return BROKEN;
}

/* At most left bytes from the front of in. */
static struct span take_content(struct h1_body *b, struct span *in)
{
	size_t n = b->left < in->n ? (size_t)b->left : in->n;
	struct span content = span_of(in->p, n);

	b->left -= n;
	*in = span_from(*in, n);
	return content;
}

static int read_chunked(
    struct h1_body *b, struct span *in, struct span *ret_content)
{
	while (in->n > 0 && !b->done) {
		if (b->state == CONTENT) {
			*ret_content = take_content(b, in);
			if (b->left == 0)
				b->state = CONTENT_CR;
			return 0;
		}
		b->state = (uint8_t)next(b, in->p[0]);
		if (b->state == BROKEN)
			return -EBADMSG;
		*in = span_from(*in, 1);
	}
	return b->done ? 1 : 0;
}

int h1_body_read(struct h1_body *b, struct span *in, struct span *ret_content)
{
	*ret_content = span_of(in->p, 0);
	if (b->done)
		return 1;
	switch (b->framing) {
	case FRAME_NONE:
		return 1;
	case FRAME_LENGTH:
		*ret_content = take_content(b, in);
		b->done = b->left == 0;
		return b->done ? 1 : 0;
	case FRAME_CHUNKED:
		return b->state == BROKEN ? -EBADMSG
		                          : read_chunked(b, in, ret_content);
	case FRAME_CLOSE:
		*ret_content = *in;
		*in = span_from(*in, in->n);
		return 0;
	}
	return -EBADMSG; /* no such framing */
}

int h1_body_eof(struct h1_body *b)
{
	if (b->framing == FRAME_CLOSE)
		b->done = true;
	return b->done ? 0 : -EBADMSG;
}

int h1_write_chunk(struct buf *out, struct span content, bool last)
{
	static const char digit[] = "0123456789abcdef";
	char size[DIGITS_MAX + 2];
	size_t at = sizeof size, n = content.n;

	if (n > 0) {
		size[--at] = '\n';
		size[--at] = '\r';
		for (; n > 0; n >>= 4)
			size[--at] = digit[n & 15];
		/* One piece: on failure nothing of it stands in out. */
		if (buf_reserve(out, sizeof size - at + content.n + 2) !=
		    NULL) {
			buf_add(out, size + at, sizeof size - at);
			buf_add_span(out, content);
			buf_add_str(out, "\r\n");
		}
	}
	return last ? buf_add_str(out, "0\r\n\r\n") : buf_error(out);
}
