/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/drift.h"

#include <stddef.h>
#include <stdio.h>

#include "base/hash.h"
#include "conf/conf.h"
#include "engine/treat.h"
#include "net/clock.h"

#define INDEX_SLOTS 1024 /* a power of two, twice DRIFT_NAMES_MAX */
#define DAY_S 86400

static struct drift_page own;
static struct drift_page *used = &own;
/* Of each service: where its names are, by hash; 0: free, else 1 + number. */
static uint16_t place[STAT_SERVICES_MAX][INDEX_SLOTS];
static uint8_t slot_of[STAT_SERVICES_MAX]; /* of a service; 1 + slot, 0: none */

static bool is_of(const struct drift_service *d, const struct service *s)
{
	return d->version == s->version &&
	       span_eq(span_of(d->id, strnlen(d->id, sizeof d->id)), s->id);
}

/* Carrier, direction and text: what makes two names the same. */
static struct span key_of(const struct drift_name *d)
{
	return span_of(
	    (const char *)d, offsetof(struct drift_name, text) + d->n);
}

static void forget(struct drift_service *d)
{
	__atomic_store_n(&d->n, 0, __ATOMIC_RELEASE);
	d->id[0] = '\0';
	d->lost = 0;
}

static void adopt(struct drift_service *d, const struct service *s)
{
	snprintf(d->id, sizeof d->id, "%.*s", SPAN_ARG(s->id));
	d->version = s->version;
	d->lost = 0;
}

/* ---- the worker's side ---- */

void drift_use(struct drift_page *page)
{
	used = page;
	memset(place, 0, sizeof place);
	memset(slot_of, 0, sizeof slot_of);
}

static unsigned find_slot(const struct service *s)
{
	unsigned i = 0;

	while (i < STAT_SERVICES_MAX && !is_of(&used->service[i], s))
		i++;
	return i;
}

void drift_keep(struct drift_page *page, const struct conf *conf)
{
	for (unsigned k = 0; k < STAT_SERVICES_MAX; k++) {
		struct drift_service *d = &page->service[k];
		bool stays = false;

		for (unsigned i = 0; d->id[0] != '\0' && i < conf->nservice;
		     i++)
			stays =
			    stays || (conf->service[i].mode != CONF_OFF &&
			                 is_of(d, ruleset_at(conf->rules, i)));
		if (d->id[0] != '\0' && !stays)
			forget(d);
	}
}

void drift_rules(const struct conf *conf)
{
	drift_keep(used, conf);
	memset(slot_of, 0, sizeof slot_of);
	for (unsigned i = 0; i < conf->nservice; i++) {
		const struct service *s = ruleset_at(conf->rules, i);
		unsigned k;

		if (conf->service[i].mode == CONF_OFF)
			continue;
		k = find_slot(s);
		for (unsigned f = 0;
		     k == STAT_SERVICES_MAX && f < STAT_SERVICES_MAX; f++)
			if (used->service[f].id[0] == '\0') {
				k = f;
				memset(place[k], 0, sizeof place[k]);
				adopt(&used->service[k], s);
			}
		if (k < STAT_SERVICES_MAX)
			slot_of[i] = (uint8_t)(1 + k);
	}
}

static void add(struct drift_service *d, uint16_t *at, struct drift_name *new,
    unsigned index)
{
	new->day = (int32_t)(clock_unix_s() / DAY_S);
	new->seen = 1;
	d->name[d->n] = *new;
	*at = (uint16_t)(d->n + 1);
	__atomic_store_n(&d->n, d->n + 1, __ATOMIC_RELEASE);
	stat_service_add(index, STAT_SERVICE_DRIFT_NAMES, 1);
}

static void note(const struct service *s, struct drift_name *new)
{
	unsigned slot = s->index < STAT_SERVICES_MAX ? slot_of[s->index] : 0;
	struct drift_service *d;
	uint16_t *at;
	size_t i;

	if (slot == 0 || !is_of(&used->service[slot - 1], s))
		return; /* an old connection, under rules that are no more */
	d = &used->service[slot - 1];
	i = (size_t)hash_span(key_of(new)) % INDEX_SLOTS;
	for (;; i = (i + 1) % INDEX_SLOTS) {
		at = &place[slot - 1][i];
		if (*at == 0)
			break;
		if (span_eq(key_of(&d->name[*at - 1]), key_of(new))) {
			d->name[*at - 1].seen++;
			return;
		}
	}
	if (d->n == DRIFT_NAMES_MAX)
		d->lost++;
	else
		add(d, at, new, s->index);
}

