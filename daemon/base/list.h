/* SPDX-License-Identifier: EUPL-1.2 */
/* list - intrusive, circular, doubly linked. A head is a link that points to
 * itself; being in a list is being owned by it. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

#define LIST_ENTRY(l, type, member) \
	((type *)(void *)((char *)(l)-offsetof(type, member)))

/* The body may remove `it`, and only it. */
#define LIST_EACH(it, tmp, head)                                      \
	for (struct link *it = (head)->next, *tmp = it->next;         \
	     it != (head); it = tmp, tmp = it->next)

static inline void list_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct link *head)
{
	return head->next == head;
}

/* Insert l before at; with a head: append. */
static inline void list_add_tail(struct link *at, struct link *l)
{
	l->prev = at->prev, l->next = at;
	at->prev->next = l, at->prev = l;
}

static inline void list_add(struct link *at, struct link *l)
{
	list_add_tail(at->next, l);
}

/* A removed link points to itself, so removing it twice is harmless. */
static inline void list_del(struct link *l)
{
	l->prev->next = l->next, l->next->prev = l->prev;
	list_init(l);
}

#endif
