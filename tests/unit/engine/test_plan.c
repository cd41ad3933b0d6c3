/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "engine/jpath.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"
#include "unit/engine/plain.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define NEVER (-1)

/* One entry from lines of "where"; the treatment is drop. Freed by the arena.
 */
static struct entry entry_of(
    struct arena *a, const char *const *where, size_t n)
{
	struct entry e = { .nstrip = (uint32_t)n };
	struct pack_line l = { .treat = "drop", .category = "device" };

	e.strip = arena_zalloc(a, n * sizeof *e.strip);
	for (size_t i = 0; i < n; i++) {
		l.where = where[i];
		e.strip[i] = pack_line(a, &l, (unsigned)i);
	}
	return e;
}

static const struct plan *plan_of(struct arena *a, struct plans *cache,
    const char *const *where, size_t n, int want)
{
	struct entry *e = arena_alloc(a, sizeof *e);
	const struct entry *pick = e;
	const struct plan *p = NULL;

	*e = entry_of(a, where, n);
	tap_int(plan_get(cache, &pick, 1, &p), want, "plan of \"%s\" ...",
	    where[0]);
	return p;
}

static int order_of(const struct action *a)
{
	return a != NULL ? (int)a->order : NEVER;
}

static void test_names(struct arena *a, struct plans *cache)
{
	static const char *const where[] = {
		"header Accept",    /* 0 */
		"header X-*",       /* 1 */
		"header X-Zoom-Id", /* 2: never, 1 is first */
		"header x-b",       /* 3 */
		"cookie _ga*",      /* 4 */
		"cookie sid",       /* 5 */
		"cookie s*",        /* 6 */
		"query lang",       /* 7 */
		"query *",          /* 8 */
		"query uname",      /* 9 */
		"form a*b",         /* 10 */
		"form lang",        /* 11 */
		"header *",         /* 12 */
	};
	static const struct {
		enum carrier carrier;
		const char *name;
		int want;
	} row[] = {
		{ CARRIER_HEADER, "Accept", 0 },
		{ CARRIER_HEADER, "ACCEPT", 0 },
		{ CARRIER_HEADER, "accept", 0 },
		{ CARRIER_HEADER, "x-zoom-id", 1 },
		{ CARRIER_HEADER, "X-B", 1 },
		{ CARRIER_HEADER, "X-", 1 },
		{ CARRIER_HEADER, "Accept-Language", 12 },
		{ CARRIER_HEADER, "", 12 },
		{ CARRIER_COOKIE, "_ga", 4 },
		{ CARRIER_COOKIE, "_gat", 4 },
		{ CARRIER_COOKIE, "_GA", NEVER },
		{ CARRIER_COOKIE, "sid", 5 },
		{ CARRIER_COOKIE, "sidx", 6 },
		{ CARRIER_COOKIE, "Sid", NEVER },
		{ CARRIER_COOKIE, "", NEVER },
		{ CARRIER_QUERY, "lang", 7 },
		{ CARRIER_QUERY, "Lang", 8 },
		{ CARRIER_QUERY, "uname", 8 },
		{ CARRIER_FORM, "ab", 10 },
		{ CARRIER_FORM, "a-b", 10 },
		{ CARRIER_FORM, "abc", NEVER },
		{ CARRIER_FORM, "lang", 11 },
	};
	const struct plan *p = plan_of(a, cache, where, COUNT(where), 0);

	for (size_t i = 0; i < COUNT(row); i++)
		tap_int(order_of(plan_name(
		            p, row[i].carrier, span_str(row[i].name))),
		    row[i].want, "%s \"%s\"", carrier_word(row[i].carrier),
		    row[i].name);
	tap_ok(plan_name(NULL, CARRIER_HEADER, SPAN("a")) == NULL,
	    "no plan, no action");
	tap_ok(plan_line(p, 12) != NULL && plan_line(p, 12)->place.line == 12 &&
	           plan_line(p, 13) == NULL && plan_line(NULL, 0) == NULL,
	    "its lines");
}

