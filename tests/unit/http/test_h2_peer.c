/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP/2 connections whose peer is no friend: heads that mean two things,
 * frames that are wrong, and too many of them. Sources: RFC 9113, 8 and 10;
 * what has been used to smuggle requests over gateways from HTTP/2 to HTTP/1.1.
 */
#include "http/h2.h"

#include <errno.h>

#include "base/arena.h"
#include "http/h2_int.h"
#include "lib/tap.h"
#include "unit/http/h2_ends.h"
#include "unit/http/h2_raw.h"

#define GET ":method: GET\n:scheme: https\n:path: /\n"
#define AT ":authority: meet.example\n"

static struct end us;
static struct buf in, out, block;

static void begin(enum h2_role role)
{
	end_init(&us, role);
	buf_init(&in, 64u << 20);
	buf_init(&out, 64u << 20);
	buf_init(&block, 64u << 20);
	raw_preface(&in, role == H2_SERVER);
}

static int deliver(void)
{
	int r = h2_feed(us.h2, buf_span(&in));

	buf_reset(&in);
	return r;
}

static void end(const char *name)
{
	if (us.wrong != NULL)
		tap_ok(false, "%s: %s", name, us.wrong);
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&block);
	end_fini(&us);
}

static void headers(uint32_t id, struct span lines, unsigned flags)
{
	buf_reset(&block);
	raw_fields(&block, lines);
	raw_frame(
	    &in, RAW_HEADERS, flags | RAW_END_HEADERS, id, buf_span(&block));
}

/* ---- heads ---- */

enum outcome { TAKEN, RESET, LARGE };

static const struct {
	const char *name, *lines;
	enum outcome want;
} request[] = {
	{ "plain", GET AT, TAKEN },
	{ "Host only", GET "host: meet.example\n", TAKEN },
	{ "Host that agrees", GET AT "host: meet.example:443\n", TAKEN },
	{ "Host of another", GET AT "host: evil.example\n", RESET },
	{ "Host twice", GET AT "host: meet.example\nhost: meet.example\n",
	    RESET },
	{ "no host at all", GET, RESET },
	{ "authority with a user", GET ":authority: a@meet.example\n", RESET },
	{ "authority with a path", GET ":authority: meet.example/x\n", RESET },
	{ "authority with a space", GET ":authority: meet.example x\n", RESET },
	{ "authority twice", GET AT AT, RESET },
	{ "empty authority", GET ":authority: \nhost: meet.example\n", RESET },
	{ "no path", ":method: GET\n:scheme: https\n" AT, RESET },
	{ "empty path", ":method: GET\n:scheme: https\n:path: \n" AT, RESET },
	{ "path without slash", ":method: GET\n:scheme: https\n:path: x\n" AT,
	    RESET },
	{ "path with a space",
	    ":method: GET\n:scheme: https\n:path: /x HTTP/1.1\n" AT, RESET },
	{ "path with a tab", ":method: GET\n:scheme: https\n:path: /\tx\n" AT,
	    RESET },
	{ "path with CR", ":method: GET\n:scheme: https\n:path: /\rx\n" AT,
	    RESET },
	{ "path with '#'", ":method: GET\n:scheme: https\n:path: /#x\n" AT,
	    RESET },
	{ "path of a proxy",
	    ":method: GET\n:scheme: https\n:path: https://evil.example/\n" AT,
	    RESET },
	{ "star", ":method: OPTIONS\n:scheme: https\n:path: *\n" AT, TAKEN },
	{ "star of GET", ":method: GET\n:scheme: https\n:path: *\n" AT, RESET },
	{ "other scheme", ":method: GET\n:scheme: ftp\n:path: /\n" AT, RESET },
	{ "no scheme", ":method: GET\n:path: /\n" AT, RESET },
	{ "lower-case method", ":method: get\n:scheme: https\n:path: /\n" AT,
	    RESET },
	{ "method with a space",
	    ":method: GET /x HTTP/1.1\n:scheme: https\n:path: /\n" AT, RESET },
	{ "method too long",
	    ":method: ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG\n:scheme: https\n"
	    ":path: /\n" AT,
	    RESET },
	{ "method twice", ":method: GET\n" GET AT, RESET },
	{ "CONNECT", ":method: CONNECT\n:authority: meet.example:443\n",
	    RESET },
	{ "CONNECT with a path",
	    ":method: CONNECT\n:scheme: https\n:path: /\n" AT, RESET },
	{ "extended CONNECT",
	    ":method: CONNECT\n:protocol: websocket\n:scheme: https\n"
	    ":path: /\n" AT,
	    RESET },
	{ "unknown pseudo field", GET AT ":fragment: x\n", RESET },
	{ "status of a request", GET AT ":status: 200\n", RESET },
	{ "pseudo field after others", GET "x: y\n" AT, RESET },
	{ "upper-case name", GET AT "X-Y: z\n", RESET },
	{ "name with a space", GET AT "x y: z\n", RESET },
	{ "name with CR", GET AT "x\ry: z\n", RESET },
	{ "value with CR", GET AT "x: y\rz: 1\n", RESET },
	{ "value with DEL", GET AT "x: y\177\n", RESET },
	{ "value with a tab", GET AT "x: y\tz\n", TAKEN },
	{ "value of high bytes", GET AT "x: \344\366\n", TAKEN },
	{ "value with a space before", GET AT "x:  y\n", RESET },
	{ "value with a space after", GET AT "x: y \n", RESET },
	{ "empty value", GET AT "x: \n", TAKEN },
	{ "connection", GET AT "connection: close\n", RESET },
	{ "keep-alive", GET AT "keep-alive: 5\n", RESET },
	{ "proxy-connection", GET AT "proxy-connection: x\n", RESET },
	{ "upgrade", GET AT "upgrade: websocket\n", RESET },
	{ "transfer-encoding", GET AT "transfer-encoding: chunked\n", RESET },
	{ "transfer_encoding", GET AT "transfer_encoding: chunked\n", RESET },
	{ "content_length", GET AT "content_length: 5\n", RESET },
	{ "other low line", GET AT "x_y: 5\n", TAKEN },
	{ "te: trailers", GET AT "te: trailers\n", TAKEN },
	{ "te: gzip", GET AT "te: gzip\n", RESET },
	{ "length that says nothing", GET AT "content-length: 0\n", TAKEN },
	{ "length without content", GET AT "content-length: 5\n", RESET },
	{ "length twice", GET AT "content-length: 0\ncontent-length: 0\n",
	    RESET },
	{ "length with a sign", GET AT "content-length: +0\n", RESET },
	{ "length as a list", GET AT "content-length: 0, 0\n", RESET },
	{ "one type", GET AT "content-type: a/b\n", TAKEN },
	{ "two types", GET AT "content-type: a/b\ncontent-type: c/d\n", RESET },
	{ "cookies", GET AT "cookie: a=1\ncookie: b=2\nx: y\ncookie: c=3\n",
	    TAKEN },
	{ "empty cookies", GET AT "cookie: \ncookie: \n", TAKEN },
	{ "expect", GET AT "expect: 100-continue\n", TAKEN },
};

