/* SPDX-License-Identifier: EUPL-1.2 */
/* servers_int - what tls/channel needs of tls/servers: the context of the
 * server leg and the sessions that were kept. */
#ifndef TLS_SERVERS_INT_H
#define TLS_SERVERS_INT_H

#include <openssl/ssl.h>

#include "base/span.h"

#define SERVERS_HOSTS_MAX 512
#define SERVERS_SESSIONS_MAX 8 /* per host and port, the newest */

struct servers;

struct servers *servers_ref(struct servers *v);
SSL_CTX *servers_ctx(struct servers *v); /* borrowed */

/* Keep session (a reference, taken over) for key ("host:port"). */
void servers_keep(struct servers *v, struct span key, SSL_SESSION *session);
/* A session to try for key; the caller frees it. One of TLS 1.3 is given out
 * once, so that no two connections can be linked by it (RFC 8446, C.4). NULL
 * when there is none. */
SSL_SESSION *servers_take(struct servers *v, struct span key);

/* Called by OpenSSL for each new session; set by tls/channel. */
typedef int servers_session_f(SSL *ssl, SSL_SESSION *session);
void servers_on_session(struct servers *v, servers_session_f *fn);

#endif
