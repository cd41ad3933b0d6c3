/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/lookup PLAIN.conf LISTS.conf HOSTS - what a lookup of a host costs in two
 * configurations, by turns in one process, and what loading and keeping the second
 * one costs. HOSTS: the names that are looked up, one a line. Called by
 * tests/bench/hosts. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "conf/bundle.h"
#include "conf/conf.h"
#include "engine/match.h"
#include "median.h"

#define NAMES_MAX 4096
#define RUNS 15
#define ROUNDS 400
#define NOW 1795424626 /* 2026-11-23 */

static struct span name[NAMES_MAX];
static size_t nname;

static void die(const char *what)
{
	fprintf(stderr, "lookup: %s\n", what);
	exit(1);
}

static struct conf *load(const char *path, double *ret_s)
{
	char err[CONF_ERR_BYTES];
	struct bundle *b = NULL;
	struct conf *c = NULL;
	double start = cpu_s();

	if (conf_gather(path, &b, err) < 0 ||
	    conf_load(b, path, NOW, &c, err) < 0)
		die(err);
	bundle_free(b);
	*ret_s = cpu_s() - start;
	return c;
}

/* Nanoseconds a lookup. */
static double measure(const struct conf *c, size_t *found)
{
	struct host_match m;
	double start = cpu_s();

	for (unsigned r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < nname; i++)
			*found += match_host(c->rules, name[i], &m) == 0;
	return (cpu_s() - start) * 1e9 / ROUNDS / (double)nname;
}

/* Bytes that this process has resident. */
static long resident(void)
{
	long pages = 0, shown = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	malloc_trim(0);
	if (f == NULL || fscanf(f, "%ld %ld", &shown, &pages) != 2)
		die("/proc/self/statm");
	fclose(f);
	return pages * 4096;
}

static void read_names(const char *path)
{
	static char text[1u << 20];
	FILE *f = fopen(path, "r");
	struct span rest;

	if (f == NULL)
		die("the names cannot be read");
	rest = span_of(text, fread(text, 1, sizeof text, f));
	fclose(f);
	while (rest.n > 0 && nname < NAMES_MAX)
		name[nname++] = span_cut(&rest, '\n');
}

int main(int argc, char **argv)
{
	double plain[RUNS], lists[RUNS], ratio[RUNS], load_plain, load_lists;
	size_t found_plain = 0, found_lists = 0;
	struct conf *a, *b;
	long before, after;

	if (argc != 4)
		die("usage: lookup PLAIN.conf LISTS.conf HOSTS");
	read_names(argv[3]);
	a = load(argv[1], &load_plain);
	before = resident();
	b = load(argv[2], &load_lists);
	after = resident();
	for (unsigned i = 0; i < RUNS; i++) {
		plain[i] = measure(a, &found_plain);
		lists[i] = measure(b, &found_lists);
		ratio[i] = lists[i] / plain[i];
	}
	printf("lookup: plain %.1f ns, with lists %.1f ns, ratio %.3f\n",
	    median(plain, RUNS), median(lists, RUNS), median(ratio, RUNS));
	printf("load: plain %.3f s, with lists %.3f s; kept %.1f MB\n",
	    load_plain, load_lists, (double)(after - before) / 1e6);
	printf("found: plain %zu, with lists %zu of %zu\n",
	    found_plain / ROUNDS / RUNS, found_lists / ROUNDS / RUNS, nname);
	conf_unref(a);
	conf_unref(b);
	return 0;
}
