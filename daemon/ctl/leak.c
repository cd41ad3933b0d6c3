/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/leak.h"

#include <errno.h>

#include "base/base64.h"
#include "base/buf.h"
#include "body/coding.h"

#define BASE64_LEAST 4   /* shorter pieces would be found by chance */
#define RUN_LEAST 8      /* a shorter run of base64 holds nothing coded again */
#define STREAMS_MAX 1000 /* that look compressed, of one layer */
#define STACK_MAX (LEAK_DEPTH_MAX * 5 + 5)

/* The characters of base64 that needle alone decides when it stands at offset
 * (0 to 2) in a group of three bytes. */
static size_t core(
    struct span needle, size_t offset, const char *abc, char *out)
{
	size_t first = (offset * 8 + 5) / 6, last = (offset + needle.n) * 8 / 6;
	size_t n = 0;

	for (size_t c = first; c < last; c++) {
		unsigned v = 0;

		for (size_t bit = c * 6; bit < c * 6 + 6; bit++) {
			size_t i = bit / 8 - offset;
			unsigned byte = (unsigned char)needle.p[i];

			v = v << 1 | (byte >> (7 - bit % 8) & 1u);
		}
		out[n++] = abc[v];
	}
	return n;
}

static bool in_base64(struct span text, struct span needle)
{
	char piece[LEAK_NEEDLE_MAX_BYTES * 4 / 3 + 4];

	for (size_t a = 0; a < 2; a++)
		for (size_t offset = 0; offset < 3; offset++) {
			size_t n =
			    core(needle, offset, base64_letter[a], piece);

			if (n >= BASE64_LEAST &&
			    span_find(text, span_of(piece, n)) < text.n)
				return true;
		}
	return false;
}

/* Whatever is no escape stays: what was half decoded must still be found. */
static int undo_percent(struct span in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		int hi = -1, lo = -1;

		if (in.p[i] == '%' && i + 2 < in.n) {
			hi = ascii_hex(in.p[i + 1]);
			lo = ascii_hex(in.p[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			(void)buf_add_char(out, (char)(hi << 4 | lo));
			i += 2;
		} else {
			(void)buf_add_char(out, in.p[i] == '+' ? ' ' : in.p[i]);
		}
	}
	return buf_error(out);
}

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		int d = ascii_hex(p[i]);

		if (d < 0)
			return UINT32_MAX;
		v = v << 4 | (unsigned)d;
	}
	return v;
}

