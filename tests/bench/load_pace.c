/* SPDX-License-Identifier: EUPL-1.2 */
#include "load_pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "load_os.h"

#define SECOND_NS 1000000000u

static unsigned long begun, finished;
static uint64_t zero_ns;          /* request 0 is due */
static uint64_t start_ns, end_ns; /* of measuring */
static double start_cpu_s, end_cpu_s;
static unsigned long peak_kb;
static uint32_t *sample_us;

static void start_measuring(uint64_t now)
{
	os_forget_peak();
	start_ns = now;
	start_cpu_s = os_cpu_s();
}

void pace_start(void)
{
	sample_us = calloc(opt.requests, sizeof *sample_us);
	if (sample_us == NULL)
		die("out of memory");
	zero_ns = os_now_ns();
	if (opt.warm == 0)
		start_measuring(zero_ns);
}

static uint64_t due_ns(void)
{
	return zero_ns + (uint64_t)((double)begun * 1e9 / opt.rate);
}

bool pace_take(uint64_t *ret_since_ns)
{
	uint64_t now;

	if (begun == opt.warm + opt.requests || begun - finished >= opt.window)
		return false;
	now = os_now_ns();
	if (opt.rate > 0) {
		if (due_ns() > now)
			return false;
		now = due_ns();
	}
	begun++;
	*ret_since_ns = now;
	return true;
}

void pace_done(uint64_t since_ns)
{
	uint64_t now = os_now_ns(), us = (now - since_ns) / 1000;

	finished++;
	if (finished > opt.warm)
		sample_us[finished - opt.warm - 1] =
		    us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	if (finished == opt.warm)
		start_measuring(now);
	if (finished == opt.warm + opt.requests) {
		end_ns = now;
		end_cpu_s = os_cpu_s();
		peak_kb = os_peak_kb();
	}
}

unsigned long pace_finished(void)
{
	return finished;
}

bool pace_over(void)
{
	return finished == opt.warm + opt.requests;
}

uint64_t pace_wait_ns(bool lane_free)
{
	uint64_t now, due;

	if (opt.rate <= 0 || !lane_free || begun == opt.warm + opt.requests)
		return SECOND_NS;
	now = os_now_ns();
	due = due_ns();
	if (due <= now)
		return 0;
	return due - now < SECOND_NS ? due - now : SECOND_NS;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

/* The time that a part of all requests, in thousandths, did not exceed. */
static uint32_t percentile(unsigned thousandths)
{
	size_t n = opt.requests;
	size_t rank = (n * thousandths + 999) / 1000;

	return sample_us[rank == 0 ? 0 : rank - 1];
}

void pace_print(void)
{
	double s = (double)(end_ns - start_ns) / 1e9;
	double cpu_s = end_cpu_s - start_cpu_s;
	double n = (double)opt.requests;

	qsort(sample_us, opt.requests, sizeof *sample_us, by_size);
	printf("\"requests\": %lu, \"seconds\": %.3f, \"per_second\": %.0f, "
	       "\"cpu_s\": %.4f, \"cpu_us\": %.2f, \"peak_kb\": %lu, "
	       "\"p50_us\": %u, \"p90_us\": %u, \"p99_us\": %u, "
	       "\"p999_us\": %u, \"max_us\": %u, ",
	    opt.requests, s, n / s, cpu_s, cpu_s * 1e6 / n, peak_kb,
	    percentile(500), percentile(900), percentile(990), percentile(999),
	    sample_us[opt.requests - 1]);
}
