/* SPDX-License-Identifier: EUPL-1.2 */
/* The frames of a WebSocket that nobody reads (RFC 6455, section 5). */
#include <errno.h>
#include <stdlib.h>

#include "lib/tap.h"
#include "unit/wire/frames.h"
#include "wire/ws.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

static struct buf in, out[2], payload;

static struct ws *open_socket(bool deflate)
{
	struct ws_setup s = { .deflate = {
		                  deflate, { false, 15 }, { false, 15 } } };
	struct ws *w = ws_new(&s);

	if (w == NULL)
		abort();
	return w;
}

/* Feed in to a fresh socket in pieces of step bytes; the answer. */
static int feed(enum ws_way way, bool deflate, struct span bytes, size_t step)
{
	struct ws *w = open_socket(deflate);
	int r = 0;

	buf_reset(&out[WS_UP]);
	buf_reset(&out[WS_DOWN]);
	while (r == 0 && bytes.n > 0) {
		struct span part =
		    span_of(bytes.p, bytes.n < step ? bytes.n : step);

		bytes = span_from(bytes, part.n);
		r = ws_feed(w, way, &part, out);
		if (r == 0 && part.n > 0)
			r = -EAGAIN; /* nothing here is so large */
	}
	ws_free(w);
	return r;
}

/* The answer at any cut; where it is 0 the output is the input. */
static bool passes_or(
    enum ws_way way, bool deflate, struct span bytes, int want)
{
	bool good = true;

	for (size_t step = 1; step <= bytes.n; step++) {
		int r = feed(way, deflate, bytes, step);

		good = good && r == want && buf_len(&out[!way]) == 0;
		if (want == 0)
			good = good && span_eq(buf_span(&out[way]), bytes);
	}
	return good;
}

static void begin(void)
{
	buf_reset(&in);
}

static void add(enum ws_way way, unsigned first, struct span text)
{
	frame_add(&in, first, way == WS_UP, text);
}

/* ---- heads ---- */

static void test_opcodes(void)
{
	for (enum ws_way way = WS_UP; way <= WS_DOWN; way++)
		for (unsigned op = 0; op < 16; op++) {
			bool known = op == 1 || op == 2 || op == 9 || op == 10;

			begin();
			add(way, FIN | op, SPAN("x"));
			tap_ok(passes_or(way, false, buf_span(&in),
			           known ? 0 : -EPROTO),
			    "opcode %u alone %s, %s", op,
			    known ? "passes" : "is refused",
			    way == WS_UP ? "up" : "down");
		}
}

static void test_bits(void)
{
	for (unsigned bits = 0x10; bits <= 0x70; bits += 0x10)
		for (unsigned op = 1; op <= 10; op++) {
			bool good = bits == RSV1 && op <= 2;

			if (op > 2 && op < 8)
				continue;
			begin();
			add(WS_UP, FIN | bits | op, SPAN(""));
			tap_ok(passes_or(WS_UP, true, buf_span(&in),
			           good ? 0 : -EPROTO),
			    "reserved bits %x of opcode %u", bits, op);
			tap_ok(passes_or(WS_UP, false, buf_span(&in), -EPROTO),
			    "none without deflate");
		}
	begin();
	add(WS_DOWN, RSV1 | 1, SPAN("a"));
	add(WS_DOWN, FIN | RSV1, SPAN("b"));
	tap_ok(passes_or(WS_DOWN, true, buf_span(&in), -EPROTO),
	    "RSV1 on a continuation");
}

static void test_masks(void)
{
	for (unsigned op = 1; op <= 10; op++) {
		if (op > 2 && op < 8)
			continue;
		begin();
		add(WS_DOWN, FIN | op, SPAN(""));
		tap_ok(passes_or(WS_UP, false, buf_span(&in), -EPROTO),
		    "a frame %u without mask from the client", op);
		begin();
		add(WS_UP, FIN | op, SPAN(""));
		tap_ok(passes_or(WS_DOWN, false, buf_span(&in), -EPROTO),
		    "a frame %u with a mask from the server", op);
	}
}

