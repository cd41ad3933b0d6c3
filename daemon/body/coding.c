/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/coding.h"

#include <errno.h>
#include <stdlib.h>

#include <brotli/decode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "body/scrub.h"

#define STEP_BYTES 16384       /* room for output of one call to a library */
#define STEP_IN_MAX (1u << 30) /* given to a library at once */
#define GZIP_MAGIC "\x1f\x8b"  /* RFC 1952, 2.3.1 */
#define ZSTD_WINDOW_LOG 23     /* RFC 9659: 8 MiB */
#define ZSTD_HEAD_BYTES 18     /* longest head of a frame (RFC 8878, 3.1.1.1) */

enum kind { NONE, GZIP, DEFLATE, BROTLI, ZSTANDARD };

/* What one call to a library did. */
enum stepped { MORE, END, BAD, MEMORY };

struct coding {
	enum kind kind;
	bool begun; /* the library is ready */
	bool ended; /* the end of a member, frame or stream was seen */
	bool full;  /* the last call had no room left: ask again */
	bool have;  /* DEFLATE: first holds the first byte */
	unsigned char first;
	uint64_t bytes_in, bytes_out;
	size_t of_head; /* ZSTANDARD: bytes of the head of this frame */
	z_stream z;
	BrotliDecoderState *brotli; /* owned */
	ZSTD_DStream *zstd;         /* owned */
};

static enum kind kind_of(struct span name)
{
	static const struct {
		const char *name;
		enum kind kind;
	} row[] = { { "gzip", GZIP }, { "x-gzip", GZIP },
		{ "deflate", DEFLATE }, { "br", BROTLI },
		{ "zstd", ZSTANDARD } };

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (span_eq_nocase(name, span_str(row[i].name)))
			return row[i].kind;
	return NONE;
}

bool coding_known(struct span name)
{
	return coding_is_identity(name) || kind_of(name) != NONE;
}

bool coding_is_identity(struct span name)
{
	return name.n == 0 || span_eq_nocase(name, SPAN("identity"));
}

bool coding_gzip_begins(struct span in)
{
	return span_starts(in, SPAN(GZIP_MAGIC));
}

bool coding_gzip_may_begin(struct span in)
{
	return in.n == 1 && in.p[0] == GZIP_MAGIC[0];
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
	if (c == NULL)
		return;
	if (c->begun && (c->kind == GZIP || c->kind == DEFLATE))
		inflateEnd(&c->z);
	BrotliDecoderDestroyInstance(c->brotli);
	ZSTD_freeDStream(c->zstd);
	free(c);
}

/* ---- to begin ---- */

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

/* The large windows of other tools (RFC 7932 knows 16 MiB at most) stay off. */
static int start_brotli(struct coding *c)
{
	c->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	c->begun = c->brotli != NULL;
	return c->begun ? 0 : -ENOMEM;
}

static int start_zstd(struct coding *c)
{
	c->zstd = ZSTD_createDStream();
	if (c->zstd == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(c->zstd,
	                           ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return -ENOMEM;
	c->begun = true;
	return 0;
}

static int ready(struct coding *c, struct span *in)
{
	if (c->begun || in->n == 0)
		return 0;
	switch (c->kind) {
	case GZIP:
		return start(c, MAX_WBITS + 16);
	case DEFLATE:
		return start_deflate(c, in);
	case BROTLI:
		return start_brotli(c);
	case ZSTANDARD:
		return start_zstd(c);
	case NONE:
		break;
	}
	return -EBADMSG;
}

/* ---- one call with STEP_BYTES of room; *ret_n were made ---- */

static enum stepped inflated(int r)
{
	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR:
		return MORE;
	case Z_STREAM_END:
		return END;
	case Z_MEM_ERROR:
		return MEMORY;
	}
	return BAD;
}

static enum stepped inflate_step(
    struct coding *c, struct span *in, char *room, size_t *ret_n)
{
	uInt given, left;
	int r;

	c->z.next_out = (unsigned char *)room;
	c->z.avail_out = STEP_BYTES;
	if (c->z.avail_in > 0) { /* the byte that told which deflate */
		r = inflate(&c->z, Z_NO_FLUSH);
		c->bytes_in += 1;
		if (r != Z_OK || c->z.avail_in > 0)
			return r == Z_OK ? BAD : inflated(r);
	}
	given = in->n > STEP_IN_MAX ? STEP_IN_MAX : (uInt)in->n;
	c->z.next_in = (const unsigned char *)(in->n > 0 ? in->p : "");
	c->z.avail_in = given;
	r = inflate(&c->z, Z_NO_FLUSH);
	left = c->z.avail_in;
	c->z.avail_in = 0;
	c->bytes_in += given - left;
	*in = span_from(*in, given - left);
	*ret_n = STEP_BYTES - c->z.avail_out;
	return inflated(r);
}

static enum stepped brotli_step(
    struct coding *c, struct span *in, char *room, size_t *ret_n)
{
	const uint8_t *next = (const uint8_t *)(in->n > 0 ? in->p : "");
	uint8_t *to = (uint8_t *)room;
	size_t left = in->n, space = STEP_BYTES;
	BrotliDecoderResult r = BrotliDecoderDecompressStream(
	    c->brotli, &left, &next, &space, &to, NULL);
	BrotliDecoderErrorCode e;

	c->bytes_in += in->n - left;
	*in = span_from(*in, in->n - left);
	*ret_n = STEP_BYTES - space;
	switch (r) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return END;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return MORE;
	case BROTLI_DECODER_RESULT_ERROR:
		break;
	}
	e = BrotliDecoderGetErrorCode(c->brotli);
	return e <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	               e >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
	           ? MEMORY
	           : BAD;
}

