/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_find.h"

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/buf.h"

#define RUN_LEAST 4 /* letters: a shorter run of base64 holds no word */
#define COATS_MAX 120

struct view {
	struct buf b;
	unsigned depth;
	char coats[COATS_MAX];
};

struct case_views {
	struct view *view[CASE_FIND_VIEWS_MAX];
	unsigned n;
	size_t bytes;
	bool full; /* something could not be looked at */
};

struct case_views *case_views_new(void)
{
	struct case_views *v = calloc(1, sizeof *v);

	if (v == NULL)
		abort();
	return v;
}

void case_views_free(struct case_views *v)
{
	for (unsigned i = 0; v != NULL && i < v->n; i++) {
		buf_fini(&v->view[i]->b);
		free(v->view[i]);
	}
	free(v);
}

/* Keep b (taken over) as one more view, unless it is known. */
static void keep(struct case_views *v, struct buf *b, const struct view *under,
    const char *coat)
{
	struct view *w;

	if (buf_len(b) == 0)
		goto drop;
	for (unsigned i = 0; i < v->n; i++)
		if (span_eq(buf_span(&v->view[i]->b), buf_span(b)))
			goto drop;
	if (v->n == CASE_FIND_VIEWS_MAX || buf_error(b) < 0 ||
	    v->bytes + buf_len(b) > CASE_FIND_BYTES_MAX) {
		v->full = true;
		goto drop;
	}
	w = calloc(1, sizeof *w);
	if (w == NULL)
		abort();
	w->b = *b;
	w->depth = under != NULL ? under->depth + 1 : 0;
	snprintf(w->coats, sizeof w->coats, "%.30s%s%.80s", coat,
	    under != NULL && under->depth > 0 ? " of " : "",
	    under != NULL && under->depth > 0 ? under->coats : "");
	v->view[v->n++] = w;
	v->bytes += buf_len(&w->b);
	return;
drop:
	buf_fini(b);
}

static void percent(struct case_views *v, const struct view *w, bool plus)
{
	struct span s = buf_span(&w->b);
	struct buf out;

	buf_init(&out, s.n);
	for (size_t i = 0; i < s.n; i++) {
		int high = -1, low = -1;

		if (s.p[i] == '%' && i + 2 < s.n) {
			high = ascii_hex(s.p[i + 1]);
			low = ascii_hex(s.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			buf_add_char(&out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_add_char(
			    &out, plus && s.p[i] == '+' ? ' ' : s.p[i]);
		}
	}
	keep(v, &out, w, "percent");
}

static void utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
	} else if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_add_char(out, (char)(0xe0 | c >> 12));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xf0 | c >> 18));
		buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* \uXXXX or \xXX at s: its number and length, or 0. */
static size_t unit(struct span s, uint32_t *ret_c)
{
	size_t digits, i;

	if (s.n < 4 || s.p[0] != '\\' || (s.p[1] != 'u' && s.p[1] != 'x'))
		return 0;
	digits = s.p[1] == 'u' ? 4 : 2;
	*ret_c = 0;
	for (i = 2; i < digits + 2 && i < s.n; i++) {
		if (ascii_hex(s.p[i]) < 0)
			return 0;
		*ret_c = *ret_c << 4 | (uint32_t)ascii_hex(s.p[i]);
	}
	return i == digits + 2 ? i : 0;
}

static void json(struct case_views *v, const struct view *w)
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t''";
	struct span s = buf_span(&w->b);
	uint32_t c, low;
	struct buf out;
	size_t n, m;

	buf_init(&out, s.n);
	while (s.n > 0) {
		n = unit(s, &c);
		if (n > 0 && c >= 0xd800 && c < 0xdc00 &&
		    (m = unit(span_from(s, n), &low)) > 0 && low >= 0xdc00 &&
		    low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			n += m;
		}
		if (n > 0) {
			utf8(&out, c);
		} else if (s.p[0] == '\\' && s.n > 1) {
			for (m = 0; plain[m] != '\0' && plain[m] != s.p[1];)
				m += 2;
			buf_add_char(
			    &out, plain[m] != '\0' ? plain[m + 1] : s.p[1]);
			n = 2;
		} else {
			buf_add_char(&out, s.p[0]);
			n = 1;
		}
		s = span_from(s, n);
	}
	keep(v, &out, w, "JSON escapes");
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Every run of letters of both alphabets, from each of the four offsets: one of
 * them is right wherever a value begins. Line ends inside do not count. */
