/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages that rules speak of: what becomes of them, and what of the socket.
 */
#include <errno.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "engine/match.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"
#include "unit/wire/frames.h"
#include "wire/ws.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define X100                                                                   \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"   \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static struct buf in, out[2], fresh[2], payload, said;

/* ---- a socket and what it says ---- */

static void note(
    void *arg, enum ws_way way, enum ws_note what, const struct entry *entry)
{
	static const char *const word[] = {
		[WS_PASSED] = "passed",
		[WS_JUDGED] = "judged",
		[WS_UNREAD] = "unread",
		[WS_DENIED] = "denied",
		[WS_REFUSED] = "refused",
		[WS_LOOKED] = "looked",
	};

	(void)arg;
	buf_addf(&said, "%s%s", way == WS_DOWN ? "down-" : "", word[what]);
	if (entry != NULL)
		buf_addf(&said, ":%u", entry->place.line);
	buf_add_char(&said, ' ');
}

/* A guard against one word. */
static int look(void *arg, struct span plain)
{
	(void)arg;
	return span_find(plain, SPAN("secret")) < plain.n ? -EACCES : 0;
}

static void prf(void *arg, struct span text, unsigned char tag[16])
{
	(void)arg, (void)text;
	memset(tag, 1, 16);
}

static struct env env = { .prf = prf };

struct options {
	bool observe, looks, deflate, takeover;
	unsigned bits;
};

static struct ws *open_socket(const struct ruleset *r, struct options o)
{
	struct ws_flow flow = { o.takeover, (uint8_t)(o.bits ? o.bits : 15) };
	struct subject q = { SPAN("GET"), SPAN("meet.example"), SPAN("/ws"),
		SPAN(""), SPAN("") };
	struct socket_match m = { .up = NULL };
	struct ws_setup s = { .deflate = { o.deflate, flow, flow },
		.env = { &env, &env },
		.observe = o.observe,
		.look = o.looks ? look : NULL,
		.note = note };
	struct ws *w;

	if (r != NULL &&
	    match_socket(r, ruleset_at(r, 0), &q, SPAN(""), &m) < 0)
		abort();
	s.rules[WS_UP] = m.up;
	s.rules[WS_DOWN] = m.down;
	if ((w = ws_new(&s)) == NULL)
		abort();
	return w;
}

/* What it wrote, to out: the socket waits until it is taken. */
static void take(enum ws_way way)
{
	buf_add_span(&out[way], buf_span(&fresh[way]));
	buf_drain(&fresh[way], buf_len(&fresh[way]));
}

/* Feed all of in, in pieces. */
static int feed(struct ws *w, enum ws_way way, size_t step)
{
	struct span bytes = buf_span(&in);
	int r = 0;

	while (r == 0 && bytes.n > 0) {
		struct span part =
		    span_of(bytes.p, bytes.n < step ? bytes.n : step);

		bytes = span_from(bytes, part.n);
		while (r == 0 && part.n > 0) {
			r = ws_feed(w, way, &part, fresh);
			take(WS_UP);
			take(WS_DOWN);
		}
	}
	return r;
}

static void reset(void)
{
	buf_reset(&in);
	buf_reset(&out[WS_UP]);
	buf_reset(&out[WS_DOWN]);
	buf_reset(&said);
}

/* The frames of way as "opcode:payload ", with the payload opened. */
static struct span read_out(enum ws_way way, struct flater *f)
{
	static struct buf text;
	struct span rest = buf_span(&out[way]);
	unsigned first;

	buf_fini(&text);
	buf_init(&text, 1u << 24);
	while (rest.n > 0) {
		if (!frame_take(&rest, way == WS_UP, &first, &payload)) {
			buf_add_str(&text, "(broken)");
			break;
		}
		buf_addf(&text, "%u:", first & 15);
		if ((first & RSV1) == 0)
			buf_add_span(&text, buf_span(&payload));
		else if (f == NULL ||
		         !flater_open(f, buf_span(&payload), &text))
			buf_add_str(&text, "(unopened)");
		buf_add_char(&text, ' ');
	}
	return buf_span(&text);
}

