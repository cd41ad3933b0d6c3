/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_ws.h"

#include <stdlib.h>

#include <zlib.h>

#define BITS_MAX 15
#define CONTROL_MAX_BYTES 125

/* ---- the handshake ---- */

static int bits_of(struct span value)
{
	uint64_t n;

	value = span_trim(value);
	if (value.n > 1 && value.p[0] == '"')
		value = span_of(value.p + 1, value.n - 2);
	return span_u64(value, BITS_MAX, &n) == 0 ? (int)n : BITS_MAX;
}

void case_deflate_read(struct span extensions, struct case_deflate *ret_up,
    struct case_deflate *ret_down)
{
	struct span rest = span_cut(&extensions, ','), name, value;

	*ret_up = *ret_down = (struct case_deflate){ .bits = BITS_MAX };
	name = span_trim(span_cut(&rest, ';'));
	ret_up->on = ret_down->on =
	    span_eq_nocase(name, SPAN("permessage-deflate"));
	while (rest.n > 0) {
		value = span_cut(&rest, ';');
		name = span_trim(span_cut(&value, '='));
		if (span_eq_nocase(name, SPAN("client_no_context_takeover")))
			ret_up->fresh = true;
		if (span_eq_nocase(name, SPAN("server_no_context_takeover")))
			ret_down->fresh = true;
		if (span_eq_nocase(name, SPAN("client_max_window_bits")))
			ret_up->bits = bits_of(value);
		if (span_eq_nocase(name, SPAN("server_max_window_bits")))
			ret_down->bits = bits_of(value);
	}
}

/* ---- reading ---- */

void case_reader_init(
    struct case_reader *w, bool masked, const struct case_deflate *d)
{
	*w = (struct case_reader){ .masked = masked, .deflate = *d };
	buf_init(&w->frame.payload, CASE_WS_MAX_BYTES);
	buf_init(&w->joined, CASE_WS_MAX_BYTES);
	buf_init(&w->message, CASE_WS_MAX_BYTES);
}

void case_reader_fini(struct case_reader *w)
{
	if (w->inflater != NULL)
		inflateEnd(w->inflater);
	free(w->inflater);
	w->inflater = NULL;
	buf_fini(&w->frame.payload);
	buf_fini(&w->joined);
	buf_fini(&w->message);
}

/* zlib knows no window of 256 bytes; 512 read what was made for less. */
static z_stream *inflater(struct case_reader *w)
{
	z_stream *z = w->inflater;
	int bits = w->deflate.bits < 9 ? 9 : w->deflate.bits;

	if (z != NULL)
		return z;
	z = calloc(1, sizeof *z);
	if (z == NULL || inflateInit2(z, -bits) != Z_OK)
		abort();
	w->inflater = z;
	return z;
}

/* What was joined, and the four bytes that every message leaves out (RFC 7692,
 * 7.2.2). A block may be the last of its stream: then another begins. */
static const char *unpack(struct case_reader *w)
{
	z_stream *z = inflater(w);
	char piece[8192];
	struct span s;
	int r = Z_OK;

	if (w->deflate.fresh)
		inflateReset(z);
	buf_add(&w->joined, "\0\0\xff\xff", 4);
	s = buf_span(&w->joined);
	z->next_in = (void *)(uintptr_t)s.p;
	z->avail_in = (unsigned)s.n;
	do {
		z->next_out = (void *)piece;
		z->avail_out = sizeof piece;
		r = inflate(z, Z_SYNC_FLUSH);
		if (r == Z_STREAM_END)
			inflateReset(z);
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return "a message that cannot be decompressed";
		buf_add(&w->message, piece, sizeof piece - z->avail_out);
	} while (z->avail_out == 0 || (r != Z_BUF_ERROR && z->avail_in > 0));
	return buf_error(&w->message) == 0 ? NULL : "too large a message";
}

static bool is_control(unsigned opcode)
{
	return opcode >= OPCODE_CLOSE;
}

