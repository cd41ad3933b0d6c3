/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/head_int.h"

#include <errno.h>

#include "base/arena.h"
#include "http/h1_int.h"

/* What pages may not ask the browser for, whatever the provider's own field
 * says. Camera, microphone and screen stay as they are: meetings need them. */
#define PERMISSIONS                                                            \
	"accelerometer=(), ambient-light-sensor=(), "                          \
	"attribution-reporting=(), browsing-topics=(), compute-pressure=(), "  \
	"geolocation=(), gyroscope=(), idle-detection=(), "                    \
	"join-ad-interest-group=(), local-fonts=(), magnetometer=(), "         \
	"run-ad-auction=()"

/* ---- fields of one hop ---- */

static bool of_one_hop(enum field_id id)
{
	return id == FIELD_CONNECTION || id == FIELD_KEEP_ALIVE ||
	       id == FIELD_PROXY_CONNECTION ||
	       id == FIELD_PROXY_AUTHORIZATION ||
	       id == FIELD_PROXY_AUTHENTICATE || id == FIELD_TE ||
	       id == FIELD_TRAILER || id == FIELD_TRANSFER_ENCODING ||
	       id == FIELD_VIA || id == FIELD_FORWARDED ||
	       id == FIELD_X_FORWARDED_FOR;
}

static bool tells_path(struct span name)
{
	static const struct span teller[] = {
		{ "x-real-ip", 9 },
		{ "client-ip", 9 },
		{ "x-client-ip", 11 },
		{ "true-client-ip", 14 },
		{ "x-cluster-client-ip", 19 },
		{ "x-originating-ip", 16 },
		{ "x-remote-ip", 11 },
		{ "x-remote-addr", 13 },
		{ "proxy-authentication-info", 25 },
	};

	for (size_t i = 0; i < sizeof teller / sizeof *teller; i++)
		if (span_eq_nocase(name, teller[i]))
			return true;
	return span_starts_nocase(name, SPAN("x-forwarded-")) ||
	       span_eq_nocase(name, SPAN("x-forwarded"));
}

/* Connection may name any field, but not take the message apart. */
static void remove_named(struct msg *m, struct span list)
{
	while (list.n > 0) {
		struct span name = span_trim(span_cut(&list, ','));
		enum field_id id = field_id(name);
		struct field *f;

		if (name.n == 0 || id == FIELD_HOST || id == FIELD_UPGRADE ||
		    id == FIELD_CONNECTION || id == FIELD_CONTENT_LENGTH ||
		    id == FIELD_CONTENT_TYPE || id == FIELD_CONTENT_ENCODING)
			continue;
		while ((f = msg_find_name(m, name)) != NULL)
			f->gone = true;
	}
}

void head_hop(struct msg *m)
{
	for (unsigned i = 0; i < m->nfields; i++)
		if (m->field[i].id == FIELD_CONNECTION && !m->field[i].gone)
			remove_named(m, m->field[i].value);
	for (unsigned i = 0; i < m->nfields; i++) {
		struct field *f = &m->field[i];

		if (of_one_hop(f->id) ||
		    (f->id == FIELD_UPGRADE && !m->upgrade) ||
		    (f->id == FIELD_OTHER && tells_path(f->name)))
			f->gone = true;
	}
}

/* ---- lines about fields ---- */

/* A glob does not judge what frames the message; nor cookies, when lines about
 * cookies do. */
static bool glob_may_judge(const struct head *h, const struct field *f)
{
	enum field_id cookie = h->m->request ? FIELD_COOKIE : FIELD_SET_COOKIE;

	if (f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_CONTENT_TYPE ||
	    f->id == FIELD_CONTENT_ENCODING || f->id == FIELD_UPGRADE ||
	    f->id == FIELD_EXPECT || f->id == FIELD_TE)
		return false;
	if (f->id == cookie && plan_has(h->plan, CARRIER_COOKIE))
		return false;
	return !span_starts_nocase(f->name, SPAN("sec-websocket-"));
}

static bool is_glob(const struct action *a)
{
	struct span name = a->line->where.name;

	return span_chr(name, '*') < name.n;
}

