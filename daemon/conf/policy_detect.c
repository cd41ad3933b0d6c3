/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_detect - the detect block of a pack: what is found by its shape. */
#include <stdio.h>

#include "base/arena.h"
#include "conf/policy_int.h"

#define FORM "( \"SHAPES\", \"report\" or \"TREATMENT\", \"CATEGORY\" )"

/* The bit of a shape, 0 when there is none of this name. */
static uint32_t shape_bit(struct span word)
{
	for (unsigned i = 0; i < SHAPE_COUNT; i++)
		if (span_eq(word, span_str(shape_word(i))))
			return 1u << i;
	return 0;
}

static int take_shapes(const struct lex *l, const config_setting_t *s,
    struct detect_line *line)
{
	struct span rest, word;
	char all[120];
	size_t n = 0;
	int r = policy_column(l, s, 0, "shape", &line->line.text);

	rest = line->line.text;
	while (r == 0 && (rest.n > 0 || line->shapes == 0)) {
		word = span_cut(&rest, ' ');
		if (word.n == 0 && rest.n > 0)
			continue;
		if (word.n == 0 && line->shapes != 0)
			break;
		if (shape_bit(word) == 0) {
			for (unsigned i = 0; i < SHAPE_COUNT; i++)
				n += (size_t)snprintf(all + n, sizeof all - n,
				    " %s", shape_word(i));
			return lex_fail(l, s,
			    "unknown shape \"%.*s\": expected one of%s",
			    word.n > 60 ? 60 : (int)word.n,
			    word.n > 0 ? word.p : "", all);
		}
		line->shapes |= shape_bit(word);
	}
	return r;
}

static int take_how(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct detect_line *line)
{
	char err[PARSE_ERR_BYTES];
	struct span how;
	int r;

	if ((r = policy_column(l, s, 1, "treatment", &how)) < 0)
		return r;
	if (span_eq(how, SPAN("report"))) {
		line->report = true; /* the treatment is keep */
		return 0;
	}
	if (span_starts(how, SPAN("set:")) &&
	    (r = policy_expand(p, l, s, how, &how)) < 0)
		return r;
	r = parse_treatment(how, p->arena, &line->line.treat, err);
	return r < 0 ? lex_error(l, s, r, err) : 0;
}

static int take_detect(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct detect_line *line)
{
	char err[PARSE_ERR_BYTES];
	struct span word;
	int r;

	*line = (struct detect_line){ .line.where.carrier = CARRIER_COUNT,
		.line.place = lex_place(l, s) };
	if (!config_setting_is_list(s))
		return lex_fail(l, s, "expected %s, found %s", FORM,
		    lex_kind(s));
	if (lex_count(s) < 2 || lex_count(s) > 3)
		return lex_fail(l, s, "expected %s, found %u columns", FORM,
		    lex_count(s));
	if ((r = take_shapes(l, s, line)) < 0 ||
	    (r = take_how(p, l, s, line)) < 0)
		return r;
	if (lex_count(s) == 3) {
		if ((r = policy_column(l, s, 2, "category", &word)) < 0)
			return r;
		r = parse_category(word, &line->line.category, err);
		return r < 0 ? lex_error(l, s, r, err) : 0;
	}
	if (line->line.treat.act == ACT_KEEP)
		return 0;
	return lex_fail(l, s,
	    "a line with %s needs a category: participant device time "
	    "location telemetry recording security",
	    act_word(line->line.treat.act));
}

int policy_detect(struct pack *p)
{
	const config_setting_t *list[1 + POLICY_INCLUDES_MAX];
	struct service *s = p->service;
	unsigned n = 0;
	int r = 0;

	for (unsigned i = 0; i < p->nfile; i++) {
		r = lex_list(&p->file[i], lex_root(&p->file[i]), "detect",
		    &list[i]);
		if (r < 0)
			return r;
		n += lex_count(list[i]);
	}
	s->detect = arena_alloc(p->arena, n * sizeof *s->detect);
	if (s->detect == NULL)
		return lex_error(&p->file[0], NULL, arena_error(p->arena), "");
	for (unsigned i = 0; i < p->nfile; i++)
		for (unsigned k = 0; r == 0 && k < lex_count(list[i]); k++)
			r = take_detect(p, &p->file[i],
			    config_setting_get_elem(list[i], k),
			    &s->detect[s->ndetect++]);
	return r;
}
