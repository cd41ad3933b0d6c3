/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/figures.h"

static const struct figures_page *used;

static void put(uint64_t *at, uint64_t v)
{
	__atomic_store_n(at, v, __ATOMIC_RELEASE);
}

static uint64_t get(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* A reader may see some figures of before and some of now: each of them has
 * been fit to be told. A number that goes to another service is not ready
 * meanwhile. */
void figures_put(struct figures_page *page, unsigned i, struct span id,
    const uint64_t n[STAT_SERVICE_COUNT])
{
	struct figures_service *f = &page->service[i];

	if (n == NULL || id.n >= sizeof f->id || !span_eq(span_str(f->id), id))
		put(&f->ready, 0);
	if (n == NULL || id.n >= sizeof f->id)
		return;
	memset(f->id + id.n, 0, sizeof f->id - id.n);
	memcpy(f->id, id.p, id.n);
	for (int s = 0; s < STAT_SERVICE_COUNT; s++)
		put(&f->n[s], n[s]);
	put(&f->ready, 1);
}

void figures_use(const struct figures_page *page)
{
	used = page;
}

int64_t figures_since(void)
{
	return used != NULL ? (int64_t)get(&used->since_s) : 0;
}

static bool is_of(const struct figures_service *f, const struct service *s)
{
	return get(&f->ready) != 0 && s->id.n < sizeof f->id &&
	       memcmp(f->id, s->id.p, s->id.n) == 0 && f->id[s->id.n] == '\0';
}

bool figures_of(const struct service *s, uint64_t ret_n[STAT_SERVICE_COUNT])
{
	const struct figures_service *f;

	if (used == NULL || s->index >= STAT_SERVICES_MAX)
		return false;
	f = &used->service[s->index];
	if (!is_of(f, s))
		return false;
	for (int i = 0; i < STAT_SERVICE_COUNT; i++)
		ret_n[i] = get(&f->n[i]);
	return is_of(f, s);
}
