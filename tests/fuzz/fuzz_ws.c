/* SPDX-License-Identifier: EUPL-1.2 */
/* Bytes of one side of a WebSocket through wire/ws, with and without rules,
 * guard and compression. The first byte says which, the others are what comes.
 * Properties: any cut of the input gives the same answer and, where it is 0,
 * the same output; what goes on is well-formed; what the rules left has nothing
 * more for them to do; between messages nothing is held but a window; what only
 * passes is as it came. */
#include <stdint.h>
#include <stdlib.h>

#include "base/rnd.h"
#include "body/scrub.h"
#include "engine/match.h"
#include "unit/engine/pack.h"
#include "wire/ws.h"

#define IN_MAX (64u << 10)
#define OUT_MAX (16u << 20)

enum {
	DOWN = 1,
	DEFLATE = 2,
	TAKEOVER = 4,
	OBSERVE = 8,
	LOOK = 16,
	RULES = 32,
	SMALL = 64
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct pack pack = { .id = "a",
	.websocket = {
	    { .when = "* */ws",
	        .direction = "both",
	        .message = "json $.evt",
	        .glob = "4167",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* */ws",
	        .direction = "both",
	        .message = "json $.evt",
	        .glob = "32*",
	        .deny = "telemetry",
	        .fate = "answer:{}" },
	    { .when = "* */ws",
	        .direction = "both",
	        .message = "json $..type",
	        .glob = "x",
	        .deny = "recording",
	        .fate = "close" },
	    { .when = "* */ws",
	        .direction = "both",
	        .message = "json $.evt",
	        .glob = "4097",
	        .strip = { { "json $..name", "drop", "participant" } } },
	    { .when = "* */ws",
	        .direction = "both",
	        .pass_unread = true,
	        .envelope = { 5, 1, 2 },
	        .strip = { { "json $.tz", "set:UTC", "location" },
	            { "json $.sdp > sdp candidate:host", "drop", "location" },
	            { "proto 3.1", "set:Gast", "participant" },
	            { "xml //name", "drop", "participant" } } },
	} };

static void check(bool good)
{
	if (!good)
		abort();
}

static void prf(void *arg, struct span in, unsigned char tag[16])
{
	(void)arg, (void)in;
	memset(tag, 7, 16);
}

static int look(void *arg, struct span plain)
{
	(void)arg;
	return span_find(plain, SPAN("never")) < plain.n ? -13 : 0;
}

static unsigned notes[WS_LOOKED + 1];

static void note(
    void *arg, enum ws_way way, enum ws_note what, const struct entry *entry)
{
	(void)arg, (void)way;
	check((what == WS_DENIED) == (entry != NULL));
	notes[what]++;
}

static struct ws *open_socket(const struct ruleset *r, unsigned flags)
{
	static struct env env = { .prf = prf };
	struct ws_flow flow = { (flags & TAKEOVER) != 0,
		(flags & SMALL) != 0 ? 9 : 15 };
	struct subject q = { SPAN("GET"), SPAN("meet.example"), SPAN("/ws"),
		SPAN(""), SPAN("") };
	struct ws_setup s = { .deflate = { (flags & DEFLATE) != 0, flow, flow },
		.env = { &env, &env },
		.observe = (flags & OBSERVE) != 0,
		.look = (flags & LOOK) != 0 ? look : NULL,
		.note = note };
	struct socket_match m;

