/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/hello.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "lib/tap.h"

/* What OpenSSL 3.0 sends for -servername Meet.Example -alpn h2,http/1.1, with
 * -tls1_2 -servername meet.example, and with -tls1_3 -noservername. */
static const char openssl_both[] =
    "160301014b0100014703031e970d572bc6363c56ea8ff082f17cc2e6265729ab"
    "f4b44091f07a531c7a9f64207726f4b6f3a05a0969f02e19356faf61010874d5"
    "2f9db762977580fa4c34067c003e130213031301c02cc030009fcca9cca8ccaa"
    "c02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d"
    "009c003d003c0035002f00ff010000c000000011000f00000c4d6565742e4578"
    "616d706c65000b000403000102000a00160014001d0017001e00190018010001"
    "01010201030104002300000010000e000c02683208687474702f312e31001600"
    "0000170000000d002a0028040305030603080708080809080a080b0804080508"
    "06040105010601030303010302040205020602002b0009080304030303020301"
    "002d00020101003300260024001d00200f505f83cd2b16630479b433082b8a09"
    "d854bfda50589c893aad6de490d29f34";
static const char openssl_12[] =
    "16030100cc010000c80303b7bc9d48f823683e2413dd7af664956f5913a3dd14"
    "7aaf167cd81530092a1754000038c02cc030009fcca9cca8ccaac02bc02f009e"
    "c024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c"
    "0035002f00ff0100006700000011000f00000c6d6565742e6578616d706c6500"
    "0b000403000102000a000c000a001d0017001e00190018002300000016000000"
    "170000000d002a0028040305030603080708080809080a080b08040805080604"
    "0105010601030303010302040205020602";
static const char openssl_nameless[] =
    "16030100dc010000d80303da49bf8277cc2a266765a1e6b34bf519b999bb3668"
    "6aeaed04de31df870e9b5d2076c3d106faa73f690dc92f20c87e5421e0110162"
    "b39b9f3c3cadbbfd8e8bebb9000813021303130100ff01000087000b00040300"
    "0102000a00160014001d0017001e001900180100010101020103010400230000"
    "0016000000170000000d001e001c040305030603080708080809080a080b0804"
    "08050806040105010601002b0003020304002d00020101003300260024001d00"
    "20dd1e50c0afbbec0ed266fe435e8e53df8eb127db70a8fbcc4faf6232ebbd86"
    "7c";

static void add_hex(struct buf *b, const char *hex)
{
	for (; hex[0] != '\0'; hex += hex[0] == ' ' ? 1 : 2)
		if (hex[0] != ' ')
			buf_add_char(b,
			    (char)(ascii_hex(hex[0]) << 4 | ascii_hex(hex[1])));
}

static void add_number(struct buf *b, size_t v, unsigned width)
{
	while (width-- > 0)
		buf_add_char(b, (char)(v >> 8 * width & 0xff));
}

/* The parts of a hello in hex, before their lengths are put in front. */
struct parts {
	const char *version, *session, *suites, *methods, *extensions;
	size_t pad; /* key_share (0x33) of so many bytes behind extensions */
	const char *behind; /* of the message, within its length */
};

#define NAME "0000 0011 000f 00 000c 6d6565742e6578616d706c65"
#define USUAL                                                                  \
	{                                                                      \
		"0303", "", "1301", "00", NAME, 0, ""                          \
	}

static void build(struct buf *out, const struct parts *p)
{
	struct buf body, part;

	buf_init(&body, 1 << 18);
	buf_init(&part, 1 << 18);
	add_hex(&body, p->version);
	for (int i = 0; i < 32; i++)
		buf_add_char(&body, (char)i);
	add_number(&body, strlen(p->session) / 2, 1);
	add_hex(&body, p->session);
	add_number(&body, strlen(p->suites) / 2, 2);
	add_hex(&body, p->suites);
	add_number(&body, strlen(p->methods) / 2, 1);
	add_hex(&body, p->methods);
	if (p->extensions != NULL) {
		add_hex(&part, p->extensions);
		if (p->pad > 0) {
			add_number(&part, 0x33, 2);
			add_number(&part, p->pad, 2);
			for (size_t i = 0; i < p->pad; i++)
				buf_add_char(&part, (char)i);
		}
		add_number(&body, buf_len(&part), 2);
		buf_add_span(&body, buf_span(&part));
	}
	add_hex(&body, p->behind);
	add_number(out, 1, 1);
	add_number(out, buf_len(&body), 3);
	buf_add_span(out, buf_span(&body));
	buf_fini(&body);
	buf_fini(&part);
}

