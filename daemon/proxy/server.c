/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "http/h2.h"
#include "net/clock.h"
#include "net/dial.h"
#include "proxy/contact.h"
#include "proxy/origin.h"
#include "proxy/snapshot.h"
#include "proxy/upstream_int.h"
#include "tls/channel.h"

/* One that was used so short ago is not asked whether it still lives. */
#define SERVER_FRESH_MS 20
/* So many idle connections keep the buffers of their TLS. */
#define SERVERS_WARM_MAX 32

static struct link by_age; /* idle ones, oldest first */
static unsigned idle_count;
static const struct snapshot *pooled_for; /* the one new connections use */
static struct deadline janitor;
static bool prepared;

static void on_janitor(void *arg);

static void prepare(void)
{
	if (prepared)
		return;
	list_init(&by_age);
	deadline_init(&janitor, on_janitor, NULL);
	prepared = true;
}

static void free_later(void *arg)
{
	struct server *s = arg;

	h2_free(s->h2);
	snapshot_unref(s->snap);
	free(s);
}

/* It is not idle any more. */
static void wake(struct server *s)
{
	if (!s->idle)
		return;
	s->idle = false;
	list_del(&s->by_age);
	idle_count--;
}

static void leave_origin(struct server *s)
{
	struct origin *o = s->origin;

	wake(s);
	if (!list_empty(&s->in_origin)) {
		list_del(&s->in_origin);
		if (s->state == SERVER_H1)
			o->nidle--;
	}
	if (o->first == s)
		o->first = NULL;
}

void server_close(struct server *s)
{
	if (s->state == SERVER_DEAD)
		return;
	leave_origin(s);
	s->state = SERVER_DEAD;
	origin_unref(s->origin);
	s->origin = NULL;
	dial_cancel(s->dial);
	s->dial = NULL;
	if (s->h2 != NULL) {
		loop_soon_cancel(&s->soon);
		h2_stop(s->h2);
	}
	stream_close(s->stream);
	s->stream = NULL;
	loop_later(&s->later, free_later, s);
}

static void on_janitor(void *arg)
{
	uint64_t now = clock_ms();

	(void)arg;
	LIST_EACH(l, tmp, &by_age)
	{
		struct server *s = LIST_ENTRY(l, struct server, by_age);
		uint64_t keep = (uint64_t)s->snap->conf->pool_idle_s * 1000;

		if (now - s->idle_since_ms < keep) {
			(void)deadline_set(
			    &janitor, keep - (now - s->idle_since_ms));
			return;
		}
		server_close(s);
	}
}

/* An idle HTTP/1.1 connection must be silent: a byte or an end makes it void.
 */
static void on_idle_read(void *arg)
{
	server_close(arg);
}

static void on_idle_end(void *arg, int err)
{
	(void)err;
	server_close(arg);
}

static const struct stream_ops idle_ops = {
	.on_read = on_idle_read,
	.on_end = on_idle_end,
};

static void note_idle(struct server *s)
{
	s->idle = true;
	s->idle_since_ms = clock_ms();
	list_add_tail(&by_age, &s->by_age);
	idle_count++;
	if (janitor.due_ms == 0)
		(void)deadline_set(
		    &janitor, (uint64_t)s->snap->conf->pool_idle_s * 1000);
}

void server_rest(struct server *s)
{
	const struct conf *conf = s->snap->conf;

	if (conf->max_pool == 0 || s->snap != pooled_for ||
	    (s->state == SERVER_H1 &&
	        (buf_len(stream_in(s->stream)) > 0 ||
	            buf_len(stream_out(s->stream)) > 0 ||
	            s->origin->nidle >= ORIGIN_IDLE_MAX))) {
		server_close(s);
		return;
	}
	if (idle_count >= conf->max_pool) /* the oldest makes room */
		server_close(LIST_ENTRY(by_age.next, struct server, by_age));
	if (s->state == SERVER_H1) {
		list_add(&s->origin->idle, &s->in_origin);
		s->origin->nidle++;
		stream_set_ops(s->stream, &idle_ops, s);
		stream_reading(s->stream, true);
		if (idle_count >= SERVERS_WARM_MAX)
			stream_rest(s->stream);
	}
	note_idle(s);
}

