/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/date.h"
#include "ctl/lines.h"
#include "ctl/packs.h"
#include "engine/ruleset.h"

#define DEFAULT_CLOCK "2026-11-23T09:00:00Z"
#define PATH_BYTES 1000
#define FOLDERS_ABOVE 4 /* of a case, in which its configuration may be */

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

/* The named file beside the case, in a folder above it, or among the cases. */
static int add_named(struct bundle *b, const struct case_file *c,
    const char *cases, struct span name, bool shared)
{
	char dir[PATH_BYTES], path[PATH_BYTES + 300];
	unsigned above = 0;
	char *slash;

	snprintf(dir, sizeof dir, "%s", c->path);
	while (above++ < FOLDERS_ABOVE && (slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		snprintf(path, sizeof path, "%s/%.*s", dir, SPAN_ARG(name));
		if (add_file(b, path, "case.conf") == 0)
			return 0;
		if (strcmp(dir, cases) == 0)
			break;
	}
	if (!shared)
		return -ENOENT;
	snprintf(path, sizeof path, "%s/%.*s", cases, SPAN_ARG(name));
	return add_file(b, path, "case.conf");
}

static int add_config(struct bundle *b, const struct case_file *c,
    const struct case_place *place, char err[CONF_ERR_BYTES])
{
	const struct case_step *s = header(c, "config");
	struct span name = SPAN("case.conf");
	int r;

	if (s != NULL && s->has_block)
		return bundle_add(b, "case.conf", s->block);
	if (s != NULL && s->nwords == 1)
		name = s->word[0];
	r = add_named(b, c, place->cases, name, s != NULL || place->tree);
	if (r < 0 && s == NULL)
		return packs_config(b, "case.conf", err);
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

struct conf *case_conf(const struct case_file *c,
    const struct case_place *place, char err[CONF_ERR_BYTES])
{
	struct bundle *b = bundle_new();
	struct conf *conf = NULL;
	char path[PATH_BYTES];
	int64_t now;

	snprintf(err, CONF_ERR_BYTES, "%s: memory is out", c->path);
	if (b == NULL)
		return NULL;
	if (add_packs(b, c, err) < 0)
		goto done;
	snprintf(path, sizeof path, "%s/root.pem", place->cases);
	if (add_file(b, path, "trust.pem") == 0)
		(void)add_file(b, path, "ca/root.pem");
	else
		(void)bundle_add(b, "trust.pem", SPAN(""));
	snprintf(path, sizeof path, "%s/pack", place->cases);
	if (access(path, F_OK) == 0 && packs_folder(b, path, "pack", err) < 0)
		goto done;
	if (packs_read(b, place->policy, err) < 0 ||
	    add_config(b, c, place, err) < 0)
		goto done;
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

struct cover {
	const struct ruleset *rules;
	struct buf *out;
};

static void cover(void *arg, struct place at, uint32_t id, struct span text)
{
	struct cover *c = arg;
	/* packs of cases include the files that the shipped packs do */
	bool shared = strncmp(at.file, "pack/common/", 12) == 0;

	buf_addf(c->out, "%c%s%s:%u ",
	    ruleset_reached(c->rules, id) ? '+' : '-',
	    shared ? "policy/" : "", at.file + (shared ? 5 : 0), at.line);
	buf_add_span(c->out, text);
	buf_add_char(c->out, '\n');
}

void case_coverage(const struct conf *conf, struct buf *out)
{
	struct cover c = { conf->rules, out };

	lines_each(conf->rules, cover, &c);
}

struct wanted {
	const struct ruleset *rules;
	struct span file, text;
	int result;
};

static void match(void *arg, struct place at, uint32_t id, struct span text)
{
	struct wanted *w = arg;

	if (span_eq(span_str(at.file), w->file) && span_eq(text, w->text)) {
		if (w->result < 0)
			w->result = 0;
		w->result |= ruleset_reached(w->rules, id);
	}
}

int case_reached(const struct conf *conf, struct span file, struct span text)
{
	struct wanted w = { conf->rules, file, text, -1 };

	lines_each(conf->rules, match, &w);
	return w.result;
}
