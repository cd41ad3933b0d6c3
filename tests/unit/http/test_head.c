/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/head.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/h1.h"
#include "lib/tap.h"
#include "unit/body/rules.h"

#define GET "GET / HTTP/1.1\r\nHost: meet.example\r\n"
#define START "GET / HTTP/1.1\nHost: meet.example\n"
#define OK200 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"

struct row {
	const char *name, *lines, *in;
	const char *want; /* what is written, CRs left out; NULL: refused */
	const char *said; /* findings; NULL: not looked at */
};

static struct msg m;

/* A reader of inner texts: refuses "bad", breaks "line" and puts others in
 * brackets. */
static int inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	(void)arg, (void)plan, (void)env;
	if (span_eq(in, SPAN("bad")))
		return -EBADMSG;
	if (span_eq(in, SPAN("line")))
		return buf_add_str(out, "a\r\nY: b");
	buf_add_char(out, '[');
	buf_add_span(out, in);
	return buf_add_char(out, ']');
}

static void without_cr(struct buf *out, struct span in)
{
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != '\r')
			buf_add_char(out, in.p[i]);
}

static void run(const struct row *row, bool request, bool hop, bool reader)
{
	struct rules *rules =
	    row->lines != NULL ? rules_new(row->lines, false) : NULL;
	const struct plan *plan = rules != NULL ? rules_plan(rules) : NULL;
	struct arena *a = arena_new(1 << 16);
	struct buf said, out, text;
	enum h1_fault fault;
	struct env env;
	ptrdiff_t n;
	int r;

	buf_init(&said, 1 << 16);
	buf_init(&out, 1 << 16);
	buf_init(&text, 1 << 16);
	env = rules_env(&said);
	env.inner = reader ? inner : NULL;
	n = request
	        ? h1_read_request(span_str(row->in), &m, &fault)
	        : h1_read_response(span_str(row->in), SPAN("GET"), &m, &fault);
	if (hop)
		head_hop(&m);
	r = request ? head_request(&m, plan, &env, a)
	            : head_response(&m, plan, &env, a);
	if (row->want == NULL) {
		tap_ok(n > 0 && r == -EBADMSG, "refused: %s", row->name);
	} else {
		tap_ok(n > 0 && r == 0 && h1_write_head(&m, &out) == 0,
		    "taken: %s", row->name);
		without_cr(&text, buf_span(&out));
		tap_span(buf_span(&text), span_str(row->want), "%s", row->name);
	}
	if (row->said != NULL)
		tap_span(buf_span(&said), span_str(row->said), "findings: %s",
		    row->name);
	buf_fini(&said);
	buf_fini(&out);
	buf_fini(&text);
	arena_free(a);
	if (rules != NULL)
		rules_free(rules);
}

static const struct row hop[] = {
	{ "fields of one hop", NULL,
	    GET "Connection: close, X-Own, host\r\n"
	        "X-Own: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\n"
	        "Proxy-Connection: a\r\nProxy-Authorization: a\r\n"
	        "Upgrade: websocket\r\nX-Other: 2\r\n\r\n",
	    START "X-Other: 2\nConnection: close\n\n", "" },
	{ "path tellers", NULL,
	    GET
	    "Via: 1.1 gw\r\nForwarded: for=a\r\n"
	    "X-Forwarded-For: a\r\nX-Forwarded-Proto: a\r\nx-forwarded: b\r\n"
	    "X-Real-IP: a\r\nClient-IP: a\r\nX-Client-IP: a\r\n"
	    "True-Client-IP: a\r\nX-Forward: b\r\n\r\n",
	    START "X-Forward: b\n\n", "" },
	{ "an upgrade stays", NULL,
	    GET "Connection: keep-alive, Upgrade\r\n"
	        "Upgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n",
	    START "Upgrade: websocket\nSec-WebSocket-Key: a\n"
	          "Connection: Upgrade\n\n",
	    "" },
	{ "Connection cannot name the frame", NULL,
	    GET "Content-Length: 3\r\nContent-Type: a/b\r\n"
	        "Connection: content-length, content-type, cookie\r\n"
	        "Cookie: a=1\r\n\r\n",
	    START "Content-Type: a/b\nContent-Length: 3\n\n", "" },
};

