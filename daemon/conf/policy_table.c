/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_table - hosts, request, response and join of a pack. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "conf/policy_int.h"

int policy_column(const struct lex *l, const config_setting_t *s, unsigned i,
    const char *what, struct span *ret_text)
{
	return lex_value(l, config_setting_get_elem(s, i), what, ret_text);
}

int policy_row(const struct lex *l, const config_setting_t *s, unsigned least,
    unsigned most, const char *form)
{
	if (!config_setting_is_list(s))
		return lex_fail(
		    l, s, "expected %s, found %s", form, lex_kind(s));
	if (lex_count(s) < least || lex_count(s) > most)
		return lex_fail(l, s, "expected %s, found %u columns%s", form,
		    lex_count(s),
		    lex_count(s) < least ? " (commas between them?)" : "");
	return 0;
}

/* ---- hosts ---- */

#define LIST SPAN("file:")
#define HOST_FORM "( \"HOST HOST ...\", \"VERDICT\", ... )"

int policy_sink(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span text, struct sink *ret_sink)
{
	char err[PARSE_ERR_BYTES];
	int r = policy_expand(p, l, s, text, &text);

	if (r < 0)
		return r;
	r = parse_sink(text, p->arena, ret_sink, err);
	return r < 0 ? lex_error(l, s, r, err) : 0;
}

int policy_category(const struct lex *l, const config_setting_t *s, unsigned i,
    enum category *ret_category)
{
	char err[PARSE_ERR_BYTES];
	struct span text;
	int r;

	if ((r = policy_column(l, s, i, "category", &text)) < 0)
		return r;
	r = parse_category(text, ret_category, err);
	return r < 0 ? lex_error(l, s, r, err) : 0;
}

/* Everything of a host line but the patterns. */
static int take_verdict(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct host_line *h)
{
	char err[PARSE_ERR_BYTES];
	unsigned n = lex_count(s);
	struct span text;
	int r;

	h->place = lex_place(l, s);
	if ((r = policy_column(l, s, 1, "verdict", &text)) < 0)
		return r;
	if ((r = parse_verdict(text, &h->verdict, err)) < 0)
		return lex_error(l, s, r, err);
	switch (h->verdict) {
	case VERDICT_INSPECT:
		if (n > 2)
			return lex_fail(l, s,
			    "inspect takes no further "
			    "columns");
		return 0;
	case VERDICT_TUNNEL:
		if (n > 3)
			return lex_fail(l, s,
			    "expected ( \"HOST\", \"tunnel\", \"REASON\" ), "
			    "found %u columns",
			    n);
		return n < 3 ? 0 : policy_column(l, s, 2, "reason", &h->text);
	case VERDICT_DENY:
		break;
	}
	if (n < 3)
		return lex_fail(l, s,
		    "a denied host needs a category: ( \"HOST\", \"deny\", "
		    "\"CATEGORY\", \"SINK\" )");
	if ((r = policy_category(l, s, 2, &h->category)) < 0)
		return r;
	if (n < 4)
		return 0;
	if ((r = policy_column(l, s, 3, "sink", &text)) < 0)
		return r;
	return policy_sink(p, l, s, text, &h->sink);
}

/* Is an include's host named already, in this pack or an earlier include of
 * it? */
static bool is_taken(
    const struct host_line *h, const struct host_line *own, uint32_t nown)
{
	for (uint32_t i = 0; i < nown; i++)
		if (own[i].place.file != h->place.file &&
		    span_eq(own[i].pattern, h->pattern))
			return true;
	return false;
}

static int take_hosts(const struct pack *p, unsigned file,
    const config_setting_t *s, struct host_line *own, uint32_t *n)
{
	const struct lex *l = &p->file[file];
	struct host_line h = { .pattern = SPAN_NONE };
	char err[PARSE_ERR_BYTES];
	struct span text, rest, one;
	bool filled;
	int r;

	if ((r = policy_row(l, s, 2, 4, HOST_FORM)) < 0 ||
	    (r = policy_column(l, s, 0, "host", &text)) < 0 ||
	    (r = policy_expand(p, l, s, text, &rest)) < 0 ||
	    (r = take_verdict(p, l, s, &h)) < 0)
		return r;
	filled = rest.p != text.p; /* a variable stands in it */
	if (span_trim(rest).n == 0 && !filled)
		return lex_fail(l, s, "a host is missing");
	while (rest.n > 0) {
		one = span_cut(&rest, ' ');
		if (one.n == 0)
			continue;
		if (*n > RULE_HOSTS_MAX)
			return lex_fail(l, s, "over %d hosts in one service",
			    RULE_HOSTS_MAX);
		h.listed = 0;
		r = span_starts(one, LIST)
		    ? policy_host_list(p, l, s, one, &h)
		    : parse_host(one, p->arena, &h.pattern, err);
		if (r < 0 && span_starts(one, LIST))
			return r;
		if (r < 0 && filled)
			return lex_fail(l, s,
			    "%s; it is the value of %.60s (several hosts have "
			    "spaces between)",
			    err, text.p);
		if (r < 0)
			return lex_error(l, s, r, err);
		if (file == 0 || !is_taken(&h, own, *n))
			own[(*n)++] = h;
	}
	return 0;
}

