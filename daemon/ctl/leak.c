/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/leak.h"

#include "base/buf.h"

#define BASE64_LEAST 4 /* shorter pieces would be found by chance */

static const char alphabet[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* The characters of base64 that needle alone decides when it stands at offset
 * (0 to 2) in a group of three bytes. */
static size_t core(struct span needle, size_t offset, const char *abc,
    char *out)
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
			size_t n = core(needle, offset, alphabet[a], piece);

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

static bool found(struct span text, struct span needle)
{
	return span_find(text, needle) < text.n;
}

typedef int undo_f(struct span in, struct buf *out);

/* text, decoded once and twice; the word when needle turns up, "unknown" when
 * it cannot be told. */
static const char *behind(struct span text, struct span needle, undo_f *first,
    const char *word, undo_f *second)
{
	struct buf once, twice;
	const char *got = NULL;

	buf_init(&once, LEAK_TEXT_MAX_BYTES);
	buf_init(&twice, LEAK_TEXT_MAX_BYTES);
	if (first(text, &once) < 0 || second(buf_span(&once), &twice) < 0)
		got = "unknown";
	else if (found(buf_span(&once), needle) ||
	    found(buf_span(&twice), needle))
		got = word;
	else if (in_base64(buf_span(&once), needle) ||
	    in_base64(buf_span(&twice), needle))
		got = "base64";
	buf_fini(&once);
	buf_fini(&twice);
	return got;
}

const char *leak_find(struct span text, struct span needle)
{
	static const struct {
		undo_f *first, *second;
		const char *word;
	} way[] = {
		{ undo_percent, undo_percent, "percent" },
		{ undo_json, undo_json, "json-escape" },
		{ undo_percent, undo_json, "percent" },
		{ undo_json, undo_percent, "json-escape" },
	};
	const char *got = NULL;

	if (needle.n == 0 || needle.n > LEAK_NEEDLE_MAX_BYTES)
		return "unknown";
	if (text.n == 0)
		return NULL;
	if (found(text, needle))
		return "plain";
	if (in_base64(text, needle))
		return "base64";
	for (size_t i = 0; i < sizeof way / sizeof way[0] && got == NULL; i++)
		got = behind(text, needle, way[i].first, way[i].word,
		    way[i].second);
	return got;
}
