/* SPDX-License-Identifier: EUPL-1.2 */
/* explain - "why was this refused, why was this removed?": the verdict for a
 * URL and the pack line of each step, as text for people. */
#ifndef ENGINE_EXPLAIN_H
#define ENGINE_EXPLAIN_H

#include "engine/match.h"

struct buf;

/* Host verdict, deny or join entry, each line of the plan that could touch the
 * request under the entry it stands in, and the websocket entries that fit it,
 * with file:line. Adds text to out. 0 or the error of out. */
int explain_request(
    const struct ruleset *r, const struct subject *q, struct buf *out);

#endif
