/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/detect.h"

#include <stdio.h>

#include "base/buf.h"
#include "lib/tap.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define ALL ((1u << SHAPE_COUNT) - 1)

/* What is found, as "shape=text" with a blank between two. */
static const struct {
	const char *in, *want;
} row[] = {
	{ "erika@amt.example", "mail=erika@amt.example" },
	{ "Erika <erika.muster-mann+x@a-b.amt.example>, Max",
	    "mail=erika.muster-mann+x@a-b.amt.example" },
	{ "mailto:a@b.de?x", "mail=a@b.de" },
	{ "a@b.de. Next", "mail=a@b.de" },
	{ "a@b.de,c@d.de", "mail=a@b.de mail=c@d.de" },
	{ "m\303\274ller@b\303\274ro.example",
	    "mail=m\303\274ller@b\303\274ro.example" },
	{ "x@xn--bro-hoa.xn--p1ai", "mail=x@xn--bro-hoa.xn--p1ai" },
	{ "lodash@4.17.21", "" },
	{ "icon@2x.png", "" },
	{ "user@localhost", "" },
	{ "@scope/pkg", "" },
	{ "a@b.c", "" },
	{ "a@@b.de", "" },
	{ "198.51.100.7", "ipv4=198.51.100.7" },
	{ "(198.51.100.7:443)", "ipv4=198.51.100.7" },
	{ "http://198.51.100.7/x", "ipv4=198.51.100.7" },
	{ "at 10.0.0.1.", "ipv4=10.0.0.1" },
	{ "Chrome/131.0.0.0 Edg/1.2.3.4", "" },
	{ "v=\"24.0.0.0\"", "" },
	{ "v1.2.3.4", "" },
	{ "1.2.3.4.5", "" },
	{ "1.2.3.4-rc1", "" },
	{ "256.1.1.1 01.2.3.4 127.0.0.1 0.1.2.3 224.0.0.1", "" },
	{ "2001:db8::17", "ipv6=2001:db8::17" },
	{ "[2001:db8:0:0:1:2:3:4]:443", "ipv6=2001:db8:0:0:1:2:3:4" },
	{ "fe80::1%eth0 x", "ipv6=fe80::1%eth0" },
	{ "::ffff:192.0.2.1", "ipv6=::ffff:192.0.2.1" },
	{ "in 2001:db8::1:2.", "ipv6=2001:db8::1:2" },
	{ "::1 :: std::dead abad::cafe 1::2::3", "" },
	{ "12:34:56 1:2:3:4:5:6:7", "" },
	{ "1:2:3:4:5:6:7:8:9", "" },
	{ "00:1B:44:11:3A:B7", "mac=00:1B:44:11:3A:B7" },
	{ "00-1b-44-11-3a-b7", "mac=00-1b-44-11-3a-b7" },
	{ "00:00:00:00:00:00 00:1B:44:11:3A:B7:01 00:1B-44:11:3A:B7", "" },
	{ "+49 30 90182-0", "phone=+49 30 90182-0" },
	{ "tel:+4930123456 ", "" },
	{ "x=+4930123456;", "phone=+4930123456" },
	{ "+49 (0)30 901820", "phone=+49 (0)30 901820" },
	{ "(030) 901820", "phone=(030) 901820" },
	{ "030/901820", "phone=030/901820" },
	{ "0171 1234567", "phone=0171 1234567" },
	{ "01711234567", "phone=01711234567" },
	{ "0049 30 901820", "phone=0049 30 901820" },
	{ "030901820 0123456789 +0100 +1234567", "" },
	{ "0300.1234567 02-11-2026 +1234567890123456", "" },
	{ "Europe/Berlin", "timezone=Europe/Berlin" },
	{ "(America/Argentina/Buenos_Aires)",
	    "timezone=America/Argentina/Buenos_Aires" },
	{ "UTC Etc/UTC Europe/ Europe/berlin /Europe/Berlin", "" },
	{ "52.5163,13.3777", "geo=52.5163,13.3777" },
	{ "geo: 52.5163, -13.37770;", "geo=52.5163, -13.37770" },
	{ "+52.5163+013.3777/", "geo=+52.5163+013.3777" },
	{ "52.516275", "geo=52.516275" },
	{ "-33.86882", "geo=-33.86882" },
	{ "52.51 1.516275 52.516275123 x52.516275 at 52.516275", "" },
	{ "95.1234,13.1234 0.1234,0.5678", "" },
	{ "7B3C9B4E-77aa-3b0f-91c5-0d94e1f9aa10",
	    "uuid=7B3C9B4E-77aa-3b0f-91c5-0d94e1f9aa10" },
	{ "{7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10}",
	    "uuid=7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10" },
	{ "00000000-0000-0000-0000-000000000000", "" },
	{ "7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10-1", "" },
	{ "7b3c9b4e77aa3b0f91c50d94e1f9aa10", "" },
	{ "2026-11-23T09:03:46.106Z", "timestamp=2026-11-23T09:03:46.106Z" },
	{ "2026-11-23T09:03:46+01:00 x",
	    "timestamp=2026-11-23T09:03:46+01:00" },
	{ "at 2026-11-23 09:03, then", "timestamp=2026-11-23 09:03" },
	{ "on 2026-11-23.", "timestamp=2026-11-23" },
	{ "20261123T090346Z", "timestamp=20261123T090346Z" },
	{ "Mon, 23 Nov 2026 09:03:46 GMT",
	    "timestamp=Mon, 23 Nov 2026 09:03:46 GMT" },
	{ "x Mon, 23 Nov 2026 09:03:46 GMT; y",
	    "timestamp=Mon, 23 Nov 2026 09:03:46 GMT" },
	{ "1795424012", "timestamp=1795424012" },
	{ "1795424012.125", "timestamp=1795424012.125" },
	{ "t=1795424012901&", "timestamp=1795424012901" },
	{ "20261123", "timestamp=20261123" },
	{ "20261123090346", "timestamp=20261123090346" },
	{ "udp 1694498815 1 2122260223", "" },
	{ "2122260223", "" },
	{ "x 20261123 20261323 1795424012-1 2026-13-01 1.1795424012901", "" },
	{ "1850-01-01 2026-11-23-1 a2026-11-23", "" },
	{ "Monday, Mon Nov", "" },
	{ "a 10.1.1.1 b x@y.de c Asia/Tokyo",
	    "ipv4=10.1.1.1 mail=x@y.de timezone=Asia/Tokyo" },
	{ "", "" },
};

