/* SPDX-License-Identifier: EUPL-1.2 */
#include "load_os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

#define PIDS_MAX 64

static int pid[PIDS_MAX];
static unsigned npid;

uint64_t os_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void os_take_pids(const char *text)
{
	char *end;

	for (; *text != '\0'; text = *end == ',' ? end + 1 : end) {
		if (npid == PIDS_MAX)
			die("too many processes");
		pid[npid++] = (int)strtol(text, &end, 10);
		if (end == text)
			die("not a list of processes: %s", text);
	}
}

/* All threads, also those that ended. */
static double cpu_of(int one)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(one, &clock) != 0 ||
	    clock_gettime(clock, &t) < 0)
		die("process %d is gone", one);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double os_cpu_s(void)
{
	double sum = 0;

	for (unsigned i = 0; i < npid; i++)
		sum += cpu_of(pid[i]);
	return sum;
}

static unsigned long status_kb(const char *key)
{
	unsigned long sum = 0;
	char path[64], line[256];
	FILE *f;

	for (unsigned i = 0; i < npid; i++) {
		snprintf(path, sizeof path, "/proc/%d/status", pid[i]);
		f = fopen(path, "r");
		if (f == NULL)
			die("process %d is gone", pid[i]);
		while (fgets(line, sizeof line, f) != NULL)
			if (strncmp(line, key, strlen(key)) == 0)
				sum += strtoul(line + strlen(key), NULL, 10);
		fclose(f);
	}
	return sum;
}

unsigned long os_resident_kb(void)
{
	return status_kb("VmRSS:");
}

unsigned long os_peak_kb(void)
{
	return status_kb("VmHWM:");
}

void os_forget_peak(void)
{
	char path[64];
	FILE *f;

	for (unsigned i = 0; i < npid; i++) {
		snprintf(path, sizeof path, "/proc/%d/clear_refs", pid[i]);
		f = fopen(path, "w");
		if (f == NULL)
			continue; /* not ours: the peak since its start counts
			           */
		fputs("5", f);
		fclose(f);
	}
}
