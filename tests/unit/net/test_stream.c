/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/loop.h"

#include "lib/tap.h"
#include "unit/net/guard.h"

/* One end of a pair, with what was told to it. */
struct side {
	struct stream *s;
	struct side *peer;
	size_t got, sent, want; /* bytes; want: to send in all */
	size_t most_in;         /* longest input queue seen */
	size_t keep;            /* bytes on_read leaves in the queue */
	unsigned reads, drains, ends, readies;
	int end_err, ready_err;
	bool wrong; /* a byte that was not the next */
	bool close_on_read, close_on_end, close_on_drain, stop_on_end;
	bool stop_on_read, pause_on_read;
};

static char byte_at(size_t i)
{
	return (char)(i * 7 + i / 251);
}

static void send_more(struct side *e)
{
	char piece[4096];
	size_t n;

	while (e->sent < e->want && !stream_full(e->s)) {
		n = e->want - e->sent < sizeof piece ? e->want - e->sent
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

static void on_ready(void *arg, int err)
{
	struct side *e = arg;

	e->readies++;
	e->ready_err = err;
	loop_stop();
}

static void on_read(void *arg)
{
	struct side *e = arg;
	struct buf *in = stream_in(e->s);
	size_t n = buf_len(in);

	e->reads++;
	if (n > e->most_in)
		e->most_in = n;
	if (e->close_on_read) {
		stream_close(e->s);
		e->s = NULL;
		loop_stop();
		return;
	}
	if (e->pause_on_read)
		stream_reading(e->s, false);
	if (e->stop_on_read)
		loop_stop();
	if (n <= e->keep)
		return;
	n -= e->keep;
	for (size_t i = 0; i < n; i++)
		if (buf_span(in).p[i] != byte_at(e->got + i))
			e->wrong = true;
	e->got += n;
	buf_drain(in, n);
}

static void on_drain(void *arg)
{
	struct side *e = arg;

	e->drains++;
	if (e->close_on_drain) {
		stream_close(e->s);
		e->s = NULL;
		loop_stop();
		return;
	}
	send_more(e);
}

static void on_end(void *arg, int err)
{
	struct side *e = arg;

	e->ends++;
	e->end_err = err;
	if (e->close_on_end) {
		stream_close(e->s);
		e->s = NULL;
	}
	if (e->stop_on_end && (e->peer == NULL || e->peer->ends > 0))
		loop_stop();
}

static const struct stream_ops ops = { on_ready, on_read, on_drain, on_end };

static void make_pair(struct side *a, struct side *b)
{
	int fd[2];

	*a = (struct side){ .peer = b }, *b = (struct side){ .peer = a };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	a->s = stream_new(fd[0], &ops, a);
	b->s = stream_new(fd[1], &ops, b);
}

static void end_pair(struct side *a, struct side *b)
{
	stream_close(a->s);
	stream_close(b->s);
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void turn(unsigned ms)
{
	struct deadline d;

	deadline_init(&d, stop, NULL);
	deadline_set(&d, ms);
	run();
	deadline_fini(&d);
}

static void test_both_ways(void)
{
	static const struct {
		const char *name;
		size_t a, b;
	} row[] = {
		{ "nothing", 0, 0 },
		{ "one byte", 1, 0 },
		{ "a few", 300, 5000 },
		{ "8 MiB each way", 8u << 20, 8u << 20 },
		{ "one way", 0, 3u << 20 },
	};
	struct side a, b;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		make_pair(&a, &b);
		a.want = row[i].a, b.want = row[i].b;
		a.stop_on_end = b.stop_on_end = true;
		stream_reading(a.s, true);
		stream_reading(b.s, true);
		send_more(&a);
		send_more(&b);
		run();
		tap_ok(b.got == row[i].a && a.got == row[i].b && !a.wrong &&
		           !b.wrong,
		    "%s: all bytes arrive", row[i].name);
		tap_ok(a.ends == 1 && b.ends == 1 && a.end_err == 0 &&
		           b.end_err == 0,
		    "%s: one orderly end each", row[i].name);
		tap_ok(a.most_in <= STREAM_IN_MAX_BYTES &&
		           b.most_in <= STREAM_IN_MAX_BYTES,
		    "%s: input is bounded", row[i].name);
		end_pair(&a, &b);
	}
}

static void test_back_pressure(void)
{
	struct side a, b;

	make_pair(&a, &b);
	a.want = 4u << 20;
	send_more(&a);
	turn(20);
	tap_ok(a.sent < 2u << 20, "a reader that rests stops the writer");
	tap_int((long long)b.reads, 0, "no on_read while reading is off");
	tap_int((long long)buf_len(stream_in(b.s)), 0, "nothing is read");
	/* The owner never takes: input stays at its maximum. */
	b.keep = SIZE_MAX;
	stream_reading(b.s, true);
	turn(20);
	tap_int((long long)buf_len(stream_in(b.s)), STREAM_IN_MAX_BYTES,
	    "input fills to its maximum");
	/* It takes outside on_read, and says nothing. */
	b.keep = 0;
	on_read(&b);
	b.stop_on_end = true, b.peer = NULL;
	run();
	tap_ok(b.got == a.want && !b.wrong, "reading goes on by itself");
	tap_ok(a.drains > 0, "on_drain was told");
	end_pair(&a, &b);
}

static void test_reading_off_on(void)
{
	struct side a, b;

	make_pair(&a, &b);
	b.keep = SIZE_MAX;
	b.pause_on_read = b.stop_on_read = true;
	buf_add_str(stream_out(a.s), "abc");
	stream_flush(a.s);
	stream_reading(b.s, true);
	run();
	tap_int(b.reads, 1, "on_read for three bytes");
	stream_reading(b.s, true);
	tap_int(b.reads, 1, "not inside stream_reading");
	run();
	tap_int(b.reads, 2, "once more after reading is on again");
	stream_reading(b.s, false);
	stream_finish(a.s);
	turn(10);
	tap_int(b.ends, 0, "no end while reading is off");
	b.pause_on_read = false;
	b.stop_on_end = true, b.peer = NULL;
	stream_reading(b.s, true);
	turn(10);
	tap_int(b.ends, 1, "the end comes when reading is on");
	stream_set_ops(b.s, &ops, &a);
	a.peer = NULL, a.keep = SIZE_MAX;
	stream_close(a.s);
	a.s = b.s;
	turn(10);
	tap_int(a.reads, 1, "a new owner hears of waiting bytes");
	tap_int(a.ends, 1, "and of the end");
	stream_close(a.s);
}

static void test_half_close(void)
{
	struct side a, b;

	make_pair(&a, &b);
	a.want = 1000;
	b.want = 100000;
	stream_reading(a.s, true);
	stream_reading(b.s, true);
	b.stop_on_end = true, b.peer = NULL;
	send_more(&a);
	run();
	tap_ok(b.got == 1000 && b.ends == 1, "one direction has ended");
	a.stop_on_end = true, a.peer = NULL;
	send_more(&b);
	run();
	tap_ok(a.got == 100000 && !a.wrong, "the other one goes on");
	buf_add_str(stream_out(a.s), "x");
	tap_ok(stream_flush(a.s) < 0, "no output after the end of output");
	end_pair(&a, &b);
}

static void test_close_inside(void)
{
	static const struct {
		const char *name;
		bool on_read, on_end, on_drain;
	} row[] = {
		{ "close in on_read", true, false, false },
		{ "close in on_end", false, true, false },
		{ "close in on_drain", false, false, true },
	};
	struct side a, b;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		make_pair(&a, &b);
		b.close_on_read = row[i].on_read;
		b.close_on_end = b.stop_on_end = row[i].on_end;
		b.close_on_drain = row[i].on_drain;
		b.peer = NULL;
		buf_add_str(stream_out(a.s), "abc");
		stream_finish(a.s);
		if (row[i].on_drain)
			stream_notify_empty(b.s);
		stream_reading(b.s, true);
		run();
		tap_ok(b.s == NULL, "%s", row[i].name);
		turn(1);
		end_pair(&a, &b);
	}
}

static void test_broken(void)
{
	struct side a, b;

	make_pair(&a, &b);
	buf_add_str(stream_out(a.s), "unread");
	stream_flush(a.s);
	stream_reading(a.s, true);
	a.stop_on_end = true, a.peer = NULL;
	stream_close(b.s); /* with unread input: a reset */
	run();
	tap_int(a.ends, 1, "a reset is told once");
	tap_int(a.end_err, -ECONNRESET, "as such");
	buf_add_str(stream_out(a.s), "more");
	tap_ok(stream_flush(a.s) < 0, "flush says so too");
	turn(5);
	tap_int(a.ends, 1, "and nobody says it again");
	stream_close(a.s);

	make_pair(&a, &b);
	stream_close(b.s);
	buf_add_str(stream_out(a.s), "more");
	tap_int(stream_flush(a.s), -ECONNRESET, "a write nobody reads");
	turn(5);
	tap_int(a.ends, 0, "no on_end after an error of flush");
	stream_close(a.s);

	make_pair(&a, &b);
	for (size_t i = 0; i <= STREAM_OUT_MAX_BYTES; i += 4096)
		buf_add(stream_out(a.s), (char[4096]){ 0 }, 4096);
	tap_int(stream_flush(a.s), -ENOBUFS, "too much output breaks it");
	end_pair(&a, &b);

	make_pair(&a, &b);
	stream_close(a.s);
	b.stop_on_end = true, b.peer = NULL;
	stream_reading(b.s, true);
	run();
	tap_int(b.ends, 1, "the end of one is told to the other");
	stream_close(b.s);
	stream_close(NULL);
}

static void test_notify(void)
{
	struct side a, b;

	make_pair(&a, &b);
	a.close_on_drain = true;
	stream_notify_empty(a.s);
	tap_int(a.drains, 0, "not inside stream_notify_empty");
	run();
	tap_int(a.drains, 1, "empty at once");
	stream_close(b.s);

	make_pair(&a, &b);
	a.want = 250000;
	send_more(&a);
	tap_ok(buf_len(stream_out(a.s)) > 0, "more than the socket takes");
	stream_notify_empty(a.s);
	a.close_on_drain = true;
	turn(10);
	tap_int(a.drains, 0, "on_drain waits for the peer");
	stream_reading(b.s, true);
	b.stop_on_end = true, b.peer = NULL;
	run();
	turn(1);
	tap_int(a.drains, 1, "told after the last byte and the end");
	tap_int((long long)b.got, 250000, "of which none is lost");
	end_pair(&a, &b);
}

static void test_dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in nowhere = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_BROADCAST),
		.sin_port = htons(9) };
	socklen_t n = sizeof to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct side a = { 0 };

	if (bind(fd, (struct sockaddr *)&to, n) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &n) < 0)
		abort();
	a.s = stream_dial((struct sockaddr *)&to, n, &ops, &a);
	tap_int(a.readies, 0, "not inside stream_dial");
	run();
	tap_ok(a.readies == 1 && a.ready_err == 0, "connected");
	stream_close(a.s);
	close(fd);
	a = (struct side){ 0 };
	a.s = stream_dial((struct sockaddr *)&to, n, &ops, &a);
	run();
	tap_int(a.ready_err, -ECONNREFUSED, "nobody listens");
	stream_close(a.s);
	a = (struct side){ 0 };
	a.s = stream_dial((struct sockaddr *)&nowhere, n, &ops, &a);
	run();
	tap_ok(a.readies == 1 && a.ready_err < 0, "refused at once");
	turn(1);
	tap_int(a.readies + a.ends, 1, "and told once");
	stream_close(a.s);
}

int main(void)
{
	if (loop_init() < 0)
		return 1;
	deadline_init(&limit, on_limit, NULL);
	test_both_ways();
	test_back_pressure();
	test_reading_off_on();
	test_half_close();
	test_close_inside();
	test_broken();
	test_notify();
	test_dial();
	deadline_fini(&limit);
	loop_fini();
	return tap_done();
}
