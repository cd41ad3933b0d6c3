/* SPDX-License-Identifier: EUPL-1.2 */
/* taken - count allocations. For one file of a program that is linked with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc. */
#ifndef TESTS_LIB_TAKEN_H
#define TESTS_LIB_TAKEN_H

#include <stdlib.h>

static unsigned long taken; /* up to now */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *was, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *was, size_t n);

void *__wrap_malloc(size_t n)
{
	taken++;
	return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	taken++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *was, size_t n)
{
	taken++;
	return __real_realloc(was, n);
}

#endif
