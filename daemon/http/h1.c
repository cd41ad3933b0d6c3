/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/h1.h"

#include <errno.h>

#include "http/h1_int.h"
#include "http/uri.h"

#define METHOD_MAX_BYTES 32
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

/* What the fields say about framing and connection. */
struct facts {
	unsigned hosts, lengths, codings;
	struct span host, length, coding;
	bool close, keep, upgrade;
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

/* Some servers read '_' in a name as '-'. */
static bool looks_framing(struct span name)
{
	static const enum field_id id[] = { FIELD_CONTENT_LENGTH,
		FIELD_TRANSFER_ENCODING, FIELD_CONTENT_TYPE,
		FIELD_CONTENT_ENCODING };
	char dashed[24];

	if (name.n > sizeof dashed)
		return false;
	for (size_t i = 0; i < name.n; i++)
		dashed[i] = name.p[i] == '_' ? '-' : name.p[i];
	for (size_t i = 0; i < sizeof id / sizeof *id; i++)
		if (field_id(span_of(dashed, name.n)) == id[i])
			return true;
	return false;
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
	if ((seen & H1_LOWLINE) != 0 && looks_framing(f->name))
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

static int gather(struct scan *s, const struct msg *m, struct facts *x)
{
	const struct span *type = NULL;
	bool upgrade = false;

	*x = (struct facts){ 0 };
	for (unsigned i = 0; i < m->nfields; i++) {
		const struct field *f = &m->field[i];

		if (f->id == FIELD_HOST) {
			x->hosts++;
			x->host = f->value;
		} else if (f->id == FIELD_CONTENT_LENGTH) {
			x->lengths++;
			x->length = f->value;
		} else if (f->id == FIELD_TRANSFER_ENCODING) {
			x->codings++;
			x->coding = f->value;
		} else if (f->id == FIELD_CONTENT_TYPE) {
			if (type != NULL && !span_eq(*type, f->value))
				return refuse(s, H1_BAD);
			type = &f->value;
		} else if (f->id == FIELD_UPGRADE) {
			upgrade = true;
		}
	}
	x->close = msg_has_token(m, FIELD_CONNECTION, SPAN("close"));
	x->keep = msg_has_token(m, FIELD_CONNECTION, SPAN("keep-alive"));
	x->upgrade = upgrade && m->minor > 0 && !x->close &&
	             msg_has_token(m, FIELD_CONNECTION, SPAN("upgrade"));
	return DONE;
}

/* What Content-Length and Transfer-Encoding say, if they say one thing. */
static int judge_framing(struct scan *s, struct msg *m, const struct facts *x)
{
	if (x->lengths + x->codings > 1)
		return refuse(s, H1_BAD);
	if (x->codings > 0) {
		if (m->minor == 0 ||
		    !span_eq_nocase(x->coding, SPAN("chunked")))
			return refuse(s, H1_BAD);
		m->framing = FRAME_CHUNKED;
	}
	if (x->lengths > 0) {
		if (span_u64(x->length, H1_NUMBER_MAX, &m->length) < 0)
			return refuse(s, H1_BAD);
		m->framing = FRAME_LENGTH;
	}
	m->keep_alive = m->minor > 0 ? !x->close : x->keep && !x->close;
	m->upgrade = x->upgrade;
	return DONE;
}

/* No content may follow; a sender that announces some anyway is refused. */
static int judge_empty(struct scan *s, struct msg *m)
{
	if (m->framing == FRAME_CHUNKED || m->length > 0)
		return refuse(s, H1_BAD);
	m->framing = FRAME_NONE;
	return DONE;
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

/* One valid Host; the same as in the target when that names one too. Without a
 * port it means the default of the scheme, or the port of a CONNECT. */
static int judge_host(struct scan *s, struct msg *m, const struct facts *x)
{
	struct span here, there;
	uint16_t port = 0, usual = 80;

	if (x->hosts > 1)
		return refuse(s, H1_BAD);
	if (x->hosts == 0)
		return m->minor == 0 && m->authority.n > 0 ? DONE
		                                           : refuse(s, H1_BAD);
	if (span_eq(m->scheme, SPAN("https")))
		usual = 443;
	if (m->authority.n > 0) {
		if (uri_authority(m->authority, usual, &there, &port) < 0)
			return refuse(s, H1_BAD);
		if (m->path.n == 0)
			usual = port;
	}
	if (uri_authority(x->host, usual, &here, &usual) < 0)
		return refuse(s, H1_BAD);
	if (m->authority.n == 0)
		m->authority = x->host;
	else if (!span_eq_nocase(here, there) || usual != port)
		return refuse(s, H1_BAD);
	return DONE;
}

static int judge_request(struct scan *s, struct msg *m)
{
	struct field *expect;
	struct facts x;
	int r;

	if ((r = gather(s, m, &x)) != DONE ||
	    (r = judge_host(s, m, &x)) != DONE ||
	    (r = judge_framing(s, m, &x)) != DONE)
		return r;
	if (span_eq(m->method, SPAN("CONNECT")) &&
	    (r = judge_empty(s, m)) != DONE)
		return r;
	expect = msg_find(m, FIELD_EXPECT);
	if (expect == NULL)
		return DONE;
	if (m->minor == 0)
		msg_remove(m, FIELD_EXPECT); /* RFC 9110, 10.1.1 */
	else
		m->expect_continue =
		    m->framing != FRAME_NONE &&
		    span_eq_nocase(expect->value, SPAN("100-continue"));
	return DONE;
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
	         s, H1_METHOD, METHOD_MAX_BYTES, H1_BAD, &m->method)) != DONE ||
	    (r = take_word(s, H1_TARGET, MSG_TARGET_MAX_BYTES, H1_TOO_LARGE,
	         &target)) != DONE ||
	    (r = take_version(s, m)) != DONE || (r = take_crlf(s)) != DONE)
		return r;
	if (split_target(m, target) < 0)
		return refuse(s, H1_BAD);
	if ((r = take_fields(s, m)) != DONE)
		return r;
	return judge_request(s, m);
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

/* RFC 9112, 6.3. */
static int judge_response(struct scan *s, struct msg *m, struct span for_method)
{
	struct facts x;
	int r;

	if ((r = gather(s, m, &x)) != DONE ||
	    (r = judge_framing(s, m, &x)) != DONE)
		return r;
	if (m->status < 200 || m->status == 204 ||
	    (m->status < 300 && span_eq(for_method, SPAN("CONNECT"))))
		return judge_empty(s, m);
	if (m->status == 304 || span_eq(for_method, SPAN("HEAD"))) {
		m->framing = FRAME_NONE; /* the fields tell about a GET */
		m->length = 0;
	} else if (m->framing == FRAME_NONE) {
		m->framing = FRAME_CLOSE;
		m->keep_alive = false;
		m->upgrade = false;
	}
	return DONE;
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
		r = judge_response(&s, m, for_method);
	return finish(in, &s, r, ret_fault);
}
