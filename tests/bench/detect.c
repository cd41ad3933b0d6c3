/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/detect - what engine/detect finds in files of one value in a line: each
 * hit with its shape, then how many of each and MB/s. For measuring false
 * positives: "jq -r '.. | strings' FILE.har > values; tests/bench/detect
 * values" Built by "make tests/bench/detect" only. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/detect.h"

#define LINE_MAX_BYTES (1u << 20)
#define ALL ((1u << SHAPE_COUNT) - 1)

struct tally {
	size_t hits[SHAPE_COUNT], bytes, values;
	clock_t spent;
};

static void take_value(struct span value, struct tally *t)
{
	struct detect_hit hit;
	clock_t start = clock();

	t->values++;
	t->bytes += value.n;
	for (size_t from = 0; detect_next(value, from, ALL, &hit);
	     from = hit.start + hit.len) {
		unsigned shape = 0;

		while (!(hit.shape >> shape & 1))
			shape++;
		t->hits[shape]++;
		t->spent += clock() - start;
		printf("%s\t%.*s\t%.*s\n", shape_word(shape), (int)hit.len,
		    value.p + hit.start, value.n < 120 ? (int)value.n : 120,
		    value.p);
		start = clock();
	}
	t->spent += clock() - start;
}

int main(int argc, char **argv)
{
	static char line[LINE_MAX_BYTES];
	struct tally t = { .values = 0 };

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		if (f == NULL) {
			perror(argv[i]);
			return 1;
		}
		while (fgets(line, sizeof line, f) != NULL)
			take_value(span_of(line, strcspn(line, "\n")), &t);
		fclose(f);
	}
	printf("# %zu values, %.0f MB/s\n", t.values,
	    (double)t.bytes / 1e6 * CLOCKS_PER_SEC /
	        (double)(t.spent > 0 ? t.spent : 1));
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		printf("# %s %zu\n", shape_word(i), t.hits[i]);
	return 0;
}
