/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_guard - the first line is a pattern ('=' in front: exact), a second one
 * may be behind a 0 byte; the rest is a stream. What is found is what the slow
 * way finds, at any cut. */
#include <stdlib.h>

#include "engine/guard.h"
#include "unit/engine/guard_plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int feed(const struct guard *g, struct span in, size_t size)
{
	struct guard_scan s;
	int r = 0;

	guard_init(&s);
	for (size_t n; in.n > 0; in = span_from(in, n)) {
		n = in.n < size ? in.n : size;
		r = guard_feed(g, &s, span_of(in.p, n));
	}
	if (r != (s.hit >= 0))
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of((const char *)p, n < 5000 ? n : 5000), line;
	struct guard_pattern pattern[2];
	size_t count = 0;
	struct guard *g;
	bool want = false;

	line = span_cut(&in, '\n');
	while (line.n > 0 && count < 2) {
		struct span one = span_cut(&line, '\0');

		pattern[count].exact = one.n > 0 && one.p[0] == '=';
		pattern[count].text = span_from(one, pattern[count].exact);
		count++;
	}
	g = guard_new(pattern, count, NULL);
	if (g == NULL)
		return 0;
	for (size_t i = 0; i < count; i++)
		want = want || plain_guard(&pattern[i], in);
	if (feed(g, in, 5000) != want || feed(g, in, 1) != want ||
	    feed(g, in, 11) != want)
		abort();
	guard_free(g);
	return 0;
}
