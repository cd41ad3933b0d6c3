/* SPDX-License-Identifier: EUPL-1.2 */
/* services - the services of sparsamd.conf and their packs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "conf/agreement.h"
#include "conf/conf_int.h"
#include "conf/date.h"
#include "conf/policy_file.h"
#include "conf/policy_int.h"

struct loading {
	const struct lex *l;
	const struct bundle *b;
	struct conf *c;
	int32_t today;
	/* of c->service[] */
	const config_setting_t *entry[RULE_SERVICES_MAX];
	struct service pack[RULE_SERVICES_MAX];
};

/* ---- the entries ---- */

static int take_mode(const struct lex *l, const config_setting_t *s,
    struct conf_service *out)
{
	struct span word;
	int r = lex_word(l, s, "mode", true, "off observe enforce", &word);

	if (r < 0)
		return r;
	out->mode = span_eq(word, SPAN("off")) ? CONF_OFF
	    : span_eq(word, SPAN("observe"))   ? CONF_OBSERVE
					       : CONF_ENFORCE;
	return 0;
}

/* The entries whose mode is the one asked for. */
static int take_entries(struct loading *g, const config_setting_t *list,
    bool off)
{
	const struct lex *l = g->l;
	struct conf *c = g->c;
	int r;

	for (unsigned i = 0; i < lex_count(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, i);
		struct conf_service new = { .named = true };

		if ((r = lex_keys(l, s, "services entry",
			 "id mode variables agreement inspection")) < 0 ||
		    (r = lex_text(l, s, "id", true, &new.id)) < 0 ||
		    (r = take_mode(l, s, &new)) < 0)
			return r;
		if ((new.mode == CONF_OFF) != off)
			continue;
		for (unsigned k = 0; k < c->nservice; k++)
			if (span_eq(c->service[k].id, new.id))
				return lex_fail(l, lex_member(s, "id"),
				    "service \"%.60s\" stands here twice",
				    new.id.p);
		g->entry[c->nservice] = s;
		c->service[c->nservice++] = new;
	}
	return 0;
}

/* ---- one service ---- */

static int take_vars(const struct loading *g, const config_setting_t *s,
    struct policy_var var[POLICY_VARS_MAX], unsigned *ret_n)
{
	const struct lex *l = g->l;
	const config_setting_t *group;
	struct span value, name;
	int r = lex_group(l, s, "variables", &group);

	*ret_n = 0;
	if (r == 0 && lex_count(group) > POLICY_VARS_MAX)
		return lex_fail(l, group, "over %d variables",
		    POLICY_VARS_MAX);
	for (unsigned i = 0; r == 0 && i < lex_count(group); i++) {
		const config_setting_t *m = config_setting_get_elem(group, i);

		name = span_str(config_setting_name(m));
		r = lex_text(l, group, name.p, false, &value);
		var[(*ret_n)++] = (struct policy_var){ name.p, value.p,
			lex_place(l, m) };
	}
	return r;
}

static int find_pack(const struct loading *g, const config_setting_t *s,
    struct span id, const char **ret_path)
{
	struct span file = arena_join(g->c->arena,
	    (const struct span[]){ id, SPAN(".conf"), span_of("", 1) }, 3);
	struct span text;

	if (file.p == NULL)
		return lex_error(g->l, s, arena_error(g->c->arena), "");
	*ret_path = conf_join(g->c->arena, g->c->policy_dir, file.p);
	if (*ret_path == NULL)
		return lex_error(g->l, s, arena_error(g->c->arena), "");
	if (span_chr(id, '/') < id.n ||
	    bundle_find(g->b, *ret_path, &text) < 0)
		return lex_fail(g->l, lex_member(s, "id"),
		    "there is no pack for service \"%.60s\": expected the "
		    "file %.200s",
		    id.p, *ret_path);
	return 0;
}

/* What the pack is told of the configuration. */
static void join_pack(struct loading *g, unsigned i, const char *path)
{
	struct conf_service *from = &g->c->service[i];
	struct service *s = &g->pack[i];

	from->id = s->id;
	from->pack = path;
	s->index = i;
	s->refused = from->refused;
	s->inspect = from->inspect;
	s->max_case = from->max_case;
}

