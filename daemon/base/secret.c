/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

int secret_init(struct secret *s, size_t n)
{
	size_t len = whole_pages(n);
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	(void)mlock(p, len);
	(void)madvise(p, len, MADV_DONTDUMP);
	*s = (struct secret){ p, n };
	return 0;
}

void secret_fini(struct secret *s)
{
	if (s->p == NULL)
		return;
	secret_wipe(s->p, s->n);
	munmap(s->p, whole_pages(s->n));
	*s = (struct secret){ NULL, 0 };
}

void secret_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

bool secret_eq(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	unsigned char diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