/* ---- dialling ---- */

static struct upstream *first_waiting(struct server *s)
{
	return LIST_ENTRY(s->waiting.next, struct upstream, link);
}

static void wait_for(struct upstream *u, struct server *s)
{
	u->server = s;
	list_del(&u->link);
	list_add_tail(&s->waiting, &u->link);
}

/* None of those who waited gets a connection. One that is told may take others
 * with it. */
static void turn_away(struct server *s, enum why why)
{
	while (!list_empty(&s->waiting)) {
		struct upstream *u = first_waiting(s);

		upstream_clear(u);
		u->ops->on_ready(u->arg, why);
	}
}

static void failed(struct server *s, enum why why)
{
	server_close(s);
	turn_away(s, why);
}

static struct server *dial(struct origin *o, struct snapshot *snap, bool h1);
static struct server *dial_first(
    struct origin *o, struct snapshot *snap, bool h1);

/* One that waited has to look for another connection. */
static void dial_for(struct upstream *u, const struct server *than)
{
	struct server *s = dial(than->origin, than->snap, true);

	if (s != NULL) {
		wait_for(u, s);
		return;
	}
	upstream_clear(u);
	u->ops->on_ready(u->arg, WHY_MEMORY);
}

/* It is for the first who waited, all others dial their own. */
static void ready_h1(struct server *s)
{
	struct upstream *u = first_waiting(s);

	s->state = SERVER_H1;
	while (s->waiting.next != s->waiting.prev)
		dial_for(LIST_ENTRY(s->waiting.prev, struct upstream, link), s);
	if (s->state == SERVER_DEAD)
		return;
	if (list_empty(&s->waiting)) { /* another took it with it */
		server_rest(s);
		return;
	}
	upstream_h1_join(u, s);
	u->ops->on_ready(u->arg, WHY_DONE);
}

/* ---- who waits for a shared connection ---- */

/* May new requests use it, now or when it has room? */
static bool is_usable(const struct server *s, const struct snapshot *snap)
{
	return s->snap == snap && !s->suspect && !h2_leaving(s->h2);
}

/* How many there are but one. Those of old rules and those that are left do not
 * count: what still goes on over them may last. */
static unsigned count_usable(const struct origin *o,
    const struct snapshot *snap, const struct server *but)
{
	unsigned n = 0;

	LIST_EACH(l, tmp, &o->shared)
	{
		struct server *s = LIST_ENTRY(l, struct server, in_origin);

		n += s != but && is_usable(s, snap);
	}
	return n;
}

/* A shared connection that may have room soon: its SETTINGS are still to come,
 * or there are no more connections than it and its like. */
static struct server *find_busy(struct origin *o, const struct snapshot *snap)
{
	bool enough = count_usable(o, snap, NULL) >= ORIGIN_SHARED_MAX;

	LIST_EACH(l, tmp, &o->shared)
	{
		struct server *s = LIST_ENTRY(l, struct server, in_origin);

		if (is_usable(s, snap) && (enough || !h2_settled(s->h2)))
			return s;
	}
	return NULL;
}

/* Somebody who waits for s, or else for another connection to its server. */
static struct upstream *next_waiting(const struct server *s)
{
	if (!list_empty(&s->waiting))
		return LIST_ENTRY(s->waiting.next, struct upstream, link);
	LIST_EACH(l, tmp, &s->origin->shared)
	{
		struct server *other = LIST_ENTRY(l, struct server, in_origin);

		if (other->snap == s->snap && !list_empty(&other->waiting))
			return first_waiting(other);
	}
	return NULL;
}