static int take_service(struct loading *g, unsigned i)
{
	struct conf_service *to = &g->c->service[i];
	const config_setting_t *s = g->entry[i], *block;
	struct policy_var var[POLICY_VARS_MAX];
	struct service *pack = &g->pack[i];
	struct agreement a;
	const char *path = NULL, *lacks;
	unsigned nvar;
	int r;

	if ((r = take_vars(g, s, var, &nvar)) < 0 ||
	    (r = find_pack(g, s, to->id, &path)) < 0)
		return r;
	r = to->mode == CONF_OFF
	    ? policy_file_read_idle(g->b, g->c->policy_dir, path, g->c->rules,
		  pack, g->l->err)
	    : policy_file_read(g->b, g->c->policy_dir, path, var, nvar,
		  g->c->rules, pack, g->l->err);
	if (r < 0 || (r = lex_group(g->l, s, "agreement", &block)) < 0 ||
	    (r = agreement_read(g->l, block, pack, g->today, &a)) < 0 ||
	    (r = lex_group(g->l, s, "inspection", &block)) < 0 ||
	    (r = agreement_inspection(g->l, block, &to->inspection,
		 &lacks)) < 0)
		return r;
	to->refused = to->mode == CONF_OFF ? WHY_SERVICE_OFF : a.refused;
	if (pack->retired)
		to->refused = WHY_RETIRED;
	to->closed = lacks != NULL ? lacks : a.closed;
	to->inspect = to->mode != CONF_OFF && to->closed == NULL;
	to->agreement_id = a.id;
	to->agreement_until = a.until;
	to->lacks = a.lacks;
	to->days_left = a.days_left;
	to->last_day = a.days_left == INT32_MAX ? INT32_MAX
	                                        : g->today + a.days_left;
	to->max_case = a.max_case;
	to->findings = a.findings;
	to->others = a.others;
	join_pack(g, i, path);
	return 0;
}

/* ---- packs that no entry names ---- */

static bool is_read(const struct conf *c, const char *path)
{
	for (unsigned i = 0; i < c->nservice; i++)
		if (c->service[i].pack != NULL &&
		    strcmp(c->service[i].pack, path) == 0)
			return true;
	return false;
}

static int take_unnamed(struct loading *g, const char *path)
{
	struct conf *c = g->c;
	const char *keep = conf_join(c->arena, "", path);
	unsigned i = c->nservice;
	int r;

	if (keep == NULL)
		return arena_error(c->arena);
	if (i == RULE_SERVICES_MAX)
		return lex_fail(g->l, lex_member(lex_root(g->l), "services"),
		    "over %d services and packs", RULE_SERVICES_MAX);
	r = policy_file_read_idle(g->b, c->policy_dir, path, c->rules,
	    &g->pack[i], g->l->err);
	if (r < 0)
		return r;
	c->service[i] = (struct conf_service){
		.refused = g->pack[i].retired ? WHY_RETIRED : WHY_SERVICE_OFF,
		.agreement_id = SPAN(""),
		.agreement_until = SPAN(""), .days_left = INT32_MAX,
		.last_day = INT32_MAX, .max_case = 1 };
	c->nservice++;
	join_pack(g, i, keep);
	return 0;
}

/* ---- hosts that several packs name ---- */

/* What a host line is good for today. */
enum use {
	USE_NOW,  /* its service is in use, and may open it where it must */
	USE_SHUT, /* its service is in use, but may not open it */
	USE_NONE, /* its service is not in use */
};

/* In this order packs take their hosts; what is taken is left out later. */
static const struct turn {
	enum use use;
	bool own; /* lines of the pack itself, or of its includes */
} turns[] = { { USE_NOW, true }, { USE_NOW, false }, { USE_SHUT, true },
	{ USE_SHUT, false }, { USE_NONE, true }, { USE_NONE, false } };

static bool is_own(const struct loading *g, unsigned i,
    const struct host_line *h)
{
	return strcmp(h->place.file, g->c->service[i].pack) == 0;
}