/* message in records of so many bytes. */
static void split(struct buf *out, struct span message, size_t size)
{
	while (message.n > 0) {
		size_t n = message.n < size ? message.n : size;

		add_hex(out, "160301");
		add_number(out, n, 2);
		buf_add(out, message.p, n);
		message = span_from(message, n);
	}
}

/* In memory of just this size. */
static ptrdiff_t parse(struct span in, struct hello *h)
{
	char *copy = malloc(in.n > 0 ? in.n : 1);
	ptrdiff_t r = -ENOMEM;

	if (copy != NULL) {
		memcpy(copy, in.p, in.n);
		r = hello_parse(span_of(copy, in.n), h);
	}
	free(copy);
	return r;
}

/* Each shorter piece needs more; with more behind it, it is the same. */
static bool every_cut(struct buf *b, struct hello *ret_hello)
{
	size_t n = buf_len(b);
	struct hello h;
	bool good = true;

	for (size_t i = 0; i < n; i++)
		good &= parse(span_of(buf_span(b).p, i), &h) == 0;
	good &= parse(buf_span(b), ret_hello) == (ptrdiff_t)n;
	add_hex(b, "1703");
	good &= parse(buf_span(b), &h) == (ptrdiff_t)n;
	return good && memcmp(&h, ret_hello, sizeof h) == 0;
}

static void test_real(void)
{
	static const struct {
		const char *name, *hex, *sni;
		bool alpn, h1, h2, tls13;
	} row[] = {
		{ "OpenSSL", openssl_both, "meet.example", true, true, true,
		    true },
		{ "OpenSSL, TLS 1.2", openssl_12, "meet.example", false, false,
		    false, false },
		{ "OpenSSL, without name", openssl_nameless, "", false, false,
		    false, true },
	};
	struct hello h;
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		buf_reset(&b);
		add_hex(&b, row[i].hex);
		tap_ok(every_cut(&b, &h), "%s, cut at every byte", row[i].name);
		tap_span(span_of(h.sni, h.sni_len), span_str(row[i].sni),
		    "its name");
		tap_ok(h.alpn == row[i].alpn && h.alpn_h1 == row[i].h1 &&
		           h.alpn_h2 == row[i].h2 && h.tls13 == row[i].tls13 &&
		           !h.ech && h.sni[h.sni_len] == '\0',
		    "its offers");
	}
	buf_fini(&b);
}

/* The shape of a browser of 2025: GREASE at both ends and within the lists, an
 * ECH extension, post-quantum key shares of 1.5 kB. */
static void test_browser(void)
{
	static const struct parts browser = {
		"0303",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
		"1f",
		"8a8a130113021303c02bc02fc02cc030cca9cca8",
		"00",
		"dada 0000"
		"0010 000e 000c 02 6832 08 687474702f312e31"
		"002b 0007 06 3a3a 0304 0303"
		"fe0d 0008 0000010001000000" NAME
		"000a 000c 000a 8a8a 11ec 001d 0017 0018"
		"44cd 0005 0003 02 6832"
		"7a7a 0001 00",
		1516,
		"",
	};
	static const size_t size[] = { 1, 33, 100, 517, 1000, 16384 };
	struct buf message, b;
	struct hello h;

	buf_init(&message, 1 << 16);
	buf_init(&b, 1 << 17);
	build(&message, &browser);
	tap_ok(buf_len(&message) > 1500, "a hello of %zu bytes",
	    buf_len(&message));
	for (size_t i = 1; i < sizeof size / sizeof *size; i++) {
		buf_reset(&b);
		split(&b, buf_span(&message), size[i]);
		tap_ok(every_cut(&b, &h),
		    "in records of %zu bytes, cut at every byte", size[i]);
		tap_span(span_of(h.sni, h.sni_len), SPAN("meet.example"),
		    "its name");
		tap_ok(h.alpn && h.alpn_h1 && h.alpn_h2 && h.tls13 && h.ech,
		    "its offers");
	}
	buf_reset(&b);
	split(&b, buf_span(&message), size[0]);
	tap_int(parse(buf_span(&b), &h), -E2BIG, "too many records");
	buf_fini(&message);
	buf_fini(&b);
}

