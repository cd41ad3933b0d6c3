/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/guard_int.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 16

/* Index of the first '%' or '\' of the block at p, BLOCK: there is none. */
static size_t find_escape(const char *p)
{
#if defined(__SSE2__)
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i y = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('%')),
	    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
	unsigned mask = (unsigned)_mm_movemask_epi8(y);

	return mask == 0 ? BLOCK : (size_t)__builtin_ctz(mask);
#else
	size_t i = 0;

	while (i < BLOCK && p[i] != '%' && p[i] != '\\')
		i++;
	return i;
#endif
}

/* The first escape from at on, or end. */
static size_t next_escape(struct span in, size_t at, size_t end)
{
	while (at < end && in.p[at] != '%' && in.p[at] != '\\')
		at++;
	return at;
}

static inline bool may_be(const struct guard_set *s, const char *p)
{
	uint32_t gram = guard_gram(p);

	return filter_has(&s->near, gram | GUARD_FOLD) ||
	       filter_has(&s->coded, gram);
}

/* The grams from at on, every stride bytes, that begin before stop; *ret_at:
 * the first that may be in a filter, else where the next one would begin. */
static bool try_grams(const struct guard_set *s, struct span in, size_t at,
    size_t stop, size_t *ret_at)
{
	for (; at < stop && at + 4 <= in.n; at += s->stride)
		if (may_be(s, in.p + at)) {
			*ret_at = at;
			return true;
		}
	*ret_at = at;
	return false;
}

/* As try_grams for one block, four at a time. */
static inline bool try_block(const struct guard_set *s, const char *p)
{
	int any = may_be(s, p);

	any |= may_be(s, p + 4);
	any |= may_be(s, p + 8);
	any |= may_be(s, p + 12);
	return any != 0;
}

bool guard_filter(
    const struct guard_set *s, struct span in, size_t at, size_t *ret_end)
{
	size_t n = BLOCK, end;

	while (at + BLOCK + 4 <= in.n) {
		n = find_escape(in.p + at);
		if (n < BLOCK)
			break;
		if (s->stride == GUARD_STRIDE_MAX && !try_block(s, in.p + at)) {
			at += BLOCK;
			continue;
		}
		if (try_grams(s, in, at, at + BLOCK + 1 - s->stride, &at)) {
			*ret_end = next_escape(in, at, at + 4);
			return *ret_end == at + 4;
		}
	}
	end = next_escape(in, at, n < BLOCK ? at + n : in.n);
	if (try_grams(s, span_of(in.p, end), at, end, &at)) {
		*ret_end = at + 4;
		return true;
	}
	*ret_end = end;
	return false;
}
