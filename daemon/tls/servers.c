/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/servers_int.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/list.h"
#include "net/clock.h"
#include "tls/channel.h"

#define TRUST_MAX_BYTES (8u << 20)
#define TRUST_FALLBACK "/etc/ssl/certs/ca-certificates.crt" /* Debian */

struct servers {
	unsigned refs;
	SSL_CTX *ctx;
	struct hash *kept; /* key -> struct kept */
	struct link lru;   /* of struct kept, newest first */
};

/* Sessions with one server. */
struct kept {
	struct link lru;
	SSL_SESSION *session[SERVERS_SESSIONS_MAX]; /* oldest first */
	unsigned n;
	size_t len;
	char key[];
};

static int add_trust(SSL_CTX *ctx, struct span pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	unsigned n = 0;
	bool good = in != NULL;
	X509 *x;

	while (good && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		good = X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
		n++;
	}
	/* The end of the text is the only good reason to stop. */
	if (good)
		good = ERR_GET_REASON(ERR_peek_last_error()) ==
		       PEM_R_NO_START_LINE;
	BIO_free(in);
	ERR_clear_error();
	return good && n > 0 ? 0 : -1;
}

static SSL_CTX *make_ctx(enum tls_profile profile, struct span trust)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return NULL;
	if (tls_profile_apply(ctx, profile) < 0 || add_trust(ctx, trust) < 0) {
		SSL_CTX_free(ctx);
		ERR_clear_error();
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	return ctx;
}

struct servers *servers_new_pem(enum tls_profile profile, struct span pem)
{
	struct servers *v;

	if (pem.n == 0 || pem.n > TRUST_MAX_BYTES)
		return NULL;
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return NULL;
	v->refs = 1;
	list_init(&v->lru);
	v->ctx = make_ctx(profile, pem);
	v->kept = hash_new(SERVERS_HOSTS_MAX);
	if (v->ctx != NULL && v->kept != NULL)
		return v;
	servers_free(v);
	return NULL;
}

static int read_file(const char *path, struct buf *out)
{
	BIO *in = BIO_new_file(path, "r");
	char piece[4096];
	int n = 0;

	while (in != NULL && (n = BIO_read(in, piece, sizeof piece)) > 0)
		if (buf_add(out, piece, (size_t)n) < 0)
			break;
	BIO_free(in);
	ERR_clear_error();
	return in == NULL || n != 0 ? -1 : 0;
}

struct servers *servers_new(enum tls_profile profile, const char *trust)
{
	struct servers *v = NULL;
	struct buf pem;
	int err;

	buf_init(&pem, TRUST_MAX_BYTES);
	if (trust != NULL) {
		err = read_file(trust, &pem);
	} else {
		err = read_file(X509_get_default_cert_file(), &pem);
		if (err < 0) {
			buf_reset(&pem);
			err = read_file(TRUST_FALLBACK, &pem);
		}
	}
	if (err == 0)
		v = servers_new_pem(profile, buf_span(&pem));
	buf_fini(&pem);
	return v;
}

static void forget(struct servers *v, struct kept *k)
{
	list_del(&k->lru);
	hash_del(v->kept, span_of(k->key, k->len));
	for (unsigned i = 0; i < k->n; i++)
		SSL_SESSION_free(k->session[i]);
	free(k);
}

void servers_free(struct servers *v)
{
	if (v == NULL || --v->refs > 0)
		return;
	LIST_EACH(l, tmp, &v->lru)
	forget(v, LIST_ENTRY(l, struct kept, lru));
	hash_free(v->kept);
	SSL_CTX_free(v->ctx);
	free(v);
}

struct servers *servers_ref(struct servers *v)
{
	v->refs++;
	return v;
}

SSL_CTX *servers_ctx(struct servers *v)
{
	return v->ctx;
}

void servers_on_session(struct servers *v, servers_session_f *fn)
{
	SSL_CTX_sess_set_new_cb(v->ctx, fn);
}

static struct kept *kept_of(struct servers *v, struct span key)
{
	struct kept *k = hash_get(v->kept, key);

	if (k != NULL)
		return k;
	if (hash_count(v->kept) >= SERVERS_HOSTS_MAX)
		forget(v, LIST_ENTRY(v->lru.prev, struct kept, lru));
	k = calloc(1, sizeof *k + key.n);
	if (k == NULL)
		return NULL;
	memcpy(k->key, key.p, key.n);
	k->len = key.n;
	if (hash_put(v->kept, span_of(k->key, k->len), k) < 0) {
		free(k);
		return NULL;
	}
	list_add(&v->lru, &k->lru);
	return k;
}

/* Take number i out; the rest moves up. */
static SSL_SESSION *pick(struct kept *k, unsigned i)
{
	SSL_SESSION *session = k->session[i];

	k->n--;
	for (; i < k->n; i++)
		k->session[i] = k->session[i + 1];
	return session;
}

void servers_keep(struct servers *v, struct span key, SSL_SESSION *session)
{
	struct kept *k = kept_of(v, key);

	if (k == NULL) {
		SSL_SESSION_free(session);
		return;
	}
	list_del(&k->lru);
	list_add(&v->lru, &k->lru);
	if (k->n == SERVERS_SESSIONS_MAX)
		SSL_SESSION_free(pick(k, 0));
	k->session[k->n++] = session;
}

/* A resumed session is not verified again: its certificate must still be good,
 * and the server must still want it. */
static bool usable(const SSL_SESSION *session)
{
	time_t now = (time_t)clock_unix_s();
	X509 *peer = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);

	return SSL_SESSION_is_resumable(session) && peer != NULL &&
	       X509_cmp_time(X509_get0_notAfter(peer), &now) > 0 &&
	       now - (time_t)SSL_SESSION_get_time(session) <
	           (time_t)SSL_SESSION_get_timeout(session);
}

SSL_SESSION *servers_take(struct servers *v, struct span key)
{
	struct kept *k = hash_get(v->kept, key);
	SSL_SESSION *session = NULL;

	while (k != NULL && k->n > 0 && session == NULL) {
		session = pick(k, k->n - 1);
		if (!usable(session)) {
			SSL_SESSION_free(session);
			session = NULL;
		} else if (SSL_SESSION_get_protocol_version(session) <
		           TLS1_3_VERSION) {
			SSL_SESSION_up_ref(session);
			k->session[k->n++] = session;
		}
	}
	if (k != NULL && k->n == 0)
		forget(v, k);
	return session;
}
