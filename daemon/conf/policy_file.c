/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/policy_int.h"

#define ID_MAX 32
#define COMMON_KEYS \
	"include variables tables hosts request response join websocket " \
	"media sip detect"
#define LIGHTS "red yellow green unrated"

/* ---- the service block ---- */

static int take_id(const struct lex *l, const config_setting_t *s,
    struct span *ret_id)
{
	int r = lex_text(l, s, "id", true, ret_id);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret_id->n; i++)
		if ((ret_id->p[i] < 'a' || ret_id->p[i] > 'z') &&
		    !ascii_digit(ret_id->p[i]) && ret_id->p[i] != '-')
			return lex_fail(l, lex_member(s, "id"),
			    "id \"%.60s\": expected a-z, 0-9 and -",
			    ret_id->p);
	if (ret_id->n > ID_MAX)
		return lex_fail(l, lex_member(s, "id"),
		    "id \"%.60s\": over %d characters", ret_id->p, ID_MAX);
	return 0;
}

static int take_operator(const struct lex *l, const config_setting_t *s,
    struct service *out)
{
	const config_setting_t *g;
	int r = lex_group(l, s, "operator", &g);

	if (r < 0)
		return r;
	if (g == NULL)
		return lex_fail(l, s, "operator is missing");
	if ((r = lex_keys(l, g, "operator", "name seat")) < 0 ||
	    (r = lex_text(l, g, "name", true, &out->operator_name)) < 0)
		return r;
	return lex_country(l, g, "seat", &out->operator_seat);
}

static int take_ratings(const struct lex *l, const config_setting_t *s,
    struct service *out)
{
	const config_setting_t *list;
	struct rating *rating;
	int r = lex_list(l, s, "rating", &list);
	unsigned n = lex_count(list);

	if (r < 0)
		return r;
	rating = arena_zalloc(l->arena, n * sizeof *rating);
	if (rating == NULL)
		return lex_error(l, s, arena_error(l->arena), "");
	out->rating = rating;
	for (unsigned i = 0; i < n; i++, rating++) {
		const config_setting_t *g = config_setting_get_elem(list, i);

		if ((r = lex_keys(l, g, "rating", "source date light")) < 0 ||
		    (r = lex_text(l, g, "source", true, &rating->source)) < 0 ||
		    (r = lex_date(l, g, "date", true, &rating->date, NULL)) <
			0 ||
		    (r = lex_word(l, g, "light", true, LIGHTS,
		    &rating->light)) < 0)
			return r;
	}
	out->nrating = n;
	return 0;
}

/* { since; successor; } */
static int take_retired(const struct lex *l, const config_setting_t *s,
    struct service *out)
{
	const config_setting_t *g;
	int r = lex_group(l, s, "retired", &g);

	out->retired_since = out->successor = SPAN("");
	if (r < 0 || g == NULL)
		return r;
	out->retired = true;
	if ((r = lex_keys(l, g, "retired", "since successor")) < 0 ||
	    (r = lex_date(l, g, "since", true, &out->retired_since, NULL)) < 0)
		return r;
	return lex_text(l, g, "successor", true, &out->successor);
}

static int take_service(const struct lex *l, struct service *out)
{
	const config_setting_t *s;
	int r = lex_group(l, lex_root(l), "service", &s);

	if (r < 0)
		return r;
	if (s == NULL)
		return lex_fail(l, NULL, "service is missing");
	out->stance = SPAN("");
	if ((r = lex_keys(l, s, "service",
	    "id name version reviewed operator rating e2ee stance retired "
	    "parties")) <
		0 ||
	    (r = take_id(l, s, &out->id)) < 0 ||
	    (r = lex_text(l, s, "name", true, &out->name)) < 0 ||
	    (r = lex_number(l, s, "version", true, 1, 1000000,
	    &out->version)) < 0 ||
	    (r = lex_date(l, s, "reviewed", true, &out->reviewed, NULL)) < 0 ||
	    (r = take_operator(l, s, out)) < 0 ||
	    (r = take_ratings(l, s, out)) < 0 ||
	    (r = lex_flag(l, s, "e2ee", false, &out->e2ee)) < 0 ||
	    (r = take_retired(l, s, out)) < 0 ||
	    (r = policy_parties(l, s, out)) < 0)
		return r;
	if (lex_member(s, "stance") == NULL)
		return 0;
	return lex_text(l, s, "stance", false, &out->stance);
}

