/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_strip - the lines of strip tables, and tables with a name: those that
 * several entries share, below whatever value they are wanted. */
#include <errno.h>

#include "base/arena.h"
#include "conf/policy_int.h"

#define LINE_FORM "( \"WHERE\", \"TREATMENT\", \"CATEGORY\" )"
#define ADD_FORM "( \"header NAME\", \"VALUE\", \"CATEGORY\" )"
#define USE SPAN("table:")

static int take_treatment(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct line *line)
{
	char err[PARSE_ERR_BYTES];
	struct span text;
	int r;

	if ((r = policy_column(l, s, 1, "treatment", &text)) < 0)
		return r;
	if (span_starts(text, SPAN("set:")) &&
	    (r = policy_expand(p, l, s, text, &text)) < 0)
		return r;
	r = parse_treatment(text, p->arena, &line->treat, err);
	return r < 0 ? lex_error(l, s, r, err) : 0;
}

int policy_line(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct line *ret_line)
{
	char err[PARSE_ERR_BYTES];
	int r;

	*ret_line = (struct line){ .text = SPAN_NONE };
	if ((r = policy_row(l, s, 2, 3, LINE_FORM)) < 0 ||
	    (r = policy_column(l, s, 0, "where", &ret_line->text)) < 0)
		return r;
	ret_line->place = lex_place(l, s);
	r = parse_where(ret_line->text, p->arena, &ret_line->where, err);
	if (r < 0)
		return lex_error(l, s, r, err);
	if ((r = take_treatment(p, l, s, ret_line)) < 0)
		return r;
	if (lex_count(s) == 3)
		return policy_category(l, s, 2, &ret_line->category);
	if (ret_line->treat.act == ACT_KEEP)
		return 0;
	return lex_fail(l, s,
	    "a line with %s needs a category: participant device time "
	    "location telemetry recording security",
	    act_word(ret_line->treat.act));
}

/* ---- tables with a name ---- */

/* ( "WHERE", "table:NAME" ) or ( "table:NAME" ) */
static bool is_use(const config_setting_t *s, struct span *ret_name)
{
	unsigned n = lex_count(s);
	const char *last;

	if (!config_setting_is_list(s) || n < 1 || n > 2)
		return false;
	last = config_setting_get_string_elem(s, (int)n - 1);
	if (last == NULL || !span_starts(span_str(last), USE))
		return false;
	*ret_name = span_from(span_str(last), USE.n);
	return true;
}

/* That of the pack, or of the first include that has one of this name. */
static const config_setting_t *find(
    const struct pack *p, struct span name, const struct lex **ret_lex)
{
	for (unsigned i = 0; i < p->nfile; i++) {
		const config_setting_t *g =
		    lex_member(lex_root(&p->file[i]), "tables");

		for (unsigned k = 0; k < lex_count(g); k++) {
			const config_setting_t *t =
			    config_setting_get_elem(g, k);

			if (!span_eq(name, span_str(config_setting_name(t))))
				continue;
			*ret_lex = &p->file[i];
			return t;
		}
	}
	return NULL;
}

static int find_used(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span name, const struct lex **ret_lex,
    const config_setting_t **ret_table)
{
	*ret_table = find(p, name, ret_lex);
	if (*ret_table != NULL)
		return 0;
	return lex_fail(l, s,
	    "there is no table \"%.*s\" in tables of the pack or its includes",
	    name.n > 60 ? 60 : (int)name.n, name.p);
}

/* The lines of a table below the value that the first column names; *ret_end is
 * behind the last. */
static int use(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span name, struct line *line,
    struct line **ret_end)
{
	const config_setting_t *table;
	const struct lex *in = NULL;
	char err[PARSE_ERR_BYTES];
	struct span above = SPAN_NONE, text;
	int r = find_used(p, l, s, name, &in, &table);

	*ret_end = line + lex_count(table);
	if (r == 0 && lex_count(s) == 2)
		r = policy_column(l, s, 0, "where", &above);
	for (unsigned i = 0; r == 0 && i < lex_count(table); i++, line++) {
		r = policy_line(p, in, config_setting_get_elem(table, i), line);
		if (r < 0)
			return r;
		text = line->text;
		if (above.p != NULL)
			text = arena_join(p->arena,
			    (const struct span[]){
			        above, SPAN(" > "), line->text },
			    3);
		if (text.p == NULL)
			return lex_error(l, s, arena_error(p->arena), "");
		r = parse_where(text, p->arena, &line->where, err);
		if (r < 0)
			return lex_error(l, s, r, err);
	}
	return r;
}

