/* SPDX-License-Identifier: EUPL-1.2 */
/* squeeze - gzip (RFC 1952) and zlib streams (RFC 1950) made anew after what was
 * in them has changed: no file name, no time, and the way there and back for the
 * steps gzip and deflate of a chain. */
#ifndef BODY_SQUEEZE_H
#define BODY_SQUEEZE_H

#include "engine/treat.h"

struct buf;
struct squeeze;

/* STEP_GZIP or STEP_DEFLATE. NULL when memory is out. */
struct squeeze *squeeze_new(enum step s);
void squeeze_free(struct squeeze *z); /* NULL is fine */

/* As scrub_feed (scrub.h). -ENOMEM or -ENOBUFS. */
int squeeze_feed(
    struct squeeze *z, struct span in, bool last, struct buf *out);

/* For env->unstep and env->restep (treat.h); arg is not used. unstep: one stream
 * and nothing behind it (of gzip, members that follow each other, too); of
 * deflate, with the header of zlib; bounded as in coding.h. */
int squeeze_unstep(void *arg, enum step s, struct span in, struct buf *out);
int squeeze_restep(void *arg, enum step s, struct span in, struct buf *out);

#endif
