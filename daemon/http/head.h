/* SPDX-License-Identifier: EUPL-1.2 */
/* head - apply the rules to a message head: header fields, cookies, query and
 * path; and what holds for every inspected message whatever the pack says. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "engine/plan.h"
#include "engine/treat.h"
#include "http/msg.h"

struct arena;
struct buf;

/* Remove hop-by-hop fields: Connection and what it names (but nothing that
 * frames the message), Keep-Alive, Proxy-Connection, Proxy-Authorization,
 * Proxy-Authenticate, TE, Trailer, Transfer-Encoding, Upgrade (kept when
 * m->upgrade) (RFC 9110, 7.6.1); and the path tellers Via, Forwarded,
 * X-Forwarded-*, X-Real-IP, Client-IP, True-Client-IP, X-Client-IP and their
 * like. Both directions; never adds one. */
void head_hop(struct msg *m);

/* How lines are applied, in requests and answers:
 * - header: each field with that name. Fields that frame the message
 *   (Content-Length, Content-Type, Content-Encoding, Upgrade, Sec-WebSocket-*,
 *   Expect, TE) are not judged by a glob, only by their own name; Host is never
 *   judged. Where lines about cookies exist, no glob judges Cookie (in answers:
 *   Set-Cookie) as a whole. set replaces a field that is there; it adds none.
 *   Only a line that adds (rule.h) does, and leaves the field there once.
 * - cookie: each pair of all Cookie fields, name and value without the spaces
 *   about them, not decoded; a pair without '=' is a name. A field without
 *   pairs is removed. In answers the name of each Set-Cookie: drop removes the
 *   field, other treatments change the value and leave the attributes. What a
 *   new value has that a cookie cannot carry is percent-encoded.
 * - query: each pair between '&', name and value percent-decoded, '+' is a
 *   space; an empty pair has the empty name. Untouched pairs leave byte for
 *   byte; a dropped pair takes one '&' with it, the last one the '?'. A new
 *   value is encoded, its name stays.
 * - path: segments, counted from 1, percent-decoded; drop takes the slash
 *   before the segment along.
 * Values that no line names are given to value_unnamed (detect lines), with the
 * name of the header, cookie or parameter or the number of the segment; names
 * themselves, what frames the message and Host are not. A value whose escapes
 * are broken is looked at as it stands.
 * A chain unwraps first; what has a carrier inside goes to env->inner, and
 * where that is NULL the message is refused. */

/* A request of an inspected host: fields, cookies, path and query by plan
 * (NULL: none); Accept-Encoding cut to what the gateway can decode (gzip,
 * deflate, br, zstd), "identity" when nothing is left. New text goes to the arena. 0;
 * -EBADMSG (what a line speaks of is not readable: a broken escape in a name or
 * in a value to be read, a chain that does not fit, a new value with control
 * characters); -ENOBUFS when the arena is full or a value over its limit,
 * -ENOMEM. After an error the message must not be used: refuse it. */
int head_request(struct msg *m, const struct plan *plan, const struct env *env,
    struct arena *a);

/* An answer: by plan (header and cookie lines), and for every answer: Alt-Svc,
 * NEL, Report-To, Reporting-Endpoints, Accept-CH, Critical-CH,
 * Content-Security-Policy-Report-Only are removed, report-uri and report-to
 * directives are cut from Content-Security-Policy, and a Permissions-Policy
 * that switches geolocation, sensors and the like off takes the place of the
 * provider's in HTML answers. 0 or an error as above. */
int head_response(struct msg *m, const struct plan *plan, const struct env *env,
    struct arena *a);

/* The query alone, without '?', by the same rules; for tests and replay. Adds
 * to out. 0 or an error as above; after one, out is of no use. */
int head_query(struct span query, const struct plan *plan,
    const struct env *env, struct buf *out);

#endif
