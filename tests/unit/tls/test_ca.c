/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/ca.h"
#include "tls/ca_int.h"
#include "tls/derive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "base/buf.h"
#include "unit/tls/pki.h"

#include "lib/tap.h"

#define NOW 1893456000 /* 2030-01-01T00:00:00Z */
#define DAY 86400

static const char *const domain[] = { "zoom.us", "meet.example" };
static const char *top; /* the test's directory */
static char dir[64];    /* the authority's */
static char err[200];
static unsigned char *spki; /* of a worker */
static int spki_len;

static struct span public_key(void)
{
	return span_of((const char *)spki, (size_t)spki_len);
}

static char *path(const char *name)
{
	static char text[128];

	snprintf(text, sizeof text, "%s/%s", dir, name);
	return text;
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	return stat(path(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static bool has(const char *name)
{
	return access(path(name), F_OK) == 0;
}

static int digest_of(const char *name)
{
	int fd = open(path(name), O_RDONLY), sum = 0, n;
	unsigned char p[8192];

	while ((n = (int)read(fd, p, sizeof p)) > 0)
		for (int i = 0; i < n; i++)
			sum = sum * 31 % 1000003 + p[i];
	close(fd);
	return sum;
}

static void test_init(void)
{
	static const struct {
		const char *name, *domain[2];
		unsigned n;
		int want;
	} row[] = {
		{ "x", { NULL, NULL }, 0, -EINVAL },
		{ "x", { "us", NULL }, 1, -EINVAL },
		{ "x", { "*.zoom.us", NULL }, 1, -EINVAL },
		{ "x", { ".zoom.us", NULL }, 1, -EINVAL },
		{ "x", { "zoom.us.", NULL }, 1, -EINVAL },
		{ "x", { "Zoom.us", NULL }, 1, -EINVAL },
		{ "x", { "zoom.us", "" }, 2, -EINVAL },
		{ "x", { "10.0.0.1", NULL }, 1, -EINVAL },
		{ "x", { "zoom..us", NULL }, 1, -EINVAL },
		{ "x", { "zoom.us,permitted;DNS:org", NULL }, 1, -EINVAL },
		{ "two\nlines", { "zoom.us", NULL }, 1, -EINVAL },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "890123456789",
		    { "zoom.us", NULL }, 1, -EINVAL },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		err[0] = '\0';
		tap_int(ca_init(dir, row[i].name, row[i].domain, row[i].n, NOW,
		            err),
		    row[i].want, "name %zu, domain \"%s\"", i,
		    row[i].domain[0] != NULL ? row[i].domain[0] : "");
		tap_ok(err[0] != '\0' && !has("root.key"), "%s", err);
	}
	tap_int(ca_init(dir, "Amt Köln-Süd", domain, 2, NOW, err), 0, "init");
	tap_int(mode_of(""), 0700, "mode of the directory");
	tap_int(mode_of("root.key"), 0600, "mode of root.key");
	tap_int(mode_of("ca.key"), 0600, "mode of ca.key");
	tap_int(mode_of("master.key"), 0600, "mode of master.key");
	tap_ok(has("root.pem") && has("ca.pem"), "certificates");
	tap_int(
	    ca_init(dir, "", domain, 2, NOW, err), -EEXIST, "no second time");
	tap_note("%s", err);
}

static void test_half(void)
{
	char other[96];
	int before = digest_of("master.key");

	unlink(path("root.pem"));
	tap_int(ca_init(dir, "", domain, 1, NOW, err), -EEXIST,
	    "nor when a part is missing");
	tap_ok(digest_of("master.key") == before && !has("root.pem"),
	    "nothing was touched");
	tap_ok(ca_open(dir, err) == NULL, "not to be opened: %s", err);
	snprintf(other, sizeof other, "%s/no/such", top);
	tap_int(ca_init(other, "", domain, 1, NOW, err), -EIO, "%s", err);
}

static void wipe(void)
{
	static const char *const name[] = { "root.pem", "root.key", "ca.pem",
		"ca.key", "master.key", "ca.key.new", "ca.pem.new" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		unlink(path(name[i]));
}

static void test_modes(void)
{
	struct ca *ca;

	wipe();
	ca_init(dir, "", domain, 2, NOW, err);
	chmod(path("ca.key"), 0640);
	tap_ok(ca_open(dir, err) == NULL, "%s", err);
	chmod(path("ca.key"), 0600);
	chmod(dir, 0770);
	tap_ok(ca_open(dir, err) == NULL, "%s", err);
	chmod(dir, 0700);
	ca = ca_open(dir, err);
	tap_ok(ca != NULL, "opened again");
	ca_close(ca);
	ca_close(NULL);
}

static void test_covers(const struct ca *ca)
{
	static const struct {
		const char *host;
		int64_t now;
		int want;
	} row[] = {
		{ "zoom.us", NOW, 0 },
		{ "us05web.zoom.us", NOW, 0 },
		{ "a.b.c.zoom.us", NOW, 0 },
		{ "_x.meet.example", NOW, 0 },
		{ "notzoom.us", NOW, -EACCES },
		{ "zoom.us.evil.example", NOW, -EACCES },
		{ "us", NOW, -EACCES },
		{ "", NOW, -EACCES },
		{ "*.zoom.us", NOW, -EACCES },
		{ "Zoom.us", NOW, -EACCES },
		{ "127.0.0.1", NOW, -EACCES },
		{ "zoom.us", NOW + 89 * DAY, 0 },
		{ "zoom.us", NOW + 90 * DAY - 3599, -ETIME },
		{ "zoom.us", NOW + 91 * DAY, -ETIME },
		{ "zoom.us", NOW - DAY, -ETIME },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		tap_int(ca_covers(ca, span_str(row[i].host), row[i].now),
		    row[i].want, "covers \"%s\"", row[i].host);
	tap_int(ca_expires(ca), NOW + 90LL * DAY, "90 days");
}

static X509 *issue(const struct ca *ca, const char *host, int64_t now)
{
	const unsigned char *p;
	struct buf chain;
	X509 *x = NULL;

	buf_init(&chain, 16384);
	if (ca_issue(ca, span_str(host), public_key(), now, &chain) == 0) {
		p = (const unsigned char *)buf_span(&chain).p;
		x = d2i_X509(NULL, &p, (long)buf_len(&chain));
	}
	buf_fini(&chain);
	return x;
}

static void test_leaf(const struct ca *ca)
{
	X509 *x = issue(ca, "us05web.zoom.us", NOW);
	X509 *last = issue(ca, "zoom.us", NOW + 88 * DAY);
	X509 *more = issue(ca, "us05web.zoom.us", NOW);
	int critical = -1;
	struct buf out;

	tap_int(
	    X509_NAME_entry_count(X509_get_subject_name(x)), 0, "no subject");
	GENERAL_NAMES_free(
	    X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL));
	tap_int(critical, 1, "a critical alternative name");
	tap_int(X509_check_host(x, "us05web.zoom.us", 0, 0, NULL), 1,
	    "which is the host");
	tap_int(X509_check_host(x, "us06web.zoom.us", 0, 0, NULL), 0,
	    "and no other");
	tap_int(ca_not_before(x), NOW - 3600, "from an hour ago");
	tap_int(ca_not_after(x), NOW - 3600 + 7LL * DAY, "seven days");
	tap_int(
	    ca_not_after(last), ca_expires(ca), "not beyond the intermediate");
	tap_int(
	    ASN1_STRING_length((const ASN1_STRING *)X509_get0_serialNumber(x)),
	    16, "128 bits of serial number");
	tap_ok(ASN1_INTEGER_cmp(X509_get0_serialNumber(x),
	           X509_get0_serialNumber(more)) != 0,
	    "never the same");
	tap_ok(X509_get0_subject_key_id(x) != NULL &&
	           X509_get0_authority_key_id(x) != NULL,
	    "key identifiers");
	tap_int(
	    X509_get_extended_key_usage(x), XKU_SSL_SERVER, "for servers only");
	tap_int(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE, "signs only");
	buf_init(&out, 16384);
	tap_int(ca_issue(ca, SPAN("evil.example"), public_key(), NOW, &out),
	    -EACCES, "nothing for a foreign host");
	tap_int(ca_issue(ca, SPAN("*.zoom.us"), public_key(), NOW, &out),
	    -EINVAL, "nor a wildcard");
	tap_int(ca_issue(ca, SPAN("zoom.us"), SPAN("junk"), NOW, &out), -EINVAL,
	    "nor for junk");
	tap_int((long long)buf_len(&out), 0, "nothing came out");
	buf_fini(&out);
	X509_free(x);
	X509_free(last);
	X509_free(more);
}

/* What a client with our root as its only trust says. */
static int verify(
    X509 *leaf, X509 *ca, X509 *root, const char *host, int64_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *more = sk_X509_new_null();
	X509_VERIFY_PARAM *param;
	int result;

	X509_STORE_add_cert(store, root);
	sk_X509_push(more, ca);
	X509_STORE_CTX_init(ctx, store, leaf, more);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	if (host != NULL)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	X509_verify_cert(ctx);
	result = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(more);
	return result;
}

/* Somebody has the key of the intermediate and does as he likes. */
static X509 *forge(
    X509 *ca, EVP_PKEY *ca_key, const char *alt, const char *common_name)
{
	const unsigned char *p = spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, spki_len);
	X509 *x = ca_make_leaf(key, ca, ca_key, SPAN("zoom.us"), NOW);
	int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
	X509_EXTENSION *e;

	X509_EXTENSION_free(X509_delete_ext(x, at));
	if (alt != NULL) {
		e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	if (common_name != NULL)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
		    MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
		    0);
	X509_sign(x, ca_key, EVP_sha256());
	EVP_PKEY_free(key);
	return x;
}

static void test_constraints(const struct ca *ca)
{
	static const struct {
		const char *name, *alt, *cn;
		int want;
	} row[] = {
		{ "inside", "critical,DNS:us05web.zoom.us", NULL, X509_V_OK },
		{ "outside", "critical,DNS:bank.example", NULL,
		    X509_V_ERR_PERMITTED_VIOLATION },
		{ "one of each", "critical,DNS:zoom.us,DNS:bank.example", NULL,
		    X509_V_ERR_PERMITTED_VIOLATION },
		{ "looks like it", "critical,DNS:notzoom.us", NULL,
		    X509_V_ERR_PERMITTED_VIOLATION },
		{ "IPv4 address", "critical,IP:192.0.2.1", NULL,
		    X509_V_ERR_EXCLUDED_VIOLATION },
		{ "IPv6 address", "critical,IP:2001:db8::1", NULL,
		    X509_V_ERR_EXCLUDED_VIOLATION },
		{ "only in the common name", NULL, "bank.example",
		    X509_V_ERR_PERMITTED_VIOLATION },
	};
	EVP_PKEY *ca_key = NULL;
	X509 *root = NULL, *inter = NULL, *x = issue(ca, "zoom.us", NOW);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	ca_read_cert(fd, "root.pem", &root, err);
	ca_read_cert(fd, "ca.pem", &inter, err);
	ca_read_key(fd, "ca.key", &ca_key, err);
	tap_int(verify(x, inter, root, "zoom.us", NOW), X509_V_OK,
	    "a leaf of ours is good");
	tap_int(verify(x, inter, root, "zoom.us", NOW + 8 * DAY),
	    X509_V_ERR_CERT_HAS_EXPIRED, "until it ends");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		X509 *forged = forge(inter, ca_key, row[i].alt, row[i].cn);

		tap_int(verify(forged, inter, root, NULL, NOW), row[i].want,
		    "forged with the stolen key: %s", row[i].name);
		X509_free(forged);
	}
	tap_int(X509_get_pathlen(root), 1, "path length of the root");
	tap_int(X509_get_pathlen(inter), 0, "and of the intermediate");
	tap_int(X509_get_key_usage(inter), KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	    "the intermediate signs certificates");
	X509_free(x);
	X509_free(root);
	X509_free(inter);
	EVP_PKEY_free(ca_key);
	close(fd);
}

static void test_renew(void)
{
	static const char *const more[] = { "zoom.us", "call.example" };
	int master = digest_of("master.key"), root = digest_of("root.pem"),
	    old = digest_of("ca.key");
	struct ca *ca;
	char away[128], other[128];

	tap_int(ca_renew(dir, more, 2, NOW + 60 * DAY, err), 0, "renew");
	ca = ca_open(dir, err);
	tap_ok(ca != NULL &&
	           ca_covers(ca, SPAN("a.call.example"), NOW + 60 * DAY) == 0 &&
	           ca_covers(ca, SPAN("meet.example"), NOW + 60 * DAY) ==
	               -EACCES &&
	           ca_expires(ca) == NOW + 150LL * DAY,
	    "new domains, new dates");
	ca_close(ca);
	tap_ok(digest_of("master.key") == master &&
	           digest_of("root.pem") == root &&
	           digest_of("ca.key") != old && mode_of("ca.key") == 0600 &&
	           !has("ca.key.new"),
	    "a new key; nothing else has changed");
	/* Cut between the two renames. */
	old = digest_of("ca.key");
	snprintf(away, sizeof away, "%s/ca.key.new", dir);
	rename(path("ca.key"), away);
	snprintf(other, sizeof other, "%s/root.key", dir);
	tap_ok(link(other, path("ca.key")) == 0, "cut");
	ca = ca_open(dir, err);
	tap_ok(ca != NULL, "a renewal that was cut can be opened");
	ca_close(ca);
	tap_int(ca_renew(dir, more, 2, NOW + 61 * DAY, err), 0,
	    "and renewed again");
	ca = ca_open(dir, err);
	tap_ok(ca != NULL && !has("ca.key.new") && !has("ca.pem.new"),
	    "and is tidy then");
	ca_close(ca);
	tap_int(ca_renew(dir, more, 2, NOW + 3640LL * DAY, err), 0,
	    "near the end of the root");
	ca = ca_open(dir, err);
	tap_int(ca_expires(ca), NOW + 3650LL * DAY, "not beyond the root");
	ca_close(ca);
	tap_int(
	    ca_renew(dir, more, 2, NOW + 3650LL * DAY, err), -EIO, "%s", err);
	unlink(path("root.key"));
	tap_int(ca_renew(dir, more, 2, NOW, err), -ENOENT, "%s", err);
	tap_ok((ca = ca_open(dir, err)) != NULL, "issuing needs no root key");
	ca_close(ca);
}

static void test_show(void)
{
	struct buf pem, der;
	const unsigned char *p;
	X509 *x;

	buf_init(&pem, 65536);
	buf_init(&der, 65536);
	tap_int(ca_show(dir, &pem), 0, "show");
	tap_ok(
	    span_find(buf_span(&pem), SPAN("call.example")) < buf_len(&pem) &&
	        span_find(buf_span(&pem), SPAN("2039-")) < buf_len(&pem) &&
	        span_find(buf_span(&pem), SPAN("PRIVATE")) == buf_len(&pem) &&
	        span_find(buf_span(&pem), SPAN("not on this machine")) <
	            buf_len(&pem),
	    "what it says");
	buf_reset(&pem);
	tap_int(ca_export(dir, &pem, &der), 0, "export");
	p = (const unsigned char *)buf_span(&der).p;
	x = d2i_X509(NULL, &p, (long)buf_len(&der));
	tap_ok(x != NULL && X509_check_ca(x) == 1, "the root, in DER");
	X509_free(x);
	tap_ok(
	    span_starts(buf_span(&pem), SPAN("-----BEGIN CERTIFICATE-----\n")),
	    "and PEM");
	wipe();
	tap_int(ca_export(dir, &pem, &der), -ENOENT, "nothing to export");
	tap_int(ca_show(dir, &pem), -ENOENT, "nothing to show");
	buf_fini(&pem);
	buf_fini(&der);
}

static void test_derive(void)
{
	/* RFC 4231, test case 1, with the key filled up with zeros, which is
	 * the same key to HMAC. */
	static const unsigned char key[32] = { 11, 11, 11, 11, 11, 11, 11, 11,
		11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11 };
	static const struct span want = {
		"\xb0\x34\x4c\x61\xd8\xdb\x38\x53\x5c\xa8\xaf\xce\xaf\x0b\xf1"
		"\x2b",
		16
	};
	unsigned char a[80], b[80];

	for (unsigned i = 0; i < 2; i++) {
		tap_int(derive_mac(key, SPAN("Hi There"), a), 0, "HMAC");
		tap_span(span_of((char *)a, 16), want, "RFC 4231, 4.2");
	}
	tap_int(derive_epoch(key, 20000, a), 0, "a day");
	tap_int(derive_epoch(key, 20000, b), 0, "the same day");
	tap_ok(memcmp(a, b, 32) == 0, "gives the same key");
	derive_epoch(key, 20001, b);
	tap_ok(memcmp(a, b, 32) != 0, "another day another");
	tap_ok(derive_use(key, "alias", SPAN("zoom"), a, 80) == 0 &&
	           derive_use(key, "aliasz", SPAN("oom"), b, 80) == 0 &&
	           memcmp(a, b, 80) != 0,
	    "label and service are kept apart");
	derive_use(key, "ticket", SPAN_NONE, b, 80);
	tap_ok(memcmp(a, b, 80) != 0, "for another use");
}

int main(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct ca *ca;

	spki_len = i2d_PUBKEY(key, &spki);
	top = pki_dir();
	snprintf(dir, sizeof dir, "%s/ca", top);
	test_init();
	test_half();
	test_modes();
	ca = ca_open(dir, err);
	test_covers(ca);
	test_leaf(ca);
	test_constraints(ca);
	ca_close(ca);
	test_renew();
	test_show();
	test_derive();
	pki_dir_remove();
	EVP_PKEY_free(key);
	OPENSSL_free(spki);
	return tap_done();
}
