/* SPDX-License-Identifier: EUPL-1.2 */
/* trie - many texts looked for at once, one step per byte (Aho and Corasick
 * 1975). States are small numbers, 0 is the root. Edges stand in one hash
 * table: a step costs two look-ups on the average, whatever the input is, and
 * a state some 24 bytes. Filled once from the configuration, then only read. */
#ifndef ENGINE_TRIE_H
#define ENGINE_TRIE_H

#include "base/span.h"

#define TRIE_ROOT 0u
#define TRIE_NONE UINT32_MAX
#define TRIE_STATES_MAX (1u << 22)

struct trie_edge {
	uint32_t key; /* state << 8 | byte, plus 1; 0: free */
	uint32_t to;
};

struct trie {
	struct trie_edge *edge; /* owned, as all of these */
	uint32_t *fail;         /* per state: the longest suffix */
	uint32_t *word;         /* per state: number of a text, or TRIE_NONE */
	uint32_t *far;          /* the same, of TRIE_FAR bytes and more */
	uint16_t *depth;        /* per state: bytes of it */
	uint32_t root[256];     /* the edges of the root */
	uint32_t mask, n;
	unsigned shift;
};

#define TRIE_FAR 6 /* bytes of a text that can be told in base64 */

/* Texts of 1 to 65535 bytes, all not empty, TRIE_STATES_MAX bytes in sum;
 * nothing is borrowed. 0, -E2BIG or -ENOMEM; t may be given to trie_fini in any
 * case. */
int trie_init(struct trie *t, const struct span *text, size_t n);
void trie_fini(struct trie *t); /* a trie of zeros is fine */

static inline uint32_t trie_child(
    const struct trie *t, uint32_t state, unsigned char c)
{
	uint32_t key = (state << 8 | c) + 1, i = key * 0x9e3779b1u >> t->shift;

	for (; t->edge[i].key != key; i = (i + 1) & t->mask)
		if (t->edge[i].key == 0)
			return TRIE_ROOT;
	return t->edge[i].to;
}

static inline uint32_t trie_step(
    const struct trie *t, uint32_t state, unsigned char c)
{
	uint32_t to;

	for (; state != TRIE_ROOT; state = t->fail[state])
		if ((to = trie_child(t, state, c)) != TRIE_ROOT)
			return to;
	return t->root[c];
}

#endif