/* Who waits for s waits for a further connection, if there may be one. */
static void spread(struct server *s, bool leaving)
{
	unsigned n = leaving ? 0 : 1;
	struct server *to = NULL;

	if (list_empty(&s->waiting))
		return;
	n += count_usable(s->origin, s->snap, s);
	if (n < ORIGIN_SHARED_MAX)
		to = dial_first(s->origin, s->snap, false);
	while (to != NULL && !list_empty(&s->waiting))
		wait_for(first_waiting(s), to);
}

void server_serve(struct server *s)
{
	struct upstream *u;

	while (s->state == SERVER_H2 && upstream_h2_room(s) &&
	       (u = next_waiting(s)) != NULL) {
		wake(s);
		upstream_h2_join(u, s);
		u->ops->on_ready(u->arg, WHY_DONE);
	}
	if (s->state == SERVER_H2 && h2_settled(s->h2))
		spread(s, false);
}

/* A connection that carried nothing is no reason to try again. */
void server_leave(struct server *s)
{
	if (s->carried)
		spread(s, true);
	turn_away(s, WHY_SERVER_GONE);
}

static void ready_h2(struct server *s)
{
	struct origin *o = s->origin;
	struct server *to;

	if (count_usable(o, s->snap, NULL) >= ORIGIN_SHARED_MAX) {
		to = find_busy(o, s->snap);
		while (!list_empty(&s->waiting))
			wait_for(first_waiting(s), to);
		server_close(s);
		server_serve(to);
		return;
	}
	s->state = SERVER_H2;
	if (upstream_h2_begin(s) < 0) {
		failed(s, WHY_MEMORY);
		return;
	}
	list_add(&o->shared, &s->in_origin);
	server_serve(s);
	if (s->state == SERVER_H2 && list_empty(&s->legs) &&
	    list_empty(&s->waiting) && !s->idle)
		server_rest(s);
}

static void ready(struct server *s)
{
	struct origin *o = s->origin;
	bool h2 = !s->h1_only && o->tls &&
	          span_eq(channel_alpn(s->stream), SPAN("h2"));

	if (o->first == s)
		o->first = NULL;
	if (!s->h1_only)
		o->speaks = h2 ? SPEAKS_H2 : SPEAKS_H1;
	if (h2)
		ready_h2(s);
	else
		ready_h1(s);
}

