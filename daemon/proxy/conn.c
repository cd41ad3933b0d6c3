/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/stat.h"
#include "conf/conf.h"
#include "proxy/client.h"
#include "proxy/fate.h"
#include "proxy/front.h"
#include "proxy/h1_conn.h"
#include "proxy/h2_conn.h"
#include "proxy/snapshot.h"
#include "proxy/socket.h"
#include "proxy/tunnel.h"

#define CONNS_MAX 65536
#define CONN_LINGER_S 2
#define CONN_REST_S 5

/* Who may follow whom. tests/unit/proxy compares the picture in conn.h. */
static const unsigned follows[CONN_STATES] = {
	[CONN_PEEK] = 1u << CONN_HTTP | 1u << CONN_SHAKE | 1u << CONN_DIAL |
	              1u << CONN_DRAIN | 1u << CONN_DEAD,
	[CONN_DIAL] = 1u << CONN_TUNNEL | 1u << CONN_DRAIN | 1u << CONN_DEAD,
	[CONN_SHAKE] = 1u << CONN_HTTP | 1u << CONN_DEAD,
	[CONN_HTTP] = 1u << CONN_PEEK | 1u << CONN_SOCKET | 1u << CONN_DRAIN |
	              1u << CONN_DEAD,
	[CONN_TUNNEL] = 1u << CONN_DRAIN | 1u << CONN_DEAD,
	[CONN_SOCKET] = 1u << CONN_DRAIN | 1u << CONN_DEAD,
	[CONN_DRAIN] = 1u << CONN_DEAD,
	[CONN_DEAD] = 0,
};

static const char *const word[CONN_STATES] = { "peek", "dial", "shake", "http",
	"tunnel", "socket", "drain", "dead" };

static struct link all[CONN_STATES];
static unsigned count[CONN_STATES];
static struct hash *by_id;
static uint64_t last_id;
static void (*on_last)(void);
static bool draining;

static int make_lists(void)
{
	if (by_id != NULL)
		return 0;
	for (int s = 0; s < CONN_STATES; s++)
		list_init(&all[s]);
	by_id = hash_new(CONNS_MAX);
	return by_id != NULL ? 0 : -ENOMEM;
}

static struct span id_key(const struct conn *c)
{
	return span_of((const char *)&c->id, sizeof c->id);
}

static void on_deadline(void *arg)
{
	struct conn *c = arg;

	switch (c->state) {
	case CONN_PEEK:
		front_timeout(c);
		break;
	case CONN_HTTP:
		if (c->idles) {
			stream_rest(c->client);
			conn_wait(c, c->snap->conf->idle_s - CONN_REST_S);
		} else if (c->h2 != NULL)
			h2_conn_timeout(c->h2);
		else
			h1_conn_timeout(c->h1);
		break;
	case CONN_SHAKE:
		conn_close(c, WHY_TLS_CLIENT);
		break;
	case CONN_DIAL:
		conn_close(c, WHY_CONNECT);
		break;
	case CONN_TUNNEL:
		conn_close(c, WHY_IDLE);
		break;
	case CONN_SOCKET:
		socket_away(c->socket, WHY_IDLE);
		break;
	case CONN_DRAIN:
		conn_close(c, c->why);
		break;
	case CONN_DEAD:
	case CONN_STATES:
		break;
	}
}

struct conn *conn_new(
    int fd, struct snapshot *snap, uint8_t level, struct client_count *from)
{
	struct conn *c = calloc(1, sizeof *c);

	if (c == NULL || make_lists() < 0)
		goto fail;
	c->id = ++last_id;
	if (hash_put(by_id, id_key(c), c) < 0)
		goto fail;
	c->client = stream_new(fd, NULL, NULL);
	if (c->client == NULL) {
		hash_del(by_id, id_key(c));
		goto fail;
	}
	c->snap = snapshot_ref(snap);
	c->level = level;
	c->from = from;
	deadline_init(&c->deadline, on_deadline, c);
	list_add_tail(&all[CONN_PEEK], &c->link);
	count[CONN_PEEK]++;
	stat_add(STAT_CONNECTIONS, 1);
	stat_add(STAT_OPEN, 1);
	conn_wait(c, snap->conf->idle_s);
	return c;
fail:
	free(c);
	close(fd);
	return NULL;
}

static uint32_t wait_of(const struct conn *c)
{
	const struct conf *conf = c->snap->conf;

	switch (c->state) {
	case CONN_PEEK:
		return conf->peek_s;
	case CONN_DIAL:
		return conf->dial_s;
	case CONN_SHAKE:
		return conf->shake_s;
	case CONN_HTTP:
		return conf->idle_s;
	case CONN_TUNNEL:
	case CONN_SOCKET:
		return conf->tunnel_s;
	case CONN_DRAIN:
		return conf->body_s;
	case CONN_DEAD:
	case CONN_STATES:
		break;
	}
	return 0;
}

void conn_enter(struct conn *c, enum conn_state next)
{
	assert(follows[c->state] & 1u << next);
	list_del(&c->link);
	count[c->state]--;
	c->state = next;
	list_add_tail(&all[next], &c->link);
	count[next]++;
	if (next != CONN_DEAD)
		conn_wait(c, wait_of(c));
}

void conn_wait(struct conn *c, uint32_t seconds)
{
	if (c->state == CONN_DEAD) /* its deadline is gone for good */
		return;
	c->idles = false;
	if (deadline_set(&c->deadline, (uint64_t)seconds * 1000) < 0)
		conn_close(c, WHY_MEMORY);
}

