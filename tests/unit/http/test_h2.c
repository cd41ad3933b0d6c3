/* SPDX-License-Identifier: EUPL-1.2 */
/* Two HTTP/2 connections that talk to each other. Sources: RFC 9113, 5, 6, 8.
 */
#include "http/h2.h"

#include <errno.h>

#include "lib/tap.h"
#include "unit/http/h2_ends.h"

static const size_t pieces[] = { 0, 1, 7, 1000 };
static struct end client, server;

static void begin(void)
{
	end_init(&client, H2_CLIENT);
	end_init(&server, H2_SERVER);
}

static void end(const char *name)
{
	tap_ok(client.wrong == NULL && server.wrong == NULL,
	    "%s: nothing out of order (%s, %s)", name,
	    client.wrong != NULL ? client.wrong : "fine",
	    server.wrong != NULL ? server.wrong : "fine");
	end_fini(&client);
	end_fini(&server);
}

/* ---- messages ---- */

static bool whole(const struct buf *b, size_t n)
{
	struct span s = buf_span(b);

	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s.p[i] != (char)('a' + (n - i) % 23))
			return false;
	return true;
}

static const struct {
	const char *name, *method;
	size_t up, down;
} shape[] = {
	{ "GET with nothing", "GET", 0, 0 },
	{ "GET with content", "GET", 0, 1000 },
	{ "POST without an answer's content", "POST", 70000, 0 },
	{ "POST of 5 MB both ways", "POST", 5000000, 5000000 },
};

static void test_shapes(void)
{
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
		for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			struct talk *t;

			begin();
			server.answer = true;
			server.content_bytes = shape[i].down;
			t = end_ask(
			    &client, shape[i].method, "/call?x=1", shape[i].up);
			tap_int(ends_talk(&client, &server, pieces[k]), 0,
			    "%s, in pieces of %zu", shape[i].name, pieces[k]);
			tap_ok(t->closed && t->code == 0 && t->ended &&
			           t->m.status == 200 &&
			           whole(&t->got, shape[i].down),
			    "it is answered");
			tap_ok(server.ntalks == 1 && server.talk[0]->closed &&
			           server.talk[0]->code == 0 &&
			           whole(&server.talk[0]->got, shape[i].up),
			    "it came whole");
			tap_span(server.talk[0]->m.path, SPAN("/call?x=1"),
			    "with its path");
			tap_int(h2_streams(client.h2) + h2_streams(server.h2),
			    0, "and no stream is left");
			end(shape[i].name);
		}
}

static const struct {
	const char *name, *method;
	int status;
	bool last, head_last;
	enum framing framing, got;
	uint64_t length;
} bare[] = {
	{ "HEAD", "HEAD", 200, true, true, FRAME_NONE, FRAME_NONE, 0 },
	{ "HEAD, the end apart", "HEAD", 200, false, true, FRAME_LENGTH,
	    FRAME_NONE, 5 },
	{ "204", "GET", 204, true, true, FRAME_NONE, FRAME_NONE, 0 },
	{ "204, the end apart", "GET", 204, false, true, FRAME_NONE, FRAME_NONE,
	    0 },
	{ "304", "GET", 304, true, true, FRAME_NONE, FRAME_NONE, 0 },
	{ "200 that is empty", "GET", 200, true, false, FRAME_NONE,
	    FRAME_LENGTH, 0 },
	{ "200 that says so", "GET", 200, true, false, FRAME_LENGTH,
	    FRAME_LENGTH, 0 },
	{ "200 without length", "GET", 200, false, false, FRAME_CHUNKED,
	    FRAME_CHUNKED, 0 },
	{ "200 until close", "GET", 200, false, false, FRAME_CLOSE,
	    FRAME_CHUNKED, 0 },
};

