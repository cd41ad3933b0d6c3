/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/names.h"

#include <assert.h>
#include <errno.h>

#include "base/arena.h"

#define MIX 0x9e3779b97f4a7c15u
#define FOLD 0x2020202020202020u /* makes 'A' and 'a' one, and more: harmless  \
	                          */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * MIX;
	return h ^ h >> 29;
}

uint64_t names_sum(struct span s, bool nocase)
{
	uint64_t fold = nocase ? FOLD : 0, h = s.n, w;
	uint32_t a, b;

	for (; s.n >= 8; s = span_of(s.p + 8, s.n - 8)) {
		memcpy(&w, s.p, sizeof w);
		h = mix(h, w | fold);
	}
	if (s.n >= 4) {
		memcpy(&a, s.p, sizeof a);
		memcpy(&b, s.p + s.n - 4, sizeof b);
		h = mix(h, ((uint64_t)a << 32 | b) | fold);
	} else if (s.n > 0) {
		a = (unsigned char)s.p[0];
		a |= (uint32_t)(unsigned char)s.p[s.n / 2] << 8;
		a |= (uint32_t)(unsigned char)s.p[s.n - 1] << 16;
		h = mix(h, a | fold);
	}
	return h;
}

static uint32_t sum_of(struct span s, bool nocase)
{
	uint64_t h = names_sum(s, nocase);

	return (uint32_t)(h ^ h >> 32);
}

int names_init(struct names *t, struct arena *a, size_t n, bool nocase)
{
	size_t slots = 2;

	assert(n <= (size_t)1 << 24);
	*t = (struct names){ .nocase = nocase, .room = (uint32_t)n };
	if (n == 0)
		return 0;
	while (slots < 2 * n)
		slots *= 2;
	t->slot = arena_zalloc(a, slots * sizeof *t->slot);
	t->mask = (uint32_t)(slots - 1);
	return t->slot != NULL ? 0 : arena_error(a);
}

/* The slot of name, or the free one where it belongs. */
static struct name_slot *find(
    const struct names *t, struct span name, uint32_t sum)
{
	for (uint32_t i = sum & t->mask;; i = (i + 1) & t->mask) {
		struct name_slot *k = &t->slot[i];

		if (k->name.p == NULL)
			return k;
		if (k->sum != sum || k->name.n != name.n)
			continue;
		if (t->nocase ? span_eq_nocase(k->name, name)
		              : span_eq(k->name, name))
			return k;
	}
}

int names_add(struct names *t, struct span name, uint32_t value)
{
	uint32_t sum = sum_of(name, t->nocase);
	struct name_slot *k;

	assert(t->slot != NULL);
	k = find(t, name, sum);
	if (k->name.p != NULL)
		return -EEXIST;
	assert(t->room > 0); /* a free slot has to be left: find ends there */
	t->room--;
	k->name = name.p != NULL ? name : SPAN("");
	k->sum = sum;
	k->value = value;
	t->seen[name_mark(name) / 64] |= (uint64_t)1 << name_mark(name) % 64;
	return 0;
}

uint32_t names_find(const struct names *t, struct span name)
{
	const struct name_slot *k;

	if (t->slot == NULL)
		return NAMES_NONE;
	k = find(t, name, sum_of(name, t->nocase));
	return k->name.p != NULL ? k->value : NAMES_NONE;
}
