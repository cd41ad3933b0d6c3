/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/guard_int.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base64.h"

#define NEAR_BITS_MAX 20
#define CODED_BITS_MAX 22

/* ---- the pattern without its own escapes ---- */

/* Value of n hex digits at s.p + i, -1 when they are not there. */
static int hex_at(struct span s, size_t i, size_t n)
{
	int v = 0;

	if (i + n > s.n)
		return -1;
	for (; n > 0; n--, i++) {
		if (ascii_hex(s.p[i]) < 0)
			return -1;
		v = v << 4 | ascii_hex(s.p[i]);
	}
	return v;
}

/* Percent codes undone; the length, or -EINVAL when s ends inside one. */
static int undo_percent(struct span s, char *out)
{
	size_t i = 0, n = 0, k;
	int v;

	while (i < s.n) {
		if (s.p[i] != '%') {
			out[n++] = s.p[i++];
			continue;
		}
		for (k = i + 1; hex_at(s, k, 2) == '%';)
			k += 2;
		if ((v = hex_at(s, k, 2)) >= 0) {
			out[n++] = (char)v;
			i = k + 2;
			continue;
		}
		if (k >= s.n || (k + 1 == s.n && ascii_hex(s.p[k]) >= 0))
			return -EINVAL;
		out[n++] = '%';
		i = k;
	}
	return (int)n;
}

static size_t put_utf8(char *out, unsigned x)
{
	size_t n = 0;

	if (x < 0x80) {
		out[n++] = (char)x;
		return n;
	}
	if (x >= 0x10000) {
		out[n++] = (char)(0xf0 | x >> 18);
		out[n++] = (char)(0x80 | (x >> 12 & 0x3f));
	} else if (x >= 0x800) {
		out[n++] = (char)(0xe0 | x >> 12);
	} else {
		out[n++] = (char)(0xc0 | x >> 6);
		out[n++] = (char)(0x80 | (x & 0x3f));
		return n;
	}
	out[n++] = (char)(0x80 | (x >> 6 & 0x3f));
	out[n++] = (char)(0x80 | (x & 0x3f));
	return n;
}

/* \uXXXX and the pair of one at s.p + i (behind the slashes): bytes taken, 0
 * when there is none. */
