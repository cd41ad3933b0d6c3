/* SPDX-License-Identifier: EUPL-1.2 */
/* case_find - is a text anywhere in these bytes, in whatever coat? Looks at the
 * bytes as they are and, again and again, at what they become when they are
 * read as percent-encoding, JSON escapes, base64 (both alphabets, every
 * offset), hex, gzip, zlib or UTF-16. */
#ifndef TESTS_CASE_FIND_H
#define TESTS_CASE_FIND_H

#include "base/span.h"

#define CASE_FIND_DEPTH 4 /* coats over each other */
#define CASE_FIND_VIEWS_MAX 4096
#define CASE_FIND_BYTES_MAX (64u << 20)

/* All the ways to read some bytes. */
struct case_views;
struct case_views *case_views_new(void);
void case_views_free(struct case_views *v); /* NULL is fine */
/* Add bytes and everything they can be read as. */
void case_views_add(struct case_views *v, struct span bytes);
/* The coats that needle was found under ("base64 of percent"), or NULL. */
const char *case_views_find(const struct case_views *v, struct span needle);
size_t case_views_count(const struct case_views *v);
/* A limit was reached: not finding proves nothing. */
bool case_views_full(const struct case_views *v);

#endif