static int keep_hosts(
    struct pack *p, const struct host_line *own, uint32_t n)
{
	struct host_line *kept = arena_alloc(p->arena, (n + 1) * sizeof *kept);

	if (kept == NULL)
		return lex_error(&p->file[0], NULL, arena_error(p->arena), "");
	memcpy(kept, own, n * sizeof *kept);
	p->service->host = kept;
	p->service->nhost = n;
	return 0;
}

int policy_hosts(struct pack *p)
{
	struct host_line *own = calloc(RULE_HOSTS_MAX + 1, sizeof *own);
	uint32_t n = 0;
	int r = 0;

	if (own == NULL)
		return lex_error(&p->file[0], NULL, -ENOMEM, "");
	for (unsigned i = 0; r == 0 && i < p->nfile; i++) {
		const config_setting_t *list;

		r = lex_list(
		    &p->file[i], lex_root(&p->file[i]), "hosts", &list);
		for (unsigned k = 0; r == 0 && k < lex_count(list); k++)
			r = take_hosts(
			    p, i, config_setting_get_elem(list, k), own, &n);
	}
	if (r == 0)
		r = keep_hosts(p, own, n);
	free(own);
	return r;
}

/* ---- entries ---- */

int policy_refusal(const struct lex *l, const config_setting_t *s,
    const char *form, struct entry *e, struct span *ret_second)
{
	int r = policy_row(l, s, 1, 2, form);

	*ret_second = SPAN_NONE;
	if (r < 0 || (r = policy_category(l, s, 0, &e->category)) < 0)
		return r;
	e->denies = true;
	return lex_count(s) < 2 ? 0
	                        : policy_column(l, s, 1, "sink", ret_second);
}

static int take_deny(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e)
{
	struct span sink;
	int r =
	    policy_refusal(l, s, "deny = ( \"CATEGORY\", \"SINK\" )", e, &sink);

	if (r < 0 || sink.p == NULL)
		return r;
	return policy_sink(p, l, s, sink, &e->sink);
}

/* when, query and content of an entry. */
int policy_when(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e)
{
	const config_setting_t *query = lex_member(s, "query");
	const config_setting_t *content = lex_member(s, "content");
	char err[PARSE_ERR_BYTES];
	struct span text;
	int r;

	e->place = lex_place(l, s);
	if ((r = lex_text(l, s, "when", true, &text)) < 0)
		return r;
	if ((r = parse_when(text, p->arena, &e->when, err)) < 0)
		return lex_error(l, lex_member(s, "when"), r, err);
	if ((r = lex_text(l, s, "query", query != NULL, &e->when.query)) < 0 ||
	    (r = lex_text(l, s, "content", content != NULL, &e->when.content)) <
	        0)
		return r;
	if (query != NULL &&
	    (e->when.query.p[0] == '=' ||
	        span_chr(e->when.query, '&') < e->when.query.n))
		return lex_fail(l, query,
		    "query \"%.60s\": expected NAME or NAME=GLOB",
		    e->when.query.p);
	if (content != NULL &&
	    (span_chr(e->when.content, ' ') < e->when.content.n ||
	        span_chr(e->when.content, ';') < e->when.content.n))
		return lex_fail(l, content,
		    "content \"%.60s\": expected a media type without "
		    "parameters, * for any run of characters",
		    e->when.content.p);
	return 0;
}

int policy_unread(
    const struct lex *l, const config_setting_t *s, struct entry *e)
{
	struct span word;
	int r = lex_word(l, s, "unread", false, "pass deny", &word);

	e->pass_unread = r == 0 && span_eq(word, SPAN("pass"));
	return r;
}

int policy_form(const struct lex *l, const config_setting_t *s, struct entry *e)
{
	char all[80];
	size_t n = 0;
	struct span word;
	int r;

	for (enum entry_form i = 0; i < ENTRY_FORM_COUNT; i++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s",
		    i > 0 ? " " : "", entry_form_word(i));
	if ((r = lex_word(l, s, "form", false, all, &word)) < 0)
		return r;
	for (enum entry_form i = 0; i < ENTRY_FORM_COUNT; i++)
		if (span_eq(word, span_str(entry_form_word(i))))
			e->form = i;
	return 0;
}

static int take_meeting(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e)
{
	const config_setting_t *at = lex_member(s, "meeting");
	char err[PARSE_ERR_BYTES];
	struct where *w;
	struct span text;
	int r;

	if (at == NULL)
		return 0;
	if ((r = lex_text(l, s, "meeting", true, &text)) < 0)
		return r;
	if ((w = arena_alloc(p->arena, sizeof *w)) == NULL)
		return lex_error(l, at, arena_error(p->arena), "");
	if ((r = parse_where(text, p->arena, w, err)) < 0)
		return lex_error(l, at, r, err);
	e->meeting = w;
	return 0;
}

