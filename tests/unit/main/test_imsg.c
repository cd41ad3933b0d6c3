/* SPDX-License-Identifier: EUPL-1.2 */
/* Typed messages: what the table allows passes, anything else ends. */
#include "main/imsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/tap.h"
#include "net/loop.h"

static char mem[IMSG_BODY_MAX + 8];

static struct span body_of(size_t n)
{
	static char filler[IMSG_BODY_MAX + 100];

	memset(filler, 'x', sizeof filler);
	return span_of(filler, n);
}

static void send_table(void)
{
	static const struct {
		const char *name;
		enum imsg_type type;
		size_t n;
		bool fd;
		int want;
	} row[] = {
		{ "a ping", IMSG_PING, 8, false, 0 },
		{ "a ping that is too short", IMSG_PING, 7, false, -EINVAL },
		{ "a ping that is too long", IMSG_PING, 9, false, -EINVAL },
		{ "a ping with a descriptor", IMSG_PING, 8, true, -EINVAL },
		{ "a listener", IMSG_LISTENER, 0, true, 0 },
		{ "a listener without descriptor", IMSG_LISTENER, 0, false,
		    -EINVAL },
		{ "a listener with a body", IMSG_LISTENER, 1, true, -EINVAL },
		{ "the longest leaf", IMSG_LEAF, 15000, false, 0 },
		{ "a leaf over the limit", IMSG_LEAF, 15001, false, -EINVAL },
		{ "rules", IMSG_RULES, 20, true, 0 },
		{ "an unknown type", IMSG_COUNT, 0, false, -EINVAL },
	};
	int fd[2];

	imsg_pair(fd);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct imsg m = { .fd = -1 };
		int err = imsg_send(fd[0], row[i].type, body_of(row[i].n),
		    row[i].fd ? 0 : -1);

		tap_int(err, row[i].want, "send %s", row[i].name);
		if (err < 0)
			continue;
		err = imsg_recv(fd[1], 0, mem, &m);
		tap_ok(err == 0 && m.type == row[i].type &&
			m.body.n == row[i].n && (m.fd >= 0) == row[i].fd,
		    "receive %s", row[i].name);
		if (m.fd >= 0)
			close(m.fd);
	}
	tap_int(imsg_recv(fd[1], 0, mem, &(struct imsg){ .fd = -1 }), -EAGAIN,
	    "nothing more is there");
	close(fd[0]);
	tap_int(imsg_recv(fd[1], 0, mem, &(struct imsg){ .fd = -1 }), -EPIPE,
	    "the end is seen");
	tap_int(imsg_send(fd[1], IMSG_GO, SPAN(""), -1), -EPIPE,
	    "sending after the end");
	close(fd[1]);
}

/* Raw bytes as a broken or hostile process would send them. */
static void send_raw(int fd, const void *p, size_t n, unsigned nfds)
{
	int fds[4] = { 0, 0, 0, 0 };
	char control[CMSG_SPACE(sizeof fds)] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	if (sendmsg(fd, &msg, 0) < 0)
		tap_note("sendmsg: %d", errno);
}

static int open_files(void)
{
	int fd = dup(0); /* the lowest free number tells about leaks */

	close(fd);
	return fd;
}

static void hostile_table(void)
{
	static const struct {
		const char *name;
		uint32_t type, n;
		size_t send;
		unsigned fds;
	} row[] = {
		{ "cut inside the head", IMSG_PING, 8, 5, 0 },
		{ "body shorter than told", IMSG_PING, 8, 15, 0 },
		{ "body longer than told", IMSG_PING, 8, 17, 0 },
		{ "length not of the table", IMSG_PING, 9, 17, 0 },
		{ "type past the table", IMSG_COUNT, 0, 8, 0 },
		{ "type far past the table", UINT32_MAX, 0, 8, 0 },
		{ "length that wraps", IMSG_LOG, UINT32_MAX, 20, 0 },
		{ "descriptor where none belongs", IMSG_PING, 8, 16, 1 },
		{ "no descriptor where one belongs", IMSG_LISTENER, 0, 8, 0 },
		{ "two descriptors", IMSG_LISTENER, 0, 8, 2 },
		{ "larger than any message", IMSG_LEAF, 20000, 20008, 0 },
	};
	static char raw[20008];
	int before = open_files();

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct imsg m = { .fd = -1 };
		int fd[2];

		imsg_pair(fd);
		memcpy(raw, &row[i].type, 4);
		memcpy(raw + 4, &row[i].n, 4);
		send_raw(fd[0], raw, row[i].send, row[i].fds);
		tap_int(imsg_recv(fd[1], 0, mem, &m), -EBADMSG, "%s",
		    row[i].name);
		close(fd[0]);
		close(fd[1]);
	}
	tap_int(open_files(), before, "no descriptor is left behind");
}

