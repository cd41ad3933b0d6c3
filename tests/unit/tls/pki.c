/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/tls/pki.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define DAY_S 86400

static void must(bool good)
{
	if (good)
		return;
	ERR_print_errors_fp(stderr);
	abort();
}

static void add(X509 *x, const X509 *issuer, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, (X509 *)(uintptr_t)issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	must(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

struct cert pki_make(const struct cert_plan *plan, const struct cert *issuer)
{
	static long serial = 1000;
	struct cert c = { NULL, X509_new() };
	const struct cert *by = issuer != NULL ? issuer : &c;
	bool dates = plan->from_s != 0 || plan->to_s != 0;
	char name[32];

	c.key = plan->rsa_bits != 0 ? EVP_RSA_gen(plan->rsa_bits)
	                            : EVP_EC_gen("P-256");
	must(c.key != NULL && c.x != NULL);
	snprintf(name, sizeof name, "test %ld", ++serial);
	X509_set_version(c.x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial);
	X509_gmtime_adj(
	    X509_getm_notBefore(c.x), dates ? plan->from_s : -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(c.x), dates ? plan->to_s : DAY_S);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x), "CN",
	    MBSTRING_ASC, (unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c.x, X509_get_subject_name(by->x));
	X509_set_pubkey(c.x, c.key);
	add(c.x, by->x, NID_basic_constraints,
	    plan->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add(c.x, by->x, NID_subject_key_identifier, "hash");
	if (plan->alt != NULL)
		add(c.x, by->x, NID_subject_alt_name, plan->alt);
	must(X509_sign(c.x, by->key, plan->sha1 ? EVP_sha1() : EVP_sha256()) >
	     0);
	return c;
}

void pki_free(struct cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x);
	*c = (struct cert){ NULL, NULL };
}

void pki_pem(const X509 *x, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;

	must(b != NULL && PEM_write_bio_X509(b, x) == 1);
	n = BIO_get_mem_data(b, &p);
	buf_add(out, p, (size_t)n);
	BIO_free(b);
}

SSL_CTX *pki_server(const struct cert *c, int max_version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	must(ctx != NULL);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_max_proto_version(ctx, max_version);
	must(SSL_CTX_use_certificate(ctx, c->x) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, c->key) == 1);
	return ctx;
}

static char dir[] = "/tmp/sparsam-test-XXXXXX";

const char *pki_dir(void)
{
	must(mkdtemp(dir) != NULL);
	return dir;
}

static void empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(path);
}

void pki_dir_remove(void)
{
	char sub[sizeof dir + 8];

	snprintf(sub, sizeof sub, "%s/ca", dir);
	empty(sub);
	empty(dir);
}
