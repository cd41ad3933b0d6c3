/* SPDX-License-Identifier: EUPL-1.2 */
/* Compressed messages (RFC 7692): how they are agreed on, opened and written.
 */
#include <errno.h>
#include <stdlib.h>

#include "body/flate.h"
#include "body/scrub.h"
#include "engine/match.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"
#include "unit/wire/frames.h"
#include "wire/ws.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

static struct buf in, out[2], fresh[2], payload, plain, said;

/* ---- the heads ---- */

#define PMD "permessage-deflate"
#define PLAIN 1
#define LEAN_UP 2
#define LEAN_DOWN 4

static const struct {
	const char *name;
	unsigned flags;
	const char *offer, *to_server;
	const char *answer, *to_client; /* "!": refused */
	struct ws_deflate want;
} head_row[] = {
	{ "none", 0, "", "", "", "", { false, { false, 0 }, { false, 0 } } },
	{ "as browsers do", 0, PMD "; client_max_window_bits",
	    PMD "; client_max_window_bits", PMD, PMD,
	    { true, { true, 15 }, { true, 15 } } },
	{ "any case, any space", 0,
	    "Permessage-Deflate ;Client_Max_Window_Bits=  10",
	    PMD "; client_max_window_bits=10", PMD ";client_max_window_bits=9",
	    PMD "; client_max_window_bits=9",
	    { true, { true, 9 }, { true, 15 } } },
	{ "quotes", 0, PMD "; server_max_window_bits=\"10\"",
	    PMD "; server_max_window_bits=10",
	    PMD "; server_max_window_bits=\"10\"",
	    PMD "; server_max_window_bits=10",
	    { true, { true, 15 }, { true, 10 } } },
	{ "not by this pack", PLAIN, PMD "; client_max_window_bits", "", "", "",
	    { false, { false, 0 }, { false, 0 } } },
	{ "answered all the same", PLAIN, PMD, "", PMD, "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "the server wants none", 0, PMD, PMD, "", "",
	    { false, { false, 0 }, { false, 0 } } },
	{ "other extensions go", 0,
	    "x-webkit-deflate-frame, " PMD ", bbf-usp-protocol; a=\"b, c\"",
	    PMD, PMD, PMD, { true, { true, 15 }, { true, 15 } } },
	{ "a comma in quotes", 0, "x; a=\"permessage-deflate, " PMD "\"", "",
	    "", "", { false, { false, 0 }, { false, 0 } } },
	{ "lean up", LEAN_UP, PMD "; client_max_window_bits",
	    PMD "; client_max_window_bits", PMD,
	    PMD "; client_no_context_takeover",
	    { true, { false, 15 }, { true, 15 } } },
	{ "lean down", LEAN_DOWN, PMD, PMD "; server_no_context_takeover",
	    PMD "; server_no_context_takeover",
	    PMD "; server_no_context_takeover",
	    { true, { true, 15 }, { false, 15 } } },
	{ "a server that does not care", LEAN_DOWN, PMD,
	    PMD "; server_no_context_takeover", PMD, PMD,
	    { true, { true, 15 }, { true, 15 } } },
	{ "two offers, the second is taken", 0,
	    PMD "; server_max_window_bits=8, " PMD,
	    PMD "; server_max_window_bits=8, " PMD, PMD, PMD,
	    { true, { true, 15 }, { true, 15 } } },
	{ "the smallest windows", 0,
	    PMD "; server_max_window_bits=8; client_max_window_bits=8",
	    PMD "; server_max_window_bits=8; client_max_window_bits=8",
	    PMD "; server_max_window_bits=8; client_max_window_bits=8",
	    PMD "; server_max_window_bits=8; client_max_window_bits=8",
	    { true, { true, 8 }, { true, 8 } } },
	{ "a window that the client did not ask for", 0, PMD, PMD,
	    PMD "; server_max_window_bits=9", PMD "; server_max_window_bits=9",
	    { true, { true, 15 }, { true, 9 } } },
	{ "too small, too large, no number", 0,
	    PMD "; client_max_window_bits=7, " PMD
	        "; server_max_window_bits=16, " PMD
	        "; server_max_window_bits=08, " PMD
	        "; server_max_window_bits=x",
	    "", "", "", { false, { false, 0 }, { false, 0 } } },
	{ "a parameter twice, an unknown one, a value for none", 0,
	    PMD "; client_no_context_takeover; client_no_context_takeover, " PMD
	        "; x, " PMD "; server_no_context_takeover=1, " PMD
	        "; server_max_window_bits",
	    "", "", "", { false, { false, 0 }, { false, 0 } } },
	{ "more offers than anybody has", 0,
	    PMD ", " PMD ", " PMD ", " PMD ", " PMD,
	    PMD ", " PMD ", " PMD ", " PMD, PMD, PMD,
	    { true, { true, 15 }, { true, 15 } } },

	{ "answered though not offered", 0, "", "", PMD, "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "another extension", 0, PMD, PMD, "x-webkit-deflate-frame", "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "two at once", 0, PMD, PMD, PMD ", " PMD, "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "a window for a client that knows none", 0, PMD, PMD,
	    PMD "; client_max_window_bits=9", "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "a larger one than offered", 0, PMD "; client_max_window_bits=9",
	    PMD "; client_max_window_bits=9", PMD "; client_max_window_bits=10",
	    "!", { false, { false, 0 }, { false, 0 } } },
	{ "a window without a number", 0, PMD "; client_max_window_bits",
	    PMD "; client_max_window_bits", PMD "; client_max_window_bits", "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "takeover though it was to be none", 0,
	    PMD "; server_no_context_takeover",
	    PMD "; server_no_context_takeover", PMD, "!",
	    { false, { false, 0 }, { false, 0 } } },
	{ "no window though one was asked for", 0,
	    PMD "; server_max_window_bits=9", PMD "; server_max_window_bits=9",
	    PMD, "!", { false, { false, 0 }, { false, 0 } } },
};

