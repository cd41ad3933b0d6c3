/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/uri.h"

#include <errno.h>

#include "base/buf.h"
#include "lib/tap.h"

#define TEN "abcdefghij"
#define LABEL63 TEN TEN TEN TEN TEN TEN "abc"
#define NAME253 LABEL63 "." LABEL63 "." LABEL63 "." TEN TEN TEN TEN TEN TEN "a"

static void test_authority(void)
{
	static const struct {
		const char *in, *host; /* NULL: refused */
		unsigned port;
	} row[] = {
		{ "meet.example", "meet.example", 443 },
		{ "Meet.Example:8443", "Meet.Example", 8443 },
		{ "a_b-c.example:1", "a_b-c.example", 1 },
		{ "localhost:65535", "localhost", 65535 },
		{ "192.0.2.7:80", "192.0.2.7", 80 },
		{ "[2001:db8::1]", "[2001:db8::1]", 443 },
		{ "[2001:db8::1]:80", "[2001:db8::1]", 80 },
		{ "[::]", "[::]", 443 },
		{ "[1::]", "[1::]", 443 },
		{ "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", 443 },
		{ "[::ffff:192.0.2.7]", "[::ffff:192.0.2.7]", 443 },
		{ "1a.2b", "1a.2b", 443 },
		{ NAME253, NAME253, 443 },
		{ "", NULL, 0 },
		{ ":80", NULL, 0 },
		{ "meet.example:", NULL, 0 },
		{ "meet.example:0", NULL, 0 },
		{ "meet.example:080", NULL, 0 },
		{ "meet.example:65536", NULL, 0 },
		{ "meet.example:+80", NULL, 0 },
		{ "meet.example:80:80", NULL, 0 },
		{ "meet.example.", NULL, 0 },
		{ "meet..example", NULL, 0 },
		{ ".meet.example", NULL, 0 },
		{ "erika@meet.example", NULL, 0 },
		{ "meet.example/", NULL, 0 },
		{ "meet example", NULL, 0 },
		{ "m%65et.example", NULL, 0 },
		{ "m\xc3\xa4t.example", NULL, 0 },
		{ "a,b", NULL, 0 },
		{ "127.1", NULL, 0 },
		{ "2130706433", NULL, 0 },
		{ "0x7f000001", NULL, 0 },
		{ "0x7f.1", NULL, 0 },
		{ "a.0X1F", NULL, 0 },
		{ "192.0.2.07", NULL, 0 },
		{ "192.0.2.256", NULL, 0 },
		{ "192.0.2.7.8", NULL, 0 },
		{ "[]", NULL, 0 },
		{ "[:]", NULL, 0 },
		{ "[:::]", NULL, 0 },
		{ "[1:2:3:4:5:6:7]", NULL, 0 },
		{ "[1:2:3:4:5:6:7:8:9]", NULL, 0 },
		{ "[1::2::3]", NULL, 0 },
		{ "[::12345]", NULL, 0 },
		{ "[1:]", NULL, 0 },
		{ "[fe80::1%25eth0]", NULL, 0 },
		{ "[::192.0.2.7.]", NULL, 0 },
		{ "[::192.0.2]", NULL, 0 },
		{ "[::1", NULL, 0 },
		{ "[::1]80", NULL, 0 },
		{ "x" LABEL63, NULL, 0 },
		{ NAME253 "b", NULL, 0 },
	};
	struct span host;
	uint16_t port;
	int r;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		r = uri_authority(span_str(row[i].in), 443, &host, &port);
		if (row[i].host == NULL)
			tap_int(r, -EINVAL, "refused: \"%s\"", row[i].in);
		else
			tap_ok(r == 0 && port == row[i].port &&
			           span_eq(host, span_str(row[i].host)),
			    "authority \"%s\"", row[i].in);
	}
}

