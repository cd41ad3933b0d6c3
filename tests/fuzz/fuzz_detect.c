/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_detect - any text: hits lie within it, one behind the other, each of one
 * shape that was asked for and of at least one byte; what is found with all shapes
 * asked is found again when its own is asked alone. */
#include <stdlib.h>

#include "engine/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define ALL ((1u << SHAPE_COUNT) - 1)

static void check(bool good)
{
	if (!good)
		abort();
}

/* Is hit found when only its shape is asked, perhaps with more around it? */
static bool found_alone(struct span text, const struct detect_hit *hit)
{
	struct detect_hit h;
	size_t from = 0;

	while (detect_next(text, from, hit->shape, &h)) {
		if (h.start <= hit->start &&
		    h.start + h.len >= hit->start + hit->len)
			return true;
		from = h.start + h.len;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span text = span_of((const char *)p, n);
	struct detect_hit hit;
	unsigned hits = 0;
	size_t from = 0;

	while (detect_next(text, from, ALL, &hit)) {
		check(hit.start >= from && hit.len > 0);
		check(hit.start + hit.len <= n);
		check((hit.shape & ALL) != 0 &&
		      (hit.shape & (hit.shape - 1)) == 0);
		if (hits++ < 8) /* the search alone begins anew each time */
			check(found_alone(text, &hit));
		from = hit.start + hit.len;
	}
	return 0;
}