static void test_parts(void)
{
#define PARTS(...)                                                             \
	{                                                                      \
		"0303", "", "1301", "00", __VA_ARGS__, 0, ""                   \
	}
#define SNI(hex) "0000" hex
	static const struct {
		const char *name;
		struct parts p;
		int want;
	} row[] = {
		{ "the usual", USUAL, 1 },
		{ "no extensions", PARTS(NULL), 1 },
		{ "empty extensions", PARTS(""), 1 },
		{ "name of digits and letters",
		    PARTS(SNI("0006 0004 00 0001 61")), 1 },
		{ "pre_shared_key is last", PARTS(NAME "0029 0000"), 1 },
		{ "pre_shared_key is not", PARTS("0029 0000" NAME), -EBADMSG },
		{ "two names", PARTS(SNI("000a 0008 00 0001 61 00 0001 62")),
		    -EBADMSG },
		{ "server_name twice", PARTS(NAME NAME), -EBADMSG },
		{ "unknown extension twice", PARTS("dada 0000 dada 0000"),
		    -EBADMSG },
		{ "empty name", PARTS(SNI("0005 0003 00 0000")), -EBADMSG },
		{ "empty list", PARTS(SNI("0002 0000")), -EBADMSG },
		{ "empty server_name", PARTS(SNI("0000")), -EBADMSG },
		{ "other type of name", PARTS(SNI("0006 0004 01 0001 61")),
		    -EBADMSG },
		{ "bytes behind the list",
		    PARTS(SNI("0007 0004 00 0001 61 00")), -EBADMSG },
		{ "list longer than its extension",
		    PARTS(SNI("0006 0005 00 0001 61")), -EBADMSG },
		{ "final dot", PARTS(SNI("0007 0005 00 0002 612e")), -EBADMSG },
		{ "first dot", PARTS(SNI("0007 0005 00 0002 2e61")), -EBADMSG },
		{ "NUL in the name", PARTS(SNI("0008 0006 00 0003 610061")),
		    -EBADMSG },
		{ "space in the name", PARTS(SNI("0008 0006 00 0003 612061")),
		    -EBADMSG },
		{ "high byte in the name",
		    PARTS(SNI("0008 0006 00 0003 61c361")), -EBADMSG },
		{ "IPv4 address",
		    PARTS(SNI("000c 000a 00 0007 312e322e332e34")), -EBADMSG },
		{ "IPv6 address", PARTS(SNI("0008 0006 00 0003 3a3a31")),
		    -EBADMSG },
		{ "ALPN without names", PARTS("0010 0002 0000"), -EBADMSG },
		{ "ALPN with an empty name", PARTS("0010 0003 0001 00"),
		    -EBADMSG },
		{ "ALPN twice",
		    PARTS("0010 0005 0003 02 6832"
		          "0010 0005 0003 02 6832"),
		    -EBADMSG },
		{ "ALPN name longer than its list",
		    PARTS("0010 0005 0003 03 6832"), -EBADMSG },
		{ "no versions", PARTS("002b 0001 00"), -EBADMSG },
		{ "half a version", PARTS("002b 0002 01 03"), -EBADMSG },
		{ "extension longer than the list", PARTS("dada 0001"),
		    -EBADMSG },
		{ "half an extension", PARTS("dada00"), -EBADMSG },
		{ "other version", { "0203", "", "1301", "00", NAME, 0, "" },
		    -EBADMSG },
		{ "long session id",
		    { "0303",
		        "000102030405060708090a0b0c0d0e0f10111213141516171819"
		        "1a1b1c1d1e1f20",
		        "1301", "00", NAME, 0, "" },
		    -EBADMSG },
		{ "no suites", { "0303", "", "", "00", NAME, 0, "" },
		    -EBADMSG },
		{ "half a suite", { "0303", "", "130113", "00", NAME, 0, "" },
		    -EBADMSG },
		{ "no methods", { "0303", "", "1301", "", NAME, 0, "" },
		    -EBADMSG },
		{ "compression only", { "0303", "", "1301", "01", NAME, 0, "" },
		    -EBADMSG },
		{ "bytes behind the extensions",
		    { "0303", "", "1301", "00", NAME, 0, "00" }, -EBADMSG },
		{ "as large as may be",
		    { "0303", "", "1301", "00", NAME, 32696, "" }, 1 },
		{ "too large", { "0303", "", "1301", "00", NAME, 32697, "" },
		    -E2BIG },
	};
	struct buf message, b;
	struct hello h;
	ptrdiff_t r;

	buf_init(&message, 1 << 18);
	buf_init(&b, 1 << 18);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		buf_reset(&message);
		buf_reset(&b);
		build(&message, &row[i].p);
		split(&b, buf_span(&message), 16384);
		r = parse(buf_span(&b), &h);
		tap_int(r > 0 ? 1 : r, row[i].want, "%s", row[i].name);
	}
	buf_fini(&message);
	buf_fini(&b);
}

