/* SPDX-License-Identifier: EUPL-1.2 */
/* Requests and answers through the rules without a network: verdicts, notes,
 * what leaves. */
#include "ctl/offline.h"

#include "ctl/leak.h"
#include "lib/tap.h"
#include "unit/ctl/rules.h"

static const struct offline_field browser[] = {
	{ SPAN("Host"), SPAN("www.meet.example") },
	{ SPAN("User-Agent"), SPAN("Firefox/99 (Erika)") },
	{ SPAN("X-Device"), SPAN("4711") },
	{ SPAN(":authority"), SPAN("www.meet.example") },
	{ SPAN("Content-Type"), SPAN("application/json") },
};

static void verdicts(const struct conf *c)
{
	static const struct {
		const char *name, *method, *url, *body;
		uint8_t level;
		enum offline_end end;
		enum why why;
	} row[] = {
		{ "passes", "GET", "https://www.meet.example/", "", 1,
		    OFFLINE_PASSED, WHY_DONE },
		{ "WebSocket", "GET", "wss://www.meet.example/s", "", 1,
		    OFFLINE_PASSED, WHY_DONE },
		{ "with a fragment", "GET", "https://www.meet.example/#x", "",
		    1, OFFLINE_PASSED, WHY_DONE },
		{ "unlisted", "GET", "https://meet.invalid/", "", 1,
		    OFFLINE_UNLISTED, WHY_UNLISTED },
		{ "telemetry", "POST", "https://log1.meet.example/a", "x", 1,
		    OFFLINE_DENIED, WHY_TELEMETRY },
		{ "tunnel", "GET", "https://turn.meet.example/", "", 1,
		    OFFLINE_TUNNEL, WHY_DONE },
		{ "recording", "POST",
		    "https://www.meet.example/rest/recording/start", "{}", 1,
		    OFFLINE_DENIED, WHY_RECORDING },
		{ "no access code", "GET", "https://www.meet.example/j/1", "",
		    1, OFFLINE_DENIED, WHY_NO_PASSCODE },
		{ "access code", "GET", "https://www.meet.example/j/1?pwd=2",
		    "", 1, OFFLINE_PASSED, WHY_DONE },
		{ "level", "GET", "https://www.meet.example/", "", 3,
		    OFFLINE_REFUSED, WHY_LEVEL },
		{ "no JSON", "POST", "https://www.meet.example/", "{\"tz\":", 1,
		    OFFLINE_BROKEN, WHY_BAD_BODY },
		{ "another port", "GET", "https://www.meet.example:8443/", "",
		    1, OFFLINE_REFUSED, WHY_PORT },
		{ "in the clear", "GET", "http://www.meet.example/", "", 1,
		    OFFLINE_PASSED, WHY_DONE },
		{ "in the clear on 443", "GET", "http://www.meet.example:443/",
		    "", 1, OFFLINE_REFUSED, WHY_PORT },
		{ "a GET with content", "GET", "https://www.meet.example/",
		    "{}", 1, OFFLINE_BROKEN, WHY_BAD_REQUEST },
		{ "never, in the query", "GET",
		    "https://www.meet.example/?x=geheim%2D4711", "", 1,
		    OFFLINE_DENIED, WHY_GUARD },
		{ "never, in the content", "POST", "https://www.meet.example/",
		    "{\"a\":\"x\",\"b\":\"Z2VoZWltLTQ3MTE=\"}", 1,
		    OFFLINE_DENIED, WHY_GUARD },
		{ "never, in what is dropped", "POST",
		    "https://www.meet.example/", "{\"mail\":\"geheim-4711\"}",
		    1, OFFLINE_PASSED, WHY_DONE },
		{ "no URL", "GET", "www.meet.example", "", 1, OFFLINE_BROKEN,
		    WHY_BAD_REQUEST },
		{ "another scheme", "GET", "ftp://www.meet.example/", "", 1,
		    OFFLINE_BROKEN, WHY_BAD_REQUEST },
		{ "line break in the URL", "GET",
		    "https://www.meet.example/\r\nX: y", "", 1, OFFLINE_BROKEN,
		    WHY_BAD_REQUEST },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct offline_in in = { .method = span_str(row[i].method),
			.url = span_str(row[i].url),
			.field = browser,
			.nfield = 5,
			.body = span_str(row[i].body) };
		static struct offline o;
		struct buf text;
		int err = offline_request(c, &in, row[i].level, &o);

		tap_ok(err == 0 && o.end == row[i].end && o.why == row[i].why,
		    "%s: %s, %s", row[i].name, offline_word(o.end),
		    why_word(o.why));
		buf_init(&text, 100000);
		(void)offline_text(&o, &in, &text);
		tap_ok((buf_len(&text) > 0) ==
		           (o.end == OFFLINE_PASSED || o.end == OFFLINE_TUNNEL),
		    "%s: what leaves", row[i].name);
		buf_fini(&text);
		offline_fini(&o);
	}
}

