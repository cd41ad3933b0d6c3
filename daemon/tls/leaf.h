/* SPDX-License-Identifier: EUPL-1.2 */
/* leaf - the worker's side of certificates: one key pair per worker, leafs that
 * the signer issued for it, one SSL_CTX per leaf, cached. */
#ifndef TLS_LEAF_H
#define TLS_LEAF_H

#include <openssl/ssl.h>

#include "base/span.h"
#include "tls/ctx.h"

#define LEAF_CACHE_MAX 512

/* Make this process's key pair (ECDSA P-256). Clients choose from alpn, ours is
 * the order; one without ALPN gets none, one that offers only others is told so
 * (no_application_protocol; RFC 7301, 3.2). 0 or -EIO. */
int leaf_init(enum tls_profile profile, enum tls_alpn alpn);
void leaf_fini(void);
/* DER SubjectPublicKeyInfo to send to the signer; valid until leaf_fini. */
struct span leaf_public_key(void);

/* Session ticket keys shared by all workers (80 bytes: name, HMAC and AES key
 * as SSL_CTX_set_tlsext_ticket_keys wants them); for leafs made from now on and
 * all in the cache. */
void leaf_ticket_keys(const unsigned char keys[80]);

/* From the cache: a context ready to serve host (lower case), or NULL when
 * there is none or it ends within five minutes. Borrowed; SSL_new takes a
 * reference. */
SSL_CTX *leaf_find(struct span host);

/* Put a chain (DER certificates one after the other, leaf first) into the
 * cache; the oldest entry makes room. -EBADMSG when it is not for our key or
 * cannot be read, -ENOMEM. */
int leaf_put(struct span host, struct span chain_der);
void leaf_forget_all(void);

#endif
