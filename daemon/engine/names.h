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
	uint64_t seen[4]; /* a bit for each name_mark that occurs */
};

/* Most names asked for are in no pack: length, first and last byte tell. */
static inline unsigned name_mark(struct span s)
{
	unsigned first, last;

	if (s.n == 0)
		return 0;
	first = (unsigned char)s.p[0] | 0x20u;
	last = (unsigned char)s.p[s.n - 1] | 0x20u;
	return (first * 8 + last * 37 + (unsigned)s.n * 5) & 255;
}

/* A sum of the bytes of name, the same in every process; nocase: the same in
 * either case. */
uint64_t names_sum(struct span name, bool nocase);

/* Room for n names (at most 2^24); the names are borrowed. 0, or the error of
 * the arena. */
int names_init(struct names *t, struct arena *a, size_t n, bool nocase);

/* At most n names, value is not NAMES_NONE. 0, or -EEXIST (unchanged). */
int names_add(struct names *t, struct span name, uint32_t value);

uint32_t names_find(const struct names *t, struct span name);

/* The value, or NAMES_NONE. mark: name_mark of name, for several tables. */
static inline uint32_t names_get_marked(
    const struct names *t, struct span name, unsigned mark)
{
	if ((t->seen[mark / 64] >> mark % 64 & 1) == 0)
		return NAMES_NONE;
	return names_find(t, name);
}

static inline uint32_t names_get(const struct names *t, struct span name)
{
	return names_get_marked(t, name, name_mark(name));
}

#endif
