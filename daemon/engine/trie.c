/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/trie.h"

#include <errno.h>
#include <stdlib.h>

/* What is known of a state only while the trie is made. */
struct growth {
	uint32_t *parent;
	unsigned char *byte;
	uint32_t *order; /* states by depth */
};

static int make_room(struct trie *t, struct growth *g, size_t states)
{
	size_t slots = 16;

	t->shift = 28;
	while (slots < 2 * states) {
		slots *= 2;
		t->shift--;
	}
	t->mask = (uint32_t)(slots - 1);
	t->edge = calloc(slots, sizeof *t->edge);
	t->fail = calloc(states, sizeof *t->fail);
	t->word = malloc(states * sizeof *t->word);
	t->far = malloc(states * sizeof *t->far);
	t->depth = calloc(states, sizeof *t->depth);
	g->parent = calloc(states, sizeof *g->parent);
	g->byte = calloc(states, sizeof *g->byte);
	g->order = calloc(states, sizeof *g->order);
	if (t->edge == NULL || t->fail == NULL || t->word == NULL ||
	    t->far == NULL || t->depth == NULL || g->parent == NULL ||
	    g->byte == NULL || g->order == NULL)
		return -ENOMEM;
	memset(t->word, 0xff, states * sizeof *t->word);
	memset(t->far, 0xff, states * sizeof *t->far);
	t->n = 1;
	return 0;
}

static uint32_t add_state(
    struct trie *t, struct growth *g, uint32_t from, unsigned char c)
{
	uint32_t key = (from << 8 | c) + 1, i = key * 0x9e3779b1u >> t->shift;
	uint32_t s = t->n++;

	while (t->edge[i].key != 0)
		i = (i + 1) & t->mask;
	t->edge[i] = (struct trie_edge){ key, s };
	t->depth[s] = (uint16_t)(t->depth[from] + 1);
	g->parent[s] = from;
	g->byte[s] = c;
	if (from == TRIE_ROOT)
		t->root[c] = s;
	return s;
}

static void add_text(
    struct trie *t, struct growth *g, struct span text, uint32_t number)
{
	uint32_t s = TRIE_ROOT, next;

	for (size_t i = 0; i < text.n; i++, s = next) {
		next = trie_child(t, s, (unsigned char)text.p[i]);
		if (next == TRIE_ROOT)
			next = add_state(t, g, s, (unsigned char)text.p[i]);
	}
	if (t->word[s] == TRIE_NONE)
		t->word[s] = number;
}

/* order: all states, the shallow ones first. */
static int sort_states(const struct trie *t, struct growth *g, size_t deepest)
{
	uint32_t *at = calloc(deepest + 2, sizeof *at);

	if (at == NULL)
		return -ENOMEM;
	for (uint32_t s = 0; s < t->n; s++)
		at[t->depth[s] + 1]++;
	for (size_t d = 1; d <= deepest; d++)
		at[d] += at[d - 1];
	for (uint32_t s = 0; s < t->n; s++)
		g->order[at[t->depth[s]]++] = s;
	free(at);
	return 0;
}

static void link_states(struct trie *t, const struct growth *g)
{
	for (uint32_t i = 1; i < t->n; i++) {
		uint32_t s = g->order[i], parent = g->parent[s], f;

		if (parent != TRIE_ROOT)
			t->fail[s] = trie_step(t, t->fail[parent], g->byte[s]);
		f = t->fail[s];
		if (t->word[s] != TRIE_NONE && t->depth[s] >= TRIE_FAR)
			t->far[s] = t->word[s];
		else
			t->far[s] = t->far[f];
		if (t->word[s] == TRIE_NONE)
			t->word[s] = t->word[f];
	}
}

int trie_init(struct trie *t, const struct span *text, size_t n)
{
	struct growth g = { .parent = NULL };
	size_t states = 1, deepest = 0;
	int r = 0;

	*t = (struct trie){ .n = 0 };
	for (size_t i = 0; i < n && r == 0; i++) {
		states += text[i].n;
		deepest = text[i].n > deepest ? text[i].n : deepest;
		if (states > TRIE_STATES_MAX || deepest > UINT16_MAX)
			r = -E2BIG;
	}
	if (r == 0)
		r = make_room(t, &g, states);
	for (size_t i = 0; i < n && r == 0; i++)
		add_text(t, &g, text[i], (uint32_t)i);
	if (r == 0)
		r = sort_states(t, &g, deepest);
	if (r == 0)
		link_states(t, &g);
	free(g.parent);
	free(g.byte);
	free(g.order);
	return r;
}

void trie_fini(struct trie *t)
{
	free(t->edge);
	free(t->fail);
	free(t->word);
	free(t->far);
	free(t->depth);
	*t = (struct trie){ .n = 0 };
}
