/* SPDX-License-Identifier: EUPL-1.2 */
/* echo - an origin of WebSockets over TLS: says each message again.
 * echo PORT CERTIFICATE-AND-KEY.pem */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "frame.h"

#define IN_BYTES 70000

struct client {
	int fd;
	SSL *ssl;
	bool shaken, open;
	uint8_t *kept; /* unfinished input */
	size_t nkept;
	uint8_t *out; /* what could not be written */
	size_t out_at, out_n;
};

static SSL_CTX *ctx;
static int ep;

static void die(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void drop(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c->kept);
	free(c->out);
	free(c);
}

/* What cannot be written now is kept; there is at most one message of it,
 * because nothing is read while it waits. False: the client is gone. */
static bool flush(struct client *c)
{
	while (c->out_at < c->out_n) {
		int n, err;

		ERR_clear_error();
		n = SSL_write(
		    c->ssl, c->out + c->out_at, (int)(c->out_n - c->out_at));
		if (n <= 0) {
			err = SSL_get_error(c->ssl, n);
			return err == SSL_ERROR_WANT_WRITE ||
			       err == SSL_ERROR_WANT_READ;
		}
		c->out_at += (size_t)n;
	}
	free(c->out);
	c->out = NULL;
	c->out_at = c->out_n = 0;
	return true;
}

static void queue(struct client *c, const void *p, size_t n)
{
	uint8_t *out = malloc(c->out_n + n);

	if (out == NULL)
		die("memory");
	if (c->out_n > 0)
		memcpy(out, c->out, c->out_n);
	memcpy(out + c->out_n, p, n);
	free(c->out);
	c->out = out;
	c->out_n += n;
}

/* Bytes of p that were a whole head, 0: more is needed, -1: not a handshake. */
static int answer_head(struct client *c, const uint8_t *p, size_t n)
{
	char accept[FRAME_ACCEPT_BYTES], answer[256];
	const char *text = (const char *)p, *key, *end;
	int len;

	end = memmem(p, n, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	key = strcasestr(text, "\r\nSec-WebSocket-Key:");
	if (key == NULL || key > end)
		return -1;
	key += 20;
	key += strspn(key, " ");
	frame_accept(key, strcspn(key, " \r"), accept);
	len = snprintf(answer, sizeof answer,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	queue(c, answer, (size_t)len);
	c->open = true;
	return (int)(end + 4 - text);
}

/* The same for a frame, which is said again. */
static int answer_frame(struct client *c, uint8_t *p, size_t n)
{
	uint8_t head[FRAME_HEAD_MAX];
	struct frame frame;
	int at = frame_read(p, n, &frame);

	if (at <= 0)
		return at;
	if (n - (size_t)at < frame.n)
		return 0;
	if (!frame.masked || !frame.fin)
		return -1;
	frame_mask(p + at, frame.n, frame.mask);
	if (frame.opcode == 9)
		frame.opcode = 10;
	queue(c, head, frame_write(head, frame.opcode, NULL, frame.n));
	queue(c, p + at, frame.n);
	return at + (int)frame.n;
}

/* False: the client is gone or says nonsense. */
static bool take(struct client *c, uint8_t *p, size_t n)
{
	int taken;

	while (n > 0) {
		p[n] = '\0';
		taken = c->open ? answer_frame(c, p, n) : answer_head(c, p, n);
		if (taken < 0)
			return false;
		if (taken == 0)
			break;
		p += taken;
		n -= (size_t)taken;
	}
	free(c->kept);
	c->kept = NULL;
	c->nkept = n;
	if (n > 0) {
		c->kept = malloc(n);
		if (c->kept == NULL)
			die("memory");
		memcpy(c->kept, p, n);
	}
	return flush(c);
}

static bool on_client(struct client *c)
{
	static uint8_t in[IN_BYTES + 1];
	int n, err;

	if (!c->shaken) {
		ERR_clear_error();
		n = SSL_accept(c->ssl);
		if (n != 1) {
			err = SSL_get_error(c->ssl, n);
			return err == SSL_ERROR_WANT_READ ||
			       err == SSL_ERROR_WANT_WRITE;
		}
		c->shaken = true;
	}
	if (!flush(c))
		return false;
	while (c->out_n == 0) {
		if (c->nkept > IN_BYTES / 2)
			return false;
		if (c->nkept > 0)
			memcpy(in, c->kept, c->nkept);
		ERR_clear_error();
		n = SSL_read(c->ssl, in + c->nkept, (int)(IN_BYTES - c->nkept));
		if (n <= 0)
			return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
		if (!take(c, in, c->nkept + (size_t)n))
			return false;
	}
	return true;
}

static void on_listener(int lfd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int fd, one = 1;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
	       0) {
		struct client *c = calloc(1, sizeof *c);

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (c == NULL || (c->ssl = SSL_new(ctx)) == NULL)
			die("memory");
		c->fd = fd;
		SSL_set_fd(c->ssl, fd);
		e.data.ptr = c;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0)
			die("epoll");
	}
}

static int listen_on(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0 ||
	    listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event ev[64], e = { .events = EPOLLIN };
	int lfd;

	if (argc != 3) {
		fprintf(stderr, "usage: echo PORT PEM\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(EPOLL_CLOEXEC);
	ctx = SSL_CTX_new(TLS_server_method());
	if (ep < 0 || ctx == NULL ||
	    SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1)
		die(argv[2]);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	                          SSL_MODE_ENABLE_PARTIAL_WRITE |
	                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	lfd = listen_on(argv[1]);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &e) < 0)
		die("epoll");
	for (;;) {
		int n = epoll_wait(ep, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == NULL)
				on_listener(lfd);
			else if (!on_client(ev[i].data.ptr))
				drop(ev[i].data.ptr);
		}
	}
}
