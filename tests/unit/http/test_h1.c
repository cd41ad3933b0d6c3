/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/h1.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "lib/tap.h"

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: meet.example\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define OK200 "HTTP/1.1 200 OK\r\n"
#define A16 "aaaaaaaaaaaaaaaa"
#define A256 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16 A16

static struct msg m;

static const struct {
	const char *name, *in;
} refused[] = {
	{ "no version", "GET /\r\n" },
	{ "lower-case protocol", "GET / http/1.1\r\n" HOST "\r\n" },
	{ "two spaces in front of the version", "GET /  HTTP/1.1\r\n" },
	{ "two spaces in front of the target", "GET  / HTTP/1.1\r\n" },
	{ "tab as separator", "GET\t/ HTTP/1.1\r\n" },
	{ "space behind the version", "GET / HTTP/1.1 \r\n" HOST "\r\n" },
	{ "space in front of the method", " GET / HTTP/1.1\r\n" },
	{ "three empty lines first", "\r\n\r\n\r\n" GET HOST "\r\n" },
	{ "bare LF after the request line", "GET / HTTP/1.1\n" HOST "\r\n" },
	{ "bare LF after a field", GET "Host: meet.example\n\r\n" },
	{ "bare LF at the end", GET HOST "\n" },
	{ "bare CR in a value", GET HOST "X: a\rb\r\n\r\n" },
	{ "bare CR in a target", "GET /a\rb HTTP/1.1\r\n" HOST "\r\n" },
	{ "obs-fold", GET HOST "X: a\r\n b\r\n\r\n" },
	{ "obs-fold by tab", GET HOST "X: a\r\n\tb\r\n\r\n" },
	{ "space in front of the first field", GET " " HOST "\r\n" },
	{ "space before the colon", GET "Host : meet.example\r\n\r\n" },
	{ "field without colon", GET HOST "X\r\n\r\n" },
	{ "field without name", GET HOST ": a\r\n\r\n" },
	{ "non-token byte in a name", GET HOST "X(: a\r\n\r\n" },
	{ "high byte in a name", GET HOST "X\xc3: a\r\n\r\n" },
	{ "control in a value", GET HOST "X: a\x01\r\n\r\n" },
	{ "DEL in a value", GET HOST "X: aaaaaaaaaaaa\x7f\r\n\r\n" },
	{ "non-token byte in the method", "G(T / HTTP/1.1\r\n" HOST "\r\n" },
	{ "lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n" },
	{ "long method", A256 " / HTTP/1.1\r\n" HOST "\r\n" },
	{ "high byte in the target", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n" },
	{ "fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n" },
	{ "target without slash", "GET a HTTP/1.1\r\n" HOST "\r\n" },
	{ "asterisk but not OPTIONS", "GET * HTTP/1.1\r\n" HOST "\r\n" },
	{ "authority but not CONNECT", "GET a:1 HTTP/1.1\r\n" HOST "\r\n" },
	{ "no Host", GET "X: a\r\n\r\n" },
	{ "no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n" },
	{ "no Host with an absolute target",
	    "GET http://meet.example/ HTTP/1.1\r\n\r\n" },
	{ "two Hosts", GET HOST HOST "\r\n" },
	{ "empty Host", GET "Host:\r\n\r\n" },
	{ "list of Hosts", GET "Host: a, b\r\n\r\n" },
	{ "userinfo in Host", GET "Host: a@b\r\n\r\n" },
	{ "path in Host", GET "Host: a/b\r\n\r\n" },
	{ "userinfo in the target",
	    "GET http://a@meet.example/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "target and Host differ",
	    "GET http://other.example/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "their ports differ",
	    "GET http://meet.example:81/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "the default port of the other scheme",
	    "GET https://meet.example:80/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "other scheme", "GET ftp://meet.example/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "CONNECT without port",
	    "CONNECT meet.example HTTP/1.1\r\n" HOST "\r\n" },
	{ "CONNECT with a path", "CONNECT / HTTP/1.1\r\n" HOST "\r\n" },
	{ "CONNECT and Host differ",
	    "CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n" },
	{ "CONNECT and Host differ in the port",
	    "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:80\r\n\r\n" },
	{ "CONNECT with a body", "CONNECT meet.example:443 HTTP/1.1\r\n" HOST
	                         "Content-Length: 1\r\n\r\n" },
	{ "CONNECT with chunks", "CONNECT meet.example:443 HTTP/1.1\r\n" HOST
	                         "Transfer-Encoding: chunked\r\n\r\n" },
	{ "CL and TE", POST "Content-Length: 5\r\n"
	                    "Transfer-Encoding: chunked\r\n\r\n" },
	{ "TE and CL", POST "Transfer-Encoding: chunked\r\n"
	                    "Content-Length: 5\r\n\r\n" },
	{ "two lengths",
	    POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" },
	{ "twice the same length",
	    POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n" },
	{ "list of lengths", POST "Content-Length: 5, 5\r\n\r\n" },
	{ "negative length", POST "Content-Length: -1\r\n\r\n" },
	{ "length with a sign", POST "Content-Length: +1\r\n\r\n" },
	{ "hex length", POST "Content-Length: 0x1\r\n\r\n" },
	{ "empty length", POST "Content-Length:\r\n\r\n" },
	{ "length with a space", POST "Content-Length: 1 0\r\n\r\n" },
	{ "length over the limit",
	    POST "Content-Length: 4611686018427387905\r\n\r\n" },
	{ "length over 64 bits",
	    POST "Content-Length: 18446744073709551617\r\n\r\n" },
	{ "other coding", POST "Transfer-Encoding: gzip\r\n\r\n" },
	{ "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n" },
	{ "chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n" },
	{ "two codings", POST "Transfer-Encoding: chunked\r\n"
	                      "Transfer-Encoding: chunked\r\n\r\n" },
	{ "identity", POST "Transfer-Encoding: identity\r\n\r\n" },
	{ "quoted coding", POST "Transfer-Encoding: \"chunked\"\r\n\r\n" },
	{ "coding with parameter",
	    POST "Transfer-Encoding: chunked;a\r\n\r\n" },
	{ "empty coding", POST "Transfer-Encoding:\r\n\r\n" },
	{ "VT around the coding", POST "Transfer-Encoding: \vchunked\r\n\r\n" },
	{ "chunks in HTTP/1.0",
	    "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n" },
	{ "lookalike of a coding", POST "Transfer_Encoding: chunked\r\n\r\n" },
	{ "lookalike of a length", POST "content_length: 1\r\n\r\n" },
	{ "two media types", POST "Content-Type: text/plain\r\n"
	                          "Content-Type: application/json\r\n\r\n" },
};

static void test_refused(void)
{
	enum h1_fault fault;
	ptrdiff_t n;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		n = h1_read_request(span_str(refused[i].in), &m, &fault);
		tap_ok(n == -EBADMSG && fault == H1_BAD, "refused: %s",
		    refused[i].name);
	}
	n = h1_read_request(SPAN(GET HOST "X: a\0b\r\n\r\n"), &m, &fault);
	tap_ok(n == -EBADMSG && fault == H1_BAD, "refused: NUL in a value");
	n = h1_read_request(SPAN("GET / HTTP/2.0\r\n\r\n"), &m, &fault);
	tap_ok(n == -EBADMSG && fault == H1_VERSION, "HTTP/2.0");
	n = h1_read_request(SPAN("GET / HTTP/1.2\r\n\r\n"), &m, &fault);
	tap_ok(n == -EBADMSG && fault == H1_VERSION, "HTTP/1.2");
}

/* METHOD scheme|authority|path|framing length|flags */
static void show(struct buf *out)
{
	static const char *const framing[] = { "none", "length", "chunked",
		"close" };

	buf_reset(out);
	if (m.request)
		buf_addf(out, "%.*s %.*s|%.*s|%.*s", SPAN_ARG(m.method),
		    SPAN_ARG(m.scheme), SPAN_ARG(m.authority),
		    SPAN_ARG(m.path));
	else
		buf_addf(out, "%d %.*s", m.status, SPAN_ARG(m.reason));
	buf_addf(out, "|%s %llu|%s%s%s", framing[m.framing],
	    (unsigned long long)m.length, m.keep_alive ? "k" : "",
	    m.upgrade ? "u" : "", m.expect_continue ? "e" : "");
}

static const struct {
	const char *in, *want;
} taken[] = {
	{ GET HOST "\r\n", "GET |meet.example|/|none 0|k" },
	{ "\r\n\r\n" GET HOST "\r\n", "GET |meet.example|/|none 0|k" },
	{ "GET http://Meet.Example/a?b HTTP/1.1\r\nHost: "
	  "meet.example:80\r\n\r\n",
	    "GET http|Meet.Example|/a?b|none 0|k" },
	{ "GET HTTPS://meet.example HTTP/1.1\r\n" HOST "\r\n",
	    "GET https|meet.example|/|none 0|k" },
	{ "OPTIONS http://meet.example HTTP/1.1\r\n" HOST "\r\n",
	    "OPTIONS http|meet.example|*|none 0|k" },
	{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	    "OPTIONS |meet.example|*|none 0|k" },
	{ "CONNECT meet.example:443 HTTP/1.1\r\nHost: meet.example:443\r\n\r\n",
	    "CONNECT |meet.example:443||none 0|k" },
	{ "CONNECT meet.example:443 HTTP/1.1\r\n" HOST "\r\n",
	    "CONNECT |meet.example:443||none 0|k" },
	{ "CONNECT [2001:db8::1]:443 HTTP/1.0\r\n\r\n",
	    "CONNECT |[2001:db8::1]:443||none 0|" },
	{ "GET http://meet.example/ HTTP/1.0\r\n\r\n",
	    "GET http|meet.example|/|none 0|" },
	{ "GET / HTTP/1.0\r\n" HOST "Connection: Keep-Alive\r\n\r\n",
	    "GET |meet.example|/|none 0|k" },
	{ GET HOST "Connection: x, Close\r\n\r\n",
	    "GET |meet.example|/|none 0|" },
	{ GET HOST "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
	           "\r\n",
	    "GET |meet.example|/|none 0|ku" },
	{ GET HOST "Connection: Upgrade\r\n\r\n",
	    "GET |meet.example|/|none 0|k" },
	{ "GET / HTTP/1.0\r\n" HOST "Connection: Upgrade\r\nUpgrade: a\r\n\r\n",
	    "GET |meet.example|/|none 0|" },
	{ POST "Content-Length: 0\r\n\r\n", "POST |meet.example|/|length 0|k" },
	{ POST "content-length:\t 4611686018427387904 \r\n\r\n",
	    "POST |meet.example|/|length 4611686018427387904|k" },
	{ POST "Transfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n",
	    "POST |meet.example|/|chunked 0|ke" },
	{ "POST / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\n"
	  "Content-Length: 1\r\n\r\n",
	    "POST |meet.example|/|length 1|" },
	{ POST "Expect: something\r\nContent-Length: 1\r\n\r\n",
	    "POST |meet.example|/|length 1|k" },
	{ GET HOST "X:\r\nY: a\tb \xc3\xa4\t\r\n\r\n",
	    "GET |meet.example|/|none 0|k" },
};

static void test_taken(void)
{
	struct buf out;
	enum h1_fault fault;
	ptrdiff_t n;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		struct span in = span_str(taken[i].in);

		n = h1_read_request(in, &m, &fault);
		show(&out);
		tap_ok((size_t)n == in.n && fault == H1_OK,
		    "taken: request %zu", i);
		tap_span(buf_span(&out), span_str(taken[i].want), "%s",
		    taken[i].want);
	}
	buf_fini(&out);
}

static const struct {
	const char *method, *in, *want; /* NULL: refused */
} answer[] = {
	{ "GET", OK200 "Content-Length: 5\r\n\r\n", "200 OK|length 5|k" },
	{ "GET", OK200 "Transfer-Encoding: chunked\r\n\r\n",
	    "200 OK|chunked 0|k" },
	{ "GET", OK200 "\r\n", "200 OK|close 0|" },
	{ "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
	    "200 OK|length 5|" },
	{ "GET", "HTTP/1.1 200 \r\n\r\n", "200 |close 0|" },
	{ "GET", "HTTP/1.1 200\r\n\r\n", "200 |close 0|" },
	{ "GET", "HTTP/1.1 599 \xc3\xa4 b\r\nContent-Length: 0\r\n\r\n",
	    "599 \xc3\xa4 b|length 0|k" },
	{ "HEAD", OK200 "Content-Length: 5\r\n\r\n", "200 OK|none 0|k" },
	{ "HEAD", OK200 "Transfer-Encoding: chunked\r\n\r\n",
	    "200 OK|none 0|k" },
	{ "HEAD", OK200 "\r\n", "200 OK|none 0|k" },
	{ "GET", "HTTP/1.1 304 -\r\nContent-Length: 5\r\n\r\n",
	    "304 -|none 0|k" },
	{ "GET", "HTTP/1.1 204 -\r\n\r\n", "204 -|none 0|k" },
	{ "GET", "HTTP/1.1 204 -\r\nContent-Length: 0\r\n\r\n",
	    "204 -|none 0|k" },
	{ "GET", "HTTP/1.1 100 Continue\r\n\r\n", "100 Continue|none 0|k" },
	{ "GET", "HTTP/1.1 101 -\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
	    "101 -|none 0|ku" },
	{ "CONNECT", OK200 "\r\n", "200 OK|none 0|k" },
	{ "CONNECT", "HTTP/1.1 403 -\r\nContent-Length: 3\r\n\r\n",
	    "403 -|length 3|k" },
	{ "GET", "HTTP/1.1 204 -\r\nContent-Length: 1\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 204 -\r\nTransfer-Encoding: chunked\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 100 -\r\nTransfer-Encoding: chunked\r\n\r\n", NULL },
	{ "CONNECT", OK200 "Content-Length: 1\r\n\r\n", NULL },
	{ "CONNECT", OK200 "Transfer-Encoding: chunked\r\n\r\n", NULL },
	{ "GET",
	    OK200 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	    NULL },
	{ "HEAD",
	    OK200 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
	          "\r\n",
	    NULL },
	{ "GET", OK200 "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", NULL },
	{ "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    NULL },
	{ "GET", OK200 "Transfer-Encoding: gzip, chunked\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 099 -\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 600 -\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 20 -\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 2000 -\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1  200 -\r\n\r\n", NULL },
	{ "GET", "HTTP/2.0 200 -\r\n\r\n", NULL },
	{ "GET", "ICY 200 OK\r\n\r\n", NULL },
	{ "GET", "\r\n" OK200 "\r\n", NULL },
	{ "GET", OK200 "X : a\r\n\r\n", NULL },
	{ "GET", OK200 "X: a\r\n b\r\n\r\n", NULL },
	{ "GET", "HTTP/1.1 200 O\1K\r\n\r\n", NULL },
};

static void test_answers(void)
{
	struct buf out;
	enum h1_fault fault;
	ptrdiff_t n;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof answer / sizeof *answer; i++) {
		struct span in = span_str(answer[i].in);

		n = h1_read_response(
		    in, span_str(answer[i].method), &m, &fault);
		if (answer[i].want == NULL) {
			tap_int(n, -EBADMSG, "refused: answer %zu", i);
			continue;
		}
		show(&out);
		tap_int(n, (long long)in.n, "taken: answer %zu", i);
		tap_span(buf_span(&out), span_str(answer[i].want), "%s to %s",
		    answer[i].want, answer[i].method);
	}
	buf_fini(&out);
}

/* first, then part n times, then last; what becomes of it? */
static void limit(const char *name, struct span first, struct span part,
    size_t n, struct span last, enum h1_fault want)
{
	enum h1_fault fault;
	struct buf in;
	ptrdiff_t r;

	buf_init(&in, 1 << 20);
	buf_add_span(&in, first);
	while (n-- > 0)
		buf_add_span(&in, part);
	buf_add_span(&in, last);
	r = h1_read_request(buf_span(&in), &m, &fault);
	tap_ok(fault == want && (want != H1_OK || r > 0), "%s", name);
	buf_fini(&in);
}

static void test_limits(void)
{
	limit("as many fields as may be", SPAN(GET HOST), SPAN("X: a\r\n"),
	    MSG_FIELDS_MAX - 1, SPAN("\r\n"), H1_OK);
	limit("one more", SPAN(GET HOST), SPAN("X: a\r\n"), MSG_FIELDS_MAX,
	    SPAN("\r\n"), H1_TOO_LARGE);
	limit("the largest target", SPAN("GET /"), SPAN("a"),
	    MSG_TARGET_MAX_BYTES - 1, SPAN(" HTTP/1.1\r\n" HOST "\r\n"), H1_OK);
	limit("one byte more", SPAN("GET /"), SPAN("a"), MSG_TARGET_MAX_BYTES,
	    SPAN(" HTTP/1.1\r\n" HOST "\r\n"), H1_TOO_LARGE);
	limit("the largest head", SPAN(GET HOST "X: "), SPAN("a"),
	    MSG_HEAD_MAX_BYTES - (sizeof(GET HOST "X: ") - 1) - 4,
	    SPAN("\r\n\r\n"), H1_OK);
	limit("one byte more", SPAN(GET HOST "X: "), SPAN("a"),
	    MSG_HEAD_MAX_BYTES - (sizeof(GET HOST "X: ") - 1) - 3,
	    SPAN("\r\n\r\n"), H1_TOO_LARGE);
	limit("a head that never ends", SPAN(GET HOST "X: "), SPAN("a"),
	    MSG_HEAD_MAX_BYTES, SPAN(""), H1_TOO_LARGE);
	limit("a body behind it does not count", SPAN(GET HOST "\r\n"),
	    SPAN("a"), MSG_HEAD_MAX_BYTES, SPAN(""), H1_OK);
}

static const struct {
	const char *in, *want; /* NULL: broken; ends in '+': more is needed */
	size_t rest;
} chunks[] = {
	{ "0\r\n\r\n", "", 0 },
	{ "5\r\nhello\r\n0\r\n\r\nGET", "hello", 3 },
	{ "0000000000000005\r\nhello\r\n00\r\n\r\n", "hello", 0 },
	{ "a;x=\"y z\"\r\n0123456789\r\n0;q\r\n\r\n", "0123456789", 0 },
	{ "A\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n", "0123456789", 0 },
	{ "4000000000000000\r\nabc", "abc+", 0 },
	{ "", "+", 0 },
	{ "5\r\nhel", "hel+", 0 },
	{ "5\r\nhello\r\n0\r\n\r", "hello+", 0 },
	{ "00000000000000005\r\nhello\r\n0\r\n\r\n", NULL, 0 },
	{ "4000000000000001\r\n", NULL, 0 },
	{ "ffffffffffffffff\r\n", NULL, 0 },
	{ "\r\n", NULL, 0 },
	{ " 5\r\nhello\r\n", NULL, 0 },
	{ "5 \r\nhello\r\n", NULL, 0 },
	{ "5 ;a\r\nhello\r\n", NULL, 0 },
	{ "0x5\r\nhello\r\n", NULL, 0 },
	{ "+5\r\nhello\r\n", NULL, 0 },
	{ "-5\r\nhello\r\n", NULL, 0 },
	{ "5\nhello\r\n", NULL, 0 },
	{ "5\r\nhello\n0\r\n\r\n", NULL, 0 },
	{ "5\r\nhelloo\r\n", NULL, 0 },
	{ "5\r\nhell\r\n0\r\n\r\n", NULL, 0 },
	{ "5;a\nb\r\nhello\r\n", NULL, 0 },
	{ "5;a\rb\r\nhello\r\n", NULL, 0 },
	{ "5;a\x80\r\nhello\r\n", NULL, 0 },
	{ "0\r\n\n", NULL, 0 },
	{ "0\r\nX : y\r\n\r\n", NULL, 0 },
	{ "0\r\nX: y\r\n z\r\n\r\n", NULL, 0 },
	{ "0\r\n: y\r\n\r\n", NULL, 0 },
	{ "0\r\nX\r\n\r\n", NULL, 0 },
	{ "0\r\nX: y\n\r\n", NULL, 0 },
	{ "0\r\n\rX", NULL, 0 },
};

/* Read in pieces of step bytes; adds what came, and '+' when more is needed. */
static int read_in_steps(enum framing framing, uint64_t length, struct span in,
    size_t step, struct buf *out, size_t *ret_rest)
{
	struct span piece, content;
	struct h1_body b;
	int r = 0;

	msg_init(&m, true);
	m.framing = framing;
	m.length = length;
	h1_body_init(&b, &m);
	buf_reset(out);
	for (size_t at = 0; r == 0 && at < in.n;) {
		piece = span_of(in.p + at, in.n - at < step ? in.n - at : step);
		at += piece.n;
		do {
			r = h1_body_read(&b, &piece, &content);
			buf_add_span(out, content);
		} while (r == 0 && piece.n > 0);
		*ret_rest = in.n - at + piece.n;
	}
	if (r == -EBADMSG) {
		piece = in;
		return h1_body_read(&b, &piece, &content);
	}
	if (h1_body_eof(&b) < 0)
		buf_add_char(out, '+');
	return r;
}

static void test_chunks(void)
{
	struct buf out;
	size_t rest = 0;
	bool good;
	int r;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		struct span in = span_str(chunks[i].in);

		good = true;
		for (size_t step = 1; step <= in.n + 1 && good; step++) {
			r = read_in_steps(
			    FRAME_CHUNKED, 0, in, step, &out, &rest);
			if (chunks[i].want == NULL)
				good = r == -EBADMSG;
			else
				good = r >= 0 &&
				       span_eq(buf_span(&out),
				           span_str(chunks[i].want)) &&
				       (r == 0 || rest == chunks[i].rest);
		}
		tap_ok(good, "chunks %zu, cut in all steps", i);
	}
	tap_int(read_in_steps(FRAME_CHUNKED, 0,
	            SPAN("1;" A256 "\r\na\r\n0"
	                 "\r\n\r\n"),
	            9, &out, &rest),
	    1, "extension at the limit");
	tap_int(read_in_steps(FRAME_CHUNKED, 0,
	            SPAN("1;" A256 "\r\na\r\n0;b"
	                 "\r\n\r\n"),
	            9, &out, &rest),
	    -EBADMSG, "over it in all");
	buf_fini(&out);
}

