/* SPDX-License-Identifier: EUPL-1.2 */
/* Answers to sparsamctl. */
#include "main/parent_int.h"

#include <stdio.h>

#include "base/log.h"
#include "conf/date.h"
#include "ctl/overview.h"
#include "net/clock.h"

#define DAY_S 86400
#define DRIFT_LINES_MAX 4000 /* of at most 300 bytes */

#define SAY(...) ctl_line(p->ctl, session, __VA_ARGS__)

static const char *kid_state(const struct kid *k)
{
	if (k->pid == 0)
		return "waiting";
	if (k->asked_to_end)
		return "ending";
	return k->ready ? "ready" : "starting";
}

static void say_services(struct parent *p, uint64_t session)
{
	static const char *const mode[] = { [CONF_OFF] = "off",
		[CONF_OBSERVE] = "observe",
		[CONF_ENFORCE] = "enforce" };
	const struct conf *c = p->now.conf;

	for (unsigned i = 0; i < c->nservice; i++) {
		const struct conf_service *s = &c->service[i];

		SAY("service id=%.*s mode=%s verdict=%s inspected=%s "
		    "max_level=%u agreement_until=%.*s",
		    SPAN_ARG(s->id), mode[s->mode],
		    s->refused == WHY_DONE ? "active" : why_word(s->refused),
		    s->inspect ? "yes" : "no", s->max_case,
		    s->agreement_until.n > 0 ? (int)s->agreement_until.n : 1,
		    s->agreement_until.n > 0 ? s->agreement_until.p : "-");
	}
}

static void say_status(struct parent *p, uint64_t session)
{
	static const char *const state[] = { [STARTING] = "starting",
		[RUNNING] = "running",
		[DRAINING] = "draining" };
	struct stat_page sum;
	int64_t left = p->ca_expires - clock_unix_s();

	kids_sum(p, &sum);
	SAY("version %s", PACKAGE_VERSION);
	SAY("state %s", state[p->state]);
	SAY("uptime_s %llu",
	    (unsigned long long)((clock_ms() - p->started_ms) / 1000));
	SAY("generation %u", p->now.generation);
	SAY("policy_sha256 %s", p->now.conf->policy_sha256);
	if (p->now.conf->group_min <= 1 ||
	    sum.all[STAT_OPEN] >= p->now.conf->group_min)
		SAY("open %llu", (unsigned long long)sum.all[STAT_OPEN]);
	else
		SAY("open few");
	if (p->ca_expires == 0)
		SAY("ca none");
	else
		SAY("ca_days_left %lld", (long long)(left > 0 ? left / DAY_S : 0));
	for (unsigned i = 0; i < p->nlisten; i++)
		SAY("listener address=%s activated=%s", p->listening[i].address,
		    p->activated ? "yes" : "no");
	SAY("signer pid=%d state=%s", (int)p->signer.pid,
	    kid_state(&p->signer));
	for (unsigned i = 0; i < p->nworker; i++)
		SAY("worker number=%u pid=%d state=%s generation=%u", i + 1,
		    (int)p->worker[i].pid, kid_state(&p->worker[i]),
		    p->worker[i].generation);
	say_services(p, session);
}

static void say_service_stats(struct parent *p, uint64_t session,
    const struct stat_page *sum, unsigned i)
{
	const struct conf_service *s = &p->now.conf->service[i];

	if (!summary_show_service(&p->summary, sum, i, p->now.conf->group_min)) {
		SAY("service %.*s few", SPAN_ARG(s->id));
		return;
	}
	for (unsigned n = 0; n < STAT_SERVICE_COUNT; n++)
		SAY("service %.*s %s %llu", SPAN_ARG(s->id),
		    stat_service_word((enum stat_service)n),
		    (unsigned long long)summary_service(&p->summary, i,
			(enum stat_service)n));
}

static void say_stats(struct parent *p, uint64_t session)
{
	const struct conf *c = p->now.conf;
	struct stat_page sum;

	kids_sum(p, &sum);
	SAY("group_min %u", c->group_min);
	if (!summary_show_total(&p->summary, &sum, c->group_min))
		SAY("total few");
	else
		for (unsigned n = 0; n < STAT_COUNT; n++)
			SAY("total %s %llu", stat_word((enum stat_id)n),
			    (unsigned long long)summary_total(&p->summary,
				(enum stat_id)n));
	for (unsigned i = 0; i < c->nservice; i++)
		if (c->service[i].mode != CONF_OFF)
			say_service_stats(p, session, &sum, i);
}

static void say_name(struct parent *p, uint64_t session,
    const struct drift_service *d, const struct drift_name *n)
{
	char day[DATE_TEXT_BYTES], seen[24] = "few";

	date_text(n->day, day);
	if (n->seen >= p->now.conf->group_min)
		snprintf(seen, sizeof seen, "%llu", (unsigned long long)n->seen);
	SAY("drift service=%s version=%u direction=%s carrier=%s name=%.*s "
	    "first=%s seen=%s",
	    d->id, d->version, n->down ? "down" : "up",
	    carrier_word((enum carrier)n->carrier), (int)n->n, n->text, day,
	    seen);
}

static void say_drift(struct parent *p, uint64_t session)
{
	const struct conf *c = p->now.conf;
	unsigned lines = 0;

	kids_drift(p);
	for (unsigned i = 0; i < c->nservice; i++) {
		const struct drift_service *d = NULL;
		uint64_t left = 0;

		if (c->service[i].mode != CONF_OFF)
			d = drift_of(&p->drift_sum, ruleset_at(c->rules, i));
		for (uint32_t n = 0; d != NULL && n < d->n; n++)
			if (lines++ < DRIFT_LINES_MAX)
				say_name(p, session, d, &d->name[n]);
			else
				left++;
		if (d != NULL && (left > 0 || d->lost > 0))
			SAY("drift_more service=%s names=%llu table_full=%s",
			    d->id, (unsigned long long)left,
			    d->lost > 0 ? "yes" : "no");
	}
}

static void say_overview(struct parent *p, uint64_t session)
{
	const struct conf *c = p->now.conf;
	char line[OVERVIEW_LINE_BYTES];
	struct stat_page sum;

	kids_sum(p, &sum);
	for (unsigned i = 0; i < c->nservice; i++) {
		overview_line(c, i,
		    summary_blind(&p->summary, &sum, i, c->group_min), line);
		SAY("%s", line);
	}
}

void control_command(void *arg, uint64_t session, enum cmd c)
{
	struct parent *p = arg;

	if (c == CMD_RELOAD) {
		log_msg(CONTROL, LOG_W(cmd_word(c)));
		rules_reload(p, session); /* answers when it is done */
		return;
	}
	if (c == CMD_STATUS)
		say_status(p, session);
	else if (c == CMD_STATS)
		say_stats(p, session);
	else if (c == CMD_DRIFT)
		say_drift(p, session);
	else if (c == CMD_SERVICES)
		say_overview(p, session);
	else if (c == CMD_DRAIN)
		log_msg(CONTROL, LOG_W(cmd_word(c)));
	ctl_end(p->ctl, session, NULL);
	if (c == CMD_DRAIN)
		parent_drain(p);
}
