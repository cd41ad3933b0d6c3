/* SPDX-License-Identifier: EUPL-1.2 */
/* The second reader of HTTP/1.1: what it takes, what it refuses, what it finds.
 */
#include "lib/case_http.h"
#include "lib/tap.h"

#define H "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" H

static const struct {
	const char *name;
	struct span in;
	bool request, bodiless, ended;
	ptrdiff_t want; /* -1: refused, 0: not complete, else bytes taken */
	const char *body;
} row[] = {
	{ "no content", SPAN("GET / HTTP/1.1\r\n" H "\r\nGET"), true, false,
	    false, 27, "" },
	{ "half a head", SPAN("GET / HTTP/1.1\r\n" H), true, false, false, 0,
	    "" },
	{ "length", SPAN(POST "Content-Length: 3\r\n\r\nabcd"), true, false,
	    false, 50, "abc" },
	{ "half a body", SPAN(POST "Content-Length: 3\r\n\r\nab"), true, false,
	    false, 0, "" },
	{ "chunks",
	    SPAN(POST "Transfer-Encoding: chunked\r\n\r\n"
	              "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
	    true, false, false, 74, "abc" },
	{ "bad chunk", SPAN(POST "Transfer-Encoding: chunked\r\n\r\nx\r\n"),
	    true, false, false, -1, "" },
	{ "both",
	    SPAN(POST "Content-Length: 1\r\n"
	              "Transfer-Encoding: chunked\r\n\r\n"),
	    true, false, false, -1, "" },
	{ "two lengths",
	    SPAN(POST "Content-Length: 1\r\n"
	              "Content-Length: 1\r\n\r\na"),
	    true, false, false, -1, "" },
	{ "fold", SPAN(POST " x: y\r\n\r\n"), true, false, false, -1, "" },
	{ "bare LF in a value", SPAN(POST "X: a\nb\r\n\r\n"), true, false,
	    false, -1, "" },
	{ "space before the colon", SPAN(POST "X : y\r\n\r\n"), true, false,
	    false, -1, "" },
	{ "another version", SPAN("GET / HTTP/1.0\r\n" H "\r\n"), true, false,
	    false, -1, "" },
	{ "answer to the end", SPAN("HTTP/1.1 200 OK\r\n\r\nabc"), false, false,
	    true, 22, "abc" },
	{ "answer without end", SPAN("HTTP/1.1 200 OK\r\n\r\nabc"), false,
	    false, false, 0, "" },
	{ "answer to HEAD",
	    SPAN("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), false, true,
	    false, 38, "" },
	{ "204", SPAN("HTTP/1.1 204 No\r\n\r\n"), false, false, false, 19, "" },
	{ "no answer", SPAN("HTTP/1.1 2x0 OK\r\n\r\n"), false, false, false, -1,
	    "" },
};

static const struct {
	const char *path, *want; /* NULL: not there */
} json[] = {
	{ "$.a", "1" },
	{ "$.b.c[1]", "x\"y" },
	{ "$.b.c[2]", NULL },
	{ "$.b.d", "{ \"e\" : [ ] }" },
	{ "$.z", NULL },
	{ "$.u", "\xc3\xbc" },
	{ "$.b.c", "[ 2, \"x\\\"y\" ]" },
};

static void test_json(void)
{
	static const char text[] = "{\"a\":1, \"b\" : { \"c\":[ 2, "
	                           "\"x\\\"y\" ],\"d\": { \"e\" : [ ] } },"
	                           "\"\\u0075\":\"\\u00fc\"}";
	struct buf b;
	bool there;

	for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
		buf_init(&b, 100);
		there = case_json(span_str(text), span_str(json[i].path), &b);
		tap_ok(there == (json[i].want != NULL) &&
		           span_eq(buf_span(&b), span_str(json[i].want)),
		    "json %s", json[i].path);
		buf_fini(&b);
	}
}

int main(void)
{
	struct case_msg m;
	const char *why;
	ptrdiff_t n;

	case_msg_init(&m);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		n = case_msg_read(row[i].in, row[i].request, row[i].bodiless,
		    row[i].ended, &m, &why);
		tap_int(n, row[i].want, "%s: bytes", row[i].name);
		if (n > 0)
			tap_span(buf_span(&m.body), span_str(row[i].body),
			    "%s: content", row[i].name);
	}
	case_msg_fini(&m);
	test_json();
	return tap_done();
}