static struct {
	struct imsg_chan *chan;
	unsigned got, ends;
	uint64_t sum;
	int err;
	unsigned stop_at;
	bool free_inside;
} side;

static void on_msg(void *arg, struct imsg *m)
{
	struct span body = m->body;
	uint64_t v = 0;

	(void)arg;
	if (m->type == IMSG_PING && imsg_get_u64(&body, &v))
		side.sum += v;
	if (++side.got == side.stop_at) {
		if (side.free_inside)
			imsg_chan_free(side.chan);
		loop_stop();
	}
}

static void on_end(void *arg, int err)
{
	(void)arg;
	side.ends++;
	side.err = err;
	loop_stop();
}

static const struct imsg_ops ops = { on_msg, on_end };

static void channel(void)
{
	struct imsg_chan *out;
	unsigned sent = 0;
	int fd[2], err = 0;
	uint64_t want = 0;

	imsg_pair(fd);
	out = imsg_chan_new(fd[0], &ops, NULL);
	side.chan = imsg_chan_new(fd[1], &ops, NULL);
	/* More than the socket holds: the rest waits, then there is an end. */
	while (err == 0 && sent < 100000) {
		struct imsg_body b = { .n = 0 };

		imsg_put_u64(&b, sent);
		err = imsg_chan_send(out, IMSG_PING, imsg_body_span(&b), -1);
		if (err == 0)
			want += sent++;
	}
	tap_int(err, -ENOBUFS, "a reader that never reads fills the queue");
	tap_ok(sent > IMSG_QUEUE_MAX, "%u were taken", sent);
	side.stop_at = sent;
	loop_run();
	tap_int(side.got, sent, "all of them arrive");
	tap_int((long long)side.sum, (long long)want, "each once, none twice");
	imsg_chan_free(out);
	loop_run();
	tap_ok(side.ends == 1 && side.err == -EPIPE, "the end is told once");
	imsg_chan_free(side.chan);
}

static void free_inside(void)
{
	struct imsg_chan *out;
	int fd[2];

	imsg_pair(fd);
	memset(&side, 0, sizeof side);
	side.stop_at = 1, side.free_inside = true;
	out = imsg_chan_new(fd[0], &ops, NULL);
	side.chan = imsg_chan_new(fd[1], &ops, NULL);
	for (int i = 0; i < 3; i++)
		(void)imsg_chan_send(out, IMSG_PING, body_of(8), -1);
	loop_run();
	tap_int(side.got, 1, "nothing comes after the channel was freed");
	imsg_chan_free(out);
}

static void bodies(void)
{
	static struct imsg_body b;
	struct span s, part;
	uint32_t v32 = 0;
	uint64_t v64 = 0;

	imsg_put_u32(&b, 7);
	imsg_put_u64(&b, 1ull << 40);
	imsg_put(&b, "abc", 3);
	s = imsg_body_span(&b);
	tap_ok(imsg_get_u32(&s, &v32) && v32 == 7, "a number");
	tap_ok(imsg_get_u64(&s, &v64) && v64 == 1ull << 40, "a long number");
	tap_ok(!imsg_get_u32(&s, &v32) && s.n == 3, "too little is left");
	tap_ok(!imsg_get_span(&s, 4, &part) && imsg_get_span(&s, 3, &part) &&
		span_eq(part, SPAN("abc")),
	    "a part");
	b.n = 0;
	for (int i = 0; i < 5000; i++)
		imsg_put_u32(&b, 1);
	tap_ok(b.full && imsg_body_span(&b).n > IMSG_BODY_MAX,
	    "a body that overflows cannot be sent");
}

int main(void)
{
	send_table();
	hostile_table();
	if (loop_init() < 0)
		return 1;
	channel();
	free_inside();
	bodies();
	return tap_done();
}