static enum use use_of(const struct conf_service *s, const struct host_line *h)
{
	if (s->refused != WHY_DONE)
		return USE_NONE;
	return s->inspect || h->verdict != VERDICT_INSPECT ? USE_NOW : USE_SHUT;
}

/* Lines that a pack itself has twice, or two packs in use of which one is not
 * better than the other, stay: an error that ruleset_build finds. */
static bool is_double(
    const struct turn *t, const struct service *pack, const struct service *has)
{
	if (!t->own || has == pack)
		return t->own;
	return t->use == USE_NOW ||
	       (t->use == USE_SHUT && has->refused == WHY_DONE &&
	           !has->inspect);
}

/* Both services are in use, and the line is one of an include. */
static void note_shared(
    struct conf_service *s, const struct host_line *l, const struct service *has)
{
	if (l->verdict == VERDICT_DENY || has->refused != WHY_DONE)
		return;
	if (s->nshared++ == 0)
		s->shared = l->pattern, s->shared_with = has->id;
}

/* The lines of pack i, whose turn it may be, into left. */
static int take_turn(struct loading *g, unsigned i,
    const struct turn *t, struct hash *h, struct service *left)
{
	const struct service *s = &g->pack[i];
	struct host_line *to = (struct host_line *)left->host;

	for (uint32_t k = 0; k < s->nhost; k++) {
		const struct host_line *l = &s->host[k];
		int r;

		if (is_own(g, i, l) != t->own ||
		    use_of(&g->c->service[i], l) != t->use)
			continue;
		r = hash_put(h, l->pattern, &g->pack[i]);
		if (r == 0 || (r == -EEXIST &&
		                  is_double(t, s, hash_get(h, l->pattern))))
			to[left->nhost++] = *l;
		else if (r != -EEXIST)
			return r;
		else if (t->use != USE_NONE && hash_get(h, l->pattern) != s)
			note_shared(&g->c->service[i], l,
			    hash_get(h, l->pattern));
	}
	return 0;
}

/* Leave out what somebody else has: what a pack in use names itself, then what
 * the includes of these name, the first one first; then the others. */
static int share_hosts(struct loading *g)
{
	struct hash *h = hash_new(RULE_SERVICES_MAX * RULE_HOSTS_MAX);
	struct service left[RULE_SERVICES_MAX];
	unsigned n = g->c->nservice;
	int r = h != NULL ? 0 : -ENOMEM;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		left[i].nhost = 0;
		left[i].host = arena_alloc(g->c->arena,
		    (g->pack[i].nhost + 1) * sizeof *left[i].host);
		if (left[i].host == NULL)
			r = arena_error(g->c->arena);
	}
	for (unsigned k = 0; k < sizeof turns / sizeof *turns; k++)
		for (unsigned i = 0; r == 0 && i < n; i++)
			r = take_turn(g, i, &turns[k], h, &left[i]);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		g->pack[i].host = left[i].host;
		g->pack[i].nhost = left[i].nhost;
	}
	hash_free(h);
	return r;
}

static int add_packs(struct loading *g)
{
	int r = share_hosts(g);

	for (unsigned i = 0; r == 0 && i < g->c->nservice; i++)
		r = ruleset_add(g->c->rules, &g->pack[i]);
	return r < 0 ? lex_error(g->l, NULL, r, "a service is there twice")
		     : 0;
}

/* ---- domains ---- */

/* The pattern without its labels up to the last one with a star; empty when
 * less than two labels are left. */
static struct span base_of(struct span pattern)
{
	struct span base = pattern;
	size_t star;

