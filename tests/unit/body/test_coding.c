/* SPDX-License-Identifier: EUPL-1.2 */
/* The codings br and zstd: whole, cut anywhere, broken, swollen, and with
 * windows that are too large. */
#include "body/coding.h"

#include <brotli/encode.h>
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "lib/tap.h"

#define OUT_MAX_BYTES (16u << 20)

#define WINDOW_PARTS 20000u

/* ---- to compress ---- */

static void brotli_to(struct span in, int window, struct buf *out)
{
	size_t n = BrotliEncoderMaxCompressedSize(in.n) + 64;
	uint8_t *room = (uint8_t *)buf_reserve(out, n);

	if (!BrotliEncoderCompress(5, window, BROTLI_MODE_GENERIC, in.n,
	        (const uint8_t *)in.p, &n, room))
		abort();
	buf_commit(out, n);
}

static void zstd_to(struct span in, int window, struct buf *out)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t n = ZSTD_compressBound(in.n);
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	ZSTD_outBuffer to = { buf_reserve(out, n), n, 0 };

	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	if (ZSTD_compressStream2(z, &to, &from, ZSTD_e_end) != 0)
		abort();
	buf_commit(out, to.pos);
	ZSTD_freeCCtx(z);
}

/* ---- to decode: cut bytes, then step bytes each; want bytes at once ---- */

static int decode(struct span coding, struct span in, size_t cut, size_t step,
    size_t want, struct buf *out)
{
	struct coding *c = coding_new(coding);
	size_t n = cut;
	int r = 0;

	buf_reset(out);
	for (bool last = false; r >= 0 && !last; n = step) {
		struct span part;
		bool more = true;

		n = n < in.n ? n : in.n;
		last = n == in.n;
		part = span_of(in.p, n);
		in = span_from(in, n);
		while (r >= 0 && more) {
			size_t before = buf_len(out);

			r = coding_decode(c, &part, out, before + want);
			more = r == 0 &&
			       (part.n > 0 || buf_len(out) >= before + want);
		}
		if (r == 1 && part.n > 0)
			r = -EBADMSG;
	}
	coding_free(c);
	return r == 0 ? -EBADMSG : r == 1 ? 0 : r;
}

static const struct row {
	const char *name, *coding, *part[3];
	const char *behind;
	size_t cut; /* bytes that are missing at the end */
	int want;
} rows[] = {
	{ "br", "br", { "Erika Mustermann" }, "", 0, 0 },
	{ "BR", "BR", { "Erika Mustermann" }, "", 0, 0 },
	{ "empty br", "br", { "" }, "", 0, 0 },
	{ "br cut", "br", { "Erika Mustermann" }, "", 1, -EBADMSG },
	{ "garbage behind br", "br", { "Erika" }, "x", 0, -EBADMSG },
	{ "two streams of br", "br", { "Erika ", "Mustermann" }, "", 0,
	    -EBADMSG },
	{ "no br", "br", { NULL }, "Erika Mustermann", 0, -EBADMSG },
	{ "zstd", "zstd", { "Erika Mustermann" }, "", 0, 0 },
	{ "ZStd", "ZStd", { "Erika Mustermann" }, "", 0, 0 },
	{ "empty zstd", "zstd", { "" }, "", 0, 0 },
	{ "frames of zstd", "zstd", { "Erika ", "", "Mustermann" }, "", 0, 0 },
	{ "zstd cut", "zstd", { "Erika Mustermann" }, "", 1, -EBADMSG },
	{ "zstd without checksum", "zstd", { "Erika Mustermann" }, "", 4,
	    -EBADMSG },
	{ "garbage behind zstd", "zstd", { "Erika" }, "x", 0, -EBADMSG },
	{ "half a frame behind zstd", "zstd", { "Erika" }, "\x28\xb5\x2f", 0,
	    -EBADMSG },
	{ "no zstd", "zstd", { NULL }, "Erika Mustermann", 0, -EBADMSG },
};

static bool is_brotli(struct span coding)
{
	return span_eq_nocase(coding, SPAN("br"));
}

static void test_rows(void)
{
	struct buf in, plain, out;

	buf_init(&in, OUT_MAX_BYTES);
	buf_init(&plain, OUT_MAX_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *t = &rows[i];
		struct span coding = span_str(t->coding), s;
		bool good = true;

		buf_reset(&in);
		buf_reset(&plain);
		for (size_t k = 0; k < 3 && t->part[k] != NULL; k++) {
			buf_add_str(&plain, t->part[k]);
			if (is_brotli(coding))
				brotli_to(span_str(t->part[k]), 22, &in);
			else
				zstd_to(span_str(t->part[k]), 20, &in);
		}
		buf_add_str(&in, t->behind);
		buf_truncate(&in, buf_len(&in) - t->cut);
		s = buf_span(&in);
		tap_int(decode(coding, s, s.n, 1, 1000, &out), t->want, "%s",
		    t->name);
		for (size_t cut = 0; cut <= s.n; cut++) {
			int r = decode(coding, s, cut, cut % 2 ? s.n : 1,
			    1 + cut % 3 * 99, &out);

			good = good && r == t->want &&
			       (r < 0 ||
			           span_eq(buf_span(&out), buf_span(&plain)));
		}
		tap_ok(good, "%s: at any cut", t->name);
	}
	buf_fini(&in);
	buf_fini(&plain);
	buf_fini(&out);
}