/* ---- what rules do ---- */

static const struct pack drops = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .strip = { { "json $.name", "drop", "participant" },
	        { "json $.tz", "set:UTC", "location" } } } } };

static const struct pack talk = { .id = "a",
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
	        .fate = "answer:{\"evt\":1}" },
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "7977",
	        .deny = "recording",
	        .fate = "close" },
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "4097",
	        .strip = { { "json $.body.name", "set:Gast",
	            "participant" } } },
	    { .when = "* */ws",
	        .strip = { { "json $..tz", "drop", "location" } } },
	} };

static const struct pack closed = { .id = "a",
	.websocket = {
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "4097",
	        .allow = true },
	    { .when = "* */ws",
	        .strip = { { "json $.name", "drop", "participant" } } },
	    { .when = "* */ws", .deny = "participant", .fate = "drop" },
	} };

static const struct pack passes = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .pass_unread = true,
	    .strip = { { "json $.name", "drop", "participant" } } } } };

static const struct pack forms = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .strip = { { "proto 3.1", "set:Gast", "participant" },
	        { "xml //name/text()", "set:Gast", "participant" },
	        { "sdp candidate:host", "drop", "location" },
	        { "json $.blob > base64 > json $.name", "drop",
	            "participant" } } } } };

static const struct pack text_lines = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .strip = { { "text user=*", "drop", "participant" } } } } };

static const struct pack finds = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .strip = { { "json $.name", "drop", "participant" } } } },
	.detect = { { SHAPE_MAIL, "set:m@x.invalid", "participant" } } };

static const struct pack wrapped = { .id = "a",
	.websocket = {
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "4167",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* */ws",
	        .envelope = { 5, 1, 2 },
	        .pass_unread = true,
	        .strip = { { "json $.name", "drop", "participant" },
	            { "json $.long", "set:01234567890123456789",
	                "participant" } } },
	} };

/* '"', the second byte of a document. */
static const struct pack wrapped_chance = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .envelope = { 2, 1, 1 },
	    .pass_unread = true,
	    .strip = { { "json $.name", "drop", "participant" } } } } };

/* The number has one byte. */
static const struct pack wrapped_small = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .envelope = { 2, 1, 1 },
	    .strip = { { "json $.a", "set:" X100 X100, "device" },
	        { "json $.b", "set:" X100 X100, "device" } } } } };

static const struct pack wrong = { .id = "a",
	.websocket = { { .when = "* */ws",
	    .strip = { { "text name=*", "set:\xfc", "participant" } } } } };