static const struct row header[] = {
	{ "no plan", NULL, GET "X: 1\r\n\r\n", START "X: 1\n\n", "" },
	{ "drop and set, any case",
	    "header user-agent -> set:Browser\n"
	    "header X-Dev* -> drop",
	    GET "User-Agent: ExampleMeet/9.1\r\nx-device: 7\r\nX: 1\r\n\r\n",
	    START "User-Agent: Browser\nX: 1\n\n",
	    "set User-Agent ExampleMeet/9.1>Browser;drop x-device 7>;" },
	{ "each of several", "header X -> drop",
	    GET "X: 1\r\nY: 2\r\nx: 3\r\n\r\n", START "Y: 2\n\n", NULL },
	{ "set adds nothing", "header X -> set:1", GET "\r\n", START "\n", "" },
	{ "allow-list", "header Accept -> keep\nheader * -> drop",
	    GET
	    "Accept: a\r\nX: 1\r\nContent-Type: a/b\r\nContent-Length: 0\r\n"
	    "Cookie: a=1\r\n\r\n",
	    START "Accept: a\nContent-Type: a/b\nContent-Length: 0\n\n",
	    "keep Accept a>a;drop X 1>;drop Cookie a=1>;" },
	{ "a glob leaves the frame alone", "header * -> drop",
	    GET "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Key: a\r\nContent-Encoding: gzip\r\n"
	        "Expect: x\r\n\r\n",
	    START "Upgrade: websocket\nSec-WebSocket-Key: a\n"
	          "Content-Encoding: gzip\nExpect: x\nConnection: Upgrade\n\n",
	    "" },
	{ "its own name does not", "header Sec-WebSocket-Key -> drop",
	    GET "Sec-WebSocket-Key: a\r\n\r\n", START "\n", NULL },
	{ "Host is never judged", "header Host -> drop\nheader * -> drop",
	    GET "\r\n", START "\n", "" },
	{ "the same value is no change", "header X -> set:1",
	    GET "X: 1\r\n\r\n", START "X: 1\n\n", "keep X 1>1;" },
	{ "a treatment that cannot read it drops it", "header X -> coarsen:1h",
	    GET "X: soon\r\n\r\n", START "\n", "drop X soon>;" },
	{ "unwrapped and treated", "header X > base64 -> set:b",
	    GET "X: YQ==\r\n\r\n", START "X: Yg==\n\n", "set X a>b;" },
	{ "not of that form", "header X > base64 -> set:b",
	    GET "X: ???\r\n\r\n", NULL, NULL },
	{ "empty, with a chain", "header X > base64 > json $.a -> drop",
	    GET "X:\r\n\r\n", START "X: \n\n", "keep X >;" },
};

static const struct row inside[] = {
	{ "read inside", "header X > base64 > json $.a -> drop",
	    GET "X: YQ==\r\n\r\n", START "X: W2Fd\n\n", NULL },
	{ "not readable inside", "header X > json $.a -> drop",
	    GET "X: bad\r\n\r\n", NULL, NULL },
	{ "what comes out would break the line", "header X > json $.a -> drop",
	    GET "X: line\r\n\r\n", NULL, NULL },
	{ "inside a cookie", "cookie a > json $.a -> drop",
	    GET "Cookie: a=x y\r\n\r\n", START "Cookie: a=[x%20y]\n\n", NULL },
	{ "inside a parameter", "query a > json $.a -> drop",
	    "GET /?a=%7b HTTP/1.1\r\nHost: meet.example\r\n\r\n",
	    "GET /?a=%5B%7B%5D HTTP/1.1\nHost: meet.example\n\n", NULL },
};

