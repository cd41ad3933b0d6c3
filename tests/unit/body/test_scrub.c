/* SPDX-License-Identifier: EUPL-1.2 */
/* Which body is read as what; content codings, whole, broken and swollen. */
#include "body/scrub.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/squeeze.h"
#include "lib/tap.h"
#include "unit/body/rules.h"

#define JSON_TEXT "{\"name\":\"Erika\",\"n\":1}"
#define FORM_TYPE "application/x-www-form-urlencoded"

static const struct {
	const char *lines, *type, *start;
	enum body_form strict, open; /* open: unread = "pass" */
} forms[] = {
	{ "", "application/json", "{", BODY_UNREAD, BODY_UNREAD },
	{ "header a -> drop", "application/json", "{", BODY_UNREAD,
	    BODY_UNREAD },
	{ "header a -> drop", "", "", BODY_UNREAD, BODY_UNREAD },
	{ "json $.a -> drop", "application/json", "", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "APPLICATION/JSON", "x", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "application/json; charset=utf-8", "", BODY_JSON,
	    BODY_JSON },
	{ "json $.a -> drop", "application/json ;charset=utf-8", "", BODY_JSON,
	    BODY_JSON },
	{ "json $.a -> drop", "text/json", "", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "application/csp+json", "", BODY_JSON,
	    BODY_JSON },
	{ "json $.a -> drop", "application/ld+JSON", "", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "+json", "", BODY_REFUSED, BODY_UNREAD },
	{ "json $.a -> drop", "application/jsonp", "x", BODY_REFUSED,
	    BODY_UNREAD },
	{ "json $.a -> drop", "text/plain", "{", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "text/plain", " \r\n\t[", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "text/plain", "a", BODY_REFUSED, BODY_UNREAD },
	{ "json $.a -> drop", "", "{", BODY_JSON, BODY_JSON },
	{ "json $.a -> drop", "", "", BODY_REFUSED, BODY_UNREAD },
	{ "json $.a -> drop", "image/png", "\x89PNG", BODY_REFUSED,
	    BODY_UNREAD },
	{ "json $.a -> drop", FORM_TYPE, "a=1", BODY_UNREAD, BODY_UNREAD },
	{ "json $.a -> drop", FORM_TYPE, "{\"a\"", BODY_JSON, BODY_JSON },
	{ "form a -> drop", FORM_TYPE, "a=1", BODY_FORM, BODY_FORM },
	{ "form a -> drop", FORM_TYPE "; charset=UTF-8", "", BODY_FORM,
	    BODY_FORM },
	{ "form a -> drop", "application/X-WWW-form-urlencoded", "{", BODY_FORM,
	    BODY_FORM },
	{ "form a -> drop", "application/json", "{", BODY_UNREAD, BODY_UNREAD },
	{ "form a -> drop", "text/plain", "a=1", BODY_REFUSED, BODY_UNREAD },
	{ "form a -> drop", "text/plain", "{", BODY_REFUSED, BODY_UNREAD },
	{ "form a -> drop\njson $.a -> drop", FORM_TYPE, "a=1", BODY_FORM,
	    BODY_FORM },
	{ "form a -> drop\njson $.a -> drop", FORM_TYPE, " {", BODY_JSON,
	    BODY_JSON },
	{ "form a -> drop\njson $.a -> drop", "text/json", "a=1", BODY_JSON,
	    BODY_JSON },
	{ "form a -> drop\njson $.a -> drop", "multipart/form-data", "--x",
	    BODY_REFUSED, BODY_UNREAD },
	{ "json $.a -> drop", "application/x-ndjson", "{", BODY_JSON_LINES,
	    BODY_JSON_LINES },
	{ "json $.a -> drop", "application/json-seq", "\x1e{", BODY_JSON_LINES,
	    BODY_JSON_LINES },
	{ "form a -> drop", "application/jsonl", "{", BODY_UNREAD,
	    BODY_UNREAD },
	{ "sdp s -> drop", "application/sdp", "v=0\r\n", BODY_SDP, BODY_SDP },
	{ "sdp s -> drop", "application/sdp", "x", BODY_SDP, BODY_SDP },
	{ "sdp s -> drop", "text/plain", "v=0\n", BODY_SDP, BODY_SDP },
	{ "sdp s -> drop", "", "candidate:1 1 udp", BODY_SDP, BODY_SDP },
	{ "sdp s -> drop", "text/plain", "v=1\n", BODY_REFUSED, BODY_UNREAD },
	{ "sdp s -> drop", "application/json", "v=0\n", BODY_UNREAD,
	    BODY_UNREAD },
	{ "xml //a -> drop", "text/xml", "", BODY_XML, BODY_XML },
	{ "xml //a -> drop", "application/xmpp+xml", "", BODY_XML, BODY_XML },
	{ "xml //a -> drop", "text/html", "\xef\xbb\xbf <", BODY_XML,
	    BODY_XML },
	{ "xml //a -> drop", "text/plain", "a", BODY_REFUSED, BODY_UNREAD },
	{ "proto 1 -> drop", "application/x-protobuf", "", BODY_PROTO,
	    BODY_PROTO },
	{ "proto 1 -> drop", "application/grpc-web+proto", "", BODY_FRAMES,
	    BODY_FRAMES },
	{ "proto 1 -> drop", "application/grpc-web-text", "", BODY_FRAMES_TEXT,
	    BODY_FRAMES_TEXT },
	{ "proto 1 -> drop", "application/octet-stream", "\n", BODY_REFUSED,
	    BODY_UNREAD },
	{ "text a* -> drop", "text/plain", "a", BODY_TEXT, BODY_TEXT },
	{ "text a* -> drop", "text/csv;header=present", "{", BODY_TEXT,
	    BODY_TEXT },
	{ "text a* -> drop", "image/png", "a", BODY_REFUSED, BODY_UNREAD },
	{ "text a* -> drop\njson $.a -> drop", "text/plain", "{", BODY_JSON,
	    BODY_JSON },
	{ "json $.a -> drop", "text/event-stream", "{", BODY_EVENTS,
	    BODY_EVENTS },
	{ "text a* -> drop", "Text/Event-Stream; charset=utf-8", "",
	    BODY_EVENTS, BODY_EVENTS },
	{ "sdp s -> drop", "text/event-stream", "v=0\n", BODY_EVENTS,
	    BODY_EVENTS },
	{ "form a -> drop", "text/event-stream", "data: {", BODY_REFUSED,
	    BODY_UNREAD },
	{ "header a -> drop", "text/event-stream", "data: {", BODY_UNREAD,
	    BODY_UNREAD },
	{ "multipart a -> drop", "multipart/form-data; boundary=x", "",
	    BODY_MULTIPART, BODY_MULTIPART },
	{ "multipart a -> drop",
	    "multipart/form-data; charset=x; boundary=\"a b\"", "",
	    BODY_REFUSED, BODY_UNREAD },
	{ "multipart a -> drop", "multipart/form-data", "", BODY_REFUSED,
	    BODY_UNREAD },
};

