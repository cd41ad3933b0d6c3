/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/message.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "engine/match.h"
#include "engine/treat.h"

#define RULES_BYTES_MAX (4u << 20) /* of one set of entries */

/* The value that entries ask for in one pass, each at its own place. */
struct pass {
	struct entry entry; /* made up: its table has the places */
	const struct plan *plan;
};

/* What one entry asks for. */
struct condition {
	const struct line *line; /* NULL: nothing */
	unsigned pass;
};

struct message_rules {
	struct messages *cache;
	const struct entry **entry; /* n of them, in file order */
	size_t n;
	struct condition *condition; /* of entry[i] */
	struct pass pass[MESSAGE_PASSES_MAX];
	unsigned npass;
	struct entry asks; /* made up: all places, so that all knows them */
	const struct plan *all;
	const struct envelope *envelope; /* of the first entry that has one */
	bool prefix;                     /* of any */
	struct arena *arena;
};

struct messages {
	const struct ruleset *ruleset;
	struct hash *by_pick; /* pointers of the entries, as bytes */
	struct plans *strip;  /* for what is done to messages */
	struct plans *ask;    /* for conditions */
};

/* ---- conditions ---- */

/* One value, and the same for everybody who writes the place down. */
static bool is_plain(const struct where *w)
{
	struct span name = w->name;

	return w->carrier != CARRIER_SDP && w->carrier != CARRIER_MULTIPART &&
	       span_chr(name, '*') == name.n && span_chr(name, '[') == name.n &&
	       span_find(name, SPAN("..")) == name.n &&
	       span_find(name, SPAN("//")) == name.n;
}

/* Is inner the place outer, or below it? */
static bool is_within(struct span inner, struct span outer)
{
	return span_starts(inner, outer) &&
	       (inner.n == outer.n || inner.p[outer.n] == '.' ||
	           inner.p[outer.n] == '/');
}

/* Can no value be found at both places? In one table the first line that names
 * a value, or a container around it, would take it from the second. */
static bool are_apart(const struct where *a, const struct where *b)
{
	if (a->carrier != b->carrier)
		return true;
	return is_plain(a) && is_plain(b) && !is_within(a->name, b->name) &&
	       !is_within(b->name, a->name);
}

static bool same_where(const struct where *a, const struct where *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (a->carrier != b->carrier || !span_eq(a->name, b->name) ||
		    a->nsteps != b->nsteps ||
		    memcmp(a->step, b->step, a->nsteps * sizeof *a->step) != 0)
			return false;
	return a == b;
}

/* The line of the pass for this place; NULL with *ret_room false: it needs
 * another pass. */
static struct line *find_place(
    struct pass *p, const struct where *w, bool *ret_room)
{
	*ret_room = true;
	for (uint32_t i = 0; i < p->entry.nstrip; i++) {
		if (same_where(&p->entry.strip[i].where, w))
			return &p->entry.strip[i];
		*ret_room = *ret_room && are_apart(&p->entry.strip[i].where, w);
	}
	return NULL;
}

/* Masking looks at each value, of any kind; what it makes is thrown away. */
static struct line *add_place(struct pass *p, const struct entry *e)
{
	struct line *l = &p->entry.strip[p->entry.nstrip++];

	*l = (struct line){ .where = *e->socket->where,
		.treat = { .act = ACT_MASK },
		.category = e->category,
		.place = e->place,
		.id = UINT32_MAX };
	return l;
}

static int add_condition(struct message_rules *m, size_t i)
{
	const struct entry *e = m->entry[i];
	struct line *line = NULL;
	bool room = false;
	unsigned k;

	for (k = 0; k < m->npass && line == NULL; k++) {
		if (m->pass[k].entry.form != e->form)
			continue;
		line = find_place(&m->pass[k], e->socket->where, &room);
		if (line != NULL || room)
			break;
	}
	if (k == MESSAGE_PASSES_MAX)
		return -ENOBUFS;
	if (k == m->npass) {
		m->pass[k].entry = (struct entry){ .form = e->form };
		m->pass[k].entry.strip = arena_alloc(
		    m->arena, m->n * sizeof *m->pass[k].entry.strip);
		if (m->pass[k].entry.strip == NULL)
			return arena_error(m->arena);
		m->npass++;
	}
	if (line == NULL)
		line = add_place(&m->pass[k], e);
	m->condition[i] = (struct condition){ line, k };
	return 0;
}