static void test_bare(void)
{
	static struct msg m;

	for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
		struct talk *t, *s;

		begin();
		t = end_ask(&client, bare[i].method, "/", 0);
		ends_talk(&client, &server, 0);
		s = server.talk[0];
		tap_ok(s->last && s->m.framing == FRAME_NONE,
		    "%s: the request has no content", bare[i].name);
		msg_init(&m, false);
		m.status = bare[i].status;
		m.framing = bare[i].framing;
		m.length = bare[i].length;
		tap_int(h2_answer(server.h2, s->id, &m, bare[i].last), 0,
		    "%s is answered", bare[i].name);
		if (!bare[i].last)
			tap_int(h2_content(server.h2, s->id, SPAN(""), true), 0,
			    "and ended");
		tap_int(ends_talk(&client, &server, 0), 0, "they talk");
		tap_int(t->m.framing, bare[i].got, "framing of the answer");
		tap_int(t->last, bare[i].head_last, "does the head end it");
		tap_ok(t->ended && t->closed && t->code == 0, "it ends");
		end(bare[i].name);
	}
}

/* 1xx before the answer, trailers of nobody's interest, expect. */
static void test_interim(void)
{
	static struct msg m;
	struct talk *t, *s;

	begin();
	end_request(&m, "PUT", "/x");
	m.framing = FRAME_LENGTH;
	m.length = 3;
	msg_add(&m, FIELD_EXPECT, SPAN("Expect"), SPAN("100-continue"));
	t = end_ask(&client, "GET", "/", 0);
	t->closed = true; /* its place is used for a request of our own */
	h2_forget(client.h2, t->id, H2_CANCEL);
	t->closed = false;
	t->id = h2_request(client.h2, &m, false, t);
	ends_talk(&client, &server, 0);
	s = server.talk[server.ntalks - 1];
	tap_ok(s->m.expect_continue && s->m.framing == FRAME_LENGTH &&
	           s->m.length == 3 && !s->last,
	    "a request that waits");
	msg_init(&m, false);
	m.status = 100;
	tap_int(h2_answer(server.h2, s->id, &m, false), 0, "100");
	tap_int(h2_answer(server.h2, s->id, &m, true), -EINVAL,
	    "that cannot be the end");
	ends_talk(&client, &server, 0);
	tap_ok(t->interims == 1 && t->heads == 0 && t->m.status == 100,
	    "it comes");
	h2_content(client.h2, t->id, SPAN("abc"), true);
	m.status = 200;
	h2_answer(server.h2, s->id, &m, true);
	ends_talk(&client, &server, 0);
	tap_span(buf_span(&s->got), SPAN("abc"), "then the content goes");
	tap_ok(t->closed && t->heads == 1 && t->code == 0, "and the answer");
	end("1xx");
}

static bool has(const struct msg *m, const char *name, const char *value)
{
	return span_eq(msg_value_name(m, span_str(name)), span_str(value));
}

static void test_fields(void)
{
	static struct msg m;
	struct talk *t;
	const struct msg *got;

	begin();
	end_request(&m, "GET", "/x");
	msg_add(&m, FIELD_HOST, SPAN("Host"), SPAN("meet.example"));
	msg_add(&m, FIELD_OTHER, SPAN("X-Upper"), SPAN("Stays Upper"));
	msg_add(&m, FIELD_CONNECTION, SPAN("Connection"), SPAN("close"));
	msg_add(&m, FIELD_KEEP_ALIVE, SPAN("Keep-Alive"), SPAN("5"));
	msg_add(&m, FIELD_UPGRADE, SPAN("Upgrade"), SPAN("h2c"));
	msg_add(&m, FIELD_TE, SPAN("TE"), SPAN("gzip"));
	msg_add(&m, FIELD_COOKIE, SPAN("Cookie"),
	    SPAN("a=1; b=2; longer=01234567890123456789; c=\"; \""));
	msg_add(&m, FIELD_AUTHORIZATION, SPAN("Authorization"), SPAN("x"));
	msg_add(&m, FIELD_OTHER, SPAN("X-Empty"), SPAN(""));
	msg_add(&m, FIELD_OTHER, SPAN("X-Gone"), SPAN("1"));
	m.field[m.nfields - 1].gone = true;
	t = end_ask(&client, "GET", "/", 0);
	t->id = h2_request(client.h2, &m, true, t);
	ends_talk(&client, &server, 0);
	got = &server.talk[1]->m;
	tap_int(got->nfields, 4, "fields that go");
	tap_ok(has(got, "x-upper", "Stays Upper") && has(got, "x-empty", "") &&
	           has(got, "authorization", "x") &&
	           span_eq(got->field[0].name, SPAN("x-upper")),
	    "in lower case");
	tap_span(msg_value(got, FIELD_COOKIE),
	    SPAN("a=1; b=2; longer=01234567890123456789; c=\"; \""),
	    "cookies are one again");
	tap_span(got->authority, SPAN("meet.example"), "Host is :authority");
	tap_span(got->scheme, SPAN("https"), "scheme");
	end("fields");
}

