/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/block.h"

#include <errno.h>
#include <limits.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/secret.h"

int block_init(struct block *b)
{
	b->key_bytes = 0;
	b->ctx = EVP_CIPHER_CTX_new();
	return b->ctx != NULL ? 0 : -ENOMEM;
}

void block_fini(struct block *b)
{
	EVP_CIPHER_CTX_free(b->ctx); /* wipes the schedule */
	b->ctx = NULL;
	b->key_bytes = 0;
}

/* Fetched once: a fetch costs more than many blocks. */
static const EVP_CIPHER *cipher_of(size_t key_bytes)
{
	static EVP_CIPHER *c16, *c24, *c32; /* live as long as the process */
	EVP_CIPHER **c = key_bytes == 16 ? &c16 : key_bytes == 24 ? &c24 : &c32;
	const char *name = key_bytes == 16   ? "AES-128-ECB"
	                   : key_bytes == 24 ? "AES-192-ECB"
	                                     : "AES-256-ECB";

	if (*c == NULL)
		*c = EVP_CIPHER_fetch(NULL, name, NULL);
	return *c;
}

int block_key(struct block *b, const unsigned char *key, size_t n)
{
	const EVP_CIPHER *c = NULL;
	bool good = true;

	if (n != 16 && n != 24 && n != 32)
		return -EINVAL;
	if (n != b->key_bytes) { /* the same cipher is only given a new key */
		c = cipher_of(n);
		good = c != NULL;
	}
	good = good && b->ctx != NULL &&
	       EVP_EncryptInit_ex(b->ctx, c, NULL, key, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(b->ctx, 0) == 1;
	b->key_bytes = good ? n : 0;
	if (!good)
		ERR_clear_error();
	return good ? 0 : -EIO;
}

int block_run(const struct block *b, const unsigned char *in,
    unsigned char *ret_out, size_t n)
{
	int want, got = 0;

	if (b->key_bytes == 0 || n > INT_MAX / BLOCK_BYTES)
		return -EIO;
	want = (int)(n * BLOCK_BYTES);
	if (EVP_EncryptUpdate(b->ctx, ret_out, &got, in, want) == 1 &&
	    got == want)
		return 0;
	ERR_clear_error();
	return -EIO;
}

/* ---- CMAC ---- */

void cmac_double(unsigned char v[BLOCK_BYTES])
{
	unsigned carry = 0;

	for (size_t i = BLOCK_BYTES; i-- > 0;) {
		unsigned twice = (unsigned)v[i] << 1 | carry;

		carry = v[i] >> 7;
		v[i] = (unsigned char)(twice & 0xff);
	}
	v[BLOCK_BYTES - 1] ^= (unsigned char)(0x87 & (0u - carry));
}

int cmac_init(struct cmac *c)
{
	memset(c, 0, sizeof *c);
	return block_init(&c->block);
}

void cmac_fini(struct cmac *c)
{
	block_fini(&c->block);
	secret_wipe(c, sizeof *c);
}

int cmac_key(struct cmac *c, const unsigned char *key, size_t n)
{
	int err = block_key(&c->block, key, n);

	memset(c->k1, 0, sizeof c->k1);
	if (err == 0)
		err = block_run(&c->block, c->k1, c->k1, 1);
	if (err < 0)
		return err;
	cmac_double(c->k1);
	memcpy(c->k2, c->k1, sizeof c->k2);
	cmac_double(c->k2);
	return 0;
}

int cmac_run(
    const struct cmac *c, struct span in, unsigned char ret_mac[BLOCK_BYTES])
{
	unsigned char x[BLOCK_BYTES] = { 0 };
	const unsigned char *p = (const unsigned char *)in.p;
	size_t n = in.n;
	int err;

	for (; n > BLOCK_BYTES; n -= BLOCK_BYTES) {
		for (size_t i = 0; i < BLOCK_BYTES; i++)
			x[i] ^= *p++;
		err = block_run(&c->block, x, x, 1);
		if (err < 0)
			return err;
	}
	for (size_t i = 0; i < n; i++)
		x[i] ^= p[i];
	if (n < BLOCK_BYTES)
		x[n] ^= 0x80;
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		x[i] ^= n == BLOCK_BYTES ? c->k1[i] : c->k2[i];
	return block_run(&c->block, x, ret_mac, 1);
}
