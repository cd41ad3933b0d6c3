/* SPDX-License-Identifier: EUPL-1.2 */
/* taken - count OpenSSL's allocations with ours: see lib/taken.h. */
#ifndef TESTS_UNIT_TLS_TAKEN_H
#define TESTS_UNIT_TLS_TAKEN_H

#include <stdbool.h>

#include <openssl/crypto.h>

#include "lib/taken.h"

static void *taken_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return __wrap_malloc(n);
}

static void *taken_realloc(void *was, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return __wrap_realloc(was, n);
}

static void taken_free(void *was, const char *file, int line)
{
	(void)file, (void)line;
	free(was);
}

/* Before anything else of OpenSSL; false: it has memory already. */
static bool taken_openssl(void)
{
	return CRYPTO_set_mem_functions(
	           taken_malloc, taken_realloc, taken_free) == 1;
}

#endif
