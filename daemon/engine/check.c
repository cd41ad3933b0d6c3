/* SPDX-License-Identifier: EUPL-1.2 */
/* check - what is wrong with a service although each line can be read. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "engine/message.h"
#include "engine/plan.h"
#include "engine/ruleset_int.h"

#define SHOW_MAX 100
#define SHOW(s) ((s).n > SHOW_MAX ? SHOW_MAX : (int)(s).n), (s).p
#define KEY_BYTES_MAX (1u << 20)

struct finding_place {
	struct place *place;
	char *err;
};

static int refuse(const struct finding_place *f, struct place at,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int refuse(
    const struct finding_place *f, struct place at, const char *fmt, ...)
{
	va_list ap;

	*f->place = at;
	va_start(ap, fmt);
	vsnprintf(f->err, PARSE_ERR_BYTES, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* Whose tables are looked at. */
enum block { REQUEST, RESPONSE, WEBSOCKET };

/* Can a table of this block ask the carrier? inner: inside another value. NULL
 * or why not. */
static const char *carrier_fault(enum carrier c, enum block b, bool inner)
{
	switch (c) {
	case CARRIER_PATH:
	case CARRIER_HEADER:
	case CARRIER_COOKIE:
		if (inner)
			return "cannot stand inside another value: expected "
			       "query form multipart json xml sdp proto or "
			       "text "
			       "after \">\"";
		if (b == WEBSOCKET)
			return "is not part of a message";
		if (b == RESPONSE && c == CARRIER_PATH)
			return "is not part of an answer";
		return NULL;
	case CARRIER_QUERY: /* inside: of a URI */
		if (b == REQUEST || inner)
			return NULL;
		return b == WEBSOCKET ? "is not part of a message"
		                      : "is not part of an answer";
	case CARRIER_FORM:
	case CARRIER_MULTIPART:
	case CARRIER_JSON:
	case CARRIER_XML:
	case CARRIER_SDP:
	case CARRIER_PROTO:
	case CARRIER_TEXT:
	case CARRIER_COUNT:
		return NULL;
	case CARRIER_HOST:
	case CARRIER_SOCKET:
	case CARRIER_PARTY:
	case CARRIER_PLACE:
	case CARRIER_NET:
		break;
	}
	return "stands in no table"; /* parse_where knows it not */
}

static bool has_step(const struct where *w, enum step s)
{
	for (size_t i = 0; i < w->nsteps; i++)
		if (w->step[i] == s)
			return true;
	return false;
}

static int check_where(const struct where *w, struct place place, enum block b,
    const struct finding_place *f)
{
	const char *fault;

	for (const struct where *at = w; at != NULL; at = at->next)
		if ((fault = carrier_fault(at->carrier, b, at != w)) != NULL)
			return refuse(f, place, "carrier %s %s",
			    carrier_word(at->carrier), fault);
	return 0;
}

static int check_line(const struct line *l, enum block b, const struct entry *e,
    const struct finding_place *f)
{
	enum act act = l->treat.act;
	int r = check_where(&l->where, l->place, b, f);

	if (r < 0)
		return r;
	for (const struct where *at = &l->where; at != NULL; at = at->next)
		if (has_step(at, STEP_JWT) && act != ACT_KEEP &&
		    act != ACT_DROP)
			return refuse(f, l->place,
			    "a signed token cannot be changed: expected keep "
			    "or drop behind jwt (drop takes the whole token)");
	if (act == ACT_RESTORE && b == WEBSOCKET && e->socket->up)
		return refuse(f, l->place,
		    "restore undoes what pseudonym did on the way up: expected "
		    "direction = \"down\"");
	if (act == ACT_RESTORE && b == REQUEST)
		return refuse(f, l->place,
		    "restore undoes what pseudonym did to a request: it "
		    "belongs into response");
	if (l->treat.act != ACT_KEEP && l->category == CATEGORY_NONE)
		return refuse(f, l->place,
		    "a line with %s needs a category: participant device time "
		    "location telemetry recording security",
		    act_word(l->treat.act));
	return 0;
}

/* The text of a place in one form, so that equal places have equal texts. With
 * prefix: only what finds the outer value of a chain. */
static struct span key_of(const struct where *w, bool prefix, struct buf *out)
{
	size_t from = buf_len(out), name = from + strlen("header ");
	struct where first = *w;
	struct span all;

	first.next = prefix ? NULL : w->next;
	where_print(&first, out);
	if (w->carrier == CARRIER_HEADER && buf_error(out) == 0)
		for (size_t i = name; i < name + w->name.n; i++)
			out->mem[out->head + i] =
			    ascii_lower(out->mem[out->head + i]);
	all = buf_span(out);
	return span_from(all, from);
}

static bool same_steps(const struct where *x, const struct where *y)
{
	return x->nsteps == y->nsteps &&
	       memcmp(x->step, y->step, x->nsteps * sizeof *x->step) == 0;
}

/* Does line a, which comes first and has the same outer value as b, leave
 * nothing for b? */
