/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/overview.h"

#include "conf/conf.h"

/* "2020-07-03:red,2021-02-18:red", the last ones when there is no room; "-". */
static void ratings(const struct service *s, char *out, size_t bytes)
{
	static const size_t one = sizeof "2021-02-18:unrated,";
	uint32_t most = (uint32_t)(bytes / one);
	uint32_t first = s->nrating > most ? s->nrating - most : 0;
	int n = snprintf(out, bytes, "%s", s->nrating > 0 ? "" : "-");

	for (uint32_t i = first; i < s->nrating; i++)
		n += snprintf(out + n, bytes - (size_t)n, "%s%.*s:%.*s",
		    i > first ? "," : "", SPAN_ARG(s->rating[i].date),
		    SPAN_ARG(s->rating[i].light));
}

void overview_line(const struct conf *c, unsigned i, int share,
    char out[OVERVIEW_LINE_BYTES])
{
	static const char *const mode[] = { [CONF_OFF] = "off",
		[CONF_OBSERVE] = "observe",
		[CONF_ENFORCE] = "enforce" };
	const struct conf_service *s = &c->service[i];
	const char *traffic = s->inspect ? "inspected" : "tunnelled";
	char history[400], percent[16] = "-", level[16] = "-";
	struct span until = s->agreement_until;

	ratings(ruleset_at(c->rules, i), history, sizeof history);
	if (share >= 0)
		snprintf(percent, sizeof percent, "%d", share);
	if (s->mode != CONF_OFF)
		snprintf(level, sizeof level, "%u", s->max_case);
	snprintf(out, OVERVIEW_LINE_BYTES,
	    "service id=%.*s mode=%s ratings=%s until=%.*s traffic=%s why=%s "
	    "level=%s blind=%s",
	    SPAN_ARG(s->id), mode[s->mode], history,
	    until.n > 0 ? (int)until.n : 1, until.n > 0 ? until.p : "-",
	    s->refused == WHY_DONE ? traffic : "denied",
	    s->refused == WHY_DONE ? "-" : why_word(s->refused), level,
	    percent);
}