	scrub_env(&env);
	if (match_socket(r, ruleset_at(r, 0), &q, SPAN(""), &m) < 0)
		return NULL;
	if ((flags & RULES) != 0) {
		s.rules[WS_UP] = m.up;
		s.rules[WS_DOWN] = m.down;
	}
	return ws_new(&s);
}

/* All of in, in pieces of step bytes. */
static int feed(const struct ruleset *r, unsigned flags, struct span in,
    size_t step, struct buf all[2])
{
	enum ws_way way = (flags & DOWN) != 0 ? WS_DOWN : WS_UP;
	struct ws *w = open_socket(r, flags);
	struct buf out[2];
	size_t most = (flags & TAKEOVER) != 0 ? 1u << 15 : 0;
	int err = 0;

	check(w != NULL);
	rnd_seed(1); /* masks of answers */
	for (int i = 0; i < 2; i++) {
		buf_init(&out[i], WS_OUT_MAX_BYTES);
		buf_reset(&all[i]);
	}
	while (err == 0 && in.n > 0) {
		struct span part = span_of(in.p, in.n < step ? in.n : step);

		in = span_from(in, part.n);
		while (err == 0 && part.n > 0) {
			err = ws_feed(w, way, &part, out);
			for (int i = 0; i < 2; i++) {
				buf_add_span(&all[i], buf_span(&out[i]));
				buf_drain(&out[i], buf_len(&out[i]));
			}
		}
	}
	check(err <= 0 && ws_code(err) >= 1001);
	if (ws_closed(w, way))
		check(ws_close(w, way, 1000, &out[way]) == 0 &&
		      buf_len(&out[way]) == 0);
	most += 2 * IN_MAX + WS_QUEUE_MAX_BYTES;
	check(ws_held(w) <= most);
	ws_free(w);
	buf_fini(&out[0]);
	buf_fini(&out[1]);
	return err;
}

/* What went on, once more: without rules it passes, with them it stays. */
static void again(
    const struct ruleset *r, unsigned flags, int err, const struct buf was[2])
{
	unsigned way = (flags & DOWN) != 0 ? WS_DOWN : WS_UP;
	struct buf out[2];

	buf_init(&out[0], OUT_MAX);
	buf_init(&out[1], OUT_MAX);
	check(feed(r, flags & (DOWN | DEFLATE), buf_span(&was[way]), 4096,
	          out) == 0);
	check(span_eq(buf_span(&out[way]), buf_span(&was[way])));
	check(feed(r, (flags & DEFLATE) | (way == WS_UP ? DOWN : 0),
	          buf_span(&was[!way]), 4096, out) == 0);
	if ((flags & RULES) != 0 && (flags & OBSERVE) == 0 && err == 0) {
		memset(notes, 0, sizeof notes);
		check(feed(r, flags & ~(unsigned)LOOK, buf_span(&was[way]),
		          4096, out) == 0);
		check(notes[WS_DENIED] == 0 && notes[WS_REFUSED] == 0);
		/* Packed by others, it was packed by us. */
		if ((flags & DEFLATE) == 0)
			check(
			    span_eq(buf_span(&out[way]), buf_span(&was[way])));
	}
	buf_fini(&out[0]);
	buf_fini(&out[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const size_t step[] = { 1, 3, 1000 };
	static struct ruleset *r; /* for all runs */
	struct buf first[2], out[2];
	struct span in;
	unsigned flags;
	int err, same;

	if (n < 1 || n > IN_MAX)
		return 0;
	flags = p[0];
	in = span_of((const char *)p + 1, n - 1);
	if (r == NULL)
		r = pack_build(&pack);
	for (int i = 0; i < 2; i++) {
		buf_init(&first[i], OUT_MAX);
		buf_init(&out[i], OUT_MAX);
	}
	err = feed(r, flags, in, in.n + 1, first);
	for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
		same = feed(r, flags, in, step[i], out);
		check(same == err);
		for (int k = 0; err == 0 && k < 2; k++)
			check(span_eq(buf_span(&first[k]), buf_span(&out[k])));
	}
	if (err == 0 && (flags & (RULES | LOOK)) == 0)
		check(span_starts(in,
		    buf_span(&first[(flags & DOWN) != 0 ? WS_DOWN : WS_UP])));
	again(r, flags, err, first);
	for (int i = 0; i < 2; i++) {
		buf_fini(&first[i]);
		buf_fini(&out[i]);
	}
	return 0;
}
