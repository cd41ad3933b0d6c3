/* SPDX-License-Identifier: EUPL-1.2 */
/* replay - a whole recording through the rules, with a table of what was done
 * to each field. */
#ifndef CTL_REPLAY_H
#define CTL_REPLAY_H

#include <stdio.h>

#include "conf/conf.h"

#define REPLAY_NEVER_MAX 64

struct replay_options {
	const char *file;
	const char *service;  /* only its entries; NULL: all */
	bool json, summary;   /* summary: no table of entries */
	const char *never[REPLAY_NEVER_MAX];
	unsigned nnever;
	uint8_t level;
};

struct replay_sum {
	size_t entries, skipped, broken; /* of the file; not of the service; */
	size_t end[8];                   /* by enum offline_end */
	size_t telemetry;                /* of the denied ones */
	size_t category[CATEGORY_COUNT]; /* values treated */
	size_t drift, messages, hits;
};

/* Print to out, problems of the file to problems. 0; -EBADMSG (no HAR file),
 * -ENOMEM. Hits of never texts are in ret_sum. */
int replay(const struct conf *c, const struct replay_options *o, FILE *out,
    FILE *problems, struct replay_sum *ret_sum);

#endif
