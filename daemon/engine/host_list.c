/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/host_list.h"

#include <assert.h>
#include <stdlib.h>

#define NUMBER_BITS 8
#define NUMBER_MASK ((1u << NUMBER_BITS) - 1)

struct host_list {
	uint64_t *slot; /* 0: free; else sum and, in the low bits, number + 1 */
	size_t mask, room;
};

struct host_list *host_list_new(size_t n)
{
	struct host_list *l = malloc(sizeof *l);
	size_t slots = 2;

	assert(n <= HOST_LIST_NAMES_MAX);
	while (slots < n + n / 2 + 1)
		slots *= 2;
	if (l == NULL)
		return NULL;
	*l = (struct host_list){ calloc(slots, sizeof *l->slot), slots - 1, n };
	if (l->slot == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void host_list_free(struct host_list *l)
{
	if (l == NULL)
		return;
	free(l->slot);
	free(l);
}

/* The slot of sum, or the free one where it belongs. */
static size_t find(const struct host_list *l, uint64_t sum)
{
	size_t i = (size_t)(sum >> NUMBER_BITS) & l->mask;

	while (l->slot[i] != 0 && ((l->slot[i] ^ sum) & ~(uint64_t)NUMBER_MASK))
		i = (i + 1) & l->mask;
	return i;
}

void host_list_add(struct host_list *l, uint64_t sum, uint32_t number)
{
	size_t i = find(l, sum);

	assert(number < HOST_LISTS_MAX);
	if (l->slot[i] != 0)
		return;
	assert(l->room > 0); /* a free slot has to be left: find ends there */
	l->room--;
	l->slot[i] = (sum & ~(uint64_t)NUMBER_MASK) | (number + 1);
}

uint32_t host_list_get(const struct host_list *l, uint64_t sum)
{
	uint64_t slot = l->slot[find(l, sum)];

	return slot == 0 ? HOST_LIST_NONE
	                 : (uint32_t)(slot & NUMBER_MASK) - 1;
}
