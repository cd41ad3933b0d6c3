/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/http/h2_raw.h"

#define MAGIC "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define HEAD_BYTES 9

void raw_frame(struct buf *out, unsigned type, unsigned flags, uint32_t id,
    struct span payload)
{
	const unsigned char head[HEAD_BYTES] = { (unsigned char)(payload.n >>
		                                                 16),
		(unsigned char)(payload.n >> 8), (unsigned char)payload.n,
		(unsigned char)type, (unsigned char)flags,
		(unsigned char)(id >> 24), (unsigned char)(id >> 16),
		(unsigned char)(id >> 8), (unsigned char)id };

	buf_add(out, head, sizeof head);
	buf_add_span(out, payload);
}

void raw_preface(struct buf *out, bool client)
{
	if (client)
		buf_add_str(out, MAGIC);
	raw_frame(out, RAW_SETTINGS, 0, 0, SPAN(""));
}

/* RFC 7541, 5.1 and 5.2, without Huffman. */
static void put_text(struct buf *out, struct span s)
{
	size_t n = s.n;

	if (n < 127) {
		buf_add_char(out, (char)n);
	} else {
		buf_add_char(out, 127);
		for (n -= 127; n >= 128; n >>= 7)
			buf_add_char(out, (char)(0x80 | (n & 0x7f)));
		buf_add_char(out, (char)n);
	}
	buf_add_span(out, s);
}

void raw_field(struct buf *out, struct span name, struct span value)
{
	buf_add_char(out, 0);
	put_text(out, name);
	put_text(out, value);
}

void raw_fields(struct buf *out, struct span lines)
{
	while (lines.n > 0) {
		struct span value = span_cut(&lines, '\n'), name, rest;

		rest = span_from(value, 1); /* not the colon of a pseudo name */
		name = span_of(value.p, 1 + span_chr(rest, ':'));
		value = span_from(value, name.n + 1);
		if (value.n > 0 && value.p[0] == ' ')
			value = span_from(value, 1);
		raw_field(out, name, value);
	}
}

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 |
	       (uint32_t)u[2] << 8 | u[3];
}

int64_t raw_find(struct span in, unsigned type, uint32_t id)
{
	if (span_starts(in, SPAN(MAGIC)))
		in = span_from(in, sizeof MAGIC - 1);
	while (in.n >= HEAD_BYTES) {
		size_t n = be32(in.p) >> 8;
		struct span payload = span_from(in, HEAD_BYTES);

		if ((unsigned char)in.p[3] == type && be32(in.p + 5) == id &&
		    payload.n >= n) {
			if (type == RAW_GOAWAY)
				payload = span_from(payload, 4);
			return payload.n >= 4 ? (int64_t)be32(payload.p) : 0;
		}
		in = span_from(payload, n);
	}
	return -1;
}
