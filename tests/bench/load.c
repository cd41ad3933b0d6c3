/* SPDX-License-Identifier: EUPL-1.2 */
/* load - a fixed number of keep-alive HTTPS requests over N connections, direct
 * or through an HTTP proxy (CONNECT), closed loop. Each answer is compared with
 * the expected body. The CPU time of the processes named is read from the
 * operating system when the warm-up ends and again after the last answer.
 * Prints one line of JSON. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define CONNS_MAX 1024
#define PIDS_MAX 64
#define IN_BYTES 65536
#define TEXT_BYTES 65536
#define SAMPLES_MAX 4000000

struct conn {
	int fd;
	SSL *ssl;
	uint64_t since_ns;  /* the request began */
	size_t sent;        /* bytes of the request written */
	size_t nin;
	bool waiting;       /* an answer is owed */
	bool broken;        /* the other side closed */
	char in[IN_BYTES];
};

static struct {
	const char *host, *to, *proxy, *ca, *path;
	char body[TEXT_BYTES], expect[TEXT_BYTES], request[TEXT_BYTES];
	size_t nbody, nexpect, nrequest;
	unsigned conns;
	unsigned long warm, requests;
	unsigned limit_s;
	int pid[PIDS_MAX];
	unsigned npid;
} opt = { .path = "/", .conns = 16, .warm = 1000, .requests = 10000,
	  .limit_s = 120 };

static struct conn *conn;
static unsigned long begun, finished, reopened;
static SSL_CTX *ctx;
static uint32_t *sample_us;
static uint64_t start_ns, end_ns;
static double start_cpu_s, end_cpu_s;

static void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "load: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Seconds on a CPU (user and system) of one process, all its threads: from
 * schedstat, which counts nanoseconds where stat counts ticks of 10 ms. */
static double cpu_of(int pid)
{
	unsigned long long sum = 0, ns;
	char path[320];
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	d = opendir(path);
	if (d == NULL)
		die("process %d is gone", pid);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid,
		    e->d_name);
		f = fopen(path, "r");
		if (f == NULL || fscanf(f, "%llu", &ns) != 1)
			die("cannot read %s", path);
		fclose(f);
		sum += ns;
	}
	closedir(d);
	return (double)sum / 1e9;
}

static double cpu_s(void)
{
	double sum = 0;

	for (unsigned i = 0; i < opt.npid; i++)
		sum += cpu_of(opt.pid[i]);
	return sum;
}

static size_t read_file(const char *path, char *out)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		die("%s: %s", path, strerror(errno));
	n = fread(out, 1, TEXT_BYTES - 1, f);
	fclose(f);
	out[n] = '\0';
	return n;
}

/* "127.0.0.1:3128" */
static int dial(const char *to)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = 20 };
	const char *colon = strrchr(to, ':');
	char addr[64];
	int fd, one = 1;

	if (colon == NULL || (size_t)(colon - to) >= sizeof addr)
		die("not ADDRESS:PORT: %s", to);
	memcpy(addr, to, (size_t)(colon - to));
	addr[colon - to] = '\0';
	sin.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		die("not an IPv4 address: %s", addr);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof sin) < 0)
		die("connect to %s: %s", to, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return fd;
}

static void ask_proxy(int fd)
{
	char line[512], in[4096];
	size_t n = 0;
	ssize_t got;
	int len = snprintf(line, sizeof line,
	    "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", opt.to, opt.to);

	if (write(fd, line, (size_t)len) != len)
		die("proxy: write failed");
	do {
		got = read(fd, in + n, sizeof in - 1 - n);
		if (got <= 0)
			die("proxy: no answer to CONNECT");
		n += (size_t)got;
		in[n] = '\0';
	} while (strstr(in, "\r\n\r\n") == NULL && n < sizeof in - 1);
	if (strncmp(in, "HTTP/1.1 200", 12) != 0)
		die("proxy: %.60s", in);
}

static void open_conn(struct conn *c)
{
	int flags;

	c->fd = dial(opt.proxy != NULL ? opt.proxy : opt.to);
	if (opt.proxy != NULL)
		ask_proxy(c->fd);
	c->ssl = SSL_new(ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, opt.host) != 1 ||
	    SSL_set1_host(c->ssl, opt.host) != 1)
		die("out of memory");
	if (SSL_connect(c->ssl) != 1)
		die("TLS: %s", X509_verify_cert_error_string(
		    SSL_get_verify_result(c->ssl)));
	flags = fcntl(c->fd, F_GETFL);
	fcntl(c->fd, F_SETFL, flags | O_NONBLOCK);
}

