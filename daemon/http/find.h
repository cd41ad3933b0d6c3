/* SPDX-License-Identifier: EUPL-1.2 */
/* find - the value that stands at a place of a request's head: the meeting id
 * (plan_meeting). */
#ifndef HTTP_FIND_H
#define HTTP_FIND_H

#include "engine/rule.h"
#include "http/msg.h"

struct arena;

#define FIND_VALUE_MAX_BYTES 4096

/* The first value that is not empty at w in m: a header without the spaces
 * about it; a cookie; a parameter or path segment percent-decoded; unwrapped by
 * the steps of a chain. Names may be globs. The value lives in m or in a. 0; 1:
 * none is there, or w is no place in a head; -EBADMSG: it cannot be decoded or
 * unwrapped; -ENOBUFS: it is longer than FIND_VALUE_MAX_BYTES, or a is full;
 * -ENOMEM. */
int find_value(const struct msg *m, const struct where *w, struct arena *a,
    struct span *ret_value);

#endif