/* What h1 would not write is not sent. */
static void test_refused(void)
{
	static struct msg m;
	struct talk *t;

	begin();
	t = end_ask(&client, "GET", "/", 0);
	end_request(&m, "GET", "/x y");
	tap_int(h2_request(client.h2, &m, true, t), -EINVAL, "path");
	end_request(&m, "CONNECT", "");
	tap_int(h2_request(client.h2, &m, true, t), -EINVAL, "CONNECT");
	end_request(&m, "GET", "/x");
	msg_add(&m, FIELD_OTHER, SPAN("x"), SPAN("a\r\nb: c"));
	tap_int(h2_request(client.h2, &m, true, t), -EINVAL, "line break");
	end_request(&m, "GET", "/x");
	m.authority = SPAN_NONE;
	tap_int(h2_request(client.h2, &m, true, t), -EINVAL, "no authority");
	ends_talk(&client, &server, 0);
	msg_init(&m, false);
	m.status = 101;
	tap_int(h2_answer(server.h2, 1, &m, false), -EINVAL, "101");
	tap_int(h2_answer(server.h2, 9, &m, false), -ENOENT, "no stream");
	tap_int(h2_content(server.h2, 9, SPAN("x"), true), -ENOENT, "nor here");
	end("refused");
}

/* ---- streams ---- */

static void test_resets(void)
{
	struct talk *t;

	begin();
	server.reset_head = true;
	t = end_ask(&client, "POST", "/", 100000);
	tap_int(ends_talk(&client, &server, 0), 0, "a server resets");
	tap_ok(t->closed && t->code == H2_CANCEL && !t->untouched,
	    "the client hears it");
	tap_ok(server.talk[0]->closed, "so did the server");
	server.reset_head = false;
	server.refuse = true;
	t = end_ask(&client, "POST", "/", 0);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == H2_REFUSED_STREAM && t->untouched,
	    "refused: untouched");
	server.refuse = false;
	server.no_place = true;
	t = end_ask(&client, "POST", "/", 0);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == H2_INTERNAL_ERROR && !t->untouched,
	    "no place for the head");
	server.no_place = false;
	t = end_ask(&client, "POST", "/", 3000000);
	h2_reset(client.h2, t->id, H2_CANCEL);
	tap_ok(t->closed && t->untouched, "a reset before it was sent");
	ends_talk(&client, &server, 0);
	t = end_ask(&client, "POST", "/", 3000000);
	server.hold = true;
	ends_talk(&client, &server, 0);
	tap_ok(!t->closed, "a reset in the middle");
	h2_reset(client.h2, t->id, H2_CANCEL);
	tap_ok(t->closed && !t->untouched, "is told at once");
	ends_talk(&client, &server, 0);
	tap_ok(server.talk[server.ntalks - 1]->closed &&
	           server.talk[server.ntalks - 1]->code == H2_CANCEL,
	    "and to the server");
	tap_int(h2_streams(client.h2) + h2_streams(server.h2), 0, "none left");
	server.hold = false;
	server.answer = true;
	t = end_ask(&client, "POST", "/", 5000000);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == 0, "the windows are as before");
	end("resets");
}

static void test_forget(void)
{
	struct talk *t;

	begin();
	server.answer = true;
	server.content_bytes = 200000;
	t = end_ask(&client, "GET", "/", 0);
	client.hold = true;
	ends_talk(&client, &server, 0);
	t = end_ask(&client, "POST", "/", 5000000);
	server.hold = true;
	ends_talk(&client, &server, 0);
	tap_ok(!t->closed && t->heads == 1 && t->ended,
	    "an early answer while content still comes");
	h2_forget(server.h2, t->id, H2_NO_ERROR);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == 0 && whole(&t->got, 200000),
	    "the answer came whole, the rest is not asked for");
	server.talk[1]->closed = true;
	end("forget");
}

