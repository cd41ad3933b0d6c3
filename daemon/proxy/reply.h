/* SPDX-License-Identifier: EUPL-1.2 */
/* reply - answers the gateway gives itself: sinks that keep a client calm,
 * refusals, pages for people, the PAC file and the CA certificate. No answer
 * names the client, and none has a script, a cookie or an outside resource. */
#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

#include "engine/rule.h"
#include "http/msg.h"

struct arena;
struct conf;
struct conn;

struct answer {
	struct msg m; /* framing LENGTH, or NONE */
	struct span body;
};

/* What a refused request gets. sink may be NULL; SINK_PAGE and SINK_NONE give
 * the page to navigations and one line of text to everything else. service may
 * be NULL. Everything lives in a; 0 or -ENOBUFS, -ENOMEM. */
int reply_refusal(const struct conf *conf, const struct service *service,
    enum why why, const struct sink *sink, const struct msg *req,
    struct arena *a, struct answer *ret_answer);

/* Requests to the gateway itself: "/", "/transparency", "/proxy.pac",
 * "/wpad.dat", "/ca.pem", "/ca.crt"; else 404. */
int reply_own(const struct conf *conf, const struct msg *req, struct arena *a,
    struct answer *ret_answer);

/* Write the refusal of a CONNECT to c->client and flush; the caller ends the
 * connection. */
void reply_connect_refused(struct conn *c, enum why why);

#endif
