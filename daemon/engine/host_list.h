/* SPDX-License-Identifier: EUPL-1.2 */
/* host_list - very many plain host names in little room: eight bytes a name, of
 * which 56 bits are its sum (names.h) and eight the number of the list it came
 * from. The names themselves are not kept. Another name with the same 56 bits is
 * taken for one of them: with a million names one in 70 thousand million, and it
 * is denied, never let through. */
#ifndef ENGINE_HOST_LIST_H
#define ENGINE_HOST_LIST_H

#include <stddef.h>
#include <stdint.h>

#define HOST_LISTS_MAX 32u          /* lists of one ruleset */
#define HOST_LIST_NAMES_MAX 4000000u /* names of all of them */
#define HOST_LIST_NONE UINT32_MAX

struct host_list;

/* Room for n names, HOST_LIST_NAMES_MAX at most. NULL when memory is out. */
struct host_list *host_list_new(size_t n);
void host_list_free(struct host_list *l); /* NULL is fine */

/* At most n names. number: below HOST_LISTS_MAX; the first one stays. */
void host_list_add(struct host_list *l, uint64_t sum, uint32_t number);

/* The number of its list, or HOST_LIST_NONE. */
uint32_t host_list_get(const struct host_list *l, uint64_t sum);

#endif
