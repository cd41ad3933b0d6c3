/* SPDX-License-Identifier: EUPL-1.2 */
/* h1_int - character classes of HTTP/1.1, and what HTTP/1.1 and HTTP/2 refuse
 * alike. */
#ifndef HTTP_H1_INT_H
#define HTTP_H1_INT_H

#include "base/span.h"

#define H1_NUMBER_MAX (UINT64_C(1) << 62) /* lengths, chunk sizes */
#define H1_METHOD_MAX_BYTES 32

struct msg;

enum h1_class {
	H1_TOKEN = 1,   /* tchar (RFC 9110, 5.6.2) */
	H1_VALUE = 2,   /* HTAB, SP, visible, obs-text (RFC 9110, 5.5) */
	H1_TARGET = 4,  /* visible ASCII but '#' */
	H1_METHOD = 8,  /* upper-case letters, digits, '-', '_' */
	H1_LOWLINE = 16 /* '_' */
};

/* Bits of enum h1_class for each byte. */
extern const uint8_t h1_class[256];

static inline bool h1_is(char c, enum h1_class k)
{
	return (h1_class[(unsigned char)c] & k) != 0;
}

/* Are the eight bytes at p all 0x20 to 0x7e or 0x80 to 0xff? Each line sets the
 * top bit of bytes below 0x20, or equal to 0x7f; which ones is not exact, that
 * there are some is. */
static inline bool h1_plain8(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x, d;

	memcpy(&x, p, sizeof x);
	d = x ^ ones * 0x7f;
	return ((((x - ones * 0x20) & ~x) | ((d - ones) & ~d)) & ones * 0x80) ==
	       0;
}

/* First byte from p that may not stand in a field value, or end. */
static inline const char *h1_value_end(const char *p, const char *end)
{
	while (end - p >= 8 && h1_plain8(p))
		p += 8;
	while (p < end && h1_is(*p, H1_VALUE))
		p++;
	return p;
}

static inline bool h1_all(struct span s, enum h1_class k)
{
	for (size_t i = 0; i < s.n; i++)
		if (!h1_is(s.p[i], k))
			return false;
	return true;
}

/* Would some servers read this name as one that frames the content? */
bool h1_looks_framing(struct span name);

/* What the fields of a head that was read say about framing, host and
 * connection; 0, or -EBADMSG when they do not say one thing. framing is what is
 * known before: FRAME_NONE in HTTP/1.1. host: Host must be there even when the
 * target names an authority. */
int h1_judge_request(struct msg *m, bool host);
int h1_judge_response(struct msg *m, struct span for_method);

/* Bytes that a head takes at most; -EINVAL when a byte of it would break its
 * line, or a request lacks authority, method or path. */
ptrdiff_t h1_head_measure(const struct msg *m);

#endif
