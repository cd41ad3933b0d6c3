/* SPDX-License-Identifier: EUPL-1.2 */
/* rules - a plan from the text of a few strip lines, for tests and fuzzing:
 *   json $.a -> drop
 *   form name -> set:x y
 * one per line, in file order. */
#ifndef TESTS_UNIT_BODY_RULES_H
#define TESTS_UNIT_BODY_RULES_H

#include "engine/plan.h"
#include "engine/treat.h"

struct rules;

/* Exits with a message when a line cannot be read. text must stay. */
struct rules *rules_new(const char *text, bool pass_unread);
void rules_free(struct rules *r);
const struct plan *rules_plan(const struct rules *r); /* NULL: no lines */

/* A prf that adds up bytes; a report that writes "act name before>after;". */
struct buf;
struct env rules_env(struct buf *said);
/* Another report: "[unnamed ]act name path before>after;". */
void rules_report_path(void *said, const struct finding *f);

#endif
