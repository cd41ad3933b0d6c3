/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/coverage.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "ctl/har.h"
#include "ctl/jstring.h"
#include "ctl/lines.h"
#include "ctl/offline.h"

#define MEMORY_MAX_BYTES (64u << 20)
#define ENTRY_ARENA_BYTES (256u << 20)
#define LEVEL 1 /* what every service may serve */
#define KEY_MAX_BYTES 3000

struct cover_line {
	struct span file, text;
	uint64_t line;
	bool by_case, by_capture;
};

struct cover_field {
	struct span service, name, host;
	const char *carrier, *direction;
	size_t times;
};

struct coverage {
	struct arena *arena;
	struct hash *by_key; /* "FILE:LINE text" or a field's key */
	struct cover_line *line[COVERAGE_LINES_MAX];
	struct cover_field *field[COVERAGE_FIELDS_MAX];
	struct coverage_sum sum;
	const struct ruleset *rules; /* during coverage_rules */
	int err;
};

struct coverage *coverage_new(void)
{
	struct coverage *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->arena = arena_new(MEMORY_MAX_BYTES);
	v->by_key = hash_new(COVERAGE_LINES_MAX + COVERAGE_FIELDS_MAX);
	if (v->arena == NULL || v->by_key == NULL) {
		coverage_free(v);
		return NULL;
	}
	return v;
}

void coverage_free(struct coverage *v)
{
	if (v == NULL)
		return;
	hash_free(v->by_key);
	arena_free(v->arena);
	free(v);
}

/* ---- lines ---- */

/* key: "FILE:LINE text". The line of that key, new or known. */
static struct cover_line *line_of(struct coverage *v, struct span key)
{
	struct cover_line *l = hash_get(v->by_key, key);
	struct span place = span_of(key.p, span_chr(key, ' '));
	size_t colon = place.n;

	if (l != NULL)
		return l;
	while (colon > 0 && place.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || v->sum.lines == COVERAGE_LINES_MAX)
		return NULL;
	l = arena_zalloc(v->arena, sizeof *l);
	key = arena_dup(v->arena, key);
	if (l == NULL || arena_error(v->arena) < 0 ||
	    span_u64(span_of(key.p + colon, place.n - colon), UINT32_MAX,
	        &l->line) < 0 ||
	    hash_put(v->by_key, key, l) < 0)
		return NULL;
	l->file = span_of(key.p, colon - 1);
	l->text = span_from(key, place.n + 1);
	v->line[v->sum.lines++] = l;
	return l;
}

/* The host that packs_config puts where an authority names its own: the same
 * row has another name in each configuration. */
static bool stands_in(struct place at, struct span text)
{
	struct span suffix = SPAN(".invalid"), id = span_str(at.file), word;
	struct span rest = id;

	while (rest.n > 0)
		id = span_cut(&rest, '/');
	if (!span_ends(id, SPAN(".conf")) || !span_ends(text, suffix))
		return false;
	id.n -= strlen(".conf");
	word = span_of(text.p, text.n - suffix.n);
	return span_ends(word, id) && word.n > id.n &&
	       word.p[word.n - id.n - 1] == '.';
}

static void on_line(void *arg, struct place at, uint32_t id, struct span text)
{
	struct coverage *v = arg;
	struct cover_line *l;
	char key[KEY_MAX_BYTES];
	int n = snprintf(
	    key, sizeof key, "%s:%u %.*s", at.file, at.line, SPAN_ARG(text));

	if (stands_in(at, text))
		return;
	if (n <= 0 || (size_t)n >= sizeof key)
		n = (int)sizeof key - 1;
	l = line_of(v, span_of(key, (size_t)n));
	if (l == NULL)
		v->err = -ENOBUFS;
	else if (ruleset_reached(v->rules, id))
		l->by_capture = true;
}

int coverage_rules(struct coverage *v, const struct ruleset *r)
{
	v->rules = r;
	v->err = 0;
	lines_each(r, on_line, v);
	v->rules = NULL;
	return v->err;
}