static void on_write(struct conn *c)
{
	int n;

	while (c->waiting && !c->broken && c->sent < opt.nrequest) {
		n = SSL_write(c->ssl, opt.request + c->sent,
		    (int)(opt.nrequest - c->sent));
		if (n <= 0) {
			int err = SSL_get_error(c->ssl, n);

			if (err != SSL_ERROR_WANT_WRITE &&
			    err != SSL_ERROR_WANT_READ)
				c->broken = true;
			return;
		}
		c->sent += (size_t)n;
	}
}

/* The other side may end a kept connection at any time: open it again and send
 * the request anew, as a browser does. */
static void open_again(struct conn *c, int ep)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c };

	if (c->nin > 0 || ++reopened > (opt.warm + opt.requests) / 4 + 64)
		die("closed %lu times after %lu answers", reopened, finished);
	SSL_free(c->ssl);
	close(c->fd);
	c->broken = false;
	open_conn(c);
	c->sent = 0;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e) < 0)
		die("epoll: %s", strerror(errno));
	on_write(c);
}

static void begin(struct conn *c)
{
	if (begun == opt.warm + opt.requests)
		return;
	begun++;
	c->waiting = true;
	c->sent = 0;
	c->since_ns = now_ns();
	on_write(c);
}

/* Take chunked content apart in place: its length, or -1 while incomplete. */
static ssize_t unchunk(char *body, size_t n)
{
	size_t at = 0, out = 0;

	for (;;) {
		char *end = memchr(body + at, '\n', n - at), *rest;
		size_t size;

		if (end == NULL)
			return -1;
		size = strtoul(body + at, &rest, 16);
		at = (size_t)(end - body) + 1;
		if (at + size + 2 > n)
			return -1;
		if (size == 0)
			return (ssize_t)out;
		memmove(body + out, body + at, size);
		out += size;
		at += size + 2;
	}
}

/* Is the whole answer there? Dies when it is not the expected one. */
static bool complete(struct conn *c)
{
	static char copy[IN_BYTES];
	char *head_end, *body, *p;
	ssize_t len;
	size_t have;

	c->in[c->nin] = '\0';
	head_end = strstr(c->in, "\r\n\r\n");
	if (head_end == NULL)
		return false;
	if (strncmp(c->in, "HTTP/1.1 200", 12) != 0)
		die("answer: %.60s", c->in);
	body = head_end + 4;
	have = c->nin - (size_t)(body - c->in);
	p = strcasestr(c->in, "\r\nContent-Length:");
	if (p != NULL && p < head_end) {
		len = (ssize_t)strtoul(p + 17, NULL, 10);
		if ((size_t)len > have)
			return false;
	} else {
		memcpy(copy, body, have);
		len = unchunk(copy, have);
		if (len < 0)
			return false;
		body = copy;
	}
	if ((size_t)len != opt.nexpect || memcmp(body, opt.expect, opt.nexpect) != 0)
		die("unexpected content: %zd bytes", len);
	return true;
}

static void on_answer(struct conn *c)
{
	uint64_t now = now_ns();

	finished++;
	if (finished > opt.warm && finished - opt.warm <= SAMPLES_MAX)
		sample_us[finished - opt.warm - 1] =
		    (uint32_t)((now - c->since_ns) / 1000);
	if (finished == opt.warm) {
		start_ns = now;
		start_cpu_s = cpu_s();
	}
	if (finished == opt.warm + opt.requests) {
		end_ns = now;
		end_cpu_s = cpu_s();
	}
	c->waiting = false;
	c->nin = 0;
	begin(c);
}

static void on_read(struct conn *c)
{
	int n;

	for (;;) {
		n = SSL_read(c->ssl, c->in + c->nin,
		    (int)(sizeof c->in - 1 - c->nin));
		if (n <= 0) {
			int err = SSL_get_error(c->ssl, n);

			if (err == SSL_ERROR_WANT_READ)
				return;
			c->broken = true;
			return;
		}
		c->nin += (size_t)n;
		if (!c->waiting)
			die("an answer that nobody asked for");
		if (complete(c))
			on_answer(c);
		else if (c->nin == sizeof c->in - 1)
			die("answer too large");
	}
}

static void run(void)
{
	uint64_t limit_ns = now_ns() + (uint64_t)opt.limit_s * 1000000000u;
	struct epoll_event ev[64];
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	for (unsigned i = 0; i < opt.conns; i++) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
			.data.ptr = &conn[i] };

		if (epoll_ctl(ep, EPOLL_CTL_ADD, conn[i].fd, &e) < 0)
			die("epoll: %s", strerror(errno));
	}
	if (opt.warm == 0) {
		start_ns = now_ns();
		start_cpu_s = cpu_s();
	}
	for (unsigned i = 0; i < opt.conns; i++)
		begin(&conn[i]);
	while (finished < opt.warm + opt.requests) {
		n = epoll_wait(ep, ev, 64, 1000);
		for (int i = 0; i < n; i++) {
			on_write(ev[i].data.ptr);
			on_read(ev[i].data.ptr);
			while (((struct conn *)ev[i].data.ptr)->broken)
				open_again(ev[i].data.ptr, ep);
		}
		if (now_ns() > limit_ns)
			die("not done after %u s: %lu answers", opt.limit_s,
			    finished);
	}
	close(ep);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

