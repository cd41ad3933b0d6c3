/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "engine/jpath.h"
#include "engine/match.h"
#include "engine/names.h"

#define PLAN_BYTES_MAX (16u << 20) /* tables of one plan */

struct glob {
	struct span pattern;
	const struct action *action;
};

/* Lines of one carrier that speak of names. */
struct table {
	struct names exact; /* to index in action */
	const struct action **action;
	struct glob *glob; /* in file order */
	uint32_t nexact, nglob;
};

struct segment_line {
	struct span after; /* "after:NAME": the name; else empty ... */
	uint64_t number;   /* ... and the number */
	const struct action *action;
};

struct plan {
	struct table table[CARRIER_COUNT]; /* those of is_table_carrier */
	struct segment_line *segment;
	uint32_t nsegment;
	struct jpath *path[CARRIER_COUNT]; /* those of is_path_carrier */
	const struct line **line;
	uint32_t nline;
	uint32_t has;        /* bit for each carrier */
	uint32_t allow_list; /* the same */
	bool pass_unread;
	enum entry_form form;
	const struct where *meeting;
	const struct line **add; /* those of plan_adds */
	struct span *append;
	uint32_t nadd, nappend;
	const struct detect_line *detect; /* borrowed */
	uint32_t ndetect;
	struct arena *arena; /* of the outermost plan; NULL in a nest */
};

struct plans {
	struct hash *by_pick; /* pointers of the entries, as bytes */
	const struct detect_line *detect;
	uint32_t ndetect;
};

/* ---- compiling ---- */

/* A line as one table sees it: inside a nest, where is an inner link. */
struct seen {
	const struct where *where;
	const struct line *line;
	uint32_t order;
	uint32_t group; /* place of the nest in group[], for chains */
};

/* A plan that waits to be filled. Chains make more of them: a list instead of
 * recursion. */
struct job {
	struct plan *plan;
	struct seen *seen;
	uint32_t n;
	struct job *next;
};

/* The paths of one carrier. */
struct paths {
	struct jpath_rule *rule;
	size_t n;
};

struct group {
	const struct where *where; /* of its first line */
	struct action *action;
	struct nest *nest; /* of action */
	uint32_t n;
};

static bool same_prefix(const struct where *x, const struct where *y)
{
	const struct where *a = x->next, *b = y->next;

	return x->carrier == y->carrier && span_eq(x->name, y->name) &&
	       a->nsteps == b->nsteps &&
	       memcmp(a->step, b->step, a->nsteps * sizeof *a->step) == 0;
}

static bool is_table_carrier(enum carrier c)
{
	return c == CARRIER_HEADER || c == CARRIER_COOKIE ||
	       c == CARRIER_QUERY || c == CARRIER_FORM ||
	       c == CARRIER_MULTIPART || c == CARRIER_SDP || c == CARRIER_TEXT;
}

static bool is_path_carrier(enum carrier c)
{
	return c == CARRIER_JSON || c == CARRIER_XML || c == CARRIER_PROTO;
}

static bool is_glob(struct span name)
{
	return span_chr(name, '*') < name.n;
}

static int make_action(
    struct arena *a, const struct seen *s, struct action **ret_action)
{
	struct action *action = arena_zalloc(a, sizeof *action);

	if (action == NULL)
		return arena_error(a);
	action->line = s->line;
	action->order = s->order;
	action->where = s->where;
	*ret_action = action;
	return 0;
}

/* Find the group of a chain or begin one. */
static int join_group(
    struct arena *a, struct seen *s, struct group *group, uint32_t *ngroup)
{
	const struct where *inner = s->where->next;
	struct nest *nest;
	int r;

