/* SPDX-License-Identifier: EUPL-1.2 */
/* ctx - what both TLS legs may speak: named profiles after TR-02102-2. TLS 1.2
 * and 1.3 only, no compression, no renegotiation. */
#ifndef TLS_CTX_H
#define TLS_CTX_H

#include <openssl/ssl.h>

#include "base/span.h"

enum tls_profile {
	TLS_TR_02102_2, /* "tr-02102-2": AES-GCM, ECDHE on NIST/Brainpool */
	TLS_WIDE        /* "wide": the same plus X25519 and ChaCha20-Poly1305 */
};
/* 0 or -EINVAL. */
int tls_profile_parse(const char *word, enum tls_profile *ret_profile);

/* What is spoken in TLS, agreed on by ALPN (RFC 7301). */
enum tls_alpn {
	TLS_ALPN_H1, /* http/1.1 only */
	TLS_ALPN_H2  /* h2 (RFC 9113), else http/1.1 */
};
/* The best that this program's codecs speak, on both legs. */
#define TLS_ALPN_BEST TLS_ALPN_H2

/* The list as ALPN writes it (RFC 7301, 3.1), the preferred one first. */
struct span tls_alpn_list(enum tls_alpn alpn);
/* Find name in a list; what is behind a broken entry is not looked at. */
bool tls_alpn_has(struct span list, struct span name);
/* The first protocol of want that is in offer; "" when there is none. */
struct span tls_alpn_pick(enum tls_alpn want, struct span offer);

/* Settings shared by both legs. 0 or -EIO (OpenSSL refuses a list). */
int tls_profile_apply(SSL_CTX *ctx, enum tls_profile p);

#endif
