/* SPDX-License-Identifier: EUPL-1.2 */
#include "load_os.h"

#include <dirent.h>
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

/* From schedstat, which counts nanoseconds where stat counts ticks of 10 ms. */
static double cpu_of(int one)
{
	unsigned long long sum = 0, ns;
	char path[320];
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", one);
	d = opendir(path);
	if (d == NULL)
		die("process %d is gone", one);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", one,
		    e->d_name);
		f = fopen(path, "r");
		if (f == NULL || fscanf(f, "%llu", &ns) != 1)
			die("cannot read %s", path);
		fclose(f);
		sum += ns;
	}
	closedir(d);
	return (double)sum / 1e9;
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
