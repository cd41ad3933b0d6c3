/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_coding - the first byte picks the coding, the second the cut, the rest
 * is what comes in: any cut gives the same output and answer, and no more than
 * the ratio allows. The rest as plain text is also made gzip and zlib and
 * opened again. */
#include "body/coding.h"
#include "body/scrub.h"
#include "body/squeeze.h"
#include "fuzz/scrubber.h"

#define WANT_BYTES 4096u
#define STEP_BYTES 16384u /* of output at once */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int decode(
    struct span coding, struct span in, size_t step, struct buf *out)
{
	struct coding *c = coding_new(coding);
	struct span part;
	bool more;
	int r = 0;

	check(c != NULL);
	while (r == 0 && in.n > 0) {
		part = span_of(in.p, in.n < step ? in.n : step);
		in = span_from(in, part.n);
		do {
			size_t before = buf_len(out);

			r = coding_decode(c, &part, out, before + WANT_BYTES);
			more =
			    r == 0 &&
			    (part.n > 0 || buf_len(out) >= before + WANT_BYTES);
		} while (more);
		if (r == 1 && part.n == 0 && in.n > 0)
			r = 0; /* more members may follow */
	}
	coding_free(c);
	return r;
}

static void check_decoder(struct span coding, struct span in, size_t step)
{
	struct buf whole, cut;
	int r, s;

	buf_init(&whole, OUT_MAX_BYTES);
	buf_init(&cut, OUT_MAX_BYTES);
	r = decode(coding, in, in.n + 1, &whole);
	s = decode(coding, in, step, &cut);
	check(buf_len(&whole) <= SCRUB_RATIO_FREE + STEP_BYTES +
	                             (in.n + 1) * (SCRUB_RATIO_MAX + 1));
	check((r < 0) == (s < 0) || r == 1);
	if (r >= 0 && s >= 0)
		check(span_eq(buf_span(&whole), buf_span(&cut)));
	buf_fini(&whole);
	buf_fini(&cut);
}

static void check_steps(enum step step, struct span in)
{
	struct buf packed, plain;

	buf_init(&packed, OUT_MAX_BYTES);
	buf_init(&plain, OUT_MAX_BYTES);
	check(squeeze_restep(NULL, step, in, &packed) == 0);
	check(squeeze_unstep(NULL, step, buf_span(&packed), &plain) == 0);
	check(span_eq(buf_span(&plain), in));
	buf_fini(&packed);
	buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct span coding[] = { { "gzip", 4 }, { "deflate", 7 },
		{ "br", 2 }, { "zstd", 4 } };
	struct span in = n > 2 ? span_of((const char *)p + 2, n - 2) : SPAN("");

	check_decoder(
	    coding[n > 0 ? p[0] % 4 : 0], in, (n > 1 ? p[1] : 0u) + 1u);
	if (in.n < 1u << 16) {
		check_steps(STEP_GZIP, in);
		check_steps(STEP_DEFLATE, in);
	}
	return 0;
}
