/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/derive.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/secret.h"

#define INFO_MAX 256

static OSSL_PARAM text_param(const char *key, const char *value)
{
	return OSSL_PARAM_construct_utf8_string(
	    key, (char *)(uintptr_t)value, 0);
}

static OSSL_PARAM bytes_param(const char *key, const void *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)p, n);
}

/* HKDF-SHA-256 without salt: the input is a whole random key (RFC 5869, 3.1).
 */
static int hkdf(const unsigned char key[DERIVE_KEY_BYTES], struct span use,
    unsigned char *ret_key, size_t n)
{
	static EVP_KDF *kdf; /* lives as long as the process */
	OSSL_PARAM param[] = {
		text_param(OSSL_KDF_PARAM_DIGEST, "SHA256"),
		bytes_param(OSSL_KDF_PARAM_KEY, key, DERIVE_KEY_BYTES),
		bytes_param(OSSL_KDF_PARAM_INFO, use.p, use.n),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx;
	int good;

	if (kdf == NULL)
		kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	good = ctx != NULL && EVP_KDF_derive(ctx, ret_key, n, param) == 1;
	EVP_KDF_CTX_free(ctx); /* wipes its copy of the key */
	ERR_clear_error();
	return good ? 0 : -EIO;
}

int derive_next(unsigned char chain[DERIVE_KEY_BYTES])
{
	unsigned char next[DERIVE_KEY_BYTES];
	int err = hkdf(chain, SPAN("sparsam 1 next"), next, sizeof next);

	if (err == 0)
		memcpy(chain, next, sizeof next);
	secret_wipe(next, sizeof next);
	return err;
}

int derive_epoch(const unsigned char chain[DERIVE_KEY_BYTES], uint32_t day,
    unsigned char ret_key[DERIVE_KEY_BYTES])
{
	char use[] = "sparsam 1 epoch\0dddd";

	for (size_t i = 0; i < 4; i++)
		use[sizeof use - 2 - i] = (char)(day >> 8 * i & 0xff);
	return hkdf(
	    chain, span_of(use, sizeof use - 1), ret_key, DERIVE_KEY_BYTES);
}

/* The label's length is there so that no two pairs give the same text. */
int derive_use(const unsigned char key[DERIVE_KEY_BYTES], const char *label,
    struct span service, unsigned char *ret_key, size_t n)
{
	static const struct span head = { "sparsam 1 use", 14 }; /* with NUL */
	size_t len = strlen(label), at = head.n;
	char use[INFO_MAX];

	if (len > UINT8_MAX || head.n + 1 + len + service.n > sizeof use)
		return -EIO;
	memcpy(use, head.p, head.n);
	use[at++] = (char)len;
	memcpy(use + at, label, len);
	at += len;
	if (service.n > 0)
		memcpy(use + at, service.p, service.n);
	return hkdf(key, span_of(use, at + service.n), ret_key, n);
}

static EVP_MAC_CTX *mac_ctx(void)
{
	static EVP_MAC_CTX *ctx; /* lives as long as the process */
	OSSL_PARAM param[] = {
		text_param(OSSL_MAC_PARAM_DIGEST, "SHA256"),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac;

	if (ctx != NULL)
		return ctx;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (mac == NULL)
		return NULL;
	ctx = EVP_MAC_CTX_new(mac);
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, param) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MAC_free(mac);
	return ctx;
}

int derive_mac(const unsigned char key[DERIVE_KEY_BYTES], struct span in,
    unsigned char ret_mac[16])
{
	static const unsigned char none[DERIVE_KEY_BYTES];
	unsigned char whole[32];
	EVP_MAC_CTX *ctx = mac_ctx();
	size_t n = 0;
	bool good;

	good = ctx != NULL &&
	       EVP_MAC_init(ctx, key, DERIVE_KEY_BYTES, NULL) == 1 &&
	       EVP_MAC_update(ctx, (const unsigned char *)in.p, in.n) == 1 &&
	       EVP_MAC_final(ctx, whole, &n, sizeof whole) == 1 && n == 32;
	if (good)
		memcpy(ret_mac, whole, 16);
	/* The key must not stay behind in the shared context. */
	if (ctx != NULL)
		(void)EVP_MAC_init(ctx, none, sizeof none, NULL);
	ERR_clear_error();
	return good ? 0 : -EIO;
}
