/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "engine/jpath.h"

#define QUOTE_MAX 80 /* characters of the text shown in an error */
#define QUOTE(s) ((s).n > QUOTE_MAX ? QUOTE_MAX : (int)(s).n), (s).p
#define HOST_MAX 253
#define LABEL_MAX 63
#define SEGMENT_NUMBER_MAX 64

static int refuse(char err[PARSE_ERR_BYTES], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(char err[PARSE_ERR_BYTES], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, PARSE_ERR_BYTES, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* The words of an enum, one after the other, for "expected one of". */
static const char *list_words(
    char *out, size_t cap, int from, int count, const char *(*word)(int))
{
	size_t n = 0;

	out[0] = '\0';
	for (int i = from; i < count && n < cap; i++)
		n += (size_t)snprintf(
		    out + n, cap - n, "%s%s", n > 0 ? " " : "", word(i));
	return out;
}

static int word_index(
    struct span text, int from, int count, const char *(*word)(int))
{
	for (int i = from; i < count; i++)
		if (span_eq(text, span_str(word(i))))
			return i;
	return -1;
}

static const char *carrier_at(int i)
{
	return carrier_word((enum carrier)i);
}

static const char *step_at(int i)
{
	return step_word((enum step)i);
}

static const char *category_at(int i)
{
	return category_word((enum category)i);
}

static const char *act_at(int i)
{
	return act_word((enum act)i);
}

static bool has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* RFC 9110, 5.6.2; '*' is one of them, so globs pass too. */
static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_digit(s.p[i]) &&
		    (ascii_lower(s.p[i]) < 'a' || ascii_lower(s.p[i]) > 'z') &&
		    (s.p[i] == '\0' ||
		        strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

static int check_segment_name(struct span name, char err[PARSE_ERR_BYTES])
{
	struct span after = SPAN("after:");
	uint64_t v;

	if (span_starts(name, after) && name.n > after.n &&
	    span_chr(name, '/') == name.n && span_chr(name, ' ') == name.n &&
	    span_chr(name, '*') == name.n)
		return 0;
	if (span_u64(name, SEGMENT_NUMBER_MAX, &v) == 0 && v > 0 &&
	    name.p[0] != '0')
		return 0;
	return refuse(err,
	    "path \"%.*s\": expected the number of a segment (1 to %d) or "
	    "after:SEGMENT (written out)",
	    QUOTE(name), SEGMENT_NUMBER_MAX);
}

static int check_name(
    enum carrier c, struct span name, char err[PARSE_ERR_BYTES])
{
	if (has_control(name))
		return refuse(err, "a control character stands in the name");
	switch (c) {
	case CARRIER_HEADER:
	case CARRIER_COOKIE:
		if (is_token(name))
			return 0;
		return refuse(err,
		    "%s \"%.*s\": expected a name, with * for any run of "
		    "characters",
		    carrier_word(c), QUOTE(name));
	case CARRIER_QUERY:
	case CARRIER_FORM:
	case CARRIER_MULTIPART:
		if (name.n > 0 && span_chr(name, ' ') == name.n)
			return 0;
		return refuse(err,
		    "%s \"%.*s\": expected the name of a parameter without "
		    "spaces, with * for any run of characters",
		    carrier_word(c), QUOTE(name));
	case CARRIER_PATH:
		return check_segment_name(name, err);
	case CARRIER_JSON:
	case CARRIER_XML:
	case CARRIER_PROTO:
		return jpath_check(c, name, err);
	case CARRIER_SDP:
	case CARRIER_TEXT:
		if (name.n > 0)
			return 0;
		return refuse(
		    err, "%s: a name is missing (* for all)", carrier_word(c));
	case CARRIER_HOST:
	case CARRIER_SOCKET:
	case CARRIER_PARTY:
	case CARRIER_PLACE:
	case CARRIER_NET:
	case CARRIER_COUNT:
		break;
	}
	return 0;
}

/* Cut one link of a chain off *rest: up to a '>' that does not stand in the
 * quotes of a JSON key. *ret_more: a '>' was there. */
static struct span cut_link(struct span *rest, bool *ret_more)
{
	struct span s = *rest, head = span_trim(s);
	bool json = span_starts(head, SPAN("json"));
	char quote = '\0';
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (quote != '\0') {
			if (s.p[i] == '\\')
				i++;
			else if (s.p[i] == quote)
				quote = '\0';
		} else if (json && i > 0 && s.p[i - 1] == '[' &&
		           (s.p[i] == '\'' || s.p[i] == '"')) {
			quote = s.p[i];
		} else if (s.p[i] == '>') {
			break;
		}
	}
	i = i < s.n ? i : s.n;
	*ret_more = i < s.n;
	*rest = span_from(s, i + 1);
	return span_trim(span_of(s.p, i));
}

static int refuse_word(struct span word, bool first, char err[PARSE_ERR_BYTES])
{
	char carriers[160], steps[80];

	list_words(carriers, sizeof carriers, 0, CARRIER_HOST, carrier_at);
	list_words(steps, sizeof steps, 0, STEP_COUNT, step_at);
	if (first)
		return refuse(err,
		    "unknown carrier \"%.*s\": expected one of %s", QUOTE(word),
		    carriers);
	return refuse(err,
	    "unknown carrier or step \"%.*s\": expected a carrier (%s) or a "
	    "step (%s)",
	    QUOTE(word), carriers, steps);
}

/* A chain while it is read. */
struct chain {
	struct where *first, *last; /* last: NULL before the first carrier */
	struct where pending;       /* steps that wait for their carrier */
	unsigned carriers;
	struct arena *a;
};

static int end_link(struct chain *c, enum carrier carrier, struct span name)
{
	struct where *w = c->first;

	if (c->last != NULL) {
		if ((w = arena_zalloc(c->a, sizeof *w)) == NULL)
			return arena_error(c->a);
		c->last->next = w;
	}
	*w = c->pending;
	w->carrier = carrier;
	w->name = name;
	c->last = w;
	c->pending = (struct where){ .carrier = CARRIER_COUNT };
	return 0;
}

static int take_step(
    struct chain *c, int step, struct span name, char err[PARSE_ERR_BYTES])
{
	if (c->last == NULL)
		return refuse(err,
		    "a chain starts with a carrier and a name, not with the "
		    "step \"%s\"",
		    step_at(step));
	if (name.n > 0)
		return refuse(
		    err, "the step \"%s\" takes no name", step_at(step));
	if (c->pending.nsteps == RULE_CHAIN_MAX)
		return refuse(err, "over %d steps in a row", RULE_CHAIN_MAX);
	c->pending.step[c->pending.nsteps++] = (enum step)step;
	return 0;
}

/* Take the braces of "{*}" and "{%}" out of a name of text: both become stars. */
static int take_marks(struct chain *c, struct span name,
    char err[PARSE_ERR_BYTES])
{
	uint32_t marks = 0;
	unsigned star = 0;
	size_t n = 0;
	char *to = arena_alloc(c->a, name.n + 1);

	if (to == NULL)
		return arena_error(c->a);
	for (size_t i = 0; i < name.n; i++) {
		struct span rest = span_from(name, i);
		enum mark m = span_starts(rest, SPAN("{*}")) ? MARK_PLAIN
		    : span_starts(rest, SPAN("{%}"))         ? MARK_PERCENT
		                                             : MARK_NONE;

		to[n] = m != MARK_NONE ? '*' : name.p[i];
		if (to[n] == '*' && n > 0 && to[n - 1] == '*' &&
		    (m != MARK_NONE || where_mark(marks, star - 1) != MARK_NONE))
			return refuse(err,
			    "text \"%.*s\": something must stand between a "
			    "mark and the next star",
			    QUOTE(name));
		if (m != MARK_NONE && star >= WHERE_STARS_MAX)
			return refuse(err, "text \"%.*s\": over %u stars",
			    QUOTE(name), WHERE_STARS_MAX);
		if (m != MARK_NONE)
			marks |= (uint32_t)m << 2 * star;
		star += to[n++] == '*' && star < WHERE_STARS_MAX;
		i += m != MARK_NONE ? 2 : 0;
	}
	to[n] = '\0';
	if (marks != 0)
		c->last->name = span_of(to, n);
	c->last->marks = marks;
	return 0;
}

static int take_link(
    struct chain *c, struct span link, char err[PARSE_ERR_BYTES])
{
	struct span name = link, word = span_trim(span_cut(&name, ' '));
	int at, r;

	name = span_trim(name);
	if ((at = word_index(word, 0, STEP_COUNT, step_at)) >= 0)
		return take_step(c, at, name, err);
	if ((at = word_index(word, 0, CARRIER_HOST, carrier_at)) < 0)
		return refuse_word(word, c->last == NULL, err);
	if (c->carriers++ == RULE_CHAIN_MAX)
		return refuse(
		    err, "over %d carriers in one chain", RULE_CHAIN_MAX);
	if ((r = check_name((enum carrier)at, name, err)) < 0 ||
	    (r = end_link(c, (enum carrier)at, name)) < 0)
		return r;
	return at == CARRIER_TEXT ? take_marks(c, name, err) : 0;
}

int parse_where(struct span text, struct arena *a, struct where *ret_where,
    char err[PARSE_ERR_BYTES])
{
	struct chain c = { .first = ret_where,
		.a = a,
		.pending = { .carrier = CARRIER_COUNT } };
	struct span rest = span_trim(text), link;
	bool more = true;
	int r;

	*ret_where = c.pending;
	while (more) {
		link = cut_link(&rest, &more);
		if (link.n == 0)
			return refuse(err,
			    "\"%.*s\": expected CARRIER NAME, or a chain of "
			    "them with \">\" between",
			    QUOTE(text));
		if ((r = take_link(&c, link, err)) < 0)
			return r;
	}
	if (c.pending.nsteps > 0)
		return end_link(&c, CARRIER_COUNT, SPAN_NONE);
	return 0;
}

static int parse_duration(struct span text, uint32_t *ret_seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} unit[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uint64_t v;

	if (text.n < 2)
		return -EINVAL;
	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
		if (text.p[text.n - 1] == unit[i].unit &&
		    span_u64(span_of(text.p, text.n - 1),
		        PARSE_COARSEN_MAX_S / unit[i].seconds, &v) == 0 &&
		    v > 0) {
			*ret_seconds = (uint32_t)v * unit[i].seconds;
			return 0;
		}
	return -EINVAL;
}

static int take_argument(
    struct treatment *t, struct span arg, bool colon, char err[PARSE_ERR_BYTES])
{
	uint64_t v;

	switch (t->act) {
	case ACT_SET:
	case ACT_ALIAS:
		if (!colon && t->act == ACT_SET)
			return refuse(err, "set needs a value: set:VALUE");
		if (colon && arg.n == 0 && t->act == ACT_ALIAS)
			return refuse(err, "alias: the word after the colon "
			                   "is missing (alias:WORD)");
		if (has_control(arg))
			return refuse(err,
			    "%s: a control character stands in the value",
			    act_word(t->act));
		t->text = arg;
		return 0;
	case ACT_COARSEN:
		if (parse_duration(arg, &t->seconds) == 0)
			return 0;
		return refuse(err,
		    "coarsen \"%.*s\": expected a duration of 1s to 366d, as "
		    "in coarsen:15m (s m h d)",
		    QUOTE(arg));
	case ACT_ROUND:
		if (span_u64(arg, UINT8_MAX, &v) < 0 ||
		    v > PARSE_ROUND_MAX_DIGITS)
			return refuse(err,
			    "round \"%.*s\": expected the digits after the "
			    "point, 0 to %d",
			    QUOTE(arg), PARSE_ROUND_MAX_DIGITS);
		t->digits = (uint8_t)v;
		return 0;
	case ACT_KEEP:
	case ACT_DROP:
	case ACT_PSEUDONYM:
	case ACT_MASK:
	case ACT_RESTORE:
	case ACT_COUNT:
		break;
	}
	if (colon)
		return refuse(err, "%s takes no argument", act_word(t->act));
	return 0;
}

int parse_treatment(struct span text, struct arena *a,
    struct treatment *ret_treat, char err[PARSE_ERR_BYTES])
{
	struct span arg = text, word = span_cut(&arg, ':');
	char words[160];
	int at = word_index(word, 0, ACT_COUNT, act_at);

	(void)a;
	*ret_treat = (struct treatment){ .text = SPAN_NONE };
	if (at < 0)
		return refuse(err,
		    "unknown treatment \"%.*s\": expected one of %s (as in "
		    "set:VALUE, coarsen:1h, round:1)",
		    QUOTE(word),
		    list_words(words, sizeof words, 0, ACT_COUNT, act_at));
	ret_treat->act = (enum act)at;
	return take_argument(ret_treat, arg, word.n < text.n, err);
}

int parse_category(
    struct span text, enum category *ret_category, char err[PARSE_ERR_BYTES])
{
	char words[160];
	int at =
	    word_index(text, CATEGORY_NONE + 1, CATEGORY_COUNT, category_at);

	if (at < 0)
		return refuse(err,
		    "unknown category \"%.*s\": expected one of %s",
		    QUOTE(text),
		    list_words(words, sizeof words, CATEGORY_NONE + 1,
		        CATEGORY_COUNT, category_at));
	*ret_category = (enum category)at;
	return 0;
}

int parse_verdict(
    struct span text, enum verdict *ret_verdict, char err[PARSE_ERR_BYTES])
{
	static const enum verdict all[] = { VERDICT_DENY, VERDICT_TUNNEL,
		VERDICT_INSPECT };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (span_eq(text, span_str(verdict_word(all[i])))) {
			*ret_verdict = all[i];
			return 0;
		}
	return refuse(err,
	    "unknown verdict \"%.*s\": expected one of deny tunnel inspect",
	    QUOTE(text));
}

/* A status an answer of ours may have: final, and neither a redirection nor
 * one that changes the framing. */
static bool is_sink_status(uint64_t v)
{
	return (v >= 200 && v <= 299 && v != 205) || (v >= 400 && v <= 599);
}

int parse_sink(struct span text, struct arena *a, struct sink *ret_sink,
    char err[PARSE_ERR_BYTES])
{
	static const struct {
		struct span word;
		enum sink_kind kind;
	} plain[] = {
		{ { "page", 4 }, SINK_PAGE },
		{ { "reset", 5 }, SINK_RESET },
		{ { "sink:gif", 8 }, SINK_GIF },
		{ { "sink:js", 7 }, SINK_JS },
	};
	struct span json = SPAN("sink:json:"), number = SPAN("sink:");
	uint64_t v;

	(void)a;
	*ret_sink = (struct sink){ .kind = SINK_NONE };
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (span_eq(text, plain[i].word)) {
			ret_sink->kind = plain[i].kind;
			return 0;
		}
	if (span_starts(text, json)) {
		ret_sink->kind = SINK_JSON;
		ret_sink->text = span_from(text, json.n);
		if (ret_sink->text.n > 0 && !has_control(ret_sink->text))
			return 0;
		return refuse(err, "sink:json: needs a JSON text without "
		                   "control characters, as in sink:json:{}");
	}
	if (span_starts(text, number) &&
	    span_u64(span_from(text, number.n), 599, &v) == 0 &&
	    text.n == number.n + 3 && is_sink_status(v)) {
		ret_sink->kind = SINK_STATUS;
		ret_sink->status = (uint16_t)v;
		return 0;
	}
	return refuse(err,
	    "unknown sink \"%.*s\": expected one of sink:STATUS (200 to 299, "
	    "400 to 599) sink:json:TEXT sink:gif sink:js page reset",
	    QUOTE(text));
}

static bool is_host_char(char c)
{
	c = ascii_lower(c);
	return ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '-' ||
	       c == '_' || c == '*';
}

static int check_host(struct span text, char err[PARSE_ERR_BYTES])
{
	struct span rest = text, label;
	bool star = false;

	if (text.n == 0)
		return refuse(err, "a host is missing");
	if (text.n > HOST_MAX)
		return refuse(err, "host \"%.*s\": over %d characters",
		    QUOTE(text), HOST_MAX);
	if (text.p[text.n - 1] == '.')
		return refuse(
		    err, "host \"%.*s\": it ends with a point", QUOTE(text));
	while (rest.n > 0) {
		label = span_cut(&rest, '.');
		if (label.n == 0 || label.n > LABEL_MAX)
			return refuse(err,
			    "host \"%.*s\": between points stand 1 to %d "
			    "characters",
			    QUOTE(text), LABEL_MAX);
		for (size_t i = 0; i < label.n; i++)
			if (!is_host_char(label.p[i]))
				return refuse(err,
				    "host \"%.*s\": expected letters, digits, "
				    "- . and *",
				    QUOTE(text));
		star = span_chr(label, '*') < label.n;
	}
	if (star && text.n > 1)
		return refuse(err,
		    "host \"%.*s\": the last label must be written out",
		    QUOTE(text));
	return 0;
}

int parse_host(struct span text, struct arena *a, struct span *ret_host,
    char err[PARSE_ERR_BYTES])
{
	int r = check_host(text, err);
	char *low;

	if (r < 0)
		return r;
	if ((low = arena_alloc(a, text.n)) == NULL)
		return arena_error(a);
	for (size_t i = 0; i < text.n; i++)
		low[i] = ascii_lower(text.p[i]);
	*ret_host = span_of(low, text.n);
	return 0;
}

int parse_when(struct span text, struct arena *a, struct when *ret_when,
    char err[PARSE_ERR_BYTES])
{
	struct span rest = span_trim(text), method = span_cut(&rest, ' ');
	struct span host, path;
	size_t slash;

	*ret_when = (struct when){ .method = method };
	rest = span_trim(rest);
	slash = span_chr(rest, '/');
	host = span_of(rest.p, slash);
	path = span_from(rest, slash);
	if (method.n == 0 || rest.n == 0 || path.n == 0)
		return refuse(err,
		    "when \"%.*s\": expected METHOD HOST/PATH, as in "
		    "\"POST *.example.com/api/*\" (* for any method)",
		    QUOTE(text));
	if (!is_token(method) ||
	    (span_chr(method, '*') < method.n && method.n > 1))
		return refuse(err,
		    "when \"%.*s\": expected a method, or * for any",
		    QUOTE(text));
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || path.p[i] == 0x7f ||
		    path.p[i] == '?' || path.p[i] == '#')
			return refuse(err,
			    "when \"%.*s\": a path has no spaces, ? or # (a "
			    "parameter goes into query)",
			    QUOTE(text));
	ret_when->path = path;
	return parse_host(host, a, &ret_when->host, err);
}

int where_print(const struct where *w, struct buf *out)
{
	for (const struct where *at = w; at != NULL; at = at->next) {
		if (at != w)
			buf_add_str(out, " > ");
		for (size_t i = 0; i < at->nsteps; i++) {
			if (i > 0)
				buf_add_str(out, " > ");
			buf_add_str(out, step_word(at->step[i]));
		}
		if (at->carrier == CARRIER_COUNT)
			break;
		if (at->nsteps > 0)
			buf_add_str(out, " > ");
		buf_add_str(out, carrier_word(at->carrier));
		if (at->name.n > 0)
			buf_add_char(out, ' ');
		buf_add_span(out, at->name);
	}
	return buf_error(out);
}

int treatment_print(const struct treatment *t, struct buf *out)
{
	uint32_t s = t->seconds;

	buf_add_str(out, act_word(t->act));
	if (t->act == ACT_SET || (t->act == ACT_ALIAS && t->text.n > 0)) {
		buf_add_char(out, ':');
		buf_add_span(out, t->text);
	} else if (t->act == ACT_ROUND) {
		buf_addf(out, ":%u", (unsigned)t->digits);
	} else if (t->act == ACT_COARSEN) {
		if (s % 86400 == 0)
			buf_addf(out, ":%ud", (unsigned)(s / 86400));
		else if (s % 3600 == 0)
			buf_addf(out, ":%uh", (unsigned)(s / 3600));
		else if (s % 60 == 0)
			buf_addf(out, ":%um", (unsigned)(s / 60));
		else
			buf_addf(out, ":%us", (unsigned)s);
	}
	return buf_error(out);
}
