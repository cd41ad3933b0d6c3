/* SPDX-License-Identifier: EUPL-1.2 */
/* parties - who stands behind a contacted host, and does the agreement know of
 * them? Sub-contractors and places of processing that differ from the contract
 * are reported, not refused. Pure. */
#ifndef CONF_PARTIES_H
#define CONF_PARTIES_H

#include "conf/conf.h"

struct contact {
	/* A third party that the agreement names neither so nor by the host. */
	const struct party *unknown;
	/* Its country, or that of the operator, when the agreement has places of
	 * processing and this is none of them; else n is 0. */
	struct span place;
	/* A sub-contractor with this host, for parties_at; or NULL. */
	const struct subprocessor *sub;
};

/* host: lower case. */
void parties_of(const struct service *s, const struct agreed *a,
    struct span host, struct contact *ret_contact);

/* Does an address fit the nets of those sub-contractors that have host? Yes, when
 * they have none. */
bool parties_at(const struct agreed *a, struct span host,
    const struct sockaddr *at);

/* Does the agreement name the party, or all of its hosts? */
bool parties_known(const struct party *p, const struct agreed *a);
/* Is country among the places of processing? Yes, when there are none. */
bool parties_place(struct span country, const struct agreed *a);

#endif
