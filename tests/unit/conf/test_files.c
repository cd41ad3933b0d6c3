/* SPDX-License-Identifier: EUPL-1.2 */
/* Every good.*.conf of tests/conf loads, every bad.*.conf fails with the very
 * text of its bad.*.err. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/tap.h"
#include "unit/conf/files.h"

#define NAMES_MAX 512

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned list(char *name[NAMES_MAX])
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/tests/conf",
	    top != NULL ? top : ".");
	d = opendir(path);
	while (d != NULL && n < NAMES_MAX && (e = readdir(d)) != NULL)
		if (span_ends(span_str(e->d_name), SPAN(".conf")))
			name[n++] = strdup(e->d_name);
	if (d != NULL)
		closedir(d);
	qsort(name, n, sizeof *name, by_name);
	return n;
}

static char *expected(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%.*s.err",
	    (int)(strlen(name) - strlen(".conf")), name);
	return files_text(path);
}

static void try(const char *name)
{
	bool good = strncmp(name, "good.", 5) == 0;
	char *text = files_text(name), *want;
	struct bundle *b = files_bundle(name, span_str(text));
	char err[CONF_ERR_BYTES];
	struct conf *c = NULL;
	int r = conf_load(b, "sparsamd.conf", FILES_NOW, &c, err);

	if (good) {
		if (!tap_int(r, 0, "%s", name))
			tap_note("%s", err);
	} else {
		want = expected(name);
		tap_ok(r == -EINVAL, "%s", name);
		tap_span(span_str(err),
		    span_trim(span_of(want, strcspn(want, "\n"))), "%s: text",
		    name);
		free(want);
	}
	conf_unref(c);
	bundle_free(b);
	free(text);
}

int main(int argc, char **argv)
{
	char *name[NAMES_MAX];
	unsigned n;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			try(argv[i]);
		return tap_done();
	}
	n = list(name);
	for (unsigned i = 0; i < n; i++) {
		try(name[i]);
		free(name[i]);
	}
	tap_ok(n >= 57, "%u configurations", n);
	return tap_done();
}
