/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/leaf_wait.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "proxy/front.h"

struct question {
	char host[URI_HOST_MAX];
	size_t len;
	unsigned n;
	uint64_t conn_id[LEAF_WAITERS_MAX];
};

static const struct proxy_hooks *hooks;
static struct hash *asked;
static uint64_t last_id;

void leaf_wait_init(const struct proxy_hooks *h)
{
	hooks = h;
	asked = hash_new(LEAF_WAIT_MAX);
}

static int free_one(struct span key, void *value, void *arg)
{
	(void)key, (void)arg;
	free(value);
	return 0;
}

void leaf_wait_fini(void)
{
	if (asked != NULL)
		hash_each(asked, free_one, NULL);
	hash_free(asked);
	asked = NULL;
}

static struct question *ask(struct span host, int *ret_err)
{
	struct question *q = calloc(1, sizeof *q);

	*ret_err = -ENOMEM;
	if (q == NULL || host.n > sizeof q->host)
		goto fail;
	memcpy(q->host, host.p, host.n);
	q->len = host.n;
	*ret_err = hash_put(asked, span_of(q->host, q->len), q);
	if (*ret_err < 0)
		goto fail;
	*ret_err = hooks->ask_leaf(hooks->arg, ++last_id, host);
	if (*ret_err < 0) {
		hash_del(asked, span_of(q->host, q->len));
		goto fail;
	}
	return q;
fail:
	free(q);
	return NULL;
}

int leaf_wait_ask(uint64_t conn_id, struct span host)
{
	struct question *q;
	int err = -ENOMEM;

	if (asked == NULL)
		return -ENOMEM;
	q = hash_get(asked, host);
	if (q == NULL && (q = ask(host, &err)) == NULL)
		return err;
	if (q->n == LEAF_WAITERS_MAX)
		return -ENOBUFS;
	q->conn_id[q->n++] = conn_id;
	return 0;
}

void leaf_wait_answer(struct span host, int err)
{
	struct question *q = asked != NULL ? hash_del(asked, host) : NULL;
	struct conn *c;

	for (unsigned i = 0; q != NULL && i < q->n; i++)
		if ((c = conn_find(q->conn_id[i])) != NULL && c->waits_leaf)
			front_leaf(c, err);
	free(q);
}

static int first_key(struct span key, void *value, void *arg)
{
	(void)value;
	*(struct span *)arg = key;
	return 1;
}

void leaf_wait_lost(void)
{
	char host[URI_HOST_MAX];
	struct span key;

	while (asked != NULL && hash_each(asked, first_key, &key) != 0) {
		memcpy(host, key.p, key.n);
		leaf_wait_answer(span_of(host, key.n), -EPIPE);
	}
}
