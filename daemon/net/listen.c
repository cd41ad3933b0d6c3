/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "net/addr.h"
#include "net/clock.h"
#include "net/loop.h"

#define ACCEPT_MAX 64 /* per turn */
#define REST_MS 100
#define BACKLOG 1024

struct listener {
	int fd; /* borrowed */
	bool stopped;
	listen_accept_f *fn;
	void *arg;
	struct event *event;  /* owned */
	struct deadline rest; /* until accepting goes on */
	struct loop_later later;
};

static int set(int fd, int level, int option)
{
	int one = 1;

	return setsockopt(fd, level, option, &one, sizeof one) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct addr *a)
{
	int err = set(fd, SOL_SOCKET, SO_REUSEADDR);

	if (err == 0)
		err = set(fd, SOL_SOCKET, SO_REUSEPORT);
	if (err == 0 && a->u.any.sa_family == AF_INET6)
		err = set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (err == 0 && bind(fd, &a->u.any, a->len) < 0)
		err = -errno;
	if (err == 0 && listen(fd, BACKLOG) < 0)
		err = -errno;
	return err;
}

int listen_open(const char *address)
{
	struct addr a;
	int fd, err = addr_parse_port(span_str(address), 0, &a);

	if (err < 0)
		return err;
	fd = socket(
	    a.u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = bind_and_listen(fd, &a);
	if (err < 0)
		close(fd);
	return err < 0 ? err : fd;
}

/* Nothing of ours is wrong with the next one. */
static bool passing(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EPROTO ||
	       err == ENETDOWN || err == ENOPROTOOPT || err == EHOSTDOWN ||
	       err == ENONET || err == EHOSTUNREACH || err == EOPNOTSUPP ||
	       err == ENETUNREACH || err == EPERM;
}

static void on_incoming(evutil_socket_t listen_fd, short what, void *arg)
{
	struct listener *l = arg;
	struct addr from;
	socklen_t n;
	int fd;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_MAX && !l->stopped; i++) {
		n = sizeof from.u;
		fd = accept4(
		    listen_fd, &from.u.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			l->fn(l->arg, fd, &from.u.any);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (!passing(errno)) {
			/* No descriptors, no memory: waiting may help. */
			event_del(l->event);
			if (deadline_set(&l->rest, REST_MS) < 0)
				event_add(l->event, NULL);
			return;
		}
	}
}

static void on_rested(void *arg)
{
	struct listener *l = arg;

	if (event_add(l->event, NULL) < 0)
		(void)deadline_set(&l->rest, REST_MS);
}

struct listener *listen_start(int fd, listen_accept_f *fn, void *arg)
{
	struct listener *l = calloc(1, sizeof *l);
	int flags = fcntl(fd, F_GETFL);

	if (l == NULL)
		return NULL;
	/* One from the service manager may still block. */
	if (flags >= 0 && !(flags & O_NONBLOCK))
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	*l = (struct listener){ .fd = fd, .fn = fn, .arg = arg };
	deadline_init(&l->rest, on_rested, l);
	l->event =
	    event_new(loop_base(), fd, EV_READ | EV_PERSIST, on_incoming, l);
	if (l->event != NULL && event_add(l->event, NULL) == 0)
		return l;
	if (l->event != NULL)
		event_free(l->event);
	free(l);
	return NULL;
}

static void free_later(void *arg)
{
	free(arg);
}

void listen_stop(struct listener *l)
{
	if (l == NULL || l->stopped)
		return;
	l->stopped = true;
	event_free(l->event);
	deadline_fini(&l->rest);
	loop_later(&l->later, free_later, l);
}
