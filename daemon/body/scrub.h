/* SPDX-License-Identifier: EUPL-1.2 */
/* scrub - from media type and plan to a scrubber, and the one streaming face of
 * all of them: bytes in, bytes out, never a half-scrubbed value. */
#ifndef BODY_SCRUB_H
#define BODY_SCRUB_H

#include "engine/plan.h"
#include "engine/treat.h"

#define SCRUB_VALUE_MAX (1u << 20) /* longest single value that is treated */
#define SCRUB_DEPTH_MAX 256        /* nesting of JSON */
#define SCRUB_RATIO_MAX 200        /* decoded bytes per coded byte ... */
#define SCRUB_RATIO_FREE (1u << 20)/* ... counted beyond this many bytes */

struct buf;
struct scrub;

/* What a body is treated as. */
enum body_form {
	BODY_UNREAD, /* no line speaks of it: pass byte for byte */
	BODY_JSON,
	BODY_FORM,
	BODY_REFUSED /* lines exist, but the body is of no form they read */
};

/* Decide by media type (without parameters, any case) and, where that does not
 * tell, by the first bytes (start may be empty). */
enum body_form scrub_form(const struct plan *plan, struct span media_type,
    struct span start);

/* coding: the Content-Encoding value, "" for none. Supported: gzip, x-gzip,
 * deflate, identity. scrub_new answers NULL with *ret_err = -ENOTSUP for
 * others, -ENOMEM when memory is out. plan and env are borrowed; the output is
 * always without content coding. */
struct scrub *scrub_new(enum body_form form, const struct plan *plan,
    const struct env *env, struct span coding, int *ret_err);
void scrub_free(struct scrub *s); /* NULL is fine */

/* Feed bytes; what is decided is added to out. last: the body ends here.
 * 0; -EBADMSG (not well-formed: refuse), -E2BIG (a limit), -ENOBUFS or -ENOMEM.
 * After an error nothing more is added; out holds whole scrubbed values only.
 * Any cut of the input gives the same output. */
int scrub_feed(struct scrub *s, struct span in, bool last, struct buf *out);

#endif