	for (uint32_t i = 0; i < *ngroup; i++)
		if (same_prefix(group[i].where, s->where)) {
			group[i].n++;
			s->group = i;
			return 0;
		}
	s->group = *ngroup;
	group[*ngroup] = (struct group){ .where = s->where, .n = 1 };
	if ((r = make_action(a, s, &group[*ngroup].action)) < 0)
		return r;
	if ((nest = arena_zalloc(a, sizeof *nest)) == NULL)
		return arena_error(a);
	memcpy(nest->step, inner->step, sizeof nest->step);
	nest->nsteps = inner->nsteps;
	group[*ngroup].nest = nest;
	group[(*ngroup)++].action->nest = nest;
	return 0;
}

/* The inner plan of a group, as a new job; none when its first line treats the
 * unwrapped value as a whole. */
static int add_job(struct arena *a, const struct job *job,
    const struct group *g, uint32_t number, struct job **tail)
{
	struct job *inner;

	if (g->where->next->carrier == CARRIER_COUNT)
		return 0;
	inner = arena_zalloc(a, sizeof *inner);
	if (inner == NULL)
		return arena_error(a);
	inner->plan = arena_zalloc(a, sizeof *inner->plan);
	inner->seen = arena_alloc(a, g->n * sizeof *inner->seen);
	if (arena_error(a) < 0)
		return arena_error(a);
	inner->plan->detect = job->plan->detect;
	inner->plan->ndetect = job->plan->ndetect;
	for (uint32_t i = 0; i < job->n; i++) {
		const struct seen *s = &job->seen[i];

		if (s->where->next == NULL || s->group != number ||
		    s->where->next->carrier == CARRIER_COUNT)
			continue;
		inner->seen[inner->n++] =
		    (struct seen){ s->where->next, s->line, s->order, 0 };
	}
	g->nest->plan = inner->plan;
	(*tail)->next = inner;
	*tail = inner;
	return 0;
}

static void add_name(struct plan *p, struct span name, enum carrier c,
    const struct action *action)
{
	struct table *t = &p->table[c];

	if (is_glob(name))
		t->glob[t->nglob++] = (struct glob){ name, action };
	else if (names_add(&t->exact, name, t->nexact) == 0)
		t->action[t->nexact++] = action;
}

static void add_segment(
    struct plan *p, struct span name, const struct action *action)
{
	struct segment_line *l = &p->segment[p->nsegment++];
	struct span after = SPAN("after:");

	*l = (struct segment_line){ .action = action };
	if (span_starts(name, after))
		l->after = span_from(name, after.n);
	else if (span_u64(name, UINT32_MAX, &l->number) < 0)
		p->nsegment--; /* parse_where lets none through */
}

/* Room for the tables of a plan: how many names each carrier has. */
static int make_room(struct arena *a, struct plan *p, const struct seen *seen,
    uint32_t n, struct paths path[CARRIER_COUNT])
{
	size_t exact[CARRIER_COUNT] = { 0 }, globs[CARRIER_COUNT] = { 0 };
	int r;

	for (uint32_t i = 0; i < n; i++) {
		p->has |= 1u << seen[i].where->carrier;
		if (is_glob(seen[i].where->name))
			globs[seen[i].where->carrier]++;
		else
			exact[seen[i].where->carrier]++;
	}
	p->segment = arena_alloc(a,
	    (exact[CARRIER_PATH] + globs[CARRIER_PATH]) * sizeof *p->segment);
	for (enum carrier c = 0; c < CARRIER_COUNT; c++) {
		struct table *t = &p->table[c];

		path[c] = (struct paths){ .n = 0 };
		if (is_path_carrier(c))
			path[c].rule = arena_alloc(
			    a, (exact[c] + globs[c]) * sizeof *path[c].rule);
		if (!is_table_carrier(c))
			continue;
		r = names_init(&t->exact, a, exact[c], c == CARRIER_HEADER);
		if (r < 0)
			return r;
		t->action = arena_alloc(a, exact[c] * sizeof *t->action);
		t->glob = arena_alloc(a, globs[c] * sizeof *t->glob);
	}
	return arena_error(a);
}

