/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_ws - the websocket block of a pack: which messages are rewritten, and
 * which do not go on. */
#include "base/arena.h"
#include "conf/policy_int.h"

#define KEYS                                                                   \
	"when query protocol direction message envelope prefix form unread "       \
	"deflate allow strip deny unless"
#define ANSWER SPAN("answer:")

/* Of the request that asks for the socket. */
static int take_when(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e)
{
	int r = policy_when(p, l, s, e);

	if (r < 0 || span_eq(e->when.method, SPAN("*")) ||
	    span_eq(e->when.method, SPAN("GET")))
		return r;
	return lex_fail(l, lex_member(s, "when"),
	    "a WebSocket begins with GET: expected \"GET ...\" or \"* ...\", "
	    "found \"%.60s\"",
	    e->when.method.p);
}

/* ( "WHERE", "GLOB" ) */
static int take_message(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct socket_rule *rule)
{
	const config_setting_t *m = lex_member(s, "message");
	char err[PARSE_ERR_BYTES];
	struct span text;
	struct where *w;
	int r;

	if (m == NULL)
		return 0;
	r = policy_row(l, m, 2, 2, "message = ( \"WHERE\", \"GLOB\" )");
	if (r < 0 || (r = policy_column(l, m, 0, "where", &text)) < 0 ||
	    (r = policy_column(l, m, 1, "value", &rule->glob)) < 0)
		return r;
	if ((w = arena_alloc(p->arena, sizeof *w)) == NULL)
		return lex_error(l, m, arena_error(p->arena), "");
	if ((r = parse_where(text, p->arena, w, err)) < 0)
		return lex_error(l, m, r, err);
	rule->where = w;
	return 0;
}

/* { bytes; length; width; } */
static int take_envelope(const struct lex *l, const config_setting_t *s,
    struct envelope *ret_envelope)
{
	const config_setting_t *g;
	uint32_t bytes, at, width;
	int r = lex_group(l, s, "envelope", &g);

	if (r < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "envelope", "bytes length width")) < 0 ||
	    (r = lex_number(l, g, "bytes", true, 1, SOCKET_ENVELOPE_MAX_BYTES,
	         &bytes)) < 0 ||
	    (r = lex_number(l, g, "length", true, 0,
	         SOCKET_ENVELOPE_MAX_BYTES - 1, &at)) < 0 ||
	    (r = lex_number(l, g, "width", true, 1, 8, &width)) < 0)
		return r;
	*ret_envelope = (struct envelope){ .bytes = (uint8_t)bytes,
		.at = (uint8_t)at,
		.width = (uint8_t)width };
	return 0;
}

static int take_rule(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct socket_rule *rule)
{
	struct span way = SPAN("up");
	bool deflate = true;
	int r;

	r = lex_text(l, s, "protocol", lex_member(s, "protocol") != NULL,
	    &rule->protocol);
	if (r < 0 || (r = lex_flag(l, s, "deflate", false, &deflate)) < 0)
		return r;
	if (lex_member(s, "direction") != NULL &&
	    (r = lex_word(l, s, "direction", true, "up down both", &way)) < 0)
		return r;
	if ((r = lex_flag(l, s, "prefix", false, &rule->prefix)) < 0)
		return r;
	rule->plain = !deflate;
	rule->up = !span_eq(way, SPAN("down"));
	rule->down = !span_eq(way, SPAN("up"));
	if ((r = take_envelope(l, s, &rule->envelope)) < 0)
		return r;
	return take_message(p, l, s, rule);
}

/* What becomes of a message is told by the second column; one that speaks of
 * requests denies the socket. */
static int take_deny(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e, struct socket_rule *rule)
{
	struct span fate;
	int r = policy_refusal(l, s,
	    "deny = ( \"CATEGORY\", \"drop\", \"close\", \"answer:TEXT\" or "
	    "\"SINK\" )",
	    e, &fate);

	if (r < 0)
		return r;
	if (fate.p == NULL && rule->where != NULL)
		fate = SPAN("drop");
	if (fate.p == NULL)
		return 0;
	if (span_eq(fate, SPAN("drop"))) {
		rule->fate = MESSAGE_DROP;
	} else if (span_eq(fate, SPAN("close"))) {
		rule->fate = MESSAGE_CLOSE;
	} else if (span_starts(fate, ANSWER)) {
		rule->fate = MESSAGE_ANSWER;
		fate = span_from(fate, ANSWER.n);
		return policy_expand(p, l, s, fate, &rule->answer);
	} else if (rule->where != NULL) {
		return lex_fail(l, s,
		    "deny with message: expected drop, close or answer:TEXT "
		    "for that message, found \"%.60s\"",
		    fate.p);
	} else if (!span_starts(fate, SPAN("sink:")) &&
	           !lex_among(fate, "page reset")) {
		return lex_fail(l, s,
		    "deny: expected drop, close or answer:TEXT for messages, "
		    "or a sink (sink:... page reset) for the socket, found "
		    "\"%.60s\"",
		    fate.p);
	} else {
		return policy_sink(p, l, s, fate, &e->sink);
	}
	return 0;
}

static int take_socket(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *block, struct entry *e)
{
	const config_setting_t *strip, *deny = lex_member(s, "deny");
	struct socket_rule *rule = arena_zalloc(p->arena, sizeof *rule);
	bool reads;
	int r;

	(void)block;
	if (rule == NULL)
		return lex_error(l, s, arena_error(p->arena), "");
	e->socket = rule;
	if ((r = lex_keys(l, s, "websocket entry", KEYS)) < 0 ||
	    (r = take_when(p, l, s, e)) < 0 ||
	    (r = take_rule(p, l, s, rule)) < 0 ||
	    (r = policy_unread(l, s, e)) < 0 ||
	    (r = policy_form(l, s, e)) < 0 ||
	    (r = lex_flag(l, s, "allow", false, &e->allows)) < 0 ||
	    (r = lex_list(l, s, "strip", &strip)) < 0)
		return r;
	reads = strip != NULL || lex_member(s, "unread") != NULL;
	if (deny != NULL && (reads || e->allows))
		return lex_fail(l, deny,
		    "what is denied is not rewritten: deny stands without "
		    "strip, unread and allow");
	if (deny != NULL)
		return take_deny(p, l, deny, e, rule);
	if (!reads && !e->allows && lex_member(s, "form") == NULL &&
	    lex_member(s, "deflate") == NULL &&
	    lex_member(s, "prefix") == NULL)
		return lex_fail(l, s,
		    "this entry does nothing: expected strip, deny, allow, "
		    "unread, form, prefix or deflate");
	return policy_strip(p, l, NULL, strip, &e->strip, &e->nstrip);
}

int policy_websockets(struct pack *p)
{
	return policy_block(
	    p, "websocket", take_socket, &p->service->websocket);
}