static void test_form(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		for (int open = 0; open < 2; open++) {
			struct rules *r = rules_new(forms[i].lines, open);

			tap_int(
			    sniff_body(rules_plan(r), span_str(forms[i].type),
			        span_str(forms[i].start)),
			    open ? forms[i].open : forms[i].strict,
			    "form %zu: %s%s", i, forms[i].type,
			    open ? ", unread passes" : "");
			rules_free(r);
		}
}

/* Whose form the type alone tells, and what it is when the first bytes look like
 * something else, or show nothing in a coding. */
static void test_live(void)
{
	static const struct {
		const char *lines, *type;
		enum body_form want;
	} live[] = {
		{ "json $.a -> drop", "text/event-stream", BODY_EVENTS },
		{ "xml //a -> drop", "text/event-stream;x=y", BODY_EVENTS },
		{ "json $.a -> drop", "application/ndjson", BODY_JSON_LINES },
		{ "json $.a -> drop", "application/json", BODY_UNREAD },
		{ "form a -> drop", "text/event-stream", BODY_UNREAD },
		{ "form a -> drop", "application/ndjson", BODY_UNREAD },
		{ "header a -> drop", "text/event-stream", BODY_UNREAD },
	};

	for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
		struct rules *r = rules_new(live[i].lines, false);
		const struct plan *plan = rules_plan(r);
		struct span type = span_str(live[i].type);

		tap_int(sniff_live(plan, type), live[i].want, "live %zu: %s", i,
		    live[i].type);
		if (live[i].want != BODY_UNREAD) {
			tap_int(sniff_coded(plan, type, SPAN("br"), SPAN("{")),
			    live[i].want, "the same in a coding");
			tap_int(sniff_body(plan, type, SPAN("<a>")),
			    live[i].want, "the same with XML in it");
		}
		rules_free(r);
	}
}

