/* SPDX-License-Identifier: EUPL-1.2 */
/* sdp_candidate - ICE candidates (RFC 8839, 5.1):
 *   FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [KEY WORD]...
 * raddr and rport are pairs like those of extensions. */
#include <errno.h>
#include <stdlib.h>

#include "body/sdp_int.h"
#include "engine/value.h"

#define TYPE_MAX_BYTES 32 /* a longer one is no type */

enum {
	FOUNDATION,
	COMPONENT,
	TRANSPORT,
	PRIORITY,
	ADDRESS,
	PORT,
	TYP,
	TYPE,
	FIXED
};

/* What a line may speak of, for candidates that cannot be read. */
static const char *const known[] = { "candidate:host", "candidate:srflx",
	"candidate:prflx", "candidate:relay", "candidate:foundation",
	"candidate:address", "candidate:port", "candidate:raddr",
	"candidate:rport", "candidate:generation", "candidate:tcptype",
	"candidate:ufrag", "candidate:network-id", "candidate:network-cost" };

static struct sdp_part part_of(
    struct span text, const char *name, struct span word)
{
	size_t from = (size_t)(word.p - text.p);

	return (struct sdp_part){ .name = span_str(name),
		.from = from,
		.to = from + word.n,
		.cut = from };
}

/* ---- foundations ---- */

/* The number of word among those of this section, from 1. */
static int number_of(struct sdp *s, struct span word)
{
	struct sdp_foundations *f = s->foundations;

	if (f == NULL && (f = calloc(1, sizeof *f)) == NULL)
		return -ENOMEM;
	s->foundations = f;
	for (unsigned i = 0; i < f->n; i++)
		if (span_eq(span_of(f->text[i], f->length[i]), word))
			return (int)i + 1;
	if (f->n == SDP_FOUNDATIONS_MAX)
		return -E2BIG;
	memcpy(f->text[f->n], word.p, word.n);
	f->length[f->n] = (uint8_t)word.n;
	return (int)++f->n;
}