static size_t read_unit(struct span s, size_t i, unsigned *ret_x)
{
	int v = i < s.n && s.p[i] == 'u' ? hex_at(s, i + 1, 4) : -1, low;
	size_t k = i + 5;

	if (v < 0)
		return 0;
	*ret_x = (unsigned)v;
	if (v < 0xd800 || v > 0xdfff)
		return 5;
	while (k < s.n && s.p[k] == '\\')
		k++;
	low = k > i + 5 && k < s.n && s.p[k] == 'u' ? hex_at(s, k + 1, 4) : -1;
	if (v > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0; /* half a character */
	*ret_x =
	    0x10000u + (((unsigned)v & 0x3ff) << 10) + ((unsigned)low & 0x3ff);
	return k + 5 - i;
}

/* Behind slashes: the begin of an escape, or one of half a character. */
static bool is_half(struct span s)
{
	size_t n = 1;

	while (n < s.n && n < 5 && ascii_hex(s.p[n]) >= 0)
		n++;
	return s.n == 0 || (s.p[0] == 'u' && (n == s.n || n == 5));
}

/* Escapes of JSON undone in place; the length, or -EINVAL. */
static int undo_slashes(char *text, size_t len)
{
	struct span s = span_of(text, len);
	size_t i = 0, n = 0, taken;
	unsigned x;

	while (i < s.n) {
		if (s.p[i] != '\\') {
			text[n++] = s.p[i++];
			continue;
		}
		while (i < s.n && s.p[i] == '\\')
			i++;
		taken = read_unit(s, i, &x);
		if (taken > 0) {
			i += taken;
			n += put_utf8(text + n, x);
		} else if (i < s.n && (s.p[i] == '/' || s.p[i] == '"')) {
			text[n++] = s.p[i++];
		} else if (is_half(span_from(s, i))) {
			return -EINVAL;
		} else {
			text[n++] = '\\';
		}
	}
	return (int)n;
}

int guard_normal(struct span text, const unsigned char fold[256], char *out)
{
	int n;

	if (text.n < GUARD_TEXT_MIN_BYTES || text.n > GUARD_TEXT_MAX_BYTES ||
	    (n = undo_percent(text, out)) < 0 ||
	    (n = undo_slashes(out, (size_t)n)) < GUARD_TEXT_MIN_BYTES)
		return -EINVAL;
	for (int i = 0; i < n; i++) {
		unsigned char c = (unsigned char)out[i];

		if (c < ' ' || c == 0x7f)
			return -EINVAL;
		out[i] = (char)fold[c];
	}
	return n;
}

/* ---- grams ---- */

static int make_filter(struct filter *f, size_t grams, unsigned max_bits)
{
	unsigned bits = 14; /* 2 kB */

	while (bits < max_bits && ((size_t)1 << bits) < 32 * grams)
		bits++;
	f->shift = 32 - bits;
	f->bit = calloc((size_t)1 << (bits - 5), sizeof *f->bit);
	return f->bit != NULL ? 0 : -ENOMEM;
}

static void put_gram(struct filter *f, uint32_t gram)
{
	uint32_t h = gram * 0x9e3779b1u >> f->shift;

	f->bit[h >> 5] |= 1u << (h & 31);
}

/* The other byte that text[i] stands for: a folded one has two readings. */
static unsigned char other(const struct guard_set *s, unsigned char c)
{
	if (c == ' ')
		return '+';
	if (s->fold['A'] == 'a' && c >= 'a' && c <= 'z')
		return (unsigned char)(c - 32);
	return c;
}

static void put_near(struct guard_set *s, const unsigned char *p)
{
	unsigned char c[4];

	for (unsigned pick = 0; pick < 16; pick++) {
		for (unsigned i = 0; i < 4; i++)
			c[i] = pick >> i & 1 ? other(s, p[i]) : p[i];
		put_gram(&s->near, guard_gram((const char *)c) | GUARD_FOLD);
	}
}

/* Grams of the text in its first places; of three letters, with any byte in
 * front. */
static void add_near(struct guard_set *s, struct span text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	unsigned char c[4];

	for (size_t i = 0; text.n >= 4 && i < s->stride; i++)
		put_near(s, p + i);
	for (unsigned first = 0; text.n == 3 && first < 256; first++) {
		c[0] = (unsigned char)first;
		memcpy(c + 1, p, 3);
		put_near(s, c);
	}
}

/* The four letters of base64 from bit on of the text: its bytes i to i+3, each
 * in its two readings. */
static void put_coded(struct guard_set *s, struct span text, size_t bit)
{
	size_t at = bit / 8;
	char gram[4];
	uint32_t v;

	for (unsigned pick = 0; pick < 16; pick++) {
		v = 0;
		for (size_t i = 0; i < 4; i++) {
			unsigned char c = 0;

			if (at + i < text.n)
				c = (unsigned char)text.p[at + i];
			v = v << 8 | (pick >> i & 1 ? other(s, c) : c);
		}
		v = v << bit % 8 >> 8;
		for (unsigned kind = 0; kind < 2; kind++) {
			for (unsigned i = 0; i < 4; i++)
				gram[i] =
				    base64_letter[kind][v >> (18 - 6 * i) & 63];
			put_gram(&s->coded, guard_gram(gram));
		}
	}
}

/* Letters that hold nothing but bits of the text begin at bit 0, 4 or 2 of it
 * when it begins at byte 0, 1 or 2 of a group. */
static void add_coded(struct guard_set *s, struct span text)
{
	static const size_t first[] = { 0, 4, 2 };

	if (text.n < GUARD_BASE64_MIN_BYTES)
		return;
	for (size_t a = 0; a < 3; a++)
		for (size_t i = 0; i < GUARD_STRIDE_MAX; i++)
			put_coded(s, text, first[a] + 6 * i);
}

/* ---- */

static int fill(struct guard_set *s, const struct span *text, size_t n)
{
	size_t shortest = GUARD_TEXT_MAX_BYTES, near = 0, coded = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		shortest = text[i].n < shortest ? text[i].n : shortest;
		near += text[i].n == 3 ? 128 : GUARD_STRIDE_MAX;
		coded += text[i].n < GUARD_BASE64_MIN_BYTES ? 0 : 96;
	}
	s->stride = shortest < 4 ? 1 : shortest - 3;
	if (s->stride > GUARD_STRIDE_MAX)
		s->stride = GUARD_STRIDE_MAX;
	if ((r = make_filter(&s->near, near, NEAR_BITS_MAX)) < 0 ||
	    (r = make_filter(&s->coded, coded, CODED_BITS_MAX)) < 0 ||
	    (r = trie_init(&s->trie, text, n)) < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		add_near(s, text[i]);
		add_coded(s, text[i]);
	}
	return 0;
}

/* The patterns of one kind; mem has room for all texts. */
static int make_set(struct guard_set *s, const struct guard_pattern *p,
    size_t n, bool exact, char *mem)
{
	struct span *text = calloc(n, sizeof *text);
	size_t count = 0;
	int r = 0, len;

	for (unsigned i = 0; i < 256; i++)
		s->fold[i] =
		    (unsigned char)(exact ? (char)i : ascii_lower((char)i));
	s->fold['+'] = ' ';
	s->number = calloc(n, sizeof *s->number);
	if (text == NULL || s->number == NULL)
		r = -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		if (p[i].exact != exact)
			continue;
		len = guard_normal(p[i].text, s->fold, mem);
		if (len < 0) {
			r = len;
			break;
		}
		s->number[count] = (uint32_t)i;
		text[count++] = span_of(mem, (size_t)len);
		mem += GUARD_TEXT_MAX_BYTES;
	}
	if (r == 0 && count > 0)
		r = fill(s, text, count);
	free(text);
	return r;
}

struct guard *guard_new(const struct guard_pattern *p, size_t n, int *ret_err)
{
	struct guard *g = NULL;
	char *mem = NULL;
	int r = -EINVAL;

	if (n >= 1 && n <= GUARD_PATTERNS_MAX) {
		r = -ENOMEM;
		g = calloc(1, sizeof *g);
		mem = malloc(n * GUARD_TEXT_MAX_BYTES);
		if (g != NULL && mem != NULL)
			r = make_set(&g->set[0], p, n, false, mem);
		if (r == 0)
			r = make_set(&g->set[1], p, n, true, mem);
	}
	free(mem);
	if (r < 0) {
		guard_free(g);
		g = NULL;
	}
	if (ret_err != NULL)
		*ret_err = r;
	return g;
}

void guard_free(struct guard *g)
{
	for (int i = 0; g != NULL && i < 2; i++) {
		trie_fini(&g->set[i].trie);
		free(g->set[i].near.bit);
		free(g->set[i].coded.bit);
		free(g->set[i].number);
	}
	free(g);
}
