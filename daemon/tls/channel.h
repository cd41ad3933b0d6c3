/* SPDX-License-Identifier: EUPL-1.2 */
/* channel - TLS as the transport of a stream, driven over plain events: reads
 * straight from the socket (after bytes already taken), one record per flush.
 */
#ifndef TLS_CHANNEL_H
#define TLS_CHANNEL_H

#include <openssl/ssl.h>

#include "base/span.h"
#include "base/why.h"
#include "net/stream.h"
#include "tls/ctx.h"

/* TLS server on s with ctx (from leaf_find). Bytes already in stream_in(s) are
 * read first. on_ready tells the end of the handshake. 0 or -ENOMEM. */
int channel_serve(struct stream *s, SSL_CTX *ctx);

/* What servers are checked against. */
struct servers;
/* trust: PEM file of roots, NULL for the system's store. NULL on failure. */
struct servers *servers_new(enum tls_profile profile, const char *trust);
/* The same from PEM text (workers have no files). */
struct servers *servers_new_pem(enum tls_profile profile, struct span pem);
void servers_free(struct servers *v);

/* TLS client on s for host (SNI and name check; an IP literal is checked as an
 * address, without SNI). The chain, name, dates and key strength are always
 * verified. alpn is offered; a server that chooses none is taken for one of
 * HTTP/1.1, one that chooses what was not offered is refused. A session kept
 * for host:port is resumed, whatever was spoken in it. 0, -EINVAL (host) or
 * -ENOMEM. */
int channel_connect(struct stream *s, struct servers *v, struct span host,
    uint16_t port, enum tls_alpn alpn);

/* Why the handshake failed: WHY_CERT_*, WHY_TLS_SERVER, WHY_TLS_CLIENT. */
enum why channel_why(struct stream *s);
bool channel_resumed(struct stream *s);
/* Negotiated ALPN, "" when none. Valid as long as s. */
struct span channel_alpn(struct stream *s);
/* SNI the client sent (server side), "" when none. */
struct span channel_sni(struct stream *s);

#endif
