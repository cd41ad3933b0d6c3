/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/scrub.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/events.h"
#include "body/form.h"
#include "body/jsn.h"
#include "body/multipart.h"
#include "body/proto.h"
#include "body/sdp.h"
#include "body/squeeze.h"
#include "body/text.h"
#include "body/xml.h"

#define STEP_BYTES (64u << 10) /* decoded bytes between two looks */

/* ---- the readers, one for each form ---- */

/* What scrub knows of a reader: the shape all of them have. */
struct reader {
	void *(*open)(const struct plan *plan, const struct env *env,
	    struct span media_type);
	int (*feed)(void *r, struct span in, bool last, struct buf *out);
	void (*close)(void *r);
};

#define READER(word, type, make)                                               \
	static void *word##_open(const struct plan *plan,                      \
	    const struct env *env, struct span media_type)                     \
	{                                                                      \
		(void)media_type;                                              \
		return make;                                                   \
	}                                                                      \
	static int word##_take(                                                \
	    void *r, struct span in, bool last, struct buf *out)               \
	{                                                                      \
		return type##_feed(r, in, last, out);                          \
	}                                                                      \
	static void word##_close(void *r)                                      \
	{                                                                      \
		type##_free(r);                                                \
	}

READER(json, jsn, jsn_new(plan, env))
READER(documents, jsn, jsn_new_lines(plan, env))
READER(urlencoded, form, form_new(plan, env))
READER(query, form, form_new_query(plan, env))
READER(parts, multipart, multipart_new(plan, env, sniff_boundary(media_type)))
READER(elements, xml, xml_new(plan, env))
READER(session, sdp, sdp_new(plan, env))
READER(message, proto, proto_new(plan, env))
READER(frames, proto, proto_new_frames(plan, env, false))
READER(frames_text, proto, proto_new_frames(plan, env, true))
READER(plain, text, text_new(plan, env))
READER(stream, events, events_new(plan, env))

#define ROW(word) { word##_open, word##_take, word##_close }

static const struct reader readers[BODY_FORM_COUNT] = {
	[BODY_JSON] = ROW(json),
	[BODY_JSON_LINES] = ROW(documents),
	[BODY_FORM] = ROW(urlencoded),
	[BODY_SDP] = ROW(session),
	[BODY_MULTIPART] = ROW(parts),
	[BODY_XML] = ROW(elements),
	[BODY_PROTO] = ROW(message),
	[BODY_FRAMES] = ROW(frames),
	[BODY_FRAMES_TEXT] = ROW(frames_text),
	[BODY_TEXT] = ROW(plain),
	[BODY_EVENTS] = ROW(stream),
};

static const struct reader uri_query = ROW(query);

/* ---- the scrubber ---- */

struct scrub {
	const struct reader *reader; /* open is NULL: all goes on */
	void *r;
	struct coding *coding; /* NULL: identity */
	struct squeeze *again; /* gzip without a word: the way back */
	struct buf plain;      /* decoded, not yet scrubbed */
	struct buf scrubbed;   /* not yet squeezed again */
	bool told;  /* is it gzip without a word? no doubt any more */
	char first; /* the byte that leaves a doubt */
	bool begun; /* there was a byte */
	bool ended; /* the coded stream has ended */
	int err;    /* sticky */
};

