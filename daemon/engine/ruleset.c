/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/ruleset.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "engine/host_list.h"
#include "engine/message.h"
#include "engine/plan.h"
#include "engine/ruleset_int.h"

#define RULESET_BYTES_MAX (16u << 20)

/* Host lines of some services, and whose they are by number. */
struct host_table {
	struct hosts *hosts; /* NULL: unbuilt */
	struct owned_host *host;
};

struct ruleset {
	unsigned refs;
	struct arena *arena;
	struct service *service[RULE_SERVICES_MAX];
	struct host_line *line[RULE_SERVICES_MAX]; /* service[i]->host */
	size_t count;
	struct host_table on, off; /* services that are off */
	uint32_t ids;
	unsigned char *reached; /* one byte for each id */
};

struct ruleset *ruleset_new(void)
{
	struct ruleset *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->refs = 1;
	r->arena = arena_new(RULESET_BYTES_MAX);
	if (r->arena == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

struct ruleset *ruleset_ref(struct ruleset *r)
{
	r->refs++;
	return r;
}

static void free_plans(const struct service *s)
{
	plans_free(s->up);
	plans_free(s->down);
	messages_free(s->messages_up);
	messages_free(s->messages_down);
}

void ruleset_unref(struct ruleset *r)
{
	if (r == NULL || --r->refs > 0)
		return;
	for (size_t i = 0; i < r->count; i++)
		free_plans(r->service[i]);
	hosts_fini(r->on.hosts);
	hosts_fini(r->off.hosts);
	arena_free(r->arena);
	free(r);
}

struct arena *ruleset_arena(struct ruleset *r)
{
	return r->arena;
}

int ruleset_add(struct ruleset *r, const struct service *s)
{
	struct host_line *host;
	struct service *copy;

	assert(r->on.hosts == NULL);
	for (size_t i = 0; i < r->count; i++)
		if (span_eq(r->service[i]->id, s->id) ||
		    r->service[i]->index == s->index)
			return -EEXIST;
	if (r->count == RULE_SERVICES_MAX)
		return -ENOBUFS;
	copy = arena_alloc(r->arena, sizeof *copy);
	host = arena_alloc(r->arena, s->nhost * sizeof *host);
	if (arena_error(r->arena) < 0)
		return arena_error(r->arena);
	*copy = *s;
	if (s->nhost > 0)
		memcpy(host, s->host, s->nhost * sizeof *host);
	copy->host = host;
	copy->up = plans_new();
	copy->down = plans_new();
	copy->messages_up = messages_new(r);
	copy->messages_down = messages_new(r);
	if (copy->up == NULL || copy->down == NULL ||
	    copy->messages_up == NULL || copy->messages_down == NULL) {
		free_plans(copy);
		return -ENOMEM;
	}
	plans_set_detect(copy->up, copy->detect, copy->ndetect);
	messages_set_detect(copy->messages_up, copy->detect, copy->ndetect);
	r->line[r->count] = host;
	r->service[r->count++] = copy;
	return 0;
}

static void number_entries(struct list_of_entries *l, uint32_t *id)
{
	for (uint32_t i = 0; i < l->n; i++) {
		l->p[i].id = (*id)++;
		for (uint32_t k = 0; k < l->p[i].nstrip; k++)
			l->p[i].strip[k].id = (*id)++;
	}
}

/* Ids; and the sinks that join entries have when none is written. */
static int number_all(struct ruleset *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct service *s = r->service[i];

		for (uint32_t k = 0; k < s->nhost; k++)
			r->line[i][k].id = r->ids++;
		number_entries(&s->request, &r->ids);
		number_entries(&s->response, &r->ids);
		number_entries(&s->join, &r->ids);
		number_entries(&s->websocket, &r->ids);
		for (uint32_t k = 0; k < s->ndetect; k++)
			s->detect[k].line.id = r->ids++;
		for (uint32_t k = 0; k < s->join.n; k++)
			if (s->join.p[k].sink.kind == SINK_NONE)
				s->join.p[k].sink.kind = SINK_PAGE;
	}
	r->reached = arena_zalloc(r->arena, r->ids);
	return arena_error(r->arena);
}

static int refuse_host(const struct host_table *t, int error,
    const uint32_t *at, struct place *ret_place, char err[PARSE_ERR_BYTES])
{
	const struct host_line *l, *first;

	if (error == -EINVAL) {
		l = t->host[at[0]].line;
		*ret_place = l->place;
		snprintf(err, PARSE_ERR_BYTES,
		    "host \"%.*s\" would take in everything: the last label "
		    "must be written out",
		    SPAN_ARG(l->pattern));
	} else if (error == -EEXIST) {
		first = t->host[at[0]].line;
		l = t->host[at[1]].line;
		*ret_place = l->place;
		snprintf(err, PARSE_ERR_BYTES,
		    "host \"%.*s\" stands in %s:%u already (service %.*s)",
		    SPAN_ARG(l->pattern),
		    first->place.file != NULL ? first->place.file : "?",
		    first->place.line, SPAN_ARG(t->host[at[0]].service->id));
		error = -EINVAL;
	}
	return error;
}

static bool is_off(const struct service *s)
{
	return s->refused == WHY_SERVICE_OFF;
}

/* The table of those services that are off, or of all others. */
static int build_table(struct ruleset *r, bool off, struct host_table *t,
    struct place *ret_place, char err[PARSE_ERR_BYTES])
{
	struct host_pattern *pattern;
	uint32_t n = 0, twice[2] = { 0, 0 };
	int e;

