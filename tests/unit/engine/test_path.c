/* SPDX-License-Identifier: EUPL-1.2 */
/* The automata of XML and protobuf, and what a plan says of whole tables. */
#include <stdio.h>

#include "base/arena.h"
#include "base/hash.h"
#include "engine/jpath.h"
#include "engine/plan.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"
#include "unit/engine/plain.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define NEVER (-1)
#define LEAF (-2) /* nobody asks what is below */

static int order_of(const struct action *a)
{
	return a != NULL ? (int)a->order : NEVER;
}

/* One entry with these lines, all drop. */
static const struct plan *plan_of(
    struct arena *a, struct plans *cache, const char *const *where, size_t n)
{
	struct entry *e = arena_zalloc(a, sizeof *e);
	const struct entry *pick = e;
	struct pack_line l = { .treat = "drop", .category = "device" };
	const struct plan *p = NULL;

	e->nstrip = (uint32_t)n;
	e->strip = arena_zalloc(a, n * sizeof *e->strip);
	for (size_t i = 0; i < n; i++) {
		l.where = where[i];
		e->strip[i] = pack_line(a, &l, (unsigned)i);
	}
	plan_get(cache, &pick, 1, &p);
	return p;
}

static jpath_state walk(
    const struct plan *p, enum carrier c, const char *text, char by)
{
	jpath_state s = JPATH_ROOT;

	for (struct span rest = span_str(text); rest.n > 0;)
		s = plan_path_key(p, c, s, span_cut(&rest, by));
	return s;
}

struct path_row {
	const char *walk;
	int action, below;
};

static void check(const struct plan *p, enum carrier c, char by,
    const struct path_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		jpath_state s = walk(p, c, row[i].walk, by);
		uint32_t below = plan_path_below(p, c, s);

		tap_int(order_of(plan_path_action(p, c, s)), row[i].action,
		    "%s: action of \"%s\"", carrier_word(c), row[i].walk);
		if (row[i].below == LEAF)
			continue;
		tap_int(below == JPATH_NEVER ? NEVER : (int)below, row[i].below,
		    "%s: below \"%s\"", carrier_word(c), row[i].walk);
	}
}

static void test_xml(struct arena *a, struct plans *cache)
{
	static const char *const where[] = {
		"xml /iq/@id",         /* 0 */
		"xml /iq/*/@*",        /* 1 */
		"xml //c:caps",        /* 2 */
		"xml /iq/query/*",     /* 3 */
		"xml //body/text()",   /* 4 */
		"xml /iq//name/@lang", /* 5 */
		"xml //@tz",           /* 6 */
		"xml /message//*",     /* 7 */
	};
	static const struct path_row row[] = {
		{ "", NEVER, 0 },
		{ "iq", NEVER, 0 },
		{ "iq/@id", 0, LEAF },
		{ "iq/@to", NEVER, LEAF },
		{ "iq/#text", NEVER, LEAF },
		{ "iq/@tz", 6, LEAF },
		{ "iq/id", NEVER, 1 },
		{ "iq/x/@any", 1, LEAF },
		{ "iq/x/@tz", 1, LEAF },
		{ "iq/x/y/@tz", 6, LEAF },
		{ "iq/x/y/@any", NEVER, LEAF },
		{ "c:caps", 2, 2 },
		{ "a/b/c:caps", 2, 2 },
		{ "a/@c:caps", NEVER, LEAF },
		{ "iq/query", NEVER, 1 },
		{ "iq/query/x", 3, 2 },
		{ "iq/query/#text", NEVER, LEAF },
		{ "iq/query/@node", 1, LEAF },
		{ "iq/query/c:caps", 2, 2 },
		{ "body/#text", 4, LEAF },
		{ "body", NEVER, 2 },
		{ "x/body/#text", 4, LEAF },
		{ "iq/name/@lang", 1, LEAF },
		{ "iq/x/name/@lang", 5, LEAF },
		{ "name/@lang", NEVER, LEAF },
		{ "message", NEVER, 2 },
		{ "message/x", 7, 2 },
		{ "message/x/y", 7, 2 },
		{ "message/@x", NEVER, LEAF },
		{ "message/#text", NEVER, LEAF },
		{ "message/x/#text", NEVER, LEAF },
	};
	const struct plan *p = plan_of(a, cache, where, COUNT(where));

	check(p, CARRIER_XML, '/', row, COUNT(row));
	tap_int(plan_path_index(p, CARRIER_XML, JPATH_ROOT, 0), JPATH_DEAD,
	    "XML has no indices");
	tap_ok(plan_has(p, CARRIER_XML) && !plan_has(p, CARRIER_JSON) &&
	           plan_path_key(p, CARRIER_JSON, JPATH_ROOT, SPAN("iq")) ==
	               JPATH_DEAD,
	    "and this is no JSON");
}