static const struct {
	const char *name;
	const struct pack *pack;
	unsigned opcode;
	struct span message;
	int want;
	const char *up, *said;
} row[] = {
	{ "a name goes", &drops, 1, SPAN("{\"name\":\"Erika\",\"n\":1}"), 0,
	    "1:{\"n\":1} ", "judged " },
	{ "in a binary message, too", &drops, 2,
	    SPAN("{\"name\":\"Erika\",\"n\":1}"), 0, "2:{\"n\":1} ",
	    "judged " },
	{ "nothing to do", &drops, 1, SPAN("{\"n\":1}"), 0, "1:{\"n\":1} ",
	    "judged " },
	{ "several documents", &drops, 1,
	    SPAN("{\"name\":1,\"n\":1}\x1e{\"name\":2,\"n\":2}\x1e"), 0,
	    "1:{\"n\":1}\x1e{\"n\":2}\x1e ", "judged " },
	{ "a line each", &drops, 1,
	    SPAN("{\"name\":\"}{\",\"n\":1}\n{\"name\":\"\\\"\"}\r\n"), 0,
	    "1:{\"n\":1}\n{}\r\n ", "judged " },
	{ "one of them broken", &drops, 1, SPAN("{\"n\":1}\n{\"n\":}\n"),
	    -EBADMSG, "", "refused " },
	{ "not closed", &drops, 1, SPAN("{\"n\":1}\n{\"n\":\"}\n"), -EBADMSG,
	    "", "refused " },
	{ "closed twice", &drops, 1, SPAN("{\"n\":1}\n}"), -EBADMSG, "",
	    "refused " },
	{ "a word between", &drops, 1, SPAN("{\"n\":1}\nErika {\"n\":1}"),
	    -EBADMSG, "", "refused " },
	{ "only ends", &drops, 1, SPAN("{}\x1e\x1e\n\n"), 0,
	    "1:{}\x1e\x1e\n\n ", "judged " },
	{ "over lines", &drops, 1,
	    SPAN("{\n \"name\":1,\n \"tz\":\"Europe/Berlin\"\n}"), 0,
	    "1:{\n \"tz\":\"UTC\"\n} ", "judged " },
	{ "no message at all", &drops, 1, SPAN(""), 0, "1: ", "judged " },
	{ "broken JSON", &drops, 1, SPAN("{\"name\":\"Erika\""), -EBADMSG, "",
	    "refused " },
	{ "no JSON", &drops, 1, SPAN("Erika"), -EACCES, "", "refused " },
	{ "bytes", &drops, 2, SPAN("\x05\0\1"), -EACCES, "", "refused " },
	{ "no JSON, may pass", &passes, 1, SPAN("Erika"), 0, "1:Erika ",
	    "unread " },
	{ "bytes, may pass", &passes, 2, SPAN("\x05\1\2"), 0, "2:\x05\1\2 ",
	    "unread " },
	{ "broken JSON may not", &passes, 1, SPAN("{\"name\""), -EBADMSG, "",
	    "refused " },

	{ "telemetry is dropped", &talk, 1, SPAN("{\"evt\":4167,\"n\":1}"), 0,
	    "", "denied:1 " },
	{ "as a text, too", &talk, 1, SPAN("{\"evt\":\"4167\"}"), 0, "",
	    "denied:1 " },
	{ "in an escape, too", &talk, 1,
	    SPAN("{\"e\\u0076t\":\"\\u00341\\u0036"
	         "7\"}"),
	    0, "", "denied:1 " },
	{ "the last of two", &talk, 1, SPAN("{\"evt\":1,\"evt\":4167}"), 0, "",
	    "denied:1 " },
	{ "the first of two", &talk, 1, SPAN("{\"evt\":4167,\"evt\":1}"), 0, "",
	    "denied:1 " },
	{ "another number", &talk, 1, SPAN("{\"evt\":41670}"), 0,
	    "1:{\"evt\":41670} ", "judged " },
	{ "another place", &talk, 1, SPAN("{\"a\":{\"evt\":4167}}"), 0,
	    "1:{\"a\":{\"evt\":4167}} ", "judged " },
	{ "a recording closes", &talk, 1, SPAN("{\"evt\":7977}"), -EACCES, "",
	    "denied:3 " },
	{ "a line for one event", &talk, 1,
	    SPAN("{\"evt\":4097,\"body\":{\"name\":\"E\",\"tz\":1}}"), 0,
	    "1:{\"evt\":4097,\"body\":{\"name\":\"Gast\"}} ", "judged " },
	{ "not for others", &talk, 1,
	    SPAN("{\"evt\":4098,\"body\":{\"name\":\"E\",\"tz\":1}}"), 0,
	    "1:{\"evt\":4098,\"body\":{\"name\":\"E\"}} ", "judged " },
	{ "broken where it is asked", &talk, 1, SPAN("{\"evt\":4167"), -EBADMSG,
	    "", "refused " },
	{ "not readable where it is asked", &talk, 2, SPAN("\1\2"), -EACCES, "",
	    "refused " },

	{ "what is listed passes", &closed, 1,
	    SPAN("{\"evt\":4097,\"name\":\"E\"}"), 0, "1:{\"evt\":4097} ",
	    "judged " },
	{ "others do not", &closed, 1, SPAN("{\"evt\":4098}"), 0, "",
	    "denied:4 " },
	{ "nor what nobody reads", &closed, 2, SPAN("\1"), 0, "", "denied:4 " },

	{ "protobuf", &forms, 2,
	    SPAN("\x08\x01\x1a\x07\x0a\x05"
	         "Erika"),
	    0,
	    "2:\x08\x01\x1a\x06\x0a\x04"
	    "Gast ",
	    "judged " },
	{ "broken protobuf", &forms, 2, SPAN("\x08"), -EBADMSG, "",
	    "refused " },
	{ "XML", &forms, 1, SPAN("<a><name>Erika</name></a>"), 0,
	    "1:<a><name>Gast</name></a> ", "judged " },
	{ "SDP", &forms, 1,
	    SPAN("v=0\r\na=candidate:1 1 udp 9 10.4.7.11 9 typ host\r\n"), 0,
	    "1:v=0\r\n ", "judged " },
	{ "a chain", &forms, 1,
	    SPAN("{\"blob\":\"eyJuYW1lIjoiRXJpa2EiLCJuIjoxfQ==\"}"), 0,
	    "1:{\"blob\":\"eyJuIjoxfQ==\"} ", "judged " },
	{ "lines of text", &text_lines, 1, SPAN("user=erika\nlang=de"), 0,
	    "1:lang=de ", "judged " },

	{ "a shape in JSON", &finds, 1,
	    SPAN("{\"name\":\"E\",\"a\":\"erika@amt.example.de\"}"), 0,
	    "1:{\"a\":\"m@x.invalid\"} ", "judged " },
	{ "a text that is none", &wrong, 1, SPAN("name=Erika"), -EBADMSG, "",
	    "refused " },
};

