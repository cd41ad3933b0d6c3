/* SPDX-License-Identifier: EUPL-1.2 */
/* A stream is read twice at the same time: decoded (percent, then backslashes),
 * and as it is where an escape was taken, because what follows a '%' or '\' by
 * chance is no escape to everybody. An automaton looks at each reading only
 * from where a filter says that a pattern may begin: four characters that stand
 * in one of the first places of a pattern, as they are or in base64. The filter
 * knows these grams at as many places as it may step over, and the last eight
 * characters are enough to begin at the first of them. */
#include "engine/guard.h"

#include "base/base64.h"
#include "engine/guard_int.h"

enum { PLAIN = 1, RAW = 2, CODED = 4 };    /* lane->on */
enum { NO_SLASH, SLASH, UNIT };            /* lane->slash */
enum { NO_PERCENT, PERCENT, PERCENT_HEX }; /* lane->percent */

#define PERCENT_DIGIT 3 /* of lane->digit; those of \u take the others */
#define BACK 3          /* a filter may begin so many bytes before */

/* One lane on its way through one piece. */
struct walk {
	const struct guard_set *set;
	struct guard_lane *l;
	int32_t hit;
};

static void meet(struct walk *w, uint32_t word)
{
	if (word != TRIE_NONE && w->hit < 0)
		w->hit = (int32_t)w->set->number[word];
}

/* ---- the automata ---- */

static void step_plain(struct walk *w, unsigned char c)
{
	const struct trie *t = &w->set->trie;

	w->l->plain = trie_step(t, w->l->plain, w->set->fold[c]);
	meet(w, t->word[w->l->plain]);
}

static void begin_plain(struct walk *w)
{
	w->l->plain = TRIE_ROOT;
	for (int i = 56; i >= 0; i -= 8)
		step_plain(w, (unsigned char)(w->l->last >> i));
}

/* A byte of base64 with value six: in three of the four ways to group the
 * letters it completes a byte. */
static void step_coded(struct walk *w, int six, bool first)
{
	struct guard_lane *l = w->l;
	const struct trie *t = &w->set->trie;
	unsigned pair = (unsigned)l->six << 6 | (unsigned)six;

	for (unsigned i = 1; i < 4 && !first; i++) {
		uint32_t *state = &l->coded[(l->quad - i) & 3];
		unsigned char c = (unsigned char)(pair >> (6 - 2 * i));

		*state = trie_step(t, *state, w->set->fold[c]);
		meet(w, t->far[*state]);
	}
	l->six = (uint8_t)six;
	l->quad = (l->quad + 1) & 3;
}

static void begin_coded(struct walk *w)
{
	struct guard_lane *l = w->l;
	unsigned n = 0;

	while (n < 8 && base64_six[(unsigned char)(l->last >> n * 8)] >= 0)
		n++;
	memset(l->coded, 0, sizeof l->coded);
	for (unsigned i = n; i-- > 0;)
		step_coded(w, base64_six[(unsigned char)(l->last >> i * 8)],
		    i + 1 == n);
}

static void rest_plain(struct walk *w)
{
	if (w->set->trie.depth[w->l->plain] <= BACK)
		w->l->on &= (uint8_t)~PLAIN;
}

/* Two bytes have three letters behind them at most that belong to the pattern
 * alone. */
static void rest_coded(struct walk *w)
{
	const uint16_t *depth = w->set->trie.depth;
	const uint32_t *s = w->l->coded;

	if (depth[s[0]] <= 2 && depth[s[1]] <= 2 && depth[s[2]] <= 2 &&
	    depth[s[3]] <= 2)
		w->l->on &= (uint8_t)~CODED;
}

static void start(struct walk *w, bool plain, bool coded)
{
	if (plain) {
		w->l->on |= PLAIN;
		begin_plain(w);
		rest_plain(w);
	}
	if (coded) {
		w->l->on |= CODED;
		begin_coded(w);
		rest_coded(w);
	}
}

/* The automata that do not run begin where the filters say so. on: those that
 * ran until now. */
static inline void look(struct walk *w, uint8_t on)
{
	uint32_t gram = guard_swap((uint32_t)w->l->last);
	bool plain =
	    !(on & PLAIN) && filter_has(&w->set->near, gram | GUARD_FOLD);
	bool coded = !(on & CODED) && filter_has(&w->set->coded, gram);

	if (plain || coded)
		start(w, plain, coded);
}

