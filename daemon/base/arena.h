/* SPDX-License-Identifier: EUPL-1.2 */
/* arena - bump memory of one exchange, freed in one go, with a maximum.
 * Overflow is sticky: after it every call returns NULL (or an empty span), and
 * arena_error() is tested once, before the result is used. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena;

/* max: bytes that may be handed out in all. NULL when memory is out. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a); /* NULL is fine */

/* Everything handed out is void afterwards; keeps the first block. */
void arena_reset(struct arena *a);

/* 16-byte aligned, not zeroed. NULL on overflow. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
struct span arena_dup(struct arena *a, struct span s);

/* n pieces one after the other, as one span. */
struct span arena_join(struct arena *a, const struct span *piece, size_t n);

int arena_error(const struct arena *a); /* 0, -ENOBUFS or -ENOMEM */
size_t arena_used(const struct arena *a);

#endif