/* Written in fragments, with a ping between them. */
static void add_message(
    unsigned opcode, bool masked, struct span text, size_t cut)
{
	frame_add(&in, opcode, masked, span_of(text.p, cut));
	frame_add(&in, FIN | 9, masked, SPAN("ping"));
	frame_add(&in, FIN, masked, span_from(text, cut));
}

static void test_rules(void)
{
	struct buf want;

	buf_init(&want, 10000);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct ruleset *r = pack_build(row[i].pack);
		bool good = true;
		struct ws *w;
		int got;

		for (size_t cut = 0; cut <= row[i].message.n; cut++) {
			w = open_socket(r, (struct options){ .looks = false });
			reset();
			add_message(row[i].opcode, true, row[i].message, cut);
			got = feed(w, WS_UP, cut + 1);
			buf_reset(&want);
			buf_addf(&want, "9:ping %s", row[i].up);
			good =
			    good && got == row[i].want && ws_held(w) == 0 &&
			    span_eq(read_out(WS_UP, NULL), buf_span(&want)) &&
			    span_eq(buf_span(&said), span_str(row[i].said));
			ws_free(w);
		}
		if (!tap_ok(good, "%s", row[i].name)) {
			w = open_socket(r, (struct options){ .looks = false });
			reset();
			frame_add(
			    &in, FIN | row[i].opcode, true, row[i].message);
			got = feed(w, WS_UP, 1000);
			tap_note("%d \"%.*s\" %.*s", got,
			    SPAN_ARG(read_out(WS_UP, NULL)),
			    SPAN_ARG(buf_span(&said)));
			ws_free(w);
		}
		ruleset_unref(r);
	}
	buf_fini(&want);
}

/* ---- observe: all passes, what would be is noted ---- */

static void test_observe(void)
{
	for (size_t i = 0; i < COUNT(row); i++) {
		struct ruleset *r = pack_build(row[i].pack);
		struct ws *w =
		    open_socket(r, (struct options){ .observe = true });
		bool good;

		reset();
		add_message(
		    row[i].opcode, true, row[i].message, row[i].message.n / 2);
		good = feed(w, WS_UP, 7) == 0 &&
		       span_eq(buf_span(&out[WS_UP]), buf_span(&in)) &&
		       span_eq(buf_span(&said), span_str(row[i].said)) &&
		       ws_held(w) == 0 && buf_len(&out[WS_DOWN]) == 0;
		tap_ok(good, "observe: %s", row[i].name);
		ws_free(w);
		ruleset_unref(r);
	}
}