static void test_stop(void)
{
	struct talk *t;

	begin();
	server.stop_head = true;
	t = end_ask(&client, "POST", "/", 100000);
	tap_int(ends_talk(&client, &server, 0), 0, "stop inside a callback");
	tap_ok(!t->closed && buf_len(&server.talk[0]->got) == 0,
	    "no content after it");
	end("stop");
}

/* The peer's limit, and ours. */
static void test_many(void)
{
	unsigned n = 0;

	begin();
	server.hold = true;
	while (end_ask(&client, "GET", "/", 0) != NULL)
		n++;
	tap_int(n, H2_STREAMS_MAX, "streams at once");
	tap_int(h2_grants(client.h2), 0, "no more are granted");
	ends_talk(&client, &server, 0);
	tap_int(server.ntalks, H2_STREAMS_MAX, "all came");
	for (unsigned i = 0; i < n; i += 2)
		h2_reset(server.h2, server.talk[i]->id, H2_CANCEL);
	ends_talk(&client, &server, 0);
	tap_int(h2_grants(client.h2), H2_STREAMS_MAX / 2, "grants come back");
	end("many");
}

/* ---- windows and queues ---- */

/* Streams that nobody reads hold no more than their window, all of them no more
 * than the limit, and their neighbour goes on. */
static void test_slow(void)
{
	struct talk *t;

	begin();
	server.hold = true;
	server.store = false;
	for (int i = 0; i < 7; i++)
		(void)end_ask(&client, "POST", "/slow", 4000000);
	ends_talk(&client, &server, 0);
	tap_int((long long)server.unread, 7 * (1 << 20),
	    "what seven slow streams hold");
	server.hold = false;
	server.answer = true;
	t = end_ask(&client, "POST", "/fast", 10000000);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == 0, "the eighth goes on");
	server.hold = true;
	server.answer = false;
	for (int i = 0; i < 5; i++)
		(void)end_ask(&client, "POST", "/slow", 4000000);
	ends_talk(&client, &server, 0);
	tap_ok(server.held_max <= H2_HELD_MAX_BYTES, "the limit holds: %zu",
	    server.held_max);
	server.hold = false;
	for (unsigned i = 0; i < server.ntalks; i++)
		if (!server.talk[i]->closed)
			talk_consume(server.talk[i]);
	ends_talk(&client, &server, 0);
	for (unsigned i = 0; i < server.ntalks; i++)
		if (!server.talk[i]->closed && !server.talk[i]->ended)
			end_wrong(&server, "a stream stands still");
	end("slow streams");
}

static void test_full(void)
{
	static char text[H2_HIWAT_BYTES];
	struct talk *t;
	static struct msg m;
	int r = 0, n = 0;

	begin();
	t = end_ask(&client, "GET", "/", 0);
	t->closed = true;
	end_request(&m, "POST", "/");
	m.framing = FRAME_CHUNKED;
	t->closed = false;
	t->id = h2_request(client.h2, &m, false, t);
	tap_ok(!h2_full(client.h2, t->id), "not full");
	while ((r = h2_content(
	            client.h2, t->id, span_of(text, sizeof text), false)) == 0)
		n++;
	tap_int(r, -ENOBUFS, "the hard limit");
	tap_int(n, H2_OUT_MAX_BYTES / H2_HIWAT_BYTES, "and where it is");
	tap_ok(h2_full(client.h2, t->id), "full");
	ends_talk(&client, &server, 0);
	tap_int(t->rooms, 1, "room is told once");
	tap_ok(!h2_full(client.h2, t->id), "not full any more");
	end("full");
}

/* Streams of a server take turns. */
static void test_turns(void)
{
	struct talk *a, *b;
	struct buf wire;

	begin();
	server.answer = true;
	server.content_bytes = 800000;
	a = end_ask(&client, "GET", "/a", 0);
	b = end_ask(&client, "GET", "/b", 0);
	buf_init(&wire, 4u << 20);
	h2_write(client.h2, &wire, 1u << 20);
	h2_feed(server.h2, buf_span(&wire));
	buf_reset(&wire);
	h2_write(server.h2, &wire, 400000);
	h2_feed(client.h2, buf_span(&wire));
	buf_fini(&wire);
	tap_ok(buf_len(&a->got) > 100000 && buf_len(&b->got) > 100000,
	    "both get some: %zu %zu", buf_len(&a->got), buf_len(&b->got));
	end("turns");
}

