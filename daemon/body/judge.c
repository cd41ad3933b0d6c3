/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/judge.h"

#include <errno.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/scrub.h"
#include "body/sdp.h"
#include "body/xml.h"

struct asking {
	const struct message_rules *m;
	unsigned pass;
	struct message_state *state;
};

#define RS '\x1e' /* behind each document, in several protocols */

/* Hints, as no media type comes with a message. */
static struct span type_of(bool text)
{
	return text ? SPAN("text/plain") : SPAN("application/x-protobuf");
}

static enum body_form form_of(
    const struct plan *plan, bool text, struct span in)
{
	return sniff_body(plan, type_of(text), in);
}

static int scrub_one(enum body_form form, const struct plan *plan,
    const struct env *env, bool text, struct span in, struct buf *out)
{
	int r = 0;
	struct scrub *s =
	    scrub_new(form, plan, env, type_of(text), SPAN_NONE, &r);

	if (s == NULL)
		return r;
	r = scrub_feed(s, in, true, out);
	scrub_free(s);
	return r;
}

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == RS;
}

/* How much of in is the first document, by its brackets and quotes; all of it
 * where these tell nothing. Whether it is one is for its reader to say. */
static size_t document_bytes(struct span in)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		quoted = c == '"';
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0))
			return i + 1;
		else if (c == RS && depth == 0)
			return i;
	}
	return in.n;
}

/* One document of a message: of several, each is such as can stand alone. */
static int scrub_next(enum body_form form, const struct plan *plan,
    const struct env *env, bool text, struct span in, struct buf *out)
{
	if (plan_form(plan) == ENTRY_AUTO && !sniff_json(in))
		return -EBADMSG;
	return scrub_one(form, plan, env, text, in, out);
}

/* Several documents, with line ends or RS behind them? Bytes that are
 * compressed tell nothing. */
static bool may_be_several(enum body_form form, struct span in)
{
	return form == BODY_JSON && !coding_gzip_begins(in) &&
	       (span_chr(in, RS) < in.n || span_chr(in, '\n') < in.n);
}

/* asking: NULL when it is not for its conditions. */
static int scrub_whole(enum body_form form, const struct plan *plan,
    const struct env *env, bool text, struct span in, struct buf *out,
    const struct asking *asking)
{
	unsigned documents = 0;
	int r = 0;
	size_t n;

	if (!may_be_several(form, in)) {
		r = scrub_one(form, plan, env, text, in, out);
		if (asking != NULL)
			message_document(
			    asking->m, asking->pass, asking->state);
		return r;
	}
	while (r == 0 && in.n > 0) {
		for (n = 0; n < in.n && is_between(in.p[n]); n++)
			;
		r = buf_add_span(out, span_of(in.p, n));
		in = span_from(in, n);
		n = document_bytes(in);
		if (n > 0 && documents++ == JUDGE_DOCUMENTS_MAX)
			return -E2BIG;
		if (r == 0 && n > 0)
			r = scrub_next(
			    form, plan, env, text, span_of(in.p, n), out);
		if (n > 0 && asking != NULL)
			message_document(
			    asking->m, asking->pass, asking->state);
		in = span_from(in, n);
	}
	return r;
}

/* ---- conditions ---- */

static void note(void *arg, const struct finding *f)
{
	struct asking *a = arg;

	message_note(a->m, a->pass, f, a->state);
}

static int ask(const struct message_rules *m, unsigned pass, bool text,
    struct span in, struct message_state *state)
{
	struct asking a = { m, pass, state };
	struct env env = { .report = note, .arg = &a };
	const struct plan *plan = message_pass(m, pass);
	enum body_form form = form_of(plan, text, in);
	struct buf unused;
	int r;

	if (form == BODY_UNREAD || form == BODY_REFUSED)
		return 0; /* others read it */
	scrub_env(&env);
	buf_init(&unused, in.n + SCRUB_VALUE_MAX);
	r = scrub_whole(form, plan, &env, text, in, &unused, &a);
	buf_fini(&unused);
	return r;
}

