/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/proxy.h"

#include <errno.h>
#include <unistd.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "proxy/client.h"
#include "proxy/conn.h"
#include "proxy/drift.h"
#include "proxy/fate.h"
#include "proxy/front.h"
#include "proxy/keys.h"
#include "proxy/leaf_wait.h"
#include "proxy/server.h"
#include "proxy/snapshot.h"
#include "tls/leaf.h"

static const struct proxy_hooks *hooks;
static struct snapshot *now; /* for new connections */
static struct deadline drain;

static void tell_drained(void)
{
	if (conn_draining())
		hooks->drained(hooks->arg);
}

static void on_drain_limit(void *arg)
{
	(void)arg;
	conn_close_all(WHY_DRAIN);
	if (proxy_open() == 0)
		tell_drained();
}

int proxy_init(const struct proxy_hooks *h)
{
	hooks = h;
	leaf_wait_init(h);
	deadline_init(&drain, on_drain_limit, NULL);
	return 0;
}

void proxy_fini(void)
{
	conn_on_last(NULL);
	conn_close_all(WHY_KILLED);
	conn_drain(false);
	leaf_wait_fini();
	server_fini();
	deadline_fini(&drain);
	keys_fini();
	fate_rules(NULL);
	snapshot_unref(now);
	now = NULL;
}

int proxy_use(struct conf *c)
{
	struct snapshot *next = snapshot_new(c);

	if (next == NULL)
		return -EINVAL;
	server_flush_idle(
	    next); /* what was checked against the old trust store */
	snapshot_unref(now);
	now = next;
	fate_rules(c);
	drift_rules(c);
	conn_end_refused();
	return 0;
}

void proxy_epoch(uint32_t day, const unsigned char key[32])
{
	keys_epoch(day, key);
}

void proxy_accept(int fd, const struct sockaddr *from)
{
	const struct conf_net *net =
	    now != NULL ? conf_client(now->conf, from) : NULL;
	struct client_count *client;
	struct conn *c;

	if (net == NULL || conn_draining()) {
		stat_add(STAT_NOT_ALLOWED, 1);
		close(fd);
		return;
	}
	client = proxy_open() < now->conf->max_connections
	             ? client_enter(from, now->conf->max_per_client)
	             : NULL;
	if (client == NULL) {
		stat_add(STAT_LIMITS, 1);
		close(fd);
		return;
	}
	c = conn_new(fd, now, net->level, client);
	if (c == NULL)
		client_leave(client);
	else
		front_start(c);
}

void proxy_leaf(uint64_t id, struct span host, int err, struct span chain_der)
{
	(void)id; /* one question per host at a time: the host tells */
	if (err == 0) {
		err = leaf_put(host, chain_der);
		stat_add(STAT_LEAFS, 1);
	}
	leaf_wait_answer(host, err);
}

void proxy_signer_lost(void)
{
	leaf_wait_lost();
}

void proxy_drain(unsigned limit_s)
{
	conn_on_last(tell_drained);
	conn_drain(true);
	if (proxy_open() == 0 && conn_count(CONN_DEAD) == 0)
		tell_drained();
	else
		(void)deadline_set(&drain, (uint64_t)limit_s * 1000);
}

unsigned proxy_open(void)
{
	unsigned n = 0;

	for (int s = 0; s < CONN_DEAD; s++)
		n += conn_count((enum conn_state)s);
	return n;
}
