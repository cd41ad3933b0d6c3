/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/flate.h"

#include <errno.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/buf.h"
#include "body/scrub.h"

#define STEP_BYTES 16384       /* room for output of one call to zlib */
#define STEP_IN_MAX (1u << 30) /* given to zlib at once */
#define AT_BLOCK 128           /* of data_type: between two blocks */
#define TAIL SPAN("\x00\x00\xff\xff")

/* ---- to open ---- */

struct opening {
	z_stream z;
	const struct flate_past *past;
	struct span in; /* of the message, not yet given */
	size_t whole;   /* its bytes */
	size_t start;   /* where its plaintext begins in out */
	bool tail;      /* the four bytes were given, too */
	bool ended;     /* behind a last block */
	struct buf *out;
};

void flate_past_fini(struct flate_past *p)
{
	free(p->mem);
	*p = (struct flate_past){ .mem = NULL };
}

static int remember(struct opening *o, struct span text)
{
	if (text.n > 1u << FLATE_BITS_MAX)
		text = span_from(text, text.n - (1u << FLATE_BITS_MAX));
	if (text.n == 0)
		return 0;
	return inflateSetDictionary(
	           &o->z, (const unsigned char *)text.p, (uInt)text.n) == Z_OK
	           ? 0
	           : -EBADMSG;
}

/* A last block (RFC 7692, 7.2.3.4): what follows begins anew, and may refer to
 * what was before. */
static int begin_again(struct opening *o)
{
	struct span done = span_from(buf_span(o->out), o->start);
	struct span past = SPAN_NONE;
	const unsigned char *next = o->z.next_in;
	uInt left = o->z.avail_in;

	if (o->past != NULL)
		past = span_of(o->past->mem, o->past->n);
	if (inflateReset(&o->z) != Z_OK)
		return -EBADMSG;
	o->z.next_in = next;
	o->z.avail_in = left;
	o->ended = false;
	if (remember(o, past) < 0)
		return -EBADMSG;
	return remember(o, done);
}

/* Fill the input of zlib; false: there is no more. */
static bool give(struct opening *o)
{
	struct span part = o->in;

	if (o->z.avail_in > 0)
		return true;
	if (part.n > STEP_IN_MAX)
		part.n = STEP_IN_MAX;
	o->in = span_from(o->in, part.n);
	if (part.n == 0 && !o->tail && !o->ended) {
		part = TAIL;
		o->tail = true;
	}
	o->z.next_in = (const unsigned char *)part.p;
	o->z.avail_in = (uInt)part.n;
	return part.n > 0;
}

static int check_ratio(const struct opening *o)
{
	size_t n = buf_len(o->out) - o->start;

	return n > SCRUB_RATIO_FREE && n / SCRUB_RATIO_MAX > o->whole ? -E2BIG
	                                                              : 0;
}

static int open_step(struct opening *o, bool *ret_full)
{
	char *room = buf_reserve(o->out, STEP_BYTES);
	int r;

	if (room == NULL)
		return buf_error(o->out);
	o->z.next_out = (unsigned char *)room;
	o->z.avail_out = STEP_BYTES;
	r = inflate(&o->z, Z_SYNC_FLUSH);
	buf_commit(o->out, STEP_BYTES - o->z.avail_out);
	*ret_full = o->z.avail_out == 0;
	if (r == Z_STREAM_END)
		o->ended = true;
	else if (r == Z_MEM_ERROR)
		return -ENOMEM;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return -EBADMSG;
	return check_ratio(o);
}

static int open_all(struct opening *o)
{
	bool full = false;
	int r = 0;

	while (r == 0 && (give(o) || full)) {
		if (o->ended)
			r = begin_again(o);
		if (r == 0)
			r = open_step(o, &full);
	}
	if (r == 0 && !o->ended && (o->z.data_type & AT_BLOCK) == 0)
		r = -EBADMSG; /* cut off in the middle of a block */
	return r;
}

/* Keep the last bytes of all, a window at most. zlib writes with one of 9 bits
 * where 8 were agreed on. */
static int keep(struct flate_past *p, unsigned bits, struct span text)
{
	size_t window = (size_t)1 << (bits < 9 ? 9 : bits), old = p->n, need;
	char *mem;

	if (text.n > window)
		text = span_from(text, text.n - window);
	if (old > window - text.n)
		old = window - text.n;
	need = old + text.n;
	if (need > p->room) {
		size_t room = p->room > 0 ? p->room : 256;

		while (room < need)
			room *= 2;
		if ((mem = malloc(room)) == NULL)
			return -ENOMEM;
		if (old > 0)
			memcpy(mem, p->mem + p->n - old, old);
		free(p->mem);
		p->mem = mem;
		p->room = room;
	} else if (old > 0) {
		memmove(p->mem, p->mem + p->n - old, old);
	}
	if (text.n > 0)
		memcpy(p->mem + old, text.p, text.n);
	p->n = need;
	return 0;
}

int flate_open(
    struct flate_past *past, unsigned bits, struct span in, struct buf *out)
{
	struct opening o = { .past = past,
		.in = in,
		.whole = in.n,
		.start = buf_len(out),
		.out = out };
	int r = 0;

	if (in.n == 0)
		return 0;
	if (inflateInit2(&o.z, -MAX_WBITS) != Z_OK)
		return -ENOMEM;
	if (past != NULL)
		r = remember(&o, span_of(past->mem, past->n));
	if (r == 0)
		r = open_all(&o);
	inflateEnd(&o.z);
	if (r == 0 && past != NULL)
		r = keep(past, bits, span_from(buf_span(out), o.start));
	return r;
}

/* ---- to pack ---- */

/* The smallest window that holds n bytes. zlib has none of 8 bits; in one of 9
 * nothing is farther away than n. */
static int window_bits(unsigned bits, size_t n)
{
	int least = 9;

	while (least < (int)bits && ((size_t)1 << least) < n)
		least++;
	return least;
}

/* Tables are cleared for each message: small ones for small messages. */
static int memory_level(size_t n)
{
	int level = 1;

	while (level < 8 && ((size_t)256 << level) < n)
		level++;
	return level;
}

int flate_pack(unsigned bits, struct span in, struct buf *out)
{
	size_t start = buf_len(out), n = in.n;
	z_stream z = { .next_in = (const unsigned char *)in.p };
	char *room;
	int r = 0;

	if (n == 0 || n > STEP_IN_MAX ||
	    (bits == FLATE_BITS_MIN && n > 1u << FLATE_BITS_MIN))
		return 1;
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -window_bits(bits, n),
	        memory_level(n), Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	z.avail_in = (uInt)n;
	do {
		if ((room = buf_reserve(out, STEP_BYTES)) == NULL) {
			r = buf_error(out);
			break;
		}
		z.next_out = (unsigned char *)room;
		z.avail_out = STEP_BYTES;
		deflate(&z, Z_SYNC_FLUSH);
		buf_commit(out, STEP_BYTES - z.avail_out);
	} while (z.avail_out == 0);
	deflateEnd(&z);
	if (r < 0)
		return r;
	buf_truncate(out, buf_len(out) - TAIL.n);
	if (buf_len(out) - start < n)
		return 0;
	buf_truncate(out, start);
	return 1;
}