static const struct {
	const char *name, *lines;
	enum outcome want;
} reply[] = {
	{ "200", ":status: 200\n", TAKEN },
	{ "599", ":status: 599\n", TAKEN },
	{ "600", ":status: 600\n", RESET },
	{ "099", ":status: 099\n", RESET },
	{ "2000", ":status: 2000\n", RESET },
	{ "20x", ":status: 20x\n", RESET },
	{ "101", ":status: 101\n", RESET },
	{ "a 1xx that ends", ":status: 100\n", RESET },
	{ "no status", "x: y\n", RESET },
	{ "status twice", ":status: 200\n:status: 200\n", RESET },
	{ "path of an answer", ":status: 200\n:path: /\n", RESET },
	{ "length of nothing", ":status: 200\ncontent-length: 5\n", RESET },
	{ "204 with a length", ":status: 204\ncontent-length: 5\n", RESET },
	{ "304 with a length", ":status: 304\ncontent-length: 5\n", TAKEN },
	{ "spaces around", ":status: 200\nx:  y \n", TAKEN },
	{ "line break", ":status: 200\nx: y\rz: 1\n", RESET },
	{ "transfer-encoding", ":status: 200\ntransfer-encoding: chunked\n",
	    RESET },
	{ "two types", ":status: 200\ncontent-type: a\ncontent-type: b\n",
	    RESET },
};

static void outcome(const char *name, enum outcome want, const struct talk *t)
{
	bool taken = t != NULL && t->heads + t->interims > 0;

	tap_int(
	    taken ? (t->too_large ? LARGE : TAKEN) : RESET, want, "%s", name);
	h2_write(us.h2, &out, 1u << 20);
	tap_ok(t == NULL || taken || t->closed, "%s: no stream is left", name);
}

