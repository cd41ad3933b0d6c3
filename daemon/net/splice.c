/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/splice.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP_MAX 4 /* unused ones that are not closed */

struct splice {
	int in, out; /* owned */
	size_t size, held;
	struct splice *next; /* of those that are kept */
};

static struct {
	struct splice *kept;
	unsigned nkept, n; /* n: all that there are */
} own;

static void end(struct splice *p)
{
	close(p->in);
	close(p->out);
	free(p);
	own.n--;
}

static struct splice *make(void)
{
	struct splice *p;
	int fd[2], size;

	if (own.n == SPLICE_PIPES_MAX)
		return NULL;
	p = malloc(sizeof *p);
	if (p == NULL || pipe2(fd, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(p);
		return NULL;
	}
	/* Beyond a sum per user the kernel says no. */
	(void)fcntl(fd[1], F_SETPIPE_SZ, (int)SPLICE_PIPE_BYTES);
	size = fcntl(fd[1], F_GETPIPE_SZ);
	*p = (struct splice){ .out = fd[0], .in = fd[1] };
	p->size = size > 0 ? (size_t)size : 4096;
	own.n++;
	return p;
}

struct splice *splice_take(void)
{
	struct splice *p = own.kept;

	if (p == NULL)
		return make();
	own.kept = p->next;
	own.nkept--;
	return p;
}

void splice_put(struct splice *p)
{
	if (p == NULL)
		return;
	if (p->held > 0 || own.nkept == KEEP_MAX) {
		end(p);
		return;
	}
	p->next = own.kept;
	own.kept = p;
	own.nkept++;
}

size_t splice_held(const struct splice *p)
{
	return p->held;
}

static ssize_t move(int from, int to, size_t n)
{
	ssize_t got;

	do
		got = splice(
		    from, NULL, to, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t splice_from(struct splice *p, int fd)
{
	ssize_t got;

	assert(p->held == 0);
	got = move(fd, p->in, p->size);
	if (got > 0)
		p->held = (size_t)got;
	return got;
}

ssize_t splice_to(struct splice *p, int fd)
{
	ssize_t put = move(p->out, fd, p->held);

	if (put > 0)
		p->held -= (size_t)put;
	return put;
}