static const struct row no_reader[] = {
	{ "nobody reads inside a field", "header X > json $.a -> drop",
	    GET "X: a\r\n\r\n", NULL, NULL },
	{ "nobody reads inside a cookie", "cookie a > json $.a -> drop",
	    GET "Cookie: a=1\r\n\r\n", NULL, NULL },
	{ "nobody reads inside a parameter", "query a > json $.a -> drop",
	    "GET /?a=1 HTTP/1.1\r\nHost: meet.example\r\n\r\n", NULL, NULL },
};

static const struct row cookie[] = {
	{ "untouched", "cookie a -> drop", GET "Cookie: b=1;c=2 ;; d\r\n\r\n",
	    START "Cookie: b=1;c=2 ;; d\n\n", "" },
	{ "one of three", "cookie b* -> drop",
	    GET "Cookie: a=1; b1=2; c=3\r\n\r\n", START "Cookie: a=1; c=3\n\n",
	    "drop b1 2>;" },
	{ "several fields", "cookie a -> drop",
	    GET "Cookie: a=1; b=2\r\nCookie: a=3\r\nCookie: c=4\r\n\r\n",
	    START "Cookie: b=2\nCookie: c=4\n\n", NULL },
	{ "names have a case", "cookie a -> drop", GET "Cookie: A=1\r\n\r\n",
	    START "Cookie: A=1\n\n", "" },
	{ "spaces about the name", "cookie a -> drop",
	    GET "Cookie: \ta =1;b=2\r\n\r\n", START "Cookie: b=2\n\n", NULL },
	{ "without =", "cookie a -> drop", GET "Cookie: a; b\r\n\r\n",
	    START "Cookie: b\n\n", "drop a >;" },
	{ "without a name", "cookie * -> drop", GET "Cookie: =a\r\n\r\n",
	    START "\n", "drop  a>;" },
	{ "value with =", "cookie a -> set:1", GET "Cookie: a=b=c\r\n\r\n",
	    START "Cookie: a=1\n\n", "set a b=c>1;" },
	{ "within quotes", "cookie b -> drop",
	    GET "Cookie: a=\"x; b=1; y\"\r\n\r\n",
	    START "Cookie: a=\"x; y\"\n\n", NULL },
	{ "what a cookie cannot carry", "cookie a -> set:x; b=1,\"2\"\\",
	    GET "Cookie: a=1\r\n\r\n",
	    START "Cookie: a=x%3B%20b=1%2C%222%22%5C\n\n", NULL },
	{ "a glob over fields leaves them to their lines",
	    "header * -> drop\ncookie a -> drop",
	    GET "Cookie: a=1; b=2\r\nX: 1\r\n\r\n", START "Cookie: b=2\n\n",
	    NULL },
	{ "their own name does not", "header Cookie -> drop\ncookie a -> drop",
	    GET "Cookie: a=1; b=2\r\n\r\n", START "\n", NULL },
	{ "Set-Cookie in a request is a field", "cookie a -> drop",
	    GET "Set-Cookie: a=1\r\n\r\n", START "Set-Cookie: a=1\n\n", "" },
};

static const struct row coding[] = {
	{ "what browsers send", NULL,
	    GET "Accept-Encoding: gzip, deflate, br, zstd\r\n\r\n",
	    START "Accept-Encoding: gzip, deflate, br, zstd\n\n", NULL },
	{ "another order", NULL, GET "Accept-Encoding: zstd,br\r\n\r\n",
	    START "Accept-Encoding: br, zstd\n\n", NULL },
	{ "only others", NULL, GET "Accept-Encoding: dcb\r\n\r\n",
	    START "Accept-Encoding: identity\n\n", NULL },
	{ "weights", NULL,
	    GET "Accept-Encoding: GZIP;q=0.5, deflate; q=0.000\r\n\r\n",
	    START "Accept-Encoding: gzip\n\n", NULL },
	{ "star", NULL, GET "Accept-Encoding: gzip;q=0, *\r\n\r\n",
	    START "Accept-Encoding: deflate, br, zstd\n\n", NULL },
	{ "no star", NULL, GET "Accept-Encoding: *;q=0\r\n\r\n",
	    START "Accept-Encoding: identity\n\n", NULL },
	{ "two fields", NULL,
	    GET "Accept-Encoding: dcb\r\nX: 1\r\nAccept-Encoding: gzip\r\n\r\n",
	    START "Accept-Encoding: gzip\nX: 1\n\n", NULL },
	{ "after the lines", "header Accept-Encoding -> set:dcb",
	    GET "Accept-Encoding: gzip\r\n\r\n",
	    START "Accept-Encoding: identity\n\n", NULL },
};

