/* SPDX-License-Identifier: EUPL-1.2 */
/* Which rules speak of a socket, and of a message in it. */
#include "engine/message.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "engine/explain.h"
#include "engine/match.h"
#include "engine/treat.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

/* ---- sockets ---- */

static const struct pack sockets = { .id = "a",
	.host = { { "meet.example", "inspect" } },
	.websocket = {
	    { .when = "GET meet.example/log",
	        .deny = "telemetry",
	        .sink = "sink:204" },
	    { .when = "* meet.example/media*", .pass_unread = true },
	    { .when = "* meet.example/plain", .plain = true },
	    { .when = "* meet.example/down",
	        .direction = "down",
	        .strip = { { "json $.a", "restore", "participant" } } },
	    { .when = "* meet.example/both",
	        .direction = "both",
	        .strip = { { "json $.a", "drop", "participant" } } },
	    { .when = "* meet.example/xmpp",
	        .protocol = "xmpp*",
	        .strip = { { "xml //a", "drop", "participant" } } },
	    { .when = "* meet.example/query",
	        .query = "type=m",
	        .strip = { { "json $.a", "drop", "participant" } } },
	    { .when = "* meet.example/drop",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* meet.example/xmpp",
	        .protocol = "old",
	        .deny = "security" },
	} };

static const struct {
	const char *name, *path, *query, *protocols;
	const char *want; /* d: denied, n: named, p: plain, u, w: up, down */
} socket_row[] = {
	{ "nobody speaks of it", "/other", "", "", "" },
	{ "it is denied", "/log", "", "", "nd" },
	{ "in another way to write it", "/%6cog", "", "", "nd" },
	{ "in another case", "/LOG", "", "", "nd" },
	{ "it is known, and passes", "/media/42", "", "", "n" },
	{ "without compression", "/plain", "", "", "np" },
	{ "down", "/down", "", "", "nw" },
	{ "both ways", "/both", "", "", "nuw" },
	{ "a protocol", "/xmpp", "", "xmpp", "nu" },
	{ "one of several", "/xmpp", "", "a , XMPP-framing", "nu" },
	{ "another one", "/xmpp", "", "xmp", "" },
	{ "none", "/xmpp", "", "", "" },
	{ "one that is denied", "/xmpp", "", "xmpp, old", "nd" },
	{ "a query", "/query", "x=1&type=m", "", "nu" },
	{ "another query", "/query", "type=a", "", "" },
	{ "all of it is dropped", "/drop", "", "", "nu" },
};

static void test_sockets(void)
{
	struct ruleset *r = pack_build(&sockets);
	const struct service *s = ruleset_at(r, 0);

	for (size_t i = 0; i < COUNT(socket_row); i++) {
		struct subject q = { SPAN("GET"), SPAN("meet.example"),
			span_str(socket_row[i].path),
			span_str(socket_row[i].query), SPAN("") };
		struct socket_match m;
		char got[8];

		tap_int(match_socket(
		            r, s, &q, span_str(socket_row[i].protocols), &m),
		    0, "%s", socket_row[i].name);
		snprintf(got, sizeof got, "%s%s%s%s%s", m.named ? "n" : "",
		    m.deny != NULL ? "d" : "", m.plain ? "p" : "",
		    m.up != NULL ? "u" : "", m.down != NULL ? "w" : "");
		tap_span(span_str(got), span_str(socket_row[i].want), "is so");
		if (m.deny != NULL)
			tap_ok(m.why == (m.deny->category == CATEGORY_TELEMETRY
			                        ? WHY_TELEMETRY
			                        : WHY_DENIED),
			    "with its reason");
	}
	for (uint32_t i = 0; i < s->websocket.n; i++)
		tap_ok(ruleset_reached(r, s->websocket.p[i].id),
		    "entry %u was reached", i);
	ruleset_unref(r);
}

/* ---- messages ---- */

static const struct pack talk = { .id = "a",
	.host = { { "meet.example", "inspect" } },
	.websocket = {
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "1*",
	        .strip = { { "json $.a", "set:1", "device" } } },
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "*2",
	        .strip = { { "json $.a", "set:2", "device" },
	            { "json $.b", "set:2", "device" } } },
	    { .when = "* */ws",
	        .message = "json $.ok",
	        .glob = "yes",
	        .allow = true },
	    { .when = "* */ws",
	        .message = "json $.evt",
	        .glob = "9",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* */ws",
	        .message = "json $..kind",
	        .glob = "log",
	        .deny = "telemetry",
	        .fate = "drop" },
	    { .when = "* */ws",
	        .strip = { { "json $.b", "set:3", "device" } } },
	} };

/* What was found: the place of an entry's condition and the value there. */
static const struct {
	const char *name;
	const char *found; /* "evt=12 ok=yes kind=log" */
	const char *want;  /* treatments of $.a, $.b; "4": entry 4 denies */
} message_row[] = {
	{ "nothing", "", "-3" },
	{ "the first", "evt=1", "13" },
	{ "the second", "evt=2", "22" },
	{ "both: the first line wins", "evt=12", "12" },
	{ "one of several values", "evt=7 evt=2", "22" },
	{ "it is dropped", "evt=9", "!4" },
	{ "both ways to be dropped: the first", "evt=9 kind=log", "!4" },
	{ "a place that overlaps", "kind=log", "!5" },
	{ "what is allowed above", "evt=9 ok=yes", "-3" },
	{ "another value there", "evt=9 ok=no", "!4" },
};

