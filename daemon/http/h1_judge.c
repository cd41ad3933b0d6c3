/* SPDX-License-Identifier: EUPL-1.2 */
/* What the fields of a head say about its framing, host and connection, and the
 * heads that say two things (RFC 9112, 3.2 and 6.3; RFC 9110, 7.2). */
#include "http/h1_int.h"

#include <errno.h>

#include "http/msg.h"
#include "http/uri.h"

struct facts {
	unsigned hosts, lengths, codings;
	struct span host, length, coding;
	bool close, keep, upgrade;
};

bool h1_looks_framing(struct span name)
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

static int gather(const struct msg *m, struct facts *x)
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
				return -EBADMSG;
			type = &f->value;
		} else if (f->id == FIELD_UPGRADE) {
			upgrade = true;
		}
	}
	x->close = msg_has_token(m, FIELD_CONNECTION, SPAN("close"));
	x->keep = msg_has_token(m, FIELD_CONNECTION, SPAN("keep-alive"));
	x->upgrade = upgrade && m->minor > 0 && !x->close &&
	             msg_has_token(m, FIELD_CONNECTION, SPAN("upgrade"));
	return 0;
}

/* What Content-Length and Transfer-Encoding say, if they say one thing. */
static int judge_framing(struct msg *m, const struct facts *x)
{
	if (x->lengths + x->codings > 1)
		return -EBADMSG;
	if (x->codings > 0) {
		if (m->minor == 0 ||
		    !span_eq_nocase(x->coding, SPAN("chunked")))
			return -EBADMSG;
		m->framing = FRAME_CHUNKED;
	}
	if (x->lengths > 0) {
		if (span_u64(x->length, H1_NUMBER_MAX, &m->length) < 0)
			return -EBADMSG;
		m->framing = FRAME_LENGTH;
	}
	m->keep_alive = m->minor > 0 ? !x->close : x->keep && !x->close;
	m->upgrade = x->upgrade;
	return 0;
}

/* No content may follow; a sender that announces some anyway is refused. */
static int judge_empty(struct msg *m)
{
	if (m->framing == FRAME_CHUNKED || m->length > 0)
		return -EBADMSG;
	m->framing = FRAME_NONE;
	return 0;
}

/* One valid Host; the same as in the target when that names one too. Without a
 * port it means the default of the scheme, or the port of a CONNECT. */
static int judge_host(struct msg *m, const struct facts *x, bool needed)
{
	struct span here, there;
	uint16_t port = 0, usual = 80;

	if (x->hosts > 1 || (x->hosts == 0 && needed))
		return -EBADMSG;
	if (span_eq(m->scheme, SPAN("https")))
		usual = 443;
	if (m->authority.n > 0) {
		if (uri_authority(m->authority, usual, &there, &port) < 0)
			return -EBADMSG;
		if (m->path.n == 0)
			usual = port;
	}
	if (x->hosts == 0)
		return m->authority.n > 0 ? 0 : -EBADMSG;
	if (uri_authority(x->host, usual, &here, &usual) < 0)
		return -EBADMSG;
	if (m->authority.n == 0)
		m->authority = x->host;
	else if (!span_eq_nocase(here, there) || usual != port)
		return -EBADMSG;
	return 0;
}

int h1_judge_request(struct msg *m, bool host)
{
	struct field *expect;
	struct facts x;

	if (gather(m, &x) < 0 || judge_host(m, &x, host) < 0 ||
	    judge_framing(m, &x) < 0)
		return -EBADMSG;
	if (span_eq(m->method, SPAN("CONNECT")) && judge_empty(m) < 0)
		return -EBADMSG;
	expect = msg_find(m, FIELD_EXPECT);
	if (expect == NULL)
		return 0;
	if (m->minor == 0)
		msg_remove(m, FIELD_EXPECT); /* RFC 9110, 10.1.1 */
	else
		m->expect_continue =
		    m->framing != FRAME_NONE &&
		    span_eq_nocase(expect->value, SPAN("100-continue"));
	return 0;
}

int h1_judge_response(struct msg *m, struct span for_method)
{
	struct facts x;

	if (gather(m, &x) < 0 || judge_framing(m, &x) < 0)
		return -EBADMSG;
	if (m->status < 200 || m->status == 204 ||
	    (m->status < 300 && span_eq(for_method, SPAN("CONNECT"))))
		return judge_empty(m);
	if (m->status == 304 || span_eq(for_method, SPAN("HEAD"))) {
		m->framing = FRAME_NONE; /* the fields tell about a GET */
		m->length = 0;
	} else if (m->framing == FRAME_NONE) {
		m->framing = FRAME_CLOSE;
		m->keep_alive = false;
		m->upgrade = false;
	}
	return 0;
}