static const struct row answer[] = {
	{ "what no client needs", NULL,
	    OK200
	    "Alt-Svc: a\r\nNEL: a\r\nReport-To: a\r\nReporting-Endpoints: a\r\n"
	    "Accept-CH: a\r\nCritical-CH: a\r\nX: 1\r\n"
	    "Content-Security-Policy-Report-Only: a\r\n\r\n",
	    "HTTP/1.1 200 OK\nX: 1\nContent-Length: 0\n\n", "" },
	{ "reports of a policy", NULL,
	    OK200 "Content-Security-Policy: "
	          "default-src 'self'; Report-URI https://log.example/a ;"
	          "script-src a; report-to b, img-src c;report-uri d\r\n\r\n",
	    "HTTP/1.1 200 OK\nContent-Security-Policy: default-src 'self'; "
	    "script-src a, img-src c\nContent-Length: 0\n\n",
	    NULL },
	{ "nothing but reports", NULL,
	    OK200 "Content-Security-Policy: report-uri a\r\n\r\n",
	    "HTTP/1.1 200 OK\nContent-Length: 0\n\n", NULL },
	{ "a policy without reports", NULL,
	    OK200 "Content-Security-Policy: a;b ; report-urix c,,\r\n\r\n",
	    "HTTP/1.1 200 OK\nContent-Security-Policy: a;b ; report-urix c,,\n"
	    "Content-Length: 0\n\n",
	    NULL },
	{ "the first policy is empty now", NULL,
	    OK200
	    "Content-Security-Policy: report-to a, img-src b; c d\r\n\r\n",
	    "HTTP/1.1 200 OK\nContent-Security-Policy: img-src b; c d\n"
	    "Content-Length: 0\n\n",
	    NULL },
	{ "cookies", "cookie _ga* -> drop\ncookie id -> set:0",
	    OK200
	    "Set-Cookie: _ga1=1; Path=/\r\nSet-Cookie: a=1; Path=/\r\n"
	    "Set-Cookie: id=77; Path=/; HttpOnly\r\nSet-Cookie:id=78\r\n\r\n",
	    "HTTP/1.1 200 OK\nSet-Cookie: a=1; Path=/\n"
	    "Set-Cookie: id=0; Path=/; HttpOnly\nSet-Cookie: id=0\n"
	    "Content-Length: 0\n\n",
	    "drop _ga1 1>;set id 77>0;set id 78>0;" },
	{ "fields", "header Server -> drop\nheader X -> set:1",
	    OK200 "Server: a\r\nX: 2\r\n\r\n",
	    "HTTP/1.1 200 OK\nX: 1\nContent-Length: 0\n\n", NULL },
};

static void test_rows(void)
{
#define RUN(table, request, hops, reader)                                      \
	for (size_t i = 0; i < sizeof(table) / sizeof *(table); i++)           \
	run(&(table)[i], request, hops, reader)

	RUN(hop, true, true, true);
	RUN(header, true, true, true);
	RUN(inside, true, false, true);
	RUN(no_reader, true, false, false);
	RUN(cookie, true, false, true);
	RUN(coding, true, false, true);
	RUN(answer, false, true, true);
}