static void test_requests(void)
{
	for (size_t i = 0; i < sizeof request / sizeof *request; i++) {
		begin(H2_SERVER);
		headers(1, span_str(request[i].lines), RAW_END_STREAM);
		headers(3, SPAN(GET AT), RAW_END_STREAM);
		tap_int(deliver(), 0, "%s", request[i].name);
		outcome(request[i].name, request[i].want, us.talk[0]);
		tap_ok(us.talk[us.ntalks - 1]->heads == 1,
		    "the next stream is fine");
		end(request[i].name);
	}
}

static void test_replies(void)
{
	for (size_t i = 0; i < sizeof reply / sizeof *reply; i++) {
		begin(H2_CLIENT);
		end_ask(&us, "GET", "/", 0);
		h2_write(us.h2, &out, 1u << 20);
		headers(1, span_str(reply[i].lines), RAW_END_STREAM);
		tap_int(deliver(), 0, "%s", reply[i].name);
		outcome(reply[i].name, reply[i].want, us.talk[0]);
		end(reply[i].name);
	}
}

static void test_cookies(void)
{
	begin(H2_SERVER);
	headers(1, SPAN(GET AT "cookie: a=1\nx: y\ncookie: b=2\ncookie: c=3\n"),
	    RAW_END_STREAM);
	deliver();
	tap_span(msg_value(&us.talk[0]->m, FIELD_COOKIE), SPAN("a=1; b=2; c=3"),
	    "cookies become one");
	tap_int(us.talk[0]->m.nfields, 2, "field");
	end("cookies");
}

/* Limits of msg.h: told, then refused by the owner. */
static void test_large(void)
{
	static char text[40000];
	static const struct {
		const char *name;
		unsigned fields;
		size_t bytes;
		enum outcome want;
	} row[] = {
		{ "many fields", 126, 10, TAKEN },
		{ "one too many", 127, 10, LARGE },
		{ "long", 1, 32000, TAKEN },
		{ "too long", 1, 33000, LARGE },
		{ "far too long", 1, 40000, LARGE },
		{ "all too long", 40, 1000, LARGE },
	};

	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		begin(H2_SERVER);
		raw_fields(&block, SPAN(GET AT));
		for (unsigned k = 0; k < row[i].fields; k++)
			raw_field(
			    &block, SPAN("x"), span_of(text, row[i].bytes));
		for (size_t at = 0; at < buf_len(&block); at += 16384) {
			struct span s = span_from(buf_span(&block), at);
			bool whole = s.n <= 16384;

			raw_frame(&in, at == 0 ? RAW_HEADERS : RAW_CONTINUATION,
			    (at == 0 ? RAW_END_STREAM : 0u) |
			        (whole ? RAW_END_HEADERS : 0u),
			    1, span_of(s.p, whole ? s.n : 16384));
		}
		tap_int(deliver(), 0, "%s", row[i].name);
		outcome(row[i].name, row[i].want, us.talk[0]);
		end(row[i].name);
	}
	begin(H2_SERVER);
	text[0] = '/';
	raw_fields(&block, SPAN(":method: GET\n:scheme: https\n" AT));
	raw_field(&block, SPAN(":path"), span_of(text, 16385));
	raw_frame(&in, RAW_HEADERS, RAW_END_STREAM, 1,
	    span_of(buf_span(&block).p, 16384));
	raw_frame(&in, RAW_CONTINUATION, RAW_END_HEADERS, 1,
	    span_from(buf_span(&block), 16384));
	tap_int(deliver(), 0, "a path that is too long");
	outcome("a path that is too long", LARGE, us.talk[0]);
	end("path");
}

