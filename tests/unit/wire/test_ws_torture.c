/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn while a socket lives: an error or the right
 * output, and never a name that was to go. Linked with
 * --wrap=malloc,--wrap=calloc. */
#include <errno.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "engine/match.h"
#include "lib/fails.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"
#include "unit/wire/frames.h"
#include "wire/ws.h"

static const struct pack pack = { .id = "a",
	.websocket = {
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "1",
	        .deny = "telemetry",
	        .fate = "answer:{}" },
	    { .when = "* */ws",
	        .message = "json $..evt",
	        .glob = "2",
	        .strip = { { "json $.list", "drop", "device" } } },
	    { .when = "* */ws",
	        .strip = { { "json $.name", "drop", "participant" },
	            { "json $.blob > base64 > json $.name", "drop",
	                "participant" } } },
	} };

static const char *const message[] = {
	"{\"evt\":1,\"name\":\"Erika\"}",
	"{\"evt\":2,\"name\":\"Erika\",\"list\":[\"Erika\"],\"n\":1}",
	"{\"evt\":3,\"name\":\"Erika\",\"a\":\"bcbcbcbcbcbcbcbcbcbcbcbcbcbc\"}",
	"{\"blob\":\"eyJuYW1lIjoiRXJpa2EiLCJuIjoxfQ==\"}",
};

static const char *const want =
    "{\"evt\":2,\"n\":1}{\"evt\":3,\"a\":\"bcbcbcbcbcbcbcbcbcbcbcbcbcbc\"}"
    "{\"blob\":\"eyJuIjoxfQ==\"}";

static int look(void *arg, struct span plain)
{
	(void)arg;
	return span_find(plain, SPAN("Erika")) < plain.n ? -EACCES : 0;
}

struct setting {
	const char *name;
	bool deflate, takeover, looks;
};

static void make_input(const struct setting *o, struct buf *in)
{
	struct flater *f = flater_new(15, o->takeover);
	struct buf coded;

	buf_init(&coded, 1u << 20);
	for (size_t i = 0; i < sizeof message / sizeof *message; i++) {
		struct span text = span_str(message[i]);

		buf_reset(&coded);
		if (o->deflate)
			flater_pack(f, text, &coded);
		else
			buf_add_span(&coded, text);
		text = buf_span(&coded);
		frame_add(in, (o->deflate ? RSV1 : 0u) | 1, true,
		    span_of(text.p, text.n / 2));
		frame_add(in, FIN | 9, true, SPAN("p"));
		frame_add(in, FIN, true, span_from(text, text.n / 2));
	}
	buf_fini(&coded);
	flater_free(f);
}

/* A socket from its handshake on. */
static int live(const struct setting *o, const struct ruleset *r,
    struct span in, struct buf out[2])
{
	static struct env env;
	struct ws_flow flow = { o->takeover, 15 };
	struct subject q = { SPAN("GET"), SPAN("meet.example"), SPAN("/ws"),
		SPAN(""), SPAN("") };
	struct ws_setup s = { .deflate = { o->deflate, flow, flow },
		.env = { &env, &env },
		.look = o->looks ? look : NULL };
	struct socket_match m;
	struct ws *w;
	int e;

	scrub_env(&env);
	if ((e = match_socket(r, ruleset_at(r, 0), &q, SPAN(""), &m)) < 0)
		return e;
	s.rules[WS_UP] = m.up;
	s.rules[WS_DOWN] = m.down;
	if ((w = ws_new(&s)) == NULL)
		return -ENOMEM;
	while (e == 0 && in.n > 0) {
		struct span part = span_of(in.p, in.n < 50 ? in.n : 50);

		in = span_from(in, part.n);
		e = ws_feed(w, WS_UP, &part, out);
	}
	ws_free(w);
	return e;
}

/* The messages that arrive, one behind the other. */
static void read_all(
    const struct setting *o, struct span rest, struct buf *text)
{
	struct flater *f = flater_new(15, o->takeover);
	struct buf payload;
	unsigned first;

	buf_init(&payload, 1u << 20);
	while (frame_take(&rest, true, &first, &payload)) {
		if ((first & 15) != 1)
			continue;
		if ((first & RSV1) == 0)
			buf_add_span(text, buf_span(&payload));
		else
			flater_open(f, buf_span(&payload), text);
	}
	buf_fini(&payload);
	flater_free(f);
}

static void torture(const struct setting *o)
{
	struct buf in, text, out[2];
	bool good = true;
	long n = 0;
	int e;

	buf_init(&in, 1u << 20);
	make_input(o, &in);
	do {
		struct ruleset *r = pack_build(&pack);

		buf_init(&out[0], WS_OUT_MAX_BYTES);
		buf_init(&out[1], WS_OUT_MAX_BYTES);
		buf_init(&text, 1u << 20);
		until = ++n;
		e = live(o, r, buf_span(&in), out);
		until = -1;
		read_all(o, buf_span(&out[WS_UP]), &text);
		good =
		    good && (e == 0 || e == -ENOMEM) &&
		    span_find(buf_span(&text), SPAN("Erika")) == buf_len(&text);
		if (e == 0)
			tap_span(buf_span(&text), span_str(want), "%s: done",
			    o->name);
		buf_fini(&out[0]);
		buf_fini(&out[1]);
		buf_fini(&text);
		ruleset_unref(r);
	} while (e != 0 && n < 10000);
	tap_ok(good, "%ld allocations failed in turn", n - 1);
	tap_ok(n > 20, "some did");
	buf_fini(&in);
}

int main(void)
{
	static const struct setting row[] = {
		{ "plain", false, false, false },
		{ "plain, with a guard", false, false, true },
		{ "compressed", true, false, false },
		{ "takeover", true, true, false },
		{ "takeover, with a guard", true, true, true },
	};

	buf_keep_none();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		torture(&row[i]);
	return tap_done();
}