/* How to compress: window bits for deflateInit2. */
enum { GZIP = MAX_WBITS + 16, ZLIB = MAX_WBITS, RAW = -MAX_WBITS };

static void deflate_to(struct span in, int bits, int level, struct buf *out)
{
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)in.p,
		.avail_in = (uInt)in.n };
	char *room;
	size_t most;

	if (deflateInit2(&z, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		abort();
	most = deflateBound(&z, (uLong)in.n) + 64;
	room = buf_reserve(out, most);
	z.next_out = (unsigned char *)room;
	z.avail_out = (uInt)most;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	buf_commit(out, most - z.avail_out);
	deflateEnd(&z);
}

static int feed(struct span coding, const struct plan *plan, struct span in,
    size_t cut, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	int r;
	struct scrub *s =
	    scrub_new(BODY_JSON, plan, &env, SPAN_NONE, coding, &r);
	size_t n = cut;

	buf_reset(out);
	for (bool last = false; r == 0 && !last; n = step) {
		n = n < in.n ? n : in.n;
		last = n == in.n;
		r = scrub_feed(s, span_of(in.p, n), last, out);
		in = span_from(in, n);
	}
	scrub_free(s);
	return r;
}

static void test_coding(void)
{
	static const struct {
		const char *name, *coding;
		int bits, level;
		const char *part[3]; /* members one behind the other */
		const char *behind;  /* bytes behind the end */
		size_t cut;          /* bytes that are missing at the end */
		int want;
	} row[] = {
		{ "gzip", "gzip", GZIP, 9, { JSON_TEXT }, "", 0, 0 },
		{ "x-gzip", "X-GZip", GZIP, 1, { JSON_TEXT }, "", 0, 0 },
		{ "stored", "gzip", GZIP, 0, { JSON_TEXT }, "", 0, 0 },
		{ "zlib", "deflate", ZLIB, 6, { JSON_TEXT }, "", 0, 0 },
		{ "raw deflate", "deflate", RAW, 6, { JSON_TEXT }, "", 0, 0 },
		{ "raw stored", "deflate", RAW, 0, { JSON_TEXT }, "", 0, 0 },
		{ "two members", "gzip", GZIP, 6,
		    { "{\"name\":\"Er", "ika\",\"n\":1}" }, "", 0, 0 },
		{ "empty members", "gzip", GZIP, 6, { "", JSON_TEXT, "" }, "",
		    0, 0 },
		{ "two zlib streams", "deflate", ZLIB, 6,
		    { "{\"name\":\"Er", "ika\",\"n\":1}" }, "", 0, -EBADMSG },
		{ "garbage behind gzip", "gzip", GZIP, 6, { JSON_TEXT }, "x", 0,
		    -EBADMSG },
		{ "a space behind gzip", "gzip", GZIP, 6, { JSON_TEXT }, " ", 0,
		    -EBADMSG },
		{ "half a member behind gzip", "gzip", GZIP, 6, { JSON_TEXT },
		    "\x1f\x8b", 0, -EBADMSG },
		{ "garbage like a member", "gzip", GZIP, 6, { JSON_TEXT },
		    "\x1fxxxxxxxxxxxx", 0, -EBADMSG },
		{ "garbage behind zlib", "deflate", ZLIB, 6, { JSON_TEXT },
		    "\x1f", 0, -EBADMSG },
		{ "gzip without its last byte", "gzip", GZIP, 6, { JSON_TEXT },
		    "", 1, -EBADMSG },
		{ "gzip without its trailer", "gzip", GZIP, 6, { JSON_TEXT },
		    "", 8, -EBADMSG },
		{ "gzip cut in the text", "gzip", GZIP, 6, { JSON_TEXT }, "",
		    12, -EBADMSG },
		{ "zlib without checksum", "deflate", ZLIB, 6, { JSON_TEXT },
		    "", 4, -EBADMSG },
		{ "raw cut", "deflate", RAW, 6, { JSON_TEXT }, "", 1,
		    -EBADMSG },
		{ "zlib as gzip", "gzip", ZLIB, 6, { JSON_TEXT }, "", 0,
		    -EBADMSG },
		{ "gzip as deflate", "deflate", GZIP, 6, { JSON_TEXT }, "", 0,
		    -EBADMSG },
		{ "bad JSON inside", "gzip", GZIP, 6, { "{\"name\":}" }, "", 0,
		    -EBADMSG },
		{ "nothing inside", "gzip", GZIP, 6, { "" }, "", 0, -EBADMSG },
	};
	struct rules *rules = rules_new("json $.name -> set:Gast", false);
	const struct plan *plan = rules_plan(rules);
	struct buf in, out;

	buf_init(&in, 65536);
	buf_init(&out, 65536);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span coding = span_str(row[i].coding), s;
		bool good = true;

		buf_reset(&in);
		for (size_t k = 0; k < 3 && row[i].part[k] != NULL; k++)
			deflate_to(span_str(row[i].part[k]), row[i].bits,
			    row[i].level, &in);
		buf_add_str(&in, row[i].behind);
		buf_truncate(&in, buf_len(&in) - row[i].cut);
		s = buf_span(&in);
		tap_int(feed(coding, plan, s, s.n, 1, &out), row[i].want, "%s",
		    row[i].name);
		for (size_t cut = 0; cut <= s.n; cut++) {
			int r =
			    feed(coding, plan, s, cut, cut % 2 ? s.n : 1, &out);

			good =
			    good && r == row[i].want &&
			    (r < 0 || span_eq(buf_span(&out),
			                  SPAN("{\"name\":\"Gast\",\"n\":1}")));
		}
		tap_ok(good, "%s: at any cut", row[i].name);
	}
	rules_free(rules);
	buf_fini(&in);
	buf_fini(&out);
}

