/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/jsn_int.h"

#include <stdlib.h>

#include "body/jtext.h"
#include "engine/value.h"

#define RS '\x1e' /* RFC 7464 */

void jsn_restart(struct jsn *j)
{
	j->at = VALUE;
	j->mode = PASS;
	j->err = 0;
	j->depth = 0;
}

struct jsn *jsn_new(const struct plan *plan, const struct env *env)
{
	struct jsn *j = malloc(sizeof *j);
	bool named = plan_has(plan, CARRIER_JSON);

	if (j == NULL)
		return NULL;
	memset(j, 0, offsetof(struct jsn, frame));
	j->plan = plan;
	j->env = env;
	j->whole = NOT_WHOLE;
	buf_init(&j->held, SCRUB_LEAD_MAX + SCRUB_VALUE_MAX);
	buf_init(&j->key, SCRUB_NAME_MAX);
	buf_init(&j->text, SCRUB_VALUE_MAX);
	buf_init(&j->fresh, 8 * SCRUB_VALUE_MAX);
	buf_init(&j->path, JSN_PATH_MAX);
	j->detects = plan_detects(plan);
	j->watched = value_watched(plan, env);
	j->paths = (env != NULL && env->unnamed) ||
	           (named && plan_allow_list(plan, CARRIER_JSON));
	j->frame[0] = (struct frame){ .live = named || j->watched,
		.state = named ? JPATH_ROOT : JPATH_DEAD };
	return j;
}

struct jsn *jsn_new_lines(const struct plan *plan, const struct env *env)
{
	struct jsn *j = jsn_new(plan, env);

	if (j != NULL) {
		j->several = true;
		j->at = SIGN;
	}
	return j;
}

void jsn_free(struct jsn *j)
{
	if (j == NULL)
		return;
	buf_fini(&j->held);
	buf_fini(&j->key);
	buf_fini(&j->text);
	buf_fini(&j->fresh);
	buf_fini(&j->path);
	jsn_free(j->probe); /* which has none itself */
	free(j);
}

void jsn_hold(struct jsn *j, const char *end)
{
	size_t n = (size_t)(end - j->zone), most = SCRUB_LEAD_MAX, room;

	if (j->act != NULL)
		most = j->value_at + SCRUB_VALUE_MAX;
	room = most - buf_len(&j->held);
	if (n > room) {
		if (j->act == &jsn_unnamed && !j->detects) {
			jsn_pass(j);
			j->act = NULL;
			return;
		}
		if (j->act == NULL || !value_blind(j->act)) {
			jsn_fail(j, -E2BIG);
			return;
		}
		n = room;
		j->cut = true;
	}
	if (buf_add(&j->held, j->zone, n) < 0)
		jsn_fail(j, buf_error(&j->held));
	j->zone = j->from = end;
}

/* ---- tokens ---- */

/* What may follow '\\' but "uXXXX". */
static inline bool is_escape(unsigned char c)
{
	return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' ||
	       c == 'n' || c == 'r' || c == 't';
}

/* First byte of a UTF-8 sequence (RFC 3629, 4): how many follow, and the range
 * of the next, which shuts out surrogates, overlong forms and all above
 * U+10FFFF. */
