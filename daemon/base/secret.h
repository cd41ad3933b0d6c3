/* SPDX-License-Identifier: EUPL-1.2 */
/* secret - bytes that must not outlive their use: locked, not dumped, wiped. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
	unsigned char *p; /* owned */
	size_t n;
};

/* Zeroed memory of n bytes. 0 or -ENOMEM. Locking is best effort. */
int secret_init(struct secret *s, size_t n);
void secret_fini(struct secret *s); /* wipes, frees; twice is fine */

/* Overwrite in a way the compiler must keep. */
void secret_wipe(void *p, size_t n);

/* Equal in constant time. */
bool secret_eq(const void *a, const void *b, size_t n);

#endif
