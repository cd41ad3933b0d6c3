/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/contact.h"

#include "conf/conf.h"
#include "conf/parties.h"
#include "engine/match.h"
#include "net/stream.h"
#include "proxy/drift.h"

void contact_made(
    const struct conf *conf, struct span host, const struct stream *server)
{
	struct sockaddr_storage at;
	struct host_match m;
	struct contact c;
	const struct agreed *a;

	if (match_host(conf->rules, host, &m) < 0)
		return;
	a = &conf->service[m.service->index].others;
	parties_of(m.service, a, host, &c);
	if (c.unknown != NULL)
		drift_party(m.service, CARRIER_PARTY, c.unknown->name);
	if (c.place.n > 0)
		drift_party(m.service, CARRIER_PLACE, c.place);
	if (c.sub != NULL && stream_peer(server, &at) == 0 &&
	    !parties_at(a, host, (const struct sockaddr *)&at))
		drift_party(m.service, CARRIER_NET, c.sub->name);
}