static void test_proto(struct arena *a, struct plans *cache)
{
	static const char *const where[] = {
		"proto 3.1.2",  /* 0 */
		"proto 3.*",    /* 1 */
		"proto **.7",   /* 2 */
		"proto 4.**.5", /* 3 */
		"proto 12",     /* 4 */
	};
	static const struct path_row row[] = {
		{ "", NEVER, 0 },
		{ "3", NEVER, 0 },
		{ "3.1", 1, 0 },
		{ "3.1.2", 0, 2 },
		{ "3.2", 1, 2 },
		{ "3.2.2", NEVER, 2 },
		{ "7", 2, 2 },
		{ "3.7", 1, 2 },
		{ "3.1.7", 2, 2 },
		{ "4", NEVER, 2 },
		{ "4.5", 3, 2 },
		{ "4.1.2.5", 3, 2 },
		{ "5", NEVER, 2 },
		{ "12", 4, 2 },
		{ "1", NEVER, 2 },
	};

	check(plan_of(a, cache, where, COUNT(where)), CARRIER_PROTO, '.', row,
	    COUNT(row));
}

/* ---- XML against a plain matcher ---- */

static bool part_fits(struct span part, struct span key)
{
	if (span_eq(part, SPAN("text()")))
		return span_eq(key, SPAN("#text"));
	if (span_eq(part, SPAN("@*")))
		return span_starts(key, SPAN("@"));
	if (span_eq(part, SPAN("*")))
		return !span_starts(key, SPAN("@")) &&
		       !span_starts(key, SPAN("#"));
	return span_eq(part, key);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = hash_sip(
	    (const unsigned char *)"0123456789abcdef", seed, sizeof *seed);
	return *seed;
}

static void random_path(uint64_t v, char *text, size_t cap)
{
	static const char *const name[] = { "a", "b", "*" };
	static const char *const last[] = { "a", "b", "*", "@a", "@b", "@*",
		"text()", "text()" };
	size_t at = (size_t)snprintf(text, cap, "xml ");

	for (unsigned k = (unsigned)(v % 3); k > 0; k--, v >>= 8)
		at += (size_t)snprintf(text + at, cap - at, "%s%s",
		    v & 0x300 ? "/" : "//", name[(v >> 10) % 3]);
	snprintf(text + at, cap - at, "%s%s", v & 0x300 ? "/" : "//",
	    last[(v >> 10) % 8]);
}

#define TABLE 8
#define DEPTH 4

/* Walks of n keys; the last may be an attribute or text. */
static unsigned try_walks(
    const struct plan *p, const char *const *where, size_t n)
{
	static const char *const word[] = { "a", "b", "c", "@a", "@b", "@c",
		"#text", "#text" };
	const char *key[DEPTH];
	unsigned bad = 0;

	for (unsigned v = 0; v < 1u << (2 * n + 1); v++) {
		jpath_state s = JPATH_ROOT;
		uint32_t below = plan_path_below(p, CARRIER_XML, s);
		int want = NEVER;

		for (size_t i = 0; i < n; i++) {
			key[i] = i + 1 < n ? word[(v >> (2 * i)) % 3]
			                   : word[(v >> (2 * i)) % 8];
			s = plan_path_key(p, CARRIER_XML, s, span_str(key[i]));
		}
		for (size_t i = TABLE; i-- > 0;)
			if (plain_match(span_str(where[i] + 4), '/', part_fits,
			        key, n))
				want = (int)i;
		bad += order_of(plan_path_action(p, CARRIER_XML, s)) != want;
		bad += want != NEVER && (uint32_t)want < below;
	}
	return bad;
}

static void test_random(struct arena *a, struct plans *cache)
{
	static char text[200][TABLE][48];
	const char *where[TABLE];
	uint64_t seed = 11;
	unsigned bad = 0;

	for (unsigned t = 0; t < 200; t++) {
		const struct plan *p;

		for (size_t i = 0; i < TABLE; i++) {
			random_path(next_random(&seed), text[t][i], 48);
			where[i] = text[t][i];
		}
		p = plan_of(a, cache, where, TABLE);
		for (size_t n = 1; n <= DEPTH; n++)
			bad += try_walks(p, where, n);
	}
	tap_int(bad, 0, "200 random tables of XML");
}

/* ---- tables ---- */

static void test_tables(struct arena *a, struct plans *cache)
{
	static const char *const where[] = {
		"sdp candidate:host",            /* 0 */
		"sdp extmap:http://x.example/*", /* 1 */
		"sdp o:*",                       /* 2 */
		"multipart file;filename",       /* 3 */
		"multipart *;Content-Type",      /* 4 */
		"multipart meta > json $.name",  /* 5 */
		"text From: *",                  /* 6 */
		"text *",                        /* 7 */
	};
	static const struct {
		enum carrier carrier;
		const char *name;
		int want;
	} row[] = {
		{ CARRIER_SDP, "candidate:host", 0 },
		{ CARRIER_SDP, "candidate:srflx", NEVER },
		{ CARRIER_SDP, "extmap:http://x.example/a", 1 },
		{ CARRIER_SDP, "o:user", 2 },
		{ CARRIER_SDP, "O:user", NEVER },
		{ CARRIER_MULTIPART, "file;filename", 3 },
		{ CARRIER_MULTIPART, "file", NEVER },
		{ CARRIER_MULTIPART, "x;Content-Type", 4 },
		{ CARRIER_MULTIPART, "meta", 5 },
		{ CARRIER_TEXT, "From: Erika", 6 },
		{ CARRIER_TEXT, "", 7 },
	};
	const struct plan *p = plan_of(a, cache, where, COUNT(where));

	for (size_t i = 0; i < COUNT(row); i++)
		tap_int(order_of(plan_name(
		            p, row[i].carrier, span_str(row[i].name))),
		    row[i].want, "%s \"%s\"", carrier_word(row[i].carrier),
		    row[i].name);
	tap_ok(plan_allow_list(p, CARRIER_TEXT) &&
	           !plan_allow_list(p, CARRIER_SDP) &&
	           !plan_allow_list(NULL, CARRIER_TEXT),
	    "only text is an allow-list");
}

