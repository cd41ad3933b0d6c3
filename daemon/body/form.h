/* SPDX-License-Identifier: EUPL-1.2 */
/* form - application/x-www-form-urlencoded, streaming, and the same for the
 * query of a URI (WHATWG URL, 5; RFC 3986, 3.4). Untouched pairs leave byte for
 * byte; a dropped pair takes its '&' with it. */
#ifndef BODY_FORM_H
#define BODY_FORM_H

#include "engine/plan.h"
#include "engine/treat.h"

struct buf;
struct form;

struct form *form_new(const struct plan *plan, const struct env *env);
void form_free(struct form *f);

/* As scrub_feed (scrub.h). */
int form_feed(struct form *f, struct span in, bool last, struct buf *out);

#endif