void conn_idle(struct conn *c)
{
	uint32_t idle_s = c->snap->conf->idle_s;

	conn_wait(c, idle_s > CONN_REST_S ? CONN_REST_S : idle_s);
	c->idles = c->state != CONN_DEAD && idle_s > CONN_REST_S;
}

static void bury(void *arg)
{
	struct conn *c = arg;
	unsigned left = 0;

	list_del(&c->link);
	count[CONN_DEAD]--;
	snapshot_unref(c->snap);
	free(c);
	for (int s = 0; s < CONN_STATES; s++)
		left += count[s];
	if (on_last != NULL && left == 0)
		on_last();
}

static void free_codec(struct conn *c)
{
	h1_conn_free(c->h1);
	h2_conn_free(c->h2);
	c->h1 = NULL, c->h2 = NULL;
}

void conn_close(struct conn *c, enum why why)
{
	if (c->state == CONN_DEAD)
		return;
	c->why = why;
	conn_enter(c, CONN_DEAD);
	deadline_fini(&c->deadline);
	free_codec(c);
	tunnel_free(c->tunnel);
	c->tunnel = NULL;
	socket_free(c->socket);
	c->socket = NULL;
	stream_close(c->client);
	c->client = NULL;
	hash_del(by_id, id_key(c));
	client_leave(c->from);
	stat_sub(STAT_OPEN, 1);
	if (why_is_error(why) && c->fate.service != NULL)
		stat_service_add(
		    c->fate.service->index, STAT_SERVICE_ERRORS, 1);
	loop_later(&c->later, bury, c);
}

/* All is written. The client still gets time to read it: closing at once with
 * unread input would reset the connection under its feet (RFC 9112, 9.6). */
static void on_drained(void *arg)
{
	conn_wait(arg, CONN_LINGER_S);
}

static void on_drain_read(void *arg)
{
	struct conn *c = arg;

	buf_reset(stream_in(c->client)); /* nothing new is read any more */
}

static void on_drain_end(void *arg, int err)
{
	struct conn *c = arg;

	if (err < 0 || buf_len(stream_out(c->client)) == 0)
		conn_close(c, c->why);
}

static const struct stream_ops drain_ops = {
	.on_read = on_drain_read,
	.on_drain = on_drained,
	.on_end = on_drain_end,
};

void conn_finish(struct conn *c, enum why why)
{
	if (c->state == CONN_DEAD || c->state == CONN_DRAIN)
		return;
	if (c->state == CONN_SHAKE) {
		conn_close(c, why);
		return;
	}
	c->why = why;
	free_codec(c);
	conn_enter(c, CONN_DRAIN);
	if (c->state == CONN_DEAD)
		return;
	stream_set_ops(c->client, &drain_ops, c);
	stream_reading(c->client, true);
	stream_finish(c->client);
	stream_notify_empty(c->client);
}

struct conn *conn_find(uint64_t id)
{
	return by_id != NULL
	           ? hash_get(by_id, span_of((const char *)&id, sizeof id))
	           : NULL;
}

unsigned conn_count(enum conn_state s)
{
	return count[s];
}

const char *conn_state_word(enum conn_state s)
{
	return word[s];
}

static bool is_idle(const struct conn *c)
{
	return c->h2 != NULL ? h2_conn_idle(c->h2)
	                     : c->h1 != NULL && h1_conn_idle(c->h1);
}

static void close_some(enum conn_state s, bool idle_only, enum why why)
{
	if (by_id == NULL)
		return;
	LIST_EACH(l, tmp, &all[s])
	{
		struct conn *c = LIST_ENTRY(l, struct conn, link);

		if (s == CONN_SOCKET && why == WHY_DRAIN)
			socket_away(c->socket, why);
		else if (!idle_only || s == CONN_PEEK)
			conn_close(c, why);
		else if (is_idle(c))
			conn_finish(c, why); /* an answer may still wait */
	}
}

void conn_drain(bool on)
{
	draining = on;
	if (!on)
		return;
	if (by_id != NULL)
		LIST_EACH(l, tmp, &all[CONN_HTTP])
		{
			struct conn *c = LIST_ENTRY(l, struct conn, link);

			if (c->h2 != NULL)
				h2_conn_leave(c->h2);
		}
	conn_close_idle(WHY_DRAIN);
}

bool conn_draining(void)
{
	return draining;
}

void conn_close_idle(enum why why)
{
	close_some(CONN_PEEK, true, why);
	close_some(CONN_HTTP, true, why);
}

void conn_close_all(enum why why)
{
	for (int s = 0; s < CONN_DEAD; s++)
		close_some((enum conn_state)s, false, why);
}

/* A request that is under way ends, too: nobody may have agreed to its content. */
void conn_end_refused(void)
{
	if (by_id == NULL)
		return;
	for (int s = CONN_DIAL; s < CONN_DEAD; s++)
		LIST_EACH(l, tmp, &all[s])
		{
			struct conn *c = LIST_ENTRY(l, struct conn, link);
			enum why why;

			if (c->fate.service == NULL || is_idle(c) ||
			    c->fate.refuse != WHY_DONE ||
			    (s == CONN_DRAIN && c->tunnel == NULL))
				continue;
			why = (c->fate.tunnel ? fate_lasts : fate_today)(
			    c->snap->conf, c->fate.service, c->level);
			if (why == WHY_DONE)
				continue;
			if (c->state == CONN_SOCKET)
				socket_away(c->socket, why);
			else
				conn_close(c, why);
		}
}

void conn_on_last(void (*fn)(void))
{
	on_last = fn;
}