/* An entry of 3000 bytes in the table, named again by one byte each. */
static void test_bomb(void)
{
	static char text[3000], again[8000];
	const char literal[] = { 0x40, 1, 'x', 0x7f, (char)0xb9, 0x16 };

	memset(text, 'x', sizeof text);
	memset(again, (char)0xbe, sizeof again);
	begin(H2_SERVER);
	raw_fields(&block, SPAN(GET AT));
	buf_add(&block, literal, sizeof literal);
	buf_add(&block, text, sizeof text);
	buf_add(&block, again, sizeof again);
	raw_frame(&in, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, 1,
	    buf_span(&block));
	tap_int(deliver(), 0, "a block that unfolds to 24 MB");
	tap_ok(us.talk[0]->heads == 0 && us.talk[0]->closed,
	    "is not read to its end");
	h2_write(us.h2, &out, 1u << 20);
	tap_int(raw_find(buf_span(&out), RAW_RST_STREAM, 1),
	    H2_ENHANCE_YOUR_CALM, "and reset");
	end("bomb");
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Damaged heads: what is taken means the same as HTTP/1.1 (h2_ends.c), without
 * the library in between too. */
static void test_damaged(void)
{
	static const char odd[] = "\r\n\t :;,_-/*#@?A\177\200z0";
	static struct msg m;
	char lines[256];
	uint32_t seed = 7;
	unsigned taken = 0, total = 0;
	const char *wrong = NULL;

	for (size_t i = 0; i < sizeof request / sizeof *request; i++)
		for (int k = 0; k < 300; k++) {
			struct arena *a = arena_new(1u << 16);
			size_t n = strlen(request[i].lines);
			struct span rest;
			struct h2_head x;

			memcpy(lines, request[i].lines, n);
			for (uint32_t d = next(&seed) % 3; d > 0; d--)
				lines[next(&seed) % n] =
				    odd[next(&seed) % (sizeof odd - 1)];
			h2_head_init(&x, &m, a, true, k % 2 == 0);
			rest = span_of(lines, n);
			buf_init(&block, 1u << 16);
			while (rest.n > 0) {
				struct span v = span_cut(&rest, '\n'), name;

				name = span_of(v.p, v.n > 0 ? 1 : 0);
				name.n += span_chr(span_from(v, 1), ':');
				if (name.n > v.n)
					name.n = v.n;
				v = span_from(v, name.n + 1);
				if (v.n > 0 && v.p[0] == ' ')
					v = span_from(v, 1);
				h2_head_add(&x, name, v);
			}
			total++;
			if (h2_head_end(&x, SPAN(""), k % 3 == 0) == 0 &&
			    !x.too_large) {
				taken++;
				if (wrong == NULL)
					wrong = same_in_h1(&m, SPAN("GET"));
			}
			buf_fini(&block);
			arena_free(a);
		}
	tap_ok(wrong == NULL, "%u damaged heads, %u taken: %s", total, taken,
	    wrong != NULL ? wrong : "all have one reading");
	tap_ok(taken > 1000, "enough of them");
}

/* ---- trailers ---- */

static void test_trailers(void)
{
	begin(H2_SERVER);
	headers(1, SPAN(GET AT), 0);
	raw_frame(&in, RAW_DATA, 0, 1, SPAN("abc"));
	headers(1, SPAN("x-sum: 1\ncookie: a=b\n"), RAW_END_STREAM);
	headers(3, SPAN(GET AT), 0);
	headers(3, SPAN("x: y\rz\n"), RAW_END_STREAM);
	tap_int(deliver(), 0, "trailers");
	tap_ok(us.talk[0]->ended && us.talk[0]->m.nfields == 0,
	    "are dropped, the content ends");
	tap_ok(!us.talk[1]->ended, "bad ones are not an end");
	h2_write(us.h2, &out, 1u << 20);
	tap_ok(us.talk[1]->closed && us.talk[1]->code == H2_PROTOCOL_ERROR,
	    "but reset the stream");
	end("trailers");
}

/* ---- floods ---- */

struct flood {
	const char *name;
	unsigned type, flags;
	uint32_t id;
	const char *payload;
	size_t n;
	unsigned count; /* that are too many */
};

static const struct flood flood[] = {
	{ "PING", RAW_PING, 0, 0, "12345678", 8, 10100 },
	{ "PING answers", RAW_PING, RAW_ACK, 0, "12345678", 8, 10100 },
	{ "SETTINGS", RAW_SETTINGS, 0, 0, "", 0, 1010 },
	{ "PRIORITY", RAW_PRIORITY, 0, 1, "\0\0\0\0\1", 5, 2010 },
	{ "tiny windows", RAW_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4, 10100 },
	{ "empty DATA", RAW_DATA, 0, 1, "", 0, 1010 },
	{ "padding only", RAW_DATA, RAW_PADDED, 1, "\1\0", 2, 1010 },
};

/* How many frames of f are taken before the connection ends. */
static unsigned drown(const struct flood *f, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		raw_frame(
		    &in, f->type, f->flags, f->id, span_of(f->payload, f->n));
		if (deliver() < 0)
			return i;
		buf_reset(&out);
		h2_write(us.h2, &out, 1u << 20);
	}
	return count;
}

