/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/match.h"

static bool same(char a, char b, bool nocase)
{
	return a == b || (nocase && ascii_lower(a) == ascii_lower(b));
}

/* One star is remembered: when the rest does not fit, the last star takes one
 * character more. An earlier star never needs to grow again. */
static bool match(struct span pattern, struct span text, bool nocase)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = t;
			if (p == pattern.n)
				return true;
		} else if (p < pattern.n &&
		           same(pattern.p[p], text.p[t], nocase)) {
			p++, t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool glob_match(struct span pattern, struct span text)
{
	return match(pattern, text, false);
}

bool glob_match_nocase(struct span pattern, struct span text)
{
	return match(pattern, text, true);
}

unsigned glob_stars(struct span pattern, struct span text, struct span star[],
    unsigned max)
{
	size_t at = span_chr(pattern, '*'), t = at, end;
	unsigned n = 0;

	while (n < max && at < pattern.n) {
		struct span rest = span_from(pattern, at + 1);
		struct span piece = span_of(rest.p, span_chr(rest, '*'));
		bool last = piece.n == rest.n;

		if (t > text.n || (last && piece.n > text.n - t))
			break; /* it does not fit */
		end = last ? text.n - piece.n
		           : t + span_find(span_from(text, t), piece);
		star[n++] = span_of(text.p + t, end - t);
		t = end + piece.n;
		at += 1 + piece.n;
	}
	return n;
}
