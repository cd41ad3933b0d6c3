/* SPDX-License-Identifier: EUPL-1.2 */
#include "load_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "load.h"
#include "load_os.h"
#include "load_pace.h"

#define IN_BYTES 65536
#define OUT_BYTES_LEAST 4096

struct link_count link_count;

static int ep = -1;
static SSL_CTX *ctx;
static const struct codec *spoken;
static struct lane *first_free, **last_free = &first_free;
static struct link *first_ready; /* have lanes that have not asked yet */

static void set_lane_free(struct lane *lane)
{
	lane->busy = lane->asked = false;
	lane->next = NULL;
	*last_free = lane;
	last_free = &lane->next;
}

struct lane *link_free_lane(void)
{
	struct lane *lane = first_free;

	if (lane == NULL)
		return NULL;
	first_free = lane->next;
	if (first_free == NULL)
		last_free = &first_free;
	return lane;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct link *l = SSL_get_app_data(ssl);

	if (!opt.resume)
		return 0;
	SSL_SESSION_free(l->session);
	l->session = session;
	return 1; /* it is ours now */
}

void link_init(const struct codec *codec)
{
	ep = epoll_create1(EPOLL_CLOEXEC);
	ctx = SSL_CTX_new(TLS_client_method());
	if (ep < 0 || ctx == NULL)
		die("out of resources");
	if (SSL_CTX_load_verify_file(ctx, opt.ca) != 1)
		die("cannot read %s", opt.ca);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                          SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	if (SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)codec->alpn,
	        (unsigned)strlen(codec->alpn)) != 0)
		die("out of memory");
	spoken = codec;
}

struct link *link_new(unsigned number)
{
	struct link *l = calloc(1, sizeof *l);

	if (l == NULL || (l->lane = calloc(opt.lanes, sizeof *l->lane)) == NULL)
		die("out of memory");
	l->number = number;
	l->codec = spoken;
	l->fd = -1;
	for (unsigned i = 0; i < opt.lanes; i++) {
		l->lane[i].link = l;
		set_lane_free(&l->lane[i]);
	}
	return l;
}

/* "127.0.0.1:3128" */
static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char addr[64];

	if (colon == NULL || (size_t)(colon - text) >= sizeof addr)
		die("not ADDRESS:PORT: %s", text);
	memcpy(addr, text, (size_t)(colon - text));
	addr[colon - text] = '\0';
	sin.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		die("not an IPv4 address: %s", addr);
	return sin;
}

static void open_link(struct link *l)
{
	struct sockaddr_in sin = address(opt.dial[l->number % opt.ndial]);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = l };
	int one = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(l->fd, (struct sockaddr *)&sin, sizeof sin) < 0 &&
	    errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	if (epoll_ctl(ep, EPOLL_CTL_ADD, l->fd, &e) < 0)
		die("epoll: %s", strerror(errno));
	l->state = LINK_DIAL;
	l->answered = 0;
	l->ending = false;
	l->out_at = l->out_n = 0;
}

static void close_link(struct link *l)
{
	if (l->state == LINK_UP) {
		l->codec->down(l);
		link_count.up--;
	}
	if (l->ssl != NULL) {
		SSL_shutdown(l->ssl); /* else the session counts as broken */
		SSL_free(l->ssl);
		l->ssl = NULL;
	}
	close(l->fd);
	l->fd = -1;
	l->state = LINK_DOWN;
}

/* The other side may end a kept connection at any time: open it again and send
 * anew what was not answered, as a browser does; but not for ever. */
static void lose_link(struct link *l, const char *why)
{
	bool owed = false;

	for (unsigned i = 0; i < opt.lanes; i++) {
		struct lane *lane = &l->lane[i];

		if (!lane->busy)
			continue;
		if (lane->got > 0)
			die("ended within an answer: %s", why);
		lane->asked = false;
		owed = true;
	}
	if (l->state != LINK_UP || opt.idle ||
	    ++link_count.reopened > (opt.warm + opt.requests) / 4 + 64)
		die("connection lost (%s) after %lu answers, %lu times", why,
		    pace_finished(), link_count.reopened);
	close_link(l);
	if (owed)
		open_link(l);
}