static void report(void)
{
	double s = (double)(end_ns - start_ns) / 1e9;
	size_t n = opt.requests;

	qsort(sample_us, n, sizeof *sample_us, by_size);
	printf("{\"requests\": %lu, \"connections\": %u, \"seconds\": %.3f, "
	       "\"per_second\": %.0f, \"cpu_s\": %.4f, "
	       "\"cpu_us_per_request\": %.2f, \"p50_us\": %u, \"p90_us\": %u, "
	       "\"p99_us\": %u, \"max_us\": %u, \"reopened\": %lu}\n",
	    opt.requests, opt.conns, s, (double)opt.requests / s,
	    end_cpu_s - start_cpu_s,
	    (end_cpu_s - start_cpu_s) * 1e6 / (double)opt.requests,
	    sample_us[n / 2], sample_us[n * 9 / 10], sample_us[n * 99 / 100],
	    sample_us[n - 1], reopened);
}

static void take_pids(char *text)
{
	char *save = NULL;

	for (char *p = strtok_r(text, ", ", &save); p != NULL;
	    p = strtok_r(NULL, ", ", &save)) {
		if (opt.npid == PIDS_MAX)
			die("too many processes");
		opt.pid[opt.npid++] = (int)strtol(p, NULL, 10);
	}
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "to", required_argument, NULL, 't' },
		{ "proxy", required_argument, NULL, 'x' },
		{ "ca", required_argument, NULL, 'a' },
		{ "path", required_argument, NULL, 'p' },
		{ "body", required_argument, NULL, 'b' },
		{ "expect", required_argument, NULL, 'e' },
		{ "connections", required_argument, NULL, 'c' },
		{ "warm", required_argument, NULL, 'w' },
		{ "requests", required_argument, NULL, 'n' },
		{ "limit", required_argument, NULL, 'l' },
		{ "pids", required_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'h': opt.host = optarg; break;
		case 't': opt.to = optarg; break;
		case 'x': opt.proxy = optarg; break;
		case 'a': opt.ca = optarg; break;
		case 'p': opt.path = optarg; break;
		case 'b': opt.nbody = read_file(optarg, opt.body); break;
		case 'e': opt.nexpect = read_file(optarg, opt.expect); break;
		case 'c': opt.conns = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'w': opt.warm = strtoul(optarg, NULL, 10); break;
		case 'n': opt.requests = strtoul(optarg, NULL, 10); break;
		case 'l': opt.limit_s = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'P': take_pids(optarg); break;
		default: exit(2);
		}
	}
	if (opt.host == NULL || opt.to == NULL || opt.ca == NULL ||
	    opt.conns == 0 || opt.conns > CONNS_MAX || opt.requests == 0 ||
	    opt.requests > SAMPLES_MAX)
		die("usage: load --host NAME --to HOST:PORT [--proxy ADDR:PORT] "
		    "--ca FILE --body FILE --expect FILE ...");
}

int main(int argc, char **argv)
{
	const char *port;

	take_options(argc, argv);
	ctx = SSL_CTX_new(TLS_client_method());
	sample_us = calloc(opt.requests, sizeof *sample_us);
	conn = calloc(opt.conns, sizeof *conn);
	if (ctx == NULL || sample_us == NULL || conn == NULL ||
	    SSL_CTX_load_verify_file(ctx, opt.ca) != 1)
		die("cannot read %s", opt.ca);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	port = opt.proxy != NULL ? strrchr(opt.to, ':') : NULL;
	opt.nrequest = (size_t)snprintf(opt.request, sizeof opt.request,
	    "POST %s HTTP/1.1\r\nHost: %s%s\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0\r\n"
	    "Accept: */*\r\nAccept-Language: de-DE,de;q=0.9\r\n"
	    "Cookie: session=4711; _ga=GA1.2.3.4\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    opt.path, opt.host,
	    port == NULL || strcmp(port, ":443") == 0 ? "" : port, opt.nbody);
	if (opt.nrequest + opt.nbody > sizeof opt.request)
		die("request too large");
	memcpy(opt.request + opt.nrequest, opt.body, opt.nbody);
	opt.nrequest += opt.nbody;
	for (unsigned i = 0; i < opt.conns; i++)
		open_conn(&conn[i]);
	run();
	report();
	return 0;
}
