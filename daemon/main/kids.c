/* SPDX-License-Identifier: EUPL-1.2 */
/* The parent's children: start, messages, signs of life, death, replacement. */
#include "main/parent_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "main/castamp.h"
#include "net/clock.h"
#include "net/loop.h"

#define RESTART_REST_MS 1000 /* between two starts during an alarm */
#define DRAIN_GRACE_MS 2000  /* after the limit workers are killed */
#define FILES_SPARE 256

/* End it at once: without its channel it exits, and should it hang, the signal
 * ends it, for which a parent with few rights may lack the permission. The
 * replacement follows when the kernel reports the end. */
static void stop(struct kid *k)
{
	imsg_chan_free(k->chan);
	k->chan = NULL;
	if (k->pid > 0)
		(void)kill(k->pid, SIGKILL);
}

/* It ends, or it spoke against the table: then it must not go on. */
static void on_end(void *arg, int err)
{
	struct kid *k = arg;

	if (err != -EPIPE)
		stop(k);
	imsg_chan_free(k->chan);
	k->chan = NULL;
}

static void on_log(struct span body)
{
	uint32_t severity;
	char line[1100];

	if (!imsg_get_u32(&body, &severity) || severity > 7 ||
	    body.n >= sizeof line)
		return;
	for (size_t i = 0; i < body.n; i++)
		line[i] = body.p[i] >= ' ' && body.p[i] <= '~' ? body.p[i] : '?';
	line[body.n] = '\0';
	log_relay((int)severity, line);
}

static void on_ready(struct kid *k, struct span body)
{
	uint32_t generation, err;

	if (!imsg_get_u32(&body, &generation) || !imsg_get_u32(&body, &err))
		return;
	if (!k->ready && k->role == PRIV_WORKER)
		log_msg(WORKER_STARTED, LOG_N(k->index + 1));
	else if (!k->ready)
		log_plain(SIGNER_STARTED);
	k->generation = generation;
	k->ready = k->ready || (int)err == 0;
	if (k->role == PRIV_WORKER)
		rules_progress(k->parent, k, (int)err);
	if ((int)err < 0)
		parent_fail(k->parent, "a worker refuses the configuration");
	parent_progress(k->parent);
}

static void on_ca(struct parent *p, struct span body)
{
	uint64_t expires;

	if (!imsg_get_u64(&body, &expires))
		return;
	p->ca_expires = (int64_t)expires;
	if (p->state == RUNNING)
		rules_tell(p);
}

static void on_scoped(struct parent *p, struct span body)
{
	uint32_t service, err;
	const struct conf *c = p->now.conf;

	if (!imsg_get_u32(&body, &service) || !imsg_get_u32(&body, &err) ||
	    (int)err != -EACCES || service >= STAT_SERVICES_MAX ||
	    p->scope_told[service])
		return;
	p->scope_told[service] = true;
	for (size_t i = 0; i < ruleset_count(c->rules); i++) {
		const struct service *s = ruleset_at(c->rules, i);
		char id[41];

		snprintf(id, sizeof id, "%.*s", SPAN_ARG(s->id));
		if (s->index == service)
			log_msg(CA_OUT_OF_SCOPE, LOG_W(id));
	}
}

static void on_msg(void *arg, struct imsg *m)
{
	struct kid *k = arg;
	bool signer = k->role == PRIV_SIGNER;

	k->pong_ms = clock_ms();
	if (m->type == IMSG_LOG)
		on_log(m->body);
	else if (m->type == IMSG_READY)
		on_ready(k, m->body);
	else if (m->type == IMSG_CA && signer)
		on_ca(k->parent, m->body);
	else if (m->type == IMSG_SCOPED && signer)
		on_scoped(k->parent, m->body);
}

static const struct imsg_ops ops = { on_msg, on_end };

/* Signer and worker talk to each other without the parent. */
static void join(struct parent *p, struct kid *w)
{
	struct imsg_body b = { .n = 0 };
	int fd[2];

	if (p->signer.chan == NULL || w->chan == NULL || imsg_pair(fd) < 0)
		return;
	imsg_put_u32(&b, w->index);
	if (imsg_chan_send(p->signer.chan, IMSG_WORKER, imsg_body_span(&b),
		fd[0]) == 0)
		(void)imsg_chan_send(w->chan, IMSG_SIGNER, SPAN(""), fd[1]);
	close(fd[0]);
	close(fd[1]);
}

