/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/ca.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/secret.h"
#include "tls/ca_int.h"
#include "tls/ratchet.h"

#define NAME_MAX_CHARS 64 /* ub-organization-name of RFC 5280 */
#define ENDS_S 3600       /* an intermediate is over so long before its end */

static const char *const file[] = { "root.pem", "root.key", "ca.pem", "ca.key",
	"master.key", "ca.pem.new", "ca.key.new" };
enum { ROOT_PEM, ROOT_KEY, CA_PEM, CA_KEY, MASTER_KEY, CA_PEM_NEW, CA_KEY_NEW };

struct ca {
	X509 *cert, *root;
	EVP_PKEY *key;
	NAME_CONSTRAINTS *limits;
	unsigned char *der; /* of cert */
	int der_len;
};

static int say(char err[CA_ERR_BYTES], int result, const char *text)
{
	snprintf(err, CA_ERR_BYTES, "%.190s", text);
	return result;
}

/* ---- making ---- */

static int check_name(const char *name, char err[CA_ERR_BYTES])
{
	size_t chars = 0;

	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			return say(err, -EINVAL,
			    "ca.name: control bytes are not allowed");
		chars += (*p & 0xc0) != 0x80;
	}
	return chars <= NAME_MAX_CHARS
	           ? 0
	           : say(err, -EINVAL, "ca.name: at most 64 characters");
}

static int check_domains(
    const char *const *domain, unsigned n, char err[CA_ERR_BYTES])
{
	if (n == 0)
		return say(err, -EINVAL,
		    "no domain: an authority without limits is not made");
	if (n > CA_DOMAINS_MAX)
		return say(err, -EINVAL, "more than 512 domains");
	for (unsigned i = 0; i < n; i++)
		if (!ca_domain_ok(span_str(domain[i]))) {
			snprintf(err, CA_ERR_BYTES,
			    "\"%.120s\" is no domain (lower case, two labels "
			    "at least)",
			    domain[i]);
			return -EINVAL;
		}
	return 0;
}

/* A key pair and its certificate that are being made. */
struct pair {
	EVP_PKEY *key;
	X509 *cert;
};

static void pair_fini(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
	*p = (struct pair){ NULL, NULL };
}

static int refused(char err[CA_ERR_BYTES])
{
	unsigned long e = ERR_peek_last_error();
	char text[120] = "no reason given";

	if (e != 0)
		ERR_error_string_n(e, text, sizeof text);
	ERR_clear_error();
	snprintf(err, CA_ERR_BYTES, "OpenSSL: %s", text);
	return -EIO;
}

static int make_root(
    struct pair *root, const char *name, int64_t now, char err[CA_ERR_BYTES])
{
	ERR_clear_error();
	root->key = EVP_EC_gen("P-256");
	if (root->key != NULL)
		root->cert = ca_make_root(root->key, name, now);
	return root->cert != NULL ? 0 : refused(err);
}

static int make_intermediate(struct pair *ca, const struct pair *root,
    const char *const *domain, unsigned n, int64_t now, char err[CA_ERR_BYTES])
{
	ERR_clear_error();
	ca->key = EVP_EC_gen("P-256");
	if (ca->key != NULL)
		ca->cert = ca_make_intermediate(
		    ca->key, root->cert, root->key, domain, n, now);
	return ca->cert != NULL ? 0 : refused(err);
}

/* The first key of the chain that pseudonyms come from. */
static int write_master(int dir, int64_t now, char err[CA_ERR_BYTES])
{
	unsigned char image[RATCHET_FILE_BYTES];
	int r = ratchet_image((uint32_t)(now / CA_DAY_S), image);

	r = r < 0 ? refused(err)
	          : ca_write_secret(
	                dir, file[MASTER_KEY], image, sizeof image, err);
	secret_wipe(image, sizeof image);
	return r;
}

/* The keys first: a certificate that is there has its key. */
static int write_all(int dir, const struct pair *root, const struct pair *ca,
    int64_t now, unsigned *done, char err[CA_ERR_BYTES])
{
	int r = write_master(dir, now, err);

	if (r == 0)
		*done |= 1u << MASTER_KEY;
	if (r == 0 &&
	    (r = ca_write_key(dir, file[ROOT_KEY], root->key, err)) == 0)
		*done |= 1u << ROOT_KEY;
	if (r == 0 && (r = ca_write_key(dir, file[CA_KEY], ca->key, err)) == 0)
		*done |= 1u << CA_KEY;
	if (r == 0 &&
	    (r = ca_write_cert(dir, file[CA_PEM], ca->cert, err)) == 0)
		*done |= 1u << CA_PEM;
	if (r == 0 &&
	    (r = ca_write_cert(dir, file[ROOT_PEM], root->cert, err)) == 0)
		*done |= 1u << ROOT_PEM;
	return r == 0 ? ca_sync(dir, err) : r;
}

