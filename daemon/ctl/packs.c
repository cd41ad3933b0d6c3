/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/packs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"

#define PATH_BYTES 1000
#define CONFIG_MAX_BYTES (1u << 20)
#define NOW_ANY 1795564800 /* only to learn the ids; 2026-11-25 */

static const char head[] =
    "listen = ( \"127.0.0.1:3128\" );\n"
    "clients = ( { net = \"127.0.0.0/8\"; level = 2; } );\n"
    "policy_dir = \"" PACKS_FOLDER "\";\n"
    "ca = { dir = \"ca\"; };\n"
    "tls = { trust = \"trust.pem\"; };\n"
    "page = { telephone = \"tel:+49302000\"; };\n"
    "services = (";

static const char service[] =
    " mode = \"enforce\";\n"
    "  agreement = { kind = \"avv\"; id = \"TEST\"; version = \"1\";\n"
    "    date = \"2020-01-01\"; valid_until = \"2999-12-31\";\n"
    "    sha256 = \"0000000000000000000000000000000000000000000000000000000000"
    "000000\";\n"
    "    rating = { source = \"TEST\"; version = \"1\";\n"
    "      date = \"2020-01-01\"; light = \"green\"; };\n"
    "    deviation = { id = \"TEST\"; };\n"
    "    transfer = { instrument = \"scc\"; assessment_id = \"TEST\"; };\n"
    "    instructions_unrestricted = true; own_purposes = \"none\";\n"
    "    processing_places = ( \"DE\" );\n" /* for packs of any operator */
    "    max_case = 2; dpia_id = \"TEST\";\n"
    "    staff = { council_ref = \"TEST\"; notice_ref = \"TEST\"; }; };\n"
    "  inspection = { basis = \"TEST\"; dpia = \"TEST\"; council = \"TEST\";\n"
    "    notice = \"TEST\"; }; }";

static int read_file(int fd, struct buf *out)
{
	ssize_t n = fd >= 0 ? 1 : -1;

	while (n > 0) {
		char *p = buf_reserve(out, 65536);

		if (p == NULL)
			return buf_error(out);
		n = read(fd, p, 65536);
		if (n > 0)
			buf_commit(out, (size_t)n);
	}
	return n < 0 ? -errno : 0;
}

static int add_file(struct bundle *b, const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text;
	int r;

	buf_init(&text, BUNDLE_MAX_BYTES);
	r = read_file(fd, &text);
	if (fd >= 0)
		close(fd);
	if (r == 0)
		r = bundle_add(b, name, buf_span(&text));
	buf_fini(&text);
	return r;
}

/* below: "", or a folder in dir that need not be there. */
static int add_folder(struct bundle *b, const char *dir, const char *as,
    const char *below, struct span tail, char err[CONF_ERR_BYTES])
{
	char path[PATH_BYTES + 300], name[PATH_BYTES + 300];
	struct dirent *e;
	DIR *d;
	int r = 0;

	snprintf(path, sizeof path, "%.900s%s", dir, below);
	d = opendir(path);
	if (d == NULL && below[0] != '\0')
		return 0;
	if (d == NULL) {
		r = -errno;
		snprintf(err, CONF_ERR_BYTES, "%.400s: %s", dir, strerror(-r));
		return r;
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (!span_ends(span_str(e->d_name), tail) ||
		    e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%.900s%s/%s", dir, below,
		    e->d_name);
		snprintf(name, sizeof name, "%.900s%s/%s", as, below,
		    e->d_name);
		r = add_file(b, path, name);
		if (r == -EEXIST)
			r = 0;
		if (r < 0)
			snprintf(err, CONF_ERR_BYTES, "%.400s: %s", path,
			    strerror(-r));
	}
	closedir(d);
	return r;
}

int packs_folder(struct bundle *b, const char *dir, const char *as,
    char err[CONF_ERR_BYTES])
{
	int r = add_folder(b, dir, as, "", SPAN(".conf"), err);

	if (r == 0)
		r = add_folder(b, dir, as, "/common", SPAN(".conf"), err);
	if (r == 0)
		r = add_folder(b, dir, as, "/lists", SPAN(".hosts"), err);
	return r;
}

int packs_read(struct bundle *b, const char *dir, char err[CONF_ERR_BYTES])
{
	return packs_folder(b, dir, PACKS_FOLDER, err);
}

static int add_trust(struct bundle *b)
{
	struct span text;

	return bundle_find(b, "trust.pem", &text) == 0
	           ? 0
	           : bundle_add(b, "trust.pem", SPAN(""));
}

/* The same files under a configuration in which no service is on: to learn what
 * services there are. */
static int probe(
    const struct bundle *b, struct conf **ret_conf, char err[CONF_ERR_BYTES])
{
	struct bundle *copy = bundle_new();
	struct span text;
	struct buf config;
	int r = copy != NULL ? 0 : -ENOMEM;

	buf_init(&config, CONFIG_MAX_BYTES);
	(void)buf_add_str(&config, head);
	(void)buf_add_str(&config, ");\n");
	for (size_t i = 0; i < bundle_count(b) && r == 0; i++) {
		const char *name = bundle_name(b, i);

		r = bundle_find(b, name, &text);
		if (r == 0)
			r = bundle_add(copy, name, text);
	}
	if (r == 0)
		r = bundle_add(copy, "(all packs)", buf_span(&config));
	if (r == 0)
		r = conf_load(copy, "(all packs)", NOW_ANY, ret_conf, err);
	buf_fini(&config);
	bundle_free(copy);
	return r;
}

/* Values for the variables that a pack asks for. */
static void add_variables(struct buf *config, const struct service *s)
{
	struct span rest = s->asks, name;

	(void)buf_add_str(config, " variables = {");
	while (rest.n > 0) {
		name = span_cut(&rest, ' ');
		(void)buf_addf(config, " %.*s = \"%.*s.%.*s.invalid\";",
		    SPAN_ARG(name), SPAN_ARG(name), SPAN_ARG(s->id));
	}
	(void)buf_add_str(config, " };");
}

int packs_config(struct bundle *b, const char *name, char err[CONF_ERR_BYTES])
{
	struct conf *all = NULL;
	struct buf config;
	int r = add_trust(b);

	snprintf(err, CONF_ERR_BYTES, "memory is out");
	if (r == 0)
		r = probe(b, &all, err);
	if (r < 0)
		return r;
	buf_init(&config, CONFIG_MAX_BYTES);
	(void)buf_add_str(&config, head);
	for (unsigned i = 0; i < all->nservice; i++) {
		(void)buf_addf(&config, "%s\n{ id = \"%.*s\";",
		    i > 0 ? "," : "", SPAN_ARG(all->service[i].id));
		add_variables(&config, ruleset_at(all->rules, i));
		(void)buf_add_str(&config, service);
	}
	(void)buf_add_str(&config, "\n);\n");
	r = buf_error(&config);
	if (r == 0)
		r = bundle_add(b, name, buf_span(&config));
	buf_fini(&config);
	conf_unref(all);
	return r;
}

int packs_conf(const char *dir, int64_t now, struct conf **ret_conf,
    char err[CONF_ERR_BYTES])
{
	struct bundle *b = bundle_new();
	int r = b != NULL ? 0 : -ENOMEM;

	snprintf(err, CONF_ERR_BYTES, "memory is out");
	if (r == 0)
		r = packs_read(b, dir, err);
	if (r == 0)
		r = packs_config(b, "(all packs)", err);
	if (r == 0)
		r = conf_load(b, "(all packs)", now, ret_conf, err);
	bundle_free(b);
	return r;
}