static int judge_field(struct head *h, struct field *f)
{
	const struct action *a = plan_name(h->plan, CARRIER_HEADER, f->name);
	struct value_place at = { .carrier = CARRIER_HEADER, .name = f->name };
	struct span value;
	int r;

	if ((a == NULL || is_glob(a)) && !glob_may_judge(h, f))
		return 0;
	if (a != NULL)
		r = head_treat(a, h->env, at, f->value, &h->value);
	else if (f->id == FIELD_COOKIE || f->id == FIELD_SET_COOKIE)
		return 0; /* pair by pair, later */
	else
		r = head_unnamed(h->plan, h->env, at, f->value, &h->value);
	if (r == TREAT_DROP)
		f->gone = true;
	if (r != TREAT_NEW)
		return r < 0 ? r : 0;
	value = buf_span(&h->value);
	if (value.n > 0 &&
	    h1_value_end(value.p, value.p + value.n) != value.p + value.n)
		return -EBADMSG; /* it would break out of its line */
	f->value = span_trim(arena_dup(h->arena, value));
	return 0;
}

static int judge_fields(struct head *h)
{
	int r = 0;

	if (!plan_has(h->plan, CARRIER_HEADER) &&
	    !value_watched(h->plan, h->env))
		return 0;
	for (unsigned i = 0; i < h->m->nfields && r == 0; i++)
		if (!h->m->field[i].gone && h->m->field[i].id != FIELD_HOST)
			r = judge_field(h, &h->m->field[i]);
	return r;
}

/* Fields that the pack adds stand there once. What the client sent under that name
 * has been set by now. */
static int add_fields(struct head *h)
{
	const struct line *l;
	int r = 0;

	for (uint32_t i = 0; r == 0 && (l = plan_adds(h->plan, i)) != NULL;
	     i++) {
		struct span name = l->where.name;
		struct field *f = msg_find_name(h->m, name);
		struct finding found = { .line = l, .carrier = CARRIER_HEADER,
			.name = name, .before = SPAN(""),
			.after = l->treat.text, .effect = ACT_SET,
			.path = SPAN("") };

		if (f == NULL) {
			r = msg_add(
			    h->m, field_id(name), name, l->treat.text);
			treat_report(h->env, &found);
			continue;
		}
		for (struct field *one = f; one != NULL;
		     one = msg_find_name(h->m, name))
			one->gone = true;
		f->gone = false;
		f->name = name; /* as everybody writes it */
	}
	return r;
}

static struct head begin(struct msg *m, const struct plan *plan,
    const struct env *env, struct arena *a)
{
	struct head h = { .m = m, .plan = plan, .env = env, .arena = a };

	buf_init(&h.list, HEAD_VALUE_MAX_BYTES);
	buf_init(&h.value, HEAD_VALUE_MAX_BYTES);
	return h;
}

static int finish(struct head *h, int r)
{
	buf_fini(&h->list);
	buf_fini(&h->value);
	return r < 0 ? r : arena_error(h->arena);
}

/* ---- requests ---- */

/* A weight of nothing but zeros (RFC 9110, 12.4.2). */
static bool refused_by_weight(struct span parameters)
{
	struct span q = span_trim(parameters);

	if (!span_starts_nocase(q, SPAN("q=")))
		return false;
	for (q = span_from(q, 2); q.n > 0; q = span_from(q, 1))
		if (q.p[0] != '0' && q.p[0] != '.')
			return false;
	return true;
}

/* The codings that the gateway decodes (body/coding.h), in the order in which
 * they are offered to servers. */
#define CODINGS 4u
#define ALL_CODINGS ((1u << CODINGS) - 1)

static const struct span coding[CODINGS] = { { "gzip", 4 }, { "deflate", 7 },
	{ "br", 2 }, { "zstd", 4 } };

/* A bit, or 0. */
static unsigned coding_bit(struct span name)
{
	if (span_eq_nocase(name, SPAN("x-gzip")))
		name = coding[0];
	for (unsigned i = 0; i < CODINGS; i++)
		if (span_eq_nocase(name, coding[i]))
			return 1u << i;
	return 0;
}

static struct span coding_list(unsigned bits, struct arena *a)
{
	struct span piece[2 * CODINGS];
	size_t n = 0;

	for (unsigned i = 0; i < CODINGS; i++)
		if (bits & 1u << i) {
			if (n > 0)
				piece[n++] = SPAN(", ");
			piece[n++] = coding[i];
		}
	return n > 0 ? arena_join(a, piece, n) : SPAN("identity");
}

