/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/leaf.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/secret.h"
#include "net/clock.h"

#define LEAF_ENDS_S 300 /* so long before its end a leaf is no longer used */
#define LEAF_HOST_MAX 253
#define LEAF_CHAIN_MAX 4
#define TICKET_LIFE_S (8 * 3600)

struct leaf {
	struct link lru;
	SSL_CTX *ctx; /* owned */
	int64_t ends; /* of the first of its chain to end */
	size_t len;
	char host[];
};

static struct {
	enum tls_profile profile;
	enum tls_alpn alpn;
	EVP_PKEY *key;
	unsigned char *spki;
	int spki_len;
	struct hash *by_host;
	struct link lru; /* newest first */
	bool have_tickets;
	unsigned char tickets[80];
} own;

int leaf_init(enum tls_profile profile, enum tls_alpn alpn)
{
	list_init(&own.lru);
	own.profile = profile;
	own.alpn = alpn;
	own.by_host = hash_new(LEAF_CACHE_MAX);
	own.key = EVP_EC_gen("P-256");
	own.spki_len = own.key != NULL ? i2d_PUBKEY(own.key, &own.spki) : 0;
	ERR_clear_error();
	if (own.by_host != NULL && own.spki_len > 0)
		return 0;
	leaf_fini();
	return -EIO;
}

static void forget(struct leaf *l)
{
	list_del(&l->lru);
	hash_del(own.by_host, span_of(l->host, l->len));
	SSL_CTX_free(l->ctx);
	free(l);
}

void leaf_forget_all(void)
{
	if (own.by_host == NULL)
		return;
	LIST_EACH(it, tmp, &own.lru)
	forget(LIST_ENTRY(it, struct leaf, lru));
}

void leaf_fini(void)
{
	leaf_forget_all();
	hash_free(own.by_host);
	EVP_PKEY_free(own.key);
	OPENSSL_free(own.spki);
	secret_wipe(&own, sizeof own);
}

struct span leaf_public_key(void)
{
	return span_of((const char *)own.spki, (size_t)own.spki_len);
}

static void give_tickets(SSL_CTX *ctx)
{
	if (own.have_tickets)
		SSL_CTX_set_tlsext_ticket_keys(
		    ctx, own.tickets, sizeof own.tickets);
}

void leaf_ticket_keys(const unsigned char keys[80])
{
	memcpy(own.tickets, keys, sizeof own.tickets);
	own.have_tickets = true;
	if (own.by_host == NULL)
		return;
	LIST_EACH(it, tmp, &own.lru)
	give_tickets(LIST_ENTRY(it, struct leaf, lru)->ctx);
}

SSL_CTX *leaf_find(struct span host)
{
	struct leaf *l = hash_get(own.by_host, host);

	if (l == NULL)
		return NULL;
	if (l->ends - clock_unix_s() < LEAF_ENDS_S) {
		forget(l);
		return NULL;
	}
	list_del(&l->lru);
	list_add(&own.lru, &l->lru);
	return l->ctx;
}

/* Asked only when the client offers something, in a resumed session as well. */
static int on_alpn(SSL *ssl, const unsigned char **ret_name,
    unsigned char *ret_len, const unsigned char *in, unsigned n, void *arg)
{
	struct span name =
	    tls_alpn_pick(own.alpn, span_of((const char *)in, n));

	(void)ssl, (void)arg;
	if (name.n == 0)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret_name = (const unsigned char *)name.p;
	*ret_len = (unsigned char)name.n;
	return SSL_TLSEXT_ERR_OK;
}

/* Tickets of all hosts have the same keys; the digest of the host keeps one
 * from being used for another. */
static int bind_sessions(SSL_CTX *ctx, struct span host)
{
	unsigned char id[SHA256_DIGEST_LENGTH];

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
	SSL_CTX_set_num_tickets(ctx, 1);
	return SHA256((const unsigned char *)host.p, host.n, id) != NULL &&
	       SSL_CTX_set_session_id_context(ctx, id, sizeof id) == 1;
}

static SSL_CTX *make_ctx(struct span host, X509 *x, STACK_OF(X509) * more)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	if (tls_profile_apply(ctx, own.profile) < 0 ||
	    SSL_CTX_use_cert_and_key(ctx, x, own.key, more, 1) != 1 ||
	    !bind_sessions(ctx, host)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	give_tickets(ctx);
	return ctx;
}

static int64_t end_of(const X509 *x)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

/* Leaf and the rest of the chain. The caller frees both, also on error. */
static int read_chain(
    struct span der, X509 **ret_leaf, STACK_OF(X509) * more, int64_t *ret_ends)
{
	const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
	X509 *x;

	for (unsigned n = 0; p < end; n++) {
		x = n < LEAF_CHAIN_MAX ? d2i_X509(NULL, &p, end - p) : NULL;
		if (x == NULL)
			return -EBADMSG;
		if (n == 0 || end_of(x) < *ret_ends)
			*ret_ends = end_of(x);
		if (n == 0) {
			*ret_leaf = x;
		} else if (sk_X509_push(more, x) == 0) {
			X509_free(x);
			return -ENOMEM;
		}
	}
	return *ret_leaf != NULL ? 0 : -EBADMSG;
}

static bool fits(X509 *x, struct span host)
{
	return X509_check_private_key(x, own.key) == 1 &&
	       X509_check_host(x, host.p, host.n,
	           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static int keep(struct span host, SSL_CTX *ctx, int64_t ends)
{
	struct leaf *l = hash_get(own.by_host, host);

	if (l != NULL)
		forget(l);
	else if (hash_count(own.by_host) >= LEAF_CACHE_MAX)
		forget(LIST_ENTRY(own.lru.prev, struct leaf, lru));
	l = calloc(1, sizeof *l + host.n);
	if (l == NULL)
		return -ENOMEM;
	l->ctx = ctx;
	l->ends = ends;
	l->len = host.n;
	memcpy(l->host, host.p, host.n);
	if (hash_put(own.by_host, span_of(l->host, l->len), l) < 0) {
		free(l);
		return -ENOMEM;
	}
	list_add(&own.lru, &l->lru);
	return 0;
}

int leaf_put(struct span host, struct span chain_der)
{
	STACK_OF(X509) *more = sk_X509_new_null();
	SSL_CTX *ctx = NULL;
	X509 *x = NULL;
	int64_t ends = 0;
	int err = more != NULL ? 0 : -ENOMEM;

	if (host.n == 0 || host.n > LEAF_HOST_MAX)
		err = -EBADMSG;
	if (err == 0)
		err = read_chain(chain_der, &x, more, &ends);
	if (err == 0 && !fits(x, host))
		err = -EBADMSG;
	if (err == 0 && (ctx = make_ctx(host, x, more)) == NULL)
		err = -ENOMEM;
	if (err == 0)
		err = keep(host, ctx, ends);
	if (err < 0)
		SSL_CTX_free(ctx);
	X509_free(x);
	sk_X509_pop_free(more, X509_free);
	ERR_clear_error();
	return err;
}
