/* SPDX-License-Identifier: EUPL-1.2 */
/* Cases over HTTP/2: a client and a server of the runner against each other.
 * What one says in the words of HTTP/1.1 the other hears, and what has no such
 * words is not said. */
#include "lib/case_h2.h"
#include "lib/tap.h"

#define H "Host: a.example\r\n"
#define GET "GET /x HTTP/1.1\r\n" H "\r\n"
#define POST "POST /x HTTP/1.1\r\n" H
#define OK "HTTP/1.1 200 \r\n"
#define EMPTY OK "Content-Length: 0\r\n\r\n"

static const struct {
	const char *name;
	const char *asks, *heard;  /* at the server */
	const char *answers, *got; /* at the client */
	const char *unsaid;
} row[] = {
	{ "no content", GET, GET, "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 204 \r\n\r\n", NULL },
	{ "lengths", POST "Content-Length: 3\r\n\r\nabc",
	    POST "Content-Length: 3\r\n\r\nabc",
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nde",
	    OK "Content-Length: 2\r\n\r\nde", NULL },
	{ "no length is one", GET, GET,
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", EMPTY, NULL },
	{ "chunks",
	    POST "Transfer-Encoding: chunked\r\n\r\n"
	         "2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
	    POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
	    "A\r\n0123456789\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: chunked\r\n\r\n"
	       "a\r\n0123456789\r\n0\r\n\r\n",
	    NULL },
	{ "half a body", POST "Content-Length: 3\r\n\r\nab",
	    POST "Content-Length: 3\r\n\r\nab", "", "", NULL },
	{ "HEAD", "HEAD / HTTP/1.1\r\n" H "\r\n",
	    "HEAD / HTTP/1.1\r\n" H "\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
	    OK "Content-Length: 7\r\n\r\n", NULL },
	{ "interim answers", GET, GET,
	    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	    "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 103 \r\nLink: </a>\r\n\r\nHTTP/1.1 204 \r\n\r\n", NULL },
	{ "requests that come at once", GET GET, GET,
	    "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 \r\n\r\n", NULL },
	{ "names, and fields of one hop",
	    "GET /x HTTP/1.1\r\nx-a: b\r\n" H
	    "Connection: keep-alive, X-Hop\r\nX-HOP: 1\r\n"
	    "Keep-Alive: 5\r\nTE: trailers\r\n\r\n",
	    "GET /x HTTP/1.1\r\n" H "X-A: b\r\nTe: trailers\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\nX: y\r\n"
	    "Content-Length: 0\r\n\r\n",
	    OK "X: y\r\nContent-Length: 0\r\n\r\n", NULL },
	{ "cookies in pieces",
	    "GET /x HTTP/1.1\r\n" H "A: 1\r\nCookie: a=b; c=d\r\nB: 2\r\n\r\n",
	    "GET /x HTTP/1.1\r\n" H "A: 1\r\nCookie: a=b; c=d\r\nB: 2\r\n\r\n",
	    "", "", NULL },
	{ "an absolute target", "GET https://a.example/y HTTP/1.1\r\n" H "\r\n",
	    "GET /y HTTP/1.1\r\n" H "\r\n", "", "", NULL },
	{ "OPTIONS", "OPTIONS * HTTP/1.1\r\n" H "\r\n",
	    "OPTIONS * HTTP/1.1\r\n" H "\r\n", "", "", NULL },

	{ "half a head", "GET / HTTP/1.1\r\n", "", "", "", "half a head" },
	{ "no head", "\x16\x03\x01", "", "", "", "half a head" },
	{ "another version", "GET / HTTP/1.0\r\n" H "\r\n", "", "", "",
	    "a request line that is not one of HTTP/1.1" },
	{ "two lengths", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
	    "", "", "", "a Content-Length that is no number" },
	{ "length and chunks",
	    POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "",
	    "", "", "Content-Length beside Transfer-Encoding" },
	{ "a bad chunk", POST "Transfer-Encoding: chunked\r\n\r\nx\r\n",
	    POST "Transfer-Encoding: chunked\r\n\r\n", "", "",
	    "chunks that are not well-formed" },
	{ "two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", "", "", "",
	    "two Host fields" },
	{ "no host", "GET / HTTP/1.1\r\n\r\n", "", "", "",
	    "a request without Host" },
	{ "a fold", "GET / HTTP/1.1\r\n" H " x: y\r\n\r\n", "", "", "",
	    "a field line that is not well-formed" },
	{ "an upgrade",
	    "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n",
	    "", "", "", "an upgrade" },
	{ "CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n" H "\r\n", "", "", "",
	    "CONNECT" },
	{ "bytes behind an answer", GET, GET,
	    "HTTP/1.1 204 No Content\r\n\r\nabc", "HTTP/1.1 204 \r\n\r\n",
	    "bytes that belong to no answer" },
	{ "no answer", GET, GET, "SSH-2.0-OpenSSH\r\n\r\n", "",
	    "a status line that is not one of HTTP/1.1" },
};

static void carry(struct case_h2 *from, struct case_h2 *to, bool *moved)
{
	struct buf b;

	buf_init(&b, FAKE_WIRE_MAX_BYTES);
	case_h2_speak(from, &b);
	*moved |= buf_len(&b) > 0;
	case_h2_hear(to, buf_span(&b));
	buf_fini(&b);
}

static void settle(struct case_h2 *client, struct case_h2 *server)
{
	bool moved = true;

	while (moved) {
		moved = false;
		carry(client, server, &moved);
		carry(server, client, &moved);
	}
}

static struct span heard(struct case_lane *l)
{
	return buf_span(&case_lane_wire(l)->got);
}

/* A client and a server; both lanes once the request was heard. */
struct pair {
	struct case_h2 *client, *server;
	struct case_lane *mine, *its;
};

static struct pair begin(const char *asks)
{
	struct pair p = { case_h2_new(false), case_h2_new(true), NULL, NULL };

	p.mine = case_h2_lane(p.client, 0);
	case_h2_say(p.client, p.mine, span_str(asks));
	settle(p.client, p.server);
	if (case_h2_lanes(p.server) > 0)
		p.its = case_h2_lane(p.server, 0);
	return p;
}

static void end(struct pair *p)
{
	case_h2_free(p->client);
	case_h2_free(p->server);
}

static void answer(struct pair *p, const char *text)
{
	case_h2_say(p->server, p->its, span_str(text));
	settle(p->client, p->server);
}

static bool unsaid(const struct pair *p, const char *want)
{
	const char *why = case_h2_unsaid(p->client);

	if (why == NULL)
		why = case_h2_unsaid(p->server);
	return (why == NULL) == (want == NULL) &&
	       (why == NULL || strcmp(why, want) == 0);
}

static bool clean(const struct pair *p)
{
	return case_h2_fault(p->client)[0] == '\0' &&
	       case_h2_fault(p->server)[0] == '\0';
}

static void play(size_t i)
{
	struct pair p = begin(row[i].asks);
	struct span up = p.its != NULL ? heard(p.its) : SPAN("");
	bool good = span_eq(up, span_str(row[i].heard));

	if (p.its != NULL)
		answer(&p, row[i].answers);
	good = good && span_eq(heard(p.mine), span_str(row[i].got)) &&
	       unsaid(&p, row[i].unsaid) && clean(&p);
	tap_ok(good, "%s", row[i].name);
	end(&p);
}

static void ends(void)
{
	struct pair p = begin(GET);

	answer(&p, "HTTP/1.1 200 OK\r\n\r\nabc");
	tap_ok(!case_lane_wire(p.mine)->got_fin, "content goes on");
	tap_ok(case_h2_finish(p.server, p.its), "until the server closes");
	settle(p.client, p.server);
	tap_ok(case_lane_wire(p.mine)->got_fin &&
	           !case_lane_wire(p.mine)->closed &&
	           span_ends(heard(p.mine), SPAN("\r\nabc\r\n0\r\n\r\n")),
	    "then it is whole");
	case_h2_say(p.client, p.mine, SPAN(GET));
	settle(p.client, p.server);
	tap_ok(case_h2_lanes(p.server) == 2, "that lane takes no more");
	end(&p);
}

static void resets(void)
{
	struct pair p = begin(GET);

	answer(&p, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	case_h2_reset(p.server, p.its);
	settle(p.client, p.server);
	tap_ok(case_lane_wire(p.mine)->closed && clean(&p),
	    "a server that resets in the middle");
	end(&p);

	p = begin(POST "Content-Length: 9\r\n\r\nabc");
	case_h2_reset(p.client, p.mine);
	settle(p.client, p.server);
	tap_ok(case_lane_wire(p.its)->closed && clean(&p), "a client");
	end(&p);
}

static void trailers(void)
{
	struct pair p = begin(POST "Transfer-Encoding: chunked\r\n\r\n"
	                           "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");

	tap_ok(strstr(case_h2_fault(p.server), "trailers came") != NULL,
	    "trailers: the gateway sends none");
	end(&p);
}

static void neutral(void)
{
	struct buf b;

	buf_init(&b, 1000);
	case_h2_neutral(SPAN("HTTP/1.1 404 Not Found\r\nX-A: B\r\n*\r\n"
	                     "Connection: close\r\ncontent-length: 3\r\n"
	                     "HOST: a\r\n\r\nabc"),
	    &b);
	tap_ok(span_eq(buf_span(&b),
	           SPAN("HTTP/1.1 404\r\nhost: a\r\nx-a: B\r\n*\r\n")),
	    "the neutral form");
	buf_fini(&b);
}

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		play(i);
	ends();
	resets();
	trailers();
	neutral();
	return tap_done();
}