static void test_records(void)
{
	static const struct {
		const char *name, *hex;
		int want;
	} row[] = {
		{ "nothing", "", 0 },
		{ "alert", "15", -EBADMSG },
		{ "SSLv2", "80", -EBADMSG },
		{ "other version", "1602", -EBADMSG },
		{ "empty record", "1603010000", -EBADMSG },
		{ "record of 16385 bytes", "1603014001", -EBADMSG },
		{ "other message", "160301000402", -EBADMSG },
		{ "an alert in between", "160301000101 15", -EBADMSG },
		{ "too long a message", "1603010004 01 008000", -E2BIG },
		{ "something behind it", "160301000a 01 000001 00 02",
		    -EBADMSG },
		{ "empty message", "1603010004 01 000000", -EBADMSG },
		{ "cut in the message header", "1603010004 01 0000", 0 },
	};
	struct buf b;
	struct hello h;

	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		buf_reset(&b);
		add_hex(&b, row[i].hex);
		tap_int(
		    parse(buf_span(&b), &h), row[i].want, "%s", row[i].name);
	}
	buf_fini(&b);
}

static void test_first(void)
{
	static const struct {
		const char *in;
		enum first want;
	} row[] = {
		{ "", FIRST_MORE },
		{ "\x16", FIRST_MORE },
		{ "\x16\x03", FIRST_TLS },
		{ "\x16\x02", FIRST_OTHER },
		{ "GET", FIRST_MORE },
		{ "GET ", FIRST_HTTP },
		{ "CONNECT meet.example:443", FIRST_HTTP },
		{ "ABCDEFGHIJKLMNO", FIRST_MORE },
		{ "ABCDEFGHIJKLMNO ", FIRST_HTTP },
		{ "ABCDEFGHIJKLMNOP", FIRST_OTHER },
		{ " GET ", FIRST_OTHER },
		{ "get ", FIRST_OTHER },
		{ "GET\r", FIRST_OTHER },
		{ "\r\n", FIRST_OTHER },
		{ "\x05\x01", FIRST_OTHER },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		tap_int(hello_first(span_str(row[i].in)), row[i].want,
		    "first bytes %zu", i);
	tap_int(hello_first(SPAN("\0\0")), FIRST_OTHER, "zeros");
}

int main(void)
{
	test_real();
	test_browser();
	test_parts();
	test_records();
	test_first();
	return tap_done();
}
