/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/stat.h"

static struct stat_page own;
static struct stat_page *used = &own;

static const struct {
	const char *word, *text;
} all[] = {
#define STAT_ROW(name, word, text) { word, text },
#define STAT_SERVICE_ROW(name, word, text)
#include "base/stat.tbl"
#undef STAT_ROW
#undef STAT_SERVICE_ROW
}, each[] = {
#define STAT_ROW(name, word, text)
#define STAT_SERVICE_ROW(name, word, text) { word, text },
#include "base/stat.tbl"
#undef STAT_ROW
#undef STAT_SERVICE_ROW
};

void stat_use(struct stat_page *page)
{
	used = page;
}

static void put(uint64_t *at, uint64_t v)
{
	__atomic_store_n(at, v, __ATOMIC_RELAXED);
}

void stat_add(enum stat_id s, uint64_t n)
{
	put(&used->all[s], used->all[s] + n);
}

void stat_sub(enum stat_id s, uint64_t n)
{
	put(&used->all[s], used->all[s] - n);
}

void stat_service_add(unsigned service, enum stat_service s, uint64_t n)
{
	if (service < STAT_SERVICES_MAX)
		put(&used->service[service][s], used->service[service][s] + n);
}

void stat_sum(struct stat_page *sum, const struct stat_page *page)
{
	for (int s = 0; s < STAT_COUNT; s++)
		sum->all[s] += __atomic_load_n(&page->all[s], __ATOMIC_RELAXED);
	for (int v = 0; v < STAT_SERVICES_MAX; v++)
		for (int s = 0; s < STAT_SERVICE_COUNT; s++)
			sum->service[v][s] += __atomic_load_n(
			    &page->service[v][s], __ATOMIC_RELAXED);
}

const char *stat_word(enum stat_id s)
{
	return all[s].word;
}

const char *stat_text(enum stat_id s)
{
	return all[s].text;
}

const char *stat_service_word(enum stat_service s)
{
	return each[s].word;
}

const char *stat_service_text(enum stat_service s)
{
	return each[s].text;
}
