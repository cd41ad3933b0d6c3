/* SPDX-License-Identifier: EUPL-1.2 */
/* overview - one row per service for `sparsamctl services`: what its pack says of
 * it, what the agreement allows, and how much passes unread. The daemon writes
 * the lines, with what is in force; without one sparsamctl writes them itself. */
#ifndef CTL_OVERVIEW_H
#define CTL_OVERVIEW_H

#include <stdio.h>

#include "base/span.h"

#define OVERVIEW_LINE_BYTES 800

struct conf;

/* Line of service i: "service id=zoom mode=enforce ...". share: percent of the
 * bytes of today that passed unread; negative: not known. */
void overview_line(const struct conf *c, unsigned i, int share,
    char out[OVERVIEW_LINE_BYTES]);

/* Such lines as a table, or as one JSON object. 0 or -ENOMEM. */
int overview_print(struct span lines, bool json, FILE *out);

#endif
