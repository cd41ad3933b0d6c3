/* SPDX-License-Identifier: EUPL-1.2 */
/* keys - the worker's share of the day's key. From it come, for each service
 * and, where the pack names the meeting id, for each meeting, a key of aliases
 * and one of pseudonyms. What was used last is kept ready; all of it is wiped
 * when the day changes, and nothing from before can be turned back. */
#ifndef PROXY_KEYS_H
#define PROXY_KEYS_H

#include "engine/rule.h"

struct buf;

#define KEYS_SCOPES_MAX 256 /* pairs of keys kept ready, about 3 KiB each */

/* A new day, or another key for this day: old keys are wiped. The same key
 * again changes nothing. */
void keys_epoch(uint32_t day, const unsigned char key[32]);
void keys_fini(void);
bool keys_ready(void);

/* Whose names: those of a service or of one of its meetings, from now on. One
 * for each request and its answer. */
struct keys_scope {
	const struct service *service; /* borrowed */
	struct span meeting;           /* borrowed; empty: the whole service */
	uint32_t began, epoch;         /* numbers of keys; epoch: that of tag */
	unsigned char tag[16];
};
void keys_scope(
    struct keys_scope *ret_scope, const struct service *s, struct span meeting);

/* 16 bytes of AES-CMAC over in. Random bytes when there is no key: the caller asks
 * keys_ready first and refuses. */
void keys_prf(struct keys_scope *k, struct span in, unsigned char out[16]);

/* As pseudo_make and pseudo_undo (tls/pseudo.h), with the key of the scope; no
 * memory is taken for a value, only for a scope that was not in use. -EIO or
 * -ENOMEM: there is no key. restore gives 1 for everything when the day has
 * changed since the scope began: its key is gone, and the new one would make a
 * third value of a row of digits. */
int keys_pseudonym(
    struct keys_scope *k, struct span domain, struct span in, struct buf *out);
int keys_restore(
    struct keys_scope *k, struct span domain, struct span in, struct buf *out);

#endif