static int make_passes(struct message_rules *m)
{
	const struct entry *one;
	int r = 0;

	for (size_t i = 0; i < m->n && r == 0; i++)
		if (m->entry[i]->socket->where != NULL)
			r = add_condition(m, i);
	for (unsigned k = 0; k < m->npass && r == 0; k++) {
		one = &m->pass[k].entry;
		r = plan_get(m->cache->ask, &one, 1, &m->pass[k].plan);
	}
	return r;
}

/* ---- the tables ---- */

/* All entries as one, and the places of their conditions. */
static int make_all(struct message_rules *m)
{
	const struct entry *pick[RULE_ENTRIES_MAX + MESSAGE_PASSES_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < m->n; i++)
		if (!m->entry[i]->denies)
			pick[n++] = m->entry[i];
	for (unsigned k = 0; k < m->npass; k++)
		pick[n++] = &m->pass[k].entry;
	r = n > RULE_ENTRIES_MAX ? -ENOBUFS : 0;
	return r < 0 ? r : plan_get(m->cache->strip, pick, n, &m->all);
}

static int fill(struct message_rules *m, const struct entry *const *pick)
{
	m->entry = arena_alloc(m->arena, m->n * sizeof *m->entry);
	m->condition = arena_zalloc(m->arena, m->n * sizeof *m->condition);
	if (arena_error(m->arena) < 0)
		return arena_error(m->arena);
	memcpy(m->entry, pick, m->n * sizeof *pick);
	for (size_t i = 0; i < m->n && m->envelope == NULL; i++)
		if (pick[i]->socket->envelope.bytes > 0)
			m->envelope = &pick[i]->socket->envelope;
	for (size_t i = 0; i < m->n; i++)
		m->prefix = m->prefix || pick[i]->socket->prefix;
	return make_passes(m);
}

static int rules_new(struct messages *cache, const struct entry *const *pick,
    size_t n, struct message_rules **ret_m)
{
	struct arena *a = arena_new(RULES_BYTES_MAX);
	struct message_rules *m;
	int r;

	if (a == NULL)
		return -ENOMEM;
	m = arena_zalloc(a, sizeof *m);
	r = arena_error(a);
	if (r == 0) {
		m->arena = a;
		m->cache = cache;
		m->n = n;
		r = fill(m, pick);
	}
	if (r == 0)
		r = make_all(m);
	if (r == 0)
		*ret_m = m;
	else
		arena_free(a);
	return r;
}

int messages_get(struct messages *cache, const struct entry *const *pick,
    size_t n, const struct message_rules **ret_m)
{
	struct span key = span_of((const char *)pick, n * sizeof *pick);
	struct message_rules *m = NULL;
	int r;

	*ret_m = NULL;
	if (n == 0)
		return 0;
	if (n > RULE_ENTRIES_MAX)
		return -ENOBUFS;
	if ((*ret_m = hash_get(cache->by_pick, key)) != NULL)
		return 0;
	if ((r = rules_new(cache, pick, n, &m)) < 0)
		return r;
	key = span_of((const char *)m->entry, n * sizeof *m->entry);
	if ((r = hash_put(cache->by_pick, key, m)) < 0) {
		arena_free(m->arena);
		return r;
	}
	*ret_m = m;
	return 0;
}

/* ---- the cache ---- */