static int check_table(
    const struct pack *p, const struct lex *l, const config_setting_t *t)
{
	struct line line;
	struct span name;
	int r = 0;

	if (!config_setting_is_list(t) || lex_count(t) == 0)
		return lex_fail(l, t,
		    "table %.60s: expected ( " LINE_FORM ", ... )",
		    config_setting_name(t));
	for (unsigned i = 0; r == 0 && i < lex_count(t); i++) {
		const config_setting_t *row = config_setting_get_elem(t, i);

		if (is_use(row, &name))
			return lex_fail(
			    l, row, "a table cannot use another table");
		r = policy_line(p, l, row, &line);
	}
	return r;
}

int policy_tables(const struct pack *p)
{
	const config_setting_t *g;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < p->nfile; i++) {
		const struct lex *l = &p->file[i];

		r = lex_group(l, lex_root(l), "tables", &g);
		for (unsigned k = 0; r == 0 && k < lex_count(g); k++)
			r = check_table(p, l, config_setting_get_elem(g, k));
	}
	return r;
}

/* ---- a strip table ---- */

/* Not for a pack to add (RFC 9110, 7.6.1). */
static bool is_framing(struct span name)
{
	static const char *const framing[] = { "Host", "Content-Length",
		"Content-Type", "Content-Encoding", "Transfer-Encoding",
		"Connection", "Keep-Alive", "Upgrade", "TE", "Trailer",
		"Expect", "Via", "Forwarded" };

	for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
		if (span_eq_nocase(name, span_str(framing[i])))
			return true;
	return span_starts_nocase(name, SPAN("Proxy-")) ||
	       span_starts_nocase(name, SPAN("Sec-WebSocket-")) ||
	       span_starts_nocase(name, SPAN("X-Forwarded"));
}

/* ( "header NAME", "VALUE", "CATEGORY" ): a line that sets the field, and adds it
 * where it is missing; without a value, one that drops it. */
static int take_add(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct line *line)
{
	char err[PARSE_ERR_BYTES];
	struct span value;
	int r;

	*line = (struct line){ .text = SPAN_NONE };
	if ((r = policy_row(l, s, 3, 3, ADD_FORM)) < 0 ||
	    (r = policy_column(l, s, 0, "where", &line->text)) < 0 ||
	    (r = policy_column(l, s, 1, "value", &value)) < 0 ||
	    (r = policy_expand(p, l, s, value, &value)) < 0 ||
	    (r = policy_category(l, s, 2, &line->category)) < 0)
		return r;
	line->place = lex_place(l, s);
	r = parse_where(line->text, p->arena, &line->where, err);
	if (r < 0)
		return lex_error(l, s, r, err);
	if (line->where.carrier != CARRIER_HEADER ||
	    line->where.next != NULL || line->where.nsteps > 0 ||
	    span_chr(line->where.name, '*') < line->where.name.n)
		return lex_fail(l, s,
		    "add \"%.60s\": expected \"header NAME\"", line->text.p);
	if (is_framing(line->where.name))
		return lex_fail(l, s,
		    "add \"%.60s\": this field belongs to the connection or "
		    "frames the message",
		    line->text.p);
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return lex_fail(l, s,
			    "add \"%.60s\": a value has no control characters",
			    line->text.p);
	line->treat.act = value.n > 0 ? ACT_SET : ACT_DROP;
	line->treat.text = value;
	line->adds = value.n > 0;
	return 0;
}

/* How many lines; named tables count with theirs. */
static int count(const struct pack *p, const struct lex *l,
    const config_setting_t *s, uint32_t *ret_n)
{
	const config_setting_t *table;
	const struct lex *in;
	struct span name;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < lex_count(s); i++) {
		const config_setting_t *row = config_setting_get_elem(s, i);

		++*ret_n;
		if (is_use(row, &name)) {
			r = find_used(p, l, row, name, &in, &table);
			*ret_n += r == 0 ? lex_count(table) - 1 : 0;
		}
		if (r == 0 && *ret_n > RULE_LINES_MAX)
			r = lex_fail(l, row, "over %d lines in one table",
			    RULE_LINES_MAX);
	}
	return r;
}

int policy_strip(const struct pack *p, const struct lex *l,
    const config_setting_t *add, const config_setting_t *s,
    struct line **ret_line, uint32_t *ret_n)
{
	struct line *line;
	struct span name;
	uint32_t n = 0;
	int r;

	if ((r = count(p, l, add, &n)) < 0 || (r = count(p, l, s, &n)) < 0)
		return r;
	*ret_n = n;
	*ret_line = line = arena_alloc(p->arena, n * sizeof *line);
	if (n > 0 && line == NULL)
		return lex_error(l, s, arena_error(p->arena), "");
	for (unsigned i = 0; r == 0 && i < lex_count(add); i++)
		r = take_add(p, l, config_setting_get_elem(add, i), line++);
	for (unsigned i = 0; r == 0 && i < lex_count(s); i++) {
		const config_setting_t *row = config_setting_get_elem(s, i);

		if (is_use(row, &name)) {
			r = use(p, l, row, name, line, &line);
			continue;
		}
		r = policy_line(p, l, row, line);
		line++;
	}
	return r;
}
