/* SPDX-License-Identifier: EUPL-1.2 */
/* guard_int - the tables of a guard, and the filter that most bytes meet. */
#ifndef ENGINE_GUARD_INT_H
#define ENGINE_GUARD_INT_H

#include "engine/guard.h"
#include "engine/trie.h"

#define GUARD_FOLD 0x20202020u /* makes letters small, and more: harmless */
#define GUARD_STRIDE_MAX 4

/* A set of grams of four bytes, the first one in the low byte; it may say yes
 * for others, too. */
struct filter {
	uint32_t *bit;
	unsigned shift;
};

static inline bool filter_has(const struct filter *f, uint32_t gram)
{
	uint32_t h = gram * 0x9e3779b1u >> f->shift;

	return f->bit[h >> 5] >> (h & 31) & 1;
}

/* The patterns of one kind. */
struct guard_set {
	struct trie trie;
	struct filter near;  /* grams of patterns, | GUARD_FOLD */
	struct filter coded; /* grams of base64 */
	size_t stride;       /* the filters may step so far; 0: no pattern */
	unsigned char fold[256];
	uint32_t *number; /* of a text in the trie: that of the pattern */
};

struct guard {
	struct guard_set set[2]; /* in any case, exact */
};

static inline uint32_t guard_swap(uint32_t x)
{
	return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

static inline uint32_t guard_gram(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	       (uint32_t)u[3] << 24;
}

/* Step through in from index at, where the next BACK bytes are no escapes: true
 * when the gram before *ret_end may be in a filter (it ends behind these bytes,
 * or *ret_end is at + 4); else *ret_end is the next escape or the end. */
bool guard_filter(
    const struct guard_set *s, struct span in, size_t at, size_t *ret_end);

/* The pattern as a search meets it: without escapes, folded by fold; out has
 * GUARD_TEXT_MAX_BYTES. The length, or -EINVAL. */
int guard_normal(struct span text, const unsigned char fold[256], char *out);

#endif