int coverage_report(struct coverage *v, struct span line)
{
	struct cover_line *l;
	struct span rest = span_from(line, 1);
	uint64_t n;

	switch (line.n > 0 ? line.p[0] : 0) {
	case '+':
	case '-':
		l = line_of(v, rest);
		if (l == NULL)
			return -ENOBUFS;
		l->by_case = l->by_case || line.p[0] == '+';
		return 0;
	case '!':
		v->sum.bad++;
		return 0;
	case '=':
		if (span_u64(rest, UINT32_MAX, &n) < 0)
			return -EBADMSG;
		v->sum.results += n;
		return 0;
	}
	return -EBADMSG;
}

/* ---- captures ---- */

static int add_field(struct coverage *v, const struct offline *o,
    const struct offline_note *n, const char *direction)
{
	struct span name = n->path.n > 0 ? n->path : n->name, id;
	struct cover_field *f;
	char key[KEY_MAX_BYTES];
	int len = snprintf(key, sizeof key, "%.*s\t%s\t%s\t%.*s\t%.*s",
	    SPAN_ARG(o->service->id), direction, carrier_word(n->carrier),
	    SPAN_ARG(name), SPAN_ARG(o->pattern));

	if (len <= 0 || (size_t)len >= sizeof key)
		len = (int)sizeof key - 1;
	id = span_of(key, (size_t)len);
	f = hash_get(v->by_key, id);
	if (f == NULL) {
		if (v->sum.fields == COVERAGE_FIELDS_MAX)
			return -ENOBUFS;
		f = arena_zalloc(v->arena, sizeof *f);
		id = arena_dup(v->arena, id);
		if (f == NULL || arena_error(v->arena) < 0 ||
		    hash_put(v->by_key, id, f) < 0)
			return -ENOMEM;
		f->direction = direction;
		f->carrier = carrier_word(n->carrier);
		f->service = arena_dup(v->arena, o->service->id);
		f->name = arena_dup(v->arena, name);
		f->host = arena_dup(v->arena, o->pattern);
		v->field[v->sum.fields++] = f;
	}
	f->times++;
	return arena_error(v->arena);
}

static int add_notes(
    struct coverage *v, const struct offline *o, const char *direction)
{
	int err = 0;

	for (size_t i = 0; i < o->nnote && err == 0; i++)
		if (offline_unjudged(&o->note[i]))
			err = add_field(v, o, &o->note[i], direction);
	return err;
}

/* The messages of a WebSocket whose request passed. */
static int add_messages(struct coverage *v, const struct conf *c,
    const struct har *h, size_t i, const struct har_entry *e,
    const struct offline *up, struct arena *a)
{
	struct socket_match match;
	char text[HAR_ERR_BYTES];
	struct har_message m;
	struct offline o;
	int err = offline_socket(c, up, SPAN(""), &match);

	for (size_t k = 0; k < e->messages && err == 0; k++) {
		err = har_read_message(h, i, k, a, &m, text);
		if (err == -EBADMSG) { /* replay tells */
			err = 0;
			continue;
		}
		if (err < 0)
			break;
		err = offline_message(c, up, &match,
		    &(struct offline_message){ m.up, m.text, m.content }, &o);
		if (err == 0)
			err = add_notes(v, &o, m.up ? "up" : "down");
		v->sum.messages++;
		v->sum.unread += o.unread;
		offline_fini(&o);
	}
	return err;
}

static int one(struct coverage *v, const struct conf *c, const struct har *h,
    size_t i, const struct har_entry *e, struct arena *a)
{
	struct offline up, down;
	int err = offline_request(c, &e->request, LEVEL, &up);

	if (err == 0)
		err = add_notes(v, &up, "up");
	if (err == 0 && up.end == OFFLINE_PASSED && e->answered &&
	    e->answer.status != 101) {
		err = offline_answer(c, &up, &e->answer, &down);
		if (err == 0)
			err = add_notes(v, &down, "down");
		offline_fini(&down);
	}
	if (err == 0 && up.end == OFFLINE_PASSED && e->messages > 0)
		err = add_messages(v, c, h, i, e, &up, a);
	offline_fini(&up);
	return err;
}