static int fill_dir(int dir, const char *name, const char *const *domain,
    unsigned n, int64_t now, char err[CA_ERR_BYTES])
{
	struct pair root = { NULL, NULL }, ca = { NULL, NULL };
	unsigned done = 0;
	int r;

	for (unsigned i = 0; i < sizeof file / sizeof *file; i++)
		if (ca_file_exists(dir, file[i])) {
			snprintf(err, CA_ERR_BYTES,
			    "%s is already there and is not overwritten",
			    file[i]);
			return -EEXIST;
		}
	r = make_root(&root, name, now, err);
	if (r == 0)
		r = make_intermediate(&ca, &root, domain, n, now, err);
	if (r == 0)
		r = write_all(dir, &root, &ca, now, &done, err);
	for (unsigned i = 0; i < sizeof file / sizeof *file && r < 0; i++)
		if (done & 1u << i) /* ours, and half a set is none */
			(void)unlinkat(dir, file[i], 0);
	pair_fini(&root);
	pair_fini(&ca);
	return r;
}

int ca_init(const char *dir, const char *name, const char *const *domain,
    unsigned n, int64_t now, char err[200])
{
	int fd = -1, r = check_name(name, err);

	if (r == 0)
		r = check_domains(domain, n, err);
	if (r == 0 && (r = ca_dir_open(dir, true, &fd, err)) < 0)
		return -EIO;
	if (r < 0)
		return r;
	r = fill_dir(fd, name, domain, n, now, err);
	close(fd);
	return r;
}

/* ---- reading ---- */

static int read_pair(int dir, const char *pem, const char *key,
    struct pair *ret_pair, char err[CA_ERR_BYTES])
{
	int r = ca_read_cert(dir, pem, &ret_pair->cert, err);

	if (r == 0)
		r = ca_read_key(dir, key, &ret_pair->key, err);
	if (r == 0 &&
	    X509_check_private_key(ret_pair->cert, ret_pair->key) != 1) {
		snprintf(
		    err, CA_ERR_BYTES, "%s does not belong to %s", key, pem);
		r = -EKEYREJECTED;
	}
	ERR_clear_error();
	if (r < 0)
		pair_fini(ret_pair);
	return r;
}

/* When a renewal was cut between its two renames, the new certificate is there
 * and its key still has the other name. */
static int read_intermediate(
    int dir, struct pair *ret_ca, bool *ret_cut, char err[CA_ERR_BYTES])
{
	int r = read_pair(dir, file[CA_PEM], file[CA_KEY], ret_ca, err);
	char again[CA_ERR_BYTES];

	*ret_cut = false;
	if (r == -EKEYREJECTED && read_pair(dir, file[CA_PEM], file[CA_KEY_NEW],
	                              ret_ca, again) == 0) {
		*ret_cut = true;
		return 0;
	}
	return r;
}

static int renew(int dir, const struct pair *root, const char *const *domain,
    unsigned n, int64_t now, char err[CA_ERR_BYTES])
{
	struct pair ca = { NULL, NULL };
	int r;

	if (ca_not_after(root->cert) - now < CA_DAY_S)
		return say(err, -EIO, "root.pem has expired or ends today");
	r = make_intermediate(&ca, root, domain, n, now, err);
	if (r == 0)
		r = ca_write_key(dir, file[CA_KEY_NEW], ca.key, err);
	if (r == 0)
		r = ca_write_cert(dir, file[CA_PEM_NEW], ca.cert, err);
	if (r == 0)
		r = ca_sync(dir, err);
	if (r == 0)
		r = ca_rename(dir, file[CA_PEM_NEW], file[CA_PEM], err);
	if (r == 0)
		r = ca_rename(dir, file[CA_KEY_NEW], file[CA_KEY], err);
	pair_fini(&ca);
	return r;
}

/* Finish or clear away what a renewal that was cut left. */
static int tidy(int dir, char err[CA_ERR_BYTES])
{
	struct pair old = { NULL, NULL };
	bool cut = false;
	int r = 0;

	if (read_intermediate(dir, &old, &cut, err) == 0 && cut)
		r = ca_rename(dir, file[CA_KEY_NEW], file[CA_KEY], err);
	pair_fini(&old);
	if (r == 0) {
		(void)unlinkat(dir, file[CA_KEY_NEW], 0);
		(void)unlinkat(dir, file[CA_PEM_NEW], 0);
	}
	return r;
}

