/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "net/addr.h"
#include "net/clock.h"
#include "tls/servers_int.h"

#define HOST_MAX 253

struct channel {
	SSL *ssl;           /* owned */
	int fd;             /* borrowed from the stream */
	struct buf prefix;  /* bytes that were taken from the socket before */
	enum tls_alpn alpn; /* what is offered to a server */
	bool server;        /* we are the TLS server */
	bool shaken, failed;
	bool wants_write; /* of the last call that had to wait */
	bool dry;         /* the last recv emptied the socket: ask it later */
	bool said_goodbye;
	bool eof; /* the socket ended */
	int err;  /* the socket's negative errno */
	enum why why;
	struct servers *servers; /* a reference; NULL on the server side */
	char
	    *key; /* owned; "host:port" for sessions; NULL on the server side */
};

/* ---- the socket below OpenSSL ---- */

static int take_prefix(struct channel *c, char *p, size_t n)
{
	size_t have = buf_len(&c->prefix);

	if (n > have)
		n = have;
	memcpy(p, buf_span(&c->prefix).p, n);
	buf_drain(&c->prefix, n);
	buf_release(&c->prefix);
	return (int)n;
}

static int bio_read(BIO *b, char *p, int n)
{
	struct channel *c = BIO_get_data(b);
	ssize_t got;

	BIO_clear_retry_flags(b);
	if (buf_len(&c->prefix) > 0)
		return take_prefix(c, p, (size_t)n);
	if (c->dry) {
		/* Saves the call that would say "nothing": the loop watches
		 * the level of the socket, so nothing is missed. */
		c->dry = false;
		BIO_set_retry_read(b);
		return -1;
	}
	do
		got = recv(c->fd, p, (size_t)n, 0);
	while (got < 0 && errno == EINTR);
	c->dry = got > 0 && got < n;
	if (got == 0)
		c->eof = true;
	else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_read(b);
	else if (got < 0)
		c->err = -errno;
	return (int)got;
}

