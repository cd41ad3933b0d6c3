/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/jsn_int.h"

#include "body/jtext.h"
#include "engine/value.h"

struct span jsn_name(struct jsn *j, struct span z)
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

static const struct line no_line; /* its treatment is ACT_KEEP */

const struct action jsn_unnamed = { .line = &no_line };

/* Letters, digits, '_' and '-' need no quotes in a pack, see jpath.h. */
static bool is_plain(struct span key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = ascii_lower(key.p[i]);

		if (!ascii_digit(c) && (c < 'a' || c > 'z') && c != '_' &&
		    c != '-')
			return false;
	}
	return key.n > 0;
}

/* One key of the path. False: there is no way to write it. */
static bool add_key(struct buf *path, struct span key)
{
	if (is_plain(key)) {
		buf_add_char(path, '.');
		buf_add_span(path, key);
		return true;
	}
	buf_add_str(path, "['");
	for (size_t i = 0; i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[i];

		/* WTF-8 of a lone surrogate: ED A0..BF */
		if (c < ' ' || (c == 0xed && i + 1 < key.n &&
		                   (unsigned char)key.p[i + 1] >= 0xa0))
			return false;
		if (c == '\'' || c == '\\')
			buf_add_char(path, '\\');
		buf_add_char(path, (char)c);
	}
	buf_add_str(path, "']");
	return true;
}

uint32_t jsn_path(struct jsn *j, struct span name)
{
	const struct frame *f = &j->frame[j->depth];
	bool good = true;

	if (f->path == NO_PATH)
		return NO_PATH;
	buf_reset(&j->path);
	buf_commit(&j->path, f->path); /* what was there is there still */
	if (j->depth == 0)
		buf_add_char(&j->path, '$');
	else if (f->array)
		buf_add_str(&j->path, "[*]");
	else
		good = add_key(&j->path, name);
	if (!good || buf_error(&j->path) < 0)
		return NO_PATH;
	return (uint32_t)buf_len(&j->path);
}

/* The path of the member at hand for a report, or the empty one. */
static struct span path_of(struct jsn *j, struct span name)
{
	if (!j->paths || jsn_path(j, name) == NO_PATH)
		return SPAN_NONE;
	return buf_span(&j->path);
}

static void report(struct jsn *j, const struct action *a, struct span name,
    struct span before, struct span after, enum act effect)
{
	struct finding f = { a->line, CARRIER_JSON, name, before, after, effect,
		path_of(j, name) };

	treat_report(j->env, &f);
}

void jsn_report_keep(struct jsn *j, const struct action *a, struct span z)
{
	if (j->err == 0)
		report(j, a, jsn_name(j, z), SPAN_NONE, SPAN_NONE, ACT_KEEP);
}

/* The zone, which ends at p, does not go on. */
static void discard(struct jsn *j, const char *p)
{
	if (buf_len(&j->held) == 0)
		buf_add(j->out, j->from, (size_t)(j->zone - j->from));
	buf_reset(&j->held);
	j->from = p;
	j->mode = SKIP;
}

/* Is text a JSON number, word, object or array? A string is not: VALUE of set
 * is text first. */
static bool is_raw(struct jsn *j, struct span text)
{
	if (text.n == 0 || (text.p[0] != '{' && text.p[0] != '['))
		return jtext_scalar(text);
	if (j->probe == NULL)
		j->probe = jsn_new(NULL, NULL);
	if (j->probe == NULL)
		return false;
	jsn_restart(j->probe);
	buf_reset(&j->fresh);
	return jsn_feed(j->probe, text, true, &j->fresh) == 0;
}

/* What settle decided about a value: a TREAT_* or error, and for TREAT_NEW the
 * text and whether it is a string. */
struct ruling {
	int effect;
	bool quote;
	struct span text;
};

static struct ruling treat_blind(
    struct jsn *j, enum shape shape, struct span name, struct span text)
{
	const struct treatment *t = &j->act->line->treat;
	struct ruling v = { TREAT_DROP, false, SPAN_NONE };
	enum act effect = t->act;

	if (j->depth == 0 && shape == WORD && span_eq(text, SPAN("null")) &&
	    t->act == ACT_DROP) { /* what a dropped document becomes */
		v.effect = TREAT_SAME;
		effect = ACT_KEEP;
	} else if (t->act == ACT_SET) {
		v.effect = TREAT_NEW;
		v.text = t->text;
		v.quote = shape == STRING || !is_raw(j, t->text);
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
static struct ruling treat_word(
    struct jsn *j, struct span name, struct span text)
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

static struct ruling treat(
    struct jsn *j, enum shape shape, struct span name, struct span value)
{
	struct value_place at = { CARRIER_JSON, name, SPAN_NONE };
	struct ruling v = { 0, shape == STRING, SPAN_NONE };
	enum value_kind kind = shape == STRING   ? VALUE_TEXT
	                       : shape == NUMBER ? VALUE_NUMBER
	                                         : VALUE_WORD;
	struct span text = value;

	if (shape == STRING) {
		text = span_of(value.p + 1, value.n - (j->cut ? 1 : 2));
		if (j->escaped && !j->cut) {
			buf_reset(&j->text);
			v.effect = jtext_unescape(text, &j->text);
			if (v.effect < 0)
				return v;
			text = buf_span(&j->text);
		}
	}
	if (value_blind(j->act))
		return treat_blind(j, shape, name, text);
	if (shape == WORD && j->act != &jsn_unnamed)
		return treat_word(j, name, text);
	at.path = path_of(j, name);
	buf_reset(&j->fresh);
	if (j->act == &jsn_unnamed)
		v.effect =
		    value_unnamed(j->plan, j->env, at, text, kind, &j->fresh);
	else
		v.effect = value_treat(
		    j->act, j->env, at, text, kind, SCRUB_OPEN_MAX, &j->fresh);
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
	if (buf_len(&j->held) == 0) /* then z is behind it */
		z = span_of(j->from, (size_t)(z.p - j->from) + j->value_at);
	else
		z.n = j->value_at;
	buf_add_span(j->out, z);
	if (v->quote)
		jtext_quote(v->text, style, j->out);
	else
		buf_add_span(j->out, v->text);
	buf_reset(&j->held);
	j->from = p;
	j->mode = PASS;
	j->frame[j->depth].filled = true;
}

const char *jsn_settle(struct jsn *j, const char *p, enum shape shape)
{
	struct span z = jsn_zone(j, p), value;
	struct ruling v;

	if (j->act == NULL)
		return j->err == 0 ? p : NULL; /* too long to be looked at */
	value = span_from(z, j->value_at);
	if (value.n > SCRUB_VALUE_MAX) {
		if (j->act == &jsn_unnamed && !j->detects) {
			jsn_pass(j);
			j->act = NULL;
			return p;
		}
		if (!value_blind(j->act))
			return jsn_fail(j, -E2BIG);
		value.n = SCRUB_VALUE_MAX;
		j->cut = true;
	}
	if (j->err != 0)
		return NULL;
	v = treat(j, shape, jsn_name(j, z), value);
	if (v.effect == TREAT_DROP && j->depth == 0)
		v = (struct ruling){ TREAT_NEW, false, SPAN("null") };
	if (v.effect == TREAT_SAME)
		jsn_pass(j);
	else if (v.effect == TREAT_NEW)
		replace(j, p, z, &v, shape);
	else if (v.effect == TREAT_DROP)
		discard(j, p);
	else
		return jsn_fail(j, v.effect);
	j->act = NULL;
	j->cut = false;
	return p;
}
