/* SPDX-License-Identifier: EUPL-1.2 */
/* coverage - which lines of the packs were reached by cases and by captures,
 * and which fields of the captures no line speaks of. Names only, never a
 * value. */
#ifndef CTL_COVERAGE_H
#define CTL_COVERAGE_H

#include <stdio.h>

#include "conf/conf.h"

#define COVERAGE_LINES_MAX 20000
#define COVERAGE_FIELDS_MAX 20000

struct coverage;
struct coverage *coverage_new(void);    /* NULL: memory is out */
void coverage_free(struct coverage *v); /* NULL is fine */

/* All lines of r; those that are marked as reached were reached by captures.
 * Lines of one place in several services are one. Once before captures (so that
 * unreached lines are known) and once after them. 0, -ENOBUFS or -ENOMEM. */
int coverage_rules(struct coverage *v, const struct ruleset *r);

/* One line of `caserun --report`. 0; -EBADMSG: it is of no known kind; -ENOBUFS
 * or -ENOMEM. */
int coverage_report(struct coverage *v, struct span line);

/* A recording, through the rules of c; problems of the file to problems. 0;
 * -EBADMSG (no HAR file), -ENOBUFS or -ENOMEM. */
int coverage_capture(
    struct coverage *v, const struct conf *c, const char *path, FILE *problems);

struct coverage_sum {
	size_t lines, by_case, by_capture, missing;
	size_t fields;            /* never judged */
	size_t results, bad;      /* of cases */
	size_t entries; /* of captures */
	size_t messages, unread; /* of WebSockets; those that no line reads */
};
struct coverage_sum coverage_sum(const struct coverage *v);

/* Text for people; an object for programs. 0 or -ENOMEM. */
int coverage_print(struct coverage *v, FILE *out);
int coverage_json(struct coverage *v, FILE *out);

#endif
