/* SPDX-License-Identifier: EUPL-1.2 */
/* sdp_line - which names a line has, and what becomes of the line. */
#include <errno.h>

#include "body/scrub.h"
#include "body/sdp_int.h"
#include "engine/value.h"

#define NTP_TO_UNIX_S 2208988800u   /* 1900 to 1970, RFC 5905, 6 */
#define NTP_MAX ((uint64_t)1 << 40) /* SDP does not wrap in 2036 */
#define WORDS_MAX 7                 /* one more than any line may have */

/* ---- small things ---- */

struct span sdp_word(struct span text, size_t *at)
{
	size_t from = *at;

	while (from < text.n && text.p[from] == ' ')
		from++;
	*at = from + span_chr(span_from(text, from), ' ');
	return span_of(text.p + from, *at - from);
}

struct span sdp_name(struct sdp *s, struct span first, struct span rest)
{
	buf_reset(&s->name);
	buf_add_span(&s->name, first);
	buf_add_char(&s->name, ':');
	if (buf_add_span(&s->name, rest) < 0)
		s->nameless = buf_error(&s->name);
	return buf_span(&s->name);
}

struct span sdp_no_address(struct span family, struct span address)
{
	if (span_eq_nocase(family, SPAN("IP6")) ||
	    span_chr(address, ':') < address.n)
		return SPAN("::");
	return SPAN("0.0.0.0");
}

void sdp_report(struct sdp *s, const struct action *a, struct span name,
    struct span before, struct span after, enum act effect)
{
	struct finding found = { a->line, CARRIER_SDP, name, before, after,
		effect, SPAN_NONE };

	treat_report(s->env, &found);
}

/* New text must not begin a line of its own. */
static bool breaks(struct span text)
{
	return span_chr(text, '\n') < text.n || span_chr(text, '\r') < text.n ||
	       span_chr(text, '\0') < text.n;
}

static void add_part(struct buf *b, struct span text, size_t from, size_t to)
{
	buf_add_span(b, span_of(text.p + from, to - from));
}

/* ---- times ---- */

/* One number of t=, in NTP seconds since 1900; 0 stands for no bound. */
static int coarsen_ntp(struct span word, uint32_t seconds, struct buf *out)
{
	uint64_t v;

	if (seconds == 0 || span_u64(word, NTP_MAX, &v) < 0)
		return TREAT_DROP;
	if (v != 0) {
		if (v < NTP_TO_UNIX_S)
			return TREAT_DROP;
		v -= NTP_TO_UNIX_S;
		v -= v % seconds;
		v += NTP_TO_UNIX_S;
	}
	buf_add_u64(out, v);
	return TREAT_NEW;
}

/* All numbers of text, with the spaces between them as they were. */
static int coarsen_all(struct span text, uint32_t seconds, struct buf *out)
{
	size_t at = 0, done = 0;
	struct span word = sdp_word(text, &at);
	int r = TREAT_DROP;

	while (word.n > 0) {
		add_part(out, text, done, at - word.n);
		done = at;
		r = coarsen_ntp(word, seconds, out);
		if (r != TREAT_NEW)
			return r;
		word = sdp_word(text, &at);
	}
	add_part(out, text, done, text.n);
	return r;
}

static int treat_time(
    struct sdp *s, const struct action *a, struct span name, struct span text)
{
	int r = coarsen_all(text, a->line->treat.seconds, &s->fresh);
	struct span after = buf_span(&s->fresh);
	enum act effect = ACT_COARSEN;

	if (buf_error(&s->fresh) < 0)
		return buf_error(&s->fresh);
	if (r == TREAT_DROP) {
		effect = ACT_DROP;
		after = SPAN_NONE;
	} else if (span_eq(after, text)) {
		effect = ACT_KEEP;
		r = TREAT_SAME;
	}
	sdp_report(s, a, name, text, after, effect);
	return r;
}

/* A value or part; the new text is in s->fresh. */
static int treat(struct sdp *s, const struct action *a, struct span name,
    struct span text, bool is_time)
{
	struct value_place at = { CARRIER_SDP, name, SPAN_NONE };
	int r;