static void find_all(struct span in, uint32_t shapes, struct buf *out)
{
	struct detect_hit hit;
	unsigned shape;

	buf_reset(out);
	for (size_t from = 0; detect_next(in, from, shapes, &hit);
	     from = hit.start + hit.len) {
		for (shape = 0; !(hit.shape >> shape & 1); shape++)
			;
		if (buf_len(out) > 0)
			buf_add_char(out, ' ');
		buf_addf(out, "%s=%.*s", shape_word(shape), (int)hit.len,
		    in.p + hit.start);
	}
}

/* Long texts of what begins a shape take no longer than others. */
static void test_long(void)
{
	static const char *const unit[] = { "a.", "a@", "1.", "1:", "::", "+1 ",
		"0-", "2026-", "Mon, ", "1.234,", "Asia/", "10.1.1.1+", "ab-",
		"((" };
	enum { BYTES = 1 << 20 };
	struct buf in, out;

	buf_init(&in, BYTES + 16);
	buf_init(&out, 1u << 26);
	for (size_t i = 0; i < COUNT(unit); i++) {
		buf_reset(&in);
		while (buf_len(&in) < BYTES)
			buf_add_str(&in, unit[i]);
		find_all(buf_span(&in), ALL, &out);
		tap_ok(buf_error(&out) == 0, "1 MB of \"%s\"", unit[i]);
	}
	buf_fini(&in);
	buf_fini(&out);
}

int main(void)
{
	struct detect_hit hit;
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(row); i++) {
		find_all(span_str(row[i].in), ALL, &out);
		tap_span(
		    buf_span(&out), span_str(row[i].want), "%s", row[i].in);
	}
	find_all(SPAN("a@b.de 10.1.1.1"), SHAPE_IPV4, &out);
	tap_span(buf_span(&out), SPAN("ipv4=10.1.1.1"), "one shape alone");
	tap_ok(!detect_next(SPAN("10.1.1.1"), 1, ALL, &hit),
	    "not from the middle of a word");
	test_long();
	buf_fini(&out);
	return tap_done();
}