static bool same_flow(struct ws_flow a, struct ws_flow b)
{
	return a.takeover == b.takeover && a.bits == b.bits;
}

static void test_heads(void)
{
	for (size_t i = 0; i < COUNT(head_row); i++) {
		unsigned flags = head_row[i].flags;
		struct ws_offer o = { .plain = (flags & PLAIN) != 0,
			.lean_up = (flags & LEAN_UP) != 0,
			.lean_down = (flags & LEAN_DOWN) != 0 };
		bool refused = head_row[i].to_client[0] == '!';
		struct ws_deflate d;
		int r;

		buf_reset(&plain);
		ws_offer_read(&o, span_str(head_row[i].offer), &plain);
		tap_span(buf_span(&plain), span_str(head_row[i].to_server),
		    "offer: %s", head_row[i].name);
		buf_reset(&plain);
		r = ws_offer_answer(
		    &o, span_str(head_row[i].answer), &d, &plain);
		tap_int(
		    r, refused ? -EPROTO : 0, "answer: %s", head_row[i].name);
		if (!refused)
			tap_span(buf_span(&plain),
			    span_str(head_row[i].to_client),
			    "what the client sees");
		tap_ok(d.on == head_row[i].want.on &&
		           same_flow(d.up, head_row[i].want.up) &&
		           same_flow(d.down, head_row[i].want.down),
		    "what is agreed");
	}
}

/* ---- flate ---- */

