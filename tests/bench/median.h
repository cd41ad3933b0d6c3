/* SPDX-License-Identifier: EUPL-1.2 */
/* median - of measured runs of CPU time. */
#ifndef TESTS_BENCH_MEDIAN_H
#define TESTS_BENCH_MEDIAN_H

#include <stdlib.h>
#include <time.h>

/* Of this process. */
static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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
