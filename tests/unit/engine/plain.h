/* SPDX-License-Identifier: EUPL-1.2 */
/* plain - the plainest way to ask whether a path names a place: the automata are
 * held against it. */
#ifndef TESTS_UNIT_ENGINE_PLAIN_H
#define TESTS_UNIT_ENGINE_PLAIN_H

#include "base/span.h"

#define PLAIN_KEYS_MAX 8

typedef bool plain_fits_f(struct span part, struct span key);

/* path: parts, each with sep in front, or twice for any depth. n keys lead to
 * the place, PLAIN_KEYS_MAX at most. */
static inline bool plain_match(struct span path, char sep, plain_fits_f *fits,
    const char *const *key, size_t n)
{
	bool now[PLAIN_KEYS_MAX + 1] = { false }, next[PLAIN_KEYS_MAX + 1];
	struct span part;

	/* now[i]: the parts so far can end behind key i. */
	now[0] = true;
	while (path.n > 0) {
		bool is_deep = path.n > 1 && path.p[1] == sep;

		path = span_from(path, is_deep ? 2 : 1);
		part = span_of(path.p, span_chr(path, sep));
		path = span_from(path, part.n);
		memset(next, 0, sizeof next);
		for (size_t i = 0; i < n; i++)
			for (size_t k = i; now[i] && k < n; k++) {
				if (k > i && !is_deep)
					break;
				if (fits(part, span_str(key[k])))
					next[k + 1] = true;
			}
		memcpy(now, next, sizeof now);
	}
	return now[n];
}

#endif
