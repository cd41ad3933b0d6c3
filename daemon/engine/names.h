/* SPDX-License-Identifier: EUPL-1.2 */
/* names - a table from names to numbers, filled once from a pack and then only
 * read. The names asked for come from the network, those inside do not: nobody
 * outside can make its chains longer, so the hash needs no key. */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include "base/span.h"

#define NAMES_NONE UINT32_MAX

struct arena;
struct name_slot {
	struct span name; /* p is NULL in a free slot */
	uint32_t sum, value;
};

struct names {
	struct name_slot *slot; /* NULL: an empty table */
	uint32_t mask;
	uint32_t room; /* names that may still come */
	bool nocase;   /* ASCII */
};

/* Room for n names (at most 2^24); the names are borrowed. 0, or the error of
 * the arena. */
int names_init(struct names *t, struct arena *a, size_t n, bool nocase);

/* At most n names, value is not NAMES_NONE. 0, or -EEXIST (unchanged). */
int names_add(struct names *t, struct span name, uint32_t value);

/* The value, or NAMES_NONE. */
uint32_t names_get(const struct names *t, struct span name);

#endif
