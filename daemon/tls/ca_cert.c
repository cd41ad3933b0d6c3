/* SPDX-License-Identifier: EUPL-1.2 */
/* Making certificates. Source: RFC 5280, 4.1 and 4.2.1. */
#include "tls/ca_int.h"

#include <stdio.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "base/rnd.h"

#define HOST_MAX 253
#define LABEL_MAX 63
#define SERIAL_BYTES 16
#define SHORT_ID_BYTES 3 /* tells authorities of one name apart */

/* ---- names ---- */

static bool label_ok(struct span label)
{
	if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		char c = label.p[i];

		if (!(c >= 'a' && c <= 'z') && !ascii_digit(c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

static bool name_ok(struct span name, unsigned least)
{
	struct span label = SPAN_NONE;
	unsigned n = 0;

	if (name.n == 0 || name.n > HOST_MAX || name.p[name.n - 1] == '.')
		return false;
	for (; name.n > 0; n++) {
		label = span_cut(&name, '.');
		if (!label_ok(label))
			return false;
	}
	/* The last label of an IPv4 address is a number. */
	return n >= least && !ascii_digit(label.p[0]);
}

bool ca_host_ok(struct span host)
{
	return name_ok(host, 1);
}

bool ca_domain_ok(struct span domain)
{
	return name_ok(domain, 2);
}

/* ---- fields ---- */

int64_t ca_not_before(const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notBefore(x), &tm) == 1
	           ? (int64_t)timegm(&tm)
	           : INT64_MAX;
}

int64_t ca_not_after(const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1
	           ? (int64_t)timegm(&tm)
	           : 0;
}

static bool set_dates(X509 *x, int64_t from, int64_t to)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to) != NULL;
}

/* 128 random bits; positive, and never so small that it would be shorter. */
static bool set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	rnd_bytes(bytes, sizeof bytes);
	if (bytes[0] == 0)
		bytes[0] = 1;
	n = BN_bin2bn(bytes, sizeof bytes, NULL);
	good = n != NULL &&
	       BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return good;
}

static bool add_entry(X509_NAME *to, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(to, field, MBSTRING_UTF8,
	           (const unsigned char *)text, -1, -1, 0) == 1;
}

/* "sparsam root 7f3a21": two authorities never share a name. */
static bool add_common_name(X509_NAME *to, const char *what)
{
	unsigned char id[SHORT_ID_BYTES];
	char text[64];

	rnd_bytes(id, sizeof id);
	snprintf(text, sizeof text, "sparsam %s %02x%02x%02x", what, id[0],
	    id[1], id[2]);
	return add_entry(to, "CN", text);
}

static bool add_text_ext(X509 *x, X509 *issuer, int nid, const char *text)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

/* What all have: version, serial, key, dates, issuer, SKI, AKI. */
static bool fill(X509 *x, EVP_PKEY *key, X509 *issuer)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       X509_set_pubkey(x, key) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
	       add_text_ext(x, issuer, NID_subject_key_identifier, "hash") &&
	       add_text_ext(
	           x, issuer, NID_authority_key_identifier, "keyid:always");
}