/* Of the offered codings, those that the gateway decodes. */
static void cut_accept_encoding(struct msg *m, struct arena *a)
{
	struct field *first = msg_find(m, FIELD_ACCEPT_ENCODING), *f;
	unsigned offered = 0, named = 0, bit;
	bool any = false;

	if (first == NULL)
		return;
	while ((f = msg_find(m, FIELD_ACCEPT_ENCODING)) != NULL) {
		struct span list = f->value;

		f->gone = true;
		while (list.n > 0) {
			struct span rest = span_cut(&list, ',');
			struct span name = span_trim(span_cut(&rest, ';'));
			bool good = !refused_by_weight(rest);

			bit = coding_bit(name);
			if (span_eq(name, SPAN("*")))
				any = good;
			named |= bit;
			offered |= good ? bit : 0;
		}
	}
	if (any)
		offered |= ALL_CODINGS & ~named;
	first->value = coding_list(offered, a);
	first->gone = false;
}

int head_request(struct msg *m, const struct plan *plan, const struct env *env,
    struct arena *a)
{
	struct head h = begin(m, plan, env, a);
	int r = judge_fields(&h);

	if (r == 0)
		r = head_cookies(&h);
	if (r == 0)
		r = head_path(&h);
	if (r == 0)
		r = add_fields(&h);
	cut_accept_encoding(m, a);
	return finish(&h, r);
}

/* ---- answers ---- */

static bool is_report(struct span directive)
{
	size_t n = 0;

	while (
	    n < directive.n && directive.p[n] != ' ' && directive.p[n] != '\t')
		n++;
	directive.n = n;
	return span_eq_nocase(directive, SPAN("report-uri")) ||
	       span_eq_nocase(directive, SPAN("report-to"));
}

/* Several policies stand between commas, directives between semicolons
 * (Content Security Policy Level 3, 2.2). */
static bool cut_policy(struct span policies, struct buf *out)
{
	bool changed = false, joined;

	while (policies.n > 0) {
		struct span policy = span_cut(&policies, ',');
		size_t start = buf_len(out);

		joined = start == 0;
		while (policy.n > 0) {
			struct span part = span_trim(span_cut(&policy, ';'));

			changed = changed || is_report(part);
			if (part.n == 0 || is_report(part))
				continue;
			if (buf_len(out) > start)
				buf_add_str(out, "; ");
			else if (!joined)
				buf_add_str(out, ", ");
			buf_add_span(out, part);
		}
	}
	return changed;
}

static int cut_policies(struct head *h)
{
	for (unsigned i = 0; i < h->m->nfields; i++) {
		struct field *f = &h->m->field[i];

		if (f->id != FIELD_CONTENT_SECURITY_POLICY || f->gone)
			continue;
		buf_reset(&h->list);
		if (!cut_policy(f->value, &h->list))
			continue;
		if (buf_error(&h->list) < 0)
			return buf_error(&h->list);
		f->value = arena_dup(h->arena, buf_span(&h->list));
		f->gone = f->value.n == 0;
	}
	return 0;
}

/* In the place of the provider's own: one that does not parse would make the
 * browser pass over ours as well. */
static int add_permissions(struct msg *m)
{
	struct span type = msg_media_type(m);

	if (!span_eq_nocase(type, SPAN("text/html")) &&
	    !span_eq_nocase(type, SPAN("application/xhtml+xml")))
		return 0;
	msg_remove(m, FIELD_PERMISSIONS_POLICY);
	return msg_add(m, FIELD_PERMISSIONS_POLICY, SPAN("Permissions-Policy"),
	    SPAN(PERMISSIONS));
}

int head_response(struct msg *m, const struct plan *plan, const struct env *env,
    struct arena *a)
{
	static const enum field_id never[] = { FIELD_ALT_SVC, FIELD_NEL,
		FIELD_REPORT_TO, FIELD_REPORTING_ENDPOINTS, FIELD_ACCEPT_CH,
		FIELD_CRITICAL_CH, FIELD_CONTENT_SECURITY_POLICY_REPORT_ONLY };
	struct head h = begin(m, plan, env, a);
	int r = judge_fields(&h);

	if (r == 0)
		r = head_set_cookies(&h);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		msg_remove(m, never[i]);
	if (r == 0)
		r = cut_policies(&h);
	if (r == 0)
		r = add_permissions(m);
	return finish(&h, r);
}
