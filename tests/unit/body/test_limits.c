/* SPDX-License-Identifier: EUPL-1.2 */
/* What is made to eat memory or time: refused within the limits, and memory
 * stays flat while it comes. Each body is given in pieces; what comes out is
 * taken away at once, as the owner of a connection does. */
#include <errno.h>
#include <malloc.h>

#include <zlib.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/events.h"
#include "body/form.h"
#include "body/jsn.h"
#include "body/multipart.h"
#include "body/proto.h"
#include "body/scrub.h"
#include "body/sdp.h"
#include "body/text.h"
#include "body/xml.h"
#include "lib/tap.h"
#include "unit/body/rules.h"
#include "unit/body/shape.h"

#define PIECE_BYTES 4096u
#define PIECE_OUT_MAX (4u << 20) /* out of one piece */
#define FLAT_BYTES (6u << 20)    /* more than this never at once */
#define ALL_BYTES (64u << 20)

SCRUBBER(jsn, jsn_new(plan, env));
SCRUBBER(events, events_new(plan, env));
SCRUBBER(form, form_new(plan, env));
SCRUBBER(multipart, multipart_new(plan, env, SPAN("b")));
SCRUBBER(proto, proto_new(plan, env));
SCRUBBER(sdp, sdp_new(plan, env));
SCRUBBER(text, text_new(plan, env));
SCRUBBER(xml, xml_new(plan, env));

/* Front, then middle again and again, then end. */
static const struct {
	const char *name;
	open_f *open;
	take_f *take;
	close_f *close;
	const char *lines;
	const char *front, *middle, *end;
	size_t times;
	int want;
} row[] = {
	{ "100 000 nested arrays", WITH(jsn), "json $.a -> drop", "", "[", "",
	    100000, -E2BIG },
	{ "100 000 nested objects", WITH(jsn), "json $.a -> drop", "",
	    "{\"b\":", "", 100000, -E2BIG },
	{ "a string of 10 MB, masked", WITH(jsn), "json $.a -> mask",
	    "{\"a\":\"", "0123456789", "\"}", 1u << 20, -E2BIG },
	{ "a string of 10 MB, dropped", WITH(jsn), "json $.a -> drop",
	    "{\"a\":\"", "0123456789", "\"}", 1u << 20, 0 },
	{ "a string of 10 MB nobody treats", WITH(jsn), "json $.b -> drop",
	    "{\"a\":\"", "0123456789", "\"}", 1u << 20, 0 },
	{ "a key of 10 MB", WITH(jsn), "json $.a -> drop", "{\"", "0123456789",
	    "\":1}", 1u << 20, -E2BIG },
	{ "10 MB of white space", WITH(jsn), "json $.a -> drop", "[1,",
	    "          ", "2]", 1u << 20, -E2BIG },
	{ "a million members that go", WITH(jsn), "json $.a -> drop", "{",
	    "\"a\":[1],", "\"b\":1}", 1u << 20, 0 },
	{ "a number of 10 MB, rounded", WITH(jsn), "json $.a -> round:2",
	    "{\"a\":", "1234567890", "}", 1u << 20, -E2BIG },
	{ "a form value of 10 MB, masked", WITH(form), "form a -> mask",
	    "a=", "0123456789", "", 1u << 20, -E2BIG },
	{ "a form name of 10 MB", WITH(form), "form a -> mask", "",
	    "0123456789", "=1", 1u << 20, -E2BIG },
	{ "a million pairs that go", WITH(form), "form a -> drop", "",
	    "a=12345&", "b=1", 1u << 20, 0 },
	{ "XML with an entity", WITH(xml), "xml /a/b -> drop",
	    "<!DOCTYPE a [<!ENTITY x \"y\">]><a>", "&x;", "</a>", 1, -EBADMSG },
	{ "a billion laughs", WITH(xml), "xml /a/b -> drop",
	    "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;&l;\">]><a>",
	    "&m;&m;&m;&m;", "</a>", 100000, -EBADMSG },
	{ "an entity nobody made", WITH(xml), "xml /a/b -> drop", "<a>", "&x;",
	    "</a>", 1, -EBADMSG },
	{ "an SDP of 1 MB", WITH(sdp), "sdp candidate:host -> drop",
	    "v=0\r\ns=-\r\n", "a=x:0123456789012345678901234567890\r\n", "",
	    32768, -E2BIG },
	{ "an SDP line of 1 MB", WITH(sdp), "sdp candidate:host -> drop",
	    "v=0\r\na=x:", "0123456789", "\r\n", 100000, -E2BIG },
	{ "an SDP of 100 000 lines", WITH(sdp), "sdp candidate:host -> drop",
	    "v=0\r\n", "a=x\r\n", "", 100000, -E2BIG },
	{ "a line of text of 10 MB", WITH(text), "text a* -> drop", "",
	    "0123456789", "\n", 1u << 20, -E2BIG },
	{ "a million lines of text", WITH(text), "text a* -> drop", "",
	    "a12345678\n", "b", 1u << 20, 0 },
	{ "an event of 10 MB", WITH(events), "json $.a -> drop", "data: {\"b\":\"",
	    "0123456789", "\"}\n\n", 1u << 20, -E2BIG },
	{ "100 000 events", WITH(events), "json $.a -> drop", "",
	    "data: {\"a\":1}\n\n", "", 100000, 0 },
	{ "a million empty lines", WITH(events), "json $.a -> drop", "", "\r\n",
	    "", 1u << 20, 0 },
	{ "a part of 10 MB, masked", WITH(multipart), "multipart a -> mask",
	    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
	    "0123456789", "\r\n--b--", 1u << 20, -E2BIG },
	{ "a part of 40 MB nobody treats", WITH(multipart),
	    "multipart b -> drop",
	    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n",
	    "0123456789", "\r\n--b--", 4u << 20, 0 },
	{ "a head of 10 MB", WITH(multipart), "multipart b -> drop",
	    "--b\r\nContent-Disposition: form-data; name=a\r\nX: ",
	    "0123456789", "\r\n\r\n\r\n--b--", 1u << 20, -E2BIG },
	/* 2: 256 MiB are said to follow. */
	{ "a length that lies", WITH(proto), "proto 2 -> mask",
	    "\x12\x80\x80\x80\x80\x01", "0123456789", "", 100, -EBADMSG },
	{ "a field of 256 MB", WITH(proto), "proto 2 -> mask",
	    "\x12\x80\x80\x80\x80\x01", "0123456789", "", 1u << 20, -E2BIG },
	{ "a length that lies, nobody treats", WITH(proto), "proto 3 -> drop",
	    "\x12\x80\x80\x80\x80\x01", "0123456789", "", 100, -EBADMSG },
	{ "a message in a message with a longer one", WITH(proto),
	    "proto 2.2 -> drop", "\x12\x08", "\x12\x7f", "012345", 1,
	    -EBADMSG },
	{ "100 000 parts", WITH(multipart), "multipart b -> drop", "--b",
	    "\r\nContent-Disposition: form-data; name=b\r\n\r\na\r\n--b", "--",
	    100000, -E2BIG },
};

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void fill(size_t i, struct buf *b)
{
	buf_reset(b);
	buf_add_str(b, row[i].front);
	for (size_t k = 0; k < row[i].times; k++)
		buf_add_str(b, row[i].middle);
	buf_add_str(b, row[i].end);
}

