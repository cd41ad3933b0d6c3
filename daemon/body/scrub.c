/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/scrub.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/form.h"
#include "body/jsn.h"

#define STEP_BYTES (64u << 10) /* decoded bytes between two looks */
#define SNIFF_BYTES 256u       /* decoded to see how a body begins */

struct scrub {
	struct jsn *json; /* one of these, or none: all goes on */
	struct form *form;
	struct coding *coding; /* NULL: identity */
	struct buf plain;      /* decoded, not yet scrubbed */
	bool begun;            /* there was a byte */
	bool ended;            /* the coded stream has ended */
	int err;               /* sticky */
};

/* ---- which form ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span skip_space(struct span s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = span_from(s, 1);
	return s;
}

static bool begins_json(struct span s)
{
	s = skip_space(s);
	return s.n > 0 && (s.p[0] == '{' || s.p[0] == '[');
}

static bool is_json_type(struct span type)
{
	struct span suffix = SPAN("+json");

	return span_eq_nocase(type, SPAN("application/json")) ||
	       span_eq_nocase(type, SPAN("text/json")) ||
	       (span_chr(type, '/') < type.n && type.n > suffix.n &&
	           span_eq_nocase(span_from(type, type.n - suffix.n), suffix));
}

enum body_form scrub_form(
    const struct plan *plan, struct span media_type, struct span start)
{
	bool json = plan_has(plan, CARRIER_JSON);
	bool form = plan_has(plan, CARRIER_FORM);
	struct span type = span_trim(span_cut(&media_type, ';'));

	if (!json && !form)
		return BODY_UNREAD;
	if (is_json_type(type))
		return json ? BODY_JSON : BODY_UNREAD;
	if (json && begins_json(start))
		return BODY_JSON;
	if (span_eq_nocase(type, SPAN("application/x-www-form-urlencoded")))
		return form ? BODY_FORM : BODY_UNREAD;
	return plan_pass_unread(plan) ? BODY_UNREAD : BODY_REFUSED;
}

static bool is_identity(struct span coding)
{
	return coding.n == 0 || span_eq_nocase(coding, SPAN("identity"));
}

enum body_form scrub_form_coded(const struct plan *plan, struct span media_type,
    struct span coding, struct span start)
{
	struct coding *c;
	struct buf plain;
	enum body_form form;

	coding = span_trim(coding);
	if (is_identity(coding))
		return scrub_form(plan, media_type, start);
	buf_init(&plain, STEP_BYTES);
	c = coding_new(coding);
	if (c != NULL)
		(void)coding_decode(c, &start, &plain, SNIFF_BYTES);
	coding_free(c);
	form = scrub_form(plan, media_type, buf_span(&plain));
	if (form != BODY_JSON && plan_has(plan, CARRIER_JSON) &&
	    skip_space(buf_span(&plain)).n == 0)
		form = plan_pass_unread(plan) ? BODY_UNREAD : BODY_REFUSED;
	buf_fini(&plain);
	return form;
}

/* ---- the scrubber ---- */

struct scrub *scrub_new(enum body_form form, const struct plan *plan,
    const struct env *env, struct span coding, int *ret_err)
{
	struct scrub *s;

	coding = span_trim(coding);
	*ret_err = form == BODY_REFUSED   ? -EBADMSG
	           : coding_known(coding) ? -ENOMEM
	                                  : -ENOTSUP;
	if (*ret_err != -ENOMEM || (s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	buf_init(&s->plain, 2 * STEP_BYTES);
	if (form == BODY_JSON && (s->json = jsn_new(plan, env)) == NULL)
		goto fail;
	if (form == BODY_FORM && (s->form = form_new(plan, env)) == NULL)
		goto fail;
	if (!is_identity(coding) && (s->coding = coding_new(coding)) == NULL)
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
	jsn_free(s->json);
	form_free(s->form);
	coding_free(s->coding);
	buf_fini(&s->plain);
	free(s);
}

static int feed_plain(
    struct scrub *s, struct span in, bool last, struct buf *out)
{
	if (s->json != NULL)
		return jsn_feed(s->json, in, last, out);
	if (s->form != NULL)
		return form_feed(s->form, in, last, out);
	return buf_add_span(out, in);
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

int scrub_feed(struct scrub *s, struct span in, bool last, struct buf *out)
{
	if (s->err != 0)
		return s->err;
	s->begun = s->begun || in.n > 0;
	if (!s->begun)
		return 0;
	s->err = s->coding != NULL ? feed_coded(s, in, last, out)
	                           : feed_plain(s, in, last, out);
	return s->err;
}

/* ---- texts inside values ---- */

static int feed_form(struct form *f, struct span in, struct buf *out)
{
	int r = f != NULL ? form_feed(f, in, true, out) : -ENOMEM;

	form_free(f);
	return r;
}

/* The query of the URI in, if it has one. */
static int feed_uri(const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	size_t end = span_chr(in, '#');
	size_t at = span_chr(span_of(in.p, end), '?');
	int r;

	if (at == end)
		return buf_add_span(out, in);
	at++;
	buf_add(out, in.p, at);
	r = feed_form(
	    form_new_query(plan, env), span_of(in.p + at, end - at), out);
	return r < 0 ? r : buf_add_span(out, span_from(in, end));
}

int scrub_inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	bool json = plan_has(plan, CARRIER_JSON);
	bool form = plan_has(plan, CARRIER_FORM);
	bool uri = (!json && !form) || span_starts(in, SPAN("/")) ||
	           span_find(in, SPAN("://")) < in.n;
	struct jsn *j;
	int r;

	(void)arg;
	if (in.n == 0)
		return 0;
	if (plan_has(plan, CARRIER_QUERY) && uri)
		return feed_uri(plan, env, in, out);
	if (json && (begins_json(in) || !form)) {
		j = jsn_new(plan, env);
		r = j != NULL ? jsn_feed(j, in, true, out) : -ENOMEM;
		jsn_free(j);
		return r;
	}
	return form ? feed_form(form_new(plan, env), in, out) : -EBADMSG;
}