static void notes(const struct conf *c)
{
	static struct offline o, again;
	struct offline_in in = { .method = SPAN("POST"),
		.url = SPAN("https://www.meet.example/api?uname=Erika+M&x=1"),
		.field = browser,
		.nfield = 5,
		.body = SPAN("{\"mail\":\"erika@amt.example\",\"d\":{\"tz\":"
		             "\"Europe/Berlin\",\"n\":1.0}}") };
	struct span want = SPAN("{\"d\":{\"tz\":\"UTC\",\"n\":1.0}}");
	static const char *const never[] = { "Erika", "Firefox", "4711",
		"erika@amt.example", "Europe/Berlin" };
	const struct offline_note *n;
	struct buf text;

	tap_ok(offline_request(c, &in, 1, &o) == 0 && o.end == OFFLINE_PASSED,
	    "a request with something of everything");
	tap_span(buf_span(&o.body), want, "the body that leaves");
	tap_ok(o.msg.length == want.n, "and its length");
	buf_init(&text, 100000);
	(void)offline_text(&o, &in, &text);
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		tap_ok(leak_find(buf_span(&text), span_str(never[i])) == NULL,
		    "%s does not leave", never[i]);
	tap_ok(offline_request(c, &in, 1, &again) == 0 &&
	           span_eq(again.msg.path, o.msg.path),
	    "two runs give the same alias");
	for (n = o.note; n < o.note + o.nnote; n++)
		if (n->carrier == CARRIER_JSON && n->effect == ACT_DROP)
			break;
	tap_ok(n < o.note + o.nnote && span_eq(n->name, SPAN("mail")) &&
	           span_eq(n->before, SPAN("erika@amt.example")) &&
	           n->category == CATEGORY_PARTICIPANT &&
	           strcmp(n->place.file, "policy/example.conf") == 0 &&
	           n->place.line > 10,
	    "a note has name, value, category and line");
	buf_fini(&text);
	offline_fini(&o);
	offline_fini(&again);
}

static void answer(const struct conf *c)
{
	static const struct offline_field field[] = {
		{ SPAN("Set-Cookie"), SPAN("_ga=1; Path=/") },
		{ SPAN("Set-Cookie"), SPAN("id=2") },
		{ SPAN("Alt-Svc"), SPAN("h3=\":443\"") },
		{ SPAN("Content-Encoding"), SPAN("br") },
	};
	static struct offline up, down;
	struct offline_in in = { .method = SPAN("GET"),
		.url = SPAN("https://www.meet.example/") };
	struct offline_in ans = { .status = 200,
		.field = field,
		.nfield = 4,
		.body = SPAN("decoded"),
		.body_plain = true };
	struct buf text;

	(void)offline_request(c, &in, 1, &up);
	tap_ok(offline_answer(c, &up, &ans, &down) == 0 &&
	           down.end == OFFLINE_PASSED,
	    "an answer");
	buf_init(&text, 100000);
	(void)offline_text(&down, &ans, &text);
	tap_ok(
	    span_find(buf_span(&text), SPAN("_ga")) == buf_len(&text) &&
	        span_find(buf_span(&text), SPAN("Alt-Svc")) == buf_len(&text) &&
	        span_find(buf_span(&text), SPAN("id=2")) < buf_len(&text),
	    "its tracking goes, the rest stays");
	tap_ok(span_find(buf_span(&text), SPAN("Content-Encoding")) ==
	           buf_len(&text),
	    "a decoded body has no coding any more");
	buf_fini(&text);
	offline_fini(&up);
	offline_fini(&down);
}

static void messages(const struct conf *c)
{
	static const struct {
		const char *name, *content;
		bool up, text;
		enum offline_end end;
		enum why why;
		const char *left; /* NULL: as it came */
		bool unread;
	} row[] = {
		{ "up", "{\"dn\":\"Erika\"}", true, true, OFFLINE_PASSED,
		    WHY_DONE, "{\"dn\":\"Teilnehmer BE09\"}", false },
		{ "up, nothing in it", "{\"a\":1}", true, true, OFFLINE_PASSED,
		    WHY_DONE, NULL, false },
		{ "up, no JSON", "x", true, true, OFFLINE_PASSED, WHY_DONE,
		    NULL, true },
		{ "up, broken", "{\"dn\":", true, true, OFFLINE_BROKEN,
		    WHY_BAD_BODY, "", false },
		{ "denied", "{\"evt\":4167}", true, true, OFFLINE_DENIED,
		    WHY_TELEMETRY, "", false },
		{ "never", "geheim-4711", true, true, OFFLINE_DENIED, WHY_GUARD,
		    NULL, true },
		{ "down", "{\"log\":true,\"x\":\"geheim-4711\"}", false, true,
		    OFFLINE_PASSED, WHY_DONE,
		    "{\"log\":false,\"x\":\"geheim-4711\"}", false },
		{ "down, binary", "\xff\xff", false, false, OFFLINE_BROKEN,
		    WHY_BAD_ANSWER_BODY, "", false },
	};
	static struct offline up, o;
	struct offline_in in = { .method = SPAN("GET"),
		.url = SPAN("wss://www.meet.example/s") };
	struct socket_match match;

	tap_ok(offline_request(c, &in, 1, &up) == 0 &&
	           up.end == OFFLINE_PASSED &&
	           offline_socket(c, &up, SPAN(""), &match) == 0,
	    "a socket");
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct offline_message m = { row[i].up, row[i].text,
			span_str(row[i].content) };
		int err = offline_message(c, &up, &match, &m, &o);

		tap_ok(err == 0 && o.end == row[i].end && o.why == row[i].why &&
		           o.unread == row[i].unread,
		    "message %s: %s, %s", row[i].name, offline_word(o.end),
		    why_word(o.why));
		tap_span(buf_span(&o.body),
		    span_str(
		        row[i].left != NULL ? row[i].left : row[i].content),
		    "message %s: what is left", row[i].name);
		offline_fini(&o);
	}
	offline_fini(&up);
	in.url = SPAN("wss://www.meet.example/shut");
	tap_ok(offline_request(c, &in, 1, &up) == 0 &&
	           up.end == OFFLINE_DENIED && up.why == WHY_RECORDING,
	    "a socket that is denied");
	offline_fini(&up);
}

int main(void)
{
	struct conf *c = rules_load();

	if (!tap_ok(c != NULL, "rules"))
		return tap_done();
	verdicts(c);
	notes(c);
	answer(c);
	messages(c);
	conf_unref(c);
	return tap_done();
}
