/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/fate.h"

#include "base/stat.h"
#include "conf/conf.h"
#include "conf/date.h"
#include "net/clock.h"
#include "proxy/client.h"
#include "proxy/drift.h"

static const struct conf *newest; /* borrowed; NULL: none yet */

static enum why denied(const struct host_line *line)
{
	return line->category == CATEGORY_TELEMETRY ? WHY_TELEMETRY
	                                            : WHY_DENIED;
}

/* May the service be used? Whether an agreement has ended is seen here, too:
 * the rules are made again each day, and that may fail. */
static enum why usable(
    const struct conf *conf, const struct service *s, uint8_t level)
{
	if (s->refused != WHY_DONE)
		return s->refused;
	if (conf->service[s->index].last_day < date_of(clock_unix_s()))
		return WHY_AGREEMENT_EXPIRED;
	return level > s->max_case ? WHY_LEVEL : WHY_DONE;
}

static enum why judge(const struct conf *conf, const struct host_match *m,
    uint8_t level, bool observe)
{
	const struct service *s = m->service;
	enum why why = usable(conf, s, level);

	if (why != WHY_DONE)
		return why;
	switch (m->line->verdict) {
	case VERDICT_DENY:
		if (observe && s->inspect)
			break; /* its requests are counted one by one */
		return denied(m->line);
	case VERDICT_INSPECT:
		return s->inspect ? WHY_DONE : WHY_NOT_INSPECTED;
	case VERDICT_TUNNEL:
		break;
	}
	return WHY_DONE;
}

/* A host below the domains of a service that its pack does not know. */
static void drift(const struct conf *conf, struct span host)
{
	struct span base;
	const struct service *s = conf_owner(conf, host, &base);

	if (s == NULL || s->refused != WHY_DONE)
		return;
	stat_service_add(s->index, STAT_SERVICE_DRIFT, 1);
	drift_host(s, host, base);
}

void fate_of_host(const struct conf *conf, struct span host, uint8_t level,
    struct client_count *from, struct fate *ret_fate)
{
	struct host_match m = { NULL, NULL };

	*ret_fate = (struct fate){ .refuse = WHY_UNLISTED };
	if (match_host(conf->rules, host, &m) < 0) {
		stat_add(STAT_UNLISTED, 1);
		drift(conf, host);
		return;
	}
	ret_fate->service = m.service;
	ret_fate->line = m.line;
	ret_fate->observe =
	    conf->service[m.service->index].mode == CONF_OBSERVE;
	ret_fate->refuse = judge(conf, &m, level, ret_fate->observe);
	ret_fate->tunnel = m.line->verdict == VERDICT_TUNNEL;
	ret_fate->reset = m.line->verdict == VERDICT_DENY &&
	                  m.line->sink.kind == SINK_RESET &&
	                  ret_fate->refuse != WHY_DONE;
	if (m.line->verdict == VERDICT_DENY)
		ret_fate->would = denied(m.line);
	if (ret_fate->refuse == WHY_LEVEL)
		stat_service_add(m.service->index, STAT_SERVICE_LEVEL, 1);
	else if (ret_fate->refuse == WHY_DONE &&
	         client_first(from, m.service->index,
	             (uint64_t)clock_unix_s() / conf->log_interval_s))
		stat_service_add(m.service->index, STAT_SERVICE_CLIENTS, 1);
}

void fate_rules(const struct conf *conf)
{
	newest = conf;
}

enum why fate_lasts(
    const struct conf *conf, const struct service *service, uint8_t level)
{
	const struct service *s = service;

	if (newest != NULL && newest != conf) {
		conf = newest;
		s = ruleset_find(newest->rules, service->id);
	}
	return s != NULL ? usable(conf, s, level) : WHY_SERVICE_OFF;
}

enum why fate_today(
    const struct conf *conf, const struct service *service, uint8_t level)
{
	enum why why = fate_lasts(conf, service, level);
	const struct service *s;

	if (why != WHY_DONE || newest == NULL || newest == conf)
		return why;
	s = ruleset_find(newest->rules, service->id);
	return s->inspect ? WHY_DONE : WHY_NOT_INSPECTED;
}

bool fate_decrypts(const struct fate *f)
{
	return f->service != NULL && f->service->inspect && !f->tunnel &&
	       !f->reset && f->refuse != WHY_SERVICE_OFF;
}
