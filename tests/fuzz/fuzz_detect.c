/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_detect - any text: hits lie within it, one behind the other, each of one
 * shape that was asked for and of at least one byte; what is found with all shapes
 * asked is what is found from the same place when its own is asked alone. (From
 * another place it need not be: "092 092027 09::0:2" is a telephone and a rest, or
 * an address in its last two groups.) */
#include <stdlib.h>

#include "engine/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define ALL ((1u << SHAPE_COUNT) - 1)

static void check(bool good)
{
	if (!good)
		abort();
}

/* Is hit what its shape alone finds from here? */
static bool same_alone(
    struct span text, size_t from, const struct detect_hit *hit)
{
	struct detect_hit h;

	return detect_next(text, from, hit->shape, &h) &&
	    h.start == hit->start && h.len == hit->len;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = span_of((const char *)p, n);
	struct detect_hit hit;
	size_t from = 0;

	while (detect_next(text, from, ALL, &hit)) {
		check(hit.start >= from && hit.len > 0);
		check(hit.start + hit.len <= n);
		check((hit.shape & ALL) != 0 &&
		      (hit.shape & (hit.shape - 1)) == 0);
		check(same_alone(text, from, &hit));
		from = hit.start + hit.len;
	}
	return 0;
}
