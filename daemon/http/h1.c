/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/h1.h"

#include <errno.h>

#include "http/h1_int.h"
#include "http/uri.h"

#define EMPTY_LINES_MAX 2

/* One row per sixteen bytes, made from the definitions in h1_int.h. */
/* clang-format off */
const uint8_t h1_class[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 7, 6, 3, 7, 7, 7, 7, 6, 6, 7, 7, 6, 15, 7, 6,
	15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6, 6, 6, 6, 6, 6,
	6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
	15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6, 6, 6, 7, 31,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
};
/* clang-format on */

enum step { MORE, DONE }; /* or -EBADMSG */

struct scan {
	const char *p, *end;
	enum h1_fault fault;
};

static int refuse(struct scan *s, enum h1_fault fault)
{
	s->fault = fault;
	return -EBADMSG;
}

static struct span take_run(struct scan *s, enum h1_class k)
{
	const char *from = s->p;

	while (s->p < s->end && h1_is(*s->p, k))
		s->p++;
	return span_of(from, (size_t)(s->p - from));
}

static int take_char(struct scan *s, char c)
{
	if (s->p == s->end)
		return MORE;
	if (*s->p != c)
		return refuse(s, H1_BAD);
	s->p++;
	return DONE;
}

static int take_crlf(struct scan *s)
{
	int r = take_char(s, '\r');

	return r == DONE ? take_char(s, '\n') : r;
}

/* A run of one class, ended by one space. */
static int take_word(struct scan *s, enum h1_class k, size_t max,
    enum h1_fault too_long, struct span *ret_word)
{
	*ret_word = take_run(s, k);
	if (ret_word->n > max)
		return refuse(s, too_long);
	if (s->p < s->end && ret_word->n == 0)
		return refuse(s, H1_BAD);
	return take_char(s, ' ');
}

static int take_version(struct scan *s, struct msg *m)
{
	size_t have = (size_t)(s->end - s->p);

	if (memcmp(s->p, "HTTP/", have < 5 ? have : 5) != 0)
		return refuse(s, H1_BAD);
	if (have < 8)
		return MORE;
	if (!ascii_digit(s->p[5]) || s->p[6] != '.' || !ascii_digit(s->p[7]))
		return refuse(s, H1_BAD);
	if (s->p[5] != '1' || s->p[7] > '1')
		return refuse(s, H1_VERSION);
	m->minor = (uint8_t)(s->p[7] - '0');
	s->p += 8;
	return DONE;
}

/* One field line. A space where the name should begin would be a folded line
 * (RFC 9112, 5.2): refused, as is one between name and colon. */
static int take_field(struct scan *s, struct msg *m)
{
	const char *from = s->p;
	struct field *f;
	unsigned seen = 0;
	int r;

	if (m->nfields == MSG_FIELDS_MAX)
		return refuse(s, H1_TOO_LARGE);
	f = &m->field[m->nfields];
	while (s->p < s->end && h1_is(*s->p, H1_TOKEN))
		seen |= h1_class[(unsigned char)*s->p++];
	f->name = span_of(from, (size_t)(s->p - from));
	if (f->name.n == 0 && s->p < s->end)
		return refuse(s, H1_BAD);
	if ((r = take_char(s, ':')) != DONE)
		return r;
	if ((seen & H1_LOWLINE) != 0 && h1_looks_framing(f->name))
		return refuse(s, H1_BAD);
	from = s->p;
	s->p = h1_value_end(s->p, s->end);
	f->value = span_trim(span_of(from, (size_t)(s->p - from)));
	f->id = field_id(f->name);
	f->gone = false;
	if ((r = take_crlf(s)) == DONE)
		m->nfields++;
	return r;
}

static int take_fields(struct scan *s, struct msg *m)
{
	int r;

	for (;;) {
		if (s->p == s->end)
			return MORE;
		if (*s->p == '\r')
			return take_crlf(s);
		if ((r = take_field(s, m)) != DONE)
			return r;
	}
}

static int split_absolute(struct msg *m, struct span target)
{
	struct span rest;
	struct uri u;

	if (uri_parse(target, &u) < 0)
		return -EINVAL;
	if (span_eq_nocase(u.scheme, SPAN("http")))
		m->scheme = SPAN("http");
	else if (span_eq_nocase(u.scheme, SPAN("https")))
		m->scheme = SPAN("https");
	else
		return -EINVAL;
	rest = span_from(target, u.scheme.n + 3);
	m->authority = span_of(rest.p, span_chr(rest, '/'));
	m->path = u.path;
	if (m->authority.n == rest.n && span_eq(m->method, SPAN("OPTIONS")))
		m->path = SPAN("*"); /* RFC 9112, 3.2.4 */
	return 0;
}