static bool leaves_nothing(const struct line *a, const struct line *b)
{
	const struct where *x = a->where.next, *y = b->where.next;

	if (x == NULL || y == NULL)
		return true;
	if (!same_steps(x, y))
		return true;
	return x->carrier == CARRIER_COUNT || y->carrier == CARRIER_COUNT;
}

static int refuse_unreached(const struct line *l, const struct line *first,
    const struct finding_place *f)
{
	return refuse(f, l->place,
	    "never reached: line %u of the same table decides first",
	    first->place.line);
}

/* Lines of one table that an earlier line of it makes void. For every place,
 * and for the outer value of every chain, the first line is remembered. */
static int check_reach(const struct entry *e, const struct finding_place *f,
    struct hash *whole, struct hash *outer, struct buf *text)
{
	for (uint32_t i = 0; i < e->nstrip; i++) {
		struct line *l = &e->strip[i];
		struct span key = key_of(&l->where, false, text);
		const struct line *first = hash_get(whole, key);
		int r;

		if (buf_error(text) < 0)
			return buf_error(text);
		if (first != NULL)
			return refuse_unreached(l, first, f);
		r = hash_put(whole, key, l);
		if (r < 0)
			return r;
		key = key_of(&l->where, true, text);
		if (buf_error(text) < 0)
			return buf_error(text);
		first = hash_get(outer, key);
		if (first != NULL && leaves_nothing(first, l))
			return refuse_unreached(l, first, f);
		if (first == NULL && (r = hash_put(outer, key, l)) < 0)
			return r;
	}
	return 0;
}

/* The keys point into text, which must not move: it is made large enough. */
static int check_unreached(const struct entry *e, const struct finding_place *f)
{
	struct hash *whole = hash_new(RULE_LINES_MAX);
	struct hash *outer = hash_new(RULE_LINES_MAX);
	struct buf text;
	size_t need = 1;
	int r = -ENOMEM;

	for (uint32_t i = 0; i < e->nstrip; i++)
		for (const struct where *w = &e->strip[i].where; w != NULL;
		     w = w->next)
			need += 2 * (w->name.n + 80);
	buf_init(&text, need);
	if (whole != NULL && outer != NULL && buf_reserve(&text, need) != NULL)
		r = check_reach(e, f, whole, outer, &text);
	buf_fini(&text);
	hash_free(whole);
	hash_free(outer);
	return r;
}

/* Compile the tables of n entries as one, as a message would that they all
 * fit. */
static int try_plan(const struct entry *const *pick, size_t n, struct place at,
    const char *what, const struct finding_place *f)
{
	struct plans *cache = plans_new();
	const struct plan *p;
	int r;

	if (cache == NULL)
		return -ENOMEM;
	r = plan_get(cache, pick, n, &p);
	plans_free(cache);
	if (r == -ENOBUFS)
		return refuse(f, at,
		    "%s too large: its paths need over %d states (fewer "
		    "\"..\" before \".*\" help)",
		    what, PLAN_JSON_STATES_MAX);
	return r;
}

/* The id must be known before the first byte of a body goes on. */
static int check_meeting(
    const struct entry *e, enum block b, const struct finding_place *f)
{
	enum carrier c;

	if (e->meeting == NULL)
		return 0;
	if (b != REQUEST)
		return refuse(f, e->place, "meeting belongs into request");
	c = e->meeting->carrier;
	if (c != CARRIER_HEADER && c != CARRIER_COOKIE && c != CARRIER_QUERY &&
	    c != CARRIER_PATH)
		return refuse(f, e->place,
		    "meeting: expected a place in the head of a request "
		    "(header cookie query path), not in %s",
		    carrier_word(c));
	if (e->meeting->next != NULL &&
	    e->meeting->next->carrier != CARRIER_COUNT)
		return refuse(f, e->place,
		    "meeting: a chain may only unwrap the value, not look "
		    "into it");
	return check_where(e->meeting, e->place, REQUEST, f);
}

/* What a websocket entry says beyond others. */
static int check_socket(const struct entry *e, const struct finding_place *f)
{
	const struct socket_rule *s = e->socket;
	struct utf8 text = { .left = 0 };

	if (!s->up && !s->down)
		return refuse(
		    f, e->place, "direction: expected up, down or both");
	if (s->envelope.bytes > SOCKET_ENVELOPE_MAX_BYTES ||
	    (s->envelope.bytes > 0 &&
	        (s->envelope.width == 0 ||
	            s->envelope.at + s->envelope.width > s->envelope.bytes)))
		return refuse(f, e->place,
		    "envelope: expected up to %d bytes, and in them a number "
		    "(length: where it begins, from 0; width: 1 to 8 bytes)",
		    SOCKET_ENVELOPE_MAX_BYTES);
	if (s->where != NULL && e->denies && s->fate == MESSAGE_SOCKET)
		return refuse(f, e->place,
		    "the socket is denied before it has messages: deny with "
		    "message needs drop, close or answer:TEXT");
	if (s->answer.n > SOCKET_ANSWER_MAX_BYTES)
		return refuse(f, e->place, "answer: a text of over %u bytes",
		    SOCKET_ANSWER_MAX_BYTES);
	if (!utf8_feed(&text, s->answer) || text.left > 0)
		return refuse(f, e->place, "answer: the text is no UTF-8");
	return s->where == NULL ? 0
	                        : check_where(s->where, e->place, WEBSOCKET, f);
}