static void calm(const char *name)
{
	buf_reset(&out);
	h2_write(us.h2, &out, 1u << 24);
	tap_int(raw_find(buf_span(&out), RAW_GOAWAY, 0), H2_ENHANCE_YOUR_CALM,
	    "%s: GOAWAY", name);
	tap_ok(h2_over(us.h2), "%s: it is over", name);
	tap_int(h2_feed(us.h2, SPAN("x")), -EPROTO, "%s: and stays so", name);
}

static void test_floods(void)
{
	for (size_t i = 0; i < sizeof flood / sizeof *flood; i++) {
		begin(H2_SERVER);
		headers(1, SPAN(GET AT), 0);
		deliver();
		tap_ok(
		    drown(&flood[i], flood[i].count / 2) == flood[i].count / 2,
		    "%s: some are fine", flood[i].name);
		tap_ok(drown(&flood[i], flood[i].count) < flood[i].count,
		    "%s: too many are not", flood[i].name);
		calm(flood[i].name);
		end(flood[i].name);
	}
}

/* Nobody reads what we answer. */
static void test_unread(void)
{
	begin(H2_SERVER);
	for (int i = 0; i < 2000; i++)
		raw_frame(&in, RAW_PING, 0, 0, SPAN("12345678"));
	tap_int(deliver(), -EPROTO, "2000 PING at once");
	calm("unread");
	end("unread");
}

static void test_rapid_reset(void)
{
	unsigned n = 0;

	begin(H2_SERVER);
	for (uint32_t id = 1; id < 8000 && n == 0; id += 2) {
		headers(id, SPAN(GET AT), RAW_END_STREAM);
		raw_frame(&in, RAW_RST_STREAM, 0, id, SPAN("\0\0\0\10"));
		if (deliver() < 0)
			n = id / 2;
	}
	tap_ok(n >= 490 && n <= 510, "resets that are too many: %u", n);
	calm("rapid reset");
	for (unsigned i = 0; i < us.ntalks; i++)
		if (i + 1 < us.ntalks && !us.talk[i]->closed)
			end_wrong(&us, "a stream is left");
	end("rapid reset");

	begin(H2_SERVER);
	us.answer = true;
	n = 0;
	for (uint32_t id = 1; id < 8000; id += 2) {
		headers(id, SPAN(GET AT), RAW_END_STREAM);
		if (id % 8 == 1)
			raw_frame(
			    &in, RAW_RST_STREAM, 0, id, SPAN("\0\0\0\10"));
		if (deliver() < 0)
			n++;
		buf_reset(&out);
		h2_write(us.h2, &out, 1u << 20);
	}
	tap_int(n, 0, "a browser that gives up every fourth is served");
	end("resets between requests");
}

/* The peer makes us reset: by heads, by windows, by content. */
static void test_made_to_reset(void)
{
	unsigned n = 0;

	begin(H2_SERVER);
	for (uint32_t id = 1; id < 8000 && n == 0; id += 2) {
		headers(id, SPAN(GET AT), 0);
		raw_frame(
		    &in, RAW_WINDOW_UPDATE, 0, id, SPAN("\177\377\377\377"));
		if (deliver() < 0) {
			n = id / 2;
			break;
		}
		buf_reset(&out);
		h2_write(us.h2, &out, 1u << 20);
	}
	tap_ok(n > 490 && n <= 510, "we reset, the peer pays: %u", n);
	calm("made to reset");
	end("made to reset");

	begin(H2_SERVER);
	n = 0;
	for (uint32_t id = 1; id < 8000 && n == 0; id += 2) {
		headers(id, SPAN(GET AT "x: y\rz\n"), RAW_END_STREAM);
		if (deliver() < 0) {
			n = id / 2;
			break;
		}
		buf_reset(&out);
		h2_write(us.h2, &out, 1u << 20);
	}
	tap_ok(n > 240 && n <= 510, "bad heads: %u", n);
	calm("bad heads");
	end("bad heads");
}

static void test_continuation(void)
{
	int r = 0;

	begin(H2_SERVER);
	raw_fields(&block, SPAN(GET AT));
	raw_frame(&in, RAW_HEADERS, 0, 1, buf_span(&block));
	for (int i = 0; i < 2000 && r == 0; i++) {
		raw_frame(&in, RAW_CONTINUATION, 0, 1, SPAN(""));
		r = deliver();
	}
	tap_int(r, -EPROTO, "CONTINUATION without end");
	calm("continuation");
	end("continuation");
}

/* ---- windows ---- */

/* Content as the window allows; false: the peer may send no more. reset: every
 * other frame is of a stream that we have reset. */