static void test_targets(void)
{
	static const struct {
		const char *lines, *in, *want, *said;
	} row[] = {
		{ "query a -> drop", "/?a=1&b=2", "/?b=2", "drop a 1>;" },
		{ "query b -> drop", "/?a=1&b=2", "/?a=1", NULL },
		{ "query b -> drop", "/?a=1&b=2&c=3", "/?a=1&c=3", NULL },
		{ "query * -> drop", "/x?a=1&b=2", "/x", NULL },
		{ "query * -> drop", "/x?", "/x?", "" },
		{ "query a -> keep\nquery * -> drop", "/?&&a=1&", "/?a=1",
		    "drop  >;drop  >;keep a 1>1;drop  >;" },
		{ "query a -> drop", "/x", "/x", "" },
		{ "query a -> drop", "/?&&b&=c&", "/?&&b&=c&", "" },
		{ "query a -> drop", "/?%61=1&b=%7e+%zz", "/?b=%7e+%zz", NULL },
		{ "query a -> drop", "/?a=%zz", "/", "drop a %zz>;" },
		{ "query a -> keep\nquery * -> drop", "/?a=%zz&b=1", "/?a=%zz",
		    NULL },
		{ "query a*b -> set:1", "/?a+b=2&a%20b", "/?a+b=1&a%20b=1",
		    NULL },
		{ "query a -> set:x y&\xc3\xa4", "/?a=1", "/?a=x%20y%26%C3%A4",
		    NULL },
		{ "query a -> mask", "/?a=b+%63", "/?a=xxx",
		    "mask a b c>xxx;" },
		{ "query a > base64url -> set:b", "/?a=YQ", "/?a=Yg", NULL },
		{ "query a -> mask", "/?a=%zz", NULL, NULL },
		{ "query a -> drop", "/?%zz=1", NULL, NULL },
		{ "query a -> drop", "/?%6", NULL, NULL },
		{ "query a -> drop", "/?b?a=1", "/?b?a=1", "" },
		{ "query j -> drop", "/j/1?b", "/j/1?b", "" },
		{ "path 2 -> set:x/y", "/j/4711?b", "/j/x%2Fy?b",
		    "set 2 4711>x/y;" },
		{ "path after:j -> mask", "/a/%6a/4%37/j", "/a/%6a/xx/j",
		    "mask 3 47>xx;" },
		{ "path 1 -> drop", "/a/b", "/b", NULL },
		{ "path 1 -> drop", "/a", "/", NULL },
		{ "path 2 -> drop", "/a/b/c", "/a/c", NULL },
		{ "path 2 -> drop", "/a", "/a", "" },
		{ "path 2 -> drop", "/", "/", "" },
		{ "path 1 -> mask\nquery a -> drop", "/ab?a", "/xx", NULL },
		{ "path 1 -> mask", "/%zz", NULL, NULL },
		{ "path 1 -> drop", "/%zz", "/", NULL },
		{ "path 1 -> drop", "*", "*", "" },
	};
	struct buf said;
	struct env env;

	buf_init(&said, 1 << 16);
	env = rules_env(&said);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct rules *rules = rules_new(row[i].lines, false);
		struct arena *a = arena_new(1 << 16);
		int r;

		buf_reset(&said);
		msg_init(&m, true);
		m.path = span_str(row[i].in);
		r = head_request(&m, rules_plan(rules), &env, a);
		if (row[i].want == NULL)
			tap_int(r, -EBADMSG, "refused: %s", row[i].in);
		else
			tap_ok(r == 0 && span_eq(m.path, span_str(row[i].want)),
			    "row %zu, %s: %s", i, row[i].in, row[i].want);
		if (row[i].said != NULL)
			tap_span(buf_span(&said), span_str(row[i].said),
			    "its findings");
		arena_free(a);
		rules_free(rules);
	}
	buf_fini(&said);
}

