/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/signer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "main/child.h"
#include "net/clock.h"
#include "net/loop.h"
#include "tls/ca.h"
#include "tls/derive.h"
#include "tls/ratchet.h"

#define WORKERS_MAX 64
#define CHAIN_MAX_BYTES 14000
#define TICK_S 5       /* how late the change of the UTC day may be noticed */
#define DAY_S 86400
#define REFUSED_LOG_S 60

static struct {
	struct imsg_chan *parent;
	struct imsg_chan *worker[WORKERS_MAX];
	struct ca *ca;        /* NULL: none was made yet */
	bool has_chain, has_epoch;
	struct ratchet chain; /* from master.key; open when has_chain */
	struct secret key;    /* of the day, and of tickets */
	uint32_t day;         /* of the clock */
	uint64_t refused, refused_told; /* leafs; logged at most once a minute */
	int64_t told_at;
} s;

#define EPOCH (s.key.p)
#define TICKET (s.key.p + DERIVE_KEY_BYTES)
#define TICKET_BYTES 80
#define KEYS_BYTES (DERIVE_KEY_BYTES + TICKET_BYTES)

static const char *refusal(int err)
{
	switch (-err) {
	case EACCES:
		return "outside-constraints";
	case ETIME:
		return "ca-expired";
	case EINVAL:
		return "bad-name";
	default:
		return "failed";
	}
}

static void count_refused(int err, int64_t now)
{
	if (err == -ENOENT)
		return; /* told at start */
	s.refused++;
	if (s.told_at != 0 && now - s.told_at < REFUSED_LOG_S)
		return;
	log_msg(LEAF_REFUSED, LOG_W(refusal(err)),
	    LOG_N(s.refused - s.refused_told));
	s.refused_told = s.refused;
	s.told_at = now;
}

static void on_ask(struct imsg_chan *c, struct span body)
{
	struct imsg_body answer = { .n = 0 };
	struct buf chain;
	struct span host;
	uint64_t id;
	uint32_t n;
	int err;

	if (!imsg_get_u64(&body, &id) || !imsg_get_u32(&body, &n) ||
	    !imsg_get_span(&body, n, &host))
		return;
	buf_init(&chain, CHAIN_MAX_BYTES);
	err = s.ca == NULL ? -ENOENT :
			     ca_issue(s.ca, host, body, clock_unix_s(), &chain);
	if (err < 0) {
		buf_reset(&chain);
		count_refused(err, clock_unix_s());
	}
	imsg_put_u64(&answer, id);
	imsg_put_u32(&answer, (uint32_t)err);
	imsg_put_u32(&answer, (uint32_t)host.n);
	imsg_put(&answer, host.p, host.n);
	imsg_put(&answer, buf_span(&chain).p, buf_len(&chain));
	(void)imsg_chan_send(c, IMSG_LEAF, imsg_body_span(&answer), -1);
	buf_fini(&chain);
}

static void send_keys(struct imsg_chan *c)
{
	struct imsg_body b = { .n = 0 };

	(void)imsg_chan_send(c, IMSG_TICKET,
	    span_of((char *)TICKET, TICKET_BYTES), -1);
	if (s.has_epoch) {
		imsg_put_u32(&b, s.chain.day);
		imsg_put(&b, EPOCH, DERIVE_KEY_BYTES);
		(void)imsg_chan_send(c, IMSG_EPOCH, imsg_body_span(&b), -1);
		secret_wipe(&b, sizeof b);
	}
}

/* The chain goes on to day, in memory and in the file. 0: there is a key;
 * -ERANGE: the clock cannot be right; or -EIO. */
static int turn_chain(uint32_t day)
{
	int err = ratchet_turn(&s.chain, day), saved;

	if (err == -ETIME) /* its own clock was ahead, or another gateway's */
		log_msg(KEY_AHEAD, LOG_N(s.chain.day - day));
	else if (err == -ERANGE)
		log_msg(CA_MISSING,
		    LOG_T("master.key is over 20 years behind the clock"));
	if (err < 0 && err != -ETIME)
		return err;
	saved = ratchet_save(&s.chain);
	if (saved == 0 && s.day == 0) /* tell at start what will fail later */
		saved = s.chain.no_write;
	if (saved < 0)
		log_msg(KEY_NOT_SAVED, LOG_T(strerror(-saved)));
	return 0;
}

/* The key of the day replaces yesterday's, which is gone then. Without a chain
 * workers get no key, and refuse what would need one. */