/* A text of n spaces around "1", or of text that compresses fairly. */
static void fill(struct buf *b, size_t n, bool fair)
{
	char *at = buf_reserve(b, n);
	uint32_t x = 1;

	memset(at, ' ', n);
	for (size_t i = 0; fair && i < n; i += 16) {
		x = x * 1664525 + 1013904223;
		at[i] = "\t\n\r "[x >> 30];
		at[i + x % 3] = "\t\n\r "[x >> 20 & 3];
	}
	at[n - 1] = '1';
	buf_commit(b, n);
}

static void test_bombs(void)
{
	static const struct {
		const char *name;
		size_t n;
		bool fair;
		unsigned times; /* compressed again and again as members */
		int want;
	} row[] = {
		{ "spaces within the free part", 1u << 20, false, 1, 0 },
		{ "spaces beyond it", 8u << 20, false, 1, -E2BIG },
		{ "the same, compressing less", 8u << 20, true, 1, 0 },
		{ "many small members", 60000, false, 200, -E2BIG },
	};
	struct buf plain, in, out;

	buf_init(&plain, 16u << 20);
	buf_init(&in, 16u << 20);
	buf_init(&out, 16u << 20);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span s;

		buf_reset(&plain);
		buf_reset(&in);
		fill(&plain, row[i].n, row[i].fair);
		for (unsigned k = 1; k < row[i].times; k++) {
			s = buf_span(&plain);
			deflate_to(span_of(s.p, s.n - 1), GZIP, 9, &in);
		}
		deflate_to(buf_span(&plain), GZIP, 9, &in);
		s = buf_span(&in);
		tap_note(
		    "%zu times %u to %zu bytes", row[i].n, row[i].times, s.n);
		tap_int(feed(SPAN("gzip"), NULL, s, s.n, 1, &out), row[i].want,
		    "%s, whole", row[i].name);
		tap_int(feed(SPAN("gzip"), NULL, s, 0, 1000, &out), row[i].want,
		    "%s, in pieces", row[i].name);
		tap_ok(row[i].want == 0 || buf_len(&out) < 3u << 20,
		    "%s: stopped in time", row[i].name);
	}
	buf_fini(&plain);
	buf_fini(&in);
	buf_fini(&out);
}