/* The id of a pack is the name of its file: zoom.conf has "zoom". */
static int check_name(const struct lex *l, struct span id)
{
	struct span rest = span_str(l->file), name = rest, tail = SPAN(".conf");

	while (rest.n > 0)
		name = span_cut(&rest, '/');
	if (!span_ends(name, tail))
		return 0;
	name.n -= tail.n;
	if (span_eq(name, id))
		return 0;
	return lex_fail(l,
	    lex_member(lex_member(lex_root(l), "service"), "id"),
	    "id \"%.*s\": expected \"%.*s\", the name of the file",
	    SPAN_ARG(id), SPAN_ARG(name));
}

/* ---- includes ---- */

static bool is_inside(struct span name)
{
	struct span rest = name, part;

	if (name.n == 0 || name.p[0] == '/')
		return false;
	while (rest.n > 0) {
		part = span_cut(&rest, '/');
		if (part.n == 0 || part.p[0] == '.')
			return false;
	}
	return name.p[name.n - 1] != '/';
}

int policy_find(const struct pack *p, const struct lex *l,
    const config_setting_t *s, const char *what, const char *example,
    struct span name, const char **ret_path, struct span *ret_text)
{
	struct span path;

	if (!is_inside(name))
		return lex_fail(l, s,
		    "%s \"%.60s\": expected a file below the folder of "
		    "the packs, as in \"%s\"",
		    what, name.p, example);
	path = arena_join(p->arena,
	    (const struct span[]){ span_str(p->dir),
		p->dir[0] != '\0' ? SPAN("/") : SPAN(""), name,
		span_of("", 1) },
	    4);
	if (path.p == NULL)
		return lex_error(l, s, arena_error(p->arena), "");
	*ret_path = path.p;
	if (bundle_find(p->bundle, path.p, ret_text) == 0)
		return 0;
	return lex_fail(l, s, "%s \"%.60s\": there is no file %.200s", what,
	    name.p, path.p);
}

static int open_include(struct pack *p, const config_setting_t *s)
{
	const struct lex *l = &p->file[0];
	struct lex *in = &p->file[p->nfile];
	const config_setting_t *nested;
	struct span name, text;
	const char *path;
	int r;

	if ((r = lex_value(l, s, "include", &name)) < 0)
		return r;
	if (p->nfile > POLICY_INCLUDES_MAX)
		return lex_fail(l, s, "over %d includes", POLICY_INCLUDES_MAX);
	r = policy_find(p, l, s, "include", "common/browser.conf", name, &path,
	    &text);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < p->nfile; i++)
		if (strcmp(p->file[i].file, path) == 0)
			return lex_fail(l, s,
			    "include \"%.60s\": it is here already", name.p);
	p->nfile++;
	if ((r = lex_open(in, p->bundle, path, p->arena, p->err)) < 0)
		return r;
	nested = lex_member(lex_root(in), "include");
	if (nested != NULL)
		return lex_fail(in, nested,
		    "an included file cannot include others");
	return lex_keys(in, lex_root(in), "an included file", COMMON_KEYS);
}

static int open_includes(struct pack *p)
{
	const config_setting_t *list;
	int r = lex_list(&p->file[0], lex_root(&p->file[0]), "include", &list);

	for (unsigned i = 0; r == 0 && i < lex_count(list); i++)
		r = open_include(p, config_setting_get_elem(list, i));
	return r;
}

/* ---- variables ---- */

static bool is_var_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') && s.p[i] != '_' &&
		    (!ascii_digit(s.p[i]) || i == 0))
			return false;
	return s.n > 0;
}

static struct policy_var *find_var(struct pack *p, struct span name)
{
	for (unsigned i = 0; i < p->nvar; i++)
		if (span_eq(span_str(p->var[i].name), name))
			return &p->var[i];
	return NULL;
}

static const char *dup_str(const struct pack *p, const char *s)
{
	return arena_dup(p->arena, span_of(s, strlen(s) + 1)).p;
}