	for (size_t i = 0; i < r->count; i++)
		n += is_off(r->service[i]) == off ? r->service[i]->nhost : 0;
	t->host = arena_alloc(r->arena, n * sizeof *t->host);
	pattern = arena_alloc(r->arena, n * sizeof *pattern);
	if (arena_error(r->arena) < 0)
		return arena_error(r->arena);
	n = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct service *s = r->service[i];

		for (uint32_t k = 0; k < s->nhost && is_off(s) == off; k++) {
			struct host_line *l = &r->line[i][k];

			t->host[n].service = s;
			t->host[n].line = l;
			pattern[n++] = (struct host_pattern){ l->pattern,
				l->listed > 0 ? l->list : SPAN_NONE, l->listed };
			l->list = SPAN_NONE;
		}
	}
	e = hosts_build(r->arena, pattern, n, &t->hosts, twice);
	return e < 0 ? refuse_host(t, e, twice, ret_place, err) : 0;
}

int ruleset_build(
    struct ruleset *r, struct place *ret_place, char err[PARSE_ERR_BYTES])
{
	int e;

	*ret_place = (struct place){ .file = NULL };
	err[0] = '\0';
	for (size_t i = 0; i < r->count; i++)
		if ((e = check_service(r->service[i], ret_place, err)) < 0)
			return e;
	if ((e = number_all(r)) == 0)
		e = build_table(r, false, &r->on, ret_place, err);
	if (e == 0)
		e = build_table(r, true, &r->off, ret_place, err);
	if (e == -ENOBUFS) {
		snprintf(err, PARSE_ERR_BYTES,
		    "the packs are too large: over %u bytes together",
		    RULESET_BYTES_MAX);
		e = -EINVAL;
	} else if (e == -E2BIG) {
		snprintf(err, PARSE_ERR_BYTES,
		    "lists of hosts: over %u lists or %u names together",
		    HOST_LISTS_MAX, HOST_LIST_NAMES_MAX);
		e = -EINVAL;
	}
	return e;
}

size_t ruleset_count(const struct ruleset *r)
{
	return r->count;
}

const struct service *ruleset_at(const struct ruleset *r, size_t i)
{
	return i < r->count ? r->service[i] : NULL;
}

const struct service *ruleset_find(const struct ruleset *r, struct span id)
{
	for (size_t i = 0; i < r->count; i++)
		if (span_eq(r->service[i]->id, id))
			return r->service[i];
	return NULL;
}

uint32_t ruleset_ids(const struct ruleset *r)
{
	return r->ids;
}

void ruleset_reach(const struct ruleset *r, uint32_t id)
{
	if (id < r->ids)
		r->reached[id] = 1;
}

bool ruleset_reached(const struct ruleset *r, uint32_t id)
{
	return id < r->ids && r->reached[id] != 0;
}

static bool find_in(const struct host_table *t, struct span host,
    struct owned_host *ret_host)
{
	uint32_t at = t->hosts != NULL ? hosts_find(t->hosts, host) : HOST_NONE;

	if (at == HOST_NONE)
		return false;
	*ret_host = t->host[at];
	return true;
}

bool ruleset_find_host(const struct ruleset *r, struct span host,
    struct owned_host *ret_host)
{
	return find_in(&r->on, host, ret_host) ||
	       find_in(&r->off, host, ret_host);
}