/* Of the frame that was just read. */
static const char *check(const struct case_reader *w)
{
	const struct case_frame *f = &w->frame;
	bool begins = f->opcode == OPCODE_TEXT || f->opcode == OPCODE_BINARY;

	if (!begins && f->opcode != OPCODE_MORE &&
	    (f->opcode < OPCODE_CLOSE || f->opcode > OPCODE_PONG))
		return "a frame with an unknown opcode";
	if (f->rsv != 0 && !(f->rsv == 4 && begins && w->deflate.on))
		return "a frame with a reserved bit";
	if (is_control(f->opcode))
		return f->fin && buf_len(&f->payload) <= CONTROL_MAX_BYTES
		           ? NULL
		           : "a control frame that is cut or too long";
	if (begins == (w->opcode != OPCODE_MORE))
		return begins ? "a message begins inside another"
		              : "a frame goes on with a message that was not "
		                "begun";
	return NULL;
}

static const char *join(struct case_reader *w)
{
	const struct case_frame *f = &w->frame;

	if (f->opcode != OPCODE_MORE) {
		w->opcode = f->opcode;
		w->packed = f->rsv != 0;
		buf_reset(&w->joined);
	}
	buf_add_span(&w->joined, buf_span(&f->payload));
	if (!f->fin)
		return NULL;
	w->kind = w->opcode;
	w->opcode = OPCODE_MORE;
	buf_reset(&w->message);
	if (w->packed)
		return unpack(w);
	buf_add_span(&w->message, buf_span(&w->joined));
	return NULL;
}

/* The length behind the first two bytes, in its shortest form only. 1: there;
 * 0: more is needed; -1: bad. */
static int take_length(struct span *in, uint64_t *len)
{
	size_t n = *len == 126 ? 2 : *len == 127 ? 8 : 0;

	if (in->n < n)
		return 0;
	if (n > 0)
		*len = 0;
	for (size_t i = 0; i < n; i++)
		*len = *len << 8 | (unsigned char)in->p[i];
	*in = span_from(*in, n);
	if ((n == 2 && *len < 126) ||
	    (n == 8 && (*len >> 16 == 0 || *len >> 63)))
		return -1;
	return 1;
}

ptrdiff_t case_reader_next(
    struct case_reader *w, struct span in, const char **ret_why)
{
	struct span rest = span_from(in, 2);
	unsigned first, second;
	char mask[4] = { 0 };
	uint64_t len;
	int r;

	if (in.n < 2)
		return 0;
	first = (unsigned char)in.p[0];
	second = (unsigned char)in.p[1];
	len = second & 127;
	r = take_length(&rest, &len);
	if (r < 0 || len > CASE_WS_MAX_BYTES)
		*ret_why = "a frame with a wrong length";
	else if ((second >> 7 != 0) != w->masked)
		*ret_why = w->masked ? "a frame without a mask"
		                     : "a frame with a mask";
	else if (r == 0 || rest.n < (w->masked ? 4 : 0) + len)
		return 0;
	else
		r = 2;
	if (r != 2)
		return -1;
	if (w->masked)
		memcpy(mask, rest.p, 4);
	rest = span_from(rest, w->masked ? 4 : 0);
	w->frame.opcode = first & 15;
	w->frame.rsv = first >> 4 & 7;
	w->frame.fin = first >> 7 != 0;
	buf_reset(&w->frame.payload);
	for (size_t i = 0; i < len; i++)
		buf_add_char(&w->frame.payload, rest.p[i] ^ mask[i % 4]);
	*ret_why = check(w);
	if (*ret_why == NULL && !is_control(w->frame.opcode))
		*ret_why = join(w);
	return *ret_why == NULL ? (ptrdiff_t)(in.n - rest.n + (size_t)len) : -1;
}

/* The payload that is there of a frame that is not complete. */
static void part_of_frame(
    const struct case_reader *w, struct span in, struct buf *out)
{
	size_t len = in.n > 1 ? in.p[1] & 127 : 0;
	size_t head = 2u + (len == 126 ? 2 : len == 127 ? 8 : 0);
	const char *mask = in.p + head;

	if (w->masked)
		head += 4;
	for (size_t i = head; i < in.n; i++)
		buf_add_char(
		    out, w->masked ? in.p[i] ^ mask[(i - head) % 4] : in.p[i]);
}

