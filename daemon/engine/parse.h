/* SPDX-License-Identifier: EUPL-1.2 */
/* parse - the small texts of a pack ("json $..email", "coarsen:1h", "sink:204",
 * "POST *.zoom.us/rest/recording*") to the model of rule.h.
 * All: 0, or -EINVAL with a sentence in err that says what was expected and
 * lists what is valid (no file or line: the caller knows those), or -ENOBUFS
 * when the arena is full. Results point into the text given or into a. */
#ifndef ENGINE_PARSE_H
#define ENGINE_PARSE_H

#include "engine/rule.h"

#define PARSE_ERR_BYTES 400
#define PARSE_COARSEN_MAX_S (366u * 86400)
#define PARSE_ROUND_MAX_DIGITS 6

struct arena;
struct buf;

int parse_where(struct span text, struct arena *a, struct where *ret_where,
    char err[PARSE_ERR_BYTES]);
int parse_treatment(struct span text, struct arena *a,
    struct treatment *ret_treat, char err[PARSE_ERR_BYTES]);
int parse_category(struct span text, enum category *ret_category,
    char err[PARSE_ERR_BYTES]);
int parse_verdict(struct span text, enum verdict *ret_verdict,
    char err[PARSE_ERR_BYTES]);
int parse_sink(struct span text, struct arena *a, struct sink *ret_sink,
    char err[PARSE_ERR_BYTES]);
/* "METHOD host/path" only; query and content are set by the caller. */
int parse_when(struct span text, struct arena *a, struct when *ret_when,
    char err[PARSE_ERR_BYTES]);
/* One host or host glob: letters, digits, '-', '_', '.', '*'; made lower case.
 * The last label has no '*', unless the whole pattern is "*" (for when only:
 * ruleset_build refuses it as a host line). */
int parse_host(struct span text, struct arena *a, struct span *ret_host,
    char err[PARSE_ERR_BYTES]);

/* The way back, in one canonical form that parses to the same model. 0 or the
 * error of out. */
int where_print(const struct where *w, struct buf *out);
int treatment_print(const struct treatment *t, struct buf *out);

#endif
