/* SPDX-License-Identifier: EUPL-1.2 */
/* The reader's side, apart from the lines: the daemon has no JSON library. */
#include "ctl/overview.h"
#include "ctl/proto.h"

#include <errno.h>

#include <jansson.h>

#include "ctl/jstring.h"

#define MONTH_BYTES 7  /* of 2021-02-18 */
#define CELL_BYTES 120 /* of the table */
#define COLUMNS 7

/* ---- the table ---- */

struct row {
	struct span id, mode, ratings, until, traffic, why, level, blind;
};

static bool read_row(struct span line, struct row *ret_row)
{
	static const char *const key[] = { "id", "mode", "ratings", "until",
		"traffic", "why", "level", "blind" };
	struct row r = { .id = SPAN("") };
	struct span *to[] = { &r.id, &r.mode, &r.ratings, &r.until, &r.traffic,
		&r.why, &r.level, &r.blind };

	if (!span_eq(span_cut(&line, ' '), SPAN("service")))
		return false;
	proto_words(line, key, to, sizeof key / sizeof *key);
	*ret_row = r;
	return r.id.n > 0;
}

/* "2020-07 red, 2021-02 red", as many as have room. */
static void history(struct span ratings, char out[CELL_BYTES])
{
	char one[CELL_BYTES];
	size_t n = 0;

	out[0] = '\0';
	while (ratings.n > 0) {
		struct span light = span_cut(&ratings, ',');
		struct span date = span_cut(&light, ':');

		if (date.n > MONTH_BYTES)
			date.n = MONTH_BYTES;
		snprintf(one, sizeof one, "%s%.*s%s%.*s", n > 0 ? ", " : "",
		    SPAN_ARG(date), light.n > 0 ? " " : "", SPAN_ARG(light));
		if (n + strlen(one) >= CELL_BYTES)
			return;
		memcpy(out + n, one, strlen(one) + 1);
		n += strlen(one);
	}
}

static void cells(const struct row *r, char cell[COLUMNS][CELL_BYTES])
{
	bool denied = span_eq(r->traffic, SPAN("denied"));
	bool known = r->blind.n > 0 && r->blind.p[0] != '-';

	snprintf(cell[0], CELL_BYTES, "%.*s", SPAN_ARG(r->id));
	snprintf(cell[1], CELL_BYTES, "%.*s", SPAN_ARG(r->mode));
	history(r->ratings, cell[2]);
	snprintf(cell[3], CELL_BYTES, "%.*s", SPAN_ARG(r->until));
	snprintf(cell[4], CELL_BYTES, "%.*s%s%.*s%s", SPAN_ARG(r->traffic),
	    denied ? " (" : "", denied ? (int)r->why.n : 0, r->why.p,
	    denied ? ")" : "");
	snprintf(cell[5], CELL_BYTES, "%.*s", SPAN_ARG(r->level));
	snprintf(cell[6], CELL_BYTES, "%.*s%s", SPAN_ARG(r->blind),
	    known ? " %" : "");
}

/* As wide as the widest cell of its column, but the last. */
static void print_cells(char cell[COLUMNS][CELL_BYTES],
    const size_t width[COLUMNS], FILE *out)
{
	for (unsigned i = 0; i + 1 < COLUMNS; i++)
		fprintf(out, "%-*s  ", (int)width[i], cell[i]);
	fprintf(out, "%s\n", cell[COLUMNS - 1]);
}

static void measure(char cell[COLUMNS][CELL_BYTES], size_t width[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (strlen(cell[i]) > width[i])
			width[i] = strlen(cell[i]);
}

static void print_table(struct span lines, FILE *out)
{
	char head[COLUMNS][CELL_BYTES] = { "SERVICE", "MODE", "RATINGS",
		"AGREEMENT UNTIL", "TRAFFIC", "LEVEL", "BLIND TODAY" };
	char cell[COLUMNS][CELL_BYTES];
	size_t width[COLUMNS] = { 0 };
	struct span rest = lines;
	struct row r;

	measure(head, width);
	while (rest.n > 0)
		if (read_row(span_cut(&rest, '\n'), &r)) {
			cells(&r, cell);
			measure(cell, width);
		}
	print_cells(head, width, out);
	while (lines.n > 0)
		if (read_row(span_cut(&lines, '\n'), &r)) {
			cells(&r, cell);
			print_cells(cell, width, out);
		}
}

/* ---- JSON ---- */

static json_t *number(struct span s)
{
	uint64_t v;

	return span_u64(s, INT32_MAX, &v) == 0 ? json_integer((json_int_t)v)
					       : json_null();
}

static json_t *text(struct span s)
{
	return span_eq(s, SPAN("-")) ? json_null() : jstring(s);
}

static json_t *history_json(struct span ratings)
{
	json_t *list = json_array();

	while (ratings.n > 0 && !span_eq(ratings, SPAN("-"))) {
		struct span light = span_cut(&ratings, ',');
		struct span date = span_cut(&light, ':');
		json_t *one = json_object();

		json_object_set_new(one, "date", jstring(date));
		json_object_set_new(one, "light", jstring(light));
		json_array_append_new(list, one);
	}
	return list;
}

static int print_json(struct span lines, FILE *out)
{
	json_t *root = json_object(), *list = json_array();
	struct row r;
	int err;

	while (lines.n > 0) {
		json_t *one;

		if (!read_row(span_cut(&lines, '\n'), &r))
			continue;
		one = json_object();
		json_object_set_new(one, "id", jstring(r.id));
		json_object_set_new(one, "mode", jstring(r.mode));
		json_object_set_new(one, "ratings", history_json(r.ratings));
		json_object_set_new(one, "agreement_until", text(r.until));
		json_object_set_new(one, "traffic", jstring(r.traffic));
		json_object_set_new(one, "why", text(r.why));
		json_object_set_new(one, "level", number(r.level));
		json_object_set_new(one, "blind_percent", number(r.blind));
		json_array_append_new(list, one);
	}
	json_object_set_new(root, "services", list);
	err = json_dumpf(root, out, JSON_INDENT(1)) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(root);
	return err;
}

int overview_print(struct span lines, bool json, FILE *out)
{
	if (json)
		return print_json(lines, out);
	print_table(lines, out);
	return 0;
}