static void test_row(size_t i, struct buf *body)
{
	struct rules *rules = rules_new(row[i].lines, false);
	struct env env = rules_env(NULL);
	size_t before = in_use(), most = before, now;
	void *x = row[i].open(rules_plan(rules), &env);
	struct span in = buf_span(body);
	struct buf out;
	int r = 0;

	buf_init(&out, PIECE_OUT_MAX);
	for (bool last = false; r == 0 && !last;) {
		size_t n = in.n < PIECE_BYTES ? in.n : PIECE_BYTES;

		last = n == in.n;
		r = row[i].take(x, span_of(in.p, n), last, &out);
		in = span_from(in, n);
		buf_reset(&out);
		now = in_use();
		most = now > most ? now : most;
	}
	row[i].close(x);
	buf_fini(&out);
	rules_free(rules);
	tap_int(r, row[i].want, "%s: answer", row[i].name);
	tap_ok(most - before < FLAT_BYTES, "%s: %zu KiB at once, of %zu",
	    row[i].name, (most - before) >> 10, buf_len(body) >> 10);
}

/* A bomb of gzip: 64 MB of one byte. */
static void test_bomb(struct buf *body)
{
	z_stream z = { .zalloc = NULL };
	struct coding *c;
	struct buf packed, out;
	struct span in;
	size_t before, most, total = 0;
	int r = 0;

	buf_reset(body);
	memset(buf_reserve(body, ALL_BYTES), ' ', ALL_BYTES);
	buf_commit(body, ALL_BYTES);
	buf_init(&packed, 1u << 20);
	if (deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	z.next_in = (unsigned char *)(uintptr_t)buf_span(body).p;
	z.avail_in = ALL_BYTES;
	z.next_out = (unsigned char *)buf_reserve(&packed, 1u << 20);
	z.avail_out = 1u << 20;
	tap_int(deflate(&z, Z_FINISH), Z_STREAM_END, "a bomb is made");
	buf_commit(&packed, (1u << 20) - z.avail_out);
	deflateEnd(&z);
	in = buf_span(&packed);
	before = most = in_use();
	c = coding_new(SPAN("gzip"));
	buf_init(&out, PIECE_OUT_MAX);
	while (r == 0 && in.n > 0) {
		r = coding_decode(c, &in, &out, 65536);
		total += buf_len(&out);
		buf_reset(&out);
		most = in_use() > most ? in_use() : most;
	}
	coding_free(c);
	tap_int(r, -E2BIG, "a gzip bomb: answer");
	tap_ok(total < 2u << 20, "after %zu KiB of %u", total >> 10,
	    ALL_BYTES >> 10);
	tap_ok(most - before < FLAT_BYTES, "%zu KiB at once",
	    (most - before) >> 10);
	buf_fini(&packed);
	buf_fini(&out);
}

int main(void)
{
	struct buf body;

	buf_init(&body, ALL_BYTES);
	(void)buf_reserve(&body, ALL_BYTES); /* not counted below */
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		fill(i, &body);
		test_row(i, &body);
	}
	test_bomb(&body);
	buf_fini(&body);
	return tap_done();
}