struct scrub *scrub_new(enum body_form form, const struct plan *plan,
    const struct env *env, struct span media_type, struct span coding,
    int *ret_err)
{
	struct scrub *s;

	coding = span_trim(coding);
	*ret_err = form != BODY_UNREAD && readers[form].open == NULL
	                                  ? -EBADMSG
	           : coding_known(coding) ? -ENOMEM
	                                  : -ENOTSUP;
	if (*ret_err != -ENOMEM || (s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	buf_init(&s->plain, 2 * STEP_BYTES);
	buf_init(&s->scrubbed, SCRUB_HIDDEN_MAX);
	s->reader = &readers[form];
	s->told = form == BODY_UNREAD || !coding_is_identity(coding);
	if (s->reader->open != NULL &&
	    (s->r = s->reader->open(plan, env, media_type)) == NULL)
		goto fail;
	if (!coding_is_identity(coding) &&
	    (s->coding = coding_new(coding)) == NULL)
		goto fail;
	*ret_err = 0;
	return s;
fail:
	scrub_free(s);
	return NULL;
}

void scrub_free(struct scrub *s)
{
	if (s == NULL)
		return;
	if (s->r != NULL)
		s->reader->close(s->r);
	coding_free(s->coding);
	squeeze_free(s->again);
	buf_fini(&s->plain);
	buf_fini(&s->scrubbed);
	free(s);
}

static int feed_reader(
    struct scrub *s, struct span in, bool last, struct buf *out)
{
	return s->r != NULL ? s->reader->feed(s->r, in, last, out)
	                    : buf_add_span(out, in);
}

/* Decoded content. */
static int feed_plain(
    struct scrub *s, struct span in, bool last, struct buf *out)
{
	int r;

	if (s->again == NULL)
		return feed_reader(s, in, last, out);
	r = feed_reader(s, in, last, &s->scrubbed);
	if (r == 0)
		r = squeeze_feed(s->again, buf_span(&s->scrubbed), last, out);
	buf_reset(&s->scrubbed);
	return r;
}

static int feed_coded(
    struct scrub *s, struct span in, bool last, struct buf *out)
{
	bool more = true;
	int r;

	while (more) {
		buf_reset(&s->plain);
		r = coding_decode(s->coding, &in, &s->plain, STEP_BYTES);
		if (r < 0)
			return r;
		s->ended = r == 1;
		if (s->ended && in.n > 0)
			return -EBADMSG;
		more =
		    !s->ended && (in.n > 0 || buf_len(&s->plain) >= STEP_BYTES);
		if (!more && last && !s->ended)
			return -EBADMSG;
		r = feed_plain(s, buf_span(&s->plain), last && !more, out);
		if (r < 0)
			return r;
	}
	return 0;
}

static int feed(struct scrub *s, struct span in, bool last, struct buf *out)
{
	return s->coding != NULL ? feed_coded(s, in, last, out)
	                         : feed_plain(s, in, last, out);
}

/* Two bytes tell gzip from all else. */
static int find_hidden(
    struct scrub *s, struct span in, bool last, struct buf *out)
{
	char two[2] = { s->first };
	struct span first = s->first != 0 ? span_of(two, 1) : SPAN_NONE;
	int r = 0;

	if (first.n == 0 && coding_gzip_may_begin(in) && !last) {
		s->first = in.p[0];
		return 0;
	}
	two[1] = in.n > 0 ? in.p[0] : '\0';
	s->told = true;
	if (coding_gzip_begins(
	        first.n > 0 && in.n > 0 ? span_of(two, 2) : in)) {
		s->coding = coding_new(SPAN("gzip"));
		s->again = squeeze_new(STEP_GZIP);
		if (s->coding == NULL || s->again == NULL)
			return -ENOMEM;
	}
	if (first.n > 0)
		r = feed(s, first, last && in.n == 0, out);
	if (r < 0 || (first.n > 0 && in.n == 0))
		return r;
	return feed(s, in, last, out);
}

int scrub_feed(struct scrub *s, struct span in, bool last, struct buf *out)
{
	if (s->err != 0)
		return s->err;
	s->begun = s->begun || in.n > 0;
	if (!s->begun)
		return 0;
	s->err =
	    s->told ? feed(s, in, last, out) : find_hidden(s, in, last, out);
	return s->err;
}

/* ---- texts inside values ---- */

static int read_whole(const struct reader *reader, const struct plan *plan,
    const struct env *env, struct span in, struct buf *out)
{
	void *r = reader->open(plan, env, SPAN_NONE);
	int err = r != NULL ? reader->feed(r, in, true, out) : -ENOMEM;

	if (r != NULL)
		reader->close(r);
	return err;
}

int scrub_document(enum body_form form, const struct plan *plan,
    const struct env *env, struct span in, struct buf *out)
{
	if (form == BODY_UNREAD)
		return buf_add_span(out, in);
	return readers[form].open != NULL
	           ? read_whole(&readers[form], plan, env, in, out)
	           : -EBADMSG;
}

/* The query of the URI in, if it has one. */
static int read_uri(const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	size_t end = span_chr(in, '#');
	size_t at = span_chr(span_of(in.p, end), '?');
	int r;

	if (at == end)
		return buf_add_span(out, in);
	at++;
	buf_add(out, in.p, at);
	r = read_whole(
	    &uri_query, plan, env, span_of(in.p + at, end - at), out);
	return r < 0 ? r : buf_add_span(out, span_from(in, end));
}

/* A path, or a scheme (RFC 3986, 3.1) and what is behind it. */
static bool begins_uri(struct span in)
{
	size_t n;

	in = span_trim(in);
	n = span_find(in, SPAN("://"));
	if (span_starts(in, SPAN("/")))
		return true;
	if (n == 0 || n == in.n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = ascii_lower(in.p[i]);

		if (!ascii_digit(c) && (c < 'a' || c > 'z') && c != '+' &&
		    c != '-' && c != '.')
			return false;
	}
	return true;
}

/* Not of a URI. BODY_REFUSED: there are no lines that could read it. */
static enum body_form inner_form(const struct plan *plan, struct span in)
{
	bool sdp = plan_has(plan, CARRIER_SDP);
	bool json = plan_has(plan, CARRIER_JSON);
	bool xml = plan_has(plan, CARRIER_XML);

	if (sdp && sdp_begins(in))
		return BODY_SDP;
	if (json && sniff_json(in))
		return BODY_JSON;
	if (xml && xml_begins(in))
		return BODY_XML;
	if (plan_has(plan, CARRIER_FORM))
		return BODY_FORM;
	if (plan_has(plan, CARRIER_PROTO))
		return BODY_PROTO;
	if (json)
		return BODY_JSON;
	if (xml)
		return BODY_XML;
	if (sdp)
		return BODY_SDP;
	return plan_has(plan, CARRIER_TEXT) ? BODY_TEXT : BODY_REFUSED;
}

int scrub_inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	enum body_form form = inner_form(plan, in);

	(void)arg;
	if (in.n == 0)
		return 0;
	if (plan_has(plan, CARRIER_QUERY) &&
	    (form == BODY_REFUSED || begins_uri(in)))
		return read_uri(plan, env, in, out);
	return scrub_document(form, plan, env, in, out);
}

void scrub_env(struct env *env)
{
	env->inner = scrub_inner;
	env->unstep = squeeze_unstep;
	env->restep = squeeze_restep;
}
