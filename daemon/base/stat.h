/* SPDX-License-Identifier: EUPL-1.2 */
/* stat - counters in one shared page per worker; only its worker writes it,
 * the parent reads and sums. Services are numbered by the configuration. */
#ifndef BASE_STAT_H
#define BASE_STAT_H

#include <stddef.h>
#include <stdint.h>

#define STAT_SERVICES_MAX 64

enum stat_id {
#define STAT_ROW(name, word, text) STAT_##name,
#define STAT_SERVICE_ROW(name, word, text)
#include "base/stat.tbl"
#undef STAT_ROW
#undef STAT_SERVICE_ROW
	STAT_COUNT
};

enum stat_service {
#define STAT_ROW(name, word, text)
#define STAT_SERVICE_ROW(name, word, text) STAT_SERVICE_##name,
#include "base/stat.tbl"
#undef STAT_ROW
#undef STAT_SERVICE_ROW
	STAT_SERVICE_COUNT
};

struct stat_page {
	uint64_t all[STAT_COUNT];
	uint64_t service[STAT_SERVICES_MAX][STAT_SERVICE_COUNT];
};

/* The page this process counts into; a private one until this is called. */
void stat_use(struct stat_page *page);
void stat_add(enum stat_id s, uint64_t n);
void stat_sub(enum stat_id s, uint64_t n); /* for gauges */
/* service: index, 0 to STAT_SERVICES_MAX - 1; others are not counted. */
void stat_service_add(unsigned service, enum stat_service s, uint64_t n);

/* *sum += *page, read without tearing. */
void stat_sum(struct stat_page *sum, const struct stat_page *page);

const char *stat_word(enum stat_id s);
const char *stat_text(enum stat_id s);
const char *stat_service_word(enum stat_service s);
const char *stat_service_text(enum stat_service s);

#endif