int ca_renew(const char *dir, const char *const *domain, unsigned n,
    int64_t now, char err[200])
{
	struct pair root = { NULL, NULL };
	int fd = -1, r = check_domains(domain, n, err);

	if (r < 0)
		return r;
	r = ca_dir_open(dir, false, &fd, err);
	if (r < 0)
		return r;
	r = read_pair(fd, file[ROOT_PEM], file[ROOT_KEY], &root, err);
	if (r == -EKEYREJECTED)
		r = -EIO;
	if (r == 0)
		r = tidy(fd, err);
	if (r == 0)
		r = renew(fd, &root, domain, n, now, err);
	pair_fini(&root);
	close(fd);
	return r;
}

/* ---- issuing ---- */

/* Limits that are really there, and the root's signature. */
static int check_ca(struct ca *ca, char err[CA_ERR_BYTES])
{
	int critical = -1;
	EVP_PKEY *root_key = X509_get0_pubkey(ca->root);

	ca->limits =
	    X509_get_ext_d2i(ca->cert, NID_name_constraints, &critical, NULL);
	if (ca->limits == NULL || critical != 1 ||
	    sk_GENERAL_SUBTREE_num(ca->limits->permittedSubtrees) <= 0)
		return say(err, -EIO,
		    "ca.pem: has no critical name "
		    "constraints");
	if (root_key == NULL || X509_verify(ca->cert, root_key) != 1)
		return say(err, -EIO, "ca.pem: is not signed by root.pem");
	ca->der_len = i2d_X509(ca->cert, &ca->der);
	return ca->der_len > 0 ? 0 : refused(err);
}

struct ca *ca_open(const char *dir, char err[200])
{
	struct ca *ca = calloc(1, sizeof *ca);
	struct pair pair = { NULL, NULL };
	bool cut;
	int fd, r;

	if (ca == NULL) {
		(void)say(err, -ENOMEM, "memory is out");
		return NULL;
	}
	r = ca_dir_open(dir, false, &fd, err);
	if (r == 0) {
		r = read_intermediate(fd, &pair, &cut, err);
		ca->cert = pair.cert, ca->key = pair.key;
		if (r == 0)
			r = ca_read_cert(fd, file[ROOT_PEM], &ca->root, err);
		close(fd);
	}
	if (r == 0)
		r = check_ca(ca, err);
	ERR_clear_error();
	if (r == 0)
		return ca;
	ca_close(ca);
	return NULL;
}

void ca_close(struct ca *ca)
{
	if (ca == NULL)
		return;
	NAME_CONSTRAINTS_free(ca->limits);
	OPENSSL_free(ca->der);
	X509_free(ca->cert);
	X509_free(ca->root);
	EVP_PKEY_free(ca->key);
	free(ca);
}

int64_t ca_expires(const struct ca *ca)
{
	return ca_not_after(ca->cert);
}

/* The domain of one permitted subtree; empty when it is of another kind. */
static struct span domain_of(const NAME_CONSTRAINTS *limits, int i)
{
	const GENERAL_SUBTREE *t =
	    sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i);

	if (t->base->type != GEN_DNS)
		return SPAN_NONE;
	return span_of((const char *)ASN1_STRING_get0_data(t->base->d.dNSName),
	    (size_t)ASN1_STRING_length(t->base->d.dNSName));
}

static bool permits(const NAME_CONSTRAINTS *limits, struct span host)
{
	int n = sk_GENERAL_SUBTREE_num(limits->permittedSubtrees);

	for (int i = 0; i < n; i++) {
		struct span d = domain_of(limits, i);

		if (d.n > 0 && host.n >= d.n &&
		    span_eq_nocase(span_from(host, host.n - d.n), d) &&
		    (host.n == d.n || host.p[host.n - d.n - 1] == '.'))
			return true;
	}
	return false;
}

int ca_covers(const struct ca *ca, struct span host, int64_t now)
{
	if (!ca_host_ok(host) || !permits(ca->limits, host))
		return -EACCES;
	if (now < ca_not_before(ca->cert) || ca_expires(ca) - now < ENDS_S)
		return -ETIME;
	return 0;
}

