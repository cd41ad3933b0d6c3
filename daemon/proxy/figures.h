/* SPDX-License-Identifier: EUPL-1.2 */
/* figures - what may be told of the counters of all workers, for the page of
 * transparency. The parent writes a page that every worker can read and none
 * can write; what it writes has passed the rule of the smallest group
 * (main/summary). A request costs nothing: counting goes on elsewhere, and only
 * whoever asks for the page reads. */
#ifndef PROXY_FIGURES_H
#define PROXY_FIGURES_H

#include <stdbool.h>

#include "base/stat.h"
#include "engine/rule.h"

struct figures_service {
	char id[41];    /* "": none */
	uint64_t ready; /* 0: of too few connections until now */
	uint64_t n[STAT_SERVICE_COUNT];
};

struct figures_page {
	uint64_t since_s; /* UTC: when the gateway began to count; 0: not yet */
	struct figures_service service[STAT_SERVICES_MAX];
};

/* ---- the parent's side ---- */

/* Put in the figures of service number i; NULL: there are none to tell. */
void figures_put(struct figures_page *page, unsigned i, struct span id,
    const uint64_t n[STAT_SERVICE_COUNT]);

/* ---- the worker's side ---- */

/* The page of this process; NULL: none, then nothing is told. */
void figures_use(const struct figures_page *page);
/* UTC seconds, 0: no figures at all. */
int64_t figures_since(void);
/* The figures of s; false: too few connections, or not of the present rules. */
bool figures_of(const struct service *s, uint64_t ret_n[STAT_SERVICE_COUNT]);

#endif
