/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/summary.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conf/conf.h"

#define DIFF(s) (now->service[i][STAT_SERVICE_##s] - \
		 m->last.service[i][STAT_SERVICE_##s])
#define TOTAL(s) (now->all[STAT_##s] - m->last.all[STAT_##s])

/* What must be told at once, of however few. */
static struct log_arg figure(uint64_t n, const struct conf *c)
{
	return n < c->group_min ? LOG_W("few") : LOG_N(n);
}

static void log_service(struct summary *m, const struct stat_page *now,
    const struct conf *c, unsigned i)
{
	char id[41];

	snprintf(id, sizeof id, "%.*s", SPAN_ARG(c->service[i].id));
	if (DIFF(GUARD) > 0)
		log_msg(GUARD, LOG_W(id), figure(DIFF(GUARD), c));
	if (DIFF(LEVEL) > 0)
		log_msg(LEVEL_DENIED, LOG_W(id), LOG_N(c->service[i].max_case),
		    figure(DIFF(LEVEL), c));
	if (c->group_min > 1 && DIFF(CLIENTS) < c->group_min) {
		log_msg(SUMMARY_SMALL, LOG_W(id));
		return;
	}
	if (DIFF(DRIFT_NAMES) > 0)
		log_msg(DRIFT, LOG_W(id), LOG_N(DIFF(DRIFT_NAMES)));
	m->last.service[i][STAT_SERVICE_DRIFT_NAMES] =
	    now->service[i][STAT_SERVICE_DRIFT_NAMES];
	log_msg(SUMMARY, LOG_W(id), LOG_N(DIFF(REQUESTS)), LOG_N(DIFF(DENIED)),
	    LOG_N(DIFF(SUNK) + DIFF(TELEMETRY)), LOG_N(DIFF(PARTICIPANT)),
	    LOG_N(DIFF(DEVICE)), LOG_N(DIFF(TIME)), LOG_N(DIFF(LOCATION)),
	    LOG_N(DIFF(RECORDING)), LOG_N(DIFF(SECURITY)), LOG_N(DIFF(DRIFT)),
	    LOG_N(DIFF(BLIND_BYTES) / 1024), LOG_N(DIFF(ERRORS)));
}

void summary_log(struct summary *m, const struct stat_page *now,
    const struct conf *c)
{
	uint64_t told;

	for (unsigned i = 0; i < c->nservice; i++) {
		if (c->service[i].mode != CONF_OFF)
			log_service(m, now, c, i);
		told = m->last.service[i][STAT_SERVICE_DRIFT_NAMES];
		memcpy(m->last.service[i], now->service[i],
		    sizeof now->service[i]);
		/* New names wait until enough have used the service. */
		m->last.service[i][STAT_SERVICE_DRIFT_NAMES] = told;
	}
	if (c->group_min > 1 && TOTAL(CONNECTIONS) < c->group_min)
		return; /* they go into the next line */
	log_msg(TOTALS, LOG_N(TOTAL(CONNECTIONS)), LOG_N(TOTAL(UNLISTED)),
	    LOG_N(TOTAL(MISMATCH)), LOG_N(TOTAL(BAD_REQUEST)),
	    LOG_N(TOTAL(BAD_RESPONSE)), LOG_N(TOTAL(BAD_CERT)),
	    LOG_N(TOTAL(LIMITS)));
	memcpy(m->last.all, now->all, sizeof now->all);
}

bool summary_show_service(struct summary *m, const struct stat_page *now,
    unsigned i, unsigned group_min)
{
	if (group_min <= 1 ||
	    now->service[i][STAT_SERVICE_CLIENTS] -
		m->shown.service[i][STAT_SERVICE_CLIENTS] >= group_min) {
		memcpy(m->shown.service[i], now->service[i],
		    sizeof now->service[i]);
		m->ready[i] = true;
	}
	return m->ready[i];
}

bool summary_show_total(struct summary *m, const struct stat_page *now,
    unsigned group_min)
{
	if (group_min <= 1 ||
	    now->all[STAT_CONNECTIONS] - m->shown.all[STAT_CONNECTIONS] >=
		group_min) {
		memcpy(m->shown.all, now->all, sizeof now->all);
		m->total_ready = true;
	}
	return m->total_ready;
}

uint64_t summary_service(const struct summary *m, unsigned i,
    enum stat_service s)
{
	return m->shown.service[i][s] - m->base.service[i][s];
}

uint64_t summary_total(const struct summary *m, enum stat_id s)
{
	return m->shown.all[s];
}

void summary_day(struct summary *m, const struct stat_page *now)
{
	m->midnight = *now;
}

int summary_blind(struct summary *m, const struct stat_page *now, unsigned i,
    unsigned group_min)
{
	const uint64_t *shown = m->shown.service[i];
	const uint64_t *from = m->midnight.service[i];
	uint64_t blind, read;

	(void)summary_show_service(m, now, i, group_min);
	if (shown[STAT_SERVICE_CLIENTS] <
	    from[STAT_SERVICE_CLIENTS] + (group_min > 1 ? group_min : 0))
		return -1;
	blind = shown[STAT_SERVICE_BLIND_BYTES] -
	    from[STAT_SERVICE_BLIND_BYTES];
	read = shown[STAT_SERVICE_READ_BYTES] - from[STAT_SERVICE_READ_BYTES];
	if (blind + read == 0)
		return -1;
	return (int)((blind * 100 + (blind + read) / 2) / (blind + read));
}

void summary_rules(struct summary *m, const struct stat_page *now,
    const struct conf *old, const struct conf *c)
{
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++) {
		bool had = i < old->nservice, has = i < c->nservice;

		if (had && has && span_eq(old->service[i].id, c->service[i].id))
			continue;
		memcpy(m->last.service[i], now->service[i],
		    sizeof now->service[i]);
		memcpy(m->base.service[i], now->service[i],
		    sizeof now->service[i]);
		memcpy(m->shown.service[i], now->service[i],
		    sizeof now->service[i]);
		memcpy(m->midnight.service[i], now->service[i],
		    sizeof now->service[i]);
		m->ready[i] = false;
	}
}
