/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/upstream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/stat.h"
#include "conf/conf.h"
#include "http/uri.h"
#include "net/clock.h"
#include "net/dial.h"
#include "net/loop.h"
#include "proxy/snapshot.h"
#include "tls/channel.h"

#define UPSTREAM_HOSTS_MAX 4096
#define KEY_MAX (URI_HOST_MAX + 4)

/* Idle connections to one server. */
struct pool {
	char key[KEY_MAX]; /* scheme mark, port, host */
	size_t len;
	struct link idle;
	unsigned n;
};

struct upstream {
	struct link in_pool; /* while idle: of pool->idle, newest first */
	struct link by_age;  /* while idle: oldest first */
	struct pool *pool;   /* while idle */
	char key[KEY_MAX];
	size_t key_len;
	struct snapshot *snap;
	struct stream *stream; /* owned */
	struct dial *dial;     /* owned while it dials */
	uint16_t port;
	bool tls, ready, reused;
	uint64_t idle_since_ms;
	const struct upstream_ops *ops;
	void *arg;
	struct loop_later later;
};

static struct hash *pools;
static struct link by_age;
static unsigned idle_count;
static const struct snapshot *pooled_for; /* the one new connections use */
static struct deadline janitor;

static void free_later(void *arg)
{
	struct upstream *u = arg;

	snapshot_unref(u->snap);
	free(u);
}

static void leave_pool(struct upstream *u)
{
	struct pool *p = u->pool;

	if (p == NULL)
		return;
	list_del(&u->in_pool);
	list_del(&u->by_age);
	u->pool = NULL;
	idle_count--;
	if (--p->n == 0) {
		hash_del(pools, span_of(p->key, p->len));
		free(p);
	}
}

void upstream_drop(struct upstream *u)
{
	if (u == NULL)
		return;
	leave_pool(u);
	dial_cancel(u->dial);
	u->dial = NULL;
	stream_close(u->stream);
	u->stream = NULL;
	u->ops = NULL;
	loop_later(&u->later, free_later, u);
}

struct stream *upstream_take(struct upstream *u)
{
	struct stream *s = u->stream;

	u->stream = NULL;
	upstream_drop(u);
	return s;
}

/* An idle server connection must be silent: a byte or an end makes it void. */
static void on_idle_read(void *arg)
{
	upstream_drop(arg);
}

static void on_idle_end(void *arg, int err)
{
	(void)err;
	upstream_drop(arg);
}

static const struct stream_ops idle_ops = {
	.on_read = on_idle_read,
	.on_end = on_idle_end,
};

static void on_janitor(void *arg)
{
	uint64_t now = clock_ms();

	(void)arg;
	LIST_EACH(l, tmp, &by_age)
	{
		struct upstream *u = LIST_ENTRY(l, struct upstream, by_age);
		uint64_t keep = (uint64_t)u->snap->conf->pool_idle_s * 1000;

		if (now - u->idle_since_ms < keep) {
			(void)deadline_set(
			    &janitor, keep - (now - u->idle_since_ms));
			return;
		}
		upstream_drop(u);
	}
}

static int prepare(void)
{
	if (pools != NULL)
		return 0;
	list_init(&by_age);
	deadline_init(&janitor, on_janitor, NULL);
	pools = hash_new(UPSTREAM_HOSTS_MAX);
	return pools != NULL ? 0 : -ENOMEM;
}

static struct pool *pool_of(const struct upstream *u)
{
	struct span key = span_of(u->key, u->key_len);
	struct pool *p = hash_get(pools, key);