static const struct message_rules *rules_of(struct ruleset *r)
{
	struct subject q = { SPAN("GET"), SPAN("meet.example"), SPAN("/ws"),
		SPAN(""), SPAN("") };
	struct socket_match m;

	if (match_socket(r, ruleset_at(r, 0), &q, SPAN(""), &m) < 0)
		abort();
	return m.up;
}

/* Note a value as a scrubber would: with the line that the plan of a pass has
 * for its place. */
static void find(const struct message_rules *m, struct span key,
    struct span value, struct message_state *s)
{
	for (unsigned i = 0; i < message_passes(m); i++) {
		const struct plan *p = message_pass(m, i);
		jpath_state at = plan_json_key(p, JPATH_ROOT, key);
		const struct action *a =
		    at != JPATH_DEAD ? plan_json_action(p, at) : NULL;
		struct finding f = { .before = value };

		if (a == NULL)
			continue;
		f.line = a->line;
		message_note(m, i, &f, s);
	}
}

static char treatment_of(const struct plan *p, struct span key)
{
	const struct action *a =
	    p != NULL && plan_has(p, CARRIER_JSON)
	        ? plan_json_action(p, plan_json_key(p, JPATH_ROOT, key))
	        : NULL;

	return a != NULL ? a->line->treat.text.p[0] : '-';
}

static void test_messages(void)
{
	struct ruleset *r = pack_build(&talk);
	const struct service *s = ruleset_at(r, 0);
	const struct message_rules *m = rules_of(r);

	tap_int(message_passes(m), 2,
	    "places that do not overlap are asked in one pass");
	tap_ok(rules_of(r) == m, "the rules are made once");
	tap_ok(ruleset_reached(r, s->websocket.p[5].id) &&
	           !ruleset_reached(r, s->websocket.p[0].id),
	    "an entry with a condition is not reached by the socket");
	for (size_t i = 0; i < COUNT(message_row); i++) {
		struct span rest = span_str(message_row[i].found), key, value;
		struct message_state state = { .met = { 0 } };
		struct message_match got;
		char text[3] = "";

		while (rest.n > 0) {
			value = span_cut(&rest, ' ');
			key = span_cut(&value, '=');
			find(m, key, value, &state);
		}
		tap_int(message_settle(m, &state, &got), 0, "%s",
		    message_row[i].name);
		if (got.deny != NULL) {
			text[0] = '!';
			text[1] = (char)('1' + (got.deny - s->websocket.p));
		} else {
			text[0] = treatment_of(got.plan, SPAN("a"));
			text[1] = treatment_of(got.plan, SPAN("b"));
		}
		tap_span(
		    span_str(text), span_str(message_row[i].want), "is so");
	}
	for (uint32_t i = 0; i < s->websocket.n; i++)
		tap_ok(ruleset_reached(r, s->websocket.p[i].id),
		    "entry %u was reached", i);
	ruleset_unref(r);
}

/* Ever other sets of entries fill the cache: then all tables apply. */
static void test_many_sets(void)
{
	static char where[PACK_ENTRIES][20], set[PACK_ENTRIES][8];
	struct pack p = { .id = "a",
		.host = { { "meet.example", "inspect" } } };
	struct message_match got;
	struct ruleset *r;
	const struct message_rules *m;
	bool good = true;

	for (unsigned i = 0; i < PACK_ENTRIES - 1; i++) {
		snprintf(where[i], sizeof where[i], "json $.k%u", i);
		snprintf(set[i], sizeof set[i], "set:%c", 'a' + i);
		p.websocket[i] = (struct pack_entry){ .when = "* */ws",
			.message = "json $.evt",
			.glob = where[i] + strlen("json $."),
			.strip = { { where[i], set[i], "device" } } };
	}
	r = pack_build(&p);
	m = rules_of(r);
	for (unsigned bits = 0; bits < 1u << (PACK_ENTRIES - 1); bits++) {
		struct message_state s = { .met = { bits } };

		good = good && message_settle(m, &s, &got) == 0 &&
		       (bits == 0 || got.plan != NULL);
		for (unsigned i = 0; i < PACK_ENTRIES - 1; i++)
			if ((bits >> i & 1) != 0)
				good = good &&
				       treatment_of(got.plan,
				           span_str(where[i] + 7)) == set[i][4];
	}
	tap_ok(good, "a line that fits is never missing");
	ruleset_unref(r);
}

static void test_explain(void)
{
	static const struct {
		const char *path, *want;
	} row[] = {
		{ "/log", "socket   GET meet.example/log up              "
		          "               a.conf:2\n"
		          "verdict  the socket is denied                 "
		          "  telemetry    a.conf:2\n" },
		{ "/xmpp", "socket   * meet.example/xmpp up               "
		           "               a.conf:9\n"
		           "protocol xmpp*\n"
		           "xml      //a                drop              "
		           "  participant  a.conf:10\n"
		           "socket   * meet.example/xmpp up               "
		           "               a.conf:14\n"
		           "protocol old\n"
		           "verdict  the socket is denied                 "
		           "  security     a.conf:14\n" },
	};
	struct ruleset *r = pack_build(&sockets);
	struct buf out;

	buf_init(&out, 65536);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct subject q = { SPAN("GET"), SPAN("meet.example"),
			span_str(row[i].path), SPAN(""), SPAN("") };
		struct span text, mark = SPAN("socket ");

		buf_reset(&out);
		tap_int(
		    explain_request(r, &q, &out), 0, "explain %s", row[i].path);
		text = buf_span(&out);
		tap_span(span_from(text, span_find(text, mark)),
		    span_str(row[i].want), "its text");
	}
	buf_fini(&out);
	ruleset_unref(r);
}

int main(void)
{
	test_explain();
	test_sockets();
	test_messages();
	test_many_sets();
	return tap_done();
}
