/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/server.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buf.h"
#include "net/loop.h"

struct client {
	struct ctl *ctl;
	uint64_t session;
	int fd; /* -1: free place */
	bool busy;   /* an answer is due: the next line waits */
	bool taking; /* take_lines runs */
	struct event *in, *out;
	struct buf line, answer;
};

struct ctl {
	int fd;
	struct event *event;
	ctl_command_f *fn;
	void *arg;
	uint64_t sessions;
	struct client client[CTL_CLIENTS_MAX];
	struct sockaddr_un at;
};

static void leave(struct client *k)
{
	if (k->fd < 0)
		return;
	event_free(k->in);
	event_free(k->out);
	close(k->fd);
	buf_fini(&k->line);
	buf_fini(&k->answer);
	k->fd = -1;
}

static void take_lines(struct client *k)
{
	k->taking = true;
	while (k->fd >= 0 && !k->busy) { /* it may leave meanwhile */
		struct span in = buf_span(&k->line);
		size_t n = span_chr(in, '\n');
		enum cmd cmd;
		int err;

		if (n == in.n)
			break;
		err = proto_command(span_of(in.p, n), &cmd);
		buf_drain(&k->line, n + 1);
		k->busy = true;
		if (err < 0)
			ctl_end(k->ctl, k->session, "no such command");
		else
			k->ctl->fn(k->ctl->arg, k->session, cmd);
	}
	k->taking = false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *k = arg;
	char mem[PROTO_COMMAND_MAX];
	ssize_t n;

	if ((what & EV_TIMEOUT) != 0) {
		if (!k->busy)
			leave(k);
		return;
	}
	n = recv(fd, mem, sizeof mem, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || buf_add(&k->line, mem, (size_t)n) < 0)
		leave(k);
	else
		take_lines(k);
}

/* Send what the client takes now. */
static void push(struct client *k)
{
	struct span out = buf_span(&k->answer);
	ssize_t n = send(k->fd, out.p, out.n, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		leave(k);
		return;
	}
	buf_drain(&k->answer, (size_t)n);
	if (buf_len(&k->answer) == 0)
		event_del(k->out);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	push(arg);
}

static int welcome(struct ctl *c, struct client *k, int fd)
{
	const struct timeval idle = { .tv_sec = CTL_IDLE_S };

	k->ctl = c;
	k->busy = k->taking = false;
	k->in = event_new(loop_base(), fd, EV_READ | EV_PERSIST, on_readable, k);
	k->out = event_new(loop_base(), fd, EV_WRITE | EV_PERSIST, on_writable,
	    k);
	if (k->in == NULL || k->out == NULL || event_add(k->in, &idle) < 0) {
		if (k->in != NULL)
			event_free(k->in);
		if (k->out != NULL)
			event_free(k->out);
		return -ENOMEM;
	}
	k->fd = fd;
	k->session = ++c->sessions;
	buf_init(&k->line, 4 * PROTO_COMMAND_MAX);
	buf_init(&k->answer, CTL_ANSWER_MAX_BYTES);
	return 0;
}

static void on_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct ctl *c = arg;
	int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd < 0)
		return;
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->client[i].fd < 0) {
			if (welcome(c, &c->client[i], fd) < 0)
				close(fd);
			return;
		}
	(void)send(fd, "error too many clients\n", 23, MSG_NOSIGNAL);
	close(fd);
}

static struct client *find(struct ctl *c, uint64_t session)
{
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		if (c->client[i].fd >= 0 && c->client[i].session == session)
			return &c->client[i];
	return NULL;
}

__attribute__((format(printf, 2, 0))) static void add(
    struct client *k, const char *fmt, va_list ap)
{
	char line[PROTO_LINE_MAX + 1];

	vsnprintf(line, sizeof line, fmt, ap);
	for (char *p = line; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	assert(proto_fits(span_str(line)));
	(void)buf_add_str(&k->answer, line);
	(void)buf_add_char(&k->answer, '\n');
}

void ctl_line(struct ctl *c, uint64_t session, const char *fmt, ...)
{
	struct client *k = find(c, session);
	va_list ap;

	if (k == NULL)
		return;
	va_start(ap, fmt);
	add(k, fmt, ap);
	va_end(ap);
}

static void add_error(struct client *k, const char *error)
{
	(void)buf_add_str(&k->answer, "error ");
	for (const char *p = error; *p != '\0'; p++)
		(void)buf_add_char(&k->answer,
		    *p >= ' ' && *p <= '~' ? *p : '?');
	(void)buf_add_char(&k->answer, '\n');
}

void ctl_end(struct ctl *c, uint64_t session, const char *error)
{
	struct client *k = find(c, session);

	if (k == NULL)
		return;
	if (error != NULL)
		add_error(k, error);
	else
		(void)buf_add_str(&k->answer, "ok\n");
	k->busy = false;
	if (buf_error(&k->answer) < 0 || event_add(k->out, NULL) < 0)
		leave(k);
	else
		push(k); /* may be the last thing this process does */
	if (!k->taking)
		take_lines(k);
}

/* A socket file that answers belongs to a daemon that runs. */
static int make_room(const struct sockaddr_un *at)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(at->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ||
	    errno != ECONNREFUSED)
		err = -EADDRINUSE;
	close(fd);
	return err == 0 && unlink(at->sun_path) < 0 ? -errno : err;
}

static int bind_at(int fd, const struct sockaddr_un *at, const char *group)
{
	const struct group *gr = group[0] != '\0' ? getgrnam(group) : NULL;
	mode_t mask;
	int err = make_room(at);

	if (err < 0)
		return err;
	if (group[0] != '\0' && gr == NULL)
		return -ENOENT;
	mask = umask(0177);
	if (bind(fd, (const struct sockaddr *)at, sizeof *at) < 0)
		err = -errno;
	(void)umask(mask);
	if (err == 0 && gr != NULL &&
	    (chown(at->sun_path, (uid_t)-1, gr->gr_gid) < 0 ||
		chmod(at->sun_path, 0660) < 0))
		err = -errno;
	return err == 0 && listen(fd, CTL_CLIENTS_MAX) < 0 ? -errno : err;
}

struct ctl *ctl_open(const char *path, const char *group, ctl_command_f *fn,
    void *arg, char err[200])
{
	struct ctl *c = calloc(1, sizeof *c);
	int e = -ENOMEM;

	if (c == NULL)
		goto fail;
	c->fn = fn, c->arg = arg;
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		c->client[i].fd = -1;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		goto fail;
	c->at.sun_family = AF_UNIX;
	e = -ENAMETOOLONG;
	if (strlen(path) >= sizeof c->at.sun_path)
		goto fail;
	memcpy(c->at.sun_path, path, strlen(path));
	e = bind_at(c->fd, &c->at, group);
	if (e < 0)
		goto fail;
	e = -ENOMEM;
	c->event = event_new(loop_base(), c->fd, EV_READ | EV_PERSIST,
	    on_accept, c);
	if (c->event == NULL || event_add(c->event, NULL) < 0)
		goto fail;
	return c;
fail:
	snprintf(err, 200, "control socket %.120s: %s", path, strerror(-e));
	if (c != NULL && c->event != NULL)
		event_free(c->event);
	if (c != NULL && c->fd >= 0)
		close(c->fd);
	free(c);
	return NULL;
}

void ctl_close(struct ctl *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++)
		leave(&c->client[i]);
	event_free(c->event);
	close(c->fd);
	(void)unlink(c->at.sun_path);
	free(c);
}
