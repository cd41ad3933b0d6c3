/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/jsn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/jtext.h"
#include "body/scrub.h"
#include "body/value.h"

/* Where in the grammar. White space is skipped in all but the last four. */
enum at {
	VALUE,   /* a value must begin */
	ELEMENT, /* a value or ']' */
	MEMBER,  /* a key or '}' */
	KEY,     /* a key must begin */
	COLON,
	NEXT, /* ',' or the bracket that closes */
	END,  /* nothing more */
	IN_KEY,
	IN_STRING,
	IN_NUMBER,
	IN_WORD
};

/* What becomes of the bytes read. The undecided ones are a comma, the white
 * space behind it, a key, its colon and perhaps a value: the zone. */
enum mode {
	PASS, /* decided: they go on */
	HOLD, /* undecided from the zone on */
	SKIP  /* decided: they go */
};

enum shape { STRING, NUMBER, WORD, CONTAINER };

#define NOT_WHOLE UINT32_MAX

struct frame {
	const struct action *act; /* of a container around: where no earlier
	                             line speaks; or NULL */
	size_t index;             /* of the next element */
	jpath_state state;
	bool array;
	bool live;   /* its members are judged */
	bool filled; /* one of them went on: the next needs its comma */
};

struct jsn {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	struct buf *out;         /* borrowed, during jsn_feed */
	const char *from;        /* input that is not in out yet */
	const char *zone;        /* HOLD: the zone's part in this input ... */
	struct buf held;         /* ... and in earlier input */
	int err;                 /* sticky */
	enum at at;
	enum mode mode;

	/* The token that is being read. */
	const char *word;        /* IN_WORD: what must follow */
	uint8_t number;          /* IN_NUMBER: state of jtext_number */
	bool escape, escaped;    /* after '\\'; the string has escapes */
	uint8_t hex, tail;       /* hex digits, UTF-8 bytes to come */
	unsigned char low, high; /* range of the next UTF-8 byte */

	/* The member that is being read; places count from the zone. */
	size_t key_at, key_bytes, value_at;
	bool key_escaped;
	bool cut;          /* held ends before the value does */
	jpath_state state; /* of its value */
	const struct action *act; /* not NULL: the value is held for it */
	uint32_t whole; /* depth of the container that goes as a whole */

	struct buf key, text, fresh; /* without escapes; the new text */
	uint32_t depth;
	struct frame frame[SCRUB_DEPTH_MAX + 1]; /* 0: the document */
};

struct jsn *jsn_new(const struct plan *plan, const struct env *env)
{
	struct jsn *j = malloc(sizeof *j);
	bool live = plan_has(plan, CARRIER_JSON);

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
	j->frame[0] = (struct frame){ .live = live,
		.state = live ? JPATH_ROOT : JPATH_DEAD };
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
	free(j);
}

static const char *fail(struct jsn *j, int err)
{
	if (j->err == 0)
		j->err = err;
	return NULL;
}

/* ---- the zone ---- */

/* Bytes of the zone before p. */
static inline size_t place(const struct jsn *j, const char *p)
{
	return buf_len(&j->held) + (size_t)(p - j->zone);
}

/* Keep the zone's part in this input for later. Of a value that is dropped or
 * set whatever it is, only the first part is kept, for the report. */
static void hold(struct jsn *j, const char *end)
{
	size_t n = (size_t)(end - j->zone), most = SCRUB_LEAD_MAX, room;

	if (j->act != NULL)
		most = j->value_at + SCRUB_VALUE_MAX;
	room = most - buf_len(&j->held);
	if (n > room) {
		if (j->act == NULL || !value_blind(j->act)) {
			fail(j, -E2BIG);
			return;
		}
		n = room;
		j->cut = true;
	}
	if (buf_add(&j->held, j->zone, n) < 0)
		fail(j, buf_error(&j->held));
	j->zone = j->from = end;
}

/* The zone up to p in one piece. */
static struct span zone(struct jsn *j, const char *p)
{
	if (buf_len(&j->held) == 0)
		return span_of(j->zone, (size_t)(p - j->zone));
	hold(j, p);
	return buf_span(&j->held);
}

/* The zone goes on as it is. */
static inline void pass(struct jsn *j)
{
	if (buf_len(&j->held) > 0) {
		buf_add_span(j->out, buf_span(&j->held));
		buf_reset(&j->held);
	}
	j->mode = PASS;
	j->frame[j->depth].filled = true;
}

/* The zone, which ends at p, does not go on. */
static void discard(struct jsn *j, const char *p, enum mode mode)
{
	if (buf_len(&j->held) == 0)
		buf_add(j->out, j->from, (size_t)(j->zone - j->from));
	buf_reset(&j->held);
	j->from = p;
	j->mode = mode;
}

