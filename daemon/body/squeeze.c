/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/squeeze.h"

#include <errno.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/buf.h"
#include "body/coding.h"

#define ROOM_BYTES 16384 /* for output of one call to zlib */
#define MEMORY_LEVEL 8   /* zlib's default */

struct squeeze {
	z_stream z;
};

struct squeeze *squeeze_new(enum step s)
{
	struct squeeze *q = calloc(1, sizeof *q);
	int bits = s == STEP_GZIP ? MAX_WBITS + 16 : MAX_WBITS;

	if (q == NULL)
		return NULL;
	if (deflateInit2(&q->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits,
	        MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(q);
		return NULL;
	}
	return q;
}

void squeeze_free(struct squeeze *q)
{
	if (q != NULL)
		deflateEnd(&q->z);
	free(q);
}

/* Give zlib at most 1 GiB of in; all of it is taken. */
static int give(struct squeeze *q, struct span in, int flush, struct buf *out)
{
	char *room;
	int r;

	q->z.next_in = (const unsigned char *)(in.n > 0 ? in.p : "");
	q->z.avail_in = (uInt)in.n;
	do {
		if ((room = buf_reserve(out, ROOM_BYTES)) == NULL)
			return buf_error(out);
		q->z.next_out = (unsigned char *)room;
		q->z.avail_out = ROOM_BYTES;
		r = deflate(&q->z, flush);
		if (r == Z_STREAM_ERROR)
			return -ENOMEM;
		buf_commit(out, ROOM_BYTES - q->z.avail_out);
	} while (q->z.avail_out == 0);
	return 0;
}

int squeeze_feed(struct squeeze *q, struct span in, bool last, struct buf *out)
{
	int r = 0;

	while (r == 0 && in.n > 1u << 30) {
		r = give(q, span_of(in.p, 1u << 30), Z_NO_FLUSH, out);
		in = span_from(in, 1u << 30);
	}
	return r < 0 ? r : give(q, in, last ? Z_FINISH : Z_NO_FLUSH, out);
}

/* ---- steps of a chain ---- */

/* RFC 1950, 2.2: method 8, and a check of the first two bytes. */
static bool has_zlib_header(struct span in)
{
	unsigned first, second;

	if (in.n < 2)
		return false;
	first = (unsigned char)in.p[0];
	second = (unsigned char)in.p[1];
	return (first & 15) == 8 && (first << 8 | second) % 31 == 0;
}

int squeeze_unstep(void *arg, enum step s, struct span in, struct buf *out)
{
	struct coding *c;
	int r = 0;

	(void)arg;
	if (s == STEP_DEFLATE && !has_zlib_header(in))
		return -EBADMSG;
	c = coding_new(s == STEP_GZIP ? SPAN("gzip") : SPAN("deflate"));
	if (c == NULL)
		return -ENOMEM;
	while (r == 0 && in.n > 0)
		r = coding_decode(c, &in, out, SIZE_MAX);
	coding_free(c);
	if (r < 0)
		return r;
	return r == 1 && in.n == 0 ? 0 : -EBADMSG;
}

int squeeze_restep(void *arg, enum step s, struct span in, struct buf *out)
{
	struct squeeze *q = squeeze_new(s);
	int r = q != NULL ? squeeze_feed(q, in, true, out) : -ENOMEM;

	(void)arg;
	squeeze_free(q);
	return r;
}
