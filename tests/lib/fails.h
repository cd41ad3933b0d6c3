/* SPDX-License-Identifier: EUPL-1.2 */
/* fails - let allocations fail. For one file of a program that is linked with
 * --wrap=malloc,--wrap=calloc. */
#ifndef TESTS_LIB_FAILS_H
#define TESTS_LIB_FAILS_H

#include <stdbool.h>
#include <stdlib.h>

static long until = -1; /* allocations that still work; below 0: all */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

static bool fails(void)
{
	if (until > 0)
		until--;
	return until == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

#endif