/* ---- decisions ---- */

/* Name of the member at hand, for the report. */
static struct span name_of(struct jsn *j, struct span z)
{
	const struct frame *f = &j->frame[j->depth];
	struct span raw = span_of(z.p + j->key_at, j->key_bytes);

	if (j->depth == 0)
		return SPAN("$");
	if (!f->array && !j->key_escaped)
		return raw;
	buf_reset(&j->key);
	if (f->array)
		buf_add_u64(&j->key, f->index - 1);
	else
		jtext_unescape(raw, &j->key);
	return buf_span(&j->key);
}

static void report(struct jsn *j, const struct action *a, struct span name,
    struct span before, struct span after, enum act effect)
{
	struct finding f = { a->line, CARRIER_JSON, name, before, after,
		effect };

	treat_report(j->env, &f);
}

/* The action for a value in state s, which stands in f: of the line that names
 * it and the one that came down from a container around, the earlier. NULL:
 * nobody speaks of it. *ret_own: it is the value's own. */
static const struct action *judge(const struct jsn *j, const struct frame *f,
    jpath_state s, bool *ret_own)
{
	const struct action *a = NULL;

	if (s != JPATH_DEAD)
		a = plan_json_action(j->plan, s);
	*ret_own = a != NULL && (f->act == NULL || a->order <= f->act->order);
	return *ret_own ? a : f->act;
}

/* Is text a JSON number, word, object or array? A string is not: VALUE of set
 * is text first. */
static bool is_raw(struct span text)
{
	struct buf out;
	struct jsn *j;
	bool good;

	if (text.n == 0 || (text.p[0] != '{' && text.p[0] != '['))
		return jtext_scalar(text);
	j = jsn_new(NULL, NULL);
	buf_init(&out, text.n);
	good = j != NULL && jsn_feed(j, text, true, &out) == 0;
	buf_fini(&out);
	jsn_free(j);
	return good;
}

/* What settle decided about a value: a TREAT_* or error, and for TREAT_NEW the
 * text and whether it is a string. */
struct ruling {
	int effect;
	bool quote;
	struct span text;
};

static struct ruling treat_blind(struct jsn *j, enum shape shape,
    struct span name, struct span text)
{
	const struct treatment *t = &j->act->line->treat;
	struct ruling v = { TREAT_DROP, false, SPAN_NONE };
	enum act effect = t->act;

	if (t->act == ACT_SET) {
		v.effect = TREAT_NEW;
		v.text = t->text;
		v.quote = shape == STRING || !is_raw(t->text);
		if (v.quote == (shape == STRING) && span_eq(text, t->text) &&
		    !j->cut) {
			v.effect = TREAT_SAME;
			effect = ACT_KEEP;
		}
	}
	report(j, j->act, name, text, v.text, effect);
	return v;
}

/* Nothing can be put in the place of a word but null. */
static struct ruling treat_word(struct jsn *j, struct span name,
    struct span text)
{
	struct ruling v = { TREAT_DROP, false, SPAN_NONE };
	enum act effect = ACT_DROP, act = j->act->line->treat.act;

	if (span_eq(text, SPAN("null"))) {
		v = (struct ruling){ TREAT_SAME, false, text };
		effect = ACT_KEEP;
	} else if (act == ACT_ALIAS || act == ACT_MASK) {
		v = (struct ruling){ TREAT_NEW, false, SPAN("null") };
		effect = act;
	}
	report(j, j->act, name, text, v.text, effect);
	return v;
}

static struct ruling treat(struct jsn *j, enum shape shape, struct span name,
    struct span value)
{
	struct value_place at = { CARRIER_JSON, name };
	struct ruling v = { 0, shape == STRING, SPAN_NONE };
	struct span text = value;

	if (shape == STRING) {
		text = span_of(value.p + 1, value.n - (j->cut ? 1 : 2));
		if (j->escaped && !j->cut) {
			buf_reset(&j->text);
			jtext_unescape(text, &j->text);
			text = buf_span(&j->text);
		}
	}
	if (value_blind(j->act))
		return treat_blind(j, shape, name, text);
	if (shape == WORD)
		return treat_word(j, name, text);
	buf_reset(&j->fresh);
	v.effect = value_treat(j->act, j->env, at, text,
	    shape == STRING ? VALUE_TEXT : VALUE_NUMBER, &j->fresh);
	v.text = buf_span(&j->fresh);
	if (shape == NUMBER)
		v.quote = !jtext_scalar(v.text);
	return v;
}

