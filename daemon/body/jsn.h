/* SPDX-License-Identifier: EUPL-1.2 */
/* jsn - streaming JSON scrubber (RFC 8259), strict. One pass, one automaton
 * step per key or index; untouched bytes leave as they came, numbers keep their
 * text, escapes in keys match their plain form, duplicate keys are all treated.
 * A member or element that goes takes its comma with it. */
#ifndef BODY_JSN_H
#define BODY_JSN_H

#include "engine/plan.h"
#include "engine/treat.h"

struct buf;
struct jsn;

struct jsn *jsn_new(const struct plan *plan, const struct env *env);
void jsn_free(struct jsn *j);

/* As scrub_feed (scrub.h). */
int jsn_feed(struct jsn *j, struct span in, bool last, struct buf *out);

#endif
