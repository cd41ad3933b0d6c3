/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/parent_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listen.h"

#define ACTIVATION_FD 3 /* sd_listen_fds(3): the first one */

static int show_address(int fd, char text[80])
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a;
	socklen_t n = sizeof a;
	char ip[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, &a.any, &n) < 0)
		return -errno;
	if (a.any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &a.in6.sin6_addr, ip, sizeof ip);
		snprintf(text, 80, "[%s]:%u", ip, ntohs(a.in6.sin6_port));
	} else if (a.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a.in.sin_addr, ip, sizeof ip);
		snprintf(text, 80, "%s:%u", ip, ntohs(a.in.sin_port));
	} else {
		return -EAFNOSUPPORT;
	}
	return 0;
}

/* How many sockets the service manager has passed to this very process. */
static unsigned activated(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t v = 0, n = 0;

	if (pid == NULL || fds == NULL ||
	    span_u64(span_str(pid), INT32_MAX, &v) < 0 ||
	    (pid_t)v != getpid() ||
	    span_u64(span_str(fds), PARENT_LISTEN_MAX, &n) < 0)
		n = 0;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return (unsigned)n;
}

static int take(struct parent *p, int fd)
{
	struct listening *l = &p->listening[p->nlisten];
	int on = 0;
	socklen_t n = sizeof on;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) < 0 || !on)
		return -ENOTSOCK;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	for (unsigned w = 0; w < p->nworker; w++)
		l->fd[w] = fd;
	p->nlisten++;
	return show_address(fd, l->address);
}

static int open_one(struct parent *p, const char *address)
{
	struct listening *l = &p->listening[p->nlisten];
	int err;

	for (unsigned w = 0; w < p->nworker; w++)
		l->fd[w] = -1;
	p->nlisten++;
	l->fd[0] = listen_open(address);
	if (l->fd[0] < 0)
		return l->fd[0];
	err = show_address(l->fd[0], l->address); /* port 0 is known now */
	for (unsigned w = 1; w < p->nworker && err == 0; w++) {
		l->fd[w] = listen_open(l->address);
		err = l->fd[w] < 0 ? l->fd[w] : 0;
	}
	return err;
}

int listeners_open(struct parent *p, char err[CONF_ERR_BYTES])
{
	const struct conf *c = p->now.conf;
	unsigned n = activated();
	int e = 0;

	p->activated = n > 0;
	for (unsigned i = 0; i < n && e == 0; i++) {
		e = take(p, ACTIVATION_FD + (int)i);
		if (e < 0)
			snprintf(err, CONF_ERR_BYTES,
			    "socket %u of the service manager: %s", i,
			    strerror(-e));
	}
	for (unsigned i = 0; n == 0 && i < c->nlisten && e == 0; i++) {
		e = open_one(p, c->listen[i]);
		if (e < 0)
			snprintf(err, CONF_ERR_BYTES, "listen on %s: %s",
			    c->listen[i], strerror(-e));
	}
	return e;
}

void listeners_close(struct parent *p)
{
	for (unsigned i = 0; i < p->nlisten; i++)
		for (unsigned w = 0; w < p->nworker; w++)
			if (p->listening[i].fd[w] >= 0 &&
			    (w == 0 || !p->activated))
				close(p->listening[i].fd[w]);
	p->nlisten = 0;
}