static void test_parse(void)
{
	static const struct {
		const char *in, *host, *path; /* NULL: refused */
		unsigned port;
	} row[] = {
		{ "https://meet.example/j/1?pwd=2", "meet.example",
		    "/j/1?pwd=2", 443 },
		{ "HTTP://meet.example", "meet.example", "/", 80 },
		{ "ws://meet.example:81/", "meet.example", "/", 81 },
		{ "wss://[::1]/a:b@c", "[::1]", "/a:b@c", 443 },
		{ "https://meet.example?x", NULL, NULL, 0 },
		{ "https://meet.example/#a", NULL, NULL, 0 },
		{ "https://erika:pw@meet.example/", NULL, NULL, 0 },
		{ "https://meet.example/a b", NULL, NULL, 0 },
		{ "https://meet.example/\xc3\xa4", NULL, NULL, 0 },
		{ "https:/meet.example/", NULL, NULL, 0 },
		{ "https:///", NULL, NULL, 0 },
		{ "ftp://meet.example/", NULL, NULL, 0 },
		{ "://meet.example/", NULL, NULL, 0 },
		{ "meet.example", NULL, NULL, 0 },
		{ "", NULL, NULL, 0 },
	};
	struct uri u;
	int r;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		r = uri_parse(span_str(row[i].in), &u);
		if (row[i].host == NULL)
			tap_int(r, -EINVAL, "refused: \"%s\"", row[i].in);
		else
			tap_ok(r == 0 && u.port == row[i].port &&
			           span_eq(u.host, span_str(row[i].host)) &&
			           span_eq(u.path, span_str(row[i].path)),
			    "split \"%s\"", row[i].in);
	}
}

static void test_escapes(void)
{
	static const struct {
		const char *in;
		bool plus;
		const char *plain; /* NULL: refused */
		const char *again; /* encoded again */
	} row[] = {
		{ "a%20b+c", true, "a b c", "a+b+c" },
		{ "a%20b+c", false, "a b+c", "a%20b%2Bc" },
		{ "%c3%A4", false, "\xc3\xa4", "%C3%A4" },
		{ "-._~aZ09", false, "-._~aZ09", "-._~aZ09" },
		{ "", false, "", "" },
		{ "%", false, NULL, NULL },
		{ "ab%4", false, NULL, NULL },
		{ "%4g", false, NULL, NULL },
		{ "%%41", false, NULL, NULL },
	};
	struct buf plain, again;
	int r;

	buf_init(&plain, 64);
	buf_init(&again, 64);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		buf_reset(&plain);
		buf_reset(&again);
		r = uri_decode(span_str(row[i].in), row[i].plus, &plain);
		if (row[i].plain == NULL) {
			tap_ok(r == -EINVAL && buf_len(&plain) == 0,
			    "refused: \"%s\"", row[i].in);
			continue;
		}
		tap_span(buf_span(&plain), span_str(row[i].plain),
		    "decode \"%s\"", row[i].in);
		uri_encode(buf_span(&plain), row[i].plus, &again);
		tap_span(buf_span(&again), span_str(row[i].again),
		    "encode it again");
	}
	tap_int(uri_encode(SPAN("1234567890123456789012                   "),
	            false, &again),
	    -ENOBUFS, "too long");
	buf_fini(&plain);
	buf_fini(&again);
}

static void test_small(void)
{
	char low[URI_HOST_MAX + 1];
	struct span a, b;

	tap_int(uri_host_lower(SPAN("MEET.Example"), low, &a), 0, "lower");
	tap_span(a, SPAN("meet.example"), "lower case");
	tap_int(uri_host_lower(SPAN(NAME253 "b"), low, &a), -EINVAL, "long");
	uri_split(SPAN("/a?b?c"), &a, &b);
	tap_span(a, SPAN("/a"), "path");
	tap_span(b, SPAN("b?c"), "query");
	uri_split(SPAN("/a"), &a, &b);
	tap_span(a, SPAN("/a"), "path alone");
	tap_int((long long)b.n, 0, "no query");
}

int main(void)
{
	test_authority();
	test_parse();
	test_escapes();
	test_small();
	return tap_done();
}
