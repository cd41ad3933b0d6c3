/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define KEY_HOST 3 /* where the host begins */

static struct hash *all;
static struct link lru; /* newest first */

static void forget(struct origin *o)
{
	list_del(&o->lru);
	hash_del(all, span_of(o->key, o->len));
	free(o);
}

/* Make room: the oldest that nobody uses goes. */
static bool has_room(void)
{
	struct link *l;

	if (hash_count(all) < ORIGINS_MAX)
		return true;
	for (l = lru.prev; l != &lru; l = l->prev) {
		struct origin *o = LIST_ENTRY(l, struct origin, lru);

		if (o->refs == 0) {
			forget(o);
			return true;
		}
	}
	return false;
}

static struct origin *make(struct span key)
{
	struct origin *o = has_room() ? calloc(1, sizeof *o) : NULL;

	if (o == NULL)
		return NULL;
	memcpy(o->key, key.p, key.n);
	o->len = key.n;
	list_init(&o->idle);
	list_init(&o->shared);
	o->grants = 1; /* until SETTINGS say more */
	list_add(&lru, &o->lru);
	if (hash_put(all, span_of(o->key, o->len), o) < 0) {
		list_del(&o->lru);
		free(o);
		return NULL;
	}
	return o;
}

struct origin *origin_get(struct span host, uint16_t port, bool tls)
{
	char key[URI_HOST_MAX + KEY_HOST];
	struct origin *o;

	if (host.n > URI_HOST_MAX)
		return NULL;
	if (all == NULL) {
		list_init(&lru);
		all = hash_new(ORIGINS_MAX);
		if (all == NULL)
			return NULL;
	}
	key[0] = tls ? 's' : 'p';
	key[1] = (char)(port >> 8), key[2] = (char)(port & 0xff);
	memcpy(key + KEY_HOST, host.p, host.n);
	o = hash_get(all, span_of(key, host.n + KEY_HOST));
	if (o == NULL && (o = make(span_of(key, host.n + KEY_HOST))) == NULL)
		return NULL;
	o->tls = tls, o->port = port;
	o->refs++;
	list_del(&o->lru);
	list_add(&lru, &o->lru);
	return o;
}

void origin_unref(struct origin *o)
{
	o->refs--;
}

struct span origin_host(const struct origin *o)
{
	return span_of(o->key + KEY_HOST, o->len - KEY_HOST);
}

void origin_fini(void)
{
	if (all == NULL)
		return;
	LIST_EACH(l, tmp, &lru)
	forget(LIST_ENTRY(l, struct origin, lru));
	hash_free(all);
	all = NULL;
}
