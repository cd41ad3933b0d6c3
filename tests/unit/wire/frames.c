/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/wire/frames.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

static const unsigned char key[4] = { 'm', 'a', 's', 'k' };

void frame_add(
    struct buf *out, unsigned first, bool masked, struct span payload)
{
	unsigned mask = masked ? 0x80 : 0;

	buf_add_char(out, (char)first);
	if (payload.n < 126) {
		buf_add_char(out, (char)(mask | payload.n));
	} else {
		unsigned bytes = payload.n < 65536 ? 2 : 8;

		buf_add_char(out, (char)(mask | (bytes == 2 ? 126 : 127)));
		while (bytes-- > 0)
			buf_add_char(
			    out, (char)((uint64_t)payload.n >> (8 * bytes)));
	}
	if (!masked) {
		buf_add_span(out, payload);
		return;
	}
	buf_add(out, key, 4);
	for (size_t i = 0; i < payload.n; i++)
		buf_add_char(out, (char)(payload.p[i] ^ (char)key[i % 4]));
}

bool frame_take(
    struct span *in, bool masked, unsigned *ret_first, struct buf *payload)
{
	const unsigned char *p = (const unsigned char *)in->p;
	size_t head = 2, more;
	uint64_t n;

	buf_reset(payload);
	if (in->n < 2)
		return false;
	*ret_first = p[0];
	n = p[1] & 0x7f;
	more = n == 126 ? 2 : n == 127 ? 8 : 0;
	if (((p[1] & 0x80) != 0) != masked || in->n < head + more)
		return false;
	for (size_t i = 0; i < more; i++)
		n = (i == 0 ? 0 : n << 8) | p[head + i];
	head += more + (masked ? 4 : 0);
	if (in->n < head || in->n - head < n)
		return false;
	for (size_t i = 0; i < n; i++)
		buf_add_char(payload,
		    (char)(p[head + i] ^ (masked ? p[head - 4 + i % 4] : 0)));
	*in = span_from(*in, head + (size_t)n);
	return true;
}

struct flater {
	z_stream in, out;
	bool takeover;
};

struct flater *flater_new(unsigned bits, bool takeover)
{
	struct flater *f = calloc(1, sizeof *f);

	if (f == NULL ||
	    deflateInit2(&f->out, 6, Z_DEFLATED, -(int)(bits < 9 ? 9 : bits), 8,
	        Z_DEFAULT_STRATEGY) != Z_OK ||
	    inflateInit2(&f->in, -(int)bits) != Z_OK)
		abort();
	f->takeover = takeover;
	return f;
}

void flater_free(struct flater *f)
{
	deflateEnd(&f->out);
	inflateEnd(&f->in);
	free(f);
}

void flater_pack(struct flater *f, struct span text, struct buf *out)
{
	size_t room = text.n * 2 + 1000;
	char *to = buf_reserve(out, room);

	f->out.next_in = (const unsigned char *)text.p;
	f->out.avail_in = (uInt)text.n;
	f->out.next_out = (unsigned char *)to;
	f->out.avail_out = (uInt)room;
	if (to == NULL || deflate(&f->out, Z_SYNC_FLUSH) != Z_OK)
		abort();
	buf_commit(out, room - f->out.avail_out - 4);
	if (!f->takeover)
		deflateReset(&f->out);
}

static bool open_part(struct flater *f, struct span in, struct buf *out)
{
	f->in.next_in = (const unsigned char *)in.p;
	f->in.avail_in = (uInt)in.n;
	do {
		char *to = buf_reserve(out, 65536);
		int r;

		if (to == NULL)
			abort();
		f->in.next_out = (unsigned char *)to;
		f->in.avail_out = 65536;
		r = inflate(&f->in, Z_SYNC_FLUSH);
		if (r != Z_OK && r != Z_BUF_ERROR)
			return false;
		buf_commit(out, 65536 - f->in.avail_out);
	} while (f->in.avail_out == 0);
	return true;
}

bool flater_open(struct flater *f, struct span coded, struct buf *out)
{
	bool good = open_part(f, coded, out) &&
	            open_part(f, SPAN("\x00\x00\xff\xff"), out);

	if (!f->takeover)
		inflateReset(&f->in);
	return good;
}