static void test_bombs(void)
{
	static const struct {
		const char *name, *coding;
		size_t n;
		int window;
		int want;
	} bomb[] = {
		{ "br within the free part", "br", 1u << 20, 22, 0 },
		{ "br beyond it", "br", 8u << 20, 22, -E2BIG },
		{ "zstd within the free part", "zstd", 1u << 20, 20, 0 },
		{ "zstd beyond it", "zstd", 8u << 20, 20, -E2BIG },
	};
	struct buf in, plain, out;

	buf_init(&in, OUT_MAX_BYTES);
	buf_init(&plain, OUT_MAX_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	for (size_t i = 0; i < sizeof bomb / sizeof *bomb; i++) {
		struct span coding = span_str(bomb[i].coding), s;

		buf_reset(&plain);
		buf_reset(&in);
		memset(buf_reserve(&plain, bomb[i].n), ' ', bomb[i].n);
		buf_commit(&plain, bomb[i].n);
		if (is_brotli(coding))
			brotli_to(buf_span(&plain), bomb[i].window, &in);
		else
			zstd_to(buf_span(&plain), bomb[i].window, &in);
		s = buf_span(&in);
		tap_int(decode(coding, s, s.n, 1, 65536, &out), bomb[i].want,
		    "%s, whole", bomb[i].name);
		tap_int(decode(coding, s, 0, 100, 65536, &out), bomb[i].want,
		    "%s, in pieces", bomb[i].name);
		tap_ok(bomb[i].want == 0 || buf_len(&out) < 3u << 20,
		    "%s: stopped in time", bomb[i].name);
	}
	buf_fini(&in);
	buf_fini(&plain);
	buf_fini(&out);
}

/* Text that compresses a little, so that no ratio is in the way. */
static void fill(struct buf *b)
{
	uint32_t x = 1;

	for (size_t i = 0; i < WINDOW_PARTS; i++) {
		x = x * 1664525 + 1013904223;
		buf_addf(b, "%08x", (unsigned)x);
	}
}

/* A frame of zstd says how far back it looks, whatever it holds. */
static void test_windows(void)
{
	static const struct {
		int log, want;
	} window[] = { { 20, 0 }, { 23, 0 }, { 24, -EBADMSG },
		{ 27, -EBADMSG } };
	struct buf in, plain, out;

	buf_init(&in, OUT_MAX_BYTES);
	buf_init(&plain, OUT_MAX_BYTES);
	buf_init(&out, OUT_MAX_BYTES);
	fill(&plain);
	for (size_t i = 0; i < sizeof window / sizeof *window; i++) {
		struct span head = SPAN("\x28\xb5\x2f\xfd\0"), s;
		unsigned char byte = (unsigned char)((window[i].log - 10) << 3);

		/* One empty last block behind the header (RFC 8878, 3.1.1). */
		buf_reset(&in);
		buf_add_span(&in, head);
		buf_add(&in, &byte, 1);
		buf_add(&in, "\1\0\0", 3);
		s = buf_span(&in);
		tap_int(decode(SPAN("zstd"), s, s.n, 1, 1000, &out),
		    window[i].want, "a window of 2^%d", window[i].log);
	}
	buf_reset(&in);
	brotli_to(buf_span(&plain), BROTLI_MAX_WINDOW_BITS, &in);
	tap_int(decode(SPAN("br"), buf_span(&in), 7, 7, 1000, &out), 0,
	    "the largest window of br");
	tap_ok(span_eq(buf_span(&out), buf_span(&plain)), "and its text");
	/* 0x11: the large window, which RFC 7932, 9.1 does not have. */
	tap_int(decode(SPAN("br"), SPAN("\x11\x1e\x03"), 3, 1, 1000, &out),
	    -EBADMSG, "the large window of br");
	buf_fini(&in);
	buf_fini(&plain);
	buf_fini(&out);
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool known;
	} name[] = { { "", true }, { "identity", true }, { "gzip", true },
		{ "deflate", true }, { "br", true }, { "zstd", true },
		{ "dcb", false }, { "dcz", false }, { "compress", false },
		{ "br, gzip", false } };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		tap_int(coding_known(span_str(name[i].name)), name[i].known,
		    "name \"%s\"", name[i].name);
}

int main(void)
{
	test_rows();
	test_bombs();
	test_windows();
	test_names();
	coding_free(NULL);
	return tap_done();
}
