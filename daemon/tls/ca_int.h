/* SPDX-License-Identifier: EUPL-1.2 */
/* ca_int - the parts of the certificate authority: its files and the making of
 * certificates. Only libca contains and uses this. */
#ifndef TLS_CA_INT_H
#define TLS_CA_INT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/span.h"
#include "tls/ca.h"

#define CA_ERR_BYTES 200
#define CA_DAY_S 86400

/* ---- ca_file.c: dir is an open directory ---- */

/* 0, or -EIO, -ENOENT with a sentence in err. make: 0700 when missing. */
int ca_dir_open(
    const char *path, bool make, int *ret_dir, char err[CA_ERR_BYTES]);
bool ca_file_exists(int dir, const char *name);

/* Write a new file, whole and synced, or none. -EEXIST: it is there; -EIO with
 * a sentence. Keys are readable by the owner alone. */
int ca_write_key(
    int dir, const char *name, EVP_PKEY *key, char err[CA_ERR_BYTES]);
int ca_write_cert(int dir, const char *name, X509 *x, char err[CA_ERR_BYTES]);
int ca_write_secret(int dir, const char *name, const void *p, size_t n,
    char err[CA_ERR_BYTES]);
int ca_sync(int dir, char err[CA_ERR_BYTES]);
int ca_rename(
    int dir, const char *from, const char *to, char err[CA_ERR_BYTES]);

/* -ENOENT, or -EIO with a sentence; a key that others may read is refused. */
int ca_read_key(
    int dir, const char *name, EVP_PKEY **ret_key, char err[CA_ERR_BYTES]);
int ca_read_cert(
    int dir, const char *name, X509 **ret_x, char err[CA_ERR_BYTES]);

/* ---- ca_cert.c: all return NULL when OpenSSL refuses ---- */

/* A host name for a certificate: lower-case labels of letters, digits, hyphens
 * and underscores, no wildcard, no address. */
bool ca_host_ok(struct span host);
/* The same with two labels at least: not a whole top-level domain. */
bool ca_domain_ok(struct span domain);

X509 *ca_make_root(EVP_PKEY *key, const char *name, int64_t now);
/* For these domains only; they are good, n is not 0. */
X509 *ca_make_intermediate(EVP_PKEY *key, X509 *root, EVP_PKEY *root_key,
    const char *const *domain, unsigned n, int64_t now);
X509 *ca_make_leaf(
    EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, struct span host, int64_t now);

int64_t ca_not_before(const X509 *x);
int64_t ca_not_after(const X509 *x);

#endif
