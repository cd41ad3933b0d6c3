/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_conf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/date.h"
#include "engine/ruleset.h"

#define DEFAULT_CLOCK "2026-11-23T09:00:00Z"
#define PATH_BYTES 1000

static const struct case_step *header(
    const struct case_file *c, const char *verb)
{
	for (unsigned i = 0; i < c->nsteps; i++)
		if (span_eq(c->step[i].verb, span_str(verb)) &&
		    c->step[i].actor == ACTOR_NONE)
			return &c->step[i];
	return NULL;
}

bool case_clock(const struct case_file *c, int64_t *ret_unix_s)
{
	const struct case_step *s = header(c, "clock");
	struct span t = s != NULL ? s->rest : SPAN(DEFAULT_CLOCK);
	uint64_t hour, minute, second;
	int32_t days;

	if (t.n != strlen(DEFAULT_CLOCK) || t.p[10] != 'T' ||
	    date_days(span_of(t.p, 10), &days) < 0 ||
	    span_u64(span_of(t.p + 11, 2), 23, &hour) < 0 ||
	    span_u64(span_of(t.p + 14, 2), 59, &minute) < 0 ||
	    span_u64(span_of(t.p + 17, 2), 59, &second) < 0)
		return false;
	*ret_unix_s = (int64_t)days * 86400 +
	              (int64_t)(hour * 3600 + minute * 60 + second);
	return true;
}

static int add_file(struct bundle *b, const char *path, const char *name)
{
	struct buf text;
	int err = -ENOENT;

	buf_init(&text, BUNDLE_MAX_BYTES);
	if (case_slurp(path, &text))
		err = bundle_add(b, name, buf_span(&text));
	buf_fini(&text);
	return err;
}

/* All *.conf of a folder; what is in the bundle already stays. */
static void add_folder(
    struct bundle *b, const char *top, const char *dir, const char *as)
{
	char path[PATH_BYTES], name[PATH_BYTES];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", top, dir);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!span_ends(span_str(e->d_name), SPAN(".conf")) ||
		    e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", top, dir, e->d_name);
		snprintf(name, sizeof name, "%s/%s", as, e->d_name);
		(void)add_file(b, path, name);
	}
	if (d != NULL)
		closedir(d);
}

