/* SPDX-License-Identifier: EUPL-1.2 */
/* keys - the worker's share of the day's key: one derived key per service, for
 * aliases. Gone when the day changes. */
#ifndef PROXY_KEYS_H
#define PROXY_KEYS_H

#include "engine/rule.h"

/* A new day: old keys are wiped. */
void keys_epoch(uint32_t day, const unsigned char key[32]);
void keys_fini(void);
bool keys_ready(void);

/* 16 bytes of HMAC over in with the key of s. Random bytes when there is
 * none: the caller asks keys_ready first and refuses. */
void keys_prf(const struct service *s, struct span in, unsigned char out[16]);

#endif