void link_send(struct link *l, const void *p, size_t n)
{
	if (l->out_at == l->out_n)
		l->out_at = l->out_n = 0;
	if (l->out_n + n > l->out_size) {
		size_t size = l->out_size * 2 + OUT_BYTES_LEAST;
		uint8_t *out;

		while (size < l->out_n + n)
			size *= 2;
		out = malloc(size);
		if (out == NULL)
			die("out of memory");
		if (l->out_n > 0)
			memcpy(out, l->out, l->out_n);
		free(l->out);
		l->out = out;
		l->out_size = size;
	}
	memcpy(l->out + l->out_n, p, n);
	l->out_n += n;
}

/* Write what is queued. False: the connection is lost. */
static bool flush(struct link *l)
{
	int n;

	do {
		while (l->out_at < l->out_n) {
			size_t left = l->out_n - l->out_at;

			ERR_clear_error();
			n = SSL_write(l->ssl, l->out + l->out_at,
			    left > INT32_MAX ? INT32_MAX : (int)left);
			if (n <= 0) {
				int err = SSL_get_error(l->ssl, n);

				return err == SSL_ERROR_WANT_WRITE ||
				       err == SSL_ERROR_WANT_READ;
			}
			l->out_at += (size_t)n;
		}
		if (l->codec->more != NULL)
			l->codec->more(l);
	} while (l->out_at < l->out_n);
	if (opt.idle) {
		free(l->out);
		l->out = NULL;
		l->out_at = l->out_n = l->out_size = 0;
	}
	return true;
}

static void ask_waiting(struct link *l)
{
	for (unsigned i = 0; i < opt.lanes; i++)
		if (l->lane[i].busy && !l->lane[i].asked) {
			l->lane[i].asked = true;
			l->lane[i].got = 0;
			l->codec->ask(&l->lane[i]);
		}
}

void link_begin(struct lane *lane, uint64_t since_ns)
{
	struct link *l = lane->link;

	lane->busy = true;
	lane->since_ns = since_ns;
	if (l->state == LINK_DOWN) {
		open_link(l);
	} else if (l->state == LINK_UP && !l->ready) {
		l->ready = true;
		l->next_ready = first_ready;
		first_ready = l;
	}
}

/* All that begins in one turn goes out in one piece. */
static void ask_ready(void)
{
	struct link *l;

	while ((l = first_ready) != NULL) {
		first_ready = l->next_ready;
		l->ready = false;
		ask_waiting(l);
		if (!flush(l))
			lose_link(l, "write");
	}
}

void link_answered(struct lane *lane)
{
	struct link *l = lane->link;

	if (!lane->busy || !lane->asked)
		die("an answer that nobody asked for");
	lane->busy = lane->asked = false;
	l->answered++;
	pace_done(lane->since_ns);
	if (opt.per_conn > 0 && l->answered >= opt.per_conn)
		l->ending = true;
	if (!opt.idle)
		set_lane_free(lane);
}

void link_end(struct link *l)
{
	l->ending = true;
}

/* The state machine until the connection is up. False: wait. */
static bool on_dial(struct link *l)
{
	char line[512];
	int err = 0, n;
	socklen_t size = sizeof err;
	struct sockaddr_in sin;
	socklen_t nsin = sizeof sin;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0 ||
	    err != 0)
		die("connect: %s", strerror(err));
	if (getpeername(l->fd, (struct sockaddr *)&sin, &nsin) < 0)
		return false;
	if (!opt.proxy) {
		l->state = LINK_SHAKE;
		return true;
	}
	n = snprintf(line, sizeof line,
	    "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", opt.to, opt.to);
	if (write(l->fd, line, (size_t)n) != n)
		die("proxy: write failed");
	l->state = LINK_ASK;
	return true;
}

/* A proxy says nothing after its head before we do: all there is, is the head.
 */