static void test_vectors(void)
{
	static const struct {
		const char *name;
		struct span coded;
		int want;
		const char *text;
	} row[] = {
		{ "7.2.3.1: one block", SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00"), 0,
		    "Hello" },
		{ "7.2.3.3: no compression",
		    SPAN("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), 0,
		    "Hello" },
		{ "7.2.3.4: BFINAL", SPAN("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
		    0, "Hello" },
		{ "7.2.3.5: two blocks",
		    SPAN("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07"
		         "\x00"),
		    0, "Hello" },
		{ "7.2.3.6: empty", SPAN("\x00"), 0, "" },
		{ "no bytes", SPAN(""), 0, "" },
		{ "BFINAL without a byte behind it",
		    SPAN("\xf3\x48\xcd\xc9\xc9\x07\x00"), 0, "Hello" },
		{ "BFINAL twice",
		    SPAN("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07"
		         "\x00\x00"),
		    0, "HelloHello" },
		{ "cut off", SPAN("\xf2\x48\xcd\xc9"), -EBADMSG, "" },
		{ "cut off in a stored block",
		    SPAN("\x00\x05\x00\xfa\xff\x48\x65"), -EBADMSG, "" },
		{ "a bad block", SPAN("\x07\x00"), -EBADMSG, "" },
		{ "too far back", SPAN("\xf2\x00\x11\x00\x00"), -EBADMSG, "" },
		{ "zlib", SPAN("\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00"),
		    -EBADMSG, "" },
	};
	struct flate_past past = { .mem = NULL };

	for (size_t i = 0; i < COUNT(row); i++) {
		buf_reset(&plain);
		if (tap_int(flate_open(NULL, 15, row[i].coded, &plain),
		        row[i].want, "RFC 7692: %s", row[i].name) &&
		    row[i].want == 0)
			tap_span(buf_span(&plain), span_str(row[i].text),
			    "its text");
	}
	buf_reset(&plain);
	flate_open(&past, 15, SPAN("\xf2\x48\xcd\xc9\xc9\x07\x00"), &plain);
	flate_open(&past, 15, SPAN("\xf2\x00\x11\x00\x00"), &plain);
	tap_span(buf_span(&plain), SPAN("HelloHello"),
	    "RFC 7692, 7.2.3.2: the window goes on");
	tap_ok(past.n == 10 && past.room <= 256, "that is all that is kept");
	flate_past_fini(&past);
}

/* A text of n bytes in which parts come again from far away. */
static struct span text_of(size_t n, unsigned seed)
{
	static struct buf text;
	unsigned x = seed * 2654435761u + 1;

	buf_fini(&text);
	buf_init(&text, 1u << 24);
	while (buf_len(&text) < n) {
		x = x * 1103515245 + 12345;
		if (buf_len(&text) > 400 && (x >> 20 & 3) == 0) {
			size_t at = (x >> 8) % (buf_len(&text) - 40);
			char part[40];

			memcpy(part, buf_span(&text).p + at, sizeof part);
			buf_add(&text, part, sizeof part);
		} else {
			buf_add_char(&text, (char)('a' + (x >> 16) % 26));
		}
	}
	buf_truncate(&text, n);
	return buf_span(&text);
}

static void test_windows(void)
{
	static const size_t size[] = { 0, 1, 5, 255, 256, 257, 300, 5000, 70000,
		300000 };

	for (unsigned bits = 8; bits <= 15; bits++) {
		struct flater *reads = flater_new(bits, false);
		bool good = true, packed = false;

		for (size_t i = 0; i < COUNT(size); i++) {
			struct span text = text_of(size[i], (unsigned)i);
			int r;

			buf_reset(&payload);
			buf_reset(&plain);
			r = flate_pack(bits, text, &payload);
			packed = packed || r == 0;
			good = good && r >= 0 && buf_len(&payload) <= text.n;
			if (r == 1)
				continue;
			good = good &&
			       flater_open(reads, buf_span(&payload), &plain) &&
			       span_eq(buf_span(&plain), text);
		}
		flater_free(reads);
		tap_ok(good && (packed || bits == 8),
		    "what is packed for %u bits is opened by a window of them",
		    bits);
	}
}

static void test_takeover(void)
{
	for (unsigned bits = 8; bits <= 15; bits++)
		for (int takeover = 0; takeover < 2; takeover++) {
			struct flater *writes = flater_new(bits, takeover);
			struct flate_past past = { .mem = NULL };
			size_t most = 0;
			bool good = true;

			for (unsigned i = 0; i < 300; i++) {
				struct span text =
				    text_of(i % 7 == 0 ? 9000 : i, i / 3);
				int r;

				buf_reset(&payload);
				buf_reset(&plain);
				flater_pack(writes, text, &payload);
				r = flate_open(takeover ? &past : NULL, bits,
				    buf_span(&payload), &plain);
				good = good && r == 0 &&
				       span_eq(buf_span(&plain), text);
				most = past.room > most ? past.room : most;
			}
			tap_ok(good, "300 messages, %u bits, %s", bits,
			    takeover ? "with takeover" : "each alone");
			tap_ok(most <=
			           (takeover ? 512u << (bits > 9 ? bits - 9 : 0)
			                     : 0u),
			    "a window is kept, no more");
			flate_past_fini(&past);
			flater_free(writes);
		}
}

static void test_ratio(void)
{
	static char zero[1u << 22];
	struct flater *writes = flater_new(15, false);

	buf_reset(&payload);
	buf_reset(&plain);
	flater_pack(writes, span_of(zero, sizeof zero), &payload);
	tap_int(flate_open(NULL, 15, buf_span(&payload), &plain), -E2BIG,
	    "4 MB of zeros in 4 kB");
	buf_reset(&payload);
	buf_reset(&plain);
	flater_pack(writes, span_of(zero, 900000), &payload);
	tap_int(flate_open(NULL, 15, buf_span(&payload), &plain), 0,
	    "below a megabyte the ratio does not count");
	flater_free(writes);
}

/* ---- sockets ---- */

static void note(
    void *arg, enum ws_way way, enum ws_note what, const struct entry *entry)
{
	(void)arg, (void)way, (void)entry;
	buf_addf(&said, "%u", what);
}

static int look(void *arg, struct span text)
{
	(void)arg;
	return span_find(text, SPAN("secret")) < text.n ? -EACCES : 0;
}

static struct env env;

static const struct pack drops = { .id = "a",
	.websocket = {
	    { .when = "* */ws",
	        .direction = "both",
	        .message = "json $.evt",
	        .glob = "4167",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* */ws",
	        .direction = "both",
	        .pass_unread = true,
	        .strip = { { "json $.name", "drop", "participant" } } },
	} };

enum reader { NOBODY, RULES, GUARD, WATCHER };

static struct ws *open_socket(
    const struct ruleset *r, enum reader reader, bool takeover, unsigned bits)
{
	struct ws_flow flow = { takeover, (uint8_t)bits };
	struct subject q = { SPAN("GET"), SPAN("meet.example"), SPAN("/ws"),
		SPAN(""), SPAN("") };
	struct ws_setup s = { .deflate = { true, flow, flow },
		.env = { &env, &env },
		.observe = reader == WATCHER,
		.look = reader == GUARD ? look : NULL,
		.note = note };
	struct socket_match m;
	struct ws *w;

	if (match_socket(r, ruleset_at(r, 0), &q, SPAN(""), &m) < 0)
		abort();
	if (reader == RULES || reader == WATCHER) {
		s.rules[WS_UP] = m.up;
		s.rules[WS_DOWN] = m.down;
	}
	if ((w = ws_new(&s)) == NULL)
		abort();
	buf_reset(&out[WS_UP]);
	buf_reset(&out[WS_DOWN]);
	buf_reset(&said);
	return w;
}

static int feed(struct ws *w, enum ws_way way, size_t step)
{
	struct span bytes = buf_span(&in);
	int r = 0;

	while (r == 0 && bytes.n > 0) {
		struct span part =
		    span_of(bytes.p, bytes.n < step ? bytes.n : step);

		bytes = span_from(bytes, part.n);
		while (r == 0 && part.n > 0) {
			r = ws_feed(w, way, &part, fresh);
			for (int i = 0; i < 2; i++) {
				buf_add_span(&out[i], buf_span(&fresh[i]));
				buf_drain(&fresh[i], buf_len(&fresh[i]));
			}
		}
	}
	return r;
}

/* One compressed message in two fragments. */
static void add_coded(struct flater *f, enum ws_way way, unsigned opcode,
    struct span text, struct buf *to)
{
	struct span coded;
	size_t half;

	buf_reset(&payload);
	flater_pack(f, text, &payload);
	coded = buf_span(&payload);
	half = coded.n / 2;
	frame_add(to, RSV1 | opcode, way == WS_UP, span_of(coded.p, half));
	frame_add(to, FIN, way == WS_UP, span_from(coded, half));
}

static void make_text(struct buf *text, unsigned i)
{
	buf_reset(text);
	if (i % 5 == 4)
		buf_add_str(text, "no JSON, Erika may stand here");
	else
		buf_addf(text,
		    "{\"name\":\"Erika Mustermann %u\",\"n\":%u,\"list\":[1,2,"
		    "3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9],\"evt\":%u}",
		    i, i, i % 7 == 0 ? 4167 : 1);
}

static void make_want(struct buf *text, unsigned i)
{
	buf_reset(text);
	if (i % 5 == 4)
		buf_add_str(text, "no JSON, Erika may stand here");
	else if (i % 7 != 0)
		buf_addf(text,
		    "{\"n\":%u,\"list\":[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9],"
		    "\"evt\":1}",
		    i);
}

/* Does what came out hold the messages it should, as the peer opens them? */
static bool arrives(
    enum ws_way way, unsigned bits, bool takeover, enum reader reader)
{
	struct flater *reads = flater_new(bits, takeover);
	struct span rest = buf_span(&out[way]);
	struct buf text, want;
	unsigned first;
	bool good = true;

	buf_init(&text, 1u << 20);
	buf_init(&want, 1u << 20);
	for (unsigned i = 0; i < 60; i++) {
		bool last = false;

		if (reader == RULES)
			make_want(&want, i);
		else
			make_text(&want, i);
		if (buf_len(&want) == 0)
			continue;
		buf_reset(&plain);
		buf_reset(&text);
		for (unsigned coded = 2; !last;) {
			if (!frame_take(
			        &rest, way == WS_UP, &first, &payload)) {
				good = false;
				break;
			}
			if (coded == 2)
				coded = (first & RSV1) != 0;
			buf_add_span(&plain, buf_span(&payload));
			last = (first & FIN) != 0;
			if (last && coded)
				good = flater_open(
				           reads, buf_span(&plain), &text) &&
				       good;
			else if (last)
				buf_add_span(&text, buf_span(&plain));
		}
		good = good && span_eq(buf_span(&text), buf_span(&want));
		if (!good)
			break;
		if (reader == RULES && i % 5 != 4)
			good = span_find(buf_span(&text), SPAN("Erika")) ==
			       buf_len(&text);
	}
	flater_free(reads);
	buf_fini(&text);
	buf_fini(&want);
	return good && rest.n == 0;
}

static void try(const struct ruleset *r, enum ws_way way, enum reader reader,
    bool takeover, unsigned bits)
{
	static const char *const word[] = { "nobody reads", "rules", "a guard",
		"rules that watch" };
	static const size_t step[] = { 1, 7, 100000 };
	struct buf text;
	bool good = true;

	buf_init(&text, 1u << 20);
	for (size_t k = 0; k < COUNT(step); k++) {
		struct ws *w = open_socket(r, reader, takeover, bits);
		struct flater *f = flater_new(bits, takeover);
		size_t held;

		buf_reset(&in);
		for (unsigned i = 0; i < 60; i++) {
			make_text(&text, i);
			if (i % 11 == 10) /* not all of them */
				frame_add(&in, FIN | 1, way == WS_UP,
				    buf_span(&text));
			else
				add_coded(f, way, 1, buf_span(&text), &in);
		}
		good = good && feed(w, way, step[k]) == 0 &&
		       arrives(way, bits, takeover, reader);
		held = ws_held(w);
		good = good &&
		       held <= (takeover && reader != NOBODY ? (size_t)1 << bits
		                                             : 0);
		ws_free(w);
		flater_free(f);
	}
	buf_fini(&text);
	tap_ok(good, "%s, %s, %u bits, %s", way == WS_UP ? "up" : "down",
	    word[reader], bits, takeover ? "takeover" : "each alone");
}

static void test_sockets(void)
{
	struct ruleset *r = pack_build(&drops);

	for (enum ws_way way = WS_UP; way <= WS_DOWN; way++)
		for (enum reader who = NOBODY; who <= WATCHER; who++)
			for (unsigned bits = 9; bits <= 15; bits++)
				for (int t = 0; t < 2; t++)
					try(r, way, who, t == 1, bits);
	ruleset_unref(r);
}

static void test_faults(void)
{
	struct ruleset *r = pack_build(&drops);
	static const struct {
		const char *name;
		struct span coded;
		int want;
	} row[] = {
		{ "cut off", SPAN("\xf2\x48\xcd\xc9"), -EBADMSG },
		{ "garbage", SPAN("\xff\xff\xff"), -EBADMSG },
		{ "no UTF-8", SPAN("\x00\x01\x00\xfe\xff\xff\x00"), -EBADMSG },
		{ "cut UTF-8", SPAN("\x00\x01\x00\xfe\xff\xc3\x00"), -EBADMSG },
		{ "UTF-8", SPAN("\x00\x02\x00\xfd\xff\xc3\xbc\x00"), 0 },
	};

	for (size_t i = 0; i < COUNT(row); i++) {
		struct ws *w = open_socket(r, RULES, false, 15);

		buf_reset(&in);
		frame_add(&in, FIN | RSV1 | 1, true, row[i].coded);
		tap_int(
		    feed(w, WS_UP, 2), row[i].want, "a text: %s", row[i].name);
		tap_ok(row[i].want == 0 || buf_len(&out[WS_UP]) == 0,
		    "nothing of it leaves");
		ws_free(w);
		w = open_socket(r, WATCHER, true, 15);
		tap_int(feed(w, WS_UP, 2), 0, "observe: %s", row[i].name);
		tap_span(buf_span(&out[WS_UP]), buf_span(&in), "passes");
		ws_free(w);
	}
	ruleset_unref(r);
}

static void test_guard(void)
{
	struct ruleset *r = pack_build(&drops);
	struct flater *f = flater_new(15, true);
	struct ws *w = open_socket(r, GUARD, true, 15);

	buf_reset(&in);
	add_coded(f, WS_UP, 2, SPAN("a secr"), &in);
	tap_int(feed(w, WS_UP, 5), 0, "a guard: nothing is found");
	buf_reset(&in);
	buf_reset(&out[WS_UP]);
	add_coded(f, WS_UP, 2, SPAN("a secret"), &in);
	tap_int(feed(w, WS_UP, 5), -EACCES,
	    "found, though most of it refers to the message before");
	tap_int((int)buf_len(&out[WS_UP]), 0, "nothing of it leaves");
	ws_free(w);
	flater_free(f);
	ruleset_unref(r);
}

static void test_large(void)
{
	struct ruleset *r = pack_build(&drops);
	struct flater *f = flater_new(15, true), *reads = flater_new(15, true);
	struct ws *w = open_socket(r, RULES, true, 15);
	struct buf text;
	unsigned first = 0;
	struct span rest;

	buf_init(&text, 1u << 24);
	buf_add_str(&text, "{\"name\":\"Erika\",\"a\":\"");
	buf_add_span(&text, text_of(1u << 20, 1));
	buf_add_str(&text, "\"}");
	buf_reset(&in);
	add_coded(f, WS_UP, 1, buf_span(&text), &in);
	tap_int(feed(w, WS_UP, 65536), 0, "a message of a megabyte");
	rest = buf_span(&out[WS_UP]);
	buf_reset(&plain);
	tap_ok(frame_take(&rest, true, &first, &payload) &&
	           first == (FIN | RSV1 | 1) &&
	           flater_open(reads, buf_span(&payload), &plain) &&
	           span_starts(buf_span(&plain), SPAN("{\"a\":\"")) &&
	           buf_len(&plain) == buf_len(&text) - 15,
	    "is scrubbed and compressed again");
	tap_int((int)ws_held(w), 1 << 15, "a window is kept");
	ws_free(w);
	flater_free(f);
	flater_free(reads);
	buf_fini(&text);
	ruleset_unref(r);
}

int main(void)
{
	struct buf *all[] = { &in, &out[0], &out[1], &fresh[0], &fresh[1],
		&payload, &plain, &said };

	scrub_env(&env);
	for (size_t i = 0; i < COUNT(all); i++)
		buf_init(all[i], 1u << 24);
	test_heads();
	test_vectors();
	test_windows();
	test_takeover();
	test_ratio();
	test_sockets();
	test_faults();
	test_guard();
	test_large();
	for (size_t i = 0; i < COUNT(all); i++)
		buf_fini(all[i]);
	return tap_done();
}
