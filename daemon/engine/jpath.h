/* SPDX-License-Identifier: EUPL-1.2 */
/* jpath - the paths of one carrier of a table, compiled into one automaton (see
 * plan.h for the states). After RFC 9535 and XPath, without slices, filters,
 * unions and negative indices.
 *
 * json   '$' (the document), then any of
 *          .name   ['any key']   ["any key"]   .*   [*]   [n]
 *        each member of which may stand at any depth of one or more when written
 *        with two points: ..name  ..*  ..['any key']. A star means members of
 *        objects and elements of arrays alike. In quotes, \\ \' and \" stand
 *        for one character.
 * xml    elements, each with '/' in front, at any depth of one or more with two:
 *        /a//b; at the end also an attribute (/@name) or /text(). A star in the
 *        place of a name is any element, or after '@' any attribute.
 * proto  field numbers with points between: 3.1.2; '*' is any one field, "**"
 *        any number of fields in between (also none): **.4, 3.**.1 */
#ifndef ENGINE_JPATH_H
#define ENGINE_JPATH_H

#include "engine/parse.h"
#include "engine/plan.h"

#define JPATH_SEGMENTS_MAX 32
#define JPATH_INDEX_MAX 999999
#define JPATH_FIELD_MAX 536870911 /* of protobuf: 2^29 - 1 */

struct arena;
struct jpath;

struct jpath_rule {
	struct span path;
	const struct action *action; /* its order decides; kept as a pointer */
};

/* Is text a path? c: JSON, XML or PROTO. 0, or -EINVAL with a sentence. */
int jpath_check(
    enum carrier c, struct span text, char err[PARSE_ERR_BYTES]);

/* The automaton of n rules for c, in a (paths stay borrowed). 0; -ENOBUFS when it
 * would have more than PLAN_JSON_STATES_MAX states, -ENOMEM; -EINVAL for a path
 * that jpath_check refuses. */
int jpath_build(struct arena *a, enum carrier c, const struct jpath_rule *rule,
    size_t n, struct jpath **ret_jpath);

jpath_state jpath_key(const struct jpath *j, jpath_state s, struct span key);
/* key as plan_path_key has it for XML. */
jpath_state jpath_xml_key(
    const struct jpath *j, jpath_state s, struct span key);
jpath_state jpath_index(const struct jpath *j, jpath_state s, size_t i);
const struct action *jpath_action(const struct jpath *j, jpath_state s);
uint32_t jpath_below(const struct jpath *j, jpath_state s);
uint32_t jpath_spared(const struct jpath *j, jpath_state s);
size_t jpath_states(const struct jpath *j); /* for tests */

#endif