static bool fill(size_t total, unsigned flags, bool reset, size_t step)
{
	static char piece[16384];
	struct span pad = span_of(piece, step); /* piece[0]: no padding */
	long long window = H2_CONN_WINDOW_BYTES;
	struct span sent;
	uint32_t id = 3;

	piece[0] = flags & RAW_PADDED ? (char)200 : 0;
	us.reset_head = reset;
	headers(1, SPAN(GET AT), 0);
	(void)deliver();
	us.reset_head = false;
	headers(3, SPAN(GET AT), 0);
	for (size_t n = 0; n < total; n += step) {
		if (window < (long long)step)
			return false;
		id = reset ? id ^ 2 : id;
		raw_frame(&in, RAW_DATA, flags, id, pad);
		window -= (long long)step;
		if (deliver() < 0)
			return false;
		buf_reset(&out);
		h2_write(us.h2, &out, 1u << 20);
		for (sent = buf_span(&out); sent.n >= 13;) {
			const unsigned char *p = (const void *)sent.p;
			size_t len = (size_t)p[0] << 16 | p[1] << 8 | p[2];

			if (p[3] == RAW_WINDOW_UPDATE &&
			    (p[5] | p[6] | p[7] | p[8]) == 0)
				window += (long long)p[9] << 24 | p[10] << 16 |
				          p[11] << 8 | p[12];
			sent = span_from(sent, 9 + len);
		}
	}
	return true;
}

/* What nobody gets is given back all the same, or the connection would stand
 * still one day. */
static void test_windows(void)
{
	begin(H2_SERVER);
	tap_ok(fill(32u << 20, 0, true, 16384),
	    "content of a stream that was reset");
	end("reset");
	begin(H2_SERVER);
	tap_ok(fill(64u << 20, RAW_PADDED, false, 2000), "padding");
	end("padding");
}

/* ---- connection errors ---- */

static const struct {
	const char *name, *bytes;
	size_t n;
	uint32_t code;
} broken[] = {
	{ "DATA on no stream", "\0\0\1\0\0\0\0\0\0x", 10, H2_PROTOCOL_ERROR },
	{ "DATA on an idle stream", "\0\0\1\0\0\0\0\0\11x", 10,
	    H2_PROTOCOL_ERROR },
	{ "HEADERS on an even stream", "\0\0\1\1\5\0\0\0\2\202", 10,
	    H2_PROTOCOL_ERROR },
	{ "a frame over its size", "\0\100\1\0\0\0\0\0\1", 9, 6 },
	{ "a bad block", "\0\0\1\1\5\0\0\0\1\377", 10, 9 },
	{ "PING of 7 bytes", "\0\0\7\6\0\0\0\0\0abcdefg", 16, 6 },
	{ "window 0", "\0\0\4\10\0\0\0\0\0\0\0\0\0", 13, H2_PROTOCOL_ERROR },
	{ "window too large", "\0\0\4\10\0\0\0\0\0\177\377\377\377", 13,
	    H2_FLOW_CONTROL_ERROR },
	{ "PUSH_PROMISE", "\0\0\4\5\4\0\0\0\1\0\0\0\2", 13, H2_PROTOCOL_ERROR },
	{ "CONTINUATION alone", "\0\0\0\11\4\0\0\0\1", 9, H2_PROTOCOL_ERROR },
};

static void test_broken(void)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		begin(H2_SERVER);
		tap_int(deliver(), 0, "preface");
		(void)h2_feed(us.h2, span_of(broken[i].bytes, broken[i].n));
		h2_write(us.h2, &out, 1u << 20);
		tap_int(raw_find(buf_span(&out), RAW_GOAWAY, 0), broken[i].code,
		    "%s", broken[i].name);
		tap_ok(h2_over(us.h2), "%s: it is over", broken[i].name);
		tap_int(h2_feed(us.h2, SPAN("x")), -EPROTO, "and stays so");
		end(broken[i].name);
	}
	begin(H2_SERVER);
	buf_reset(&in);
	tap_int(
	    h2_feed(us.h2, SPAN("GET / HTTP/1.1\r\nHost: meet.example\r\n")),
	    -EPROTO, "HTTP/1.1");
	end("HTTP/1.1");
}

int main(void)
{
	test_requests();
	test_replies();
	test_cookies();
	test_large();
	test_bomb();
	test_damaged();
	test_trailers();
	test_floods();
	test_unread();
	test_rapid_reset();
	test_made_to_reset();
	test_continuation();
	test_windows();
	test_broken();
	return tap_done();
}
