/* SPDX-License-Identifier: EUPL-1.2 */
/* The guard on content: at any cut of it, in a coding or not, nothing of a hit
 * has left, and without a hit everything leaves. */
#include "proxy/egress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "conf/conf.h"
#include "lib/tap.h"

#define NEVER "geheim-4711"
#define OUT_MAX (1u << 20)

static struct conf conf;
static char packed[4096];

static struct span pack(struct span in)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p,
		.avail_in = (uInt)in.n,
		.next_out = (Bytef *)packed,
		.avail_out = sizeof packed };

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	        Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	(void)deflateEnd(&z);
	return span_of(packed, sizeof packed - z.avail_out);
}

static int part(struct egress *e, struct span in, bool last, struct buf *out)
{
	int err = egress_feed(e, in, last);
	struct span s = egress_ready(e, last);

	if (err < 0)
		return err;
	buf_add_span(out, s);
	egress_left(e, s.n);
	return 0;
}

/* in, cut at every step bytes; what left is in out. */
static int run(struct span coding, struct span in, size_t step, struct buf *out)
{
	struct egress e;
	int err;

	buf_init(out, OUT_MAX);
	egress_init(&e, &conf);
	err = egress_coding(&e, coding);
	while (err == 0 && in.n > step) {
		err = part(&e, span_of(in.p, step), false, out);
		in = span_from(in, step);
	}
	if (err == 0)
		err = part(&e, in, true, out);
	egress_fini(&e);
	return err;
}

static const struct {
	const char *name, *coding, *in;
	bool gzip;
	int cut; /* bytes off the end */
	int want;
} row[] = {
	{ "no hit", "", "what is geheim-4710 may go", false, 0, 0 },
	{ "plain", "", "what is " NEVER " stays", false, 0, -EACCES },
	{ "at the end", "", "what stays is " NEVER, false, 0, -EACCES },
	{ "escaped", "", "x\\u0067\\u0065\\u0068\\u0065\\u0069\\u006d-4711",
	    false, 0, -EACCES },
	{ "gzip, no hit", "gzip", "what is geheim-4710 may go", true, 0, 0 },
	{ "gzip", "gzip", "what is " NEVER " stays", true, 0, -EACCES },
	{ "gzip in capitals", "GZIP", "what is " NEVER " stays", true, 0,
	    -EACCES },
	{ "gzip without a word of it", "", "what is " NEVER " stays", true, 0,
	    -EACCES },
	{ "gzip, cut off", "gzip", "what is geheim-4710 may go", true, 3,
	    -EBADMSG },
	{ "looks like gzip and is none", "", "\x1f\x8b what is geheim-4710",
	    false, 0, 0 },
	{ "looks like gzip and is none, a hit", "", "\x1f\x8b " NEVER, false, 0,
	    -EACCES },
	{ "no gzip at all", "gzip", "what is geheim-4710", false, 0, -EBADMSG },
	{ "a coding nobody knows", "x-own", "what", false, 0, -ENOTSUP },
	{ "nothing, coded", "gzip", "", false, 0, 0 },
	{ "nothing", "", "", false, 0, 0 },
};

/* Everything left, or nothing: all rows are shorter than what is held back. */
static bool judge(int err, int want, struct span in, struct span left)
{
	if (err != want)
		return false;
	return err == 0 ? span_eq(left, in) : left.n == 0;
}

static void contents(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span in = span_str(row[i].in);
		bool good = true;

		if (row[i].gzip)
			in = pack(in);
		in.n -= (size_t)row[i].cut;
		for (size_t step = 1; step <= in.n + 1; step++) {
			struct buf out;
			int err = run(span_str(row[i].coding), in, step, &out);

			if (!judge(err, row[i].want, in, buf_span(&out))) {
				tap_note("step %zu: %d", step, err);
				good = false;
			}
			buf_fini(&out);
		}
		tap_ok(good, "%s", row[i].name);
	}
}

/* A hit far behind: what stands before it may go, nothing of it. */
static void late(void)
{
	static char text[5000];
	size_t n = 4000;

	memset(text, 'a', n);
	memcpy(text + n, NEVER, sizeof NEVER - 1);
	for (size_t step = 1; step < 700; step += 7) {
		struct buf out;
		int err = run(
		    SPAN(""), span_of(text, n + sizeof NEVER - 1), step, &out);

		if (err != -EACCES || buf_len(&out) > n ||
		    buf_len(&out) < n - 700 - conf.never_hold)
			tap_ok(false, "late, step %zu: %d, %zu bytes", step,
			    err, buf_len(&out));
		buf_fini(&out);
	}
	tap_ok(true, "what stands before a late hit has gone, no more");
}

int main(void)
{
	struct guard_pattern p = { .text = SPAN(NEVER) };

	conf.guard = guard_new(&p, 1, NULL);
	conf.never_hold = 6 * (sizeof NEVER - 1);
	contents();
	late();
	guard_free(conf.guard);
	return tap_done();
}
