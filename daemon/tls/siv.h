/* SPDX-License-Identifier: EUPL-1.2 */
/* siv - deterministic, authenticated encryption of short texts: AES-SIV (RFC
 * 5297) with its key schedules kept. OpenSSL has the mode, but takes memory for
 * every text and every key; here the mode is put together from AES blocks, and
 * the tests hold it to the vectors of the RFC and to OpenSSL's own. */
#ifndef TLS_SIV_H
#define TLS_SIV_H

#include "tls/block.h"

#define SIV_TAG_BYTES 16
#define SIV_TEXT_MAX 2048 /* bytes of plaintext */

struct siv {
	struct cmac mac;
	struct block ctr;
};

/* 0 or -ENOMEM. fini wipes; twice is fine. */
int siv_init(struct siv *s);
void siv_fini(struct siv *s);
/* n is 32, 48 or 64: two keys of half that length. 0, -EINVAL or -EIO. */
int siv_key(struct siv *s, const unsigned char *key, size_t n);

/* in.n + SIV_TAG_BYTES bytes to ret_out: the tag, then the text. ad: nad
 * strings that are authenticated along. 0; -E2BIG (over SIV_TEXT_MAX) or -EIO.
 */
int siv_seal(const struct siv *s, const struct span *ad, size_t nad,
    struct span in, unsigned char *ret_out);
/* in.n - SIV_TAG_BYTES bytes to ret_out. 0; -EBADMSG: not made with this key
 * and ad, nothing is in ret_out; -E2BIG or -EIO. */
int siv_open(const struct siv *s, const struct span *ad, size_t nad,
    struct span in, unsigned char *ret_out);

#endif