/* The entries of one way of a socket that they all fit. */
static int check_messages(
    const struct list_of_entries *l, bool up, const struct finding_place *f)
{
	const struct entry *pick[RULE_ENTRIES_MAX];
	const struct message_rules *m;
	struct messages *cache = messages_new(NULL);
	size_t n = 0;
	int r;

	if (cache == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->n; i++)
		if (up ? l->p[i].socket->up : l->p[i].socket->down)
			pick[n++] = &l->p[i];
	r = messages_get(cache, pick, n, &m);
	messages_free(cache);
	if (r == -ENOBUFS)
		return refuse(f, l->p[0].place,
		    "the entries of this block together are too large: a "
		    "message would be read over %d times to know which fit "
		    "(the same place in message = ( ) counts once), or their "
		    "paths need over %d states",
		    MESSAGE_PASSES_MAX, PLAN_JSON_STATES_MAX);
	return r;
}

static int check_detect(const struct service *s, const struct finding_place *f)
{
	if (s->ndetect > RULE_DETECT_MAX)
		return refuse(f, s->detect[RULE_DETECT_MAX].line.place,
		    "over %d detect lines in one service", RULE_DETECT_MAX);
	for (uint32_t i = 0; i < s->ndetect; i++) {
		const struct line *l = &s->detect[i].line;

		if (l->treat.act == ACT_RESTORE)
			return refuse(f, l->place,
			    "restore belongs into response, not into detect");
		if (l->treat.act != ACT_KEEP && l->category == CATEGORY_NONE)
			return refuse(f, l->place,
			    "a line with %s needs a category: participant "
			    "device time location telemetry recording security",
			    act_word(l->treat.act));
	}
	return 0;
}

static int check_table(const struct list_of_entries *l, enum block b,
    size_t *lines, const struct finding_place *f)
{
	const struct entry *pick[RULE_ENTRIES_MAX];
	int r;

	if (l->n > RULE_ENTRIES_MAX)
		return refuse(f, l->p[RULE_ENTRIES_MAX].place,
		    "over %d entries in one block", RULE_ENTRIES_MAX);
	for (uint32_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->p[i];

		pick[i] = e;
		*lines += e->nstrip;
		if (*lines > RULE_LINES_MAX)
			return refuse(f, e->place,
			    "over %d lines in one service", RULE_LINES_MAX);
		if (e->denies && b == RESPONSE)
			return refuse(f, e->place,
			    "an answer cannot be denied: deny belongs into "
			    "request");
		if (e->need.n > 0)
			return refuse(f, e->place, "need belongs into join");
		if ((r = check_meeting(e, b, f)) < 0)
			return r;
		if (b == WEBSOCKET && (r = check_socket(e, f)) < 0)
			return r;
		for (uint32_t k = 0; k < e->nstrip; k++)
			if ((r = check_line(&e->strip[k], b, e, f)) < 0)
				return r;
		if ((r = check_unreached(e, f)) < 0 ||
		    (r = try_plan(&pick[i], 1, e->place, "this table is", f)) <
		        0)
			return r;
	}
	return l->n == 0 ? 0
	                 : try_plan(pick, l->n, l->p[0].place,
	                       "the tables of this block together are", f);
}

static int check_join(
    const struct list_of_entries *l, const struct finding_place *f)
{
	struct span query = SPAN("query ");

	if (l->n > RULE_ENTRIES_MAX)
		return refuse(f, l->p[RULE_ENTRIES_MAX].place,
		    "over %d entries in one block", RULE_ENTRIES_MAX);
	for (uint32_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->p[i];

		if (e->nstrip > 0)
			return refuse(f, e->place,
			    "a join entry has no strip table: expected when "
			    "and need");
		if (!span_starts(e->need, query) ||
		    span_trim(span_from(e->need, query.n)).n == 0)
			return refuse(f, e->place,
			    "need \"%.*s\": only \"query NAME\" can be "
			    "checked before a request is passed on",
			    SHOW(e->need));
	}
	return 0;
}

int check_service(
    const struct service *s, struct place *ret_place, char err[PARSE_ERR_BYTES])
{
	struct finding_place f = { ret_place, err };
	size_t lines = 0;
	int r;

	if (s->nhost > RULE_HOSTS_MAX)
		return refuse(&f, s->host[RULE_HOSTS_MAX].place,
		    "over %d hosts in one service", RULE_HOSTS_MAX);
	if ((r = check_table(&s->request, REQUEST, &lines, &f)) < 0 ||
	    (r = check_table(&s->response, RESPONSE, &lines, &f)) < 0 ||
	    (r = check_table(&s->websocket, WEBSOCKET, &lines, &f)) < 0 ||
	    (r = check_messages(&s->websocket, true, &f)) < 0 ||
	    (r = check_messages(&s->websocket, false, &f)) < 0)
		return r;
	if ((r = check_detect(s, &f)) < 0)
		return r;
	return check_join(&s->join, &f);
}
