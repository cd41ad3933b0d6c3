/* SPDX-License-Identifier: EUPL-1.2 */
/* median - of measured runs. */
#ifndef TESTS_BENCH_MEDIAN_H
#define TESTS_BENCH_MEDIAN_H

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of n runs (odd); the least one stands in run[0] afterwards. */
static double median(double *run, size_t n)
{
	qsort(run, n, sizeof *run, by_size);
	return run[n / 2];
}

#endif