/* ---- envelopes ---- */

#define NAMED "{\"name\":1,\"n\":2}" /* 16 bytes */

static const struct {
	const char *name;
	const struct pack *pack;
	unsigned opcode;
	struct span message;
	int want;
	struct span out;
	const char *said;
} wrapped_row[] = {
	{ "the number counts what is behind it", &wrapped, 2,
	    SPAN("\5\0\x12zz" NAMED), 0, SPAN("\5\0\x09zz{\"n\":2}"),
	    "judged " },
	{ "the content", &wrapped, 2, SPAN("\5\0\x10zz" NAMED), 0,
	    SPAN("\5\0\x07zz{\"n\":2}"), "judged " },
	{ "the message", &wrapped, 2, SPAN("\5\0\x15zz" NAMED), 0,
	    SPAN("\5\0\x0czz{\"n\":2}"), "judged " },
	{ "it grows", &wrapped, 2, SPAN("\5\0\x0dzz{\"long\":\"\"}"), 0,
	    SPAN("\5\0\x21zz{\"long\":\"01234567890123456789\"}"), "judged " },
	{ "nothing changes", &wrapped, 2, SPAN("\5\0\x09zz{\"n\":2}"), 0,
	    SPAN("\5\0\x09zz{\"n\":2}"), "judged " },
	{ "it is dropped", &wrapped, 2, SPAN("\5\0\x0ezz{\"evt\":4167}"), 0,
	    SPAN(""), "denied:1 " },
	{ "its content is broken", &wrapped, 2, SPAN("\5\0\x08zz{\"n\":2"),
	    -EBADMSG, SPAN(""), "refused " },
	{ "its content is another", &wrapped, 2, SPAN("\3\0\x04zz\1\2"), 0,
	    SPAN("\3\0\x04zz\1\2"), "unread " },
	{ "the number counts nothing", &wrapped, 2, SPAN("\5\0\x13zz" NAMED), 0,
	    SPAN("\5\0\x13zz" NAMED), "unread " },
	{ "nothing behind it", &wrapped, 2, SPAN("\4\0\2zz"), 0,
	    SPAN("\4\0\2zz"), "unread " },
	{ "without one", &wrapped, 2, SPAN(NAMED), 0, SPAN("{\"n\":2}"),
	    "judged " },
	{ "without one, by chance with such a number", &wrapped_chance, 2,
	    SPAN("{\"name\":123456789012345678901,\"n\":2}"), 0,
	    SPAN("{\"n\":2}"), "judged " },
	{ "a text has none", &wrapped, 1, SPAN("\5\0\x12zz" NAMED), 0,
	    SPAN("\5\0\x12zz" NAMED), "unread " },
	{ "too long to be counted", &wrapped_small, 2,
	    SPAN("\5\x0d{\"a\":1,\"b\":1}"), -E2BIG, SPAN(""), "refused " },
};

static void test_envelopes(void)
{
	struct span rest;
	unsigned first;

	for (size_t i = 0; i < COUNT(wrapped_row); i++) {
		struct ruleset *r = pack_build(wrapped_row[i].pack);
		struct ws *w =
		    open_socket(r, (struct options){ .looks = false });

		reset();
		frame_add(&in, FIN | wrapped_row[i].opcode, true,
		    wrapped_row[i].message);
		tap_int(feed(w, WS_UP, 3), wrapped_row[i].want,
		    "an envelope: %s", wrapped_row[i].name);
		rest = buf_span(&out[WS_UP]);
		buf_reset(&payload);
		if (rest.n > 0)
			frame_take(&rest, true, &first, &payload);
		tap_span(buf_span(&payload), wrapped_row[i].out, "goes on");
		tap_span(
		    buf_span(&said), span_str(wrapped_row[i].said), "is told");
		ws_free(w);
		ruleset_unref(r);
	}
}

