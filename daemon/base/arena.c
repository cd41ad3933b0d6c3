/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>

#define ARENA_BLOCK_BYTES 4096

struct block {
	struct block *next;
	size_t cap, used;
	_Alignas(16) char mem[];
};

struct arena {
	struct block *first; /* kept over a reset; last in the chain */
	struct block *now;   /* newest, chained to older ones by next */
	size_t used, max;
	int err;
};

static struct block *block_new(size_t cap)
{
	struct block *k = malloc(sizeof *k + cap);

	if (k != NULL)
		k->next = NULL, k->cap = cap, k->used = 0;
	return k;
}

struct arena *arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof *a);

	if (a == NULL || (a->first = block_new(ARENA_BLOCK_BYTES)) == NULL) {
		free(a);
		return NULL;
	}
	a->now = a->first;
	a->max = max;
	return a;
}

void arena_reset(struct arena *a)
{
	struct block *next;

	for (struct block *k = a->now; k != a->first; k = next) {
		next = k->next;
		free(k);
	}
	a->now = a->first;
	a->first->used = 0;
	a->used = 0;
	a->err = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *k = a->now;
	void *p;

	if (a->err == 0 && n > a->max - a->used)
		a->err = -ENOBUFS;
	if (a->err != 0)
		return NULL;
	n = n > SIZE_MAX - 15 ? n : (n + 15) & ~(size_t)15;
	if (k->cap - k->used < n) {
		k = block_new(n > ARENA_BLOCK_BYTES ? n : ARENA_BLOCK_BYTES);
		if (k == NULL) {
			a->err = -ENOMEM;
			return NULL;
		}
		k->next = a->now;
		a->now = k;
	}
	p = k->mem + k->used;
	k->used += n;
	a->used = n > a->max - a->used ? a->max : a->used + n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

struct span arena_dup(struct arena *a, struct span s)
{
	return arena_join(a, &s, 1);
}

struct span arena_join(struct arena *a, const struct span *piece, size_t n)
{
	size_t len = 0, at = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		len += piece[i].n;
	if ((p = arena_alloc(a, len)) == NULL)
		return SPAN_NONE;
	for (size_t i = 0; i < n; at += piece[i++].n)
		if (piece[i].n > 0)
			memcpy(p + at, piece[i].p, piece[i].n);
	return span_of(p, len);
}

int arena_error(const struct arena *a)
{
	return a->err;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
