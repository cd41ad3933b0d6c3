/* SPDX-License-Identifier: EUPL-1.2 */
/* form - application/x-www-form-urlencoded, streaming (WHATWG URL, 5).
 * Pairs end at '&'; names match after percent-decoding ('+' is a space).
 * Untouched pairs leave byte for byte, empty ones too; a dropped pair takes one
 * '&' with it: a=1&b=2 becomes a=1 or b=2. A new value is coded anew, its name
 * stays as it was written. A pair without '=' has the empty value.
 * Refused (-EBADMSG): a '%' without two hex digits in a name, where lines name
 * any, or in a value that is treated; drop and set take any value. Names are
 * bounded by SCRUB_NAME_MAX, values that are treated by SCRUB_VALUE_MAX (drop
 * and set: any length; the report has the first part, still coded). Where
 * somebody looks (value_watched), values that no line names are given to
 * value_unnamed, coded if they cannot be decoded; one over SCRUB_VALUE_MAX is
 * refused if the plan has detect lines, else it passes without a report. */
#ifndef BODY_FORM_H
#define BODY_FORM_H

#include "engine/plan.h"
#include "engine/treat.h"

struct buf;
struct form;

/* plan and env are borrowed. NULL when memory is out. */
struct form *form_new(const struct plan *plan, const struct env *env);
/* The same for the query of a URI (RFC 3986, 3.4), judged by query lines; a
 * space in a new value is written %20. */
struct form *form_new_query(const struct plan *plan, const struct env *env);
void form_free(struct form *f); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int form_feed(struct form *f, struct span in, bool last, struct buf *out);

#endif
