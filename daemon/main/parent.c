/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "main/notify.h"
#include "main/parent_int.h"
#include "net/clock.h"
#include "net/loop.h"

#define FILES_WANTED 4096
#define DAY_S 86400
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void end(struct parent *p)
{
	if (p->exit_status == 0)
		log_plain(STOPPED);
	loop_stop();
}

static unsigned services(const struct parent *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->now.conf->nservice; i++)
		n += p->now.conf->service[i].mode != CONF_OFF;
	return n;
}

static void running(struct parent *p)
{
	char status[80];

	p->state = RUNNING;
	log_msg(STARTED, LOG_N(p->nworker), LOG_N(services(p)));
	rules_tell(p);
	snprintf(status, sizeof status, "%u workers, %u services", p->nworker,
	    services(p));
	(void)notify_ready(status);
	if (p->opt->ready_fd >= 0) {
		ssize_t n = write(p->opt->ready_fd, "", 1);

		(void)n;
		close(p->opt->ready_fd);
	}
}

void parent_progress(struct parent *p)
{
	bool all = p->signer.ready;

	if (p->state == DRAINING && kids_gone(p))
		end(p);
	if (p->state != STARTING)
		return;
	for (unsigned i = 0; i < p->nworker; i++)
		all = all && p->worker[i].ready;
	if (all)
		running(p);
}

void parent_fail(struct parent *p, const char *why)
{
	if (p->state != STARTING)
		return;
	log_msg(START_FAILED, LOG_T(why));
	p->exit_status = 1;
	p->state = DRAINING;
	kids_kill(p);
	loop_stop();
}

void parent_drain(struct parent *p)
{
	unsigned limit_s = p->now.conf->drain_s;
	struct stat_page sum;

	if (p->state == DRAINING)
		return;
	kids_sum(p, &sum);
	log_msg(STOPPING, LOG_N(sum.all[STAT_OPEN]), LOG_N(limit_s));
	(void)notify_stopping();
	p->state = DRAINING;
	listeners_close(p);
	kids_drain(p, limit_s);
	parent_progress(p);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct parent *p = arg;

	(void)what;
	if (sig == SIGCHLD) {
		kids_reap(p);
	} else if (sig == SIGHUP) {
		rules_reload(p, 0);
	} else if (p->state != DRAINING) {
		parent_drain(p);
	} else {
		kids_kill(p); /* the second one: enough waiting */
		end(p);
	}
}

static void watchdog(struct parent *p, uint64_t now_ms)
{
	uint64_t half_ms = notify_watchdog_ms() / 2;

	if (half_ms == 0 || now_ms < p->watchdog_due_ms)
		return;
	/* Pings go out every second, so an answer is at most that old. */
	if (!kids_answer(p, now_ms, half_ms + 2000))
		return;
	(void)notify_send("WATCHDOG=1");
	p->watchdog_due_ms = now_ms + half_ms;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	uint64_t now_ms = clock_ms();

	(void)fd, (void)what;
	kids_tick(p, now_ms);
	watchdog(p, now_ms);
	if (p->state != RUNNING)
		return;
	rules_progress(p, NULL, 0);
	publish_figures(p);
	if (now_ms >= p->summary_due_ms) {
		struct stat_page sum;

		kids_sum(p, &sum);
		summary_log(&p->summary, &sum, p->now.conf);
		p->summary_due_ms = now_ms + p->now.conf->log_interval_s * 1000u;
	}
	/* Agreements hold by the day: look at them again. */
	if ((uint32_t)(clock_unix_s() / DAY_S) != p->day)
		rules_new_day(p);
}

static int watch(struct parent *p)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT };
	const struct timeval tick = { .tv_sec = PARENT_TICK_S };
	struct event *e;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(signals); i++) {
		e = event_new(loop_base(), signals[i], EV_SIGNAL | EV_PERSIST,
		    on_signal, p);
		if (e == NULL || event_add(e, NULL) < 0)
			return -ENOMEM;
	}
	e = event_new(loop_base(), -1, EV_PERSIST, on_tick, p);
	return e == NULL || event_add(e, &tick) < 0 ? -ENOMEM : 0;
}

static int look_up(struct parent *p, char err[CONF_ERR_BYTES])
{
	const struct conf *c = p->now.conf;
	int e = priv_lookup(c->user, &p->worker_ids);
	const char *name = c->user;

	if (e == 0) {
		e = priv_lookup(c->signer_user, &p->signer_ids);
		name = c->signer_user;
	}
	if (e == -ENOENT)
		snprintf(err, CONF_ERR_BYTES, "there is no user %.40s", name);
	else if (e == -EPERM)
		snprintf(err, CONF_ERR_BYTES, "%.40s is root: name another user",
		    name);
	else if (e < 0)
		snprintf(err, CONF_ERR_BYTES, "user %.40s: %s", name,
		    strerror(-e));
	return e;
}

static void count_workers(struct parent *p)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	p->nworker = p->now.conf->workers;
	if (p->nworker == 0)
		p->nworker = cpus > 0 ? (unsigned)cpus : 1;
	if (p->nworker > PARENT_WORKERS_MAX)
		p->nworker = PARENT_WORKERS_MAX;
}

/* Everything that can fail for a reason the operator can mend. */
static int prepare(struct parent *p, char err[CONF_ERR_BYTES])
{
	char ctl_err[200];
	int e = rules_read(p, &p->now, err);

	if (e == 0)
		e = look_up(p, err);
	if (e < 0)
		return e;
	count_workers(p);
	e = listeners_open(p, err);
	if (e < 0)
		return e;
	p->ctl = ctl_open(p->now.conf->control_socket,
	    p->now.conf->control_group, control_command, p, ctl_err);
	if (p->ctl == NULL) {
		snprintf(err, CONF_ERR_BYTES, "%s", ctl_err);
		return -EIO;
	}
	e = kids_init(p);
	if (e == 0)
		e = publish_init(p);
	if (e == 0)
		e = watch(p);
	if (e == 0)
		e = kids_start(p);
	if (e < 0)
		snprintf(err, CONF_ERR_BYTES, "%s", strerror(-e));
	return e;
}

static void tell_sandbox(const struct parent *p)
{
	if (!p->worker_ids.change)
		log_msg(SANDBOX_OFF, LOG_W("all"), LOG_W("not-root"));
	if (!priv_has_filter())
		log_msg(SANDBOX_OFF, LOG_W("all"), LOG_W("sanitizer-build"));
}

int parent_run(const struct parent_options *o)
{
	static struct parent p;
	char err[CONF_ERR_BYTES] = "";
	int e;

	p = (struct parent){ .opt = o,
		.now = { .fd = -1 },
		.next = { .fd = -1 } };
	log_plain(SELF_CHECK);
	e = priv_begin("sparsamd");
	if (e == 0)
		e = loop_init();
	(void)priv_files(FILES_WANTED);
	p.started_ms = clock_ms();
	p.day = (uint32_t)(clock_unix_s() / DAY_S);
	if (e == 0)
		e = prepare(&p, err);
	if (e < 0) {
		log_msg(START_FAILED,
		    LOG_T(err[0] != '\0' ? err : strerror(-e)));
		kids_kill(&p);
		ctl_close(p.ctl);
		return 1;
	}
	tell_sandbox(&p);
	log_msg(LISTENING, LOG_N(p.nlisten));
	p.summary_due_ms = p.started_ms + p.now.conf->log_interval_s * 1000u;
	loop_run();
	kids_kill(&p);
	listeners_close(&p);
	ctl_close(p.ctl);
	rules_drop(&p.now);
	return p.exit_status;
}
