/* SPDX-License-Identifier: EUPL-1.2 */
/* summary - what may be told of the counters: summary lines of an interval, and
 * figures for sparsamctl. Neither tells of fewer than group_min clients:
 * not at once, and not as the difference of two answers. */
#ifndef MAIN_SUMMARY_H
#define MAIN_SUMMARY_H

#include <stdbool.h>

#include "base/stat.h"

struct conf;

struct summary {
	struct stat_page last;  /* at the last summary lines */
	struct stat_page shown; /* at the last answer that was allowed */
	struct stat_page base;  /* where the services of today began */
	struct stat_page midnight; /* at 00:00 UTC, or at the start */
	bool total_ready, ready[STAT_SERVICES_MAX]; /* shown has something */
};

/* Write the lines of the interval that ends now: one per service, and the
 * totals as soon as enough connections have come together. */
void summary_log(struct summary *m, const struct stat_page *now,
    const struct conf *c);

/* May the counters of service i (or, below, the totals) be shown? Moves what is
 * shown up to now where enough connections came since. Then the figure is
 * summary_service or summary_total. */
bool summary_show_service(struct summary *m, const struct stat_page *now,
    unsigned i, unsigned group_min);
bool summary_show_total(struct summary *m, const struct stat_page *now,
    unsigned group_min);
uint64_t summary_service(const struct summary *m, unsigned i,
    enum stat_service s);
uint64_t summary_total(const struct summary *m, enum stat_id s);

/* A new UTC day begins. */
void summary_day(struct summary *m, const struct stat_page *now);

/* Percent of the bytes of service i, since 00:00 UTC, that passed unread. Negative:
 * there were none, or fewer than group_min clients. Moves what is shown as
 * summary_show_service does. */
int summary_blind(struct summary *m, const struct stat_page *now, unsigned i,
    unsigned group_min);

/* New rules: services that changed their number start at zero. */
void summary_rules(struct summary *m, const struct stat_page *now,
    const struct conf *old, const struct conf *c);

#endif