static void send_start(struct kid *k)
{
	const struct parent *p = k->parent;
	const struct conf *c = p->now.conf;
	struct child_start s;

	memset(&s, 0, sizeof s);
	s.role = k->role;
	s.index = k->index;
	s.ids = k->role == PRIV_WORKER ? p->worker_ids : p->signer_ids;
	/* A tunnel needs two sockets and two pipes. */
	s.files = c->max_connections * 6 + c->max_pool + FILES_SPARE;
	if (k->role == PRIV_SIGNER)
		snprintf(s.ca_dir, sizeof s.ca_dir, "%s", c->ca_dir);
	(void)imsg_chan_send(k->chan, IMSG_START,
	    span_of((const char *)&s, sizeof s), -1);
}

static void send_orders(struct kid *k)
{
	struct parent *p = k->parent;

	send_start(k);
	if (k->role == PRIV_WORKER) {
		(void)imsg_chan_send(k->chan, IMSG_STAT, SPAN(""), k->stat_fd);
		(void)imsg_chan_send(
		    k->chan, IMSG_FIGURES, SPAN(""), p->figures_fd);
		rules_send(k, &p->now);
		for (unsigned i = 0; i < p->nlisten; i++)
			(void)imsg_chan_send(k->chan, IMSG_LISTENER, SPAN(""),
			    p->listening[i].fd[k->index]);
	}
	(void)imsg_chan_send(k->chan, IMSG_GO, SPAN(""), -1);
	if (k->role == PRIV_WORKER)
		join(p, k);
	else
		for (unsigned i = 0; i < p->nworker; i++)
			join(p, &p->worker[i]);
}

static int start(struct kid *k)
{
	int fd, err;

	k->ready = k->asked_to_end = false;
	k->generation = 0;
	k->again_ms = 0;
	k->pong_ms = clock_ms();
	if (k->role == PRIV_SIGNER)
		k->parent->ca_stamp = castamp(k->parent->now.conf->ca_dir);
	err = child_spawn(k->role, k->index, k->parent->opt->foreground,
	    &k->pid, &fd);
	if (err == 0) {
		k->chan = imsg_chan_new(fd, &ops, k);
		if (k->chan == NULL)
			(void)kill(k->pid, SIGKILL);
		else
			send_orders(k);
	} else {
		k->pid = 0;
		k->again_ms = clock_ms() + RESTART_REST_MS;
	}
	return err;
}

int kids_init(struct parent *p)
{
	p->signer = (struct kid){ .parent = p,
		.role = PRIV_SIGNER,
		.stat_fd = -1 };
	for (unsigned i = 0; i < p->nworker; i++) {
		struct kid *k = &p->worker[i];

		*k = (struct kid){ .parent = p, .role = PRIV_WORKER, .index = i };
		k->stat_fd = memfd_create("stat", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (k->stat_fd < 0 ||
		    ftruncate(k->stat_fd, sizeof *k->page) < 0 ||
		    fcntl(k->stat_fd, F_ADD_SEALS,
			F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
			return -errno;
		k->page = mmap(NULL, sizeof *k->page,
		    PROT_READ | PROT_WRITE, MAP_SHARED, k->stat_fd, 0);
		if (k->page == MAP_FAILED)
			return -errno;
	}
	return 0;
}

int kids_start(struct parent *p)
{
	int err = start(&p->signer);

	for (unsigned i = 0; i < p->nworker && err == 0; i++)
		err = start(&p->worker[i]);
	return err;
}

/* What a dead worker counted stays; what it held open is gone. */
static void keep_counters(struct kid *k)
{
	struct parent *p = k->parent;

	stat_sum(&p->gone, &k->page->stat);
	p->gone.all[STAT_OPEN] = 0;
	memset(&k->page->stat, 0, sizeof k->page->stat);
	drift_merge(&p->drift_gone, &k->page->drift);
	drift_clear(&k->page->drift);
}

/* When may a worker be started again? At once, but during an alarm only one
 * each second. */
static uint64_t next_start(struct parent *p, uint64_t now_ms)
{
	uint64_t oldest;

	p->death_ms[p->deaths++ % DEATHS_ALARM] = now_ms;
	if (p->deaths < DEATHS_ALARM)
		return now_ms;
	oldest = p->death_ms[p->deaths % DEATHS_ALARM];
	if (now_ms - oldest > DEATHS_WITHIN_MS)
		return now_ms;
	if (p->alarm_ms == 0 || now_ms - p->alarm_ms > DEATHS_WITHIN_MS) {
		log_msg(WORKER_ALARM, LOG_N(DEATHS_ALARM),
		    LOG_N(DEATHS_WITHIN_MS / 1000));
		p->alarm_ms = now_ms;
	}
	return now_ms + RESTART_REST_MS;
}

static void died(struct kid *k, int status)
{
	struct parent *p = k->parent;
	uint64_t now_ms = clock_ms(), again_ms = now_ms;
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	k->pid = 0;
	imsg_chan_free(k->chan);
	k->chan = NULL;
	if (k->role == PRIV_WORKER)
		keep_counters(k);
	if (p->state == STARTING)
		parent_fail(p, k->role == PRIV_WORKER ? "a worker has ended" :
							"the signer has ended");
	if (p->state != RUNNING) {
		parent_progress(p);
		return;
	}
	if (k->role == PRIV_WORKER) {
		log_msg(WORKER_DIED, LOG_N(k->index + 1), LOG_N(sig));
		again_ms = next_start(p, now_ms);
	} else if (!k->asked_to_end) {
		log_msg(SIGNER_DIED, LOG_N(sig));
		if (!k->ready)
			again_ms = now_ms + RESTART_REST_MS;
	}
	k->again_ms = again_ms;
	if (again_ms <= now_ms)
		(void)start(k);
}

void kids_reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->signer.pid)
			died(&p->signer, status);
		for (unsigned i = 0; i < p->nworker; i++)
			if (pid == p->worker[i].pid) {
				died(&p->worker[i], status);
				break;
			}
	}
}