	buf_reset(&s->fresh);
	if (is_time && a->nest == NULL && a->line->treat.act == ACT_COARSEN)
		return treat_time(s, a, name, text);
	r = value_treat(
	    a, s->env, at, text, VALUE_TEXT, SCRUB_OPEN_MAX, &s->fresh);
	if (r == TREAT_NEW && breaks(buf_span(&s->fresh)))
		return -EBADMSG;
	return r;
}

/* ---- the whole line ---- */

void sdp_ask(struct sdp *s, struct sdp_whole *w, struct span name, size_t from,
    size_t to, bool bare)
{
	const struct action *a = plan_name(s->plan, CARRIER_SDP, name);

	s->named = s->named || a != NULL;
	if (a != NULL && (w->action == NULL || a->order < w->action->order))
		*w = (struct sdp_whole){ a, name, from, to, bare };
}

int sdp_apply(struct sdp *s, struct span text, const struct sdp_whole *w)
{
	struct span value = span_of(text.p + w->from, w->to - w->from);
	int r;

	if (w->action == NULL)
		return TREAT_SAME;
	if (value_keeps(w->action)) {
		sdp_report(
		    s, w->action, w->name, SPAN_NONE, SPAN_NONE, ACT_KEEP);
		return TREAT_SAME;
	}
	r = treat(s, w->action, w->name, value, text.p[0] == 't');
	if (r != TREAT_NEW)
		return r;
	buf_reset(&s->line);
	add_part(&s->line, text, 0, w->from);
	if (w->bare)
		buf_add_char(&s->line, ':');
	buf_add_span(&s->line, buf_span(&s->fresh));
	add_part(&s->line, text, w->to, text.n);
	return buf_error(&s->line) < 0 ? buf_error(&s->line) : TREAT_NEW;
}

/* ---- parts ---- */

const struct action *sdp_part_action(
    struct sdp *s, const struct sdp_edit *e, struct span name)
{
	const struct action *a = plan_name(s->plan, CARRIER_SDP, name);

	s->named = s->named || a != NULL;
	return a != NULL && a->order < e->limit ? a : NULL;
}

/* The line so far, up to from, without what was replaced. */
static void copy_to(struct sdp *s, struct sdp_edit *e, size_t from)
{
	if (!e->changed)
		buf_reset(&s->line);
	e->changed = true;
	add_part(&s->line, e->text, e->done, from);
}

static void put(struct sdp *s, struct sdp_edit *e, const struct sdp_part *p,
    struct span text)
{
	if (span_eq(text, span_of(e->text.p + p->from, p->to - p->from)))
		return;
	copy_to(s, e, p->from);
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(&s->line, text.p[i] == ' ' ? '-' : text.p[i]);
	e->done = p->to;
}

void sdp_edit_put(struct sdp *s, struct sdp_edit *e, const struct sdp_part *p,
    const struct action *a, struct span text)
{
	struct span before = span_of(e->text.p + p->from, p->to - p->from);
	enum act effect = a->line->treat.act;

	sdp_report(s, a, p->name, before, text,
	    span_eq(before, text) ? ACT_KEEP : effect);
	put(s, e, p, text);
}

int sdp_edit_part(struct sdp *s, struct sdp_edit *e, const struct sdp_part *p,
    const struct action *a)
{
	struct span before = span_of(e->text.p + p->from, p->to - p->from);
	int r;

	if (value_keeps(a)) {
		sdp_report(s, a, p->name, SPAN_NONE, SPAN_NONE, ACT_KEEP);
		return 0;
	}
	r = treat(s, a, p->name, before, p->is_time);
	if (r == TREAT_NEW && buf_len(&s->fresh) > 0) {
		put(s, e, p, buf_span(&s->fresh));
	} else if (r == TREAT_DROP || r == TREAT_NEW) {
		if (p->neutral.n > 0) {
			put(s, e, p, p->neutral);
		} else {
			copy_to(s, e, p->cut);
			e->done = p->to;
		}
	}
	return r < 0 ? r : 0;
}

int sdp_edit_end(struct sdp *s, struct sdp_edit *e)
{
	if (!e->changed)
		return TREAT_SAME;
	copy_to(s, e, e->text.n);
	return buf_error(&s->line) < 0 ? buf_error(&s->line) : TREAT_NEW;
}