static void test_bodies(void)
{
	struct buf out, in;
	size_t rest = 9;

	buf_init(&out, 65536);
	buf_init(&in, 65536);
	buf_add_str(&in, "0\r\n");
	while (buf_len(&in) < 8000)
		buf_add_str(&in, "Name: 0123456789\r\n");
	buf_add_str(&in, "\r\n");
	tap_int(
	    read_in_steps(FRAME_CHUNKED, 0, buf_span(&in), 100, &out, &rest), 1,
	    "a long trailer");
	buf_truncate(&in, buf_len(&in) - 2);
	while (buf_len(&in) < 10000)
		buf_add_str(&in, "Name: 0123456789\r\n");
	tap_int(
	    read_in_steps(FRAME_CHUNKED, 0, buf_span(&in), 100, &out, &rest),
	    -EBADMSG, "too long a trailer");
	tap_int(read_in_steps(FRAME_LENGTH, 3, SPAN("abcd"), 2, &out, &rest), 1,
	    "by length");
	tap_span(buf_span(&out), SPAN("abc"), "its content");
	tap_int((long long)rest, 1, "what is behind it");
	tap_int(read_in_steps(FRAME_LENGTH, 5, SPAN("abcd"), 2, &out, &rest), 0,
	    "too short");
	tap_span(buf_span(&out), SPAN("abcd+"), "its content is cut");
	tap_int(read_in_steps(FRAME_NONE, 0, SPAN("abcd"), 4, &out, &rest), 1,
	    "no body");
	tap_int((long long)rest, 4, "nothing is taken");
	tap_int(read_in_steps(FRAME_CLOSE, 0, SPAN("abcd"), 3, &out, &rest), 0,
	    "until the end");
	tap_span(buf_span(&out), SPAN("abcd"), "is a proper end");
	buf_fini(&out);
	buf_fini(&in);
}

