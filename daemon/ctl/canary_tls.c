/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/canary_tls.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "ctl/canary.h"
#include "ctl/canary_net.h"

#define ANSWER_MAX_BYTES 16384
#define SINK_STATUS_LINE "HTTP/1.1 204"

static int fail(char err[CANARY_TLS_ERR_BYTES], int error, const char *what)
{
	snprintf(err, CANARY_TLS_ERR_BYTES, "%s", what);
	return error;
}

static int reach(const struct addr *to)
{
	struct timeval wait = { .tv_sec = CANARY_WAIT_S };
	int fd = socket(to->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
	    connect(fd, &to->u.any, to->len) == 0)
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

/* CONNECT, and its answer byte by byte: what follows belongs to TLS. */
static int tunnel(int fd, char err[CANARY_TLS_ERR_BYTES])
{
	static const char ask[] = "CONNECT " CANARY_HOST ":443 HTTP/1.1\r\n"
	                          "Host: " CANARY_HOST ":443\r\n\r\n";
	char head[4096];
	size_t n = 0;

	if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) !=
	    (ssize_t)sizeof ask - 1)
		return fail(err, -EPIPE, "the gateway hangs up");
	while (
	    n < sizeof head && !span_ends(span_of(head, n), SPAN("\r\n\r\n"))) {
		if (recv(fd, head + n, 1, 0) != 1)
			return fail(err, -EPIPE,
			    "the gateway does not answer to CONNECT");
		n++;
	}
	if (!span_starts(span_of(head, n), SPAN("HTTP/1.1 200")))
		return fail(err, -EACCES, "the gateway refuses CONNECT");
	return 0;
}

static SSL_CTX *context(struct span root)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *bio = BIO_new_mem_buf(root.p, (int)root.n);
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	if (ctx == NULL || x == NULL ||
	    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) != 1) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	} else {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	X509_free(x);
	BIO_free(bio);
	return ctx;
}

static int request(SSL *ssl, struct span mark, char err[CANARY_TLS_ERR_BYTES])
{
	char answer[ANSWER_MAX_BYTES];
	struct buf ask;
	int n = 0;

	buf_init(&ask, CANARY_REQUEST_MAX_BYTES);
	(void)buf_addf(&ask,
	    "GET /tls?canary-plain=%.*s HTTP/1.1\r\nHost: " CANARY_HOST
	    "\r\nConnection: close\r\n\r\n",
	    SPAN_ARG(mark));
	if (SSL_write(ssl, buf_span(&ask).p, (int)buf_len(&ask)) > 0)
		n = SSL_read(ssl, answer, sizeof answer);
	buf_fini(&ask);
	if (n <= 0)
		return fail(err, -EPIPE, "no answer inside TLS");
	if (!span_starts(span_of(answer, (size_t)n), SPAN(SINK_STATUS_LINE)))
		return fail(err, -EACCES,
		    "a request inside TLS is not answered as the pack says");
	return 0;
}

static int shake(SSL *ssl, int fd, char err[CANARY_TLS_ERR_BYTES])
{
	long verified;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_set1_host(ssl, CANARY_HOST) != 1 ||
	    SSL_set_tlsext_host_name(ssl, CANARY_HOST) != 1)
		return fail(err, -ENOMEM, "memory is out");
	if (SSL_connect(ssl) == 1)
		return 0;
	verified = SSL_get_verify_result(ssl);
	snprintf(err, CANARY_TLS_ERR_BYTES, "no handshake: %s",
	    verified != X509_V_OK ? X509_verify_cert_error_string(verified)
	                          : "the gateway does not decrypt the host");
	return -EACCES;
}

int canary_tls(const struct addr *proxy, struct span root, struct span mark,
    char err[CANARY_TLS_ERR_BYTES])
{
	SSL_CTX *ctx = context(root);
	SSL *ssl = NULL;
	int fd = -1, r;

	if (ctx == NULL)
		return fail(err, -EINVAL, "the root is no certificate in PEM");
	fd = reach(proxy);
	if (fd < 0) {
		r = fail(err, fd, "the gateway cannot be reached");
	} else if ((r = tunnel(fd, err)) == 0) {
		ssl = SSL_new(ctx);
		r = shake(ssl, fd, err);
		if (r == 0)
			r = request(ssl, mark, err);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	if (fd >= 0)
		close(fd);
	return r;
}
