/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the parent share. */
#ifndef MAIN_PARENT_INT_H
#define MAIN_PARENT_INT_H

#include <sys/types.h>

#include "base/stat.h"
#include "conf/conf.h"
#include "ctl/server.h"
#include "main/child.h"
#include "main/imsg.h"
#include "main/parent.h"
#include "main/summary.h"
#include "main/worker.h"

#define PARENT_WORKERS_MAX 64
#define PARENT_LISTEN_MAX CONF_LISTEN_MAX
#define PARENT_TICK_S 1
#define DEATHS_ALARM 3        /* so many deaths ... */
#define DEATHS_WITHIN_MS 10000 /* ... within this time: restart with a rest */
#define KID_SILENT_MS 30000   /* no answer to pings: killed and replaced */
#define RELOAD_MAX_MS 60000

struct parent;

/* One child process; it is there, or it will be again at again_ms. */
struct kid {
	struct parent *parent;
	enum priv_role role;
	unsigned index;
	pid_t pid;               /* 0: not running */
	struct imsg_chan *chan;  /* NULL: closed or not running */
	bool ready;              /* said READY since it was started */
	bool asked_to_end;       /* its end is no death */
	uint32_t generation;     /* rules it has in force */
	uint64_t pong_ms;        /* last sign of life */
	uint64_t again_ms;       /* due time of the next start; 0: none */
	int stat_fd;             /* workers: memory of the counters */
	struct worker_page *page;
};

/* One snapshot of the configuration, checked, ready to be sent. */
struct rules {
	struct conf *conf;
	int fd; /* memory file with the bundle */
	uint32_t generation;
};

struct listening {
	char address[80];
	int fd[PARENT_WORKERS_MAX]; /* one per worker, or all the same */
};

struct parent {
	const struct parent_options *opt;
	enum { STARTING, RUNNING, DRAINING } state;
	int exit_status;
	uint64_t started_ms;

	struct rules now, next; /* next.conf is NULL unless a reload runs */
	uint32_t generations;
	uint64_t reload_since_ms, reload_session; /* session 0: nobody waits */

	struct listening listening[PARENT_LISTEN_MAX];
	unsigned nlisten;
	bool activated; /* the listeners came from the service manager */

	struct kid signer, worker[PARENT_WORKERS_MAX];
	unsigned nworker;
	struct priv_ids worker_ids, signer_ids;
	uint64_t death_ms[DEATHS_ALARM]; /* of workers, a ring */
	unsigned deaths;
	uint64_t alarm_ms;               /* last alarm; 0: none */

	struct stat_page gone; /* counters of workers that are no more */
	struct drift_page drift_gone, drift_sum; /* of them; of all, see kids_drift */
	struct summary summary;
	int figures_fd; /* memory of what workers may tell */
	struct figures_page *figures;
	uint64_t figures_interval;   /* when they were written last ... */
	uint32_t figures_generation; /* ... and under which rules */
	uint64_t summary_due_ms, watchdog_due_ms, drain_end_ms, pings;

	int64_t ca_expires;    /* 0: no CA */
	uint64_t ca_stamp;     /* of the files the signer has read */
	uint32_t day;          /* UTC day of the last look at dates */
	bool scope_told[STAT_SERVICES_MAX];
	struct ctl *ctl;
};

/* listeners.c: open what conf names, or take what the service manager passed
 * (LISTEN_FDS); one socket per address and worker. 0, or -errno with err. */
int listeners_open(struct parent *p, char err[CONF_ERR_BYTES]);
void listeners_close(struct parent *p);

/* rules.c */
/* Read, check and pack the configuration. 0, or -errno with err. */
int rules_read(struct parent *p, struct rules *ret_rules,
    char err[CONF_ERR_BYTES]);
void rules_drop(struct rules *r);
/* Send what the kid should have. */
void rules_send(struct kid *k, const struct rules *r);
/* Read again and hand out; session waits for the end. */
void rules_reload(struct parent *p, uint64_t session);
/* A new UTC day: judge the dates in the text that is in force again. Files on
 * disk, which somebody may be editing, are not read. */
void rules_new_day(struct parent *p);
/* A worker has said READY: is the reload complete? err: it refused. */
void rules_progress(struct parent *p, struct kid *k, int err);
/* Log which services are denied and what expires; ask the signer about its
 * domains. */
void rules_tell(struct parent *p);
/* Check only, for -n. 0, or -EINVAL with err. */
int rules_check(const char *path, struct conf **ret_conf,
    char err[CONF_ERR_BYTES]);

/* kids.c */
int kids_init(struct parent *p);   /* memory of the counters */
int kids_start(struct parent *p);  /* signer and all workers */
void kids_reap(struct parent *p);  /* SIGCHLD */
void kids_tick(struct parent *p, uint64_t now_ms);
void kids_drain(struct parent *p, unsigned limit_s);
void kids_kill(struct parent *p);  /* at once */
void kids_new_signer(struct parent *p); /* the CA has changed */
bool kids_gone(const struct parent *p); /* no worker runs */
bool kids_answer(const struct parent *p, uint64_t now_ms, uint64_t within_ms);
void kids_sum(const struct parent *p, struct stat_page *ret_sum);
void kids_drift(struct parent *p); /* fills p->drift_sum */

/* parent.c: all are ready, or the start has failed, or a worker has ended. */
void parent_progress(struct parent *p);
void parent_fail(struct parent *p, const char *why);
void parent_drain(struct parent *p);

/* publish.c: memory for the workers; what may be told now. */
int publish_init(struct parent *p);
void publish_figures(struct parent *p);

/* control.c */
void control_command(void *arg, uint64_t session, enum cmd c);

#endif