static void look_after(struct kid *k, uint64_t now_ms)
{
	struct imsg_body b = { .n = 0 };

	if (k->pid == 0) {
		if (k->again_ms != 0 && k->again_ms <= now_ms)
			(void)start(k);
		return;
	}
	if (now_ms - k->pong_ms > KID_SILENT_MS) {
		stop(k);
		return;
	}
	imsg_put_u64(&b, k->parent->pings);
	if (k->chan != NULL)
		(void)imsg_chan_send(k->chan, IMSG_PING, imsg_body_span(&b),
		    -1);
}

void kids_tick(struct parent *p, uint64_t now_ms)
{
	p->pings++;
	if (p->state == DRAINING) {
		if (now_ms > p->drain_end_ms)
			kids_kill(p);
		if (now_ms > p->drain_end_ms + DRAIN_GRACE_MS)
			loop_stop(); /* our end is the end of those that hang */
		return;
	}
	look_after(&p->signer, now_ms);
	for (unsigned i = 0; i < p->nworker; i++)
		look_after(&p->worker[i], now_ms);
}

void kids_drain(struct parent *p, unsigned limit_s)
{
	struct imsg_body b = { .n = 0 };

	p->drain_end_ms = clock_ms() + limit_s * 1000u + DRAIN_GRACE_MS;
	imsg_put_u32(&b, limit_s);
	for (unsigned i = 0; i < p->nworker; i++) {
		p->worker[i].asked_to_end = true;
		if (p->worker[i].chan != NULL)
			(void)imsg_chan_send(p->worker[i].chan, IMSG_DRAIN,
			    imsg_body_span(&b), -1);
	}
}

void kids_kill(struct parent *p)
{
	for (unsigned i = 0; i < p->nworker; i++)
		stop(&p->worker[i]);
	stop(&p->signer);
}

void kids_new_signer(struct parent *p)
{
	if (p->signer.pid == 0)
		return;
	p->signer.asked_to_end = true;
	stop(&p->signer);
}

bool kids_gone(const struct parent *p)
{
	for (unsigned i = 0; i < p->nworker; i++)
		if (p->worker[i].pid > 0)
			return false;
	return true;
}

bool kids_answer(const struct parent *p, uint64_t now_ms, uint64_t within_ms)
{
	bool all = true;

	for (unsigned i = 0; i < p->nworker; i++) {
		const struct kid *k = &p->worker[i];

		/* A dead one is being replaced: that is our job, not a hang. */
		all = all && (k->pid == 0 || now_ms - k->pong_ms <= within_ms);
	}
	return all;
}

void kids_sum(const struct parent *p, struct stat_page *ret_sum)
{
	*ret_sum = p->gone;
	for (unsigned i = 0; i < p->nworker; i++)
		stat_sum(ret_sum, &p->worker[i].page->stat);
}

void kids_drift(struct parent *p)
{
	drift_clear(&p->drift_sum);
	drift_merge(&p->drift_sum, &p->drift_gone);
	for (unsigned i = 0; i < p->nworker; i++)
		drift_merge(&p->drift_sum, &p->worker[i].page->drift);
}
