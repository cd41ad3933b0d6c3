/* SPDX-License-Identifier: EUPL-1.2 */
/* ctx - what both TLS legs may speak: named profiles after TR-02102-2. TLS 1.2
 * and 1.3 only, no compression, no renegotiation. */
#ifndef TLS_CTX_H
#define TLS_CTX_H

#include <openssl/ssl.h>

enum tls_profile {
	TLS_TR_02102_2, /* "tr-02102-2": AES-GCM, ECDHE on NIST/Brainpool */
	TLS_WIDE        /* "wide": the same plus X25519 and ChaCha20-Poly1305 */
};
/* 0 or -EINVAL. */
int tls_profile_parse(const char *word, enum tls_profile *ret_profile);

/* Settings shared by both legs. 0 or -EIO (OpenSSL refuses a list). */
int tls_profile_apply(SSL_CTX *ctx, enum tls_profile p);

#endif
