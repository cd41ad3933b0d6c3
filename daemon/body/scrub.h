/* SPDX-License-Identifier: EUPL-1.2 */
/* scrub - from media type and plan to a scrubber, and the one streaming face of
 * all of them: bytes in, bytes out, never a half-scrubbed value. */
#ifndef BODY_SCRUB_H
#define BODY_SCRUB_H

#include "engine/plan.h"
#include "engine/treat.h"

#define SCRUB_VALUE_MAX                                                        \
	(1u << 20)                 /* longest single value that is treated;    \
	                            * drop and set take any length */
#define SCRUB_NAME_MAX (64u << 10) /* longest key or name that is looked up */
#define SCRUB_LEAD_MAX                                                         \
	(128u << 10)        /* such a key and the white space about it */
#define SCRUB_OPEN_MAX (4 * SCRUB_VALUE_MAX) /* the same, unwrapped by a chain */
#define SCRUB_DEPTH_MAX 256 /* nesting of JSON */
#define SCRUB_RATIO_MAX 200 /* decoded bytes per coded byte ... */
#define SCRUB_RATIO_FREE (1u << 20) /* ... counted beyond this many bytes */

struct buf;
struct scrub;

/* What a body is treated as. */
enum body_form {
	BODY_UNREAD, /* no line speaks of it: pass byte for byte */
	BODY_JSON,
	BODY_FORM,
	BODY_REFUSED /* lines exist, but the body is of no form they read */
};

/* Decide by media type (parameters are cut off, any case) and, where that does
 * not tell, by the first bytes: give those that are there, at least up to the
 * first that is no white space. The first row that fits:
 *
 *  plan has lines for   media type                     start     answer
 *  -------------------  -----------------------------  --------  ------------
 *  neither              any                            any       UNREAD
 *  json                 application/json, text/json,   any       JSON
 *                       type/subtype+json
 *  form only            the same                       any       UNREAD
 *  json                 any other                      '{', '['  JSON
 *  form                 application/                   other     FORM
 *                       x-www-form-urlencoded
 *  json only            the same                       other     UNREAD
 *  any                  any other, none                other     UNREAD if the
 *                                                      or empty  plan passes
 *                                                                unread bodies
 *                                                                else REFUSED
 *
 * The fourth row is for beacons (text/plain) and for clients that send JSON
 * under the type of a form: no form begins like that. */
enum body_form scrub_form(
    const struct plan *plan, struct span media_type, struct span start);

/* The same for a body with content coding (Content-Encoding, "" for none):
 * start is decoded first, as far as its first bytes go. When that shows nothing
 * and the plan has json lines, a body that is not JSON by its type is REFUSED
 * (or UNREAD, as in the last row): it could be JSON in disguise. */
enum body_form scrub_form_coded(const struct plan *plan, struct span media_type,
    struct span coding, struct span start);

/* coding: the Content-Encoding value, "" for none. Supported: gzip, x-gzip,
 * deflate, identity; one at a time. scrub_new answers NULL with *ret_err =
 * -ENOTSUP for others, -ENOMEM when memory is out, -EBADMSG for BODY_REFUSED.
 * plan and env are borrowed; the output is always without content coding, of
 * BODY_UNREAD too: for byte for byte use no scrubber. */
struct scrub *scrub_new(enum body_form form, const struct plan *plan,
    const struct env *env, struct span coding, int *ret_err);
void scrub_free(struct scrub *s); /* NULL is fine */

/* Feed bytes; what is decided is added to out. last: the body ends here.
 * 0; -EBADMSG (not well-formed: refuse), -E2BIG (a limit), -ENOBUFS or -ENOMEM.
 * After an error nothing more is added; out holds whole scrubbed values only.
 * Any cut of the input gives the same output. A body of no bytes at all is
 * well-formed in every form and coding. */
int scrub_feed(struct scrub *s, struct span in, bool last, struct buf *out);

/* A text inside a value (the inner part of a chain, plan.h), whole: adds its
 * scrubbed form to out. For env->inner; arg is not used. Read as
 *   the query of a URI, if plan has query lines and in begins with '/' or has
 *   "://" (or there are no other lines): from the first '?' to '#' or the end;
 *   JSON, if plan has json lines and in begins with '{' or '[' (or there are no
 *   form lines);
 *   a form, if plan has form lines.
 * The empty text stays. 0; -EBADMSG when it is none of these, and the errors of
 * scrub_feed. */
int scrub_inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out);

#endif