/* ---- answers ---- */

static void test_answer(void)
{
	struct ruleset *r = pack_build(&talk);
	struct ws *w = open_socket(r, (struct options){ .looks = false });
	struct span text = SPAN("{\"evt\":32770}");

	reset();
	frame_add(&in, FIN | 1, true, text);
	tap_int(feed(w, WS_UP, 100), 0, "a message that is answered");
	tap_span(read_out(WS_DOWN, NULL), SPAN("1:{\"evt\":1} "),
	    "its sender gets the text");
	tap_int((int)buf_len(&out[WS_UP]), 0, "nothing goes on");
	reset();
	frame_add(&in, FIN | 1, false, text);
	tap_int(feed(w, WS_DOWN, 100), 0, "one from the server");
	tap_span(read_out(WS_UP, NULL), SPAN("1:{\"evt\":1} "),
	    "is answered with a mask");
	reset();
	ws_close(w, WS_DOWN, 1001, &out[WS_DOWN]);
	buf_reset(&out[WS_DOWN]);
	frame_add(&in, FIN | 1, true, text);
	tap_int(feed(w, WS_UP, 100), 0, "after the close of the other way");
	tap_int((int)buf_len(&out[WS_DOWN]), 0, "there is no answer");
	ws_free(w);
	ruleset_unref(r);
}

static const struct pack answers_up = { .id = "a",
	.websocket = {
	    { .when = "* */ws", .deny = "telemetry", .fate = "answer:ok" } } };

/* The other way passes frame by frame: an answer waits for the end of the
 * message that is half written. */
static void test_waiting_answer(void)
{
	struct ruleset *r = pack_build(&answers_up);
	struct ws *w = open_socket(r, (struct options){ .looks = false });
	int e = 0;

	reset();
	frame_add(&in, 1, false, SPAN("begun"));
	feed(w, WS_DOWN, 3);
	buf_reset(&in);
	frame_add(&in, FIN | 1, true, SPAN("log"));
	feed(w, WS_UP, 100);
	tap_span(read_out(WS_DOWN, NULL), SPAN("1:begun "),
	    "an answer does not stand between fragments");
	buf_reset(&in);
	frame_add(&in, FIN, false, SPAN("."));
	feed(w, WS_DOWN, 1);
	tap_span(read_out(WS_DOWN, NULL), SPAN("1:begun 0:. 1:ok "),
	    "but behind the last");
	buf_reset(&in);
	frame_add(&in, FIN | 2, false, SPAN("begun"));
	buf_truncate(&in, buf_len(&in) - 1);
	feed(w, WS_DOWN, 100);
	reset();
	for (int i = 0; i < 100000 && e == 0; i++) {
		buf_reset(&in);
		frame_add(&in, FIN | 1, true, SPAN("log"));
		e = feed(w, WS_UP, 100);
	}
	tap_int(e, -E2BIG, "answers that wait have a limit");
	ws_free(w);
	ruleset_unref(r);
}

/* ---- the guard ---- */