static bool lead(struct jsn *j, unsigned char c)
{
	if (c < 0xc2 || c > 0xf4)
		return false;
	j->tail = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	j->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	j->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

/* Escapes and UTF-8 sequences, as many as follow each other. NULL: neither. */
static const char *odd(struct jsn *j, const char *p, const char *end)
{
	do {
		unsigned char c = (unsigned char)*p;

		if (j->tail > 0) {
			if (c < j->low || c > j->high)
				return NULL;
			j->tail--;
			j->low = 0x80;
			j->high = 0xbf;
		} else if (j->hex > 0) {
			if (ascii_hex(*p) < 0)
				return NULL;
			j->hex--;
		} else if (j->escape) {
			if (c != 'u' && !is_escape(c))
				return NULL;
			j->hex = c == 'u' ? 4 : 0;
			j->escape = false;
		} else if (c == '\\') {
			j->escape = j->escaped = true;
		} else if (!lead(j, c)) {
			return NULL;
		}
		p++;
	} while (p < end && (j->tail > 0 || j->hex > 0 || j->escape ||
	                        (signed char)*p < 0 || *p == '\\'));
	return p;
}

/* The rest of a string: its closing quote, end (cut), or NULL. */
static inline const char *string_end(
    struct jsn *j, const char *p, const char *end)
{
	while (p != NULL) {
		p = jtext_plain(p, end);
		if (p == end || *p == '"')
			break;
		if ((unsigned char)*p < 0x20)
			return NULL;
		p = odd(j, p, end);
	}
	return p;
}

/* A string goes on with this input. */
static const char *resume(struct jsn *j, const char *p, const char *end)
{
	return j->tail > 0 || j->hex > 0 || j->escape ? odd(j, p, end) : p;
}

static const char *scalar_done(struct jsn *j, const char *p, enum shape shape)
{
	j->at = j->depth > 0 ? NEXT : END;
	if (j->act == NULL || j->whole != NOT_WHOLE)
		return p;
	return jsn_settle(j, p, shape);
}

static inline const char *take_string(
    struct jsn *j, const char *p, const char *end)
{
	p = string_end(j, p, end);
	if (p == NULL || p == end)
		return p;
	return scalar_done(j, p + 1, STRING);
}

static inline const char *take_number(
    struct jsn *j, const char *p, const char *end)
{
	uint8_t state = j->number;

	p = jtext_number_end(&state, p, end);
	j->number = state;
	if (p == end)
		return p;
	if (!jtext_number_ends(state))
		return NULL;
	return scalar_done(j, p, NUMBER);
}

static const char *take_word(struct jsn *j, const char *p, const char *end)
{
	for (; p < end && *j->word != '\0'; p++, j->word++)
		if (*p != *j->word)
			return NULL;
	return *j->word == '\0' ? scalar_done(j, p, WORD) : p;
}

/* A key ends before p, behind its quote. */
static inline const char *key_done(struct jsn *j, const char *p)
{
	const struct frame *f = &j->frame[j->depth];
	struct span key;

	j->at = COLON;
	if (!f->live)
		return p;
	key = jsn_zone(j, p);
	if (j->err != 0)
		return NULL;
	j->key_bytes = key.n - 1 - j->key_at;
	j->key_escaped = j->escaped;
	j->state = JPATH_DEAD;
	if (j->key_bytes > SCRUB_NAME_MAX)
		return jsn_fail(j, -E2BIG);
	if (f->state == JPATH_DEAD)
		return p;
	key = span_of(key.p + j->key_at, j->key_bytes);
	if (j->escaped) {
		buf_reset(&j->key);
		if (jtext_unescape(key, &j->key) < 0)
			return jsn_fail(j, buf_error(&j->key));
		key = buf_span(&j->key);
	}
	j->state = plan_json_key(j->plan, f->state, key);
	return p;
}

static inline const char *take_key(
    struct jsn *j, const char *p, const char *end)
{
	p = string_end(j, p, end);
	if (p == NULL || p == end)
		return p;
	p = key_done(j, p + 1);
	if (p == NULL || p == end || *p != ':')
		return p;
	j->at = VALUE; /* mostly: no space before the colon */
	return p + 1;
}

static inline const char *begin_key(
    struct jsn *j, const char *p, const char *end)
{
	if (*p++ != '"')
		return NULL;
	j->at = IN_KEY;
	j->escaped = false;
	if (j->frame[j->depth].live)
		j->key_at = jsn_place(j, p);
	return take_key(j, p, end);
}

/* ---- values ---- */

/* The action for a value in state s, which stands in f: of the line that names
 * it and the one that came down from a container around, the earlier. A chain
 * speaks of strings only. NULL: nobody speaks of it. *ret_own: the action is
 * the value's own. */
static const struct action *judge(const struct jsn *j, const struct frame *f,
    jpath_state s, bool string, bool *ret_own)
{
	const struct action *a = NULL;

	if (s != JPATH_DEAD)
		a = plan_json_action(j->plan, s);
	*ret_own = a != NULL && (a->nest == NULL || string) &&
	           (f->act == NULL || a->order <= f->act->order);
	return *ret_own ? a : f->act;
}

/* From here on the value that begins at p is held for a. */
static void hold_value(struct jsn *j, const char *p, const struct action *a)
{
	if (j->mode == PASS)
		jsn_begin_zone(j, p); /* without the space before */
	j->act = a;
	j->value_at = jsn_place(j, p);
}

/* A container that a line or nobody names begins at p. */
static const char *open_judged(struct jsn *j, const char *p, jpath_state s,
    const struct action *a, bool own)
{
	struct frame child = { .act = a, .state = s, .array = *p == '[' };
	bool deep = a == NULL ||
	            (s != JPATH_DEAD && plan_json_below(j->plan, s) < a->order);
	bool watch = false; /* for what no line names in it */

	if (a != NULL && value_blind(a) && !deep) {
		hold_value(j, p, a);
		j->whole = j->depth;
		child.state = JPATH_DEAD;
		child.act = NULL;
	} else {
		watch = j->watched;
		if (a != NULL && value_keeps(a)) {
			if (own)
				jsn_report_keep(j, a, jsn_zone(j, p));
			if (!deep) {
				child.state = JPATH_DEAD;
				child.act = NULL;
				watch = false;
			}
		}
		if (j->paths)
			child.path = jsn_path(j, jsn_name(j, jsn_zone(j, p)));
		jsn_pass(j);
	}
	child.live = child.state != JPATH_DEAD || child.act != NULL || watch;
	j->frame[++j->depth] = child;
	if (child.live)
		jsn_begin_zone(j, p + 1);
	return j->err == 0 ? p + 1 : NULL;
}

const char *jsn_open(struct jsn *j, const char *p, jpath_state s,
    const struct action *a, bool own)
{
	if (j->depth == SCRUB_DEPTH_MAX)
		return jsn_fail(j, -E2BIG);
	j->at = *p == '[' ? ELEMENT : MEMBER;
	if (j->frame[j->depth].live &&
	    (s != JPATH_DEAD || a != NULL || j->watched))
		return open_judged(j, p, s, a, own);
	if (j->frame[j->depth].live)
		jsn_pass(j);
	j->frame[++j->depth] = (struct frame){ .array = *p == '[' };
	return p + 1;
}

static const char *close(struct jsn *j, const char *p)
{
	const struct frame *f = &j->frame[j->depth];

	if (f->array != (*p == ']') || j->depth == 0)
		return NULL;
	if (f->live) {
		if (j->mode == SKIP)
			j->from = p;
		else if (j->mode == HOLD && jsn_place(j, p) > SCRUB_LEAD_MAX)
			return jsn_fail(j, -E2BIG);
		jsn_pass(j);
	}
	j->at = --j->depth > 0 ? NEXT : END;
	p++;
	if (j->depth != j->whole)
		return p;
	j->whole = NOT_WHOLE;
	return jsn_settle(j, p, CONTAINER);
}

static const char *begin_word(struct jsn *j, const char *p, const char *end)
{
	if (*p != 't' && *p != 'f' && *p != 'n')
		return NULL;
	j->word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
	j->at = IN_WORD;
	return take_word(j, p, end);
}

/* A scalar in a live frame begins at p: hold it or let it go on. */
static const char *judge_scalar(
    struct jsn *j, const char *p, const struct action *a, bool own)
{
	if (a == NULL && j->watched)
		a = &jsn_unnamed;
	if (a == &jsn_unnamed || (a != NULL && !value_keeps(a))) {
		hold_value(j, p, a);
		return p;
	}
	if (a != NULL && own)
		jsn_report_keep(j, a, jsn_zone(j, p));
	jsn_pass(j);
	return j->err == 0 ? p : NULL;
}

static inline const char *begin_value(
    struct jsn *j, const char *p, const char *end)
{
	struct frame *f = &j->frame[j->depth];
	jpath_state s = JPATH_DEAD;
	const struct action *a = NULL;
	bool own = false;

	if (f->live) {
		if (j->mode == HOLD && jsn_place(j, p) > SCRUB_LEAD_MAX)
			return jsn_fail(j, -E2BIG);
		s = f->array || j->depth == 0 ? f->state : j->state;
		if (f->array) {
			if (s != JPATH_DEAD)
				s = plan_json_index(j->plan, s, f->index);
			f->index++;
		}
		a = judge(j, f, s, *p == '"', &own);
	}
	if (*p == '{' || *p == '[')
		return jsn_open(j, p, s, a, own);
	if (f->live && judge_scalar(j, p, a, own) == NULL)
		return NULL;
	if (*p == '"') {
		j->at = IN_STRING;
		j->escaped = false;
		return take_string(j, p + 1, end);
	}
	j->number = jtext_number(0, *p);
	if (j->number == 0)
		return begin_word(j, p, end);
	j->at = IN_NUMBER;
	return take_number(j, p + 1, end);
}

/* ---- between values ---- */

/* The first member, or element, of a container begins at p. */
static inline const char *first(struct jsn *j, const char *p, const char *end)
{
	const char *q = jsn_quick_first(j, p, end);

	if (q != p)
		return q;
	return j->frame[j->depth].array ? begin_value(j, p, end)
	                                : begin_key(j, p, end);
}

/* A ',' at p, or the bracket that closes. A member that goes takes its comma
 * with it; so does the first that stays, if those before it are gone. */
static inline const char *next(struct jsn *j, const char *p, const char *end)
{
	const struct frame *f = &j->frame[j->depth];
	const char *q;

	if (*p == ']' || *p == '}')
		return close(j, p);
	if (*p != ',')
		return NULL;
	q = jsn_quick_next(j, p, end);
	if (q != p)
		return q;
	j->at = f->array ? VALUE : KEY;
	if (!f->live)
		return p + 1;
	if (j->mode == SKIP)
		j->from = f->filled ? p : p + 1;
	jsn_begin_zone(j, f->filled ? p : p + 1);
	return p + 1;
}

/* Between documents: the sign that parts them, or what it is. */
static const char *part(struct jsn *j, const char *p)
{
	if (j->at == SIGN) {
		j->sign = *p == RS ? RS : '\n';
		j->at = *p == RS ? END : VALUE;
	} else if (j->sign != 0 && *p == j->sign) {
		jsn_restart(j);
		p++;
	} else {
		p = NULL;
	}
	return p;
}

/* White space at p. A line end may part documents, but not stand in one. */
static inline const char *space(struct jsn *j, const char *p)
{
	if (j->sign != '\n' || *p != '\n')
		return p + 1;
	if (j->at == VALUE && j->depth == 0)
		return p + 1;
	return j->at == END ? part(j, p) : NULL;
}

/* One token, or what is there of it. NULL: not well-formed, or j->err. */
static inline const char *take(struct jsn *j, const char *p, const char *end)
{
	if (j->at < IN_KEY && ascii_space(*p))
		return space(j, p);
	switch (j->at) {
	case ELEMENT:
		if (*p == ']')
			return close(j, p);
		return first(j, p, end);
	case VALUE:
		return begin_value(j, p, end);
	case MEMBER:
		if (*p == '}')
			return close(j, p);
		return first(j, p, end);
	case KEY:
		return begin_key(j, p, end);
	case COLON:
		j->at = VALUE;
		return *p == ':' ? p + 1 : NULL;
	case NEXT:
		return next(j, p, end);
	case END:
	case SIGN:
		return part(j, p);
	case IN_KEY:
		return take_key(j, resume(j, p, end), end);
	case IN_STRING:
		return take_string(j, resume(j, p, end), end);
	case IN_NUMBER:
		return take_number(j, p, end);
	case IN_WORD:
		return take_word(j, p, end);
	}
	return NULL;
}

/* The input ends at p: a number ends with it, all else must have ended. */
static const char *finish(struct jsn *j, const char *p)
{
	if (j->at == IN_NUMBER) {
		if (!jtext_number_ends(j->number))
			return NULL;
		p = scalar_done(j, p, NUMBER);
	}
	if (j->several &&
	    (j->at == SIGN ||
	        (j->sign == '\n' && j->at == VALUE && j->depth == 0)))
		return p;
	return j->at == END ? p : NULL;
}

int jsn_feed(struct jsn *j, struct span in, bool last, struct buf *out)
{
	const char *p = in.n > 0 ? in.p : "", *end = p + in.n;

	if (j->err != 0)
		return j->err;
	j->out = out;
	j->from = j->zone = p;
	while (p != NULL && p < end)
		p = take(j, p, end);
	if (p != NULL && last)
		p = finish(j, p);
	if (p == NULL) {
		jsn_fail(j, -EBADMSG);
		return j->err;
	}
	if (j->mode == HOLD) {
		buf_add(out, j->from, (size_t)(j->zone - j->from));
		j->from = j->zone;
		jsn_hold(j, end);
	}
	if (j->mode == PASS)
		buf_add(out, j->from, (size_t)(end - j->from));
	if (buf_error(out) < 0)
		jsn_fail(j, buf_error(out));
	return j->err;
}
