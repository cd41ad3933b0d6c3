/* SPDX-License-Identifier: EUPL-1.2 */
/* lines - every line of the packs that can be reached, one after the other, for
 * coverage. Entries that only group strip lines are left out. */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include "engine/ruleset.h"

#define LINES_TEXT_BYTES 1000

/* text: the first column of a strip or detect line, one host pattern, or
 * "METHOD host/path" of an entry that denies or joins; valid during the call.
 * The same line comes once for each service whose pack includes its file. */
typedef void lines_f(void *arg, struct place at, uint32_t id, struct span text);
void lines_each(const struct ruleset *r, lines_f *fn, void *arg);

#endif