static void test_look(void)
{
	struct ruleset *r = pack_build(&drops);
	struct ws *w = open_socket(NULL, (struct options){ .looks = true });

	reset();
	add_message(2, true, SPAN("a sec"), 2);
	tap_int(feed(w, WS_UP, 3), 0, "nothing to be found");
	tap_span(read_out(WS_UP, NULL), SPAN("9:ping 2:a sec "),
	    "goes on, as one frame");
	tap_span(buf_span(&said), SPAN("passed "), "without rules");
	tap_int((int)ws_held(w), 0, "nothing is held");
	reset();
	frame_add(&in, 2, true, SPAN("the sec"));
	frame_add(&in, FIN, true, SPAN("ret"));
	tap_int(feed(w, WS_UP, 3), -EACCES, "found across two fragments");
	tap_int((int)buf_len(&out[WS_UP]), 0, "no byte of it leaves");
	tap_span(buf_span(&said), SPAN("looked "), "and it is told");
	ws_free(w);

	for (unsigned op = 8; op <= 10; op++) {
		w = open_socket(NULL, (struct options){ .looks = true });
		reset();
		frame_add(&in, FIN | op, true, SPAN("\x03\xe8 secret"));
		tap_int(feed(w, WS_UP, 100), -EACCES,
		    "found in a control frame %u", op);
		tap_int((int)buf_len(&out[WS_UP]), 0, "that does not leave");
		ws_free(w);
	}
	w = open_socket(NULL, (struct options){ .looks = true });
	reset();
	frame_add(&in, FIN | 1, false, SPAN("secret"));
	tap_int(feed(w, WS_DOWN, 100), 0, "from the server it may come");
	ws_free(w);
	w = open_socket(r, (struct options){ .looks = true });
	reset();
	frame_add(&in, FIN | 1, true, SPAN("{\"name\":\"secret\"}"));
	tap_int(feed(w, WS_UP, 100), 0, "what rules take away is not found");
	ws_free(w);
	w = open_socket(r, (struct options){ .looks = true, .observe = true });
	reset();
	frame_add(&in, FIN | 1, true, SPAN("{\"name\":\"secret\"}"));
	tap_int(feed(w, WS_UP, 100), -EACCES, "unless they only watch");
	ws_free(w);
	ruleset_unref(r);
}

/* ---- limits ---- */

static struct span large(size_t n)
{
	static struct buf text;

	buf_fini(&text);
	buf_init(&text, 1u << 24);
	buf_add_str(&text, "{\"name\":\"Erika\",\"list\":[1");
	while (buf_len(&text) < n - 2)
		buf_add_str(&text, ",1");
	buf_truncate(&text, n - 2);
	buf_add_str(&text, buf_span(&text).p[n - 3] == ',' ? "1]" : "]");
	buf_add_str(&text, "}");
	return buf_span(&text);
}

static void test_limits(void)
{
	struct ruleset *r = pack_build(&drops);
	struct ws *w = open_socket(r, (struct options){ .looks = false });
	struct span text = large(WS_MESSAGE_MAX_BYTES - 8), rest;
	unsigned first;

	reset();
	frame_add(&in, FIN | 1, true, text);
	tap_int(feed(w, WS_UP, 65536), 0, "a message of nearly 4 MiB");
	rest = buf_span(&out[WS_UP]);
	tap_ok(frame_take(&rest, true, &first, &payload) && rest.n == 0 &&
	           buf_len(&payload) == text.n - strlen("\"name\":\"Erika\","),
	    "is scrubbed");
	tap_int((int)ws_held(w), 0, "and nothing of it is held");
	text = large(WS_MESSAGE_MAX_BYTES + 8);
	reset();
	frame_add(&in, 1, true, span_of(text.p, 4000000));
	frame_add(&in, FIN, true, span_from(text, 4000000));
	tap_int(feed(w, WS_UP, 65536), -E2BIG, "one of more is refused");
	tap_int((int)buf_len(&out[WS_UP]), 0, "no byte of it leaves");
	ws_free(w);

	w = open_socket(r, (struct options){ .observe = true });
	reset();
	frame_add(&in, 1, true, span_of(text.p, 4000000));
	frame_add(&in, FIN, true, span_from(text, 4000000));
	tap_int(feed(w, WS_UP, 65536), 0, "observe: one of more");
	tap_span(buf_span(&out[WS_UP]), buf_span(&in), "passes");
	tap_span(buf_span(&said), SPAN("refused "), "with a note");
	ws_free(w);
	ruleset_unref(r);
}

