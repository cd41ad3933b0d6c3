/* SPDX-License-Identifier: EUPL-1.2 */
/* text - text/plain, line by line as it streams. The name asked for a line is
 * the line itself, so lines of a pack are written as globs over it:
 * "text user=*". Untouched lines leave byte for byte, with CRLF or LF as they
 * came; a dropped line goes with its end.
 * Of a name with marks ("From: \"{*}\" <*") only what the marked stars stand for is
 * treated, each on its own and with "{%}" percent-decoded; what is not decoded goes.
 * Any byte but NUL (refused: it is no text, or UTF-16) may stand in a line; LF ends
 * it, a CR before LF belongs to the end.
 * Behind the last line stand the texts of plan_append, each on lines of its own;
 * a body of no bytes stays one. An empty line has the empty name. Lines are
 * bounded by SCRUB_NAME_MAX, where only detect lines look by SCRUB_VALUE_MAX
 * (-E2BIG). New text with CR or LF in it is refused (-EBADMSG).
 * Reports call each of them "line": a line is a value, not a name. */
#ifndef BODY_TEXT_H
#define BODY_TEXT_H

#include "engine/plan.h"
#include "engine/treat.h"

struct buf;
struct text;

/* A plan without text lines (or NULL) changes nothing. plan and env are
 * borrowed. NULL when memory is out. */
struct text *text_new(const struct plan *plan, const struct env *env);
void text_free(struct text *t); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int text_feed(struct text *t, struct span in, bool last, struct buf *out);

#endif
