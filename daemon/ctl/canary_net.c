/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/canary_net.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

#define PIECE_BYTES 16384

struct canary_net {
	struct addr proxy;
	int from; /* of the collector: a length, then so many bytes */
	pid_t collector;
};

static bool ready(int fd, short what, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = what };

	return poll(&p, 1, wait_ms) > 0;
}

static int send_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = ready(fd, POLLOUT, CANARY_WAIT_S * 1000)
		                ? send(fd, s.p, s.n, MSG_NOSIGNAL)
		                : -1;

		if (n <= 0)
			return -1;
		s = span_from(s, (size_t)n);
	}
	return 0;
}

/* More bytes of fd: 1, at its end 0, negative errno. */
static int read_more(int fd, struct buf *in)
{
	char *p = buf_reserve(in, PIECE_BYTES);
	ssize_t n;

	if (p == NULL)
		return buf_error(in);
	if (!ready(fd, POLLIN, CANARY_WAIT_S * 1000))
		return -ETIMEDOUT;
	n = read(fd, p, PIECE_BYTES);
	if (n < 0)
		return -errno;
	buf_commit(in, (size_t)n);
	return n > 0;
}

/* ---- the collector ---- */

/* The value of a field in a head, "" when it is not there. */
static struct span field_of(struct span head, struct span name)
{
	while (head.n > 0) {
		struct span line = span_cut(&head, '\n');
		struct span key = span_cut(&line, ':');

		if (span_eq_nocase(key, name)) {
			line.n = span_chr(line, '\r');
			return span_trim(line);
		}
	}
	return SPAN("");
}

/* Is there a whole request in s? */
static bool whole(struct span s)
{
	size_t head = span_find(s, SPAN("\r\n\r\n"));
	struct span fields = span_of(s.p, head), body, length;
	uint64_t n = 0;

	if (head == s.n)
		return false;
	body = span_from(s, head + 4);
	if (field_of(fields, SPAN("Transfer-Encoding")).n > 0)
		return span_ends(body, SPAN("0\r\n\r\n"));
	length = field_of(fields, SPAN("Content-Length"));
	if (length.n > 0 && span_u64(length, UINT32_MAX, &n) < 0)
		return true;
	return body.n >= n;
}

/* Our own pipe, which never blocks for long: the parent reads. */
static bool write_all(int fd, const void *p, size_t n)
{
	const char *c = p;

	while (n > 0) {
		ssize_t done = write(fd, c, n);

		if (done <= 0)
			return false;
		c += done, n -= (size_t)done;
	}
	return true;
}

/* One connection, one request; what came is reported before it is answered. */
static bool collect(int fd, int to)
{
	static const char answer[] =
	    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	struct buf in;
	uint32_t n;
	bool good = true;

	buf_init(&in, CANARY_GOT_MAX_BYTES);
	while (!whole(buf_span(&in)) && read_more(fd, &in) == 1)
		;
	n = (uint32_t)buf_len(&in);
	if (n > 0)
		good = write_all(to, &n, sizeof n) &&
		       write_all(to, buf_span(&in).p, n);
	(void)send_all(fd, SPAN(answer));
	buf_fini(&in);
	close(fd);
	return good;
}

static void serve(int listener, int to)
{
	int fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0 && !collect(fd, to))
			return;
		if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static int listen_at(const struct addr *at)
{
	int fd = socket(at->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, e;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, &at->u.any, at->len) == 0 && listen(fd, 16) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

struct canary_net *canary_net_new(
    const struct addr *at, const struct addr *proxy)
{
	struct canary_net *n = calloc(1, sizeof *n);
	int fd[2] = { -1, -1 };
	int listener = n != NULL ? listen_at(at) : -1;
	pid_t parent = getpid();
	int e;

	if (listener < 0 || pipe(fd) < 0 || (n->collector = fork()) < 0) {
		e = errno;
		if (listener >= 0)
			close(listener);
		if (fd[0] >= 0)
			close(fd[0]), close(fd[1]);
		free(n);
		errno = e;
		return NULL;
	}
	if (n->collector == 0) {
		close(fd[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(listener, fd[1]);
		_exit(0);
	}
	close(listener);
	close(fd[1]);
	n->from = fd[0];
	n->proxy = *proxy;
	return n;
}

void canary_net_free(struct canary_net *n)
{
	if (n == NULL)
		return;
	close(n->from);
	(void)kill(n->collector, SIGKILL);
	(void)waitpid(n->collector, NULL, 0);
	free(n);
}

/* ---- the client ---- */

static int reach(const struct addr *to)
{
	int fd = socket(to->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval wait = { .tv_sec = CANARY_WAIT_S };
	int e;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, &to->u.any, to->len) == 0)
		return fd;
	e = -errno;
	close(fd);
	return e == -EINPROGRESS ? -ETIMEDOUT : e;
}

/* The status of an answer whose head is whole: 0 when it is none. */
static int status_of(struct span answer)
{
	uint64_t status;

	if (!span_starts(answer, SPAN("HTTP/1.")) || answer.n < 12 ||
	    span_u64(span_of(answer.p + 9, 3), 599, &status) < 0)
		return 0;
	return (int)status;
}

static int converse(int fd, struct span request, int *ret_status)
{
	struct buf in;
	int r;

	buf_init(&in, CANARY_GOT_MAX_BYTES);
	r = send_all(fd, request) < 0 ? -EPIPE : 1;
	/* A gateway that refuses may not read all of it. */
	r = r == -EPIPE ? 1 : r;
	while (r == 1 &&
	       span_find(buf_span(&in), SPAN("\r\n\r\n")) == buf_len(&in))
		r = read_more(fd, &in);
	if (r == 0)
		r = -EBADMSG;
	*ret_status = r == 1 ? status_of(buf_span(&in)) : 0;
	buf_fini(&in);
	return r < 0 ? r : *ret_status > 0 ? 0 : -EBADMSG;
}

/* What the collector has to say. */
static int take(struct canary_net *n, int wait_ms, struct buf *got)
{
	uint32_t left;

	while (ready(n->from, POLLIN, wait_ms)) {
		if (read(n->from, &left, sizeof left) != sizeof left)
			return -EPIPE;
		while (left > 0) {
			char *p = buf_reserve(got, left);
			ssize_t done;

			if (p == NULL)
				return buf_error(got);
			done = read(n->from, p, left);
			if (done <= 0)
				return -EPIPE;
			buf_commit(got, (size_t)done);
			left -= (uint32_t)done;
		}
		wait_ms = 0;
	}
	return 0;
}

int canary_net_ask(
    struct canary_net *n, struct span request, struct buf *got, int *ret_status)
{
	int fd = reach(&n->proxy), e, late;

	*ret_status = 0;
	if (fd < 0)
		return fd;
	e = converse(fd, request, ret_status);
	close(fd);
	/* What came was reported before it was answered. */
	late = take(n, *ret_status == 204 ? 0 : CANARY_LATE_MS, got);
	return e < 0 ? e : late;
}
