/* SPDX-License-Identifier: EUPL-1.2 */
/* plan - the strip tables of all when-entries that fit one message, compiled:
 * one lookup per name of a header, cookie, parameter or the like, one automaton
 * step per key of JSON, element of XML or field of protobuf.
 * The tables follow each other in file order; the first line that names a value
 * decides about it and everything below it. Plans live as long as their
 * ruleset and are made on first use, PLAN_MAX per service and direction. */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "engine/rule.h"

#define PLAN_MAX 1024
#define PLAN_JSON_STATES_MAX 8192

struct plan;

/* What to do with a value: a line's treatment, or a look inside it. */
struct action {
	const struct line *line; /* the line; of a nest: its first line */
	const struct nest *nest; /* not NULL: unwrap, apply, wrap again */
	uint32_t order;          /* position: the smaller one wins */
	const struct where *where; /* the link of line that names the value */
};

/* A chain's inner part: unwrap by steps in order, judge the result with plan
 * (or, where no inner carrier follows, with the treatment of line). */
struct nest {
	enum step step[RULE_CHAIN_MAX];
	uint8_t nsteps;
	const struct plan *plan; /* NULL: treat the unwrapped value by the line */
};

/* The action for one name (any case for headers, exact otherwise), NULL when
 * no line names it. c: HEADER, COOKIE, QUERY, FORM, MULTIPART, SDP or TEXT.
 * Where a value has several names (SDP, MULTIPART), ask for each: the action
 * with the smallest order decides. */
const struct action *plan_name(
    const struct plan *p, enum carrier c, struct span name);

/* The action for path segment number i (from 1) with text, after segment prev
 * (empty for the first). */
const struct action *plan_segment(const struct plan *p, unsigned i,
    struct span prev);

/* Are there lines for this carrier? A NULL plan has none. */
bool plan_has(const struct plan *p, enum carrier c);

/* Does a line drop whatever no other line for this carrier names? Then names
 * that meet it are drift (line_is_catch_all tells for one line). */
bool plan_allow_list(const struct plan *p, enum carrier c);

/* The entries allow a body that no line can read: unread = "pass". */
bool plan_pass_unread(const struct plan *p);

/* What bodies are read as: the first entry that names a form decides. */
enum entry_form plan_form(const struct plan *p);

/* Where the meeting id stands in the head of a request: that of the first entry
 * that names it, or NULL. */
const struct where *plan_meeting(const struct plan *p);

/* Header lines that add their field where it is missing, those that decide about
 * it; NULL past the last. */
const struct line *plan_adds(const struct plan *p, uint32_t i);

/* What stands behind the end of a text body: number i of the texts of the entries,
 * in their order; {NULL, 0} past the last. */
struct span plan_append(const struct plan *p, uint32_t i);

/* The detect lines of the service, the same in every plan for requests and in its
 * nests; *ret_n of them. None for answers: they come from the provider. For values
 * that no line names (plan_name and the like are NULL) and for bodies that are text
 * but are not read otherwise. */
const struct detect_line *plan_detect(const struct plan *p, uint32_t *ret_n);

/* Are there detect lines? A NULL plan has none. */
bool plan_detects(const struct plan *p);

/* The automata of JSON, XML and PROTO. States are small numbers; JPATH_DEAD:
 * nothing below can match; JPATH_ROOT is the document itself. */
typedef uint32_t jpath_state;
#define JPATH_DEAD 0u
#define JPATH_ROOT 1u
#define JPATH_NEVER UINT32_MAX

/* One level down. JSON: key is unescaped UTF-8. XML: the name of an element
 * with its prefix as written; "@name" is an attribute, "#text" the text between
 * tags. PROTO: the number of a field in decimal. */
jpath_state plan_path_key(
    const struct plan *p, enum carrier c, jpath_state s, struct span key);
/* An element of an array; JSON only, elsewhere nothing is there. */
jpath_state plan_path_index(
    const struct plan *p, enum carrier c, jpath_state s, size_t i);
/* The first line that names this very value, or NULL. */
const struct action *plan_path_action(
    const struct plan *p, enum carrier c, jpath_state s);
/* Smallest order of any action that a value below this one can still meet;
 * JPATH_NEVER when there is none. A container is dropped or set as a whole only
 * if its own order is smaller than this. Not for attributes and text, which have
 * nothing below them. */
uint32_t plan_path_below(const struct plan *p, enum carrier c, jpath_state s);
/* The same without those that drop: nothing that would be dropped needs to be
 * found inside of what goes anyway. */
uint32_t plan_path_spared(
    const struct plan *p, enum carrier c, jpath_state s);

/* The same for JSON. */
jpath_state plan_json_key(
    const struct plan *p, jpath_state s, struct span key);
jpath_state plan_json_index(const struct plan *p, jpath_state s, size_t i);
const struct action *plan_json_action(const struct plan *p, jpath_state s);
uint32_t plan_json_below(const struct plan *p, jpath_state s);

/* All lines of a plan in their order, for explain: NULL past the last. */
const struct line *plan_line(const struct plan *p, uint32_t i);

/* Different JSON states of a plan (0 without JSON lines), for tests. */
size_t plan_json_states(const struct plan *p);

/* For the compiler (match.c, tests): the plan for these entries, from the cache
 * of the service and direction. pick: n
 * entry pointers in file order, RULE_ENTRIES_MAX at most. 0; -ENOBUFS when a
 * limit is reached, -ENOMEM. *ret_plan is NULL when there is nothing to ask: no
 * line, form or meeting in the entries, no detect line in the service. A plan
 * that is there already costs one look-up and no allocation. */
struct plans;
int plan_get(struct plans *cache, const struct entry *const *pick, size_t n,
    const struct plan **ret_plan);
struct plans *plans_new(void);
/* Before the first plan; the lines are borrowed. */
void plans_set_detect(
    struct plans *c, const struct detect_line *line, uint32_t n);
void plans_free(struct plans *c);

#endif