/* Put the new text in the place of the value. */
static void replace(struct jsn *j, const char *p, struct span z,
    const struct ruling *v, enum shape shape)
{
	unsigned style = 0;

	if (shape == STRING && j->escaped)
		style = jtext_style(span_from(z, j->value_at));
	if (buf_len(&j->held) == 0)
		buf_add(j->out, j->from, (size_t)(j->zone - j->from));
	buf_add(j->out, z.p, j->value_at);
	if (v->quote)
		jtext_quote(v->text, style, j->out);
	else
		buf_add_span(j->out, v->text);
	buf_reset(&j->held);
	j->from = p;
	j->mode = PASS;
	j->frame[j->depth].filled = true;
}

/* A held value ends at p: do what its action says. */
static const char *settle(struct jsn *j, const char *p, enum shape shape)
{
	struct span z = zone(j, p), value = span_from(z, j->value_at);
	struct ruling v;

	if (value.n > SCRUB_VALUE_MAX) {
		if (!value_blind(j->act))
			return fail(j, -E2BIG);
		value.n = SCRUB_VALUE_MAX;
		j->cut = true;
	}
	if (j->err != 0)
		return NULL;
	v = treat(j, shape, name_of(j, z), value);
	if (v.effect == TREAT_DROP && j->depth == 0)
		v = (struct ruling){ TREAT_NEW, false, SPAN("null") };
	if (v.effect == TREAT_SAME)
		pass(j);
	else if (v.effect == TREAT_NEW)
		replace(j, p, z, &v, shape);
	else if (v.effect == TREAT_DROP)
		discard(j, p, SKIP);
	else
		return fail(j, v.effect);
	j->act = NULL;
	j->cut = false;
	return p;
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
static inline const char *string_end(struct jsn *j, const char *p,
    const char *end)
{
	if ((j->tail > 0 || j->hex > 0 || j->escape) && p < end)
		p = odd(j, p, end);
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

static const char *scalar_done(struct jsn *j, const char *p, enum shape shape)
{
	j->at = j->depth > 0 ? NEXT : END;
	if (j->act == NULL || j->whole != NOT_WHOLE)
		return p;
	return settle(j, p, shape);
}

static inline const char *take_string(struct jsn *j, const char *p,
    const char *end)
{
	p = string_end(j, p, end);
	if (p == NULL || p == end)
		return p;
	return scalar_done(j, p + 1, STRING);
}

static inline const char *take_number(struct jsn *j, const char *p,
    const char *end)
{
	uint8_t next = j->number;

	for (; p < end; p++) {
		next = jtext_number(j->number, *p);
		if (next == 0)
			break;
		j->number = next;
	}
	if (p == end)
		return p;
	if (!jtext_number_ends(j->number))
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
	key = zone(j, p);
	if (j->err != 0)
		return NULL;
	j->key_bytes = key.n - 1 - j->key_at;
	j->key_escaped = j->escaped;
	j->state = JPATH_DEAD;
	if (j->key_bytes > SCRUB_NAME_MAX)
		return fail(j, -E2BIG);
	if (f->state == JPATH_DEAD)
		return p;
	key = span_of(key.p + j->key_at, j->key_bytes);
	if (j->escaped) {
		buf_reset(&j->key);
		jtext_unescape(key, &j->key);
		key = buf_span(&j->key);
	}
	j->state = plan_json_key(j->plan, f->state, key);
	return p;
}

static inline const char *take_key(struct jsn *j, const char *p,
    const char *end)
{
	p = string_end(j, p, end);
	if (p == NULL || p == end)
		return p;
	return key_done(j, p + 1);
}

static inline const char *begin_key(struct jsn *j, const char *p,
    const char *end)
{
	if (*p++ != '"')
		return NULL;
	j->at = IN_KEY;
	j->escaped = false;
	if (j->frame[j->depth].live)
		j->key_at = place(j, p);
	return take_key(j, p, end);
}

/* ---- values ---- */

static void begin_zone(struct jsn *j, const char *p)
{
	j->zone = p;
	j->mode = HOLD;
}

/* From here on the value that begins at p is held for a. */
static void hold_value(struct jsn *j, const char *p, const struct action *a)
{
	if (j->mode == PASS)
		begin_zone(j, p); /* the document, without the space before */
	j->act = a;
	j->value_at = place(j, p);
}

/* A container that a line or nobody names begins at p. */
static const char *open_judged(struct jsn *j, const char *p, jpath_state s,
    const struct action *a)
{
	struct frame child = { .act = a, .state = s, .array = *p == '[' };
	bool deep = a == NULL ||
	    (s != JPATH_DEAD && plan_json_below(j->plan, s) < a->order);

	if (a != NULL && value_blind(a) && !deep) {
		hold_value(j, p, a);
		j->whole = j->depth;
		child.state = JPATH_DEAD;
		child.act = NULL;
	} else {
		if (a != NULL && (value_keeps(a) || a->nest != NULL)) {
			report(j, a, name_of(j, zone(j, p)), SPAN_NONE,
			    SPAN_NONE, ACT_KEEP);
			if (!deep) {
				child.state = JPATH_DEAD;
				child.act = NULL;
			}
		}
		pass(j);
	}
	child.live = child.state != JPATH_DEAD || child.act != NULL;
	j->frame[++j->depth] = child;
	if (child.live)
		begin_zone(j, p + 1);
	return j->err == 0 ? p + 1 : NULL;
}

static const char *open(struct jsn *j, const char *p, jpath_state s,
    const struct action *a)
{
	if (j->depth == SCRUB_DEPTH_MAX)
		return fail(j, -E2BIG);
	j->at = *p == '[' ? ELEMENT : MEMBER;
	if (j->frame[j->depth].live && (s != JPATH_DEAD || a != NULL))
		return open_judged(j, p, s, a);
	if (j->frame[j->depth].live)
		pass(j);
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
		else if (j->mode == HOLD && place(j, p) > SCRUB_LEAD_MAX)
			return fail(j, -E2BIG);
		pass(j);
	}
	j->at = --j->depth > 0 ? NEXT : END;
	p++;
	if (j->depth != j->whole)
		return p;
	j->whole = NOT_WHOLE;
	return settle(j, p, CONTAINER);
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
static const char *judge_scalar(struct jsn *j, const char *p,
    const struct action *a, bool own)
{
	bool keeps = a != NULL && (value_keeps(a) ||
	    (a->nest != NULL && (*p != '"' || !own)));

	if (a != NULL && !keeps) {
		hold_value(j, p, a);
		return p;
	}
	if (keeps && own)
		report(j, a, name_of(j, zone(j, p)), SPAN_NONE, SPAN_NONE,
		    ACT_KEEP);
	pass(j);
	return j->err == 0 ? p : NULL;
}

static inline const char *begin_value(struct jsn *j, const char *p,
    const char *end)
{
	struct frame *f = &j->frame[j->depth];
	jpath_state s = JPATH_DEAD;
	const struct action *a = NULL;
	bool own = false;

	if (f->live) {
		if (j->mode == HOLD && place(j, p) > SCRUB_LEAD_MAX)
			return fail(j, -E2BIG);
		s = f->array || j->depth == 0 ? f->state : j->state;
		if (f->array) {
			if (s != JPATH_DEAD)
				s = plan_json_index(j->plan, s, f->index);
			f->index++;
		}
		a = judge(j, f, s, &own);
	}
	if (*p == '{' || *p == '[')
		return open(j, p, s, a);
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

/* A ',' at p, or the bracket that closes. A member that goes takes its comma
 * with it; so does the first that stays, if those before it are gone. */
static inline const char *next(struct jsn *j, const char *p)
{
	const struct frame *f = &j->frame[j->depth];

	if (*p == ']' || *p == '}')
		return close(j, p);
	if (*p != ',')
		return NULL;
	j->at = f->array ? VALUE : KEY;
	if (!f->live)
		return p + 1;
	if (j->mode == SKIP)
		j->from = f->filled ? p : p + 1;
	begin_zone(j, f->filled ? p : p + 1);
	return p + 1;
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* One token, or what is there of it. NULL: not well-formed, or j->err. */
static inline const char *take(struct jsn *j, const char *p, const char *end)
{
	if (j->at < IN_KEY && is_space(*p))
		return p + 1;
	switch (j->at) {
	case ELEMENT:
		if (*p == ']')
			return close(j, p);
		return begin_value(j, p, end);
	case VALUE:
		return begin_value(j, p, end);
	case MEMBER:
		if (*p == '}')
			return close(j, p);
		return begin_key(j, p, end);
	case KEY:
		return begin_key(j, p, end);
	case COLON:
		j->at = VALUE;
		return *p == ':' ? p + 1 : NULL;
	case NEXT:
		return next(j, p);
	case END:
		return NULL;
	case IN_KEY:
		return take_key(j, p, end);
	case IN_STRING:
		return take_string(j, p, end);
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
		fail(j, -EBADMSG);
		return j->err;
	}
	if (j->mode == HOLD) {
		buf_add(out, j->from, (size_t)(j->zone - j->from));
		hold(j, end);
	} else if (j->mode == PASS) {
		buf_add(out, j->from, (size_t)(end - j->from));
	}
	if (buf_error(out) < 0)
		fail(j, buf_error(out));
	return j->err;
}