static X509 *sign(X509 *x, EVP_PKEY *key, bool good)
{
	if (good && X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

/* ---- the three kinds ---- */

X509 *ca_make_root(EVP_PKEY *key, const char *name, int64_t now)
{
	X509 *x = X509_new();
	X509_NAME *subject;
	bool good;

	if (x == NULL)
		return NULL;
	subject = X509_get_subject_name(x);
	good =
	    (name[0] == '\0' || add_entry(subject, "O", name)) &&
	    add_common_name(subject, "root") &&
	    set_dates(x, now - CA_BACKDATE_S,
	        now + (int64_t)CA_ROOT_DAYS * CA_DAY_S) &&
	    fill(x, key, x) &&
	    add_text_ext(
	        x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:1") &&
	    add_text_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
	return sign(x, key, good);
}

static bool add_subtree(STACK_OF(GENERAL_SUBTREE) * *list, GENERAL_NAME *name)
{
	GENERAL_SUBTREE *t = GENERAL_SUBTREE_new();

	if (*list == NULL)
		*list = sk_GENERAL_SUBTREE_new_null();
	if (t == NULL || *list == NULL || name == NULL ||
	    sk_GENERAL_SUBTREE_push(*list, t) == 0) {
		GENERAL_SUBTREE_free(t);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_free(t->base);
	t->base = name;
	return true;
}

/* A general name of the kinds that hold plain bytes. */
static GENERAL_NAME *make_name(int kind, const void *p, size_t n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *s = ASN1_STRING_type_new(
	    kind == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);

	if (name == NULL || s == NULL || ASN1_STRING_set(s, p, (int)n) != 1) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, kind, s);
	return name;
}

/* Permitted: the domains. Excluded: every address, since a kind of name that is
 * not mentioned would be free (RFC 5280, 4.2.1.10). */
static bool add_constraints(X509 *x, const char *const *domain, unsigned n)
{
	static const unsigned char all[32]; /* address and mask of nothing */
	NAME_CONSTRAINTS *nc = NAME_CONSTRAINTS_new();
	bool good = nc != NULL;

	for (unsigned i = 0; i < n && good; i++)
		good = add_subtree(&nc->permittedSubtrees,
		    make_name(GEN_DNS, domain[i], strlen(domain[i])));
	good =
	    good &&
	    add_subtree(&nc->excludedSubtrees, make_name(GEN_IPADD, all, 8)) &&
	    add_subtree(&nc->excludedSubtrees, make_name(GEN_IPADD, all, 32)) &&
	    X509_add1_ext_i2d(x, NID_name_constraints, nc, 1, 0) == 1;
	NAME_CONSTRAINTS_free(nc);
	return good;
}

/* The organization of the root, if it has one. */
static bool copy_organization(X509_NAME *to, X509 *root)
{
	X509_NAME *from = X509_get_subject_name(root);
	int at = X509_NAME_get_index_by_NID(from, NID_organizationName, -1);

	return at < 0 || X509_NAME_add_entry(
	                     to, X509_NAME_get_entry(from, at), -1, 0) == 1;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

X509 *ca_make_intermediate(EVP_PKEY *key, X509 *root, EVP_PKEY *root_key,
    const char *const *domain, unsigned n, int64_t now)
{
	int64_t end = earlier(
	    now + (int64_t)CA_INTERMEDIATE_DAYS * CA_DAY_S, ca_not_after(root));
	X509 *x = X509_new();
	bool good;

	if (x == NULL)
		return NULL;
	good = n > 0 && copy_organization(X509_get_subject_name(x), root) &&
	       add_common_name(X509_get_subject_name(x), "intermediate") &&
	       set_dates(x, now - CA_BACKDATE_S, end) && fill(x, key, root) &&
	       add_text_ext(x, root, NID_basic_constraints,
	           "critical,CA:TRUE,pathlen:0") &&
	       add_text_ext(
	           x, root, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_text_ext(x, root, NID_ext_key_usage, "serverAuth") &&
	       add_constraints(x, domain, n);
	return sign(x, root_key, good);
}

static bool add_alt_name(X509 *x, struct span host)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = make_name(GEN_DNS, host.p, host.n);
	bool good = names != NULL && name != NULL &&
	            sk_GENERAL_NAME_push(names, name) > 0;

	if (!good)
		GENERAL_NAME_free(name);
	/* Critical: the subject is empty (RFC 5280, 4.2.1.6). */
	good = good && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 1, 0);
	GENERAL_NAMES_free(names);
	return good;
}

X509 *ca_make_leaf(
    EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, struct span host, int64_t now)
{
	int64_t from = now - CA_BACKDATE_S; /* the days count from here */
	int64_t end =
	    earlier(from + (int64_t)CA_LEAF_DAYS * CA_DAY_S, ca_not_after(ca));
	X509 *x = X509_new();
	bool good;

	if (x == NULL)
		return NULL;
	good =
	    set_dates(x, from, end) && fill(x, key, ca) &&
	    add_alt_name(x, host) &&
	    add_text_ext(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_text_ext(x, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_text_ext(x, ca, NID_ext_key_usage, "serverAuth");
	return sign(x, ca_key, good);
}