/* Many names of one length with the same head and tail. */
static void test_many_names(struct arena *a, struct plans *cache)
{
	static char text[2000][40];
	static const char *where[2000];
	const struct plan *p;
	unsigned bad = 0;
	char name[40];

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(text[i], sizeof text[i],
		    "header X-Header-%04u-Of-The-Service", i);
		where[i] = text[i];
	}
	p = plan_of(a, cache, where, 2000, 0);
	for (unsigned i = 0; i < 2100; i++) {
		snprintf(name, sizeof name, "x-header-%04u-of-the-service", i);
		bad += order_of(plan_name(p, CARRIER_HEADER, span_str(name))) !=
		       (i < 2000 ? (int)i : NEVER);
	}
	tap_int(bad, 0, "two thousand names");
}

static void test_segments(struct arena *a, struct plans *cache)
{
	static const char *const where[] = { "path after:user", "path 2",
		"path after:j" };
	const struct plan *p = plan_of(a, cache, where, COUNT(where), 0);

	tap_int(order_of(plan_segment(p, 2, SPAN("user"))), 0, "after user");
	tap_int(order_of(plan_segment(p, 2, SPAN("j"))), 1, "the second");
	tap_int(order_of(plan_segment(p, 3, SPAN("j"))), 2, "after j");
	tap_int(order_of(plan_segment(p, 1, SPAN_NONE)), NEVER, "the first");
	tap_ok(plan_segment(NULL, 1, SPAN_NONE) == NULL, "no plan");
	tap_ok(plan_has(p, CARRIER_PATH) && !plan_has(p, CARRIER_FORM),
	    "has path");
}

/* A walk through a document: "a/b/#0/c": keys, and indices after '#'. */
static jpath_state walk(const struct plan *p, const char *text)
{
	struct span rest = span_str(text), part;
	jpath_state s = JPATH_ROOT;
	uint64_t i;

	while (rest.n > 0) {
		part = span_cut(&rest, '/');
		if (part.n > 1 && part.p[0] == '#' &&
		    span_u64(span_from(part, 1), UINT32_MAX, &i) == 0)
			s = plan_json_index(p, s, (size_t)i);
		else
			s = plan_json_key(p, s, part);
	}
	return s;
}

struct json_row {
	const char *walk;
	int action, below;
};

static void check_json(struct arena *a, struct plans *cache,
    const char *const *where, size_t n, const struct json_row *row, size_t rows)
{
	const struct plan *p = plan_of(a, cache, where, n, 0);

	for (size_t i = 0; i < rows; i++) {
		jpath_state s = walk(p, row[i].walk);
		uint32_t below = plan_json_below(p, s);

		tap_int(order_of(plan_json_action(p, s)), row[i].action,
		    "action of \"%s\"", row[i].walk);
		tap_int(below == JPATH_NEVER ? NEVER : (int)below, row[i].below,
		    "below \"%s\"", row[i].walk);
	}
}