int coverage_capture(
    struct coverage *v, const struct conf *c, const char *path, FILE *problems)
{
	char text[HAR_ERR_BYTES] = "";
	struct arena *a = arena_new(ENTRY_ARENA_BYTES);
	struct har *h = har_open(path, text);
	struct har_entry e;
	int err = a == NULL ? -ENOMEM : h == NULL ? -EBADMSG : 0;

	if (h == NULL)
		fprintf(problems, "%s: %s\n", path, text);
	for (size_t i = 0; err == 0 && i < har_count(h); i++) {
		err = har_read(h, i, a, &e, text);
		if (err == -EBADMSG) {
			fprintf(
			    problems, "%s: entry %zu: %s\n", path, i + 1, text);
			err = 0;
		} else if (err == 0 && !e.local) {
			v->sum.entries++;
			err = one(v, c, h, i, &e, a);
		}
		arena_reset(a);
	}
	har_free(h);
	arena_free(a);
	return err;
}

/* ---- what came out ---- */

struct coverage_sum coverage_sum(const struct coverage *v)
{
	struct coverage_sum s = v->sum;

	for (size_t i = 0; i < v->sum.lines; i++) {
		const struct cover_line *l = v->line[i];

		s.by_case += l->by_case;
		s.by_capture += l->by_capture;
		s.missing += !l->by_case && !l->by_capture;
	}
	return s;
}

static int order(struct span a, struct span b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r != 0 ? r : (a.n > b.n) - (a.n < b.n);
}

static int by_place(const void *x, const void *y)
{
	const struct cover_line *a = *(struct cover_line *const *)x;
	const struct cover_line *b = *(struct cover_line *const *)y;
	int r = order(a->file, b->file);

	if (r == 0)
		r = (a->line > b->line) - (a->line < b->line);
	return r != 0 ? r : order(a->text, b->text);
}

static int by_name(const void *x, const void *y)
{
	const struct cover_field *a = *(struct cover_field *const *)x;
	const struct cover_field *b = *(struct cover_field *const *)y;
	int r = order(a->service, b->service);

	if (r == 0)
		r = strcmp(b->direction, a->direction);
	if (r == 0)
		r = strcmp(a->carrier, b->carrier);
	if (r == 0)
		r = order(a->name, b->name);
	return r != 0 ? r : order(a->host, b->host);
}

static void sort(struct coverage *v)
{
	qsort(v->line, v->sum.lines, sizeof v->line[0], by_place);
	qsort(v->field, v->sum.fields, sizeof v->field[0], by_name);
}

/* Figures of the file that line i is the first of; *ret_next is the first line
 * of the next file. */
static struct coverage_sum file_sum(
    const struct coverage *v, size_t i, size_t *ret_next)
{
	struct span file = v->line[i]->file;
	struct coverage_sum s = { .lines = 0 };

	for (; i < v->sum.lines && span_eq(v->line[i]->file, file); i++) {
		s.lines++;
		s.by_case += v->line[i]->by_case;
		s.by_capture += v->line[i]->by_capture;
		s.missing += !v->line[i]->by_case && !v->line[i]->by_capture;
	}
	*ret_next = i;
	return s;
}

static void row(FILE *out, struct span name, const struct coverage_sum *s)
{
	fprintf(out, "%-32.*s %6zu %9zu %12zu %6zu\n", SPAN_ARG(name), s->lines,
	    s->by_case, s->by_capture, s->missing);
}

