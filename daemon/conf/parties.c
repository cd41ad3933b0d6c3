/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/parties.h"

#include "conf/addr.h"
#include "engine/host.h"

static bool owns(const struct span *pattern, uint32_t n, struct span host)
{
	for (uint32_t i = 0; i < n; i++)
		if (host_fits(pattern[i], host))
			return true;
	return false;
}

static bool names(const struct agreed *a, struct span name)
{
	for (uint32_t i = 0; i < a->nsub; i++)
		if (span_eq_nocase(a->sub[i].name, name))
			return true;
	return false;
}

static const struct subprocessor *sub_of(const struct agreed *a,
    struct span host)
{
	for (uint32_t i = 0; i < a->nsub; i++)
		if (owns(a->sub[i].host, a->sub[i].nhost, host))
			return &a->sub[i];
	return NULL;
}

bool parties_known(const struct party *p, const struct agreed *a)
{
	uint32_t n = 0;

	/* A pattern fits itself and those below it. */
	while (n < p->nhost && sub_of(a, p->host[n]) != NULL)
		n++;
	return n == p->nhost || names(a, p->name);
}

bool parties_place(struct span country, const struct agreed *a)
{
	for (uint32_t i = 0; i < a->nplace; i++)
		if (span_eq(a->place[i], country))
			return true;
	return a->nplace == 0;
}

void parties_of(const struct service *s, const struct agreed *a,
    struct span host, struct contact *ret_contact)
{
	const struct party *p = NULL;
	struct span country = s->operator_seat;

	*ret_contact = (struct contact){ .sub = sub_of(a, host) };
	for (uint32_t i = 0; i < s->nparty && p == NULL; i++)
		if (owns(s->party[i].host, s->party[i].nhost, host))
			p = &s->party[i];
	if (p == NULL && a->own)
		return; /* the house itself */
	if (p != NULL) {
		country = p->country;
		if (ret_contact->sub == NULL && !names(a, p->name))
			ret_contact->unknown = p;
	}
	if (!span_eq(country, SPAN("ZZ")) && !parties_place(country, a))
		ret_contact->place = country;
}

bool parties_at(const struct agreed *a, struct span host,
    const struct sockaddr *at)
{
	bool asked = false;

	for (uint32_t i = 0; i < a->nsub; i++) {
		const struct subprocessor *sub = &a->sub[i];

		if (sub->nnet == 0 || !owns(sub->host, sub->nhost, host))
			continue;
		asked = true;
		for (uint32_t k = 0; k < sub->nnet; k++)
			if (addr_in(&sub->net[k], at))
				return true;
	}
	return !asked;
}