static void test_json(struct arena *a, struct plans *cache)
{
	static const char *const plain[] = { "json $.a.b", "json $.a",
		"json $.c[0].d", "json $.c[*].d", "json $.c[2]",
		"json $['x y'][\"it's\"]", "json $['\\'\\\\']" };
	static const struct json_row plain_row[] = {
		{ "", NEVER, 0 },
		{ "a", 1, 0 },
		{ "a/b", 0, NEVER },
		{ "a/b/c", NEVER, NEVER },
		{ "a/#0", NEVER, NEVER },
		{ "b", NEVER, NEVER },
		{ "c", NEVER, 2 },
		{ "c/#0", NEVER, 2 },
		{ "c/#0/d", 2, NEVER },
		{ "c/#1/d", 3, NEVER },
		{ "c/x/d", 3, NEVER },
		{ "c/#2", 4, 3 },
		{ "c/#0/e", NEVER, NEVER },
		{ "x y", NEVER, 5 },
		{ "x y/it's", 5, NEVER },
		{ "'\\", 6, NEVER },
	};
	static const char *const deep[] = { "json $..mail", "json $.keep..id",
		"json $..a.b", "json $..*.tz", "json $..x..y" };
	static const struct json_row deep_row[] = {
		{ "", NEVER, 0 },
		{ "mail", 0, 0 },
		{ "q/w/#7/mail", 0, 0 },
		{ "mail/mail", 0, 0 },
		{ "id", NEVER, 0 },
		{ "keep/id", 1, 0 },
		{ "keep/#3/z/id", 1, 0 },
		{ "a/b", 2, 0 },
		{ "a/a/b", 2, 0 },
		{ "a/c/b", NEVER, 0 },
		{ "keep/a/b", 2, 0 },
		{ "tz", NEVER, 0 },
		{ "q/tz", 3, 0 },
		{ "#1/tz", 3, 0 },
		{ "q/w/e/tz", 3, 0 },
		{ "y", NEVER, 0 },
		{ "x/y", 4, 0 },
		{ "x/q/w/y", 4, 0 },
		{ "q/x/mail", 0, 0 },
		{ "keep/mail", 0, 0 },
		{ "keep/x/id", 1, 0 },
	};
	static const char *const list[] = { "json $.v", "json $.o.k",
		"json $.o", "json $.*" };
	static const struct json_row list_row[] = {
		{ "", NEVER, 0 },
		{ "v", 0, NEVER },
		{ "o", 2, 1 },
		{ "o/k", 1, NEVER },
		{ "o/l", NEVER, NEVER },
		{ "other", 3, NEVER },
		{ "#4", 3, NEVER },
	};
	static const char *const all[] = { "json $.a..k", "json $..*" };
	static const struct json_row all_row[] = {
		{ "", NEVER, 0 },
		{ "a", 1, 0 },
		{ "a/b", 1, 0 },
		{ "a/b/k", 0, 0 },
		{ "b", 1, 1 },
		{ "b/k", 1, 1 },
	};
	static const char *const root[] = { "json $.a", "json $" };
	static const struct json_row root_row[] = {
		{ "", 1, 0 },
		{ "a", 0, NEVER },
	};
	static const char *const whole[] = { "json $" };
	static const struct json_row whole_row[] = {
		{ "", 0, NEVER },
		{ "a", NEVER, NEVER },
	};
	static const char *const array[] = { "json $[*].k", "json $[1]",
		"json $..[2]", "json $..['a.b']" };
	static const struct json_row array_row[] = {
		{ "#0/k", 0, 2 },
		{ "#1", 1, 0 },
		{ "#2", 2, 0 },
		{ "x/#2", 2, 2 },
		{ "#0/a.b", 3, 2 },
		{ "a.b", 3, 0 },
	};

	check_json(a, cache, plain, COUNT(plain), plain_row, COUNT(plain_row));
	check_json(a, cache, deep, COUNT(deep), deep_row, COUNT(deep_row));
	check_json(a, cache, list, COUNT(list), list_row, COUNT(list_row));
	check_json(a, cache, all, COUNT(all), all_row, COUNT(all_row));
	check_json(a, cache, root, COUNT(root), root_row, COUNT(root_row));
	check_json(a, cache, whole, COUNT(whole), whole_row, COUNT(whole_row));
	check_json(a, cache, array, COUNT(array), array_row, COUNT(array_row));
}

static void test_json_dead(struct arena *a, struct plans *cache)
{
	static const char *const where[] = { "json $.a.b" };
	static const char *const none[] = { "header A" };
	const struct plan *p = plan_of(a, cache, where, 1, 0);

	tap_int(walk(p, "b"), JPATH_DEAD, "no line begins there");
	tap_int(walk(p, "a/#0"), JPATH_DEAD, "nor there");
	tap_int(walk(p, "b/c/d"), JPATH_DEAD, "dead stays dead");
	p = plan_of(a, cache, none, 1, 0);
	tap_int(walk(p, "a"), JPATH_DEAD, "without JSON lines");
	tap_ok(plan_json_action(p, JPATH_ROOT) == NULL &&
	           plan_json_below(p, JPATH_ROOT) == JPATH_NEVER &&
	           plan_json_states(p) == 0,
	    "nothing is there");
}