static void base64(struct case_views *v, const struct view *w, size_t offset)
{
	struct span s = buf_span(&w->b);
	uint32_t bits = 0;
	unsigned have = 0;
	size_t skip = offset;
	struct buf out;

	buf_init(&out, 2 * s.n);
	for (size_t i = 0; i < s.n; i++) {
		int six = sextet(s.p[i]);

		if (s.p[i] == '\r' || s.p[i] == '\n')
			continue;
		if (six < 0) {
			buf_add_char(&out, '\n');
			bits = 0, have = 0, skip = offset;
			continue;
		}
		if (skip > 0) {
			skip--;
			continue;
		}
		bits = bits << 6 | (uint32_t)six;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_add_char(&out, (char)(bits >> have & 0xff));
		}
	}
	keep(v, &out, w, "base64");
}

static void hex(struct case_views *v, const struct view *w, size_t offset)
{
	struct span s = buf_span(&w->b);
	size_t from = 0;
	struct buf out;

	buf_init(&out, 2 * s.n);
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && ascii_hex(s.p[i]) >= 0)
			continue;
		for (size_t k = from + offset; k + 1 < i; k += 2)
			buf_add_char(&out, (char)(ascii_hex(s.p[k]) << 4 |
			                          ascii_hex(s.p[k + 1])));
		if (i - from >= RUN_LEAST)
			buf_add_char(&out, '\n');
		from = i + 1;
	}
	keep(v, &out, w, "hex");
}

static void inflate_at(
    struct case_views *v, const struct view *w, size_t at, bool gzip)
{
	struct span s = span_from(buf_span(&w->b), at);
	z_stream z = { .zalloc = NULL };
	struct buf out;
	char piece[4096];
	int r = Z_OK;

	if (inflateInit2(&z, gzip ? 31 : 15) != Z_OK)
		return;
	buf_init(&out, CASE_FIND_BYTES_MAX);
	z.next_in = (void *)(uintptr_t)s.p;
	z.avail_in = (unsigned)s.n;
	while (r == Z_OK && buf_error(&out) == 0) {
		z.next_out = (void *)piece;
		z.avail_out = sizeof piece;
		r = inflate(&z, Z_SYNC_FLUSH);
		buf_add(&out, piece, sizeof piece - z.avail_out);
		if (z.avail_in == 0 && z.avail_out > 0)
			break;
	}
	inflateEnd(&z);
	keep(v, &out, w, gzip ? "gzip" : "zlib");
}

/* Wherever a compressed stream may begin. */
static void inflate_all(struct case_views *v, const struct view *w)
{
	struct span s = buf_span(&w->b);

	for (size_t i = 0; i + 2 < s.n; i++) {
		unsigned a = (unsigned char)s.p[i];
		unsigned b = (unsigned char)s.p[i + 1];

		if (a == 0x1f && b == 0x8b && s.p[i + 2] == 8)
			inflate_at(v, w, i, true);
		else if (a == 0x78 && (a << 8 | b) % 31 == 0)
			inflate_at(v, w, i, false);
	}
}

/* Letters with a zero byte before or behind each. */
static void utf16(struct case_views *v, const struct view *w)
{
	struct span s = buf_span(&w->b);
	struct buf out;
	bool any = false;

	buf_init(&out, s.n);
	for (size_t i = 0; i < s.n; i++) {
		any |= s.p[i] == '\0';
		if (s.p[i] != '\0')
			buf_add_char(&out, s.p[i]);
	}
	if (any)
		keep(v, &out, w, "UTF-16");
	else
		buf_fini(&out);
}

void case_views_add(struct case_views *v, struct span bytes)
{
	unsigned from = v->n;
	struct buf b;

	buf_init(&b, CASE_FIND_BYTES_MAX);
	buf_add_span(&b, bytes);
	keep(v, &b, NULL, "plain");
	for (unsigned i = from; i < v->n; i++) {
		const struct view *w = v->view[i];

		if (w->depth == CASE_FIND_DEPTH)
			continue;
		percent(v, w, false);
		percent(v, w, true);
		json(v, w);
		inflate_all(v, w);
		utf16(v, w);
		/* What was decoded at a wrong offset is noise: two layers are
		 * enough. */
		if (w->depth < 2) {
			for (size_t k = 0; k < 4; k++)
				base64(v, w, k);
			hex(v, w, 0);
			hex(v, w, 1);
		}
	}
}

const char *case_views_find(const struct case_views *v, struct span needle)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct span s = buf_span(&v->view[i]->b);

		if (span_find(s, needle) < s.n)
			return v->view[i]->coats;
	}
	return NULL;
}

size_t case_views_count(const struct case_views *v)
{
	return v->n;
}

bool case_views_full(const struct case_views *v)
{
	return v->full;
}