/* The four forms of RFC 9112, 3.2; authority stays empty in the origin and the
 * asterisk form. */
static int split_target(struct msg *m, struct span target)
{
	struct span host;
	uint16_t port;

	if (span_eq(m->method, SPAN("CONNECT"))) {
		if (uri_authority(target, 0, &host, &port) < 0 || port == 0)
			return -EINVAL;
		m->authority = target;
		m->path = span_of(target.p + target.n, 0);
		return 0;
	}
	if (target.p[0] == '/' || (span_eq(target, SPAN("*")) &&
	                              span_eq(m->method, SPAN("OPTIONS")))) {
		m->path = target;
		return 0;
	}
	return split_absolute(m, target);
}

static int read_request(struct scan *s, struct msg *m)
{
	struct span target;
	int r;

	for (int i = 0; s->p < s->end && *s->p == '\r'; i++)
		if (i == EMPTY_LINES_MAX)
			return refuse(s, H1_BAD);
		else if ((r = take_crlf(s)) != DONE)
			return r;
	if ((r = take_word(
	         s, H1_METHOD, H1_METHOD_MAX_BYTES, H1_BAD, &m->method)) != DONE ||
	    (r = take_word(s, H1_TARGET, MSG_TARGET_MAX_BYTES, H1_TOO_LARGE,
	         &target)) != DONE ||
	    (r = take_version(s, m)) != DONE || (r = take_crlf(s)) != DONE)
		return r;
	if (split_target(m, target) < 0)
		return refuse(s, H1_BAD);
	if ((r = take_fields(s, m)) != DONE)
		return r;
	return h1_judge_request(m, m->minor > 0) < 0 ? refuse(s, H1_BAD) : DONE;
}

/* Three digits, then a space and a reason; servers leave out both. */
static int take_status(struct scan *s, struct msg *m)
{
	const char *from;
	int r;

	if ((r = take_char(s, ' ')) != DONE)
		return r;
	for (int i = 0; i < 3; i++, s->p++) {
		if (s->p == s->end)
			return MORE;
		if (!ascii_digit(*s->p))
			return refuse(s, H1_BAD);
		m->status = m->status * 10 + (*s->p - '0');
	}
	if (m->status < 100 || m->status > 599)
		return refuse(s, H1_BAD);
	if (s->p < s->end && *s->p == '\r')
		return take_crlf(s);
	if ((r = take_char(s, ' ')) != DONE)
		return r;
	from = s->p;
	s->p = h1_value_end(s->p, s->end);
	m->reason = span_trim(span_of(from, (size_t)(s->p - from)));
	return take_crlf(s);
}

/* Common end of both readers: from the step to what the caller sees. */
static ptrdiff_t finish(
    struct span in, const struct scan *s, int r, enum h1_fault *ret_fault)
{
	*ret_fault = H1_OK;
	if (r == DONE)
		return s->p - in.p;
	*ret_fault = r < 0 ? s->fault : H1_TOO_LARGE;
	if (r == MORE && in.n < MSG_HEAD_MAX_BYTES) {
		*ret_fault = H1_OK;
		return 0;
	}
	return -EBADMSG;
}

static struct scan begin(struct span in)
{
	size_t n = in.n < MSG_HEAD_MAX_BYTES ? in.n : MSG_HEAD_MAX_BYTES;

	return (struct scan){ .p = in.p, .end = n > 0 ? in.p + n : in.p };
}

ptrdiff_t h1_head_end(struct span in, size_t *scanned)
{
	size_t at = *scanned;

	for (;;) {
		at += span_chr(span_from(in, at), '\n');
		if (at >= in.n) {
			*scanned = in.n;
			return 0;
		}
		if (at == 0 || in.p[at - 1] != '\r')
			return -EBADMSG;
		if (at >= 3 && in.p[at - 2] == '\n' && in.p[at - 3] == '\r')
			return (ptrdiff_t)at + 1;
		at++;
	}
}

ptrdiff_t h1_read_request(
    struct span in, struct msg *m, enum h1_fault *ret_fault)
{
	struct scan s = begin(in);

	msg_init(m, true);
	return finish(in, &s, in.n > 0 ? read_request(&s, m) : MORE, ret_fault);
}

ptrdiff_t h1_read_response(struct span in, struct span for_method,
    struct msg *m, enum h1_fault *ret_fault)
{
	struct scan s = begin(in);
	int r = MORE;

	msg_init(m, false);
	if (in.n > 0 && (r = take_version(&s, m)) == DONE &&
	    (r = take_status(&s, m)) == DONE &&
	    (r = take_fields(&s, m)) == DONE)
		r = h1_judge_response(m, for_method) < 0 ? refuse(&s, H1_BAD)
		                                          : DONE;
	return finish(in, &s, r, ret_fault);
}
