/* SPDX-License-Identifier: EUPL-1.2 */
/* gather - the one place that reads configuration files from disk. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "conf/conf_int.h"

#define SCALAR_BYTES_MAX (1u << 20)

static int refuse(char err[CONF_ERR_BYTES], const char *path, int error)
{
	const char *why = strerror(-error);

	if (error == -ENOBUFS)
		why = "too large, or too many files";
	else if (error == -EINVAL)
		why = "this is no ordinary file";
	snprintf(err, CONF_ERR_BYTES, "%s: cannot be read: %s", path, why);
	return error;
}

/* Is path a file right in dir, not hidden, that ends in tail? */
static bool is_in(const char *dir, const char *path, struct span tail)
{
	struct span p = span_str(path), d = span_str(dir), name = p;

	if (d.n > 0) {
		if (!span_starts(p, d) || p.n <= d.n || p.p[d.n] != '/')
			return false;
		name = span_from(p, d.n + 1);
	}
	return name.n > tail.n && name.p[0] != '.' &&
	    span_chr(name, '/') == name.n && span_ends(name, tail);
}

bool conf_is_pack(const char *dir, const char *path)
{
	return is_in(dir, path, SPAN(".conf"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files in dir that end in tail, sorted: the same folder always gives the same
 * bundle. */
static int list_folder(struct arena *a, const char *dir, struct span tail,
    const char *name[BUNDLE_FILES_MAX], size_t *ret_n)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	*ret_n = 0;
	if (d == NULL)
		return -errno;
	while (r == 0 && (errno = 0, e = readdir(d)) != NULL) {
		const char *path = conf_join(a, dir, e->d_name);

		if (path == NULL)
			r = arena_error(a);
		else if (!is_in(dir, path, tail))
			continue;
		else if (*ret_n == BUNDLE_FILES_MAX)
			r = -ENOBUFS;
		else
			name[(*ret_n)++] = path;
	}
	if (r == 0 && errno != 0)
		r = -errno;
	closedir(d);
	qsort(name, *ret_n, sizeof *name, by_name);
	return r;
}

/* below: "", or a folder in dir that need not be there. */
static int read_folder(struct bundle *b, struct arena *a, const char *dir,
    const char *below, struct span tail, char err[CONF_ERR_BYTES])
{
	const char *name[BUNDLE_FILES_MAX];
	size_t n;
	int r;

	if (below[0] != '\0')
		dir = conf_join(a, dir, below);
	if (dir == NULL)
		return arena_error(a);
	r = list_folder(a, dir, tail, name, &n);
	if (r == -ENOENT && below[0] != '\0')
		return 0;
	if (r < 0)
		return refuse(err, dir, r);
	for (size_t i = 0; i < n; i++)
		if ((r = bundle_read(b, name[i])) < 0)
			return refuse(err, name[i], r);
	return 0;
}

static int read_one(struct bundle *b, const char *path, bool must,
    char err[CONF_ERR_BYTES])
{
	int r = bundle_read(b, path);

	if (r == 0 || r == -EEXIST || (r == -ENOENT && !must))
		return 0;
	return refuse(err, path, r);
}

static int gather(struct bundle *b, struct arena *a, const char *path,
    struct conf *c, char err[CONF_ERR_BYTES])
{
	struct lex l = { .open = false };
	int r;

	if ((r = read_one(b, path, true, err)) < 0)
		return r;
	if ((r = conf_open(&l, b, path, a, err)) == 0)
		r = conf_scalars(&l, c);
	lex_close(&l);
	if (r < 0)
		return r;
	if ((r = read_folder(b, a, c->policy_dir, "", SPAN(".conf"), err)) < 0 ||
	    (r = read_folder(b, a, c->policy_dir, CONF_COMMON, SPAN(".conf"),
		 err)) < 0 ||
	    (r = read_folder(b, a, c->policy_dir, CONF_LISTS, SPAN(".hosts"),
		 err)) < 0 ||
	    (r = read_one(b, c->tls_trust, true, err)) < 0)
		return r;
	return read_one(b, conf_join(a, c->ca_dir, CONF_CA_FILE), false, err);
}

int conf_gather(const char *path, struct bundle **ret_bundle,
    char err[CONF_ERR_BYTES])
{
	struct arena *a = arena_new(SCALAR_BYTES_MAX);
	struct conf *c = calloc(1, sizeof *c);
	struct bundle *b = bundle_new();
	int r = -ENOMEM;

	snprintf(err, CONF_ERR_BYTES, "%s: memory is out", path);
	if (a != NULL && c != NULL && b != NULL)
		r = gather(b, a, path, c, err);
	arena_free(a);
	free(c);
	if (r == 0) {
		*ret_bundle = b;
		err[0] = '\0';
	} else {
		bundle_free(b);
	}
	return r;
}