static void test_write(void)
{
	struct buf out;
	enum h1_fault fault;

	buf_init(&out, 4096);
	h1_read_request(
	    SPAN("POST http://meet.example:81/a?b HTTP/1.0\r\n"
	         "X-A:  1 \r\nhost: meet.example:81\r\nKeep-Alive: 5\r\n"
	         "content-length: 007\r\nX-B: 2\r\n\r\n"),
	    &m, &fault);
	m.field[0].gone = true;
	tap_int(h1_write_head(&m, &out), 0, "write a request");
	tap_span(buf_span(&out),
	    SPAN("POST /a?b HTTP/1.1\r\n"
	         "Host: meet.example:81\r\nX-B: 2\r\nContent-Length: 7\r\n"
	         "Connection: close\r\n\r\n"),
	    "in one form");
	buf_reset(&out);
	h1_read_response(
	    SPAN("HTTP/1.0 200\r\nX-A: 1\r\n\r\n"), SPAN("GET"), &m, &fault);
	m.framing = FRAME_CHUNKED;
	m.keep_alive = true;
	m.upgrade = true;
	tap_int(h1_write_head(&m, &out), 0, "write an answer");
	tap_span(buf_span(&out),
	    SPAN("HTTP/1.1 200 \r\nX-A: 1\r\n"
	         "Transfer-Encoding: chunked\r\nConnection: Upgrade\r\n\r\n"),
	    "in one form");
	buf_reset(&out);
	m.field[0].value = SPAN("1\r\nX-B: 2");
	tap_int(h1_write_head(&m, &out), -EINVAL, "a value that breaks out");
	m.field[0].value = SPAN("1");
	m.field[0].name = SPAN("X-A: ");
	tap_int(h1_write_head(&m, &out), -EINVAL, "a name that breaks out");
	msg_init(&m, true);
	m.method = SPAN("GET");
	m.authority = SPAN("meet.example");
	m.path = SPAN("/ x");
	tap_int(h1_write_head(&m, &out), -EINVAL, "a path that breaks out");
	m.path = SPAN("");
	tap_int(h1_write_head(&m, &out), -EINVAL, "no path");
	tap_int((long long)buf_len(&out), 0, "nothing was written");
	h1_write_chunk(&out, SPAN(""), false);
	tap_int((long long)buf_len(&out), 0, "no empty chunk");
	h1_write_chunk(&out, SPAN("0123456789abcdef!"), false);
	h1_write_chunk(&out, SPAN("b"), true);
	tap_span(buf_span(&out),
	    SPAN("11\r\n0123456789abcdef!\r\n1\r\nb\r\n"
	         "0\r\n\r\n"),
	    "chunks");
	buf_fini(&out);
	buf_init(&out, 20);
	m.path = SPAN("/");
	tap_int(h1_write_head(&m, &out), -ENOBUFS, "no room");
	buf_fini(&out);
}

int main(void)
{
	test_refused();
	test_taken();
	test_answers();
	test_limits();
	test_chunks();
	test_bodies();
	test_write();
	return tap_done();
}