/* The named file beside the case, in a folder above it, or in tests/case/. */
static int add_named(struct bundle *b, const struct case_file *c,
    const char *top, struct span name)
{
	char dir[PATH_BYTES], path[PATH_BYTES + 300];
	char *slash;

	snprintf(dir, sizeof dir, "%s", c->path);
	while ((slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		snprintf(path, sizeof path, "%s/%.*s", dir, SPAN_ARG(name));
		if (add_file(b, path, "case.conf") == 0)
			return 0;
		if (strcmp(dir, top) == 0)
			break;
	}
	snprintf(path, sizeof path, "%s/tests/case/%.*s", top, SPAN_ARG(name));
	return add_file(b, path, "case.conf");
}

static int add_config(struct bundle *b, const struct case_file *c,
    const char *top, char err[CONF_ERR_BYTES])
{
	const struct case_step *s = header(c, "config");
	struct span name = SPAN("case.conf");
	int r;

	if (s != NULL && s->has_block)
		return bundle_add(b, "case.conf", s->block);
	if (s != NULL && s->nwords == 1)
		name = s->word[0];
	r = add_named(b, c, top, name);
	if (r < 0)
		snprintf(err, CONF_ERR_BYTES, "%s: there is no %.*s", c->path,
		    SPAN_ARG(name));
	return r;
}

static int add_packs(
    struct bundle *b, const struct case_file *c, char err[CONF_ERR_BYTES])
{
	char name[PATH_BYTES];

	for (unsigned i = 0; i < c->nsteps; i++) {
		const struct case_step *s = &c->step[i];

		if (!span_eq(s->verb, SPAN("pack")))
			continue;
		snprintf(name, sizeof name, "pack/%.*s", SPAN_ARG(s->word[0]));
		if (s->nwords != 1 || !s->has_block ||
		    bundle_add(b, name, s->block) < 0) {
			snprintf(err, CONF_ERR_BYTES,
			    "%s:%u: expected: pack NAME.conf and its lines",
			    c->path, s->line);
			return -EINVAL;
		}
	}
	return 0;
}

struct conf *case_conf(
    const struct case_file *c, const char *top, char err[CONF_ERR_BYTES])
{
	struct bundle *b = bundle_new();
	struct conf *conf = NULL;
	char path[PATH_BYTES];
	int64_t now;

	snprintf(err, CONF_ERR_BYTES, "%s: memory is out", c->path);
	if (b == NULL)
		return NULL;
	if (add_config(b, c, top, err) < 0 || add_packs(b, c, err) < 0)
		goto done;
	add_folder(b, top, "policy", "policy");
	add_folder(b, top, "policy/common", "policy/common");
	add_folder(b, top, "tests/case/pack", "pack");
	add_folder(b, top, "tests/case/pack/common", "pack/common");
	snprintf(path, sizeof path, "%s/tests/case/root.pem", top);
	(void)add_file(b, path, "trust.pem");
	(void)add_file(b, path, "ca/root.pem");
	if (!case_clock(c, &now))
		snprintf(err, CONF_ERR_BYTES, "%s: expected: clock %s", c->path,
		    DEFAULT_CLOCK);
	else if (conf_load(b, "case.conf", now, &conf, err) < 0)
		conf = NULL;
done:
	bundle_free(b);
	return conf;
}

/* ---- coverage ---- */

static void one(const struct ruleset *r, struct place at, uint32_t id,
    struct span text, struct buf *out)
{
	buf_addf(out, "%c%s:%u ", ruleset_reached(r, id) ? '+' : '-', at.file,
	    at.line);
	buf_add_span(out, text);
	buf_add_char(out, '\n');
}

/* "METHOD host/path" */
static struct span when_text(const struct when *w, char text[PATH_BYTES])
{
	snprintf(text, PATH_BYTES, "%.*s %.*s%.*s", SPAN_ARG(w->method),
	    SPAN_ARG(w->host), SPAN_ARG(w->path));
	return span_str(text);
}

typedef void line_f(const struct ruleset *r, struct place at, uint32_t id,
    struct span text, void *arg);

static void each_entry(const struct ruleset *r,
    const struct list_of_entries *list, bool join, line_f *fn, void *arg)
{
	char text[PATH_BYTES];

	for (uint32_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->p[i];

		if (e->denies || join)
			fn(r, e->place, e->id, when_text(&e->when, text), arg);
		for (uint32_t k = 0; k < e->nstrip; k++)
			fn(r, e->strip[k].place, e->strip[k].id,
			    e->strip[k].text, arg);
	}
}

static void each_line(const struct ruleset *r, line_f *fn, void *arg)
{
	for (size_t i = 0; i < ruleset_count(r); i++) {
		const struct service *s = ruleset_at(r, i);

		for (uint32_t k = 0; k < s->nhost; k++)
			fn(r, s->host[k].place, s->host[k].id,
			    s->host[k].pattern, arg);
		each_entry(r, &s->request, false, fn, arg);
		each_entry(r, &s->response, false, fn, arg);
		each_entry(r, &s->join, true, fn, arg);
	}
}

static void cover(const struct ruleset *r, struct place at, uint32_t id,
    struct span text, void *arg)
{
	one(r, at, id, text, arg);
}

void case_coverage(const struct conf *conf, struct buf *out)
{
	each_line(conf->rules, cover, out);
}

struct wanted {
	struct span file, text;
	int result;
};

static void match(const struct ruleset *r, struct place at, uint32_t id,
    struct span text, void *arg)
{
	struct wanted *w = arg;

	if (span_eq(span_str(at.file), w->file) && span_eq(text, w->text)) {
		if (w->result < 0)
			w->result = 0;
		w->result |= ruleset_reached(r, id);
	}
}

int case_reached(const struct conf *conf, struct span file, struct span text)
{
	struct wanted w = { file, text, -1 };

	each_line(conf->rules, match, &w);
	return w.result;
}