static void on_shaken(void *arg, int err)
{
	struct server *s = arg;
	enum why why;

	if (err == 0) {
		ready(s);
		return;
	}
	why = channel_why(s->stream);
	if (why == WHY_CERT_EXPIRED || why == WHY_CERT_NAME ||
	    why == WHY_CERT_UNKNOWN || why == WHY_CERT_WEAK)
		stat_add(STAT_BAD_CERT, 1);
	failed(s, why);
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

static void on_dialled(void *arg, int err, struct stream *stream)
{
	struct server *s = arg;

	s->dial = NULL;
	if (err < 0) {
		failed(s, err == -ENOENT ? WHY_RESOLVE : WHY_CONNECT);
		return;
	}
	stat_add(STAT_DIALS, 1);
	s->stream = stream;
	contact_made(s->snap->conf, origin_host(s->origin), stream);
	stream_set_ops(stream, &shake_ops, s);
	if (!s->origin->tls)
		ready(s);
	else if (channel_connect(stream, s->snap->servers,
	             origin_host(s->origin), s->origin->port,
	             s->h1_only ? TLS_ALPN_H1 : TLS_ALPN_BEST) < 0)
		failed(s, WHY_MEMORY);
}

static struct server *dial(struct origin *o, struct snapshot *snap, bool h1)
{
	struct server *s = calloc(1, sizeof *s);
	struct span host = origin_host(o);

	if (s == NULL)
		return NULL;
	s->dial =
	    dial_start(host, o->port, conf_connect(snap->conf, host, o->port),
	        snap->conf->allow_private, on_dialled, s);
	if (s->dial == NULL) {
		free(s);
		return NULL;
	}
	s->snap = snapshot_ref(snap);
	s->origin = o;
	o->refs++;
	s->h1_only = h1;
	list_init(&s->legs);
	list_init(&s->waiting);
	list_init(&s->in_origin);
	list_init(&s->by_age);
	return s;
}

/* ---- finding ---- */

static struct server *find_idle(struct origin *o, const struct snapshot *snap)
{
	while (snap == pooled_for && !list_empty(&o->idle)) {
		struct server *s =
		    LIST_ENTRY(o->idle.next, struct server, in_origin);

		if (clock_ms() - s->idle_since_ms > SERVER_FRESH_MS &&
		    !stream_quiet(s->stream)) { /* ended, not told yet */
			server_close(s);
			continue;
		}
		leave_origin(s);
		stream_reading(s->stream, false);
		return s;
	}
	return NULL;
}

static struct server *find_shared(struct origin *o, const struct snapshot *snap)
{
	LIST_EACH(l, tmp, &o->shared)
	{
		struct server *s = LIST_ENTRY(l, struct server, in_origin);

		if (s->snap == snap && upstream_h2_room(s))
			return s;
	}
	return NULL;
}

static void use(struct upstream *u, struct server *s)
{
	stat_add(STAT_POOLED, 1);
	wake(s);
	s->reused = true;
	if (s->state == SERVER_H2)
		upstream_h2_join(u, s);
	else
		upstream_h1_join(u, s);
}

/* Others wait until it is known what the server speaks: what it speaks over
 * HTTP/2 needs no second connection. */
static bool may_wait(const struct origin *o, const struct snapshot *snap)
{
	return o->first != NULL && o->first->snap == snap &&
	       o->speaks != SPEAKS_H1;
}

static struct server *dial_first(
    struct origin *o, struct snapshot *snap, bool h1)
{
	struct server *s;

	if (!h1 && may_wait(o, snap))
		return o->first;
	s = dial(o, snap, h1);
	if (s != NULL && !h1 && o->first == NULL && o->tls)
		o->first = s;
	return s;
}

int server_get(
    struct upstream *u, struct snapshot *snap, const struct upstream_to *to)
{
	struct origin *o = origin_get(to->host, to->port, to->tls);
	struct server *s = NULL;

	if (o == NULL)
		return -ENOMEM;
	if (!to->fresh && !to->h1)
		s = find_shared(o, snap);
	if (!to->fresh && s == NULL)
		s = find_idle(o, snap);
	if (s != NULL) {
		origin_unref(o);
		use(u, s);
		return 0;
	}
	if (!to->fresh && !to->h1)
		s = find_busy(o, snap);
	if (s == NULL)
		s = dial_first(o, snap, to->h1);
	if (s != NULL)
		wait_for(u, s);
	origin_unref(o);
	return s != NULL ? 0 : -ENOMEM;
}

void server_left(struct server *s)
{
	if (!list_empty(&s->waiting))
		return;
	if (s->state == SERVER_DIALS)
		server_close(s);
	else if (s->state == SERVER_H2) /* perhaps nobody is left */
		loop_soon(&s->soon);
}

void server_suspect(struct server *s)
{
	if (s->origin != NULL && s->origin->first == s)
		s->origin->first = NULL;
	if (s->state == SERVER_H2 && !h2_settled(s->h2))
		s->suspect = true;
}

void server_flush_idle(const struct snapshot *next)
{
	prepare();
	pooled_for = next;
	LIST_EACH(l, tmp, &by_age)
	server_close(LIST_ENTRY(l, struct server, by_age));
}

void server_fini(void)
{
	if (!prepared)
		return;
	server_flush_idle(NULL);
	deadline_fini(&janitor);
	prepared = false;
	origin_fini();
}
