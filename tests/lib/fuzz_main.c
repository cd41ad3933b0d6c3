/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_main - run a fuzz target over its corpus when libFuzzer is not there.
 * Arguments are files or folders; without any: tests/fuzz/corpus/NAME for a
 * program called fuzz_NAME. */
#include <dirent.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned ran;

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(1 << 20);
	size_t n;

	if (f == NULL || p == NULL) {
		printf("not ok %u - %s cannot be read\n", ++ran, path);
		exit(1);
	}
	n = fread(p, 1, 1 << 20, f);
	fclose(f);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	printf("ok %u - %s\n", ++ran, strrchr(path, '/') + 1);
}

static void run(const char *path)
{
	struct dirent *e;
	struct stat st;
	char sub[4096];
	DIR *d;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(sub, sizeof sub, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			run_file(sub);
	}
	if (d != NULL)
		closedir(d);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("top_srcdir");
	char path[4096];

	for (int i = 1; i < argc; i++)
		run(argv[i]);
	if (argc == 1) {
		snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s",
		    srcdir != NULL ? srcdir : ".",
		    basename(argv[0]) + strlen("fuzz_"));
		run(path);
	}
	printf("1..%u\n", ran);
	return 0;
}