/* "?abc-defg-hij", without '=': what stands where a name should is a value. */
static bool is_value(const struct finding *f)
{
	return f->before.n == 0 &&
	       (f->carrier == CARRIER_COOKIE || f->carrier == CARRIER_QUERY ||
	           f->carrier == CARRIER_FORM);
}

void drift_field(const struct service *s, bool down, const struct finding *f)
{
	struct drift_name new = { .carrier = (uint8_t)f->carrier,
		.down = down };
	struct span name = f->path.n > 0 ? f->path : f->name;

	if (is_value(f))
		name = SPAN("*");
	new.n = (uint8_t)drift_fold(f->carrier, name, new.text);
	note(s, &new);
}

void drift_host(const struct service *s, struct span host, struct span base)
{
	struct drift_name new = { .carrier = CARRIER_HOST };

	new.n = (uint8_t)drift_fold_host(host, base, new.text);
	note(s, &new);
}

void drift_socket(const struct service *s, struct span path)
{
	struct drift_name new = { .carrier = CARRIER_SOCKET };

	new.n = (uint8_t)drift_fold(CARRIER_SOCKET, path, new.text);
	note(s, &new);
}

void drift_party(const struct service *s, enum carrier c, struct span name)
{
	struct drift_name new = { .carrier = (uint8_t)c };

	if (name.n > DRIFT_NAME_BYTES)
		name.n = DRIFT_NAME_BYTES;
	for (size_t i = 0; i < name.n; i++)
		new.text[i] = name.p[i];
	for (size_t i = 0; i < name.n; i++)
		if (new.text[i] == ' ')
			new.text[i] = '_';
	new.n = (uint8_t)name.n;
	note(s, &new);
}

/* ---- the reader's side ---- */

const struct drift_service *drift_of(
    const struct drift_page *page, const struct service *s)
{
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++)
		if (is_of(&page->service[i], s))
			return &page->service[i];
	return NULL;
}

/* A copy that can be relied on; false: it is none of ours. */
static bool take(const struct drift_name *from, struct drift_name *ret_name)
{
	*ret_name = *from;
	return ret_name->n > 0 && ret_name->n <= DRIFT_NAME_BYTES &&
	       ret_name->carrier < CARRIER_COUNT && ret_name->down <= 1;
}

/* Names of from that sum has already are added up. known: those of sum. */
static void merge(struct drift_service *sum, const struct drift_service *from,
    struct hash *known)
{
	uint32_t n = __atomic_load_n(&from->n, __ATOMIC_ACQUIRE);
	struct drift_name one, *old;

	for (uint32_t i = 0; i < sum->n; i++)
		(void)hash_put(known, key_of(&sum->name[i]), &sum->name[i]);
	for (uint32_t i = 0; i < n && i < DRIFT_NAMES_MAX; i++) {
		if (!take(&from->name[i], &one))
			continue;
		old = hash_get(known, key_of(&one));
		if (old != NULL) {
			old->seen += one.seen;
			if (one.day < old->day)
				old->day = one.day;
		} else if (sum->n < DRIFT_NAMES_MAX) {
			old = &sum->name[sum->n++];
			*old = one;
			(void)hash_put(known, key_of(old), old);
		} else {
			sum->lost += one.seen;
		}
	}
	sum->lost += from->lost;
}

static struct drift_service *same(
    struct drift_page *sum, const char *id, uint32_t version)
{
	struct drift_service *d;

	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++)
		if (strcmp(sum->service[i].id, id) == 0 &&
		    sum->service[i].version == version)
			return &sum->service[i];
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++) {
		d = &sum->service[i];
		if (d->id[0] != '\0')
			continue;
		snprintf(d->id, sizeof d->id, "%s", id);
		d->version = version;
		d->n = 0;
		d->lost = 0;
		return d;
	}
	return NULL;
}

void drift_merge(struct drift_page *sum, const struct drift_page *from)
{
	if (sum == NULL || from == NULL)
		return;
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++) {
		const struct drift_service *f = &from->service[i];
		struct drift_service *d;
		struct hash *known;
		char id[sizeof f->id];

		memcpy(id, f->id, sizeof id);
		id[sizeof id - 1] = '\0';
		if (id[0] == '\0' || (d = same(sum, id, f->version)) == NULL ||
		    (known = hash_new(DRIFT_NAMES_MAX)) == NULL)
			continue;
		merge(d, f, known);
		hash_free(known);
	}
}

void drift_clear(struct drift_page *page)
{
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++)
		if (page->service[i].id[0] != '\0' || page->service[i].n != 0)
			forget(&page->service[i]);
}