/* Only what our workers make: a key on P-256. */
static EVP_PKEY *read_spki(struct span spki)
{
	const unsigned char *p = (const unsigned char *)spki.p;
	EVP_PKEY *key = spki.n > 0 && spki.n < 1024
	                    ? d2i_PUBKEY(NULL, &p, (long)spki.n)
	                    : NULL;
	char group[32] = "";

	if (key == NULL)
		return NULL;
	if (p == (const unsigned char *)spki.p + spki.n &&
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

int ca_issue(const struct ca *ca, struct span host, struct span spki,
    int64_t now, struct buf *ret_chain)
{
	unsigned char *der = NULL;
	EVP_PKEY *key;
	X509 *leaf;
	int n, r = ca_covers(ca, host, now);

	if (r < 0)
		return ca_host_ok(host) ? r : -EINVAL;
	key = read_spki(spki);
	if (key == NULL) {
		ERR_clear_error();
		return -EINVAL;
	}
	leaf = ca_make_leaf(key, ca->cert, ca->key, host, now);
	n = leaf != NULL ? i2d_X509(leaf, &der) : 0;
	if (n <= 0 || buf_add(ret_chain, der, (size_t)n) < 0 ||
	    buf_add(ret_chain, ca->der, (size_t)ca->der_len) < 0)
		r = -EIO;
	OPENSSL_free(der);
	X509_free(leaf);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}

/* ---- for clients and for people ---- */

static int read_root(const char *dir, int *ret_fd, X509 **ret_root)
{
	char err[CA_ERR_BYTES];
	int r = ca_dir_open(dir, false, ret_fd, err);

	if (r < 0)
		return r;
	r = ca_read_cert(*ret_fd, file[ROOT_PEM], ret_root, err);
	if (r < 0)
		close(*ret_fd);
	return r;
}

int ca_export(const char *dir, struct buf *ret_pem, struct buf *ret_der)
{
	unsigned char *der = NULL;
	BIO *out = BIO_new(BIO_s_mem());
	X509 *root = NULL;
	char *pem = NULL;
	int fd, n = 0, r = read_root(dir, &fd, &root);
	bool good;

	if (r == 0) {
		close(fd);
		n = i2d_X509(root, &der);
		good = out != NULL && PEM_write_bio_X509(out, root) == 1 &&
		       n > 0 && buf_add(ret_der, der, (size_t)n) == 0;
		n = good ? (int)BIO_get_mem_data(out, &pem) : 0;
		if (n <= 0 || buf_add(ret_pem, pem, (size_t)n) < 0)
			r = -EIO;
	}
	OPENSSL_free(der);
	BIO_free(out);
	X509_free(root);
	ERR_clear_error();
	return r;
}

static void show_date(struct buf *out, const char *label, int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;
	char text[32];

	gmtime_r(&at, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(out, "  %s %s\n", label, text);
}

static void show_cert(struct buf *out, const char *title, const X509 *x)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	BIO *name = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	buf_addf(out, "%s\n", title);
	if (name != NULL &&
	    X509_NAME_print_ex(name, X509_get_subject_name(x), 0,
	        XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(name, &text);
		buf_addf(out, "  subject    %.*s\n", (int)len, text);
	}
	BIO_free(name);
	show_date(out, "not before", ca_not_before(x));
	show_date(out, "not after ", ca_not_after(x));
	if (X509_digest(x, EVP_sha256(), digest, &n) != 1)
		n = 0;
	buf_add_str(out, "  SHA-256    ");
	for (unsigned i = 0; i < n; i++)
		buf_addf(out, "%s%02X", i > 0 ? ":" : "", digest[i]);
	buf_add_char(out, '\n');
}

static void show_domains(struct buf *out, const X509 *x)
{
	NAME_CONSTRAINTS *limits =
	    X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);
	int n = limits != NULL
	            ? sk_GENERAL_SUBTREE_num(limits->permittedSubtrees)
	            : 0;

	for (int i = 0; i < n; i++)
		buf_addf(out, "  %s %.*s\n",
		    i == 0 ? "domains   " : "          ",
		    SPAN_ARG(domain_of(limits, i)));
	NAME_CONSTRAINTS_free(limits);
}

int ca_show(const char *dir, struct buf *out)
{
	char err[CA_ERR_BYTES];
	X509 *root = NULL, *ca = NULL;
	int fd, r = read_root(dir, &fd, &root);

	if (r < 0)
		return r;
	show_cert(out, "root", root);
	if (ca_read_cert(fd, file[CA_PEM], &ca, err) == 0) {
		show_cert(out, "intermediate", ca);
		show_domains(out, ca);
	} else {
		buf_addf(out, "intermediate\n  %s\n", err);
	}
	buf_addf(out, "root key\n  %s\n",
	    ca_file_exists(fd, file[ROOT_KEY])
	        ? "root.key is on this machine; take it away and keep it safe"
	        : "not on this machine");
	close(fd);
	X509_free(root);
	X509_free(ca);
	ERR_clear_error();
	return buf_error(out);
}