static void test_new(void)
{
	static const struct {
		enum body_form form;
		const char *coding;
		int want;
	} row[] = {
		{ BODY_JSON, "", 0 },
		{ BODY_JSON, "identity", 0 },
		{ BODY_FORM, " gzip ", 0 },
		{ BODY_UNREAD, "Deflate", 0 },
		{ BODY_JSON, "br", 0 },
		{ BODY_JSON, "zstd", 0 },
		{ BODY_JSON, "dcb", -ENOTSUP },
		{ BODY_JSON, "gzip, gzip", -ENOTSUP },
		{ BODY_JSON, "gzip;q=1", -ENOTSUP },
		{ BODY_REFUSED, "", -EBADMSG },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int r = 1;
		struct scrub *s = scrub_new(row[i].form, NULL, NULL, SPAN_NONE,
		    span_str(row[i].coding), &r);
		struct buf out;

		buf_init(&out, 100);
		tap_int(r, row[i].want, "new %d \"%s\"", row[i].form,
		    row[i].coding);
		tap_ok((s != NULL) == (r == 0), "and the answer fits");
		if (s != NULL)
			tap_int(scrub_feed(s, SPAN_NONE, true, &out), 0,
			    "an empty body is well-formed");
		scrub_free(s);
		buf_fini(&out);
	}
}

static void test_sniff(void)
{
	static const struct {
		const char *lines, *type, *text;
		size_t n; /* bytes of the coded text that are there */
		enum body_form want;
	} row[] = {
		{ "json $.a -> drop", "application/json", "{}", 1, BODY_JSON },
		{ "json $.a -> drop", "text/plain", " {}", 99, BODY_JSON },
		{ "json $.a -> drop", "text/plain", "a", 99, BODY_REFUSED },
		{ "json $.a -> drop", "text/plain", "{}", 5, BODY_REFUSED },
		{ "json $.a -> drop", FORM_TYPE, "{}", 99, BODY_JSON },
		{ "json $.a -> drop", FORM_TYPE, "a=1", 99, BODY_UNREAD },
		{ "json $.a -> drop", FORM_TYPE, "{}", 5, BODY_REFUSED },
		{ "form a -> drop", FORM_TYPE, "a=1", 5, BODY_FORM },
		{ "header a -> drop", "", "a=1", 5, BODY_UNREAD },
	};
	struct buf in;

	buf_init(&in, 4096);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct rules *r = rules_new(row[i].lines, false);
		size_t n;

		buf_reset(&in);
		deflate_to(span_str(row[i].text), GZIP, 6, &in);
		n = row[i].n < buf_len(&in) ? row[i].n : buf_len(&in);
		tap_int(sniff_coded(rules_plan(r), span_str(row[i].type),
		            SPAN("gzip"), span_of(buf_span(&in).p, n)),
		    row[i].want, "coded \"%s\" as %s, %zu bytes", row[i].text,
		    row[i].type, n);
		rules_free(r);
	}
	buf_fini(&in);
}