static int judge_content(const struct message_rules *m, const struct env *env,
    bool text, struct span in, struct buf *out, const struct entry **ret_deny)
{
	const struct plan *all = message_all(m);
	struct message_state state = { .met = { 0 } };
	struct message_match match;
	enum body_form form = form_of(all, text, in);
	bool unread = form == BODY_UNREAD || form == BODY_REFUSED;
	size_t start = buf_len(out);
	int r = 0;

	*ret_deny = NULL;
	for (unsigned i = 0; !unread && i < message_passes(m); i++)
		if ((r = ask(m, i, text, in, &state)) < 0)
			return r;
	if ((r = message_settle(m, &state, &match)) < 0)
		return r;
	*ret_deny = match.deny;
	if (match.deny != NULL)
		return JUDGE_DENIED;
	if (in.n == 0)
		return JUDGE_SAME;
	if (form == BODY_REFUSED)
		return -EACCES;
	if (form == BODY_UNREAD)
		return sniff_speaks(all) ? JUDGE_UNREAD : JUDGE_SAME;
	form = form_of(match.plan, text, in);
	if (form == BODY_UNREAD || form == BODY_REFUSED)
		return JUDGE_SAME;
	r = scrub_whole(form, match.plan, env, text, in, out, NULL);
	if (r < 0)
		return r;
	if (!span_eq(span_from(buf_span(out), start), in))
		return JUDGE_CHANGED;
	buf_truncate(out, start);
	return JUDGE_SAME;
}

/* ---- what stands in front ---- */

static uint64_t number_at(const struct envelope *e, struct span in)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < e->width; i++)
		v = v << 8 | (unsigned char)in.p[e->at + i];
	return v;
}

/* Does in begin with e, by its number? Others are read as they are; so is what
 * begins as content, whose characters may be such a number by chance. */
static bool is_wrapped(const struct envelope *e, struct span in)
{
	uint64_t n;

	if (e == NULL || in.n <= e->bytes || sniff_json(in) || xml_begins(in) ||
	    sdp_begins(in))
		return false;
	n = number_at(e, in);
	return n == in.n || n == in.n - e->bytes ||
	       n == in.n - e->at - e->width;
}

/* The same in front of content that has another length now. */
static int add_envelope(const struct envelope *e, struct span in, size_t was,
    size_t is, struct buf *out)
{
	uint64_t n = number_at(e, in) - was + is;
	char head[SOCKET_ENVELOPE_MAX_BYTES];

	if (e->width < 8 && n >> (8 * e->width) != 0)
		return -E2BIG;
	memcpy(head, in.p, e->bytes);
	for (unsigned i = e->width; i-- > 0; n >>= 8)
		head[e->at + i] = (char)n;
	return buf_add(out, head, e->bytes);
}

/* Bytes of a word in front of JSON; 0: there is none. */
static size_t prefix_of(struct span in)
{
	struct span others = SPAN(":/+,-_?=&.#");
	size_t n = 0;

	for (; n < in.n && n <= SOCKET_ENVELOPE_MAX_BYTES; n++) {
		char c = ascii_lower(in.p[n]);

		if (c == '{' || c == '[')
			return n;
		if (!ascii_digit(c) && (c < 'a' || c > 'z') &&
		    span_chr(others, c) == others.n)
			break;
	}
	return 0;
}

int judge_message(const struct message_rules *m, const struct env *env,
    bool text, struct span in, struct buf *out, const struct entry **ret_deny)
{
	const struct envelope *e = message_envelope(m);
	size_t front = 0;
	struct span content;
	struct buf changed;
	int r, bad;

	if (text && message_prefix(m))
		front = prefix_of(in);
	else if (!text && is_wrapped(e, in))
		front = e->bytes;
	if (front == 0)
		return judge_content(m, env, text, in, out, ret_deny);
	content = span_from(in, front);
	buf_init(&changed, out->max);
	r = judge_content(m, env, text, content, &changed, ret_deny);
	if (r == JUDGE_CHANGED) {
		bad = text ? buf_add(out, in.p, front)
		           : add_envelope(e, in, content.n, buf_len(&changed),
		                 out);
		if (bad == 0)
			bad = buf_add_span(out, buf_span(&changed));
		r = bad < 0 ? bad : r;
	}
	buf_fini(&changed);
	return r;
}