static int new_day(uint32_t day)
{
	int err = s.has_chain ? turn_chain(day) : -ERANGE;

	s.day = day;
	s.has_epoch = err == 0;
	if (err == -ERANGE) {
		secret_wipe(EPOCH, DERIVE_KEY_BYTES);
		rnd_bytes(TICKET, TICKET_BYTES);
		return 0;
	}
	if (err == 0)
		err = derive_epoch(s.chain.key.p, s.chain.day, EPOCH);
	if (err == 0)
		err = derive_use(EPOCH, "ticket", SPAN(""), TICKET,
		    TICKET_BYTES);
	return err;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	uint32_t today = (uint32_t)(clock_unix_s() / DAY_S);

	(void)fd, (void)what, (void)arg;
	if (today == s.day)
		return;
	if (new_day(today) < 0)
		_exit(1); /* a new signer tries again */
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (s.worker[i] != NULL)
			send_keys(s.worker[i]);
}

static void on_worker_msg(void *arg, struct imsg *m)
{
	struct imsg_chan **c = arg;

	if (m->type == IMSG_LEAF_ASK)
		on_ask(*c, m->body);
}

static void on_worker_end(void *arg, int err)
{
	struct imsg_chan **c = arg;

	(void)err;
	imsg_chan_free(*c);
	*c = NULL;
}

static const struct imsg_ops worker_ops = { on_worker_msg, on_worker_end };

static void add_worker(struct imsg *m)
{
	struct span body = m->body;
	uint32_t i;

	if (!imsg_get_u32(&body, &i) || i >= WORKERS_MAX)
		return;
	imsg_chan_free(s.worker[i]);
	s.worker[i] = imsg_chan_new(m->fd, &worker_ops, &s.worker[i]);
	m->fd = -1;
	if (s.worker[i] != NULL)
		send_keys(s.worker[i]);
}

static void on_scope(struct span body)
{
	struct imsg_body b = { .n = 0 };
	uint32_t service;
	int err;

	if (!imsg_get_u32(&body, &service))
		return;
	err = s.ca == NULL ? -ENOENT : ca_covers(s.ca, body, clock_unix_s());
	imsg_put_u32(&b, service);
	imsg_put_u32(&b, (uint32_t)err);
	(void)imsg_chan_send(s.parent, IMSG_SCOPED, imsg_body_span(&b), -1);
}

static void on_parent_msg(void *arg, struct imsg *m)
{
	(void)arg;
	if (m->type == IMSG_PING)
		(void)imsg_chan_send(s.parent, IMSG_PONG, m->body, -1);
	else if (m->type == IMSG_WORKER)
		add_worker(m);
	else if (m->type == IMSG_SCOPE)
		on_scope(m->body);
}

static void on_parent_end(void *arg, int err)
{
	(void)arg, (void)err;
	secret_fini(&s.key);
	if (s.has_chain)
		ratchet_close(&s.chain);
	_exit(0);
}

static const struct imsg_ops parent_ops = { on_parent_msg, on_parent_end };

static void open_ca(const char *dir)
{
	char err[200] = "";

	s.ca = ca_open(dir, err);
	if (s.ca == NULL)
		log_msg(CA_MISSING, LOG_T(err));
	s.has_chain = ratchet_open(&s.chain, dir, err) == 0;
	if (!s.has_chain && s.ca != NULL)
		log_msg(CA_MISSING, LOG_T(err));
}

static void tell_parent(void)
{
	struct imsg_body b = { .n = 0 };

	imsg_put_u64(&b, s.ca != NULL ? (uint64_t)ca_expires(s.ca) : 0);
	imsg_put_u32(&b, (uint32_t)(s.ca != NULL ? 0 : -ENOENT));
	(void)imsg_chan_send(s.parent, IMSG_CA, imsg_body_span(&b), -1);
	b.n = 0;
	imsg_put_u32(&b, 0);
	imsg_put_u32(&b, 0);
	(void)imsg_chan_send(s.parent, IMSG_READY, imsg_body_span(&b), -1);
}

int signer_main(const struct child_start *start)
{
	static char mem[IMSG_BODY_MAX + 8];
	const struct timeval tick = { .tv_sec = TICK_S };
	struct event *timer;
	struct imsg m;

	child_next(mem, &m);
	if (m.type != IMSG_GO || secret_init(&s.key, KEYS_BYTES) < 0 ||
	    loop_init() < 0)
		return 1;
	open_ca(start->ca_dir);
	s.parent = imsg_chan_new(CHILD_FD, &parent_ops, NULL);
	timer = event_new(loop_base(), -1, EV_PERSIST, on_tick, NULL);
	if (s.parent == NULL || timer == NULL || event_add(timer, &tick) < 0 ||
	    new_day((uint32_t)(clock_unix_s() / DAY_S)) < 0)
		return 1;
	if (child_sandbox(start) < 0)
		return 1;
	tell_parent();
	loop_run();
	return 1;
}