static bool on_asked(struct link *l)
{
	char in[4096];
	ssize_t n = recv(l->fd, in, sizeof in - 1, MSG_PEEK);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		die("proxy: no answer to CONNECT");
	in[n] = '\0';
	if (strstr(in, "\r\n\r\n") == NULL) {
		if (n == sizeof in - 1)
			die("proxy: head too large");
		return false;
	}
	if (strncmp(in, "HTTP/1.1 200", 12) != 0 &&
	    strncmp(in, "HTTP/1.0 200", 12) != 0)
		die("proxy: %.60s", in);
	if (read(l->fd, in, (size_t)n) != n)
		die("proxy: read failed");
	l->state = LINK_SHAKE;
	return true;
}

static void begin_tls(struct link *l)
{
	l->ssl = SSL_new(ctx);
	if (l->ssl == NULL || SSL_set_fd(l->ssl, l->fd) != 1 ||
	    SSL_set_tlsext_host_name(l->ssl, opt.host) != 1 ||
	    SSL_set1_host(l->ssl, opt.host) != 1)
		die("out of memory");
	SSL_set_app_data(l->ssl, l);
	if (l->session != NULL) {
		if (SSL_set_session(l->ssl, l->session) != 1)
			die("TLS: cannot use a session again");
		SSL_SESSION_free(l->session); /* each is used once */
		l->session = NULL;
	}
}

static bool on_shake(struct link *l)
{
	int n, err;

	if (l->ssl == NULL)
		begin_tls(l);
	ERR_clear_error();
	n = SSL_connect(l->ssl);
	if (n != 1) {
		err = SSL_get_error(l->ssl, n);
		if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE)
			return false;
		die("TLS: %s, %s",
		    X509_verify_cert_error_string(
		        SSL_get_verify_result(l->ssl)),
		    ERR_reason_error_string(ERR_peek_error()));
	}
	link_count.handshakes++;
	if (SSL_session_reused(l->ssl))
		link_count.resumed++;
	link_count.version = SSL_get_version(l->ssl);
	link_count.cipher = SSL_get_cipher_name(l->ssl);
	link_count.up++;
	l->state = LINK_UP;
	l->codec->up(l);
	ask_waiting(l);
	return true;
}

static void on_up(struct link *l)
{
	static uint8_t in[IN_BYTES];
	int n;

	if (!flush(l)) {
		lose_link(l, "write");
		return;
	}
	while (!l->ending) {
		ERR_clear_error();
		n = SSL_read(l->ssl, in, sizeof in);
		if (n <= 0) {
			if (SSL_get_error(l->ssl, n) == SSL_ERROR_WANT_READ)
				break;
			lose_link(l, "read");
			return;
		}
		link_count.in_bytes += (unsigned long)n;
		l->codec->take(l, in, (size_t)n);
		if (!flush(l)) {
			lose_link(l, "write");
			return;
		}
	}
	if (l->ending) {
		bool owed = false;

		for (unsigned i = 0; i < opt.lanes; i++) {
			l->lane[i].asked = false;
			owed = owed || l->lane[i].busy;
		}
		close_link(l);
		if (owed)
			open_link(l);
	}
}

static void on_event(struct link *l)
{
	if (l->state == LINK_DIAL && !on_dial(l))
		return;
	if (l->state == LINK_ASK && !on_asked(l))
		return;
	if (l->state == LINK_SHAKE && !on_shake(l))
		return;
	if (l->state == LINK_UP)
		on_up(l);
}

void link_turn(uint64_t wait_ns)
{
	struct timespec wait = { .tv_sec = (time_t)(wait_ns / 1000000000u),
		.tv_nsec = (long)(wait_ns % 1000000000u) };
	struct epoll_event ev[64];
	int n;

	ask_ready();
	n = epoll_pwait2(ep, ev, 64, &wait, NULL);
	if (n < 0 && errno != EINTR)
		die("epoll: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		on_event(ev[i].data.ptr);
}
