/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/jtext.h"

#include "base/buf.h"

bool jtext_scalar(struct span text)
{
	uint8_t state = 0;

	if (span_eq(text, SPAN("true")) || span_eq(text, SPAN("false")) ||
	    span_eq(text, SPAN("null")))
		return true;
	for (size_t i = 0; i < text.n; i++) {
		state = jtext_number(state, text.p[i]);
		if (state == 0)
			return false;
	}
	return jtext_number_ends(state);
}

static int add_utf8(struct buf *out, uint32_t c)
{
	char b[4];

	if (c < 0x80)
		return buf_add_char(out, (char)c);
	if (c < 0x800) {
		b[0] = (char)(0xc0 | c >> 6);
		b[1] = (char)(0x80 | (c & 0x3f));
		return buf_add(out, b, 2);
	}
	if (c < 0x10000) {
		b[0] = (char)(0xe0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 0x3f));
		b[2] = (char)(0x80 | (c & 0x3f));
		return buf_add(out, b, 3);
	}
	b[0] = (char)(0xf0 | c >> 18);
	b[1] = (char)(0x80 | (c >> 12 & 0x3f));
	b[2] = (char)(0x80 | (c >> 6 & 0x3f));
	b[3] = (char)(0x80 | (c & 0x3f));
	return buf_add(out, b, 4);
}

/* The four hex digits after "\u" at s.p; s holds at least "\uXXXX" or the
 * answer is UINT32_MAX. */
static uint32_t unit(struct span s)
{
	uint32_t c = 0;

	if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
		return UINT32_MAX;
	for (int i = 2; i < 6; i++) {
		int d = ascii_hex(s.p[i]);

		if (d < 0)
			return UINT32_MAX;
		c = c << 4 | (uint32_t)d;
	}
	return c;
}

/* One escape at the front of *s; the span moves past it. */
static void take_escape(struct span *s, struct buf *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint32_t c = unit(*s), low;
	const char *at;
	size_t used = 6;

	if (c == UINT32_MAX) {
		at = s->n > 1 ? strchr(from, s->p[1]) : NULL;
		if (at != NULL && *at != '\0')
			buf_add_char(out, to[at - from]);
		else if (s->n > 1)
			buf_add_char(out, s->p[1]);
		*s = span_from(*s, 2);
		return;
	}
	if (c >= 0xd800 && c <= 0xdbff) {
		low = unit(span_from(*s, 6));
		if (low >= 0xdc00 && low <= 0xdfff) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			used = 12;
		}
	}
	add_utf8(out, c);
	*s = span_from(*s, used);
}

int jtext_unescape(struct span raw, struct buf *out)
{
	while (raw.n > 0) {
		size_t i = span_chr(raw, '\\');

		buf_add(out, raw.p, i);
		raw = span_from(raw, i);
		if (raw.n > 0)
			take_escape(&raw, out);
	}
	return buf_error(out);
}

unsigned jtext_style(struct span raw)
{
	unsigned style = 0;
	bool high = false, coded = false;

	for (size_t i = 0; i < raw.n; i++) {
		if ((unsigned char)raw.p[i] >= 0x80)
			high = true;
		if (raw.p[i] != '\\')
			continue;
		if (i + 1 < raw.n && raw.p[i + 1] == '/')
			style |= JTEXT_SLASH;
		if (unit(span_from(raw, i)) != UINT32_MAX &&
		    unit(span_from(raw, i)) >= 0x80)
			coded = true;
		i++;
	}
	return coded && !high ? style | JTEXT_ASCII : style;
}

/* Length of the UTF-8 sequence at the front of s and its code point; also
 * surrogates of WTF-8. 0: no such sequence. */
static size_t code_point(struct span s, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char b = (unsigned char)s.p[0];
	size_t n = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
	uint32_t c = n == 4 ? b & 0x07u : n == 3 ? b & 0x0fu : b & 0x1fu;

	if (b < 0xc2 || b > 0xf4 || s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		b = (unsigned char)s.p[i];
		if ((b & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b & 0x3fu);
	}
	*ret_c = c;
	return c >= least[n] && c <= 0x10ffff ? n : 0;
}

static void add_coded(struct buf *out, uint32_t c)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = "\\u0000";

	if (c >= 0x10000) {
		add_coded(out, 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	for (int i = 5; i > 1; i--, c >>= 4)
		text[i] = hex[c & 15];
	buf_add(out, text, 6);
}

/* One byte that jtext_plain stopped at, or a whole UTF-8 sequence. Answers how
 * many bytes of s that were. */
static size_t quote_odd(struct span s, unsigned style, struct buf *out)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = s.p[0] != '\0' ? strchr(from, s.p[0]) : NULL;
	uint32_t c = 0;
	size_t n;

	if (at != NULL) {
		buf_add_char(out, '\\');
		buf_add_char(out, to[at - from]);
		return 1;
	}
	if ((unsigned char)s.p[0] < 0x80) {
		add_coded(out, (unsigned char)s.p[0]);
		return 1;
	}
	n = code_point(s, &c);
	if (n == 0)
		add_coded(out, 0xfffd);
	else if ((c >= 0xd800 && c <= 0xdfff) || (style & JTEXT_ASCII) != 0)
		add_coded(out, c);
	else
		buf_add(out, s.p, n);
	return n == 0 ? 1 : n;
}

/* Plain bytes, with "\/" where the style wants it. */
static void quote_plain(struct span s, unsigned style, struct buf *out)
{
	while ((style & JTEXT_SLASH) != 0 && span_chr(s, '/') < s.n) {
		buf_add_span(out, span_cut(&s, '/'));
		buf_add_str(out, "\\/");
	}
	buf_add_span(out, s);
}

int jtext_quote(struct span text, unsigned style, struct buf *out)
{
	const char *p = text.p, *end = text.p + text.n, *at;
	char *room;

	if (style == 0 && text.n > 0 &&
	    jtext_plain(p, end) == end) { /* mostly */
		room = buf_reserve(out, text.n + 2);
		if (room == NULL)
			return buf_error(out);
		room[0] = room[text.n + 1] = '"';
		memcpy(room + 1, p, text.n);
		buf_commit(out, text.n + 2);
		return 0;
	}
	buf_add_char(out, '"');
	while (p < end) {
		at = jtext_plain(p, end);
		quote_plain(span_of(p, (size_t)(at - p)), style, out);
		p = at;
		if (p < end)
			p += quote_odd(
			    span_of(p, (size_t)(end - p)), style, out);
	}
	return buf_add_char(out, '"');
}
