/* SPDX-License-Identifier: EUPL-1.2 */
/* Each path is a small machine: one item for "i segments are behind us", so a
 * path of k segments has items 0 to k, and k means that the value is named. The
 * items that are alive at a place of the document, taken together, are a row of
 * the automaton; a state is a row plus the action met on entering it, so that
 * all values whose surroundings go on in the same way share one row.
 *
 * Deep items ("..") never die. A row that has them beside others keeps only the
 * keys of the others and leaves all else to the row of its deep items: tables
 * of many "..name" lines stay linear. */
#include "engine/jpath.h"

#include <assert.h>
#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "engine/jpath_int.h"
#include "engine/names.h"

#define EDGES_MAX 65536          /* keys and indices of all rows */
#define SET_ITEMS_MAX (2u << 20) /* items of all rows together */
#define SCRATCH_MAX_BYTES (64u << 20)
#define NO_ROW UINT32_MAX

struct edge {
	uint32_t index;
	jpath_state to;
};

struct row {
	struct names key;
	struct edge *index; /* ascending */
	uint32_t nindex;
	uint32_t fallback; /* NO_ROW, or who knows the other keys */
	jpath_state other; /* any other key or index, where no fallback is */
	uint32_t below, spared;
};

struct state {
	uint32_t row;
	const struct action *action;
};

struct jpath {
	struct state *state; /* [JPATH_DEAD] has the empty row */
	struct row *row;
	size_t nstate;
};

/* ---- building ---- */

struct item {
	struct segment segment;      /* what it waits for */
	const struct action *action; /* not NULL: the path ends here */
};

struct set {
	const uint32_t *item; /* ascending */
	size_t n;
};

struct builder {
	struct arena *keep; /* for what stays */
	struct arena *scratch;
	struct item *item;
	size_t nitem;
	struct buf state, row, set; /* struct state, row, set */
	struct hash *rows, *states; /* to number + 1 */
	uint32_t *work;             /* nitem, for the set that is made */
	uint32_t *base;             /* nitem, for what every key keeps */
	uint32_t *pick;             /* nitem, for the items sorted by key */
	size_t edges, items;
};

static struct state *state_at(const struct builder *b, size_t i)
{
	return (struct state *)(void *)b->state.mem + i;
}

static struct row *row_at(const struct builder *b, size_t i)
{
	return (struct row *)(void *)b->row.mem + i;
}

static struct set *set_at(const struct builder *b, size_t i)
{
	return (struct set *)(void *)b->set.mem + i;
}

static size_t row_count(const struct builder *b)
{
	return buf_len(&b->row) / sizeof(struct row);
}

static size_t state_count(const struct builder *b)
{
	return buf_len(&b->state) / sizeof(struct state);
}

/* The row of a set of live items, made when it is new. */
static int row_of(struct builder *b, struct set set, uint32_t *ret_row)
{
	struct span key =
	    span_of((const char *)set.item, set.n * sizeof *set.item);
	struct row fresh = {
		.fallback = NO_ROW, .below = JPATH_NEVER, .spared = JPATH_NEVER
	};
	uintptr_t found = (uintptr_t)hash_get(b->rows, key);
	int r;

	if (found != 0) {
		*ret_row = (uint32_t)found - 1;
		return 0;
	}
	b->items += set.n;
	if (b->items > SET_ITEMS_MAX)
		return -ENOBUFS;
	key = arena_dup(b->scratch, key);
	if (arena_error(b->scratch) < 0)
		return arena_error(b->scratch);
	set.item = (const uint32_t *)(const void *)key.p;
	*ret_row = (uint32_t)row_count(b);
	buf_add(&b->row, &fresh, sizeof fresh);
	if ((r = buf_add(&b->set, &set, sizeof set)) < 0 ||
	    (r = buf_error(&b->row)) < 0)
		return r;
	return hash_put(b->rows, key, (void *)(uintptr_t)(*ret_row + 1));
}

/* The state of the items in work: those whose path ends become its action, the
 * others its row. */
static int state_of(struct builder *b, size_t n, jpath_state *ret_state)
{
	struct state fresh = { .action = NULL };
	struct set live = { b->work, 0 };
	uintptr_t found;
	struct span key;
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct action *a = b->item[b->work[i]].action;

		if (a == NULL)
			b->work[live.n++] = b->work[i];
		else if (fresh.action == NULL || a->order < fresh.action->order)
			fresh.action = a;
	}
	if ((r = row_of(b, live, &fresh.row)) < 0)
		return r;
	if (fresh.row == 0 && fresh.action == NULL) {
		*ret_state = JPATH_DEAD;
		return 0;
	}
	char id[sizeof fresh.row + sizeof fresh.action];
	memcpy(id, &fresh.row, sizeof fresh.row);
	memcpy(id + sizeof fresh.row, &fresh.action, sizeof fresh.action);
	key = span_of(id, sizeof id);
	if ((found = (uintptr_t)hash_get(b->states, key)) != 0) {
		*ret_state = (jpath_state)found - 1;
		return 0;
	}
	key = arena_dup(b->scratch, key);
	if (arena_error(b->scratch) < 0)
		return arena_error(b->scratch);
	*ret_state = (jpath_state)state_count(b);
	if ((r = buf_add(&b->state, &fresh, sizeof fresh)) < 0)
		return r;
	return hash_put(b->states, key, (void *)(uintptr_t)(*ret_state + 1));
}