static int declare(struct pack *p, const struct lex *l,
    const config_setting_t *s)
{
	const char *name = config_setting_name(s);
	struct policy_var *v = &p->var[p->nvar];
	struct span value = SPAN_NONE;
	int r;

	if (!is_var_name(span_str(name)))
		return lex_fail(l, s,
		    "variable \"%.60s\": expected a-z, 0-9 and _", name);
	if (find_var(p, span_str(name)) != NULL)
		return 0; /* the pack's own, or an earlier include's */
	if (p->nvar == POLICY_VARS_MAX)
		return lex_fail(l, s, "over %d variables", POLICY_VARS_MAX);
	if (config_setting_type(s) != CONFIG_TYPE_STRING &&
	    (!config_setting_is_list(s) || lex_count(s) > 0))
		return lex_fail(l, s,
		    "variable \"%.60s\": expected a text, or ( ) for one "
		    "without default, found %s",
		    name, lex_kind(s));
	if (config_setting_type(s) == CONFIG_TYPE_STRING) {
		r = lex_text(l, config_setting_parent(s), name, false, &value);
		if (r < 0)
			return r;
	}
	*v = (struct policy_var){ dup_str(p, name), value.p,
		lex_place(l, s) };
	if (v->name == NULL)
		return lex_error(l, s, arena_error(p->arena), "");
	p->nvar++;
	return 0;
}

/* A value that sparsamd.conf gives. */
static int assign(struct pack *p, const struct policy_var *given)
{
	struct policy_var *v = find_var(p, span_str(given->name));
	char words[300];
	size_t n = 0;

	if (v != NULL) {
		/* an empty text is no value where there must be one */
		if (v->value != NULL || given->value[0] != '\0')
			v->value = given->value;
		return 0;
	}
	words[0] = '\0';
	for (unsigned i = 0; i < p->nvar; i++) {
		const char *name = p->var[i].name;

		if (n + strlen(name) + sizeof ", , ..." > sizeof words) {
			snprintf(words + n, sizeof words - n, ", ...");
			break;
		}
		n += (size_t)snprintf(words + n, sizeof words - n, "%s%s",
		    i > 0 ? ", " : "", name);
	}
	snprintf(p->err, CONF_ERR_BYTES,
	    "%s:%u: unknown variable \"%.60s\", %s declares: %s",
	    given->place.file != NULL ? given->place.file : p->file[0].file,
	    given->place.file != NULL ? given->place.line : 1, given->name,
	    p->file[0].file, n > 0 ? words : "none");
	return -EINVAL;
}

/* Those without a default. */
static int note_asked(struct pack *p)
{
	struct span *asks = &p->service->asks;
	unsigned n = 0;

	*asks = SPAN("");
	for (unsigned i = 0; i < p->nvar; i++) {
		const struct span piece[] = { *asks,
			n > 0 ? SPAN(" ") : SPAN(""),
			span_str(p->var[i].name) };

		if (p->var[i].value != NULL)
			continue;
		*asks = arena_join(p->arena, piece, 3);
		n++;
	}
	return asks->p != NULL
	           ? 0
	           : lex_error(&p->file[0], NULL, arena_error(p->arena), "");
}

