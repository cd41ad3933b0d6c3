/* SPDX-License-Identifier: EUPL-1.2 */
/* The second reader of WebSocket frames: the vectors of RFC 6455, 5.7 and RFC
 * 7692, 7.2.3, and what it must refuse. */
#include "lib/case_ws.h"
#include "lib/tap.h"

static const struct {
	const char *name;
	struct span in;
	bool masked, deflate;
	const char *want; /* the message; NULL: refused; "...": not complete */
} row[] = {
	{ "text", SPAN("\x81\x05Hello"), false, false, "Hello" },
	{ "masked text", SPAN("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
	    true, false, "Hello" },
	{ "two frames", SPAN("\x01\x03Hel\x80\x02lo"), false, false, "Hello" },
	{ "a ping between", SPAN("\x01\x03Hel\x89\x01?\x80\x02lo"), false,
	    false, "Hello" },
	{ "half", SPAN("\x81\x05Hel"), false, false, "..." },
	{ "compressed", SPAN("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"), false,
	    true, "Hello" },
	{ "compressed, two frames",
	    SPAN("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"), false, true,
	    "Hello" },
	{ "with context",
	    SPAN("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"
	         "\xc1\x05\xf2\x00\x11\x00\x00"),
	    false, true, "Hello" },
	{ "not compressed", SPAN("\xc1\x0b\x00\x05\x00\xfa\xffHello\x00"),
	    false, true, "Hello" },
	{ "the last block", SPAN("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
	    false, true, "Hello" },
	{ "two blocks",
	    SPAN(
	        "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
	    false, true, "Hello" },
	{ "nothing, compressed", SPAN("\xc1\x01\x00"), false, true, "" },
	{ "a mask from a server", SPAN("\x81\x80\x37\xfa\x21\x3d"), false,
	    false, NULL },
	{ "no mask from a client", SPAN("\x81\x01?"), true, false, NULL },
	{ "reserved bit", SPAN("\xa1\x01?"), false, false, NULL },
	{ "compressed, not agreed", SPAN("\xc1\x01?"), false, false, NULL },
	{ "compressed ping", SPAN("\xc9\x01?"), false, true, NULL },
	{ "opcode 3", SPAN("\x83\x01?"), false, false, NULL },
	{ "opcode 11", SPAN("\x8b\x01?"), false, false, NULL },
	{ "a ping that is cut", SPAN("\x09\x01?"), false, false, NULL },
	{ "goes on with nothing", SPAN("\x80\x01?"), false, false, NULL },
	{ "one inside another", SPAN("\x01\x01?\x81\x01?"), false, false,
	    NULL },
	{ "a long length for 125", SPAN("\x82\x7e\x00\x7d"), false, false,
	    NULL },
	{ "bad deflate", SPAN("\xc1\x02\xff\xff"), false, true, NULL },
};

/* Feed all; 1: the last frame ended a message, 0: more is needed. */
static int read_all(struct case_reader *w, struct span in)
{
	const char *why = "";
	ptrdiff_t n = 1;

	while (in.n > 0 && n > 0) {
		n = case_reader_next(w, in, &why);
		in = span_from(in, n > 0 ? (size_t)n : 0);
	}
	return n < 0 ? -1 : n == 0 ? 0 : case_reader_whole(w);
}

static void test_rows(void)
{
	const struct case_deflate off = { .bits = 15 };
	const struct case_deflate on = { .on = true, .bits = 15 };

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct case_reader w;
		struct span want = span_str(row[i].want ? row[i].want : "");
		int r;

		case_reader_init(
		    &w, row[i].masked, row[i].deflate ? &on : &off);
		r = read_all(&w, row[i].in);
		if (row[i].want == NULL)
			tap_ok(r < 0, "refused: %s", row[i].name);
		else if (span_eq(want, SPAN("...")))
			tap_ok(r == 0, "%s", row[i].name);
		else
			tap_ok(r == 1 && span_eq(buf_span(&w.message), want),
			    "%s", row[i].name);
		case_reader_fini(&w);
	}
}

/* Whatever is written can be read. */
static void test_both(void)
{
	static char text[70000];
	static const size_t size[] = { 0, 1, 125, 126, 65535, 65536, 70000 };

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "Erika Mustermann, Amt Beispielstadt\n"[i * i % 36];
	for (int bits = 8; bits <= 15; bits++) {
		for (int way = 0; way < 4; way++) {
			struct case_deflate d = {
				.on = true, .fresh = way & 1, .bits = bits
			};
			struct case_writer out;
			struct case_reader in;
			bool good = true;
			struct buf b;

			case_writer_init(&out, way & 2, &d);
			case_reader_init(&in, way & 2, &d);
			for (size_t k = 0; k < sizeof size / sizeof *size; k++)
				for (unsigned n = 1; n < 4; n++) {
					struct span s = span_of(text, size[k]);

					buf_init(&b, 1u << 20);
					case_ws_message(&out, OPCODE_TEXT,
					    n != 2, false, n, s, &b);
					good &=
					    read_all(&in, buf_span(&b)) == 1 &&
					    span_eq(buf_span(&in.message), s);
					buf_fini(&b);
				}
			tap_ok(good, "window of %d bits, way %d", bits, way);
			case_writer_fini(&out);
			case_reader_fini(&in);
		}
	}
}

/* A name in what has only begun is seen as well. */
static void test_rest(void)
{
	static const struct {
		const char *name;
		struct span in;
		bool masked;
	} part[] = {
		{ "half a frame",
		    SPAN("\x81\x0e"
		         "Erika"),
		    false },
		{ "half a frame, masked",
		    SPAN("\x81\x8e\x01\x02\x03\x04\x44\x70\x6a\x6f\x60"),
		    true },
		{ "half a message",
		    SPAN("\x01\x03"
		         "Eri\x00\x02ka"),
		    false },
		{ "both",
		    SPAN("\x01\x03"
		         "Eri\x80\x05ka"),
		    false },
	};
	const struct case_deflate off = { .bits = 15 };

	for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
		struct span in = part[i].in;
		struct case_reader w;
		const char *why;
		struct buf b;
		ptrdiff_t n;

		buf_init(&b, 1000);
		case_reader_init(&w, part[i].masked, &off);
		while ((n = case_reader_next(&w, in, &why)) > 0)
			in = span_from(in, (size_t)n);
		case_reader_rest(&w, in, &b);
		tap_span(buf_span(&b), SPAN("Erika"), "%s", part[i].name);
		case_reader_fini(&w);
		buf_fini(&b);
	}
}

static void test_handshake(void)
{
	struct case_deflate up, down;

	case_deflate_read(SPAN(""), &up, &down);
	tap_ok(!up.on && !down.on, "nothing agreed");
	case_deflate_read(SPAN("permessage-deflate; client_max_window_bits=10; "
	                       "server_no_context_takeover"),
	    &up, &down);
	tap_ok(up.on && up.bits == 10 && !up.fresh && down.on &&
	           down.bits == 15 && down.fresh,
	    "parameters of both directions");
}

int main(void)
{
	test_rows();
	test_both();
	test_rest();
	test_handshake();
	return tap_done();
}