/* What is alive behind any key of a set: deep items stay, stars move on. */
static size_t base_of(const struct builder *b, struct set set, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < set.n; i++) {
		const struct segment *s = &b->item[set.item[i]].segment;
		uint32_t next = set.item[i] + 1;

		if (s->deep && (n == 0 || out[n - 1] != set.item[i]))
			out[n++] = set.item[i];
		if (s->kind == SEGMENT_ANY)
			out[n++] = next;
	}
	return n;
}

/* The state behind a key or index which the items pick[0..npick) name; base
 * holds nbase items already. */
static int edge_to(struct builder *b, size_t nbase, const uint32_t *pick,
    size_t npick, jpath_state *ret_state)
{
	size_t n = 0, i = 0, j = 0;
	uint32_t next;

	while (i < nbase || j < npick) {
		if (j == npick || (i < nbase && b->base[i] <= pick[j] + 1))
			next = b->base[i++];
		else
			next = pick[j++] + 1;
		if (n == 0 || b->work[n - 1] != next)
			b->work[n++] = next;
	}
	return state_of(b, n, ret_state);
}

static int compare_segments(const struct segment *x, const struct segment *y)
{
	int r;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == SEGMENT_INDEX)
		return (x->index > y->index) - (x->index < y->index);
	if (x->name.n != y->name.n)
		return x->name.n < y->name.n ? -1 : 1;
	r = x->name.n > 0 ? memcmp(x->name.p, y->name.p, x->name.n) : 0;
	return (r > 0) - (r < 0);
}

/* Heap sort by segment, then by number: no recursion, no worst case. */
static bool before(const struct builder *b, uint32_t x, uint32_t y)
{
	int r = compare_segments(&b->item[x].segment, &b->item[y].segment);

	return r < 0 || (r == 0 && x < y);
}

static void sift(const struct builder *b, uint32_t *p, size_t at, size_t n)
{
	size_t child;
	uint32_t v = p[at];

	for (; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && before(b, p[child], p[child + 1]))
			child++;
		if (!before(b, v, p[child]))
			break;
		p[at] = p[child];
	}
	p[at] = v;
}

static void sort_items(const struct builder *b, uint32_t *p, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift(b, p, i, n);
	for (size_t i = n; i-- > 1;) {
		uint32_t v = p[0];

		p[0] = p[i];
		p[i] = v;
		sift(b, p, 0, i);
	}
}

/* May all but the deep items' keys be left to the row of the deep items? Then
 * that row; else NO_ROW. */
static int find_fallback(struct builder *b, struct set set, uint32_t *ret_row)
{
	size_t n = 0;

	*ret_row = NO_ROW;
	for (size_t i = 0; i < set.n; i++) {
		const struct segment *s = &b->item[set.item[i]].segment;

		if (s->deep)
			b->work[n++] = set.item[i];
		else if (s->kind == SEGMENT_ANY)
			return 0;
	}
	if (n == set.n)
		return 0;
	return row_of(b, (struct set){ b->work, n }, ret_row);
}

/* The keys and indices of a row; its items are sorted in pick. */
static int add_edges(
    struct builder *b, size_t number, size_t nbase, size_t npick)
{
	struct row row = *row_at(b, number);
	jpath_state to;
	size_t end;
	int r;

	if ((r = names_init(&row.key, b->keep, npick, false)) < 0)
		return r;
	row.index = arena_alloc(b->keep, npick * sizeof *row.index);
	if (row.index == NULL)
		return arena_error(b->keep);
	for (size_t at = 0; at < npick; at = end) {
		const struct segment *s = &b->item[b->pick[at]].segment;

		for (end = at + 1; end < npick; end++)
			if (compare_segments(
			        s, &b->item[b->pick[end]].segment) != 0)
				break;
		if (++b->edges > EDGES_MAX)
			return -ENOBUFS;
		r = edge_to(b, nbase, b->pick + at, end - at, &to);
		if (r < 0)
			return r;
		if (s->kind == SEGMENT_NAME)
			names_add(&row.key, s->name, to);
		else
			row.index[row.nindex++] = (struct edge){ s->index, to };
	}
	*row_at(b, number) = row;
	return 0;
}

