/* SPDX-License-Identifier: EUPL-1.2 */
/* block - AES (FIPS 197) on whole blocks through OpenSSL, with a key schedule
 * that is made once: what siv and ff1 are built on. Memory is taken by
 * block_init only; a new key is set in place. */
#ifndef TLS_BLOCK_H
#define TLS_BLOCK_H

#include <stddef.h>

#include "base/span.h"

#define BLOCK_BYTES 16

struct evp_cipher_ctx_st;
struct block {
	struct evp_cipher_ctx_st *ctx; /* owned */
	size_t key_bytes;              /* of the last key; 0: none yet */
};

/* 0 or -ENOMEM. */
int block_init(struct block *b);
void block_fini(struct block *b); /* wipes the key; twice is fine */

/* n is 16, 24 or 32. 0; -EINVAL (another n) or -EIO. */
int block_key(struct block *b, const unsigned char *key, size_t n);

/* Encrypt n blocks, each by itself; in and out may be the same. 0 or -EIO. */
int block_run(const struct block *b, const unsigned char *in,
    unsigned char *ret_out, size_t n);

/* AES-CMAC (SP 800-38B, RFC 4493). */
struct cmac {
	struct block block;
	unsigned char k1[BLOCK_BYTES], k2[BLOCK_BYTES];
};
int cmac_init(struct cmac *c);
void cmac_fini(struct cmac *c);
int cmac_key(struct cmac *c, const unsigned char *key, size_t n);
int cmac_run(
    const struct cmac *c, struct span in, unsigned char ret_mac[BLOCK_BYTES]);

/* Times two in the field of CMAC. */
void cmac_double(unsigned char v[BLOCK_BYTES]);

#endif
