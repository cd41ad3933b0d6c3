/* SPDX-License-Identifier: EUPL-1.2 */
/* Two joined streams between two ends, as in a tunnel. */
#include "net/splice.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/loop.h"

#include "lib/tap.h"
#include "unit/net/guard.h"

#define MIB (1u << 20)

/* One end: says and hears a row of bytes that depends on the place. */
struct end {
	struct stream *s;
	size_t want, sent, got; /* to say; said; heard */
	size_t pause_at;        /* rests once when so much was heard; 0: no */
	bool wrong, ended;
	struct deadline rest;
};

/* The relay in the middle, and both ends. */
struct relay {
	struct stream *a, *b;
	bool a_ended, b_ended;
	size_t passed;
	int err;
	struct end client, server;
};

static struct relay r;

static char byte_at(size_t i)
{
	return (char)(i * 13 + i / 509);
}

static void check_done(void)
{
	if (r.err < 0 || (r.client.ended && r.server.ended))
		loop_stop();
}

static void send_more(struct end *e)
{
	char piece[8192];

	while (e->sent < e->want && !stream_full(e->s)) {
		size_t n = e->want - e->sent < sizeof piece ? e->want - e->sent
		                                            : sizeof piece;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(e->sent + i);
		buf_add(stream_out(e->s), piece, n);
		e->sent += n;
	}
	stream_flush(e->s);
	if (e->sent == e->want)
		stream_finish(e->s);
}

static void on_rested(void *arg)
{
	struct end *e = arg;

	stream_reading(e->s, true);
}

static void on_end_read(void *arg)
{
	struct end *e = arg;
	struct span in = buf_span(stream_in(e->s));

	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != byte_at(e->got + i))
			e->wrong = true;
	e->got += in.n;
	buf_drain(stream_in(e->s), in.n);
	if (e->pause_at > 0 && e->got >= e->pause_at) {
		e->pause_at = 0;
		stream_reading(e->s, false);
		deadline_set(&e->rest, 50);
	}
}

static void on_end_drain(void *arg)
{
	send_more(arg);
}

static void on_end_end(void *arg, int err)
{
	struct end *e = arg;

	e->ended = true;
	if (err < 0)
		r.err = err;
	check_done();
}

static const struct stream_ops end_ops = {
	.on_read = on_end_read,
	.on_drain = on_end_drain,
	.on_end = on_end_end,
};

static void move(struct stream *from, struct stream *to)
{
	struct buf *in = stream_in(from);

	r.passed += stream_passed(from);
	buf_add_span(stream_out(to), buf_span(in));
	buf_drain(in, buf_len(in));
	if (stream_flush(to) < 0)
		r.err = -EIO;
	stream_reading(from, !stream_full(to));
}

static void on_a_read(void *arg)
{
	(void)arg;
	move(r.a, r.b);
}

static void on_b_read(void *arg)
{
	(void)arg;
	move(r.b, r.a);
}

static void on_a_drain(void *arg)
{
	(void)arg;
	stream_reading(r.b, true);
}

static void on_b_drain(void *arg)
{
	(void)arg;
	stream_reading(r.a, true);
}

static void on_a_end(void *arg, int err)
{
	(void)arg;
	move(r.a, r.b);
	stream_finish(r.b);
	r.err = err;
	check_done();
}

static void on_b_end(void *arg, int err)
{
	(void)arg;
	move(r.b, r.a);
	stream_finish(r.a);
	r.err = err;
	check_done();
}

static const struct stream_ops a_ops = {
	.on_read = on_a_read,
	.on_drain = on_a_drain,
	.on_end = on_a_end,
}, b_ops = {
	.on_read = on_b_read,
	.on_drain = on_b_drain,
	.on_end = on_b_end,
};

static void tcp_pair(int fd[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listening, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(listening, 1) < 0 ||
	    getsockname(listening, (struct sockaddr *)&at, &n) < 0 ||
	    connect(fd[0], (struct sockaddr *)&at, sizeof at) < 0 ||
	    (fd[1] = accept(listening, NULL, NULL)) < 0)
		abort();
	close(listening);
}

static void make(size_t up, size_t down)
{
	int left[2], right[2];

	tcp_pair(left);
	tcp_pair(right);
	r = (struct relay){ .client.want = up, .server.want = down };
	r.client.s = stream_new(left[0], &end_ops, &r.client);
	r.a = stream_new(left[1], &a_ops, NULL);
	r.b = stream_new(right[0], &b_ops, NULL);
	r.server.s = stream_new(right[1], &end_ops, &r.server);
	deadline_init(&r.client.rest, on_rested, &r.client);
	deadline_init(&r.server.rest, on_rested, &r.server);
	stream_join(r.a, r.b);
	stream_reading(r.client.s, true);
	stream_reading(r.a, true);
	stream_reading(r.b, true);
	stream_reading(r.server.s, true);
}