/* The first named items of pick are sorted and name the keys of a row that has
 * a fallback; add the deep items that wait for one of these keys too. The new
 * length of pick. */
static size_t join_deep(struct builder *b, struct set set, size_t named)
{
	size_t n = named, low, high, mid;

	for (size_t i = 0; i < set.n; i++) {
		const struct segment *s = &b->item[set.item[i]].segment;

		if (!s->deep || s->kind == SEGMENT_ANY)
			continue;
		for (low = 0, high = named; low < high;) {
			mid = low + (high - low) / 2;
			if (compare_segments(
			        &b->item[b->pick[mid]].segment, s) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		if (low < named &&
		    compare_segments(&b->item[b->pick[low]].segment, s) == 0)
			b->pick[n++] = set.item[i];
	}
	return n;
}

static int fill_row(struct builder *b, size_t number)
{
	struct set set = *set_at(b, number);
	size_t nbase, npick = 0, named;
	uint32_t fallback;
	jpath_state other;
	int r;

	if ((r = find_fallback(b, set, &fallback)) < 0)
		return r;
	row_at(b, number)->fallback = fallback;
	nbase = base_of(b, set, b->base);
	for (size_t i = 0; i < set.n; i++)
		if (b->item[set.item[i]].segment.kind != SEGMENT_ANY &&
		    (fallback == NO_ROW || !b->item[set.item[i]].segment.deep))
			b->pick[npick++] = set.item[i];
	named = npick;
	sort_items(b, b->pick, npick);
	if (fallback != NO_ROW)
		npick = join_deep(b, set, named);
	if (npick > named)
		sort_items(b, b->pick, npick);
	if ((r = edge_to(b, nbase, NULL, 0, &other)) < 0)
		return r;
	row_at(b, number)->other = other; /* rows may have moved */
	return add_edges(b, number, nbase, npick);
}

static bool drops(const struct action *a)
{
	return a->nest == NULL && a->line != NULL &&
	       a->line->treat.act == ACT_DROP;
}

static void fall(uint32_t *order, uint32_t to, bool *changed)
{
	if (to >= *order)
		return;
	*order = to;
	*changed = true;
}

/* below: the smallest order behind a row, spared: of those that do not drop.
 * Rows learn from the states behind them until nothing changes; orders only
 * fall, so this ends. */
static void learn(
    struct builder *b, struct row *row, jpath_state to, bool *changed)
{
	const struct state *s = state_at(b, to);

	fall(&row->below, row_at(b, s->row)->below, changed);
	fall(&row->spared, row_at(b, s->row)->spared, changed);
	if (s->action == NULL)
		return;
	fall(&row->below, s->action->order, changed);
	if (!drops(s->action))
		fall(&row->spared, s->action->order, changed);
}

static void find_below(struct builder *b)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = row_count(b); i-- > 0;) {
			struct row *row = row_at(b, i);

			learn(b, row, row->other, &changed);
			for (uint32_t k = 0; k < row->nindex; k++)
				learn(b, row, row->index[k].to, &changed);
			if (row->key.slot != NULL)
				for (uint32_t k = 0; k <= row->key.mask; k++)
					if (row->key.slot[k].name.p != NULL)
						learn(b, row,
						    row->key.slot[k].value,
						    &changed);
			if (row->fallback == NO_ROW)
				continue;
			fall(&row->below, row_at(b, row->fallback)->below,
			    &changed);
			fall(&row->spared, row_at(b, row->fallback)->spared,
			    &changed);
		}
	}
}

/* The items of all paths; the first item of each goes into work. */
static int add_items(
    struct builder *b, enum carrier c, const struct jpath_rule *rule, size_t n)
{
	struct segment segment[JPATH_SEGMENTS_MAX];
	char err[PARSE_ERR_BYTES];
	size_t count;
	int r;

	b->item = arena_alloc(
	    b->scratch, n * (JPATH_SEGMENTS_MAX + 1) * sizeof *b->item);
	if (b->item == NULL)
		return arena_error(b->scratch);
	for (size_t i = 0; i < n; i++) {
		r = jpath_parse(c, rule[i].path, b->keep, segment, &count, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < count; k++)
			b->item[b->nitem++] =
			    (struct item){ .segment = segment[k] };
		b->item[b->nitem++] = (struct item){ .action = rule[i].action };
	}
	b->work = arena_alloc(b->scratch, b->nitem * sizeof *b->work);
	b->base = arena_alloc(b->scratch, b->nitem * sizeof *b->base);
	b->pick = arena_alloc(b->scratch, b->nitem * sizeof *b->pick);
	return arena_error(b->scratch);
}