static void test_lengths(void)
{
	static const struct {
		const char *name;
		struct span head;
		int want;
	} row[] = {
		{ "125 in two bytes", SPAN("\x82\x7e\x00\x7d"), -EPROTO },
		{ "0 in two bytes", SPAN("\x82\x7e\x00\x00"), -EPROTO },
		{ "126 in two bytes", SPAN("\x82\x7e\x00\x7e"), 0 },
		{ "65535 in two bytes", SPAN("\x82\x7e\xff\xff"), 0 },
		{ "65535 in eight", SPAN("\x82\x7f\0\0\0\0\0\0\xff\xff"),
		    -EPROTO },
		{ "1 in eight", SPAN("\x82\x7f\0\0\0\0\0\0\0\1"), -EPROTO },
		{ "65536 in eight", SPAN("\x82\x7f\0\0\0\0\0\1\0\0"), 0 },
		{ "the largest",
		    SPAN("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), 0 },
		{ "the top bit", SPAN("\x82\x7f\x80\0\0\0\0\0\0\0"), -EPROTO },
		{ "all bits", SPAN("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
		    -EPROTO },
		{ "a ping of 126", SPAN("\x89\x7e\x00\x7e"), -EPROTO },
		{ "a ping of 65536", SPAN("\x89\x7f\0\0\0\0\0\1\0\0"),
		    -EPROTO },
		{ "a close in parts", SPAN("\x08\x00"), -EPROTO },
		{ "a ping in parts", SPAN("\x09\x00"), -EPROTO },
		{ "a pong in parts", SPAN("\x0a\x00"), -EPROTO },
	};
	static char text[125];

	for (size_t i = 0; i < COUNT(row); i++)
		tap_ok(passes_or(WS_DOWN, false, row[i].head, row[i].want),
		    "%s: %s", row[i].name, row[i].want == 0 ? "passes" : "no");
	begin();
	add(WS_DOWN, FIN | 9, span_of(text, sizeof text));
	tap_ok(passes_or(WS_DOWN, false, buf_span(&in), 0), "a ping of 125");
}

/* ---- messages in fragments ---- */

struct part {
	unsigned first;
	const char *text;
};

static void test_order(void)
{
	static const struct {
		const char *name;
		struct part part[6];
		int want;
	} row[] = {
		{ "two", { { 1, "a" }, { FIN, "b" } }, 0 },
		{ "three", { { 2, "a" }, { 0, "" }, { FIN, "b" } }, 0 },
		{ "empty ones", { { 1, "" }, { 0, "" }, { FIN, "" } }, 0 },
		{ "a ping between",
		    { { 1, "a" }, { FIN | 9, "p" }, { FIN, "b" } }, 0 },
		{ "a pong between",
		    { { 2, "a" }, { FIN | 10, "" }, { 0, "b" }, { FIN, "" } },
		    0 },
		{ "a close between", { { 1, "a" }, { FIN | 8, "" } }, 0 },
		{ "two messages",
		    { { 1, "a" }, { FIN, "b" }, { FIN | 2, "c" } }, 0 },
		{ "a second beginning", { { 1, "a" }, { FIN | 1, "b" } },
		    -EPROTO },
		{ "another kind", { { 1, "a" }, { 2, "b" } }, -EPROTO },
		{ "no beginning", { { FIN, "a" } }, -EPROTO },
		{ "none, and more to come", { { 0, "a" } }, -EPROTO },
		{ "one behind the last",
		    { { 1, "a" }, { FIN, "b" }, { FIN, "c" } }, -EPROTO },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		for (enum ws_way way = WS_UP; way <= WS_DOWN; way++) {
			begin();
			for (size_t k = 0; row[i].part[k].text != NULL; k++)
				add(way, row[i].part[k].first,
				    span_str(row[i].part[k].text));
			tap_ok(
			    passes_or(way, false, buf_span(&in), row[i].want),
			    "fragments: %s, %s", row[i].name,
			    way == WS_UP ? "up" : "down");
		}
}

/* ---- text ---- */

/* Valid before, the bad sequence, where it is told: at every place of a text,
 * in one frame and across two. */
static void test_bad_text(void)
{
	static const struct {
		const char *name;
		struct span bytes;
		bool good;
	} row[] = {
		{ "two bytes", SPAN("\xc3\xbc"), true },
		{ "the least of two", SPAN("\xc2\x80"), true },
		{ "three bytes", SPAN("\xe2\x82\xac"), true },
		{ "the least of three", SPAN("\xe0\xa0\x80"), true },
		{ "before the surrogates", SPAN("\xed\x9f\xbf"), true },
		{ "behind them", SPAN("\xee\x80\x80"), true },
		{ "four bytes", SPAN("\xf0\x9f\x98\x80"), true },
		{ "the least of four", SPAN("\xf0\x90\x80\x80"), true },
		{ "the last of all", SPAN("\xf4\x8f\xbf\xbf"), true },
		{ "NUL", SPAN("\0"), true },
		{ "a lone tail", SPAN("\x80"), false },
		{ "overlong two", SPAN("\xc0\x80"), false },
		{ "overlong two, last", SPAN("\xc1\xbf"), false },
		{ "overlong three", SPAN("\xe0\x9f\xbf"), false },
		{ "a surrogate", SPAN("\xed\xa0\x80"), false },
		{ "the last surrogate", SPAN("\xed\xbf\xbf"), false },
		{ "overlong four", SPAN("\xf0\x8f\xbf\xbf"), false },
		{ "above the last", SPAN("\xf4\x90\x80\x80"), false },
		{ "f5", SPAN("\xf5\x80\x80\x80"), false },
		{ "ff", SPAN("\xff"), false },
		{ "cut after one of two", SPAN("\xc3"), false },
		{ "cut after two of three", SPAN("\xe2\x82"), false },
		{ "cut after three of four", SPAN("\xf0\x9f\x98"), false },
		{ "no tail", SPAN("\xc3x"), false },
	};
	char text[40];

	for (size_t i = 0; i < COUNT(row); i++) {
		int want = row[i].good ? 0 : -EBADMSG;
		bool good = true;

		for (size_t at = 0; at < 20; at++) {
			size_t n = at + row[i].bytes.n;

			memset(text, 'x', sizeof text);
			memcpy(text + at, row[i].bytes.p, row[i].bytes.n);
			for (size_t cut = 0; cut <= n; cut++) {
				begin();
				add(WS_UP, 1, span_of(text, cut));
				add(WS_UP, FIN, span_of(text + cut, n - cut));
				good = good && feed(WS_UP, false, buf_span(&in),
				                   3) == want;
			}
			begin();
			add(WS_DOWN, FIN | 1, span_of(text, n));
			good = good &&
			       passes_or(WS_DOWN, false, buf_span(&in), want);
		}
		tap_ok(good, "text: %s, at each place and cut", row[i].name);
	}
	begin();
	add(WS_UP, FIN | 2, SPAN("\xff\xfe"));
	tap_ok(passes_or(WS_UP, false, buf_span(&in), 0), "binary is no text");
}

/* ---- close ---- */

static void test_codes(void)
{
	static const struct {
		unsigned from, to;
	} valid[] = { { 1000, 1003 }, { 1007, 1014 }, { 3000, 4999 } };
	unsigned wrong = 0;

	for (unsigned code = 0; code < 65536; code++) {
		char text[2] = { (char)(code >> 8), (char)code };
		bool good = false;

		for (size_t i = 0; i < COUNT(valid); i++)
			good = good ||
			       (code >= valid[i].from && code <= valid[i].to);
		begin();
		add(WS_UP, FIN | 8, span_of(text, 2));
		wrong += feed(WS_UP, false, buf_span(&in), 100) !=
		         (good ? 0 : -EPROTO);
	}
	tap_int(wrong, 0, "every close code passes or is refused");
}

static void test_close(void)
{
	static const struct {
		const char *name;
		struct span payload;
		int want;
	} row[] = {
		{ "none", SPAN(""), 0 },
		{ "one byte", SPAN("\x03"), -EPROTO },
		{ "a code", SPAN("\x03\xe8"), 0 },
		{ "a reason",
		    SPAN("\x03\xe8"
		         "bye \xc3\xbc"),
		    0 },
		{ "a reason that is no UTF-8", SPAN("\x03\xe8\xff"), -EBADMSG },
		{ "a reason that is cut", SPAN("\x03\xe8\xc3"), -EBADMSG },
	};
	struct ws *w = open_socket(false);
	struct span bytes;

	for (size_t i = 0; i < COUNT(row); i++)
		for (enum ws_way way = WS_UP; way <= WS_DOWN; way++) {
			begin();
			add(way, FIN | 8, row[i].payload);
			tap_ok(
			    passes_or(way, false, buf_span(&in), row[i].want),
			    "close with %s", row[i].name);
		}
	begin();
	add(WS_UP, FIN | 8, SPAN("\x03\xe8"));
	add(WS_UP, FIN | 1, SPAN("late"));
	bytes = buf_span(&in);
	buf_reset(&out[WS_UP]);
	tap_int(ws_feed(w, WS_UP, &bytes, out), 0, "a close, then more");
	tap_ok(bytes.n == 0 && buf_len(&out[WS_UP]) == 8 &&
	           ws_closed(w, WS_UP) && !ws_closed(w, WS_DOWN),
	    "only the close goes on");
	tap_int(ws_close(w, WS_UP, 1001, &out[WS_UP]), 0, "no second one");
	tap_int((int)buf_len(&out[WS_UP]), 8, "is written");
	ws_free(w);
}

static void test_own_close(void)
{
	struct ws *w = open_socket(false);
	struct span bytes, rest;
	unsigned first = 0;

	begin();
	add(WS_UP, FIN | 2, SPAN("abc"));
	bytes = span_of(buf_span(&in).p, 7); /* head and a byte */
	buf_reset(&out[WS_UP]);
	buf_reset(&out[WS_DOWN]);
	ws_feed(w, WS_UP, &bytes, out);
	tap_int(ws_close(w, WS_UP, 1009, &out[WS_UP]), -EBUSY,
	    "no close frame in the middle of another");
	tap_int(ws_close(w, WS_DOWN, 1009, &out[WS_DOWN]), 0,
	    "one in the other way");
	rest = buf_span(&out[WS_DOWN]);
	tap_ok(frame_take(&rest, false, &first, &payload) &&
	           first == (FIN | 8) && rest.n == 0,
	    "a whole frame");
	tap_span(buf_span(&payload), SPAN("\x03\xf1"), "with its code");
	tap_ok(ws_closed(w, WS_UP) && ws_closed(w, WS_DOWN), "both are closed");
	ws_free(w);

	w = open_socket(false);
	begin();
	add(WS_UP, 2, SPAN("abc"));
	bytes = buf_span(&in);
	buf_reset(&out[WS_UP]);
	ws_feed(w, WS_UP, &bytes, out);
	tap_int(ws_close(w, WS_UP, 1001, &out[WS_UP]), 0,
	    "between two fragments it may stand");
	rest = span_from(buf_span(&out[WS_UP]), buf_len(&in));
	tap_ok(frame_take(&rest, true, &first, &payload) &&
	           first == (FIN | 8) && rest.n == 0,
	    "masked, for the server");
	ws_free(w);
}

/* ---- RFC 6455, 5.7 ---- */

static void test_vectors(void)
{
	static char text[65536];
	static const struct {
		const char *name;
		enum ws_way way;
		struct span bytes;
	} row[] = {
		{ "an unmasked text", WS_DOWN, SPAN("\x81\x05Hello") },
		{ "a masked text", WS_UP,
		    SPAN("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") },
		{ "a text in fragments", WS_DOWN,
		    SPAN("\x01\x03Hel\x80\x02lo") },
		{ "a ping", WS_DOWN, SPAN("\x89\x05Hello") },
		{ "its answer", WS_UP,
		    SPAN("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		tap_ok(passes_or(row[i].way, false, row[i].bytes, 0),
		    "RFC 6455, 5.7: %s", row[i].name);
	begin();
	add(WS_DOWN, FIN | 2, span_of(text, 256));
	tap_ok(span_starts(buf_span(&in), SPAN("\x82\x7e\x01\x00")) &&
	           passes_or(WS_DOWN, false, buf_span(&in), 0),
	    "RFC 6455, 5.7: 256 bytes");
	begin();
	add(WS_DOWN, FIN | 2, span_of(text, 65536));
	tap_int(feed(WS_DOWN, false, buf_span(&in), 1000), 0,
	    "RFC 6455, 5.7: 64 kiB");
	tap_span(buf_span(&out[WS_DOWN]), buf_span(&in), "pass");
}

/* ---- much ---- */

/* Nothing is held of what nobody reads, however large, and the caller is told
 * to stop. */
static void test_large(void)
{
	struct ws *w = open_socket(false);
	static char part[300000];
	struct span bytes;
	uint64_t left = (uint64_t)1 << 40;
	unsigned stops = 0;
	size_t most = 0;

	buf_reset(&out[WS_DOWN]);
	bytes = SPAN("\x82\x7f\0\0\1\0\0\0\0\0");
	ws_feed(w, WS_DOWN, &bytes, out);
	for (int i = 0; i < 1000; i++) {
		bytes = span_of(part, sizeof part);
		while (ws_feed(w, WS_DOWN, &bytes, out) == 0 && bytes.n > 0) {
			stops++;
			if (buf_len(&out[WS_DOWN]) > most)
				most = buf_len(&out[WS_DOWN]);
			buf_drain(&out[WS_DOWN], buf_len(&out[WS_DOWN]));
		}
		left -= sizeof part;
	}
	tap_ok(stops > 0 && most < WS_PAUSE_BYTES + 65536,
	    "of a frame of a terabyte as much at once as there is room");
	tap_int((int)ws_held(w), 0, "nothing of it is held");
	ws_free(w);
}

int main(void)
{
	buf_init(&in, 1u << 24);
	buf_init(&out[WS_UP], 1u << 24);
	buf_init(&out[WS_DOWN], 1u << 24);
	buf_init(&payload, 1u << 24);
	test_opcodes();
	test_bits();
	test_masks();
	test_lengths();
	test_order();
	test_bad_text();
	test_codes();
	test_close();
	test_own_close();
	test_vectors();
	test_large();
	buf_fini(&in);
	buf_fini(&out[WS_UP]);
	buf_fini(&out[WS_DOWN]);
	buf_fini(&payload);
	return tap_done();
}
