/* SPDX-License-Identifier: EUPL-1.2 */
/* ruleset - a counted snapshot of all services. Built once, then read-only but
 * for its caches; a connection keeps the snapshot it began with. */
#ifndef ENGINE_RULESET_H
#define ENGINE_RULESET_H

#include "engine/parse.h"
#include "engine/rule.h"

struct arena;
struct ruleset;

/* An empty ruleset with one reference; NULL when memory is out. */
struct ruleset *ruleset_new(void);
struct ruleset *ruleset_ref(struct ruleset *r);
void ruleset_unref(struct ruleset *r); /* NULL is fine; the last one frees */

/* The arena for everything the model points at (16 MiB at most). */
struct arena *ruleset_arena(struct ruleset *r);

/* Add a service whose spans live in the arena; s is copied. 0; -EEXIST (id or
 * index taken), -ENOBUFS or -ENOMEM. */
int ruleset_add(struct ruleset *r, const struct service *s);

/* Make the lookup tables: gives each line its id, checks what only the whole
 * shows (two packs with the same host pattern, a JSON table over the state
 * limit). Once, after the last add. 0; -EINVAL with place and sentence; or
 * -ENOMEM. */
int ruleset_build(struct ruleset *r, struct place *ret_place,
    char err[PARSE_ERR_BYTES]);

size_t ruleset_count(const struct ruleset *r);
const struct service *ruleset_at(const struct ruleset *r, size_t i);
const struct service *ruleset_find(const struct ruleset *r, struct span id);

/* Coverage: each id below the count stands for a host line, entry, strip
 * or detect line. ruleset_reach marks one; ruleset_reached tells. */
uint32_t ruleset_ids(const struct ruleset *r);
void ruleset_reach(const struct ruleset *r, uint32_t id);
bool ruleset_reached(const struct ruleset *r, uint32_t id);

#endif
