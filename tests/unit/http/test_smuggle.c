/* SPDX-License-Identifier: EUPL-1.2 */
/* Thousands of damaged and forged messages: each is refused, or incomplete, or
 * has one reading (see reading.h). Sources: RFC 9112, 11; the shapes that were
 * found in other intermediaries. */
#include <stdio.h>
#include <stdlib.h>

#include "http/h1.h"
#include "lib/tap.h"
#include "unit/http/reading.h"

#define HOST "Host: meet.example\r\n"
#define NEXT "GET /next HTTP/1.1\r\n" HOST "\r\n"

static struct readings readings;
static size_t total;

static const struct seed {
	const char *name, *in;
	const char *asked; /* answers: the method; NULL: a request */
} seed[] = {
	{ "GET",
	    "GET /j/42?pwd=a%20b HTTP/1.1\r\n" HOST "Accept: */*\r\n"
	    "X-Empty:\r\n\r\n" NEXT,
	    NULL },
	{ "POST by length",
	    "POST /rest HTTP/1.1\r\n" HOST
	    "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n"
	    "{\"name\":\"E\"}\n" NEXT,
	    NULL },
	{ "POST in chunks",
	    "POST /rest HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "7;a=b\r\n{\"name\"\r\n05\r\n:\"E\"}\r\n0\r\nX-Sum: 1\r\n\r\n" NEXT,
	    NULL },
	{ "chunks that look like a message",
	    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "f\r\n0\r\n\r\nGET / HTTP\r\n0\r\n\r\n" NEXT,
	    NULL },
	{ "length over something like chunks",
	    "POST / HTTP/1.1\r\n" HOST
	    "Content-Length: 5\r\n\r\n0\r\n\r\n" NEXT,
	    NULL },
	{ "absolute form",
	    "GET http://meet.example:80/a HTTP/1.1\r\n" HOST
	    "Connection: close\r\nCookie: a=1; b=2\r\n\r\n",
	    NULL },
	{ "HTTP/1.0",
	    "POST /a HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n"
	    "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	    NULL },
	{ "CONNECT",
	    "CONNECT meet.example:443 HTTP/1.1\r\n"
	    "Host: meet.example:443\r\n\r\n\x16\x03\x01",
	    NULL },
	{ "OPTIONS", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", NULL },
	{ "upgrade",
	    "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n"
	    "Connection: keep-alive, Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n\r\n\x81\x85",
	    NULL },
	{ "Expect",
	    "\r\nPUT /a HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	    "Content-Length: 2\r\n\r\nab" NEXT,
	    NULL },
	{ "answer by length",
	    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
	    "Set-Cookie: a=1; Path=/\r\n\r\nabcdHTTP/1.1 200 OK\r\n",
	    "GET" },
	{ "answer in chunks",
	    "HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nHTTP/1.1",
	    "POST" },
	{ "answer until the end",
	    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n"
	    "\r\nabc\r\n\r\n0\r\n\r\n",
	    "GET" },
	{ "answer in HTTP/1.0",
	    "HTTP/1.0 404 Not Found\r\n"
	    "Connection: keep-alive\r\nContent-Length: 2\r\n\r\nno",
	    "GET" },
	{ "answer to HEAD",
	    "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
	    "HTTP/1.1 200 OK\r\n",
	    "HEAD" },
	{ "204", "HTTP/1.1 204 No Content\r\nDate: x\r\n\r\nHTTP/1.1", "GET" },
	{ "304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nHTTP",
	    "GET" },
	{ "100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "PUT" },
	{ "101",
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\n\r\n\x81\x05hello",
	    "GET" },
	{ "answer to CONNECT",
	    "HTTP/1.1 200 Connection established\r\n\r\n"
	    "\x16\x03\x03",
	    "CONNECT" },
};

static void show(const char *wrong, struct span in)
{
	char text[600];
	size_t n = 0;

	for (size_t i = 0; i < in.n && n < sizeof text - 5; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c > ' ' && c < 0x7f)
			text[n++] = in.p[i];
		else
			n += (size_t)snprintf(text + n, 5, "\\x%02x", c);
	}
	tap_note("%s: %.*s", wrong, (int)n, text);
}

/* In memory of just this size: nothing behind it can be read unnoticed. */
static bool check(
    const struct seed *s, struct span in, size_t at, enum reading_end *ret_end)
{
	char *copy = malloc(in.n > 0 ? in.n : 1);
	const char *wrong = "memory is out";

	if (copy != NULL) {
		if (in.n > 0)
			memcpy(copy, in.p, in.n);
		*ret_end = readings_check(&readings, s->asked == NULL,
		    span_str(s->asked), span_of(copy, in.n), at, &wrong);
	}
	free(copy);
	total++;
	if (wrong != NULL)
		show(wrong, in);
	return wrong == NULL;
}

static bool check_pieces(
    const struct seed *s, struct span a, struct span b, struct span c)
{
	static char mem[2048];
	enum reading_end end;
	size_t n = 0;

	memcpy(mem, a.p, a.n);
	n += a.n;
	if (b.n > 0)
		memcpy(mem + n, b.p, b.n);
	n += b.n;
	if (c.n > 0)
		memcpy(mem + n, c.p, c.n);
	return check(s, span_of(mem, n + c.n), a.n, &end);
}

static bool damage(const struct seed *s)
{
	static const struct span put[] = {
		{ "\r", 1 },
		{ "\n", 1 },
		{ "\0", 1 },
		{ " ", 1 },
		{ "\t", 1 },
		{ "\v", 1 },
		{ ":", 1 },
		{ ",", 1 },
		{ ";", 1 },
		{ "0", 1 },
		{ "\r\n", 2 },
		{ "\r\n ", 3 },
		{ "\r\n\r\n", 4 },
		{ "\xc2\x85", 2 },
		{ "Content-Length: 3\r\n", 19 },
		{ "Transfer-Encoding: chunked\r\n", 28 },
		{ "\r\nTransfer-Encoding: chunked", 28 },
	};
	struct span in = span_str(s->in);
	bool good = true;
	char c;

	for (size_t i = 0; i < in.n; i++) {
		struct span before = span_of(in.p, i);

		good &= check_pieces(s, before, SPAN(""), SPAN(""));
		good &= check_pieces(s, before, SPAN(""), span_from(in, i + 1));
		for (unsigned bit = 0; bit < 8; bit++) {
			c = (char)(in.p[i] ^ (1 << bit));
			good &= check_pieces(
			    s, before, span_of(&c, 1), span_from(in, i + 1));
		}
		for (size_t k = 0; k < sizeof put / sizeof *put; k++)
			good &=
			    check_pieces(s, before, put[k], span_from(in, i));
	}
	return good;
}

/* How a coding was disguised: true: it still is plainly "chunked". */
static const struct {
	const char *line;
	bool good;
} coding[] = {
	{ "Transfer-Encoding: chunked\r\n", true },
	{ "transfer-encoding:chunked\r\n", true },
	{ "TRANSFER-ENCODING:\t \tchunked \t\r\n", true },
	{ "Transfer-Encoding: CHUNKED\r\n", true },
	{ "Transfer-Encoding : chunked\r\n", false },
	{ "Transfer-Encoding\t: chunked\r\n", false },
	{ " Transfer-Encoding: chunked\r\n", false },
	{ "X: a\r\n Transfer-Encoding: chunked\r\n", false },
	{ "X: a\n Transfer-Encoding: chunked\r\n", false },
	{ "X: a\nTransfer-Encoding: chunked\r\n", false },
	{ "X: a\rTransfer-Encoding: chunked\r\n", false },
	{ "X: a\r\n\nTransfer-Encoding: chunked\r\n", false },
	{ "Transfer-Encoding:\r\n chunked\r\n", false },
	{ "Transfer-Encoding:\n chunked\r\n", false },
	{ "Transfer-Encoding\r\n: chunked\r\n", false },
	{ "Transfer\r-Encoding: chunked\r\n", false },
	{ "Transfer_Encoding: chunked\r\n", false },
	{ "Transfer Encoding: chunked\r\n", false },
	{ "Transfer-Encoding: \vchunked\r\n", false },
	{ "Transfer-Encoding: chunked\v\r\n", false },
	{ "Transfer-Encoding: \fchunked\r\n", false },
	{ "Transfer-Encoding: chunked\x85\r\n", false },
	{ "Transfer-Encoding: \xa0"
	  "chunked\r\n",
	    false },
	{ "Transfer-Encoding\x80: chunked\r\n", false },
	{ "Transfer-Encoding: xchunked\r\n", false },
	{ "Transfer-Encoding: chunkedx\r\n", false },
	{ "Transfer-Encoding: chunke\r\n", false },
	{ "Transfer-Encoding: c\\hunked\r\n", false },
	{ "Transfer-Encoding: 'chunked'\r\n", false },
	{ "Transfer-Encoding: \"chunked\"\r\n", false },
	{ "Transfer-Encoding: chunked;q=1\r\n", false },
	{ "Transfer-Encoding: chunked, identity\r\n", false },
	{ "Transfer-Encoding: identity, chunked\r\n", false },
	{ "Transfer-Encoding: gzip, chunked\r\n", false },
	{ "Transfer-Encoding: ,chunked\r\n", false },
	{ "Transfer-Encoding: chunked,\r\n", false },
	{ "Transfer-Encoding: identity\r\n", false },
	{ "Transfer-Encoding:\r\n", false },
	{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", false },
	{ "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", false },
	{ "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
	    false },
	{ "Transfer-Encoding: chunked\n", false },
	{ "Transfer-Encoding: chunked\r", false },
	{ "\"Transfer-Encoding\": chunked\r\n", false },
	{ "Transfer-Encoding\\: chunked\r\n", false },
	{ ":Transfer-Encoding: chunked\r\n", false },
};

static const struct {
	const char *line;
	bool good;
} length[] = {
	{ "Content-Length: 5\r\n", true },
	{ "content-length:\t5 \r\n", true },
	{ "Content-Length: 5, 5\r\n", false },
	{ "Content-Length: 5,6\r\n", false },
	{ "Content-Length: 5\r\nContent-Length: 5\r\n", false },
	{ "Content-Length: 5\r\nContent-Length: 6\r\n", false },
	{ "Content-Length: 5\r\nContent-length: 0\r\n", false },
	{ "Content-Length: +5\r\n", false },
	{ "Content-Length: -5\r\n", false },
	{ "Content-Length: 0x5\r\n", false },
	{ "Content-Length: 5.0\r\n", false },
	{ "Content-Length: 5e0\r\n", false },
	{ "Content-Length: \"5\"\r\n", false },
	{ "Content-Length: 5 0\r\n", false },
	{ "Content-Length: 5;\r\n", false },
	{ "Content-Length: \v5\r\n", false },
	{ "Content-Length: \xa0"
	  "5\r\n",
	    false },
	{ "Content-Length: \xd9\xa5\r\n", false },
	{ "Content-Length: 4294967301000000000000000005\r\n", false },
	{ "Content-Length: 18446744073709551621\r\n", false },
	{ "Content-Length:\r\n", false },
	{ "Content-Length:\r\n 5\r\n", false },
	{ "Content-Length : 5\r\n", false },
	{ " Content-Length: 5\r\n", false },
	{ "Content_Length: 5\r\n", false },
	{ "X: a\nContent-Length: 5\r\n", false },
	{ "X: a\rContent-Length: 5\r\n", false },
};

static const char *const body[] = {
	"0\r\n\r\n" NEXT,
	"5\r\nhello\r\n0\r\n\r\n" NEXT,
	"3\r\nGET\r\n0\r\n\r\n",
	"hello" NEXT,
	NEXT,
};

/* A head with these two lines, in this order, over each body. good: it may pass
 * where the body fits; coded: in HTTP/1.1 only. */
static bool check_lines(const char *one, const char *two, bool good, bool coded)
{
	static const struct {
		const char *start;
		const char *asked;
	} kind[] = {
		{ "POST / HTTP/1.1\r\n" HOST, NULL },
		{ "HTTP/1.1 200 OK\r\n", "GET" },
		{ "POST / HTTP/1.0\r\n" HOST, NULL },
		{ "HTTP/1.0 200 OK\r\n", "GET" },
	};
	struct seed s = { "", "", NULL };
	enum reading_end end;
	char text[1024];
	bool all = true;
	int n;

	for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
		bool may = good && (k < 2 || !coded);

		for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
			n = snprintf(text, sizeof text, "%s%s%s\r\n%s",
			    kind[k].start, one, two, body[i]);
			s.asked = kind[k].asked;
			all &= check(&s, span_of(text, (size_t)n), 40, &end);
			if (!may && end != READING_REFUSED)
				show("not refused", span_of(text, (size_t)n));
			all &= may || end == READING_REFUSED;
		}
	}
	return all;
}

static void test_both(void)
{
	size_t ncoding = sizeof coding / sizeof *coding;
	size_t nlength = sizeof length / sizeof *length;
	bool good = true;

	for (size_t i = 0; i < ncoding; i++)
		for (size_t k = 0; k < nlength; k++) {
			good &= check_lines(
			    coding[i].line, length[k].line, false, true);
			good &= check_lines(
			    length[k].line, coding[i].line, false, true);
		}
	tap_ok(good, "a coding and a length, both orders, both directions");
	good = true;
	for (size_t i = 0; i < ncoding; i++)
		good &= check_lines(
		    coding[i].line, "X-After: a\r\n", coding[i].good, true);
	tap_ok(good, "a coding in disguise");
	good = true;
	for (size_t k = 0; k < nlength; k++)
		good &= check_lines(
		    length[k].line, "X-After: a\r\n", length[k].good, false);
	tap_ok(good, "a length in disguise");
}

/* Chunks that were read differently by different programs. */
static void test_chunks(void)
{
	static const char *const bad[] = {
		"5\nhello\n0\n\n",
		"5\r\nhello\r\n0\n\n",
		"5\rhello\r0\r\r",
		"0x5\r\nhello\r\n0\r\n\r\n",
		"+5\r\nhello\r\n0\r\n\r\n",
		"-5\r\nhello\r\n0\r\n\r\n",
		" 5\r\nhello\r\n0\r\n\r\n",
		"5 \r\nhello\r\n0\r\n\r\n",
		"5\t\r\nhello\r\n0\r\n\r\n",
		"5 ;a\r\nhello\r\n0\r\n\r\n",
		"5h\r\nhello\r\n0\r\n\r\n",
		"5;\nx\r\nhello\r\n0\r\n\r\n",
		"5;\rx\r\nhello\r\n0\r\n\r\n",
		"5,6\r\nhello\r\n0\r\n\r\n",
		"5.0\r\nhello\r\n0\r\n\r\n",
		"5\r\nhelloXX0\r\n\r\n",
		"5\r\nhello0\r\n\r\n",
		"5\r\nhello\rX0\r\n\r\n",
		"5\r\nhelloX\n0\r\n\r\n",
		"5\r\nhello\r\n\r\n0\r\n\r\n",
		"5\r\r\nhello\r\n0\r\n\r\n",
		"10000000000000005\r\nhello\r\n0\r\n\r\n",
		"00000000000000005\r\nhello\r\n0\r\n\r\n",
		"fffffffffffffffb\r\nhello\r\n0\r\n\r\n",
		"5\r\nhello\r\n0\r\nX\r\n\r\n",
		"5\r\nhello\r\n0\r\n X: y\r\n\r\n",
		"5\r\nhello\r\n0\r\nX : y\r\n\r\n",
		"\r\n5\r\nhello\r\n0\r\n\r\n",
		"5\r\nhello\r\n0\r\nX: y\n\r\n",
		"5\r\nhello\r\n0\r\nX: y\r\r\n",
		"5\r\nhello\r\nGET /next HTTP/1.1\r\n\r\n",
	};
	const struct seed s = { "", "", NULL };
	enum reading_end end;
	char text[1024];
	bool good = true;
	int n;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		n = snprintf(text, sizeof text,
		    "POST / HTTP/1.1\r\n" HOST
		    "Transfer-Encoding: chunked\r\n\r\n%s" NEXT,
		    bad[i]);
		for (size_t at = 0; at < (size_t)n; at++) {
			good &= check(&s, span_of(text, (size_t)n), at, &end);
			good &= end == READING_REFUSED;
		}
		if (!good)
			show("not refused", span_of(text, (size_t)n));
	}
	tap_ok(good, "chunks with two readings, cut at every byte");
}

int main(void)
{
	enum reading_end end;
	bool good;

	readings_init(&readings);
	for (size_t i = 0; i < sizeof seed / sizeof *seed; i++) {
		struct span in = span_str(seed[i].in);

		good = true;
		for (size_t at = 0; at <= in.n; at++) {
			good &= check(&seed[i], in, at, &end);
			good &= end == READING_WHOLE;
		}
		tap_ok(good, "%s: whole, cut at every byte", seed[i].name);
		tap_ok(damage(&seed[i]), "%s: cut off, flipped, grown, shrunk",
		    seed[i].name);
	}
	test_both();
	test_chunks();
	readings_fini(&readings);
	tap_ok(total >= 10000, "%zu messages in all", total);
	return tap_done();
}
