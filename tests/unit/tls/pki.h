/* SPDX-License-Identifier: EUPL-1.2 */
/* pki - certificates for tests: the good ones, and all the bad ones. */
#ifndef TESTS_UNIT_TLS_PKI_H
#define TESTS_UNIT_TLS_PKI_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/buf.h"

struct cert {
	EVP_PKEY *key;
	X509 *x;
};

struct cert_plan {
	const char *alt; /* "DNS:meet.example", as in openssl.cnf; NULL: none */
	unsigned rsa_bits;    /* 0: ECDSA P-256 */
	int64_t from_s, to_s; /* from now; both 0: a day each way */
	bool ca, sha1;
};

/* Ends the test when it fails. issuer NULL: self-signed. */
struct cert pki_make(const struct cert_plan *plan, const struct cert *issuer);
void pki_free(struct cert *c);
void pki_pem(const X509 *x, struct buf *out);
/* A server with this certificate, that takes what no real one should: security
 * level 0. max_version 0: any. */
SSL_CTX *pki_server(const struct cert *c, int max_version);

/* A fresh directory below the system's temporary one. */
const char *pki_dir(void);
void pki_dir_remove(void);

#endif
