/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/snapshot.h"

#include <stdlib.h>

#include "conf/conf.h"
#include "tls/channel.h"

struct snapshot *snapshot_new(struct conf *conf)
{
	struct snapshot *s = calloc(1, sizeof *s);
	enum tls_profile profile;

	if (s == NULL || tls_profile_parse(conf->tls_profile, &profile) < 0)
		goto fail;
	s->servers = servers_new_pem(profile, conf->trust_pem);
	if (s->servers == NULL)
		goto fail;
	s->refs = 1;
	s->conf = conf_ref(conf);
	return s;
fail:
	free(s);
	return NULL;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
	s->refs++;
	return s;
}

void snapshot_unref(struct snapshot *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	servers_free(s->servers);
	conf_unref(s->conf);
	free(s);
}
