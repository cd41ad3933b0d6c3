/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/wrap.h"

#include <errno.h>

#include "base/base64.h"
#include "base/buf.h"

/* Without the padding; -EBADMSG when that is not as RFC 4648 has it. */
static int strip_padding(struct span *in)
{
	size_t pad = 0;

	while (pad < 2 && pad < in->n && in->p[in->n - 1 - pad] == '=')
		pad++;
	if (pad > 0 && in->n % 4 != 0)
		return -EBADMSG;
	in->n -= pad;
	return in->n % 4 != 1 ? 0 : -EBADMSG;
}

static int open_base64(struct span in, bool url, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	char *p;
	int v;

	if (strip_padding(&in) < 0)
		return -EBADMSG;
	if (in.n == 0)
		return buf_error(out);
	if ((p = buf_reserve(out, in.n * 3 / 4 + 1)) == NULL)
		return buf_error(out);
	for (size_t i = 0; i < in.n; i++) {
		if ((v = base64_value(in.p[i], url)) < 0)
			return -EBADMSG;
		bits = (bits << 6 | (uint32_t)v) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			p[n++] = (char)(bits >> have & 0xff);
		}
	}
	if ((bits & ((1u << have) - 1)) != 0)
		return -EBADMSG;
	buf_commit(out, n);
	return 0;
}

static int close_base64(struct span in, bool url, bool pad, struct buf *out)
{
	const char *letter = base64_letter[url];
	uint32_t bits;
	size_t take;

	for (; in.n > 0; in = span_from(in, take)) {
		take = in.n < 3 ? in.n : 3;
		bits = 0;
		for (size_t i = 0; i < 3; i++)
			bits =
			    bits << 8 | (i < take ? (unsigned char)in.p[i] : 0);
		for (size_t i = 0; i < 4; i++)
			if (i <= take)
				buf_add_char(
				    out, letter[bits >> (18 - 6 * i) & 63]);
			else if (pad)
				buf_add_char(out, '=');
	}
	return buf_error(out);
}

static int open_percent(struct span in, struct buf *out)
{
	int high, low;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%') {
			buf_add_char(out, in.p[i]);
			continue;
		}
		if (in.n - i < 3)
			return -EBADMSG;
		high = ascii_hex(in.p[i + 1]);
		low = ascii_hex(in.p[i + 2]);
		if (high < 0 || low < 0)
			return -EBADMSG;
		buf_add_char(out, (char)(high << 4 | low));
		i += 2;
	}
	return buf_error(out);
}

/* All but the unreserved characters of RFC 3986, 2.3. */
static int close_percent(struct span in, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];
		char low = ascii_lower(in.p[i]);

		if (ascii_digit(low) || (low >= 'a' && low <= 'z') ||
		    low == '-' || low == '.' || low == '_' || low == '~') {
			buf_add_char(out, in.p[i]);
			continue;
		}
		buf_add_char(out, '%');
		buf_add_char(out, hex[c >> 4]);
		buf_add_char(out, hex[c & 15]);
	}
	return buf_error(out);
}

static bool is_base64url(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (base64_value(s.p[i], true) < 0)
			return false;
	return true;
}

/* header.payload.signature; the signature is empty where there is none. */
static int open_jwt(struct span in, struct buf *out)
{
	struct span scheme = SPAN("Bearer "), rest = in, head, payload;

	if (span_starts_nocase(in, scheme))
		rest = span_from(in, scheme.n);
	head = span_cut(&rest, '.');
	if (head.n == 0 || span_chr(rest, '.') == rest.n)
		return -EBADMSG;
	payload = span_cut(&rest, '.');
	if (payload.n == 0 || !is_base64url(head) || !is_base64url(payload) ||
	    !is_base64url(rest))
		return -EBADMSG;
	return open_base64(payload, true, out);
}

int wrap_open(enum step s, struct span in, struct buf *out)
{
	switch (s) {
	case STEP_BASE64:
		return open_base64(in, false, out);
	case STEP_BASE64URL:
		return open_base64(in, true, out);
	case STEP_PERCENT:
		return open_percent(in, out);
	case STEP_JWT:
		return open_jwt(in, out);
	case STEP_GZIP:
	case STEP_DEFLATE:
	case STEP_COUNT:
		break;
	}
	return -EBADMSG;
}

int wrap_close(enum step s, struct span in, struct span like, struct buf *out)
{
	bool padded = like.n > 0 && like.p[like.n - 1] == '=';

	switch (s) {
	case STEP_BASE64:
		/* A multiple of four characters tells nothing. */
		return close_base64(in, false, padded || like.n % 4 == 0, out);
	case STEP_BASE64URL:
		return close_base64(in, true, padded, out);
	case STEP_PERCENT:
		return close_percent(in, out);
	case STEP_GZIP:
	case STEP_DEFLATE:
	case STEP_JWT:
	case STEP_COUNT:
		break;
	}
	return -EBADMSG;
}