	if (p != NULL)
		return p;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	memcpy(p->key, u->key, u->key_len);
	p->len = u->key_len;
	list_init(&p->idle);
	if (hash_put(pools, span_of(p->key, p->len), p) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

void upstream_put(struct upstream *u)
{
	const struct conf *conf = u->snap->conf;
	struct pool *p;

	if (conf->max_pool == 0 || u->snap != pooled_for ||
	    buf_len(stream_in(u->stream)) > 0 ||
	    buf_len(stream_out(u->stream)) > 0) {
		upstream_drop(u);
		return;
	}
	if (idle_count >= conf->max_pool) /* the oldest makes room */
		upstream_drop(LIST_ENTRY(by_age.next, struct upstream, by_age));
	p = pool_of(u);
	if (p == NULL || p->n >= UPSTREAM_POOLED_PER_HOST) {
		upstream_drop(u);
		return;
	}
	u->pool = p;
	u->idle_since_ms = clock_ms();
	list_add(&p->idle, &u->in_pool);
	list_add_tail(&by_age, &u->by_age);
	p->n++;
	idle_count++;
	u->ops = NULL, u->arg = NULL;
	stream_set_ops(u->stream, &idle_ops, u);
	stream_reading(u->stream, true);
	stream_rest(u->stream);
	if (janitor.due_ms == 0)
		(void)deadline_set(
		    &janitor, (uint64_t)conf->pool_idle_s * 1000);
}

static void failed(struct upstream *u, enum why why)
{
	const struct upstream_ops *ops = u->ops;
	void *arg = u->arg;

	upstream_drop(u);
	ops->on_ready(arg, NULL, why);
}

static void on_shaken(void *arg, int err)
{
	struct upstream *u = arg;
	enum why why;

	if (err < 0) {
		why = channel_why(u->stream);
		if (why == WHY_CERT_EXPIRED || why == WHY_CERT_NAME ||
		    why == WHY_CERT_UNKNOWN || why == WHY_CERT_WEAK)
			stat_add(STAT_BAD_CERT, 1);
		failed(u, why);
		return;
	}
	u->ready = true;
	u->ops->on_ready(u->arg, u, WHY_DONE);
}

static void on_early_end(void *arg, int err)
{
	(void)err;
	failed(arg, WHY_TLS_SERVER);
}

static const struct stream_ops shake_ops = {
	.on_ready = on_shaken,
	.on_end = on_early_end,
};

static struct span host_of(const struct upstream *u)
{
	return span_of(u->key + 3, u->key_len - 3);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
	struct upstream *u = arg;

	u->dial = NULL;
	if (err < 0) {
		failed(u, err == -ENOENT ? WHY_RESOLVE : WHY_CONNECT);
		return;
	}
	stat_add(STAT_DIALS, 1);
	u->stream = s;
	stream_set_ops(s, &shake_ops, u);
	if (!u->tls) {
		u->ready = true;
		u->ops->on_ready(u->arg, u, WHY_DONE);
	} else if (channel_connect(s, u->snap->servers, host_of(u), u->port) <
	           0) {
		failed(u, WHY_MEMORY);
	}
}

static struct upstream *from_pool(struct span key, const struct snapshot *snap)
{
	struct upstream *u;
	struct pool *p;

	while (snap == pooled_for && (p = hash_get(pools, key)) != NULL) {
		u = LIST_ENTRY(p->idle.next, struct upstream, in_pool);
		if (!stream_quiet(u->stream)) { /* ended, not told yet */
			upstream_drop(u);
			continue;
		}
		leave_pool(u);
		u->reused = true;
		stat_add(STAT_POOLED, 1);
		return u;
	}
	return NULL;
}

static struct upstream *dial(struct upstream *u, struct snapshot *snap)
{
	const struct conf *conf = snap->conf;

	u->snap = snapshot_ref(snap);
	u->dial = dial_start(host_of(u), u->port,
	    conf_connect(conf, host_of(u), u->port), conf->allow_private,
	    on_dialled, u);
	if (u->dial != NULL)
		return u;
	snapshot_unref(snap);
	free(u);
	return NULL;
}

struct upstream *upstream_get(struct snapshot *snap, struct span host,
    uint16_t port, bool tls, bool fresh, const struct upstream_ops *ops,
    void *arg)
{
	struct upstream *u, *idle;

	if (host.n > URI_HOST_MAX || prepare() < 0 ||
	    (u = calloc(1, sizeof *u)) == NULL)
		return NULL;
	u->key[0] = tls ? 's' : 'p';
	u->key[1] = (char)(port >> 8), u->key[2] = (char)(port & 0xff);
	memcpy(u->key + 3, host.p, host.n);
	u->key_len = host.n + 3;
	idle = fresh ? NULL : from_pool(span_of(u->key, u->key_len), snap);
	if (idle != NULL) {
		free(u);
		u = idle;
		stream_reading(u->stream, false);
	}
	u->port = port, u->tls = tls;
	u->ops = ops, u->arg = arg;
	return idle != NULL ? u : dial(u, snap);
}

bool upstream_ready(const struct upstream *u)
{
	return u->ready;
}

bool upstream_reused(const struct upstream *u)
{
	return u->reused;
}

struct stream *upstream_stream(struct upstream *u)
{
	return u->ready ? u->stream : NULL;
}

void upstream_flush(const struct snapshot *next)
{
	pooled_for = next;
	if (pools == NULL)
		return;
	LIST_EACH(l, tmp, &by_age)
	upstream_drop(LIST_ENTRY(l, struct upstream, by_age));
}

void upstream_fini(void)
{
	upstream_flush(NULL);
	if (pools != NULL)
		deadline_fini(&janitor);
	hash_free(pools);
	pools = NULL;
}
