/* SPDX-License-Identifier: EUPL-1.2 */
/* Sources: RFC 8446, 4.1.2; RFC 6066, 3; RFC 7301, 3.1; RFC 8701. */
#include "lib/case_hello.h"

#define HELLO_ROOM_BYTES 65536

static void u16(struct buf *b, size_t v)
{
	buf_add_char(b, (char)(v >> 8 & 0xff));
	buf_add_char(b, (char)(v & 0xff));
}

static void extension(struct buf *b, unsigned type, struct span value)
{
	u16(b, type);
	u16(b, value.n);
	buf_add_span(b, value);
}

static void add_sni(struct buf *b, struct span name)
{
	u16(b, 0);
	u16(b, name.n + 5);
	u16(b, name.n + 3);
	buf_add_char(b, 0);
	u16(b, name.n);
	buf_add_span(b, name);
}

static void add_key_share(struct buf *b, size_t n)
{
	u16(b, 51);
	u16(b, n + 6);
	u16(b, n + 4);
	u16(b, n > 100 ? 0x11ec : 23);
	u16(b, n);
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, (char)(i * 7 & 0xff));
}

static void extensions(struct buf *b, const struct case_hello *h)
{
	extension(b, 0x4a4a, SPAN("")); /* GREASE */
	if (h->sni.n > 0)
		add_sni(b, h->sni);
	extension(b, 10, SPAN("\0\4\x0a\x0a\0\x17"));
	extension(b, 13, SPAN("\0\4\4\3\x08\4"));
	if (h->h2)
		extension(b, 16, SPAN("\0\x0c\2h2\x08http/1.1"));
	else
		extension(b, 16, SPAN("\0\x09\x08http/1.1"));
	extension(b, 43, SPAN("\6\x3a\x3a\3\4\3\3"));
	add_key_share(b, h->key_bytes > 0 ? h->key_bytes : 65);
}

static void body(struct buf *b, const struct case_hello *h)
{
	struct buf ext;

	u16(b, 0x0303);
	for (int i = 0; i < 32; i++)
		buf_add_char(b, (char)(0x40 + i));
	buf_add_char(b, 32);
	for (int i = 0; i < 32; i++)
		buf_add_char(b, (char)(0x80 + i));
	u16(b, 10);
	buf_add(b, "\x1a\x1a\x13\1\x13\2\xc0\x2b\xc0\x2f", 10);
	buf_add(b, "\1\0", 2);
	buf_init(&ext, HELLO_ROOM_BYTES);
	extensions(&ext, h);
	u16(b, buf_len(&ext));
	buf_add_span(b, buf_span(&ext));
	buf_fini(&ext);
}

void case_hello_write(const struct case_hello *h, struct buf *out)
{
	size_t n = h->records > 0 ? h->records : 1, piece;
	struct buf b, msg;
	struct span rest;

	buf_init(&b, HELLO_ROOM_BYTES);
	buf_init(&msg, HELLO_ROOM_BYTES);
	body(&b, h);
	buf_add_char(&msg, 1);
	buf_add_char(&msg, 0);
	u16(&msg, buf_len(&b));
	buf_add_span(&msg, buf_span(&b));
	rest = buf_span(&msg);
	piece = rest.n / n + 1;
	while (rest.n > 0) {
		size_t k = rest.n < piece ? rest.n : piece;

		buf_add(out, "\x16\3\1", 3);
		u16(out, k);
		buf_add(out, rest.p, k);
		rest = span_from(rest, k);
	}
	buf_fini(&b);
	buf_fini(&msg);
}