static void test_boundary(void)
{
	static const struct {
		const char *type, *want;
	} row[] = {
		{ "multipart/form-data; boundary=abc", "abc" },
		{ "multipart/form-data;charset=utf-8 ; Boundary=\"a'b:c\" ",
		    "a'b:c" },
		{ "multipart/form-data; boundary=\"abc\";x=y", "abc" },
		{ "multipart/form-data", "" },
		{ "multipart/form-data; boundary=", "" },
		{ "multipart/form-data; boundary=\"abc", "" },
		{ "multipart/form-data; boundary=\"a\\\"b\"", "" },
		{ "multipart/form-data; boundary=abc; boundary=def", "" },
		{ "multipart/form-data; boundary=a;;", "a" },
		{ "multipart/form-data; boundary=\"a\"b", "" },
		{ "multipart/form-data; boundary=a@b", "" },
		{ "multipart/form-data; boundary="
		  "012345678901234567890123456789012345678901234567890123456789"
		  "0"
		  "1234567890",
		    "" },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		tap_span(sniff_boundary(span_str(row[i].type)),
		    span_str(row[i].want), "boundary of %s", row[i].type);
}

/* gzip that no header speaks of: scrubbed inside, gzip again. */
static void test_hidden(void)
{
	static const char text[] = "{\"name\":\"Erika\",\"n\":1}";
	struct rules *rules = rules_new("json $.name -> drop", false);
	struct env env = rules_env(NULL);
	struct buf in, out, plain;
	bool good = true;
	int r = 0;

	buf_init(&in, 1u << 16);
	buf_init(&out, 1u << 16);
	buf_init(&plain, 1u << 16);
	deflate_to(SPAN(text), GZIP, 6, &in);
	tap_int(
	    sniff_body(rules_plan(rules), SPAN("text/plain"), buf_span(&in)),
	    BODY_JSON, "gzip without a word is opened to see what it is");
	for (size_t cut = 0; cut <= buf_len(&in); cut++) {
		struct scrub *s = scrub_new(BODY_JSON, rules_plan(rules), &env,
		    SPAN_NONE, SPAN_NONE, &r);
		struct span all = buf_span(&in);

		buf_reset(&out);
		buf_reset(&plain);
		r = scrub_feed(s, span_of(all.p, cut), false, &out);
		if (r == 0)
			r = scrub_feed(s, span_from(all, cut), true, &out);
		if (r == 0)
			r = squeeze_unstep(
			    NULL, STEP_GZIP, buf_span(&out), &plain);
		good = good && r == 0 &&
		       span_eq(buf_span(&plain), SPAN("{\"n\":1}"));
		scrub_free(s);
	}
	tap_ok(good, "it is scrubbed and gzip again, wherever it is cut");
	for (size_t cut = 1; cut < buf_len(&in); cut++) {
		struct scrub *s = scrub_new(BODY_JSON, rules_plan(rules), &env,
		    SPAN_NONE, SPAN_NONE, &r);

		buf_reset(&out);
		r = scrub_feed(s, span_of(buf_span(&in).p, cut), true, &out);
		good = good && r == -EBADMSG;
		scrub_free(s);
	}
	tap_ok(good, "what ends too early is refused");
	rules_free(rules);
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&plain);
}

