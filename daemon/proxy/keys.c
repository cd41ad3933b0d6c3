/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/keys.h"

#include "base/rnd.h"
#include "base/secret.h"
#include "tls/derive.h"

static struct {
	unsigned char epoch[DERIVE_KEY_BYTES];
	unsigned char service[RULE_SERVICES_MAX][DERIVE_KEY_BYTES];
	bool have[RULE_SERVICES_MAX];
	bool ready;
} keys;

void keys_fini(void)
{
	secret_wipe(&keys, sizeof keys);
}

void keys_epoch(uint32_t day, const unsigned char key[32])
{
	(void)day;
	keys_fini();
	memcpy(keys.epoch, key, sizeof keys.epoch);
	keys.ready = true;
}

bool keys_ready(void)
{
	return keys.ready;
}

void keys_prf(const struct service *s, struct span in, unsigned char out[16])
{
	unsigned i = s->index;
	int err = -1;

	rnd_bytes(out, 16); /* should a key fail: unlinkable, never the same */
	if (!keys.ready || i >= RULE_SERVICES_MAX)
		return;
	if (!keys.have[i]) {
		err = derive_use(keys.epoch, "alias", s->id, keys.service[i],
		    sizeof keys.service[i]);
		keys.have[i] = err == 0;
	}
	if (keys.have[i])
		(void)derive_mac(keys.service[i], in, out);
}