/* Each document costs a reader. */
static void test_documents(void)
{
	struct ruleset *r = pack_build(&drops);
	struct buf text;

	buf_init(&text, 1u << 20);
	for (int i = 0; i < 4096; i++)
		buf_add_str(&text, "{}\n");
	for (int k = 0; k < 2; k++) {
		struct ws *w =
		    open_socket(r, (struct options){ .looks = false });

		reset();
		frame_add(&in, FIN | 1, true, buf_span(&text));
		tap_int(feed(w, WS_UP, 65536), k == 0 ? 0 : -E2BIG,
		    k == 0 ? "4096 documents" : "one more");
		ws_free(w);
		buf_add_str(&text, "{}");
	}
	buf_fini(&text);
	ruleset_unref(r);
}

static void test_many(void)
{
	struct ruleset *r = pack_build(&talk);
	struct ws *w = open_socket(r, (struct options){ .looks = false });
	struct span rest;
	unsigned first = 0, count = 0;
	bool good = true;

	reset();
	for (int i = 0; i < 100000; i++) {
		buf_reset(&in);
		buf_reset(&said);
		buf_reset(&out[WS_UP]);
		frame_add(&in, FIN | 1, true,
		    SPAN("{\"evt\":4097,\"body\":{\"name\":\"Erika\"}}"));
		good = good && feed(w, WS_UP, 1000) == 0;
		rest = buf_span(&out[WS_UP]);
		count += frame_take(&rest, true, &first, &payload) &&
		         span_eq(buf_span(&payload),
		             SPAN("{\"evt\":4097,\"body\":{\"name\":"
		                  "\"Gast\"}}"));
	}
	tap_ok(good, "100000 small messages");
	tap_int((int)count, 100000, "all scrubbed");
	tap_int((int)ws_held(w), 0, "nothing is held");
	ws_free(w);
	ruleset_unref(r);
}

/* Small messages that swell, all of them dropped: others get their turn. */
static void test_turn(void)
{
	struct ruleset *r = pack_build(&talk);
	struct ws *w = open_socket(r, (struct options){ .deflate = true });
	struct flater *f = flater_new(15, false);
	struct buf text, packed;
	struct span rest;
	unsigned calls = 0, denied = 0;

	reset();
	buf_init(&text, 1u << 20);
	buf_init(&packed, 1u << 21);
	buf_add_str(&text, "{\"evt\":4167,\"x\":\"");
	for (unsigned i = 0; i < 6000; i++)
		buf_add_str(&text, X100);
	buf_add_str(&text, "\"}");
	flater_pack(f, buf_span(&text), &packed);
	for (unsigned i = 0; i < 8; i++)
		frame_add(&in, FIN | RSV1 | 1, true, buf_span(&packed));
	for (rest = buf_span(&in); rest.n > 0 && calls < 20; calls++)
		if (ws_feed(w, WS_UP, &rest, fresh) < 0)
			break;
	for (struct span s = buf_span(&said); s.n > 0; denied++)
		span_cut(&s, ' ');
	tap_int((int)calls, 4, "messages of 600 kB: two at each call");
	tap_int((int)denied, 8, "all are read");
	buf_fini(&text);
	buf_fini(&packed);
	flater_free(f);
	ws_free(w);
	ruleset_unref(r);
}

int main(void)
{
	scrub_env(&env);
	buf_init(&in, 1u << 24);
	buf_init(&out[WS_UP], 1u << 24);
	buf_init(&out[WS_DOWN], 1u << 24);
	buf_init(&fresh[WS_UP], WS_OUT_MAX_BYTES);
	buf_init(&fresh[WS_DOWN], WS_OUT_MAX_BYTES);
	buf_init(&payload, 1u << 24);
	buf_init(&said, 1u << 20);
	test_rules();
	test_observe();
	test_envelopes();
	test_answer();
	test_waiting_answer();
	test_look();
	test_limits();
	test_documents();
	test_many();
	test_turn();
	buf_fini(&in);
	buf_fini(&out[WS_UP]);
	buf_fini(&out[WS_DOWN]);
	buf_fini(&fresh[WS_UP]);
	buf_fini(&fresh[WS_DOWN]);
	buf_fini(&payload);
	buf_fini(&said);
	return tap_done();
}
