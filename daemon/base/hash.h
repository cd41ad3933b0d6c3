/* SPDX-License-Identifier: EUPL-1.2 */
/* hash - keyed hashing of network bytes (SipHash-2-4) and a chained table.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/span.h"

/* Random per process; hash_seed() is for tests that need a fixed order. */
uint64_t hash_span(struct span s);
uint64_t hash_span_nocase(struct span s); /* ASCII case folded */
void hash_seed(const unsigned char key[16]);

/* SipHash-2-4 with an explicit key: for vectors. */
uint64_t hash_sip(const unsigned char key[16], const void *p, size_t n);

/* A table from byte strings to pointers. The caller owns keys and values: a key
 * must live as long as its entry. Grows by itself up to max entries. */
struct hash;
struct hash *hash_new(size_t max);
void hash_free(struct hash *h); /* NULL is fine; values are not touched */
void *hash_get(const struct hash *h, struct span key); /* NULL: not there */

/* 0; -EEXIST (value unchanged), -ENOBUFS (max reached) or -ENOMEM. */
int hash_put(struct hash *h, struct span key, void *value);
void *hash_del(struct hash *h, struct span key); /* the value, or NULL */
size_t hash_count(const struct hash *h);

/* Each entry in no order; fn must not change h. Ends early when fn is not 0. */
typedef int hash_each_f(struct span key, void *value, void *arg);
int hash_each(const struct hash *h, hash_each_f *fn, void *arg);

#endif
