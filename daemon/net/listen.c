/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/stat.h"
#include "net/addr.h"
#include "net/clock.h"
#include "net/loop.h"

#define ACCEPT_MAX 64 /* per turn */
#define REST_MS 100
#define TELL_MS 60000
#define BACKLOG 1024

struct listener {
	int fd;      /* borrowed */
	int reserve; /* owned: stands for the one that is missing */
	int most;    /* no descriptor of a client is above */
	bool stopped;
	bool starved;     /* the last accept found none */
	uint64_t told_ms; /* the log, of it */
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

static int most_of(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur > INT_MAX)
		return INT_MAX;
	return (int)(l.rlim_cur - l.rlim_cur / 4);
}

static void refuse(struct listener *l, int fd)
{
	uint64_t now = clock_ms();

	close(fd);
	stat_add(STAT_LIMITS, 1);
	if (l->told_ms != 0 && now - l->told_ms < TELL_MS)
		return;
	l->told_ms = now;
	log_msg(LIMIT, LOG_W("descriptors"), LOG_N(l->most));
}

/* Close those who wait, with the descriptor that was kept for it. */
static void refuse_all(struct listener *l)
{
	int fd;

	close(l->reserve);
	for (unsigned i = 0; i < ACCEPT_MAX; i++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		refuse(l, fd);
	}
	l->reserve = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
}

/* No descriptors, no memory: waiting may help, for a moment. */
static void rest(struct listener *l)
{
	l->most = most_of();
	if (l->starved)
		refuse_all(l);
	l->starved = true;
	event_del(l->event);
	if (deadline_set(&l->rest, REST_MS) < 0)
		event_add(l->event, NULL);
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
		if (fd >= l->most && fd >= (l->most = most_of())) {
			refuse(l, fd);
		} else if (fd >= 0) {
			l->starved = false;
			l->fn(l->arg, fd, &from.u.any);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (!passing(errno)) {
			rest(l);
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
	l->most = most_of();
	l->reserve = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	deadline_init(&l->rest, on_rested, l);
	l->event =
	    event_new(loop_base(), fd, EV_READ | EV_PERSIST, on_incoming, l);
	if (l->reserve >= 0 && l->event != NULL &&
	    event_add(l->event, NULL) == 0)
		return l;
	if (l->event != NULL)
		event_free(l->event);
	close(l->reserve);
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
	close(l->reserve);
	deadline_fini(&l->rest);
	loop_later(&l->later, free_later, l);
}
