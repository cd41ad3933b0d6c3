/* SPDX-License-Identifier: EUPL-1.2 */
/* ff1 - format-preserving encryption (NIST SP 800-38G, FF1) of a row of digits
 * in any base up to 36: as many digits come out as went in. There is no
 * authentication: every row is somebody's ciphertext. */
#ifndef TLS_FF1_H
#define TLS_FF1_H

#include "tls/block.h"

#define FF1_RADIX_MAX 36
#define FF1_DIGITS_MAX 1024
#define FF1_TWEAK_MAX 64

/* digit: n values below radix, changed in place. b has a key. 0; -ERANGE: more
 * than FF1_DIGITS_MAX digits, or so few that there are less than a million rows
 * (SP 800-38G Rev. 1, 5.1); -EINVAL (radix, a digit, the tweak) or -EIO. */
int ff1_encrypt(const struct block *b, unsigned radix, struct span tweak,
    unsigned char *digit, size_t n);
int ff1_decrypt(const struct block *b, unsigned radix, struct span tweak,
    unsigned char *digit, size_t n);

#endif