static void test_squeeze(void)
{
	static const struct {
		enum step step;
		int bits;
		const char *behind;
		int want;
	} row[] = {
		{ STEP_GZIP, GZIP, "", 0 },
		{ STEP_DEFLATE, ZLIB, "", 0 },
		{ STEP_DEFLATE, RAW, "", -EBADMSG },
		{ STEP_GZIP, ZLIB, "", -EBADMSG },
		{ STEP_DEFLATE, GZIP, "", -EBADMSG },
		{ STEP_GZIP, GZIP, "x", -EBADMSG },
		{ STEP_DEFLATE, ZLIB, "x", -EBADMSG },
	};
	struct buf in, out, again;

	buf_init(&in, 1u << 16);
	buf_init(&out, 1u << 16);
	buf_init(&again, 1u << 16);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		buf_reset(&in);
		buf_reset(&out);
		deflate_to(SPAN("Erika"), row[i].bits, 6, &in);
		buf_add_span(&in, span_str(row[i].behind));
		tap_int(squeeze_unstep(NULL, row[i].step, buf_span(&in), &out),
		    row[i].want, "step %zu is opened", i);
		if (row[i].want != 0)
			continue;
		tap_span(buf_span(&out), SPAN("Erika"), "and says");
		buf_reset(&in);
		buf_reset(&again);
		tap_int(squeeze_restep(NULL, row[i].step, buf_span(&out), &in),
		    0, "it is closed");
		tap_int(
		    squeeze_unstep(NULL, row[i].step, buf_span(&in), &again), 0,
		    "and opened");
		tap_span(buf_span(&again), SPAN("Erika"), "and says");
	}
	tap_int(squeeze_unstep(NULL, STEP_GZIP, SPAN_NONE, &out), -EBADMSG,
	    "nothing is no gzip");
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&again);
}

static void test_inner(void)
{
	static const struct {
		const char *lines, *in, *want;
	} row[] = {
		{ "json $.a -> drop", "{\"a\":1}", "{}" },
		{ "json $.a -> drop", " [1]", " [1]" },
		{ "json $.a -> drop", "null", "null" },
		{ "json $.a -> drop", "a=1", NULL },
		{ "json $.a -> drop", "", "" },
		{ "form a -> drop\njson $.a -> drop", "a=1&b", "b" },
		{ "form a -> drop\njson $.a -> drop", "{\"a\":1}", "{}" },
		{ "query a -> drop", "/x?a=1&b=2#a", "/x?b=2#a" },
		{ "query a -> drop", "x", "x" },
		{ "query a -> drop\nform a -> set:0", "a=1", "a=0" },
		{ "query a -> drop\nform a -> set:0", "https://x/?a=1",
		    "https://x/?" },
		{ "query a -> drop\nform a -> set:0", " wss+x-1.0://x?a=1",
		    " wss+x-1.0://x?" },
		{ "query a -> drop\nform a -> set:0", "a=1&u=https://x/?b",
		    "a=0&u=https://x/?b" },
		{ "query q -> drop\njson $.a -> drop",
		    "{\"a\":1,\"u\":\"https://x/?q=1\"}",
		    "{\"u\":\"https://x/?q=1\"}" },
		{ "query q -> drop\nxml //a -> drop",
		    "<b u=\"https://x/\"><a/></b>", "<b u=\"https://x/\"></b>" },
		{ "header a -> drop", "a", NULL },
		{ "sdp s -> drop", "v=0\r\ns=Erika\r\n", "v=0\r\n" },
		{ "sdp candidate:host -> drop\njson $.a -> drop", "{\"a\":1}",
		    "{}" },
		{ "sdp candidate:host -> drop\njson $.a -> drop",
		    "candidate:1 1 udp 1 10.47.11.23 9 typ host", "" },
		{ "sdp candidate:host -> drop", "Erika", NULL },
		{ "text *Erika* -> drop", "a\nErika\nb", "a\nb" },
	};
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct rules *r = rules_new(row[i].lines, false);

		buf_reset(&out);
		tap_int(scrub_inner(NULL, rules_plan(r), &env,
		            span_str(row[i].in), &out),
		    row[i].want != NULL ? 0 : -EBADMSG, "inner text %zu", i);
		if (row[i].want != NULL)
			tap_span(
			    buf_span(&out), span_str(row[i].want), "its text");
		rules_free(r);
	}
	buf_fini(&out);
}

int main(void)
{
	test_form();
	test_live();
	test_coding();
	test_bombs();
	test_new();
	test_sniff();
	test_boundary();
	test_hidden();
	test_squeeze();
	test_inner();
	return tap_done();
}