/* The empty row and JPATH_DEAD, then the document. */
static int add_first_states(struct builder *b)
{
	struct state dead = { .row = 0 };
	jpath_state root;
	size_t n = 0;
	uint32_t row;
	int r;

	if ((r = row_of(b, (struct set){ b->work, 0 }, &row)) < 0 ||
	    (r = buf_add(&b->state, &dead, sizeof dead)) < 0)
		return r;
	for (size_t i = 0; i < b->nitem; i++)
		if (i == 0 || b->item[i - 1].action != NULL)
			b->work[n++] = (uint32_t)i;
	if ((r = state_of(b, n, &root)) < 0)
		return r;
	assert(root == JPATH_ROOT);
	return 0;
}

static int run(struct builder *b, enum carrier c, const struct jpath_rule *rule,
    size_t n, struct jpath **ret_jpath)
{
	struct jpath *j;
	int r;

	if (b->scratch == NULL || b->rows == NULL || b->states == NULL)
		return -ENOMEM;
	if ((r = add_items(b, c, rule, n)) < 0 || (r = add_first_states(b)) < 0)
		return r;
	for (size_t i = 0; i < row_count(b); i++)
		if ((r = fill_row(b, i)) < 0)
			return r;
	find_below(b);
	if ((j = arena_alloc(b->keep, sizeof *j)) == NULL)
		return arena_error(b->keep);
	j->nstate = state_count(b);
	j->state =
	    (struct state *)(void *)arena_dup(b->keep, buf_span(&b->state)).p;
	j->row = (struct row *)(void *)arena_dup(b->keep, buf_span(&b->row)).p;
	*ret_jpath = j;
	return arena_error(b->keep);
}

int jpath_build(struct arena *a, enum carrier c, const struct jpath_rule *rule,
    size_t n, struct jpath **ret_jpath)
{
	struct builder b = { .keep = a };
	int r;

	assert(n > 0 && n <= RULE_LINES_MAX);
	b.scratch = arena_new(SCRATCH_MAX_BYTES);
	b.rows = hash_new(PLAN_JSON_STATES_MAX);
	b.states = hash_new(PLAN_JSON_STATES_MAX);
	buf_init(&b.state, PLAN_JSON_STATES_MAX * sizeof(struct state));
	buf_init(&b.row, PLAN_JSON_STATES_MAX * sizeof(struct row));
	buf_init(&b.set, PLAN_JSON_STATES_MAX * sizeof(struct set));
	r = run(&b, c, rule, n, ret_jpath);
	buf_fini(&b.state);
	buf_fini(&b.row);
	buf_fini(&b.set);
	hash_free(b.rows);
	hash_free(b.states);
	arena_free(b.scratch);
	return r;
}

/* ---- running ---- */

jpath_state jpath_key(const struct jpath *j, jpath_state s, struct span key)
{
	const struct row *row = &j->row[j->state[s].row];
	unsigned mark = name_mark(key);
	uint32_t to = names_get_marked(&row->key, key, mark);

	if (to == NAMES_NONE && row->fallback != NO_ROW) {
		row = &j->row[row->fallback];
		to = names_get_marked(&row->key, key, mark);
	}
	return to != NAMES_NONE ? to : row->other;
}

jpath_state jpath_xml_key(const struct jpath *j, jpath_state s, struct span key)
{
	if (span_eq(key, SPAN("#text")))
		return jpath_key(j, s, JPATH_TEXT);
	if (span_starts(key, SPAN("@"))) {
		s = jpath_key(j, s, JPATH_ATTRIBUTE);
		key = span_from(key, 1);
	} else {
		s = jpath_key(j, s, JPATH_ELEMENT);
	}
	return s != JPATH_DEAD ? jpath_key(j, s, key) : JPATH_DEAD;
}

static const struct edge *find_index(const struct row *row, size_t i)
{
	uint32_t low = 0, high = row->nindex, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (row->index[mid].index < i)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < row->nindex && row->index[low].index == i)
		return &row->index[low];
	return NULL;
}

jpath_state jpath_index(const struct jpath *j, jpath_state s, size_t i)
{
	const struct row *row = &j->row[j->state[s].row];
	const struct edge *e = find_index(row, i);

	if (e == NULL && row->fallback != NO_ROW) {
		row = &j->row[row->fallback];
		e = find_index(row, i);
	}
	return e != NULL ? e->to : row->other;
}

const struct action *jpath_action(const struct jpath *j, jpath_state s)
{
	return j->state[s].action;
}

uint32_t jpath_below(const struct jpath *j, jpath_state s)
{
	return j->row[j->state[s].row].below;
}

uint32_t jpath_spared(const struct jpath *j, jpath_state s)
{
	return j->row[j->state[s].row].spared;
}

size_t jpath_states(const struct jpath *j)
{
	return j->nstate;
}