static int take_append(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct entry *e)
{
	const config_setting_t *m = lex_member(s, "append");
	int r;

	if (m == NULL)
		return 0;
	if ((r = lex_text(l, s, "append", true, &e->append)) < 0)
		return r;
	if (e->form != ENTRY_TEXT)
		return lex_fail(l, m,
		    "append is for a body that is read as text: expected "
		    "form = \"text\" beside it");
	return policy_expand(p, l, m, e->append, &e->append);
}

static int take_entry(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *block, struct entry *e)
{
	const config_setting_t *strip, *add, *deny;
	bool request = strcmp(block, "request") == 0, says;
	int r;

	r = lex_keys(l, s, request ? "request entry" : "response entry",
	    request ? "when strip deny allow unread form meeting add query "
	              "content unless"
	            : "when strip unread form append query content unless");
	if (r < 0 || (r = policy_when(p, l, s, e)) < 0 ||
	    (r = policy_unread(l, s, e)) < 0 ||
	    (r = policy_form(l, s, e)) < 0 ||
	    (r = take_meeting(p, l, s, e)) < 0 ||
	    (r = take_append(p, l, s, e)) < 0 ||
	    (r = lex_flag(l, s, "allow", false, &e->allows)) < 0 ||
	    (r = lex_list(l, s, "strip", &strip)) < 0 ||
	    (r = lex_list(l, s, "add", &add)) < 0)
		return r;
	says = strip != NULL || add != NULL || e->allows ||
	       e->meeting != NULL || e->append.n > 0 ||
	       lex_member(s, "unread") != NULL || lex_member(s, "form") != NULL;
	deny = lex_member(s, "deny");
	if (deny != NULL && says)
		return lex_fail(l, deny,
		    "a denied request is not rewritten: deny stands without "
		    "strip, add, allow, unread, form and meeting");
	if (deny != NULL)
		return take_deny(p, l, deny, e);
	if (!says)
		return lex_fail(l, s, "this entry does nothing: expected %s",
		    request
		        ? "strip, add, deny, allow, unread, form or meeting"
		        : "strip, append, unread or form");
	return policy_strip(p, l, add, strip, &e->strip, &e->nstrip);
}

static int take_join(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *block, struct entry *e)
{
	int r = lex_keys(l, s, "join entry", "when need unless");

	(void)block;
	if (r < 0 || (r = policy_when(p, l, s, e)) < 0 ||
	    (r = lex_text(l, s, "need", true, &e->need)) < 0)
		return r;
	e->sink.kind = SINK_PAGE;
	return 0;
}

/* unless = "VARIABLE": is it "yes"? */
static int is_left_out(const struct pack *p, const struct lex *l,
    const config_setting_t *s, bool *ret_out)
{
	const config_setting_t *m = lex_member(s, "unless");
	struct span name;
	const char *value;
	int r;

	*ret_out = false;
	if (m == NULL)
		return 0;
	if ((r = lex_text(l, s, "unless", true, &name)) < 0)
		return r;
	if ((value = policy_value(p, name)) == NULL)
		return lex_fail(l, m,
		    "unless \"%.60s\": expected the name of a variable that the "
		    "pack declares",
		    name.p);
	*ret_out = strcmp(value, "yes") == 0;
	if (*ret_out || strcmp(value, "no") == 0)
		return 0;
	return lex_fail(l, m,
	    "unless: variable \"%.60s\" is \"%.60s\", expected \"yes\" or "
	    "\"no\"",
	    name.p, value);
}

/* One entry, or none. */
static int take_one(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *block, policy_entry_f *take,
    struct list_of_entries *out)
{
	struct entry *e = &out->p[out->n];
	bool left_out;
	int r;

	if ((r = take(p, l, s, block, e)) < 0 ||
	    (r = is_left_out(p, l, s, &left_out)) < 0)
		return r;
	if (left_out)
		*e = (struct entry){ .nstrip = 0 };
	else
		out->n++;
	return 0;
}

/* One block of all files, one entry after the other. */
int policy_block(const struct pack *p, const char *block, policy_entry_f *take,
    struct list_of_entries *out)
{
	const config_setting_t *list[1 + POLICY_INCLUDES_MAX];
	unsigned n = 0;
	int r = 0;

	for (unsigned i = 0; i < p->nfile; i++) {
		r = lex_list(
		    &p->file[i], lex_root(&p->file[i]), block, &list[i]);
		if (r < 0)
			return r;
		n += lex_count(list[i]);
	}
	out->p = arena_zalloc(p->arena, n * sizeof *out->p);
	if (out->p == NULL)
		return lex_error(&p->file[0], NULL, arena_error(p->arena), "");
	for (unsigned i = 0; i < p->nfile; i++)
		for (unsigned k = 0; r == 0 && k < lex_count(list[i]); k++)
			r = take_one(p, &p->file[i],
			    config_setting_get_elem(list[i], k), block, take,
			    out);
	return r;
}

int policy_requests(struct pack *p)
{
	return policy_block(p, "request", take_entry, &p->service->request);
}

int policy_responses(struct pack *p)
{
	return policy_block(p, "response", take_entry, &p->service->response);
}

int policy_joins(struct pack *p)
{
	return policy_block(p, "join", take_join, &p->service->join);
}