	while ((star = span_chr(base, '*')) < base.n) {
		base = span_from(base, star);
		span_cut(&base, '.');
	}
	return span_chr(base, '.') < base.n ? base : SPAN_NONE;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Is a domain above name in h? */
static bool is_covered(const struct hash *h, const char *name)
{
	struct span rest = span_str(name);

	while (span_cut(&rest, '.').n > 0 && rest.n > 0)
		if (hash_get(h, rest) != NULL)
			return true;
	return false;
}

/* Without doubles and without what lies below another; sorted. */
static int thin_out(const char **d, unsigned n, unsigned *ret_n)
{
	struct hash *h = hash_new(n + 1);
	static char mark;
	unsigned kept = 0;
	int r = h != NULL ? 0 : -ENOMEM;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		r = hash_put(h, span_str(d[i]), &mark);
		if (r == 0)
			d[kept++] = d[i];
		else if (r == -EEXIST)
			r = 0;
	}
	n = kept;
	kept = 0;
	for (unsigned i = 0; r == 0 && i < n; i++)
		if (!is_covered(h, d[i]))
			d[kept++] = d[i];
	hash_free(h);
	qsort(d, kept, sizeof *d, by_text);
	*ret_n = kept;
	return r;
}

static int find_domains(struct conf *c)
{
	const struct service *s;
	const char **d, **all;
	unsigned n = 0;
	int r;

	for (unsigned i = 0; i < c->nservice; i++)
		if (c->service[i].mode != CONF_OFF)
			n += ruleset_at(c->rules, i)->nhost;
	d = all = arena_alloc(c->arena, n * sizeof *all);
	if (all == NULL)
		return arena_error(c->arena);
	c->owner = hash_new(n + 1);
	if (c->owner == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < c->nservice; i++) {
		if (c->service[i].mode == CONF_OFF)
			continue;
		s = ruleset_at(c->rules, i);
		for (uint32_t k = 0; k < s->nhost; k++) {
			const struct span piece[] = {
				base_of(s->host[k].pattern), span_of("", 1)
			};

			if (piece[0].n == 0 || host_line_is_list(&s->host[k]))
				continue;
			*d = arena_join(c->arena, piece, 2).p;
			if (*d == NULL)
				return arena_error(c->arena);
			r = hash_put(c->owner, span_str(*d++), (void *)(uintptr_t)s);
			if (r < 0 && r != -EEXIST)
				return r;
		}
	}
	if (arena_error(c->arena) < 0)
		return arena_error(c->arena);
	c->domain = all;
	return thin_out(all, (unsigned)(d - all), &c->ndomain);
}

/* ---- the whole ---- */

static int build(struct loading *g)
{
	char err[PARSE_ERR_BYTES];
	struct place at;
	int r = ruleset_build(g->c->rules, &at, err);

	if (r == -EINVAL)
		snprintf(g->l->err, CONF_ERR_BYTES, "%s:%u: %s",
		    at.file != NULL ? at.file : g->l->file,
		    at.file != NULL ? at.line : 1, err);
	else if (r < 0)
		return lex_error(g->l, NULL, r, "");
	return r;
}

static int load(struct loading *g, const config_setting_t *list)
{
	struct conf *c = g->c;
	unsigned named;
	int r;

	if ((r = take_entries(g, list, false)) < 0 ||
	    (r = take_entries(g, list, true)) < 0)
		return r;
	named = c->nservice;
	for (unsigned i = 0; i < named; i++)
		if ((r = take_service(g, i)) < 0)
			return r;
	for (size_t i = 0; i < bundle_count(g->b); i++) {
		const char *name = bundle_name(g->b, i);

		if (conf_is_pack(c->policy_dir, name) &&
		    strcmp(name, g->l->file) != 0 && !is_read(c, name) &&
		    (r = take_unnamed(g, name)) < 0)
			return r;
	}
	if ((r = add_packs(g)) < 0 || (r = build(g)) < 0)
		return r;
	return find_domains(c);
}

int conf_services(const struct lex *l, const struct bundle *b, int64_t now,
    struct conf *c)
{
	const config_setting_t *list;
	struct loading *g;
	int r = lex_list(l, lex_root(l), "services", &list);

	if (r < 0)
		return r;
	if (lex_count(list) > RULE_SERVICES_MAX)
		return lex_fail(l, list, "over %d services",
		    RULE_SERVICES_MAX);
	if ((g = calloc(1, sizeof *g)) == NULL)
		return lex_error(l, NULL, -ENOMEM, "");
	g->l = l;
	g->b = b;
	g->c = c;
	g->today = date_of(now);
	r = load(g, list);
	free(g);
	return r;
}
