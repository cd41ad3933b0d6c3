/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/values.h"

#include "base/stat.h"
#include "body/scrub.h"
#include "conf/conf.h"
#include "proxy/drift.h"

static const enum stat_service stat_of[CATEGORY_COUNT] = {
	[CATEGORY_PARTICIPANT] = STAT_SERVICE_PARTICIPANT,
	[CATEGORY_DEVICE] = STAT_SERVICE_DEVICE,
	[CATEGORY_TIME] = STAT_SERVICE_TIME,
	[CATEGORY_LOCATION] = STAT_SERVICE_LOCATION,
	[CATEGORY_TELEMETRY] = STAT_SERVICE_TELEMETRY,
	[CATEGORY_RECORDING] = STAT_SERVICE_RECORDING,
	[CATEGORY_SECURITY] = STAT_SERVICE_SECURITY,
};

/* No line names the value: a closed list ended it, a detect line found
 * something in it, or it was only looked at. */
static bool is_drift(const struct line *l)
{
	return l == NULL || line_is_catch_all(l) ||
	       l->where.carrier == CARRIER_COUNT; /* policy_detect */
}

static void on_finding(void *arg, const struct finding *f)
{
	const struct values *v = arg;
	unsigned index = v->service->index;

	if (is_drift(f->line)) {
		stat_service_add(index, STAT_SERVICE_DRIFT, 1);
		drift_field(v->service, v->down, f);
	}
	if (f->line == NULL)
		return;
	ruleset_reach(v->conf->rules, f->line->id);
	if (f->effect != ACT_KEEP && f->line->category != CATEGORY_NONE)
		stat_service_add(index, stat_of[f->line->category], 1);
}

static void on_prf(void *arg, struct span in, unsigned char out[16])
{
	struct values *v = arg;

	keys_prf(v->scope, in, out);
}

static int on_pseudonym(void *arg, struct span in, struct buf *out)
{
	struct values *v = arg;

	return keys_pseudonym(
	    v->scope, span_str(v->conf->pseudonym_domain), in, out);
}

static int on_restore(void *arg, struct span in, struct buf *out)
{
	struct values *v = arg;

	return keys_restore(
	    v->scope, span_str(v->conf->pseudonym_domain), in, out);
}

void values_init(struct values *v, const struct conf *conf,
    const struct service *service, struct keys_scope *scope, bool down)
{
	*v = (struct values){ .env = { .prf = on_prf,
		                  .pseudonym = on_pseudonym,
		                  .restore = on_restore,
		                  .report = on_finding,
		                  .arg = v },
		.conf = conf,
		.service = service,
		.scope = scope,
		.down = down };
	scrub_env(&v->env);
}