/* Those of a client too, whatever the server says about priorities. */
static void test_turns_up(void)
{
	struct buf wire;

	begin();
	ends_talk(&client, &server, 0);
	buf_init(&wire, 4u << 20);
	(void)end_ask(&client, "POST", "/a", 800000);
	(void)end_ask(&client, "POST", "/b", 800000);
	(void)end_ask(&client, "POST", "/c", 0);
	for (int i = 0; i < 20; i++) {
		buf_reset(&wire);
		h2_write(client.h2, &wire, 30000);
		h2_feed(server.h2, buf_span(&wire));
	}
	buf_fini(&wire);
	for (unsigned i = 0; i < 2; i++)
		tap_ok(buf_len(&server.talk[i]->got) > 200000,
		    "upload %u: %zu bytes came", i,
		    buf_len(&server.talk[i]->got));
	tap_ok(server.ntalks == 3 && server.talk[2]->heads == 1,
	    "a head does not wait for content");
	tap_int(ends_talk(&client, &server, 0), 0, "they end");
	tap_ok(server.talk[0]->ended && server.talk[1]->ended, "both whole");
	end("turns of a client");
}

/* ---- the end of a connection ---- */

static void test_goaway_server(void)
{
	struct talk *t, *late;

	begin();
	t = end_ask(&client, "POST", "/", 100000);
	server.hold = true;
	ends_talk(&client, &server, 0);
	h2_goaway(server.h2);
	tap_ok(h2_leaving(server.h2), "the server leaves");
	late = end_ask(&client, "POST", "/", 0); /* on its way already */
	ends_talk(&client, &server, 0);
	tap_ok(h2_leaving(client.h2) && h2_grants(client.h2) == 0 &&
	           end_ask(&client, "GET", "/", 0) == NULL,
	    "the client knows");
	tap_ok(!late->closed && server.ntalks == 2, "what was under way came");
	h2_goaway(server.h2);
	ends_talk(&client, &server, 0);
	tap_ok(!t->closed && !late->closed && !h2_over(client.h2),
	    "the open streams go on");
	server.hold = false;
	server.answer = true;
	for (unsigned i = 0; i < server.ntalks; i++)
		h2_reset(server.h2, server.talk[i]->id, H2_CANCEL);
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && late->closed && h2_over(client.h2) &&
	           h2_over(server.h2),
	    "then it is over");
	end("goaway of the server");
}

static void test_goaway_late(void)
{
	struct talk *t, *late;

	begin();
	t = end_ask(&client, "GET", "/", 0);
	ends_talk(&client, &server, 0);
	h2_goaway(server.h2);
	h2_goaway(server.h2);
	late = end_ask(&client, "POST", "/", 100);
	ends_talk(&client, &server, 0);
	tap_ok(late->closed && late->untouched &&
	           late->code == H2_REFUSED_STREAM && server.ntalks == 1,
	    "above the last id: untouched");
	tap_ok(!t->closed, "below it: goes on");
	end("goaway with the last id");
}

static void test_goaway_client(void)
{
	struct talk *t;

	begin();
	server.answer = true;
	server.content_bytes = 100;
	t = end_ask(&client, "GET", "/", 0);
	h2_goaway(client.h2);
	tap_ok(end_ask(&client, "GET", "/", 0) == NULL, "no new streams");
	ends_talk(&client, &server, 0);
	tap_ok(t->closed && t->code == 0 && whole(&t->got, 100),
	    "what was open is answered");
	tap_ok(h2_over(client.h2) && h2_over(server.h2), "and it is over");
	end("goaway of the client");
}

int main(void)
{
	test_shapes();
	test_bare();
	test_interim();
	test_fields();
	test_refused();
	test_resets();
	test_forget();
	test_stop();
	test_many();
	test_slow();
	test_full();
	test_turns();
	test_turns_up();
	test_goaway_server();
	test_goaway_late();
	test_goaway_client();
	return tap_done();
}
