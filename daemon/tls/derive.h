/* SPDX-License-Identifier: EUPL-1.2 */
/* derive - keys from keys (HKDF, RFC 5869; HMAC, RFC 2104) through OpenSSL. */
#ifndef TLS_DERIVE_H
#define TLS_DERIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define DERIVE_KEY_BYTES 32

/* The chain key of the next day takes the place of today's: one way, nothing
 * leads back. 0 or -EIO; then chain is as it was. */
int derive_next(unsigned char chain[DERIVE_KEY_BYTES]);
/* The key that workers get for one UTC day (days since 1970), from the chain key
 * of that day (tls/ratchet.h); it tells nothing about the chain. 0 or -EIO. */
int derive_epoch(const unsigned char chain[DERIVE_KEY_BYTES], uint32_t day,
    unsigned char ret_key[DERIVE_KEY_BYTES]);
/* Key for one use: label "alias", "ticket", "tag" ... and a service id. */
int derive_use(const unsigned char key[DERIVE_KEY_BYTES], const char *label,
    struct span service, unsigned char *ret_key, size_t n);
/* First 16 bytes of HMAC-SHA-256. */
int derive_mac(const unsigned char key[DERIVE_KEY_BYTES], struct span in,
    unsigned char ret_mac[16]);

#endif
