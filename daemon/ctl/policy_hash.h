/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_hash - one number for the policy in force, to be compared: the SHA-256
 * of the list of its files as sha256sum(1) writes it, a line each ("HASH
 * PATH"), in the order of the bundle: sparsamd.conf, the packs, their common
 * includes and lists, each by name. Trust store and CA certificate are no part
 * of it. */
#ifndef CTL_POLICY_HASH_H
#define CTL_POLICY_HASH_H

#include "conf/bundle.h"

#define POLICY_HASH_BYTES 65 /* hex and NUL */

/* The list; path: sparsamd.conf in b. 0 or negative errno. */
int policy_hash_list(const struct bundle *b, const char *path, struct buf *out);
/* 0 or negative errno, then ret_hex is "". */
int policy_hash(
    const struct bundle *b, const char *path, char ret_hex[POLICY_HASH_BYTES]);

#endif
