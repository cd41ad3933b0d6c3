/* SPDX-License-Identifier: EUPL-1.2 */
/* xml_tag - the attributes of a start tag, and how text is coded. */
#include "body/xml_int.h"

#include "engine/value.h"

/* ---- coding ---- */

/* How many bytes of s are one character that XML may carry (XML 1.0, 2.2) in
 * UTF-8 (RFC 3629, 4); 0: none. */
static size_t character(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return p[0] >= 0x20 || p[0] == '\t' || p[0] == '\n' ||
		       p[0] == '\r';
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n > s.n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)
		return 0; /* U+FFFE, U+FFFF */
	return n;
}

static const char *entity(char c, char quote)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return quote == 0 ? "&gt;" : NULL;
	case '"':
		return quote == c ? "&quot;" : NULL;
	case '\'':
		return quote == c ? "&apos;" : NULL;
	case '\r':
		return "&#13;";
	case '\n':
		return quote != 0 ? "&#10;" : NULL;
	case '\t':
		return quote != 0 ? "&#9;" : NULL;
	}
	return NULL;
}

int xml_code(struct span text, char quote, struct buf *out)
{
	const char *other;
	size_t n;

	for (; text.n > 0; text = span_from(text, n)) {
		n = character(text);
		if (n == 0)
			return -EBADMSG;
		other = entity(text.p[0], quote);
		if (other != NULL)
			buf_add_str(out, other);
		else
			buf_add(out, text.p, n);
	}
	return buf_error(out);
}

/* ---- attributes ---- */

/* Where an attribute stands in its tag. */
struct spot {
	size_t from, value,
	    to; /* white space before, text in quotes, its end */
	char quote;
};

/* The next attribute behind *at; expat has seen that there is one. */
static struct spot next_spot(struct span tag, size_t at)
{
	struct spot s = { .from = at };

	while (at < tag.n && tag.p[at] != '"' && tag.p[at] != '\'')
		at++;
	s.quote = at < tag.n ? tag.p[at] : '"';
	s.value = at + 1;
	s.to = s.value + span_chr(span_from(tag, s.value), s.quote);
	return s;
}

static bool declares_namespace(struct span name)
{
	return span_eq(name, SPAN("@xmlns")) ||
	       span_starts(name, SPAN("@xmlns:"));
}

/* The action for the attribute name ("@x") of f. */
static const struct action *judge(
    struct xml *x, const struct xml_frame *f, struct span name, bool *ret_own)
{
	const struct action *a = NULL, *around = f->act;
	jpath_state s = JPATH_DEAD;

	if (around != NULL && around->line->treat.act != ACT_KEEP &&
	    around->line->treat.act != ACT_DROP)
		around = NULL; /* speaks of texts */
	if (around != NULL && !value_keeps(around) && declares_namespace(name))
		around = NULL;
	if (f->state != JPATH_DEAD)
		s = plan_path_key(x->plan, CARRIER_XML, f->state, name);
	if (s != JPATH_DEAD)
		a = plan_path_action(x->plan, CARRIER_XML, s);
	*ret_own = a != NULL && (around == NULL || a->order < around->order);
	return *ret_own ? a : around;
}

/* TREAT_* or an error; the new text is in x->fresh. */
static int treat(struct xml *x, const struct xml_frame *f, struct span name,
    struct span text)
{
	struct value_place at = { CARRIER_XML, name, SPAN_NONE };
	const struct action *a;
	bool own;

	buf_reset(&x->fresh);
	a = judge(x, f, name, &own);
	if (a == NULL && (!x->watched || declares_namespace(name)))
		return TREAT_SAME;
	at.path = xml_path(x, "/", name);
	if (a != NULL && value_keeps(a)) {
		if (own)
			xml_report_keep(x, a, name, at.path);
		return TREAT_SAME;
	}
	if (text.n > SCRUB_VALUE_MAX) {
		if (a == NULL || !value_blind(a))
			return -E2BIG;
		text.n = SCRUB_VALUE_MAX;
	}
	if (a == NULL)
		return value_unnamed(
		    x->plan, x->env, at, text, VALUE_TEXT, &x->fresh);
	return value_treat(
	    a, x->env, at, text, VALUE_TEXT, SCRUB_OPEN_MAX, &x->fresh);
}

static void add_part(struct buf *b, struct span text, size_t from, size_t to)
{
	buf_add_span(b, span_of(text.p + from, to - from));
}

/* One attribute that stands at s; *done: copied to x->tag up to there, if
 * anything was. */
static int take_one(struct xml *x, const struct xml_frame *f, struct span raw,
    const struct spot *s, const char *const *att, size_t *done)
{
	int r;

	if (strlen(att[0]) > SCRUB_NAME_MAX)
		return -E2BIG;
	buf_reset(&x->name);
	buf_add_char(&x->name, '@');
	if (buf_add_str(&x->name, att[0]) < 0)
		return buf_error(&x->name);
	r = treat(x, f, buf_span(&x->name), span_str(att[1]));
	if (r < 0 || r == TREAT_SAME)
		return r;
	if (*done == 0)
		buf_reset(&x->tag);
	if (r == TREAT_DROP) {
		add_part(&x->tag, raw, *done, s->from);
		*done = s->to + 1;
		return buf_error(&x->tag);
	}
	add_part(&x->tag, raw, *done, s->value);
	*done = s->to;
	return xml_code(buf_span(&x->fresh), s->quote, &x->tag);
}

void xml_tag(struct xml *x, const struct xml_frame *f, struct span raw,
    const char *const *atts, struct span *ret_tag)
{
	size_t at = 1, done = 0;
	struct spot s;
	int r = 0;

	*ret_tag = raw;
	if (f->state == JPATH_DEAD && !(f->act == NULL && x->watched) &&
	    (f->act == NULL || f->act->line->treat.act != ACT_DROP))
		return;
	while (at < raw.n && !ascii_space(raw.p[at]))
		at++;
	for (; r >= 0 && *atts != NULL; atts += 2) {
		s = next_spot(raw, at);
		r = take_one(x, f, raw, &s, atts, &done);
		at = s.to + 1;
	}
	if (r < 0) {
		xml_fail(x, r);
		return;
	}
	if (done == 0)
		return;
	add_part(&x->tag, raw, done, raw.n);
	if (buf_error(&x->tag) < 0)
		xml_fail(x, buf_error(&x->tag));
	*ret_tag = buf_span(&x->tag);
}