static int bio_write(BIO *b, const char *p, int n)
{
	struct channel *c = BIO_get_data(b);
	ssize_t put;

	BIO_clear_retry_flags(b);
	do
		put = send(c->fd, p, (size_t)n, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_write(b);
	else if (put < 0) /* -EPIPE means something else: see on_end */
		c->err = errno == EPIPE ? -ECONNRESET : -errno;
	return (int)put;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	struct channel *c = BIO_get_data(b);

	(void)num, (void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return c->eof;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *m; /* lives as long as the process */

	if (m != NULL)
		return m;
	m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
	if (m == NULL || BIO_meth_set_read(m, bio_read) != 1 ||
	    BIO_meth_set_write(m, bio_write) != 1 ||
	    BIO_meth_set_ctrl(m, bio_ctrl) != 1) {
		BIO_meth_free(m);
		m = NULL;
	}
	return m;
}

/* ---- the transport above it ---- */

static enum why why_of_cert(long verify)
{
	switch (verify) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return WHY_CERT_EXPIRED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return WHY_CERT_NAME;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return WHY_CERT_WEAK;
	default: /* OpenSSL's numbers, not an enum of ours */
		return WHY_CERT_UNKNOWN;
	}
}

static enum why why_failed(const struct channel *c)
{
	long verify = SSL_get_verify_result(c->ssl);

	if (c->server)
		return WHY_TLS_CLIENT;
	return verify == X509_V_OK || c->shaken ? WHY_TLS_SERVER
	                                        : why_of_cert(verify);
}

/* SSL_get_error looks at the queue. Clearing an empty one costs six times as
 * much as looking, and this is done for each record. */
static void forget_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* What a result that is not a success means: 0 is an orderly end. */
static int outcome(struct channel *c, int result)
{
	int is = SSL_get_error(c->ssl, result);

	c->wants_write = is == SSL_ERROR_WANT_WRITE;
	if (is == SSL_ERROR_WANT_READ || is == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	if (is == SSL_ERROR_ZERO_RETURN)
		return 0;
	c->failed = true;
	c->why = why_failed(c);
	ERR_clear_error();
	if (c->err < 0)
		return c->err;
	return c->eof ? -EPIPE : -EPROTO;
}

static struct span chosen(const struct channel *c)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(c->ssl, &p, &n);
	return n > 0 ? span_of((const char *)p, n) : SPAN("");
}

/* OpenSSL before 3.0.15 does not look whether the choice was offered. */
static bool spoken(const struct channel *c)
{
	struct span name = chosen(c);

	return c->server || name.n == 0 ||
	       tls_alpn_has(tls_alpn_list(c->alpn), name);
}

/* Take the key out of what OpenSSL keeps as long as the connection lives. */
static void empty(EVP_PKEY *key)
{
	(void)EVP_PKEY_set_type(key, EVP_PKEY_EC);
}

/* What only the handshake needed: the secret keys that it agreed with must not
 * outlive it, and all of it is a third of the memory of an idle connection. The
 * certificate stays, for the session; the rest of its chain does not. */
static void forget_handshake(struct channel *c)
{
	X509 *peer = SSL_get0_peer_certificate(c->ssl);
	STACK_OF(X509) * more;
	EVP_PKEY *key;

	if (SSL_get_tmp_key(c->ssl, &key) == 1) {
		empty(key);
		EVP_PKEY_free(key);
	}
	if (SSL_get_peer_tmp_key(c->ssl, &key) == 1) {
		empty(key);
		EVP_PKEY_free(key);
	}
	if (c->server || peer == NULL || SSL_session_reused(c->ssl))
		return;
	if ((key = X509_get0_pubkey(peer)) != NULL)
		empty(key);
	more = SSL_get_peer_cert_chain(c->ssl);
	while (sk_X509_num(more) > 1)
		X509_free(sk_X509_pop(more));
	more = SSL_get0_verified_chain(c->ssl);
	while (sk_X509_num(more) > 0)
		X509_free(sk_X509_pop(more));
}

static int shake(void *t)
{
	struct channel *c = t;
	int r, err;

	forget_errors();
	r = SSL_do_handshake(c->ssl);
	if (r == 1 && spoken(c)) {
		c->shaken = true;
		c->wants_write = false;
		forget_handshake(c);
		return 0;
	}
	if (r == 1) {
		c->failed = true;
		return -EPROTO;
	}
	err = outcome(c, r);
	return err == 0 ? -EPROTO : err;
}

static ssize_t channel_read(void *t, char *p, size_t n)
{
	struct channel *c = t;
	size_t got;
	int r;

	forget_errors();
	r = SSL_read_ex(c->ssl, p, n, &got);
	if (r == 1) {
		c->wants_write = false;
		return (ssize_t)got;
	}
	return outcome(c, r);
}

static ssize_t channel_write(void *t, const char *p, size_t n)
{
	struct channel *c = t;
	size_t put;
	int r, err;

	forget_errors();
	r = SSL_write_ex(c->ssl, p, n, &put);
	if (r == 1) {
		c->wants_write = false;
		return (ssize_t)put;
	}
	err = outcome(c, r);
	return err == 0 || err == -EPIPE ? -ECONNRESET : err;
}

static bool wants_write(void *t)
{
	const struct channel *c = t;

	return c->wants_write;
}

static bool pending(void *t)
{
	const struct channel *c = t;

	return SSL_has_pending(c->ssl) || buf_len(&c->prefix) > 0;
}

static void rest(void *t)
{
	struct channel *c = t;

	(void)SSL_free_buffers(c->ssl); /* not while they hold something */
}

/* close_notify; not waiting for the one of the peer. */
static void finish(void *t)
{
	struct channel *c = t;
	int r;

	c->wants_write = false;
	if (c->failed || !c->shaken || c->said_goodbye)
		return;
	forget_errors();
	r = SSL_shutdown(c->ssl);
	if (r < 0 && SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_WRITE)
		c->wants_write = true;
	else
		c->said_goodbye = true;
	ERR_clear_error();
}

static void channel_free(void *t)
{
	struct channel *c = t;

	if (c == NULL)
		return;
	/* A session is as good after a sudden end as after another one. */
	if (c->shaken && !c->failed)
		SSL_set_shutdown(
		    c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	servers_free(c->servers);
	buf_fini(&c->prefix);
	ERR_clear_error();
	free(c->key);
	free(c);
}

static const struct transport ops = {
	.shake = shake,
	.read = channel_read,
	.write = channel_write,
	.wants_write = wants_write,
	.pending = pending,
	.rest = rest,
	.finish = finish,
	.free = channel_free,
};

/* ---- both sides ---- */

static struct channel *channel_new(struct stream *s, SSL_CTX *ctx)
{
	struct channel *c = calloc(1, sizeof *c);
	BIO_METHOD *m = bio_method();
	BIO *b = m != NULL ? BIO_new(m) : NULL;

	if (c == NULL || b == NULL || (c->ssl = SSL_new(ctx)) == NULL) {
		BIO_free(b);
		free(c);
		ERR_clear_error();
		return NULL;
	}
	c->fd = stream_fd(s);
	buf_init(&c->prefix, STREAM_IN_MAX_BYTES);
	BIO_set_data(b, c);
	BIO_set_init(b, 1);
	SSL_set_bio(c->ssl, b, b);
	SSL_set_app_data(c->ssl, c);
	return c;
}

int channel_serve(struct stream *s, SSL_CTX *ctx)
{
	struct channel *c = channel_new(s, ctx);
	struct buf *in = stream_in(s);

	if (c == NULL)
		return -ENOMEM;
	c->server = true;
	c->why = WHY_TLS_CLIENT;
	c->prefix = *in; /* moved */
	buf_init(in, c->prefix.max);
	SSL_set_accept_state(c->ssl);
	stream_set_transport(s, &ops, c);
	return 0;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct channel *c = SSL_get_app_data(ssl);

	if (c->servers == NULL)
		return 0;
	servers_keep(c->servers, span_str(c->key), session);
	return 1; /* the reference is ours now */
}

/* Name to check, and to ask for. */
static int set_name(struct channel *c, struct span host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
	struct addr literal;
	char name[HOST_MAX + 1];

	X509_VERIFY_PARAM_set_time(param, (time_t)clock_unix_s());
	if (addr_parse(host, 0, &literal) == 0) {
		bool v6 = literal.u.any.sa_family == AF_INET6;

		return X509_VERIFY_PARAM_set1_ip(param,
		    v6 ? literal.u.v6.sin6_addr.s6_addr
		       : (unsigned char *)&literal.u.v4.sin_addr,
		    v6 ? 16 : 4);
	}
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return X509_VERIFY_PARAM_set1_host(param, name, host.n) == 1 &&
	       SSL_set_tlsext_host_name(c->ssl, name) == 1;
}

static void resume(struct channel *c)
{
	SSL_SESSION *session = servers_take(c->servers, span_str(c->key));

	if (session != NULL)
		SSL_set_session(c->ssl, session);
	SSL_SESSION_free(session);
}

static bool offer(struct channel *c, enum tls_alpn alpn)
{
	struct span list = tls_alpn_list(alpn);

	c->alpn = alpn;
	return SSL_set_alpn_protos(c->ssl, (const unsigned char *)list.p,
	           (unsigned)list.n) == 0;
}

int channel_connect(struct stream *s, struct servers *v, struct span host,
    uint16_t port, enum tls_alpn alpn)
{
	struct channel *c;

	if (host.n == 0 || host.n > HOST_MAX ||
	    memchr(host.p, '\0', host.n) != NULL)
		return -EINVAL;
	c = channel_new(s, servers_ctx(v));
	if (c == NULL)
		return -ENOMEM;
	c->why = WHY_TLS_SERVER;
	c->key = malloc(host.n + sizeof ":65535");
	if (c->key != NULL)
		snprintf(c->key, host.n + sizeof ":65535", "%.*s:%u",
		    SPAN_ARG(host), port);
	if (c->key == NULL || !set_name(c, host) || !offer(c, alpn)) {
		channel_free(c);
		return -ENOMEM;
	}
	c->servers = servers_ref(v);
	servers_on_session(v, on_session);
	resume(c);
	SSL_set_connect_state(c->ssl);
	stream_set_transport(s, &ops, c);
	return 0;
}

enum why channel_why(struct stream *s)
{
	const struct channel *c = stream_transport(s);

	return c->why;
}

bool channel_resumed(struct stream *s)
{
	const struct channel *c = stream_transport(s);

	return SSL_session_reused(c->ssl);
}

struct span channel_alpn(struct stream *s)
{
	return chosen(stream_transport(s));
}

struct span channel_sni(struct stream *s)
{
	const struct channel *c = stream_transport(s);
	const char *name =
	    SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);

	return name != NULL ? span_str(name) : SPAN("");
}