static void test_limits(void)
{
	struct rules *rules = rules_new("header X -> set:0123456789abcdef\n"
	                                "query a -> drop",
	    false);
	struct arena *a = arena_new(8);
	struct env env = rules_env(NULL);
	enum h1_fault fault;
	struct buf out;

	h1_read_request(SPAN(GET "X: 1\r\n\r\n"), &m, &fault);
	tap_int(head_request(&m, rules_plan(rules), &env, a), -ENOBUFS,
	    "no room for a new value");
	buf_init(&out, 4);
	tap_int(head_query(SPAN("a=1&bcdef"), rules_plan(rules), NULL, &out),
	    -ENOBUFS, "no room for a query");
	buf_reset(&out);
	tap_int(head_query(SPAN("a=1&bcd"), rules_plan(rules), NULL, &out), 0,
	    "room, and nobody listens");
	tap_span(buf_span(&out), SPAN("bcd"), "the query");
	buf_reset(&out);
	tap_int(head_query(SPAN("a=1"), NULL, NULL, &out), 0, "no plan");
	tap_span(buf_span(&out), SPAN("a=1"), "the query as it was");
	buf_fini(&out);
	arena_free(a);
	rules_free(rules);
}

static void test_permissions(void)
{
	struct arena *a = arena_new(1 << 16);
	enum h1_fault fault;
	struct span value;
	unsigned n = 0;

	h1_read_response(
	    SPAN(OK200 "Content-Type: Text/HTML; charset=utf-8\r\n"
	               "Permissions-Policy: geolocation=*\r\n\r\n"),
	    SPAN("GET"), &m, &fault);
	tap_int(head_response(&m, NULL, NULL, a), 0, "an answer with a page");
	for (unsigned i = 0; i < m.nfields; i++)
		n += m.field[i].id == FIELD_PERMISSIONS_POLICY &&
		     !m.field[i].gone;
	value = msg_value(&m, FIELD_PERMISSIONS_POLICY);
	tap_int(n, 1, "one Permissions-Policy");
	tap_ok(span_find(value, SPAN("geolocation=()")) < value.n,
	    "no geolocation");
	tap_ok(span_find(value, SPAN("camera")) == value.n &&
	           span_find(value, SPAN("microphone")) == value.n,
	    "nothing about camera and microphone");
	h1_read_response(SPAN(OK200 "Content-Type: application/json\r\n\r\n"),
	    SPAN("GET"), &m, &fault);
	tap_int(head_response(&m, NULL, NULL, a), 0, "an answer with JSON");
	tap_ok(msg_find(&m, FIELD_PERMISSIONS_POLICY) == NULL, "has none");
	msg_init(&m, false);
	msg_add(
	    &m, FIELD_CONTENT_TYPE, SPAN("Content-Type"), SPAN("text/html"));
	while (msg_add(&m, FIELD_OTHER, SPAN("x"), SPAN("y")) == 0)
		;
	tap_int(head_response(&m, NULL, NULL, a), -ENOBUFS,
	    "no room for one more field");
	arena_free(a);
}

/* Who asks for all values gets those that no line names, too; names are names
 * of fields, cookies and parameters and numbers of segments. */
static void test_unnamed(void)
{
	struct arena *a = arena_new(1 << 16);
	enum h1_fault fault;
	struct buf said;
	struct env env;

	buf_init(&said, 1 << 16);
	env = rules_env(&said);
	env.unnamed = true;
	h1_read_request(SPAN("GET /a%20b/c?q=1+2&%zz=%zz&=3 HTTP/1.1\r\n"
	                     "Host: meet.example\r\nX-A: b\r\n"
	                     "Content-Type: a/b\r\nCookie: c=d; e=f\r\n\r\n"),
	    &m, &fault);
	tap_int(head_request(&m, NULL, &env, a), 0, "nothing is refused");
	tap_span(buf_span(&said),
	    SPAN("keep X-A b>b;keep c d>d;keep e f>f;keep 1 a b>a b;"
	         "keep 2 c>c;keep q 1 2>1 2;keep %zz %zz>%zz;keep  3>3;"),
	    "all values of a head");
	tap_span(m.path, SPAN("/a%20b/c?q=1+2&%zz=%zz&=3"), "as they are");
	buf_fini(&said);
	arena_free(a);
}

int main(void)
{
	test_rows();
	test_targets();
	test_limits();
	test_permissions();
	test_unnamed();
	return tap_done();
}
