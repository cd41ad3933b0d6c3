/* SPDX-License-Identifier: EUPL-1.2 */
/* Third parties that a pack names: who stands behind its hosts. */
#include "base/arena.h"
#include "conf/policy_int.h"
#include "engine/parse.h"

#define PARTY_NAME_MAX 60 /* so that it can stand in a report */

static int take_name(const struct lex *l, const config_setting_t *s,
    struct span *ret_name)
{
	int r = lex_text(l, s, "name", true, ret_name);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret_name->n; i++)
		if (ret_name->p[i] < ' ' || ret_name->p[i] > '~')
			ret_name->n = 0;
	if (ret_name->n == 0 || ret_name->n > PARTY_NAME_MAX)
		return lex_fail(l, lex_member(s, "name"),
		    "name of a party: expected 1 to %d characters of ASCII",
		    PARTY_NAME_MAX);
	return 0;
}

/* "*.amazonaws.com *.cloudfront.net" */
static int take_hosts(const struct lex *l, const config_setting_t *s,
    struct party *out)
{
	const config_setting_t *m = lex_member(s, "hosts");
	char err[PARSE_ERR_BYTES];
	struct span text, rest, *to;
	unsigned n = 0;
	int r = lex_text(l, s, "hosts", true, &text);

	if (r < 0)
		return r;
	for (rest = span_trim(text); rest.n > 0; rest = span_trim(rest), n++)
		span_cut(&rest, ' ');
	if (n == 0)
		return lex_fail(l, m, "a party without hosts");
	to = arena_zalloc(l->arena, n * sizeof *to);
	if (to == NULL)
		return lex_error(l, s, arena_error(l->arena), "");
	out->host = to;
	out->nhost = n;
	for (rest = span_trim(text); rest.n > 0; rest = span_trim(rest)) {
		r = parse_host(span_cut(&rest, ' '), l->arena, to++, err);
		if (r < 0)
			return lex_error(l, m, r, err);
	}
	return 0;
}

int policy_parties(const struct lex *l, const config_setting_t *s,
    struct service *out)
{
	const config_setting_t *list;
	struct party *to;
	int r = lex_list(l, s, "parties", &list);

	if (r < 0)
		return r;
	if (lex_count(list) > RULE_PARTIES_MAX)
		return lex_fail(l, list, "over %d parties", RULE_PARTIES_MAX);
	to = arena_zalloc(l->arena, (lex_count(list) + 1) * sizeof *to);
	if (to == NULL)
		return lex_error(l, s, arena_error(l->arena), "");
	out->party = to;
	for (unsigned i = 0; i < lex_count(list); i++, to++) {
		const config_setting_t *g = config_setting_get_elem(list, i);

		if ((r = lex_keys(l, g, "party", "name country hosts")) < 0 ||
		    (r = take_name(l, g, &to->name)) < 0 ||
		    (r = lex_country(l, g, "country", &to->country)) < 0 ||
		    (r = take_hosts(l, g, to)) < 0)
			return r;
		to->place = lex_place(l, g);
	}
	out->nparty = lex_count(list);
	return 0;
}
