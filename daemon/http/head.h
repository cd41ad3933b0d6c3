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

/* Remove hop-by-hop fields: Connection and what it names, Keep-Alive,
 * Proxy-Connection, Proxy-Authorization, Proxy-Authenticate, TE, Trailer,
 * Transfer-Encoding, Upgrade (kept when m->upgrade) (RFC 9110, 7.6.1); and the
 * path tellers Via, Forwarded, X-Forwarded-*, X-Real-IP, Client-IP,
 * True-Client-IP, X-Client-IP. Both directions; never adds one. */
void head_hop(struct msg *m);

/* A request of an inspected host: fields, cookies, query, path by plan (NULL:
 * none); Accept-Encoding cut to what the gateway can decode (gzip, deflate).
 * New text goes to the arena. Fields that frame the message (Host,
 * Content-Length, Content-Encoding, Upgrade, Sec-WebSocket-*, Expect, TE) are
 * not judged by a glob, only by their own name; Host is never judged here.
 * 0; -EBADMSG (cookie or query not readable and lines for them exist) or
 * -ENOBUFS when the arena is full: refuse the request. */
int head_request(struct msg *m, const struct plan *plan, const struct env *env,
    struct arena *a);

/* An answer: by plan (header and cookie lines; cookie means Set-Cookie), and
 * for every answer: Alt-Svc, NEL, Report-To, Reporting-Endpoints, Accept-CH,
 * Critical-CH, Content-Security-Policy-Report-Only are removed, report-uri and
 * report-to directives are cut from Content-Security-Policy, and a
 * Permissions-Policy that switches geolocation, sensors and the like off is
 * added to HTML answers. 0 or an error as above. */
int head_response(struct msg *m, const struct plan *plan,
    const struct env *env, struct arena *a);

/* The query alone, by the same rules; for tests and replay. */
int head_query(struct span query, const struct plan *plan,
    const struct env *env, struct buf *out);

#endif
