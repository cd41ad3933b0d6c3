/* SPDX-License-Identifier: EUPL-1.2 */
/* replay - a whole recording through the rules, with a table of what was done
 * to each field. */
#ifndef CTL_REPLAY_H
#define CTL_REPLAY_H

#include <stdio.h>

#include "conf/conf.h"

#define REPLAY_NEVER_MAX 1000

struct replay_options {
	const char *file;
	const char *service; /* only its entries; NULL: all */
	bool json, summary;  /* summary: no table of entries */
	bool all;            /* also values that stay */
	struct span never[REPLAY_NEVER_MAX];
	unsigned nnever;
	uint8_t level;
};

struct replay_sum {
	size_t entries; /* of the file */
	size_t skipped; /* of other services */
	size_t local;   /* nothing of them was on a network */
	size_t broken;  /* entries that cannot be read */
	size_t answers_broken;
	size_t unrecorded; /* requests whose content is not in the file */
	size_t end[8];     /* by enum offline_end */
	size_t telemetry;  /* of the denied ones */
	size_t category[CATEGORY_COUNT]; /* values treated */
	size_t drift;    /* met by the last line of a closed list */
	size_t unjudged; /* go up, and no line names them */
	size_t messages_up, messages_down; /* of WebSockets */
	size_t messages_denied, messages_broken;
	size_t messages_unread, bytes_unread; /* no line reads them */
	size_t hits;        /* never texts in what would leave scrubbed */
	size_t hits_unread; /* ... in WebSocket messages and tunnels */
};

/* Print to out, problems of the file to problems (number of the entry and what
 * is wrong, no values). 0; -EBADMSG (no HAR file), -ENOMEM. */
int replay(const struct conf *c, const struct replay_options *o, FILE *out,
    FILE *problems, struct replay_sum *ret_sum);

#endif
