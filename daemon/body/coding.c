/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/coding.h"

#include <errno.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/buf.h"
#include "body/scrub.h"

#define STEP_BYTES 16384 /* room for output of one call to zlib */
#define GZIP_FIRST 0x1f  /* first byte of a gzip member */

enum kind { NONE, GZIP, DEFLATE };

struct coding {
	enum kind kind;
	bool begun; /* z is ready */
	bool ended; /* the end of a member or stream was seen */
	bool have;  /* DEFLATE: first holds the first byte */
	unsigned char first;
	uint64_t bytes_in, bytes_out;
	z_stream z;
};

static enum kind kind_of(struct span name)
{
	if (span_eq_nocase(name, SPAN("gzip")) ||
	    span_eq_nocase(name, SPAN("x-gzip")))
		return GZIP;
	return span_eq_nocase(name, SPAN("deflate")) ? DEFLATE : NONE;
}

bool coding_known(struct span name)
{
	return name.n == 0 || span_eq_nocase(name, SPAN("identity")) ||
	       kind_of(name) != NONE;
}

struct coding *coding_new(struct span name)
{
	struct coding *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->kind = kind_of(name);
	if (c->kind == NONE) {
		free(c);
		return NULL;
	}
	return c;
}

void coding_free(struct coding *c)
{
	if (c != NULL && c->begun)
		inflateEnd(&c->z);
	free(c);
}

static int start(struct coding *c, int window_bits)
{
	if (inflateInit2(&c->z, window_bits) != Z_OK)
		return -ENOMEM;
	c->begun = true;
	return 0;
}

/* Which deflate? The two bytes of a zlib header (RFC 1950, 2.2) say method 8
 * and are divisible by 31; a raw stream cannot look like that unless it begins
 * with a stored block with bits set in its padding. */
static int start_deflate(struct coding *c, struct span *in)
{
	unsigned first = c->first, second;
	int r;

	if (!c->have) {
		first = c->first = (unsigned char)in->p[0];
		c->have = true;
		*in = span_from(*in, 1);
	}
	if (in->n == 0)
		return 0;
	second = (unsigned char)in->p[0];
	r = start(c, (first & 15) == 8 && (first << 8 | second) % 31 == 0
	                 ? MAX_WBITS
	                 : -MAX_WBITS);
	if (r < 0)
		return r;
	c->z.next_in = &c->first;
	c->z.avail_in = 1;
	return 0;
}

static int ready(struct coding *c, struct span *in)
{
	if (c->begun || in->n == 0)
		return 0;
	return c->kind == GZIP ? start(c, MAX_WBITS + 16)
	                       : start_deflate(c, in);
}

/* One call to zlib with room for output; the answer is zlib's. */
static int inflate_step(struct coding *c, struct span *in, char *room)
{
	uInt given, left;
	int r;

	c->z.next_out = (unsigned char *)room;
	c->z.avail_out = STEP_BYTES;
	if (c->z.avail_in > 0) { /* the byte that told which deflate */
		r = inflate(&c->z, Z_NO_FLUSH);
		c->bytes_in += 1;
		if (r != Z_OK || c->z.avail_in > 0)
			return r == Z_OK ? Z_DATA_ERROR : r;
	}
	given = in->n > (1u << 30) ? 1u << 30 : (uInt)in->n;
	c->z.next_in = (const unsigned char *)(in->n > 0 ? in->p : "");
	c->z.avail_in = given;
	r = inflate(&c->z, Z_NO_FLUSH);
	left = c->z.avail_in;
	c->z.avail_in = 0;
	c->bytes_in += given - left;
	*in = span_from(*in, given - left);
	return r;
}

static int check_ratio(const struct coding *c)
{
	return c->bytes_out > SCRUB_RATIO_FREE &&
	               c->bytes_out / SCRUB_RATIO_MAX > c->bytes_in
	           ? -E2BIG
	           : 0;
}

/* After the end of a member: 0 when another one begins, 1 when not. */
static int next_member(struct coding *c, struct span in)
{
	if (c->kind != GZIP || in.n == 0 ||
	    (unsigned char)in.p[0] != GZIP_FIRST)
		return 1;
	if (inflateReset(&c->z) != Z_OK)
		return -EBADMSG;
	c->ended = false;
	return 0;
}

int coding_decode(
    struct coding *c, struct span *in, struct buf *out, size_t want)
{
	char *room;
	int r = ready(c, in);

	if (r < 0 || !c->begun)
		return r;
	while (buf_len(out) < want) {
		if (c->ended && (r = next_member(c, *in)) != 0)
			return r;
		room = buf_reserve(out, STEP_BYTES);
		if (room == NULL)
			return buf_error(out);
		r = inflate_step(c, in, room);
		c->bytes_out += STEP_BYTES - c->z.avail_out;
		buf_commit(out, STEP_BYTES - c->z.avail_out);
		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return -EBADMSG;
		if (check_ratio(c) < 0)
			return -E2BIG;
		c->ended = r == Z_STREAM_END;
		if (!c->ended && in->n == 0 && c->z.avail_out > 0)
			return 0;
	}
	return 0;
}