/* ---- reading ---- */

/* One character of the decoded text. */
static void emit(struct walk *w, unsigned char c)
{
	struct guard_lane *l = w->l;
	uint8_t on = l->on;
	int six = base64_six[c];

	l->last = l->last << 8 | c;
	if (on & PLAIN) {
		step_plain(w, c);
		rest_plain(w);
	}
	if ((on & CODED) && six < 0) {
		l->on &= (uint8_t)~CODED;
	} else if (on & CODED) {
		step_coded(w, six, false);
		rest_coded(w);
	}
	look(w, on);
}

/* A code unit of UTF-16. */
static void emit_unit(struct walk *w, uint16_t u)
{
	unsigned x = u;

	if (x < 0x80) {
		emit(w, (unsigned char)x);
	} else if (x < 0x800) {
		emit(w, (unsigned char)(0xc0 | x >> 6));
		emit(w, (unsigned char)(0x80 | (x & 0x3f)));
	} else if (x >= 0xd800 && x < 0xdc00) { /* the first of two */
		w->l->high = x & 3;
		x = 0x10 + ((x & 0x3ff) >> 2);
		emit(w, (unsigned char)(0xf0 | x >> 6));
		emit(w, (unsigned char)(0x80 | (x & 0x3f)));
	} else {
		if (x >= 0xdc00 && x < 0xe000)
			x = (x & 0x3ff) | (unsigned)w->l->high << 10;
		else
			emit(w, (unsigned char)(0xe0 | x >> 12));
		emit(w, (unsigned char)(0x80 | (x >> 6 & 0x3f)));
		emit(w, (unsigned char)(0x80 | (x & 0x3f)));
	}
}

/* No escape after all: what was held back. */
static void give_back(struct walk *w)
{
	w->l->slash = NO_SLASH;
	emit(w, '\\');
	emit(w, 'u');
	for (unsigned i = 0; i < w->l->digits; i++)
		emit(w, (unsigned char)w->l->digit[i]);
}

/* A character behind the percent codes. */
static void unescape(struct walk *w, unsigned char c)
{
	struct guard_lane *l = w->l;
	int hex;

	if (l->slash == UNIT) {
		hex = ascii_hex((char)c);
		if (hex >= 0 && l->digits < 3) {
			l->unit = (uint16_t)(l->unit << 4 | hex);
			l->digit[l->digits++] = (char)c;
			return;
		}
		if (hex >= 0) {
			l->slash = NO_SLASH;
			emit_unit(w, (uint16_t)(l->unit << 4 | hex));
			return;
		}
		give_back(w);
	}
	if (l->slash == NO_SLASH && c != '\\') {
		emit(w, c);
	} else if (c == '\\') {
		l->slash = SLASH; /* several are one */
	} else if (c == 'u') {
		l->slash = UNIT;
		l->digits = 0;
		l->unit = 0;
	} else {
		l->slash = NO_SLASH;
		if (c != '/' && c != '"')
			emit(w, '\\');
		emit(w, c);
	}
}

static void decode(struct walk *w, unsigned char c)
{
	struct guard_lane *l = w->l;
	int hex = ascii_hex((char)c), v;

	if (l->percent == PERCENT && hex >= 0) {
		l->digit[PERCENT_DIGIT] = (char)c;
		l->percent = PERCENT_HEX;
		return;
	}
	if (l->percent == PERCENT_HEX && hex >= 0) {
		v = ascii_hex(l->digit[PERCENT_DIGIT]) << 4 | hex;
		l->percent = v == '%' ? PERCENT : NO_PERCENT;
		if (v != '%')
			unescape(w, (unsigned char)v);
		return;
	}
	if (l->percent != NO_PERCENT)
		unescape(w, '%');
	if (l->percent == PERCENT_HEX)
		unescape(w, (unsigned char)l->digit[PERCENT_DIGIT]);
	l->percent = c == '%' ? PERCENT : NO_PERCENT;
	if (c != '%')
		unescape(w, c);
}

static bool is_between(const struct guard_lane *l)
{
	return l->percent == NO_PERCENT && l->slash == NO_SLASH;
}

/* The text as it is, from an escape on and until nothing that begins within the
 * escape is under way. */