static int place_line(struct plan *p, const struct seen *s,
    const struct action *action, struct paths path[CARRIER_COUNT])
{
	enum carrier c = s->where->carrier;

	if (is_table_carrier(c))
		add_name(p, s->where->name, c, action);
	else if (c == CARRIER_PATH)
		add_segment(p, s->where->name, action);
	else if (is_path_carrier(c))
		path[c].rule[path[c].n++] =
		    (struct jpath_rule){ s->where->name, action };
	else
		return -EINVAL; /* ruleset_build refuses these */
	if (s->where->next == NULL && s->line->treat.act == ACT_DROP &&
	    line_is_catch_all(s->line))
		p->allow_list |= 1u << c;
	return 0;
}

/* Fill one plan; its chains become jobs behind *tail. */
static int compile(struct arena *a, const struct job *job, struct job **tail)
{
	struct group *group = arena_alloc(a, job->n * sizeof *group);
	struct paths path[CARRIER_COUNT];
	uint32_t ngroup = 0, had;
	struct action *action = NULL;
	int r;

	if (arena_error(a) < 0)
		return arena_error(a);
	if ((r = make_room(a, job->plan, job->seen, job->n, path)) < 0)
		return r;
	for (uint32_t i = 0; i < job->n; i++) {
		struct seen *s = &job->seen[i];

		if (s->where->next == NULL) {
			r = make_action(a, s, &action);
		} else {
			had = ngroup;
			r = join_group(a, s, group, &ngroup);
			if (r == 0 && ngroup == had)
				continue;
			action = group[s->group].action;
		}
		if (r < 0 || (r = place_line(job->plan, s, action, path)) < 0)
			return r;
	}
	for (uint32_t i = 0; i < ngroup; i++)
		if ((r = add_job(a, job, &group[i], i, tail)) < 0)
			return r;
	for (enum carrier c = 0; c < CARRIER_COUNT; c++) {
		if (path[c].n == 0)
			continue;
		r = jpath_build(
		    a, c, path[c].rule, path[c].n, &job->plan->path[c]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compile_all(struct arena *a, struct job *first)
{
	struct job *tail = first;
	int r = 0;

	for (struct job *j = first; j != NULL && r == 0; j = j->next)
		r = compile(a, j, &tail);
	return r;
}

/* A line adds its field when no earlier one decides about it. */
static void find_adds(struct plan *p)
{
	for (uint32_t i = 0; i < p->nline; i++) {
		const struct line *l = p->line[i];

		if (l->adds &&
		    plan_name(p, CARRIER_HEADER, l->where.name)->line == l)
			p->add[p->nadd++] = l;
	}
}

static void take_lines(struct plan *p, const struct entry *e, struct job *job)
{
	for (uint32_t k = 0; k < e->nstrip; k++) {
		const struct line *l = &e->strip[k];

		job->seen[job->n] = (struct seen){ &l->where, l, job->n, 0 };
		p->line[job->n++] = l;
		p->nadd += l->adds;
	}
	if (e->append.n > 0) {
		p->append[p->nappend++] = e->append;
		p->has |= 1u << CARRIER_TEXT;
	}
	p->nline = job->n;
}

static int fill_plan(
    struct plan *p, const struct entry *const *pick, size_t n, size_t lines)
{
	struct job job = { .plan = p };
	int r;

	job.seen = arena_alloc(p->arena, lines * sizeof *job.seen);
	p->line = arena_alloc(p->arena, lines * sizeof *p->line);
	p->append = arena_alloc(p->arena, n * sizeof *p->append);
	if (arena_error(p->arena) < 0)
		return arena_error(p->arena);
	for (size_t i = 0; i < n; i++) {
		p->pass_unread = p->pass_unread || pick[i]->pass_unread;
		if (p->form == ENTRY_AUTO)
			p->form = pick[i]->form;
		if (p->meeting == NULL)
			p->meeting = pick[i]->meeting;
		take_lines(p, pick[i], &job);
	}
	p->add = arena_alloc(p->arena, p->nadd * sizeof *p->add);
	p->nadd = 0;
	r = arena_error(p->arena);
	if (r == 0)
		r = compile_all(p->arena, &job);
	if (r == 0)
		find_adds(p);
	return r;
}

static int plan_new(const struct plans *c, const struct entry *const *pick,
    size_t n, size_t lines, struct plan **ret_plan)
{
	struct arena *a = arena_new(PLAN_BYTES_MAX);
	struct plan *p;
	int r;

	if (a == NULL)
		return -ENOMEM;
	p = arena_zalloc(a, sizeof *p);
	r = arena_error(a);
	if (r == 0) {
		p->arena = a;
		p->detect = c->detect;
		p->ndetect = c->ndetect;
		r = fill_plan(p, pick, n, lines);
	}
	if (r == 0)
		*ret_plan = p;
	else
		arena_free(a);
	return r;
}

/* ---- the cache ---- */

struct plans *plans_new(void)
{
	struct plans *c = calloc(1, sizeof *c);

	if (c != NULL && (c->by_pick = hash_new(PLAN_MAX)) == NULL) {
		free(c);
		c = NULL;
	}
	return c;
}

void plans_set_detect(
    struct plans *c, const struct detect_line *line, uint32_t n)
{
	c->detect = line;
	c->ndetect = n;
}

static int free_plan(struct span key, void *value, void *arg)
{
	struct plan *p = value;

	(void)key, (void)arg;
	arena_free(p->arena);
	return 0;
}

void plans_free(struct plans *c)
{
	if (c == NULL)
		return;
	hash_each(c->by_pick, free_plan, NULL);
	hash_free(c->by_pick);
	free(c);
}

int plan_get(struct plans *cache, const struct entry *const *pick, size_t n,
    const struct plan **ret_plan)
{
	struct span key = span_of((const char *)pick, n * sizeof *pick);
	struct plan *p;
	bool asked = cache->ndetect > 0;
	size_t lines = 0;
	int r;

	*ret_plan = NULL;
	for (size_t i = 0; i < n; i++) {
		lines += pick[i]->nstrip;
		asked = asked || pick[i]->form != ENTRY_AUTO ||
		        pick[i]->meeting != NULL;
	}
	if (lines == 0 && !asked)
		return 0;
	if (n > RULE_ENTRIES_MAX || lines > RULE_LINES_MAX)
		return -ENOBUFS;
	if ((p = hash_get(cache->by_pick, key)) != NULL) {
		*ret_plan = p;
		return 0;
	}
	if ((r = plan_new(cache, pick, n, lines, &p)) < 0)
		return r;
	key = arena_dup(p->arena, key);
	r = arena_error(p->arena);
	if (r == 0)
		r = hash_put(cache->by_pick, key, p);
	if (r < 0) {
		arena_free(p->arena);
		return r;
	}
	*ret_plan = p;
	return 0;
}

/* ---- asking ---- */

const struct action *plan_name(
    const struct plan *p, enum carrier c, struct span name)
{
	const struct action *found = NULL;
	const struct table *t;
	uint32_t at;

	assert(is_table_carrier(c));
	if (p == NULL || (p->has & 1u << c) == 0)
		return NULL;
	t = &p->table[c];
	if ((at = names_get(&t->exact, name)) != NAMES_NONE)
		found = t->action[at];
	for (uint32_t i = 0; i < t->nglob; i++) {
		const struct glob *g = &t->glob[i];

		if (found != NULL && found->order < g->action->order)
			break;
		if (c == CARRIER_HEADER ? glob_match_nocase(g->pattern, name)
		                        : glob_match(g->pattern, name))
			return g->action;
	}
	return found;
}

const struct action *plan_segment(
    const struct plan *p, unsigned i, struct span prev)
{
	if (p == NULL)
		return NULL;
	for (uint32_t k = 0; k < p->nsegment; k++) {
		const struct segment_line *l = &p->segment[k];

		if (l->after.n > 0 ? span_eq(l->after, prev) : l->number == i)
			return l->action;
	}
	return NULL;
}

bool plan_has(const struct plan *p, enum carrier c)
{
	return p != NULL && (p->has & 1u << c) != 0;
}

bool plan_pass_unread(const struct plan *p)
{
	return p != NULL && p->pass_unread;
}

bool plan_allow_list(const struct plan *p, enum carrier c)
{
	return p != NULL && (p->allow_list & 1u << c) != 0;
}

enum entry_form plan_form(const struct plan *p)
{
	return p != NULL ? p->form : ENTRY_AUTO;
}

const struct where *plan_meeting(const struct plan *p)
{
	return p != NULL ? p->meeting : NULL;
}

const struct line *plan_adds(const struct plan *p, uint32_t i)
{
	return p != NULL && i < p->nadd ? p->add[i] : NULL;
}

struct span plan_append(const struct plan *p, uint32_t i)
{
	return p != NULL && i < p->nappend ? p->append[i] : SPAN_NONE;
}

const struct detect_line *plan_detect(const struct plan *p, uint32_t *ret_n)
{
	*ret_n = p != NULL ? p->ndetect : 0;
	return p != NULL ? p->detect : NULL;
}

bool plan_detects(const struct plan *p)
{
	return p != NULL && p->ndetect > 0;
}

jpath_state plan_path_key(
    const struct plan *p, enum carrier c, jpath_state s, struct span key)
{
	assert(is_path_carrier(c));
	if (s == JPATH_DEAD || p->path[c] == NULL)
		return JPATH_DEAD;
	return c == CARRIER_XML ? jpath_xml_key(p->path[c], s, key)
	                        : jpath_key(p->path[c], s, key);
}

jpath_state plan_path_index(
    const struct plan *p, enum carrier c, jpath_state s, size_t i)
{
	assert(is_path_carrier(c));
	if (s == JPATH_DEAD || c != CARRIER_JSON || p->path[c] == NULL)
		return JPATH_DEAD;
	return jpath_index(p->path[c], s, i);
}

const struct action *plan_path_action(
    const struct plan *p, enum carrier c, jpath_state s)
{
	assert(is_path_carrier(c));
	return p->path[c] != NULL ? jpath_action(p->path[c], s) : NULL;
}

uint32_t plan_path_below(const struct plan *p, enum carrier c, jpath_state s)
{
	assert(is_path_carrier(c));
	return p->path[c] != NULL ? jpath_below(p->path[c], s) : JPATH_NEVER;
}

uint32_t plan_path_spared(const struct plan *p, enum carrier c, jpath_state s)
{
	assert(is_path_carrier(c));
	return p->path[c] != NULL ? jpath_spared(p->path[c], s) : JPATH_NEVER;
}

jpath_state plan_json_key(const struct plan *p, jpath_state s, struct span key)
{
	const struct jpath *j = p->path[CARRIER_JSON];

	return s == JPATH_DEAD || j == NULL ? JPATH_DEAD : jpath_key(j, s, key);
}

jpath_state plan_json_index(const struct plan *p, jpath_state s, size_t i)
{
	return plan_path_index(p, CARRIER_JSON, s, i);
}

const struct action *plan_json_action(const struct plan *p, jpath_state s)
{
	return plan_path_action(p, CARRIER_JSON, s);
}

uint32_t plan_json_below(const struct plan *p, jpath_state s)
{
	return plan_path_below(p, CARRIER_JSON, s);
}

const struct line *plan_line(const struct plan *p, uint32_t i)
{
	return p != NULL && i < p->nline ? p->line[i] : NULL;
}

size_t plan_json_states(const struct plan *p)
{
	return p != NULL && p->path[CARRIER_JSON] != NULL
	           ? jpath_states(p->path[CARRIER_JSON])
	           : 0;
}