/* Tables that grow linearly: no state explosion for what packs really say. */
static void test_json_size(struct arena *a, struct plans *cache)
{
	static char text[400][60];
	static const char *where[400];
	const struct plan *p;

	for (unsigned i = 0; i < 200; i++) {
		snprintf(text[i], sizeof text[i], "json $..key%u", i);
		where[i] = text[i];
	}
	p = plan_of(a, cache, where, 200, 0);
	tap_int((long long)plan_json_states(p), 202, "200 deep names");
	for (unsigned i = 200; i < 400; i++) {
		snprintf(text[i], sizeof text[i], "json $.a%u.b.c", i);
		where[i] = text[i];
	}
	p = plan_of(a, cache, where, 400, 0);
	tap_int((long long)plan_json_states(p), 803,
	    "and 200 plain paths beside them");
	tap_int(order_of(plan_json_action(p, walk(p, "a300/b/c"))), 300,
	    "one of them");
	tap_int(order_of(plan_json_action(p, walk(p, "a300/b/key7"))), 7,
	    "a deep name inside");
	tap_int(order_of(plan_json_action(p, walk(p, "a300/x/b/c"))), NEVER,
	    "no deep path");
}

static void test_json_limit(struct arena *a, struct plans *cache)
{
	static const char *const bad[] = {
		"json $..a.*.*.*.*.*.*.*.*.*.*.*.*.*.*.b"
	};
	static const char *const good[] = { "json $..a.*.*.*.*.b" };
	const struct plan *p = plan_of(a, cache, bad, 1, -ENOBUFS);

	tap_ok(p == NULL, "too many states: no plan");
	p = plan_of(a, cache, good, 1, 0);
	tap_int(order_of(plan_json_action(p, walk(p, "a/x/y/z/b"))), NEVER,
	    "a star too few");
	tap_int(order_of(plan_json_action(p, walk(p, "a/a/x/y/z/w/b"))), 0,
	    "stars behind a deep name");
}

/* The automaton against a plain matcher, over all short walks. */
static bool part_fits(struct span part, struct span key)
{
	return span_eq(part, SPAN("*")) || span_eq(part, key);
}

static bool names(const char *path, const char *const *key, size_t n)
{
	return plain_match(span_from(span_str(path), 1), '.', part_fits, key, n);
}

static void test_json_all(struct arena *a, struct plans *cache)
{
	static const char *const path[] = { "$.a.b", "$..b.a", "$.*.c",
		"$..a..b", "$.c..*.b", "$..*.*.a", "$.a", "$..c", "$.b.*.*",
		"$..a.*.b" };
	static const char *const word[] = { "a", "b", "c", "d" };
	static char text[COUNT(path)][40];
	const char *where[COUNT(path)], *key[6];
	const struct plan *p;
	unsigned bad = 0, tried = 0;

	for (size_t i = 0; i < COUNT(path); i++) {
		snprintf(text[i], sizeof text[i], "json %s", path[i]);
		where[i] = text[i];
	}
	p = plan_of(a, cache, where, COUNT(path), 0);
	for (size_t n = 0; n <= 6; n++)
		for (unsigned v = 0; v < 1u << (2 * n); v++) {
			jpath_state s = JPATH_ROOT;
			int want = NEVER;

			for (size_t i = 0; i < n; i++) {
				key[i] = word[v >> (2 * i) & 3];
				s = plan_json_key(p, s, span_str(key[i]));
			}
			for (size_t i = COUNT(path); n > 0 && i-- > 0;)
				if (names(path[i], key, n))
					want = (int)i;
			bad += order_of(plan_json_action(p, s)) != want;
			tried++;
		}
	tap_int(bad, 0, "%u walks, the automaton agrees with the paths", tried);
}

/* Pseudo-random tables: actions against the plain matcher, and below() against
 * a search of the walks that follow. */