static void test_catch_all(struct arena *a, struct plans *cache)
{
	static const struct {
		const char *where, *treat;
		bool want;
	} row[] = {
		{ "header *", "drop", true },
		{ "header *", "keep", false },
		{ "header *", "mask", true },
		{ "header X-*", "drop", false },
		{ "json $.*", "drop", true },
		{ "json $..*", "drop", true },
		{ "json $[*]", "drop", true },
		{ "json $.a.*", "drop", false },
		{ "json $", "drop", false },
		{ "xml //*", "drop", true },
		{ "xml /a/*", "drop", false },
		{ "proto *", "drop", true },
		{ "proto **.*", "drop", true },
		{ "json $.a > base64", "drop", false },
		{ "json $.a > base64 > form *", "drop", true },
		{ "json $.* > base64 > form a", "drop", false },
	};
	static const char *const nest[] = { "header A > json $..*" };
	const struct action *x;
	const struct plan *p;

	for (size_t i = 0; i < COUNT(row); i++) {
		struct pack_line l = { row[i].where, row[i].treat, "device" };
		struct line line = pack_line(a, &l, 1);

		tap_ok(line_is_catch_all(&line) == row[i].want, "%s %s %s",
		    row[i].where, row[i].treat,
		    row[i].want ? "takes what is left" : "is of one mind");
	}
	p = plan_of(a, cache, nest, 1);
	x = plan_name(p, CARRIER_HEADER, SPAN("A"));
	tap_ok(!plan_allow_list(p, CARRIER_HEADER) &&
	           plan_allow_list(x->nest->plan, CARRIER_JSON),
	    "an allow-list inside of a value");
}

/* What does not stand in lines: form, meeting, detect. */
static void test_around(struct arena *a)
{
	static const struct where meeting = { .carrier = CARRIER_QUERY,
		.name = SPAN("mn") };
	struct pack_line l = { "json $.a > base64 > json $.b", "drop",
		"device" };
	struct line line = pack_line(a, &l, 1);
	struct entry e[3] = { { .form = ENTRY_AUTO },
		{ .form = ENTRY_TEXT, .meeting = &meeting },
		{ .form = ENTRY_JSON, .strip = &line, .nstrip = 1 } };
	const struct entry *pick[3] = { &e[0], &e[1], &e[2] };
	const struct detect_line detect[2] = { { .shapes = SHAPE_MAIL },
		{ .shapes = SHAPE_UUID } };
	struct plans *cache = plans_new(), *with = plans_new();
	const struct plan *p, *in;
	uint32_t n;

	tap_ok(plan_get(cache, pick, 1, &p) == 0 && p == NULL, "nothing said");
	plan_get(cache, pick, 3, &p);
	tap_ok(plan_form(p) == ENTRY_TEXT && plan_form(NULL) == ENTRY_AUTO,
	    "the first form");
	tap_ok(plan_meeting(p) == &meeting && plan_meeting(NULL) == NULL,
	    "the meeting");
	tap_ok(plan_detect(p, &n) == NULL && n == 0 &&
	           plan_detect(NULL, &n) == NULL && n == 0,
	    "nothing to detect");
	plans_set_detect(with, detect, 2);
	plan_get(with, pick, 0, &p);
	tap_ok(p != NULL && plan_detect(p, &n) == detect && n == 2 &&
	           !plan_has(p, CARRIER_JSON) && plan_line(p, 0) == NULL &&
	           plan_name(p, CARRIER_HEADER, SPAN("A")) == NULL,
	    "detect without an entry");
	plan_get(with, &pick[2], 1, &p);
	in = plan_json_action(p, plan_json_key(p, JPATH_ROOT, SPAN("a")))
	         ->nest->plan;
	tap_ok(plan_detect(in, &n) == detect && n == 2, "and inside");
	plans_free(cache);
	plans_free(with);
}

int main(void)
{
	struct arena *a = arena_new(64 << 20);
	struct plans *cache = plans_new();

	test_xml(a, cache);
	test_proto(a, cache);
	test_random(a, cache);
	test_tables(a, cache);
	test_catch_all(a, cache);
	test_around(a);
	plans_free(cache);
	arena_free(a);
	return tap_done();
}