/* Lines that are a row of words; part NULL: not asked for. */
static const struct row {
	char type;
	unsigned words;
	bool more; /* or over that */
	bool may_be_one;
	const char *part[WORDS_MAX - 1];
	const char *neutral[WORDS_MAX - 1]; /* NULL: an address */
} rows[] = {
	{ 'o', 6, false, false,
	    { "o:user", "o:session", "o:version", NULL, NULL, "o:address" },
	    { "-", "0", "0", NULL, NULL, NULL } },
	{ 'c', 3, false, false, { NULL, NULL, "c:address" }, { NULL } },
	{ 't', 2, false, false, { "t:start", "t:stop" }, { "0", "0" } },
	{ 'm', 4, true, false, { NULL, "m:port" }, { NULL, "9" } },
};

static const struct row rtcp_row = { 'a', 4, false, true,
	{ "rtcp:port", NULL, NULL, "rtcp:address" }, { "9" } };

static struct sdp_part part_of(const struct row *row, unsigned i,
    const struct span *word, const char *base)
{
	struct span w = word[i];
	struct sdp_part p = { .name = span_str(row->part[i]) };

	if (row->type == 'c' || row->type == 'm')
		w.n = span_chr(w, '/'); /* behind it: ttl, number of ports */
	p.from = (size_t)(w.p - base);
	p.to = p.from + w.n;
	p.neutral = row->neutral[i] != NULL ? span_str(row->neutral[i])
	                                    : sdp_no_address(word[i - 1], w);
	p.is_time = row->type == 't';
	return p;
}

/* The words may be too few or too many: then no part is sure. */
static bool fits(const struct row *row, unsigned words)
{
	return words == row->words || (row->more && words > row->words) ||
	       (row->may_be_one && words == 1);
}

/* at: where the words begin. */
static int judge_parts(
    struct sdp *s, struct sdp_edit *e, const struct row *row, size_t at)
{
	struct span word[WORDS_MAX];
	unsigned n = 0;
	int r = 0;

	while (n < WORDS_MAX && (word[n] = sdp_word(e->text, &at)).n > 0)
		n++;
	for (unsigned i = 0; i < row->words && r == 0; i++) {
		const struct action *a;
		struct sdp_part p;

		if (row->part[i] == NULL)
			continue;
		a = sdp_part_action(s, e, span_str(row->part[i]));
		if (a == NULL || (value_keeps(a) && !fits(row, n)))
			continue;
		if (!fits(row, n))
			return -EBADMSG;
		if (i >= n || (row->type == 'm' && span_eq(word[i], SPAN("0"))))
			continue; /* a section that is refused stays so */
		p = part_of(row, i, word, e->text.p);
		r = sdp_edit_part(s, e, &p, a);
	}
	return r;
}

/* The whole line, then its parts. */
static int judge(struct sdp *s, struct span text, const struct sdp_whole *w,
    const struct row *row, size_t at)
{
	struct sdp_edit e = { .text = text, .limit = UINT32_MAX };
	int r = sdp_apply(s, text, w);

	if (row == NULL || (w->action != NULL && !value_keeps(w->action)))
		return r;
	if (w->action != NULL)
		e.limit = w->action->order;
	r = judge_parts(s, &e, row, at);
	return r < 0 ? r : sdp_edit_end(s, &e);
}

/* ---- which line it is ---- */

static int letter_line(struct sdp *s, struct span text)
{
	struct sdp_whole w = { .action = NULL };
	const struct row *row = NULL;

	if (text.p[0] == 'v')
		return TREAT_SAME;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (text.p[0] == rows[i].type)
			row = &rows[i];
	sdp_ask(s, &w, span_of(text.p, 1), 2, text.n, false);
	return judge(s, text, &w, row, 2);
}

/* "4 urn:x" or "4/sendonly urn:x": the name has the URI. */
static void ask_extmap(
    struct sdp *s, struct sdp_whole *w, struct span text, size_t at)
{
	struct span uri;

	sdp_word(text, &at);
	uri = sdp_word(text, &at);
	if (uri.n > 0)
		sdp_ask(s, w, sdp_name(s, SPAN("extmap"), uri), at - uri.n, at,
		    false);
}