/* A number that another message of this epoch has for it too. */
static uint32_t keyed_number(const struct env *env, struct span word)
{
	unsigned char sum[16];

	env->prf(env->arg, word, sum);
	return (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 |
	       (uint32_t)sum[2] << 8 | sum[3];
}

static int judge_foundation(struct sdp *s, struct sdp_edit *e, struct span word)
{
	struct sdp_part p = part_of(e->text, "candidate:foundation", word);
	const struct action *a = sdp_part_action(s, e, p.name);
	int n;

	if (a == NULL)
		return 0;
	p.neutral = SPAN("1");
	if (a->nest != NULL || value_keeps(a) ||
	    a->line->treat.act == ACT_RESTORE)
		return sdp_edit_part(s, e, &p, a);
	buf_reset(&s->fresh);
	if (a->line->treat.act == ACT_ALIAS && s->env != NULL &&
	    s->env->prf != NULL) {
		buf_add_u64(&s->fresh, keyed_number(s->env, word));
	} else {
		if ((n = number_of(s, word)) < 0)
			return n;
		buf_add_u64(&s->fresh, (uint64_t)n);
	}
	if (buf_error(&s->fresh) < 0)
		return buf_error(&s->fresh);
	sdp_edit_put(s, e, &p, a, buf_span(&s->fresh));
	return 0;
}

/* ---- the other parts ---- */

static int judge_word(struct sdp *s, struct sdp_edit *e, const char *name,
    struct span word, struct span neutral)
{
	struct sdp_part p = part_of(e->text, name, word);
	const struct action *a = sdp_part_action(s, e, p.name);

	p.neutral = neutral;
	return a != NULL ? sdp_edit_part(s, e, &p, a) : 0;
}

/* KEY WORD, with the spaces before them when they go. end is where the word
 * before them ends. */
static int judge_pair(struct sdp *s, struct sdp_edit *e, size_t end,
    struct span key, struct span word)
{
	const struct action *a;
	struct sdp_part p;

	p = part_of(e->text, NULL, word);
	p.name = sdp_name(s, SPAN("candidate"), key);
	a = sdp_part_action(s, e, p.name);
	if (a == NULL)
		return 0;
	p.cut = end;
	if (span_eq(key, SPAN("raddr")))
		p.neutral = sdp_no_address(SPAN_NONE, word);
	else if (span_eq(key, SPAN("rport")))
		p.neutral = SPAN("9");
	return sdp_edit_part(s, e, &p, a);
}

static int judge_pairs(struct sdp *s, struct sdp_edit *e, size_t at)
{
	int r = 0;

	while (r == 0) {
		size_t end = at;
		struct span key = sdp_word(e->text, &at), word;

		if (key.n == 0)
			break;
		word = sdp_word(e->text, &at);
		r = judge_pair(s, e, end, key, word);
	}
	return r;
}

static int judge_parts(
    struct sdp *s, struct sdp_edit *e, const struct span *word)
{
	size_t at = (size_t)(word[TYPE].p - e->text.p) + word[TYPE].n;
	int r = judge_foundation(s, e, word[FOUNDATION]);

	if (r == 0)
		r = judge_word(s, e, "candidate:address", word[ADDRESS],
		    sdp_no_address(SPAN_NONE, word[ADDRESS]));
	if (r == 0)
		r = judge_word(s, e, "candidate:port", word[PORT], SPAN("9"));
	return r < 0 ? r : judge_pairs(s, e, at);
}

/* ---- the line ---- */

/* Eight words and pairs; the seventh is typ in any case (a literal of ABNF). */
static bool read_words(struct span text, size_t at, struct span word[FIXED])
{
	bool pairs = true;

	for (size_t i = 0; i < FIXED; i++)
		if ((word[i] = sdp_word(text, &at)).n == 0)
			return false;
	for (size_t rest = at; sdp_word(text, &rest).n > 0;)
		pairs = !pairs;
	return pairs && span_eq_nocase(word[TYP], SPAN("typ")) &&
	       word[TYPE].n <= TYPE_MAX_BYTES &&
	       word[FOUNDATION].n <= SDP_FOUNDATION_MAX_BYTES;
}

static void ask_type(struct sdp *s, struct sdp_whole *w, struct span text,
    size_t at, struct span type)
{
	char lower[TYPE_MAX_BYTES];

	for (size_t i = 0; i < type.n; i++)
		lower[i] = ascii_lower(type.p[i]);
	sdp_ask(s, w, sdp_name(s, SPAN("candidate"), span_of(lower, type.n)),
	    at, text.n, false);
}

/* It could be of a type, or have a part, that must not pass. */
static int judge_unread(
    struct sdp *s, struct span text, size_t at, const struct sdp_edit *e)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct span name = span_str(known[i]);
		const struct action *a = sdp_part_action(s, e, name);

		if (a == NULL || value_keeps(a))
			continue;
		sdp_report(
		    s, a, name, span_from(text, at), SPAN_NONE, ACT_DROP);
		return TREAT_DROP;
	}
	return TREAT_SAME;
}

int sdp_line_candidate(struct sdp *s, struct span text, size_t at)
{
	struct sdp_edit e = { .text = text, .limit = UINT32_MAX };
	struct sdp_whole w = { .action = NULL };
	struct span word[FIXED];
	bool good = read_words(text, at, word);
	int r;

	if (good)
		ask_type(s, &w, text, at, word[TYPE]);
	sdp_ask(s, &w, SPAN("candidate"), at, text.n,
	    at == text.n && text.p[at - 1] != ':');
	r = sdp_apply(s, text, &w);
	if (w.action != NULL && !value_keeps(w.action))
		return r;
	if (w.action != NULL)
		e.limit = w.action->order;
	if (!good)
		return judge_unread(s, text, at, &e);
	r = judge_parts(s, &e, word);
	return r < 0 ? r : sdp_edit_end(s, &e);
}