struct messages *messages_new(const struct ruleset *r)
{
	struct messages *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->ruleset = r;
	c->by_pick = hash_new(PLAN_MAX);
	c->strip = plans_new();
	c->ask = plans_new();
	if (c->by_pick == NULL || c->strip == NULL || c->ask == NULL) {
		messages_free(c);
		return NULL;
	}
	return c;
}

void messages_set_detect(
    struct messages *c, const struct detect_line *line, uint32_t n)
{
	plans_set_detect(c->strip, line, n);
}

static int free_rules(struct span key, void *value, void *arg)
{
	struct message_rules *m = value;

	(void)key, (void)arg;
	arena_free(m->arena);
	return 0;
}

void messages_free(struct messages *c)
{
	if (c == NULL)
		return;
	if (c->by_pick != NULL)
		hash_each(c->by_pick, free_rules, NULL);
	hash_free(c->by_pick);
	plans_free(c->strip);
	plans_free(c->ask);
	free(c);
}

/* ---- asking ---- */

const struct plan *message_all(const struct message_rules *m)
{
	return m != NULL ? m->all : NULL;
}

const struct envelope *message_envelope(const struct message_rules *m)
{
	return m->envelope;
}

bool message_prefix(const struct message_rules *m)
{
	return m->prefix;
}

unsigned message_passes(const struct message_rules *m)
{
	return m != NULL ? m->npass : 0;
}

const struct plan *message_pass(const struct message_rules *m, unsigned i)
{
	return m->pass[i].plan;
}

static bool asks_in(const struct message_rules *m, size_t k, unsigned i)
{
	return m->condition[k].line != NULL && m->condition[k].pass == i;
}

void message_note(const struct message_rules *m, unsigned i,
    const struct finding *f, struct message_state *s)
{
	for (size_t k = 0; k < m->n; k++) {
		uint64_t bit = 1ull << k % 64;

		if (!asks_in(m, k, i) || m->condition[k].line != f->line)
			continue;
		if (glob_match(m->entry[k]->socket->glob, f->before)) {
			s->met[k / 64] |= bit;
			s->here[k / 64] |= bit;
		} else {
			s->missed[k / 64] |= bit;
		}
	}
}

void message_document(
    const struct message_rules *m, unsigned i, struct message_state *s)
{
	for (size_t k = 0; k < m->n; k++) {
		uint64_t bit = 1ull << k % 64;

		if (asks_in(m, k, i) && (s->here[k / 64] & bit) == 0)
			s->missed[k / 64] |= bit;
	}
	memset(s->here, 0, sizeof s->here);
}

static bool is_met(
    const struct message_rules *m, size_t i, const struct message_state *s)
{
	if (m->condition[i].line == NULL)
		return true;
	if ((s->met[i / 64] >> i % 64 & 1) == 0)
		return false;
	if (m->entry[i]->allows && (s->missed[i / 64] >> i % 64 & 1) != 0)
		return false;
	ruleset_reach(m->cache->ruleset, m->entry[i]->id);
	return true;
}

/* Nobody can make rules void by messages that fill the cache with ever other
 * sets of entries: then the tables of all entries apply, more and not fewer. */
static int settle_plan(const struct message_rules *m,
    const struct message_state *s, const struct plan **ret_plan)
{
	const struct entry *pick[RULE_ENTRIES_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < m->n; i++)
		if (!m->entry[i]->denies && is_met(m, i, s))
			pick[n++] = m->entry[i];
	r = n > 0 ? plan_get(m->cache->strip, pick, n, ret_plan) : 0;
	if (r == -ENOBUFS) {
		*ret_plan = m->all;
		r = 0;
	}
	return r;
}

int message_settle(const struct message_rules *m, const struct message_state *s,
    struct message_match *ret_match)
{
	*ret_match = (struct message_match){ .deny = NULL };
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = m->entry[i];

		if ((!e->denies && !e->allows) || !is_met(m, i, s))
			continue;
		if (e->allows)
			break;
		ret_match->deny = e;
		return 0;
	}
	return settle_plan(m, s, &ret_match->plan);
}