/* The head of a frame is given byte by byte: the library takes a frame that is
 * there as a whole another way, with other checks, and an answer must not
 * depend on how the input is cut. */
static enum stepped zstd_step(
    struct coding *c, struct span *in, char *room, size_t *ret_n)
{
	bool head = in->n > 0 && c->of_head < ZSTD_HEAD_BYTES;
	ZSTD_inBuffer from = { in->n > 0 ? in->p : "", head ? 1 : in->n, 0 };
	ZSTD_outBuffer to = { room, STEP_BYTES, 0 };
	size_t r = ZSTD_decompressStream(c->zstd, &to, &from);

	c->bytes_in += from.pos;
	c->of_head = r == 0 ? 0 : c->of_head + (head ? from.pos : 0);
	*in = span_from(*in, from.pos);
	*ret_n = to.pos;
	return ZSTD_isError(r) ? BAD : r == 0 ? END : MORE;
}

static enum stepped step(
    struct coding *c, struct span *in, char *room, size_t *ret_n)
{
	switch (c->kind) {
	case GZIP:
	case DEFLATE:
		return inflate_step(c, in, room, ret_n);
	case BROTLI:
		return brotli_step(c, in, room, ret_n);
	case ZSTANDARD:
		return zstd_step(c, in, room, ret_n);
	case NONE:
		break;
	}
	return BAD;
}

static int check_ratio(const struct coding *c)
{
	return c->bytes_out > SCRUB_RATIO_FREE &&
	               c->bytes_out / SCRUB_RATIO_MAX > c->bytes_in
	           ? -E2BIG
	           : 0;
}

/* After the end of a member or frame: 0 when another one begins, 1 when not. */
static int next_member(struct coding *c, struct span in)
{
	if (in.n == 0 || c->kind == DEFLATE || c->kind == BROTLI ||
	    (c->kind == GZIP && in.p[0] != GZIP_MAGIC[0]))
		return 1;
	if (c->kind == GZIP && inflateReset(&c->z) != Z_OK)
		return -EBADMSG;
	c->ended = false;
	return 0;
}

int coding_decode(
    struct coding *c, struct span *in, struct buf *out, size_t want)
{
	enum stepped did;
	size_t n = 0;
	char *room;
	int r = ready(c, in);

	if (r < 0 || !c->begun)
		return r;
	while (buf_len(out) < want) {
		if (c->ended && (r = next_member(c, *in)) != 0)
			return r;
		if (in->n == 0 && !c->full && c->z.avail_in == 0)
			return 0;
		room = buf_reserve(out, STEP_BYTES);
		if (room == NULL)
			return buf_error(out);
		did = step(c, in, room, &n);
		c->bytes_out += n;
		buf_commit(out, n);
		c->full = n == STEP_BYTES;
		if (did == BAD || did == MEMORY)
			return did == BAD ? -EBADMSG : -ENOMEM;
		if (check_ratio(c) < 0)
			return -E2BIG;
		c->ended = did == END;
	}
	return 0;
}
