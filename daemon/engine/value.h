/* SPDX-License-Identifier: EUPL-1.2 */
/* value - one decoded value and the action that decides about it: a treatment,
 * or a look inside (a chain of the pack: "json $.blob > base64 > json $.x"). */
#ifndef ENGINE_VALUE_H
#define ENGINE_VALUE_H

#include "engine/treat.h"

struct buf;

/* What is known of the value, for the report. */
struct value_place {
	enum carrier carrier;
	struct span name;
	struct span path; /* see struct finding */
};

/* Does a do nothing to any value? Chains that look inside do something. */
static inline bool value_keeps(const struct action *a)
{
	return a->nest == NULL && a->line->treat.act == ACT_KEEP;
}

/* Does the result not depend on the value (drop, set)? */
static inline bool value_blind(const struct action *a)
{
	return a->nest == NULL && (a->line->treat.act == ACT_DROP ||
	                              a->line->treat.act == ACT_SET);
}

/* Apply a to text; reports what was done. max: bytes that a chain may hold
 * open. What a chain finds inside is read by env->inner. TREAT_NEW: the new
 * text was added to out. An empty text has nothing inside and stays. A signed
 * token (jwt) in which anything would change becomes TREAT_DROP. TREAT_*, or
 * -EBADMSG (a chain cannot read the text: refuse), -E2BIG, -ENOBUFS, -ENOMEM.
 * Chains nest at most RULE_CHAIN_MAX deep: plans are made from the pack's
 * lines, input adds no depth. */
int value_treat(const struct action *a, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind, size_t max,
    struct buf *out);

/* Does somebody look at the values that no line names: detect lines of p, or
 * env->unnamed? If not, scrubbers pass them without a call. NULL is fine. */
bool value_watched(const struct plan *p, const struct env *env);

/* A value that no line of p names: the detect lines of p treat what they find
 * in it (engine/detect.h), the first line with the shape of a hit decides. Each
 * hit is reported with its line: before is the hit alone, and report lines are
 * lines that keep. Without a hit, and only with env->unnamed, the whole value
 * is reported without a line. Where the hit is the whole value it is as in
 * value_treat: drop gives TREAT_DROP. Else the rest of the text stays, and what
 * a treatment would drop is cut out. round treats each number of coordinates.
 * Of a number, times and coordinates are looked for and only the whole counts;
 * a word has none. TREAT_*, -ENOBUFS or -ENOMEM. */
int value_unnamed(const struct plan *p, const struct env *env,
    struct value_place at, struct span text, enum value_kind kind,
    struct buf *out);

#endif
