/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_later - the blocks of a pack that have no effect yet: read and checked
 * like all others, so that a pack written today is right tomorrow. */
#include "base/arena.h"
#include "conf/addr.h"
#include "conf/policy_int.h"

typedef int take_f(const struct pack *p, const struct lex *l,
    const config_setting_t *s);

/* "3478,8801-8810" */
static bool are_ports(struct span text)
{
	uint64_t from, to;

	if (text.n == 0 || text.p[text.n - 1] == ',')
		return false;
	while (text.n > 0) {
		struct span part = span_trim(span_cut(&text, ','));
		size_t dash = span_chr(part, '-');

		if (span_u64(span_of(part.p, dash), 65535, &from) < 0)
			return false;
		to = from;
		if (dash < part.n &&
		    span_u64(span_from(part, dash + 1), 65535, &to) < 0)
			return false;
		if (from < 1 || to < from)
			return false;
	}
	return true;
}

static int take_media_hosts(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span hosts)
{
	char err[PARSE_ERR_BYTES];
	struct span one;
	int r;

	while (hosts.n > 0) {
		one = span_cut(&hosts, ' ');
		if (one.n > 0 &&
		    (r = parse_host(one, p->arena, &one, err)) < 0)
			return lex_error(l, lex_member(s, "hosts"), r, err);
	}
	return 0;
}

static int take_media(const struct pack *p, const struct lex *l,
    const config_setting_t *s)
{
	const config_setting_t *nets;
	struct conf_net net;
	struct span text;
	int r = lex_keys(l, s, "media entry", "ports nets hosts");

	if (r < 0 || (r = lex_text(l, s, "ports", true, &text)) < 0)
		return r;
	if (!are_ports(text))
		return lex_fail(l, lex_member(s, "ports"),
		    "ports \"%.60s\": expected ports and ranges, as in "
		    "\"3478,8801-8810\"",
		    text.p);
	if ((r = lex_list(l, s, "nets", &nets)) < 0)
		return r;
	for (unsigned i = 0; i < lex_count(nets); i++) {
		const config_setting_t *m = config_setting_get_elem(nets, i);

		if ((r = lex_value(l, m, "net", &text)) < 0)
			return r;
		if (addr_net(text, &net) < 0)
			return lex_fail(l, m,
			    "net \"%.60s\": " ADDR_NET_EXPECTED, text.p);
	}
	if ((r = lex_text(l, s, "hosts", false, &text)) < 0 ||
	    (r = policy_expand(p, l, s, text, &text)) < 0)
		return r;
	return take_media_hosts(p, l, s, text);
}

static int take_sip(const struct pack *p, const struct lex *l,
    const config_setting_t *s)
{
	struct line line;

	return policy_line(p, l, s, &line);
}

static int take_block(const struct pack *p, const char *block, take_f *take)
{
	const config_setting_t *list;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < p->nfile; i++) {
		const struct lex *l = &p->file[i];

		r = lex_list(l, lex_root(l), block, &list);
		for (unsigned k = 0; r == 0 && k < lex_count(list); k++)
			r = take(p, l, config_setting_get_elem(list, k));
	}
	return r;
}

int policy_later(struct pack *p)
{
	int r;

	if ((r = take_block(p, "media", take_media)) < 0)
		return r;
	return take_block(p, "sip", take_sip);
}