static void test_json_random(struct arena *a, struct plans *cache)
{
	static const char *const word[] = { "a", "b", "c" };
	static char text[200][8][48];
	const char *where[8], *key[7];
	uint64_t seed = 7;
	unsigned bad = 0, below_bad = 0;

	for (unsigned t = 0; t < 200; t++) {
		const struct plan *p = NULL;
		struct entry *e = arena_alloc(a, sizeof *e);
		const struct entry *pick = e;

		for (size_t i = 0; i < 8; i++) {
			size_t at = (size_t)snprintf(text[t][i], 48, "json $");

			seed =
			    hash_sip((const unsigned char *)"0123456789abcdef",
			        &seed, sizeof seed);
			for (unsigned k = 0; k < 1 + seed % 4; k++)
				at += (size_t)snprintf(text[t][i] + at, 48 - at,
				    "%s%s",
				    seed >> (8 * k + 8) & 3 ? "." : "..",
				    seed >> (8 * k + 10) & 3
				        ? word[(seed >> (8 * k + 12)) % 3]
				        : "*");
			where[i] = text[t][i];
		}
		*e = entry_of(a, where, 8);
		if (plan_get(cache, &pick, 1, &p) < 0) {
			bad++;
			continue;
		}
		for (unsigned v = 0; v < 3 * 3 * 3 * 3 * 3; v++) {
			jpath_state s = JPATH_ROOT;
			unsigned rest = v;
			int want = NEVER, below = NEVER;

			for (size_t n = 1; n <= 5; n++, rest /= 3) {
				key[n - 1] = word[rest % 3];
				if (n == 1)
					below = (int)plan_json_below(p, s);
				s = plan_json_key(p, s, span_str(key[n - 1]));
				want = NEVER;
				for (size_t i = 8; i-- > 0;)
					if (names(where[i] + 5, key, n))
						want = (int)i;
				bad += order_of(plan_json_action(p, s)) != want;
				below_bad += want != NEVER && want < below;
			}
		}
	}
	tap_int(bad, 0, "200 random tables");
	tap_int(below_bad, 0, "nothing smaller than below");
}

static void test_nests(struct arena *a, struct plans *cache)
{
	static const char *const where[] = {
		"json $.blob > base64 > json $.name",        /* 0 */
		"json $.other",                              /* 1 */
		"json $.blob > base64 > json $.mail",        /* 2, with 0 */
		"json $.blob > percent > json $.x",          /* 3, never */
		"query dn2 > base64url",                     /* 4 */
		"query dn2 > base64url",                     /* 5, never */
		"json $.log > json $.a > base64 > json $.b", /* 6 */
		"json $.log > json $.c",                     /* 7, with 6 */
		"header X > json $.q",                       /* 8 */
		"form f > form g",                           /* 9 */
	};
	const struct plan *p = plan_of(a, cache, where, COUNT(where), 0);
	const struct action *x = plan_json_action(p, walk(p, "blob"));
	const struct plan *in;

	tap_ok(x != NULL && x->order == 0 && x->nest != NULL &&
	           x->nest->nsteps == 1 && x->nest->step[0] == STEP_BASE64 &&
	           x->line == plan_line(p, 0),
	    "a chain");
	in = x->nest->plan;
	tap_ok(plan_has(in, CARRIER_JSON) && !plan_has(in, CARRIER_QUERY),
	    "its inside");
	tap_int(order_of(plan_json_action(in, walk(in, "name"))), 0, "name");
	tap_int(order_of(plan_json_action(in, walk(in, "mail"))), 2, "mail");
	tap_int(order_of(plan_json_action(in, walk(in, "x"))), NEVER, "x");
	x = plan_name(p, CARRIER_QUERY, SPAN("dn2"));
	tap_ok(x != NULL && x->order == 4 && x->nest != NULL &&
	           x->nest->plan == NULL && x->line == plan_line(p, 4),
	    "a chain that ends in a step");
	x = plan_json_action(p, walk(p, "log"));
	tap_ok(x != NULL && x->order == 6 && x->nest != NULL &&
	           x->nest->nsteps == 0 && x->nest->plan != NULL,
	    "JSON in JSON");
	in = x->nest->plan;
	tap_int(order_of(plan_json_action(in, walk(in, "c"))), 7, "c");
	x = plan_json_action(in, walk(in, "a"));
	tap_ok(x != NULL && x->order == 6 && x->nest != NULL &&
	           order_of(plan_json_action(
	               x->nest->plan, walk(x->nest->plan, "b"))) == 6,
	    "three deep");
	x = plan_name(p, CARRIER_HEADER, SPAN("x"));
	tap_ok(x != NULL && x->nest != NULL &&
	           plan_has(x->nest->plan, CARRIER_JSON),
	    "JSON in a header");
	x = plan_name(p, CARRIER_FORM, SPAN("f"));
	tap_ok(x != NULL && x->nest != NULL &&
	           plan_name(x->nest->plan, CARRIER_FORM, SPAN("g")) != NULL,
	    "a form in a form");
}

