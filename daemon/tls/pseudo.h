/* SPDX-License-Identifier: EUPL-1.2 */
/* pseudo - other names for values, that keep their shape and that only the
 * holder of the key can turn back. The same key and value always give the same
 * name. What shape a value has is seen from its bytes:
 *
 *   shape    example                  becomes
 *   UUID     8-4-4-4-12 hex digits    a UUID; version, variant and case stay
 *   digits   6 to 1024                as many digits; a first digit that is not
 *                                     0 stays so, and what fits a signed or
 *                                     unsigned integer of 32 or 64 bits, or 53
 *                                     bits, still fits
 *   hex      8 to 1024, an even       as many hex digits in the same case
 *            number, one case
 *   mail     name@domain              BASE32@[LABEL.]DOMAIN
 *   URL      scheme://...             scheme://LABEL.DOMAIN[/BASE32]
 *   text     all else                 p and base32
 *
 * UUID, digits and hex are permuted by FF1 (SP 800-38G) and cannot tell whether
 * they are ours: pseudo_undo permutes every value of that shape, and a pack
 * that restores a field has to pseudonymize it on the way up. The others are
 * AES-SIV (RFC 5297): only what was made with the same key is turned back, and
 * is left as it is when it is made a second time. */
#ifndef TLS_PSEUDO_H
#define TLS_PSEUDO_H

#include "base/span.h"

struct buf;
struct pseudo;

#define PSEUDO_KEY_BYTES 32
#define PSEUDO_TEXT_MAX 1024 /* bytes of a value */
#define PSEUDO_DOMAIN "gateway.invalid"
#define PSEUDO_DOMAIN_MAX 100

/* Without a key. NULL: memory is out. All memory is taken here: the other calls
 * take none, but for out. free wipes; NULL is fine. */
struct pseudo *pseudo_new(void);
void pseudo_free(struct pseudo *p);

/* Set or change the key. 0 or -EIO; then p has none. */
int pseudo_key(struct pseudo *p, const unsigned char key[PSEUDO_KEY_BYTES]);

/* Add the name of in to out; nothing for the empty value. domain: of mail
 * addresses and URLs, at most PSEUDO_DOMAIN_MAX bytes, lower case. 0; -E2BIG:
 * in is too long; -EIO: no key; -ENOBUFS or -ENOMEM from out. */
int pseudo_make(const struct pseudo *p, struct span domain, struct span in,
    struct buf *out);
/* Add the value that in is the name of. 0; 1: in is no name of ours, nothing
 * was added; -EIO; -ENOBUFS or -ENOMEM from out. */
int pseudo_undo(const struct pseudo *p, struct span domain, struct span in,
    struct buf *out);

#endif
