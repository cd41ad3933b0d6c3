/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/rnd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t fixed; /* state of the test stream; 0 is off */

static uint64_t step(void) /* splitmix64, good enough to repeat a test */
{
	uint64_t z = fixed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void rnd_bytes(void *p, size_t n)
{
	unsigned char *at = p;
	ssize_t got;

	if (fixed != 0) {
		for (size_t i = 0; i < n; i++)
			at[i] = (unsigned char)step();
		return;
	}
	while (n > 0) {
		got = getrandom(at, n, 0);
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0)
			at += got, n -= (size_t)got;
	}
}

uint64_t rnd_u64(void)
{
	uint64_t v;

	rnd_bytes(&v, sizeof v);
	return v;
}

void rnd_seed(uint64_t seed)
{
	fixed = seed;
}