/* Tables of several entries follow each other. */
static void test_cache(struct arena *a)
{
	static const char *const one[] = { "header A", "header *" };
	static const char *const two[] = { "header B", "json $.x" };
	struct entry e[3] = { entry_of(a, one, 2), entry_of(a, two, 2),
		{ .pass_unread = true } };
	const struct entry *pick[3] = { &e[0], &e[1], &e[2] };
	const struct entry *back[2] = { &e[1], &e[0] };
	struct plans *cache = plans_new();
	const struct plan *p, *q;

	plan_get(cache, pick, 2, &p);
	tap_int(order_of(plan_name(p, CARRIER_HEADER, SPAN("B"))), 1,
	    "the star of the first table comes first");
	tap_int(order_of(plan_json_action(p, walk(p, "x"))), 3, "orders go on");
	plan_get(cache, back, 2, &q);
	tap_int(order_of(plan_name(q, CARRIER_HEADER, SPAN("B"))), 0,
	    "the other way round");
	tap_ok(p != q, "another plan");
	plan_get(cache, pick, 2, &q);
	tap_ok(p == q, "from the cache");
	tap_ok(!plan_pass_unread(p) && !plan_pass_unread(NULL), "strict");
	plan_get(cache, pick, 3, &q);
	tap_ok(p != q && plan_pass_unread(q), "one entry allows");
	tap_ok(plan_get(cache, &pick[2], 1, &q) == 0 && q == NULL,
	    "no lines, no plan");
	plans_free(cache);
	plans_free(NULL);
}

static void test_cache_limit(struct arena *a)
{
	static const char *const one[] = { "header A" };
	struct plans *cache = plans_new();
	struct entry *e = arena_alloc(a, (PLAN_MAX + 1) * sizeof *e);
	const struct entry *pick;
	const struct plan *p;
	int r = 0;

	for (size_t i = 0; i < PLAN_MAX; i++) {
		e[i] = entry_of(a, one, 1);
		pick = &e[i];
		r = r < 0 ? r : plan_get(cache, &pick, 1, &p);
	}
	tap_int(r, 0, "the cache takes %d plans", PLAN_MAX);
	e[PLAN_MAX] = e[0];
	pick = &e[PLAN_MAX];
	tap_int(plan_get(cache, &pick, 1, &p), -ENOBUFS, "and no more");
	pick = &e[5];
	tap_int(plan_get(cache, &pick, 1, &p), 0, "those inside stay");
	plans_free(cache);
}

int main(void)
{
	struct arena *a = arena_new(64 << 20);
	struct plans *cache = plans_new();

	test_names(a, cache);
	test_many_names(a, cache);
	test_segments(a, cache);
	test_json(a, cache);
	test_json_dead(a, cache);
	test_json_size(a, cache);
	test_json_limit(a, cache);
	test_json_all(a, cache);
	test_json_random(a, cache);
	test_nests(a, cache);
	test_cache(a);
	test_cache_limit(a);
	plans_free(cache);
	arena_free(a);
	return tap_done();
}
