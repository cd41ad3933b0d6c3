/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/body/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "body/scrub.h"
#include "engine/parse.h"

#define LINES_MAX 256

struct rules {
	struct arena *arena;
	struct line line[LINES_MAX];
	struct entry entry;
	struct plans *plans;
	const struct plan *plan;
};

static void stop(struct span text, const char *err)
{
	fprintf(stderr, "rule \"%.*s\": %s\n", SPAN_ARG(text), err);
	exit(1);
}

static void add_line(struct rules *r, struct span text)
{
	struct line *l = &r->line[r->entry.nstrip];
	struct span arrow = SPAN(" -> ");
	size_t at = span_find(text, arrow);
	char err[PARSE_ERR_BYTES] = "too many or no \" -> \"";

	if (at == text.n || r->entry.nstrip == LINES_MAX)
		stop(text, err);
	l->text = span_of(text.p, at);
	l->category = CATEGORY_DEVICE;
	l->id = r->entry.nstrip++;
	if (parse_where(l->text, r->arena, &l->where, err) < 0 ||
	    parse_treatment(
	        span_from(text, at + arrow.n), r->arena, &l->treat, err) < 0)
		stop(text, err);
}

struct rules *rules_new(const char *text, bool pass_unread)
{
	struct rules *r = calloc(1, sizeof *r);
	struct span rest = span_str(text);
	const struct entry *pick[1];

	if (r == NULL || (r->arena = arena_new(1 << 20)) == NULL ||
	    (r->plans = plans_new()) == NULL)
		stop(rest, "no memory");
	r->entry.pass_unread = pass_unread;
	r->entry.strip = r->line;
	while (rest.n > 0)
		add_line(r, span_trim(span_cut(&rest, '\n')));
	pick[0] = &r->entry;
	if (plan_get(r->plans, pick, 1, &r->plan) < 0)
		stop(span_str(text), "no plan");
	return r;
}

void rules_free(struct rules *r)
{
	plans_free(r->plans);
	arena_free(r->arena);
	free(r);
}

const struct plan *rules_plan(const struct rules *r)
{
	return r->plan;
}

static void prf(void *arg, struct span in, unsigned char out[16])
{
	unsigned sum = 0;

	(void)arg;
	for (size_t i = 0; i < in.n; i++)
		sum = sum * 31 + (unsigned char)in.p[i];
	for (size_t i = 0; i < 16; i++, sum = sum * 31 + 7)
		out[i] = (unsigned char)(sum >> 8);
}

static void on_report(void *arg, const struct finding *f)
{
	struct buf *said = arg;

	buf_add_str(said, act_word(f->effect));
	buf_add_char(said, ' ');
	buf_add_span(said, f->name);
	buf_add_char(said, ' ');
	buf_add_span(said, f->before);
	buf_add_char(said, '>');
	buf_add_span(said, f->after);
	buf_add_char(said, ';');
}

void rules_report_path(void *said, const struct finding *f)
{
	buf_addf(said, "%s%s %.*s %.*s %.*s>%.*s;",
	    f->line == NULL ? "unnamed " : "", act_word(f->effect),
	    SPAN_ARG(f->name), SPAN_ARG(f->path), SPAN_ARG(f->before),
	    SPAN_ARG(f->after));
}

struct env rules_env(struct buf *said)
{
	struct env e = { .prf = prf,
		.report = said != NULL ? on_report : NULL,
		.arg = said };

	scrub_env(&e);
	return e;
}
