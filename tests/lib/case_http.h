/* SPDX-License-Identifier: EUPL-1.2 */
/* case_http - a second reader of HTTP/1.1, written apart from daemon/http and
 * stricter: what the gateway sends must be readable here in one way only. And
 * the parts of a message a case asks for. */
#ifndef TESTS_CASE_HTTP_H
#define TESTS_CASE_HTTP_H

#include "base/buf.h"

#define CASE_BODY_MAX_BYTES (64u << 20)

struct case_msg {
	struct span start;  /* start line without CRLF */
	struct span fields; /* all field lines with their CRLF */
	struct span target; /* requests */
	int status;         /* answers */
	struct buf body;    /* content without framing; owned */
	bool chunked;
	bool here; /* a message was read */
};

void case_msg_init(struct case_msg *m);
void case_msg_fini(struct case_msg *m);

/* Read one message from the start of in. bodiless: it answers HEAD. ended: the
 * sender sends no more. Returns the bytes it took; 0: it is not complete; -1
 * with a sentence. Spans of m point into in. */
ptrdiff_t case_msg_read(struct span in, bool request, bool bodiless, bool ended,
    struct case_msg *m, const char **ret_why);

/* Is s a token (RFC 9110, 5.6.2)? */
static inline bool case_is_token(struct span s)
{
	static const char more[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!(c >= 'a' && c <= 'z') && !ascii_digit(c) &&
		    (c == '\0' || strchr(more, c) == NULL))
			return false;
	}
	return s.n > 0;
}

/* Value number n (from 0) of a field; false: not there. */
bool case_field(const struct case_msg *m, struct span name, unsigned n,
    struct span *ret_value);
/* Parameter of the query, of a form body, or a cookie of a request, decoded
 * into out. */
bool case_query(const struct case_msg *m, struct span name, struct buf *out);
bool case_form(const struct case_msg *m, struct span name, struct buf *out);
bool case_cookie(const struct case_msg *m, struct span name, struct buf *out);
/* The value at $.a.b[0] of a JSON body: a text without its quotes and escapes,
 * anything else as it is written. False: not there. */
bool case_json(struct span body, struct span path, struct buf *out);

#endif