static int take_variables(struct pack *p, const struct policy_var *var,
    unsigned nvar)
{
	const config_setting_t *g;
	int r = 0;

	for (unsigned i = 0; i < p->nfile; i++) {
		r = lex_group(&p->file[i], lex_root(&p->file[i]), "variables",
		    &g);
		for (unsigned k = 0; r == 0 && k < lex_count(g); k++)
			r = declare(p, &p->file[i],
			    config_setting_get_elem(g, k));
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = note_asked(p);
	for (unsigned i = 0; r == 0 && i < nvar; i++)
		r = assign(p, &var[i]);
	return r;
}

/* Every variable has a value; of a service that is off, any will do. */
static int check_variables(struct pack *p)
{
	for (unsigned i = 0; i < p->nvar; i++) {
		struct policy_var *v = &p->var[i];

		if (v->value == NULL && !p->idle) {
			snprintf(p->err, CONF_ERR_BYTES,
			    "%s:%u: variable \"%s\" has no value: it must be "
			    "given under variables of this service in "
			    "sparsamd.conf",
			    v->place.file, v->place.line, v->name);
			return -EINVAL;
		}
		if (v->value == NULL)
			v->value = "";
	}
	return 0;
}

const char *policy_value(const struct pack *p, struct span name)
{
	for (unsigned i = 0; i < p->nvar; i++)
		if (span_eq(span_str(p->var[i].name), name))
			return p->var[i].value;
	return NULL;
}

int policy_expand(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span text, struct span *ret_text)
{
	struct span mark = SPAN("${"), rest = text, name;
	struct buf out;
	size_t at;
	int r;

	*ret_text = text;
	if (span_find(text, mark) == text.n)
		return 0;
	buf_init(&out, POLICY_TEXT_MAX);
	while ((at = span_find(rest, mark)) < rest.n) {
		const char *value;

		buf_add(&out, rest.p, at);
		rest = span_from(rest, at + mark.n);
		if (span_chr(rest, '}') == rest.n) {
			buf_fini(&out);
			return lex_fail(l, s, "\"${\" without \"}\"");
		}
		name = span_cut(&rest, '}');
		if ((value = policy_value(p, name)) == NULL) {
			buf_fini(&out);
			return lex_fail(l, s,
			    "unknown variable \"%.*s\": variables must be "
			    "declared under variables of the pack",
			    name.n > 60 ? 60 : (int)name.n, name.p);
		}
		buf_add_str(&out, value);
	}
	buf_add_span(&out, rest);
	r = buf_error(&out);
	if (r == 0) {
		*ret_text = arena_dup(p->arena, buf_span(&out));
		r = arena_error(p->arena);
		r = r < 0 ? lex_error(l, s, r, "") : 0;
	} else {
		lex_fail(l, s, "a text has over %u bytes", POLICY_TEXT_MAX);
		r = r == -ENOBUFS ? -EINVAL : r;
	}
	buf_fini(&out);
	return r;
}

/* ---- the whole ---- */

/* What the pack may deny, and what of it is allowed here: for the pages. */
static void note_extras(const struct pack *p)
{
	static const char *const name[EXTRA_COUNT] = {
		[EXTRA_RECORDING] = "allow_recording",
		[EXTRA_TRANSCRIPTION] = "allow_transcription",
		[EXTRA_AI] = "allow_ai",
	};

	for (unsigned i = 0; i < EXTRA_COUNT; i++) {
		const char *value = policy_value(p, span_str(name[i]));

		if (value == NULL)
			continue;
		p->service->extras |= (uint8_t)(1u << i);
		if (strcmp(value, "yes") == 0)
			p->service->allowed |= (uint8_t)(1u << i);
	}
}

static int read_pack(struct pack *p, const char *path,
    const struct policy_var *var, unsigned nvar)
{
	const struct lex *l = &p->file[0];
	int r;

	p->nfile = 1;
	if ((r = lex_open(&p->file[0], p->bundle, path, p->arena, p->err)) < 0 ||
	    (r = lex_keys(l, lex_root(l), "a pack",
	    "service " COMMON_KEYS)) < 0 ||
	    (r = take_service(l, p->service)) < 0 ||
	    (r = check_name(l, p->service->id)) < 0 ||
	    (r = open_includes(p)) < 0 ||
	    (r = take_variables(p, var, nvar)) < 0 ||
	    (r = check_variables(p)) < 0)
		return r;
	note_extras(p);
	if ((r = policy_tables(p)) < 0 || (r = policy_hosts(p)) < 0 ||
	    (r = policy_requests(p)) < 0 ||
	    (r = policy_responses(p)) < 0 || (r = policy_joins(p)) < 0 ||
	    (r = policy_websockets(p)) < 0 || (r = policy_detect(p)) < 0)
		return r;
	return policy_later(p);
}

static int read_file(const struct bundle *b, const char *dir, const char *path,
    const struct policy_var *var, unsigned nvar, bool idle, struct ruleset *r,
    struct service *ret_service, char err[CONF_ERR_BYTES])
{
	struct pack *p = calloc(1, sizeof *p);
	int e;

	if (p == NULL) {
		snprintf(err, CONF_ERR_BYTES, "%s: memory is out", path);
		return -ENOMEM;
	}
	*ret_service = (struct service){ .id = SPAN_NONE };
	*p = (struct pack){ .bundle = b, .dir = dir, .idle = idle, .rules = r,
		.arena = ruleset_arena(r), .service = ret_service, .err = err };
	err[0] = '\0';
	e = read_pack(p, path, var, nvar);
	for (unsigned i = 0; i < p->nfile; i++)
		lex_close(&p->file[i]);
	free(p);
	return e == 0 || e == -ENOMEM ? e : -EINVAL;
}

int policy_file_read(const struct bundle *b, const char *dir, const char *path,
    const struct policy_var *var, unsigned nvar, struct ruleset *r,
    struct service *ret_service, char err[CONF_ERR_BYTES])
{
	return read_file(b, dir, path, var, nvar, false, r, ret_service, err);
}

int policy_file_read_idle(const struct bundle *b, const char *dir,
    const char *path, struct ruleset *r, struct service *ret_service,
    char err[CONF_ERR_BYTES])
{
	return read_file(b, dir, path, NULL, 0, true, r, ret_service, err);
}