static void end(void)
{
	stream_close(r.client.s);
	stream_close(r.a);
	stream_close(r.b);
	stream_close(r.server.s);
	deadline_fini(&r.client.rest);
	deadline_fini(&r.server.rest);
}

static void expect(const char *name)
{
	tap_ok(r.client.got == r.server.want && r.server.got == r.client.want,
	    "%s: all arrives", name);
	tap_ok(!r.client.wrong && !r.server.wrong, "%s: in order", name);
	tap_int(r.err, 0, "%s: orderly ends", name);
	tap_ok(stream_queued(r.a) == 0 && stream_queued(r.b) == 0,
	    "%s: nothing rests", name);
}

static void test_flows(void)
{
	static const struct {
		const char *name;
		size_t up, down, rest_up, rest_down;
		bool passes;
	} row[] = {
		{ "nothing but ends", 0, 0, 0, 0, false },
		{ "a few bytes", 100, 200, 0, 0, false },
		{ "a large answer", 300, 40 * MIB, 0, 0, true },
		{ "a large upload", 40 * MIB, 1, 0, 0, true },
		{ "both ways", 20 * MIB, 20 * MIB, 0, 0, true },
		{ "a client that rests", 5, 40 * MIB, 0, MIB, true },
		{ "both rest", 40 * MIB, 40 * MIB, 2 * MIB, MIB, true },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		make(row[i].up, row[i].down);
		r.server.pause_at = row[i].rest_up;
		r.client.pause_at = row[i].rest_down;
		send_more(&r.client);
		send_more(&r.server);
		run();
		expect(row[i].name);
		tap_ok((r.passed > 0) == row[i].passes, "%s: %s", row[i].name,
		    row[i].passes ? "bytes passed" : "by the queues");
		end();
	}
}

/* Every pipe that there may be is taken. */
static void test_no_pipe(void)
{
	struct splice *taken[SPLICE_PIPES_MAX];
	unsigned n = 0;

	while (n < SPLICE_PIPES_MAX && (taken[n] = splice_take()) != NULL)
		n++;
	tap_ok(n == SPLICE_PIPES_MAX, "so many pipes");
	tap_ok(splice_take() == NULL, "and no more");
	make(30 * MIB, 30 * MIB);
	r.client.pause_at = MIB;
	send_more(&r.client);
	send_more(&r.server);
	run();
	expect("no pipe");
	tap_int((int)r.passed, 0, "no pipe: by the queues");
	end();
	while (n > 0)
		splice_put(taken[--n]);
}

static void test_no_descriptors(void)
{
	struct rlimit was, none;
	struct splice *taken[SPLICE_PIPES_MAX];
	unsigned n = 0;

	getrlimit(RLIMIT_NOFILE, &was);
	make(30 * MIB, 30 * MIB);
	none = was;
	none.rlim_cur = (rlim_t)stream_fd(r.server.s) + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	while (n < SPLICE_PIPES_MAX && (taken[n] = splice_take()) != NULL)
		n++; /* those that were kept */
	tap_ok(n < SPLICE_PIPES_MAX, "no descriptor, no pipe");
	send_more(&r.client);
	send_more(&r.server);
	run();
	expect("no descriptors");
	setrlimit(RLIMIT_NOFILE, &was);
	end();
	while (n > 0)
		splice_put(taken[--n]);
}

static void on_stop(void *arg)
{
	(void)arg;
	loop_stop();
}

/* An end goes while bytes rest in a pipe: nothing is left of them. */
static void test_sudden(void)
{
	for (int i = 0; i < SPLICE_PIPES_MAX + 8; i++) {
		make(0, 20 * MIB);
		r.client.pause_at = 1;
		send_more(&r.server);
		deadline_init(&r.server.rest, on_stop, NULL);
		deadline_set(&r.server.rest, 20);
		run();
		if (i == 0)
			tap_ok(r.server.sent < r.server.want ||
			           stream_queued(r.a) > 0,
			    "a client that reads no more holds it up");
		if (i % 2)
			stream_close(r.b), r.b = NULL;
		else
			stream_close(r.a), r.a = NULL;
		end();
	}
	make(0, 20 * MIB);
	send_more(&r.client);
	send_more(&r.server);
	run();
	expect("after many sudden ends");
	tap_ok(r.passed > 0, "there are pipes still");
	end();
}

int main(void)
{
	if (loop_init() < 0)
		return 1;
	deadline_init(&limit, on_limit, NULL);
	test_flows();
	test_no_pipe();
	test_no_descriptors();
	test_sudden();
	deadline_fini(&limit);
	loop_fini();
	return tap_done();
}