static void add_utf8(struct buf *out, unsigned c)
{
	char m[4];
	size_t n = 0;

	if (c < 0x80) {
		m[n++] = (char)c;
	} else if (c < 0x800) {
		m[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		m[n++] = (char)(0xe0 | c >> 12);
		m[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		m[n++] = (char)(0xf0 | c >> 18);
		m[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		m[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		m[n++] = (char)(0x80 | (c & 0x3f));
	(void)buf_add(out, m, n);
}

/* A \u escape at in.p[i]: adds it, returns the bytes it took (0: none). */
static size_t unicode(struct span in, size_t i, struct buf *out)
{
	unsigned hi, lo;

	if (i + 6 > in.n || (hi = hex4(in.p + i + 2)) == UINT32_MAX)
		return 0;
	if (hi >= 0xd800 && hi < 0xdc00 && i + 12 <= in.n &&
	    in.p[i + 6] == '\\' && in.p[i + 7] == 'u') {
		lo = hex4(in.p + i + 8);
		if (lo >= 0xdc00 && lo < 0xe000) {
			add_utf8(out,
			    0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00));
			return 12;
		}
	}
	add_utf8(out, hi);
	return 6;
}

static int undo_json(struct span in, struct buf *out)
{
	static const char to[] = "\b\f\n\r\t";

	for (size_t i = 0; i < in.n;) {
		size_t took = 0;

		if (in.p[i] != '\\' || i + 1 == in.n) {
			(void)buf_add_char(out, in.p[i++]);
			continue;
		}
		if (in.p[i + 1] == 'u')
			took = unicode(in, i, out);
		if (took == 0) {
			size_t c = span_chr(SPAN("bfnrt"), in.p[i + 1]);

			(void)buf_add_char(out, c < 5 ? to[c] : in.p[i + 1]);
			took = 2;
		}
		i += took;
	}
	return buf_error(out);
}

/* A character reference of XML at the start of s: adds it, returns the bytes it
 * took (0: none). */
static size_t reference(struct span s, struct buf *out)
{
	static const struct {
		struct span name;
		char c;
	} known[] = { { SPAN("&amp;"), '&' }, { SPAN("&lt;"), '<' },
		{ SPAN("&gt;"), '>' }, { SPAN("&quot;"), '"' },
		{ SPAN("&apos;"), '\'' } };
	bool hex = s.n > 3 && ascii_lower(s.p[2]) == 'x';
	size_t i = hex ? 3 : 2;
	unsigned v = 0;

	for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
		if (span_starts(s, known[k].name)) {
			(void)buf_add_char(out, known[k].c);
			return known[k].name.n;
		}
	if (!span_starts(s, SPAN("&#")))
		return 0;
	for (; i < s.n && i < 10 && s.p[i] != ';'; i++) {
		int d = ascii_hex(s.p[i]);

		if (d < 0 || (!hex && d > 9))
			return 0;
		v = v * (hex ? 16 : 10) + (unsigned)d;
	}
	if (i >= s.n || s.p[i] != ';' || v > 0x10ffff)
		return 0;
	add_utf8(out, v);
	return i + 1;
}

static int undo_xml(struct span in, struct buf *out)
{
	while (in.n > 0) {
		size_t took = in.p[0] == '&' ? reference(in, out) : 0;

		if (took == 0) {
			(void)buf_add_char(out, in.p[0]);
			took = 1;
		}
		in = span_from(in, took);
	}
	return buf_error(out);
}

static int digit(char c)
{
	return base64_six[(unsigned char)c];
}

static void decode_run(struct span run, struct buf *out)
{
	unsigned v = 0;

	for (size_t i = 0; i < run.n; i++) {
		v = v << 6 | (unsigned)digit(run.p[i]);
		if (i % 4 != 0)
			(void)buf_add_char(
			    out, (char)(v >> (i % 4 == 1      ? 4
			                         : i % 4 == 2 ? 2
			                                      : 0)));
	}
	(void)buf_add_char(out, '\n');
}

/* The pieces of a run that hold neither a nor b. */
static void decode_pieces(struct span run, char a, char b, struct buf *out)
{
	size_t start = 0;

	for (size_t i = 0; i <= run.n; i++) {
		if (i < run.n && run.p[i] != a && run.p[i] != b)
			continue;
		if (i - start >= RUN_LEAST)
			decode_run(span_of(run.p + start, i - start), out);
		start = i + 1;
	}
}

/* Every run that could be base64, one after the other, in each alphabet: '/'
 * may be a letter, or part a path. */
static int undo_base64(struct span in, struct buf *out)
{
	size_t start = 0;
	bool plain = true;

	for (size_t i = 0; i <= in.n; i++) {
		struct span run = span_of(in.p + start, i - start);

		if (i < in.n && digit(in.p[i]) >= 0) {
			plain = plain && digit(in.p[i]) < 62;
			continue;
		}
		if (run.n >= RUN_LEAST) {
			decode_pieces(run, '-', '_', out);
			if (!plain)
				decode_pieces(run, '+', '/', out);
		}
		start = i + 1;
		plain = true;
	}
	return buf_error(out);
}

/* A stream that is damaged or cut off gives what could be read of it. */
static int inflate(struct span in, struct span name, struct buf *out)
{
	struct coding *c = coding_new(name);
	int r = c == NULL ? -1 : 0;

	while (r == 0) {
		size_t had = buf_len(out), left = in.n;

		r = coding_decode(c, &in, out, buf_len(out) + 65536);
		if (in.n == left && buf_len(out) == had)
			break;
	}
	coding_free(c);
	return c == NULL || r == -E2BIG || r == -ENOMEM ? -1 : buf_error(out);
}

/* The coding of a stream that begins at p, "" when none does: gzip (RFC 1952),
 * zlib (RFC 1950, 2.2: window of 32 KiB, no dictionary, check bits), zstd (RFC
 * 8878, 3.1.1). */
static struct span coding_at(const unsigned char *p)
{
	if (coding_gzip_begins(span_of((const char *)p, 2)) && p[2] == 8)
		return SPAN("gzip");
	if (p[0] == 0x78 && (p[1] & 0x20) == 0 &&
	    (p[0] * 256u + p[1]) % 31 == 0)
		return SPAN("deflate");
	if (p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd)
		return SPAN("zstd");
	return SPAN("");
}

static int undo_compressed(struct span in, struct buf *out)
{
	unsigned streams = 0;
	int err = 0;

	for (size_t i = 0; i + 8 < in.n && err == 0; i++) {
		struct span name = coding_at((const unsigned char *)in.p + i);

		if (name.n == 0)
			continue;
		if (++streams > STREAMS_MAX)
			return -1;
		err = inflate(span_from(in, i), name, out);
	}
	return err;
}

struct layer {
	struct buf buf; /* owned, but for the first */
	struct span text;
	const char *form;
	unsigned depth;
};

struct search {
	const struct span *needle;
	size_t n;
	const char **form;
	struct layer stack[STACK_MAX];
	unsigned height;
	size_t work;
	bool lost; /* something could not be looked at */
};

static void look(struct search *s, const struct layer *l)
{
	for (size_t i = 0; i < s->n; i++) {
		struct span needle = s->needle[i];

		if (s->form[i] != NULL || needle.n == 0 ||
		    needle.n > LEAK_NEEDLE_MAX_BYTES)
			continue;
		if (span_find(l->text, needle) < l->text.n)
			s->form[i] = l->form;
		else if (in_base64(l->text, needle))
			s->form[i] = "base64";
	}
}

typedef int undo_f(struct span in, struct buf *out);

static void push(
    struct search *s, const struct layer *under, undo_f *undo, const char *form)
{
	struct layer *l = &s->stack[s->height];

	*l = (struct layer){ .form = form, .depth = under->depth + 1 };
	buf_init(&l->buf, LEAK_TEXT_MAX_BYTES);
	if (undo(under->text, &l->buf) < 0)
		s->lost = true;
	l->text = buf_span(&l->buf);
	s->work += l->text.n;
	if (l->text.n == 0 || span_eq(l->text, under->text)) {
		buf_fini(&l->buf);
		return;
	}
	s->height++;
}

static void open_up(struct search *s)
{
	static const struct {
		undo_f *undo;
		const char *form;
	} way[] = {
		{ undo_compressed, "compressed" },
		{ undo_base64, "base64" },
		{ undo_xml, "xml" },
		{ undo_json, "json-escape" },
		{ undo_percent, "percent" },
	};
	struct layer l = s->stack[--s->height];

	look(s, &l);
	if (s->work > LEAK_WORK_MAX_BYTES)
		s->lost = true;
	for (size_t i = 0; i < sizeof way / sizeof way[0] && !s->lost &&
	                   l.depth < LEAK_DEPTH_MAX;
	     i++)
		push(s, &l, way[i].undo, way[i].form);
	buf_fini(&l.buf);
}

void leak_search(struct span text, const struct span *needle, size_t n,
    const char **ret_form)
{
	struct search s = { .needle = needle, .n = n, .form = ret_form };

	for (size_t i = 0; i < n; i++)
		ret_form[i] = NULL;
	s.stack[s.height++] = (struct layer){ .text = text, .form = "plain" };
	while (s.height > 0)
		open_up(&s);
	for (size_t i = 0; i < n; i++)
		if (ret_form[i] == NULL &&
		    (s.lost || needle[i].n == 0 ||
		        needle[i].n > LEAK_NEEDLE_MAX_BYTES))
			ret_form[i] = "unknown";
}

const char *leak_find(struct span text, struct span needle)
{
	const char *form;

	leak_search(text, &needle, 1, &form);
	return form;
}
