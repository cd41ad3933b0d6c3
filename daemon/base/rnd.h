/* SPDX-License-Identifier: EUPL-1.2 */
/* rnd - random bytes from the kernel; a fixed stream in tests. */
#ifndef BASE_RND_H
#define BASE_RND_H

#include <stddef.h>
#include <stdint.h>

/* Never fails: without the kernel's random source the process ends. */
void rnd_bytes(void *p, size_t n);
uint64_t rnd_u64(void);

/* Tests only: from now on a repeatable stream. 0 goes back to the kernel. */
void rnd_seed(uint64_t seed);

#endif