void case_reader_rest(struct case_reader *w, struct span in, struct buf *out)
{
	if (in.n > 0 && (in.p[0] & 15) != OPCODE_MORE &&
	    w->opcode == OPCODE_MORE) {
		buf_reset(&w->joined);
		w->packed = (in.p[0] & 0x40) != 0 && w->deflate.on;
	} else if (w->opcode == OPCODE_MORE) {
		return;
	}
	part_of_frame(w, in, &w->joined);
	buf_add_span(out, buf_span(&w->joined));
	if (!w->packed)
		return;
	buf_reset(&w->message);
	(void)unpack(w); /* as far as it goes */
	buf_add_span(out, buf_span(&w->message));
}

bool case_reader_whole(const struct case_reader *w)
{
	return w->frame.fin && !is_control(w->frame.opcode);
}

/* ---- writing ---- */

void case_writer_init(
    struct case_writer *w, bool masked, const struct case_deflate *d)
{
	*w = (struct case_writer){
		.masked = masked, .deflate = *d, .mask = 0x37fa213d
	};
}

void case_writer_fini(struct case_writer *w)
{
	if (w->deflater != NULL)
		deflateEnd(w->deflater);
	free(w->deflater);
	w->deflater = NULL;
}

static void add_number(struct buf *out, uint64_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_char(out, (char)(n >> 8 * bytes));
}

void case_ws_frame(struct case_writer *w, unsigned first, bool masked,
    unsigned wide, struct span payload, struct buf *out)
{
	unsigned second = masked ? 128 : 0;
	uint32_t mask = w->mask;

	if (wide == 0 && payload.n > 125)
		wide = payload.n < 1u << 16 ? 2 : 8;
	buf_add_char(out, (char)first);
	if (wide == 0)
		buf_add_char(out, (char)(second | (unsigned)payload.n));
	else
		buf_add_char(out, (char)(second | (wide == 2 ? 126 : 127)));
	add_number(out, payload.n, wide);
	if (!masked) {
		buf_add_span(out, payload);
		return;
	}
	add_number(out, mask, 4);
	for (size_t i = 0; i < payload.n; i++)
		buf_add_char(out, (char)((unsigned char)payload.p[i] ^
		                         (mask >> (24 - 8 * (i % 4)) & 0xff)));
	w->mask = mask * 1664525u + 1013904223u;
}

/* A window of 256 bytes is more than zlib can promise: without matches none is
 * needed. */
static z_stream *deflater(struct case_writer *w)
{
	z_stream *z = w->deflater;
	int bits = w->deflate.bits < 9 ? 9 : w->deflate.bits;

	if (z != NULL)
		return z;
	z = calloc(1, sizeof *z);
	if (z == NULL || deflateInit2(z, 6, Z_DEFLATED, -bits, 8,
	                     w->deflate.bits < 9 ? Z_HUFFMAN_ONLY
	                                         : Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	w->deflater = z;
	return z;
}

static void pack(
    struct case_writer *w, bool fresh, struct span text, struct buf *out)
{
	z_stream *z = deflater(w);
	char piece[8192];

	if (text.n == 0) { /* RFC 7692, 7.2.3.6 */
		buf_add_char(out, '\0');
		return;
	}
	if (fresh || w->deflate.fresh)
		deflateReset(z);
	z->next_in = (void *)(uintptr_t)text.p;
	z->avail_in = (unsigned)text.n;
	do {
		z->next_out = (void *)piece;
		z->avail_out = sizeof piece;
		(void)deflate(z, Z_SYNC_FLUSH);
		buf_add(out, piece, sizeof piece - z->avail_out);
	} while (z->avail_out == 0);
	buf_truncate(out, buf_len(out) - 4); /* 7.2.1 */
}

void case_ws_message(struct case_writer *w, unsigned opcode, bool packed,
    bool fresh, unsigned frames, struct span text, struct buf *out)
{
	struct buf b;
	struct span rest = text;
	size_t step;

	buf_init(&b, CASE_WS_MAX_BYTES);
	if (packed) {
		pack(w, fresh, text, &b);
		rest = buf_span(&b);
	}
	step = rest.n / frames;
	for (unsigned i = 0; i < frames; i++) {
		bool last = i + 1 == frames;
		struct span part = last ? rest : span_of(rest.p, step);
		unsigned first = i == 0 ? opcode | (packed ? 0x40 : 0) : 0;

		case_ws_frame(
		    w, first | (last ? 0x80 : 0), w->masked, 0, part, out);
		rest = span_from(rest, part.n);
	}
	buf_fini(&b);
}