/* "479547115 cname:x": RFC 5576, 4.1. */
static void ask_ssrc(
    struct sdp *s, struct sdp_whole *w, struct span text, size_t at)
{
	struct span word;
	size_t from, colon;
	bool bare;

	sdp_word(text, &at);
	word = sdp_word(text, &at);
	if (word.n == 0)
		return;
	colon = span_chr(word, ':');
	bare = colon == word.n;
	from = at - word.n + colon + (bare ? 0 : 1);
	sdp_ask(s, w, sdp_name(s, SPAN("ssrc"), span_of(word.p, colon)), from,
	    text.n, bare);
}

/* As sdp_ask for an attribute's own name, with a look at the last answer. */
static void ask_name(struct sdp *s, struct sdp_whole *w, struct span name,
    size_t from, size_t to, bool bare)
{
	const struct action *a = s->memo_action;

	if (name.n == 0 || name.n != s->memo_n ||
	    memcmp(name.p, s->memo, name.n) != 0) {
		a = plan_name(s->plan, CARRIER_SDP, name);
		s->memo_n = name.n <= sizeof s->memo ? name.n : 0;
		memcpy(s->memo, name.p, s->memo_n);
		s->memo_action = a;
	}
	s->named = s->named || a != NULL;
	if (a != NULL && (w->action == NULL || a->order < w->action->order))
		*w = (struct sdp_whole){ a, name, from, to, bare };
}

static int attribute(struct sdp *s, struct span text)
{
	size_t colon = 2 + span_chr(span_from(text, 2), ':'), at = colon + 1;
	struct span name = span_trim(span_of(text.p + 2, colon - 2));
	struct sdp_whole w = { .action = NULL };
	bool bare = colon == text.n;

	at = bare ? text.n : at;
	if (name.n == 1) /* "m" is the line m= */
		name = sdp_name(s, SPAN("a"), name);
	if (span_eq(name, SPAN("candidate")))
		return sdp_line_candidate(s, text, at);
	if (span_eq(name, SPAN("extmap")))
		ask_extmap(s, &w, text, at);
	else if (span_eq(name, SPAN("ssrc")))
		ask_ssrc(s, &w, text, at);
	ask_name(s, &w, name, at, text.n, bare);
	return judge(
	    s, text, &w, span_eq(name, SPAN("rtcp")) ? &rtcp_row : NULL, at);
}

/* A line that no line of the plan names. Detect lines look at free text only: a
 * session needs its addresses, and sdp lines say which of them. */
static int look(struct sdp *s, struct span text)
{
	bool alone = span_starts(text, SPAN("candidate:"));
	bool is_free = !alone && span_chr(SPAN("siuep"), text.p[0]) < 5;
	struct span rest = span_from(text, alone ? 0 : 2);
	struct value_place at = { CARRIER_SDP, span_of(text.p, 1), SPAN_NONE };
	int r;

	if (alone || text.p[0] == 'a')
		at.name = span_trim(span_cut(&rest, ':'));
	buf_reset(&s->fresh);
	r = value_unnamed(is_free ? s->plan : NULL, s->env, at, rest,
	    VALUE_TEXT, &s->fresh);
	if (r != TREAT_NEW)
		return r;
	if (breaks(buf_span(&s->fresh)))
		return -EBADMSG;
	buf_reset(&s->line);
	add_part(&s->line, text, 0, text.n - rest.n);
	buf_add_span(&s->line, buf_span(&s->fresh));
	return buf_error(&s->line) < 0 ? buf_error(&s->line) : TREAT_NEW;
}

int sdp_line(struct sdp *s, struct span text)
{
	int r;

	if (s->lone)
		return TREAT_SAME;
	s->named = false;
	if (span_starts(text, SPAN("candidate:")))
		r = sdp_line_candidate(s, text, strlen("candidate:"));
	else
		r = text.p[0] == 'a' ? attribute(s, text)
		                     : letter_line(s, text);
	if (r == TREAT_SAME && s->watched && !s->named && text.p[0] != 'v')
		r = look(s, text);
	return s->nameless < 0 ? s->nameless : r;
}