static void step_raw(struct walk *w, unsigned char c)
{
	const struct trie *t = &w->set->trie;

	w->l->raw = trie_step(t, w->l->raw, w->set->fold[c]);
	meet(w, t->word[w->l->raw]);
}

/* One byte; true when it belongs to no escape. */
static bool take(struct walk *w, unsigned char c)
{
	struct guard_lane *l = w->l;
	bool between = is_between(l);

	if (!(l->on & RAW) && (c == '%' || c == '\\')) {
		l->on |= RAW;
		l->raw = TRIE_ROOT;
		l->since = 0;
	}
	if (l->on & RAW)
		step_raw(w, c);
	decode(w, c);
	between = between && is_between(l);
	l->since = between ? (uint16_t)(l->since + 1) : 0;
	if ((l->on & RAW) && is_between(l) &&
	    w->set->trie.depth[l->raw] <= l->since)
		l->on &= (uint8_t)~RAW;
	return between;
}

/* The last eight characters at to, when l->last has those at from, and between
 * them the bytes are the characters. */
static uint64_t history(
    const struct guard_lane *l, const char *p, size_t from, size_t to)
{
	uint64_t last = l->last;

	if (to - from > 8)
		from = to - 8;
	for (; from < to; from++)
		last = last << 8 | (unsigned char)p[from];
	return last;
}

/* Over bytes that are nothing to anybody: to the next escape, a possible begin
 * of a pattern, or the end. Automata rest, and the last BACK bytes before at
 * are in the piece and no escapes. */
static size_t pass(struct walk *w, struct span in, size_t at)
{
	size_t end;
	bool met = guard_filter(w->set, in, at - BACK, &end);

	w->l->last = history(w->l, in.p, at, end);
	if (met)
		look(w, 0);
	return end;
}

/* May a pattern begin with c? */
static inline bool is_first(const struct guard_set *s, char c)
{
	return s->trie.root[s->fold[(unsigned char)c]] != TRIE_ROOT;
}

/* The usual escapes at once, when nothing is under way and no pattern begins
 * within: \" and \n, %22. Bytes taken, 0: go the long way. */
static size_t take_escape(struct walk *w, const char *p, size_t n)
{
	int high, low;

	if (n < 3 || is_first(w->set, p[0]) || is_first(w->set, p[1]))
		return 0;
	if (p[0] == '\\') {
		if (p[1] == '\\' || p[1] == 'u' || p[1] == '%')
			return 0;
		if (p[1] != '/' && p[1] != '"')
			emit(w, '\\');
		emit(w, (unsigned char)p[1]);
		return 2;
	}
	high = ascii_hex(p[1]);
	low = ascii_hex(p[2]);
	if (high < 0 || low < 0 || is_first(w->set, p[2]) ||
	    (high << 4 | low) == '%' || (high << 4 | low) == '\\')
		return 0;
	emit(w, (unsigned char)(high << 4 | low));
	return 3;
}

/* Bytes up to and with the end of the first hit, or all of them. */
static size_t walk(struct walk *w, struct span in)
{
	struct guard_lane *l = w->l;
	size_t i = 0, clean = 0, n;

	while (i < in.n && w->hit < 0) {
		if (clean >= BACK && l->on == 0) {
			i = pass(w, in, i);
			if (i == in.n || w->hit >= 0)
				break;
		}
		if (!(l->on & RAW) && is_between(l)) {
			if (in.p[i] != '%' && in.p[i] != '\\') {
				emit(w, (unsigned char)in.p[i++]);
				clean++;
				continue;
			}
			n = take_escape(w, in.p + i, in.n - i);
			if (n > 0) {
				i += n;
				clean = 0;
				continue;
			}
		}
		clean = take(w, (unsigned char)in.p[i++]) ? clean + 1 : 0;
	}
	return i;
}

void guard_init(struct guard_scan *s)
{
	*s = (struct guard_scan){ .hit = -1 };
}

int guard_feed(const struct guard *g, struct guard_scan *s, struct span in)
{
	bool done = s->hit >= 0;

	for (int i = 0; g != NULL && i < 2 && !done; i++) {
		struct walk w = { &g->set[i], &s->lane[i], -1 };
		size_t n;

		if (g->set[i].stride == 0)
			continue;
		n = walk(&w, in);
		if (w.hit < 0)
			continue;
		s->hit = w.hit;
		in.n = n - 1; /* an exact one may end before */
	}
	return s->hit >= 0;
}