int coverage_print(struct coverage *v, FILE *out)
{
	struct coverage_sum all = coverage_sum(v), s;

	sort(v);
	fprintf(out, "%-32s %6s %9s %12s %6s\n", "pack", "lines", "by cases",
	    "by captures", "never");
	for (size_t i = 0, next = 0; i < v->sum.lines; i = next) {
		s = file_sum(v, i, &next);
		row(out, v->line[i]->file, &s);
	}
	row(out, SPAN("all"), &all);
	if (all.missing > 0)
		fprintf(out, "\nnever reached:\n");
	for (size_t i = 0; i < v->sum.lines; i++) {
		const struct cover_line *l = v->line[i];

		if (!l->by_case && !l->by_capture)
			fprintf(out, "  %.*s:%u  %.*s\n", SPAN_ARG(l->file),
			    (unsigned)l->line, SPAN_ARG(l->text));
	}
	if (all.fields > 0)
		fprintf(out, "\nnever judged:\n");
	for (size_t i = 0; i < v->sum.fields; i++) {
		const struct cover_field *f = v->field[i];

		fprintf(out, "  %.*s  %-4s %s %.*s  at %.*s  (%zu)\n",
		    SPAN_ARG(f->service), f->direction, f->carrier,
		    SPAN_ARG(f->name), SPAN_ARG(f->host), f->times);
	}
	fprintf(out,
	    "\n%zu results of cases, %zu bad; %zu entries of captures, "
	    "%zu WebSocket messages, %zu pass unread; "
	    "%zu fields never judged\n",
	    all.results, all.bad, all.entries, all.messages, all.unread,
	    all.fields);
	return 0;
}

static void set_count(json_t *object, const char *key, size_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static json_t *sum_json(const struct coverage_sum *s)
{
	json_t *o = json_object();

	set_count(o, "lines", s->lines);
	set_count(o, "by_cases", s->by_case);
	set_count(o, "by_captures", s->by_capture);
	set_count(o, "never_reached", s->missing);
	return o;
}

static json_t *missing_json(const struct coverage *v)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < v->sum.lines; i++) {
		const struct cover_line *l = v->line[i];

		if (l->by_case || l->by_capture)
			continue;
		o = json_object();
		json_object_set_new(o, "file", jstring(l->file));
		set_count(o, "line", l->line);
		json_object_set_new(o, "text", jstring(l->text));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *fields_json(const struct coverage *v)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < v->sum.fields; i++) {
		const struct cover_field *f = v->field[i];

		o = json_object();
		json_object_set_new(o, "service", jstring(f->service));
		json_object_set_new(o, "direction", json_string(f->direction));
		json_object_set_new(o, "carrier", json_string(f->carrier));
		json_object_set_new(o, "name", jstring(f->name));
		json_object_set_new(o, "host", jstring(f->host));
		set_count(o, "times", f->times);
		json_array_append_new(list, o);
	}
	return list;
}

int coverage_json(struct coverage *v, FILE *out)
{
	struct coverage_sum all = coverage_sum(v), s;
	json_t *root = json_object(), *files = json_object(), *total;
	int err;

	sort(v);
	for (size_t i = 0, next = 0; i < v->sum.lines; i = next) {
		char name[LINES_TEXT_BYTES];

		s = file_sum(v, i, &next);
		snprintf(name, sizeof name, "%.*s", SPAN_ARG(v->line[i]->file));
		json_object_set_new(files, name, sum_json(&s));
	}
	total = sum_json(&all);
	set_count(total, "results", all.results);
	set_count(total, "results_bad", all.bad);
	set_count(total, "entries", all.entries);
	set_count(total, "websocket_messages", all.messages);
	set_count(total, "websocket_messages_unread", all.unread);
	set_count(total, "fields_never_judged", all.fields);
	json_object_set_new(root, "packs", files);
	json_object_set_new(root, "never_reached", missing_json(v));
	json_object_set_new(root, "never_judged", fields_json(v));
	json_object_set_new(root, "all", total);
	err = json_dumpf(root, out, JSON_INDENT(1)) < 0 ? -ENOMEM : 0;
	fputc('\n', out);
	json_decref(root);
	return err;
}
