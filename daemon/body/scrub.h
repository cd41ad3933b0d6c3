/* SPDX-License-Identifier: EUPL-1.2 */
/* scrub - from media type and plan to a scrubber, and the one streaming face of
 * all of them: bytes in, bytes out, never a half-scrubbed value. */
#ifndef BODY_SCRUB_H
#define BODY_SCRUB_H

#include "body/sniff.h"
#include "engine/treat.h"

#define SCRUB_VALUE_MAX                                                        \
	(1u << 20)                 /* longest single value that is treated;    \
	                            * drop and set take any length */
#define SCRUB_NAME_MAX (64u << 10) /* longest key or name that is looked up */
#define SCRUB_LEAD_MAX                                                         \
	(128u << 10)        /* such a key and the white space about it */
#define SCRUB_OPEN_MAX (4 * SCRUB_VALUE_MAX) /* the same, unwrapped by a chain */
#define SCRUB_HIDDEN_MAX (2 * SCRUB_OPEN_MAX) /* to be gzip again, at once */
#define SCRUB_DEPTH_MAX 256 /* nesting of JSON */
#define SCRUB_RATIO_MAX 200 /* decoded bytes per coded byte ... */
#define SCRUB_RATIO_FREE (1u << 20) /* ... counted beyond this many bytes */

struct buf;
struct scrub;

/* form: as sniff_body or sniff_coded answered. media_type: for the boundary of a
 * multipart body. coding: the Content-Encoding value, "" for none. Supported: what
 * coding.h knows, one at a time. scrub_new answers NULL with *ret_err = -ENOTSUP
 * for others, -ENOMEM when memory is out, -EBADMSG for BODY_REFUSED. plan and env
 * are borrowed.
 * The output has no content coding any more, of BODY_UNREAD neither: for byte for
 * byte use no scrubber. A body that is gzip without being called so (its first
 * bytes are those of RFC 1952, 2.3.1, and no form begins with them) is gzip
 * again: who reads it knows that by other means. */
struct scrub *scrub_new(enum body_form form, const struct plan *plan,
    const struct env *env, struct span media_type, struct span coding,
    int *ret_err);
void scrub_free(struct scrub *s); /* NULL is fine */

/* Feed bytes; what is decided is added to out. last: the body ends here.
 * 0; -EBADMSG (not well-formed: refuse), -E2BIG (a limit), -ENOBUFS or -ENOMEM.
 * After an error nothing more is added; out holds whole scrubbed values only.
 * Any cut of the input gives the same output. A body of no bytes at all is
 * well-formed in every form and coding. */
int scrub_feed(struct scrub *s, struct span in, bool last, struct buf *out);

/* A document alone, whole: adds what becomes of it to out. form: as sniff_body
 * answered. The errors of scrub_feed; -EBADMSG for BODY_REFUSED. */
int scrub_document(enum body_form form, const struct plan *plan,
    const struct env *env, struct span in, struct buf *out);

/* A text inside a value (the inner part of a chain, plan.h), whole: adds its
 * scrubbed form to out. For env->inner; arg is not used. The first row that fits:
 *   it has query lines, and in begins with '/' or a scheme     the query of a URI:
 *   and "://", or there are no other lines                     from the first '?'
 *                                                              to '#' or the end
 *   it has sdp lines, and in begins as SDP or a candidate      SDP
 *   it has json lines, and in begins with '{' or '['           JSON
 *   it has xml lines, and in begins with '<'                   XML
 *   it has form lines                                          a form
 *   it has proto, json, xml, sdp or text lines                 the first of these
 * The empty text stays. 0; -EBADMSG when it is none of these, and the errors of
 * scrub_feed. */
int scrub_inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out);

/* Fill in the members of env that are about texts inside values: inner, unstep,
 * restep. They do not use env->arg. */
void scrub_env(struct env *env);

#endif
