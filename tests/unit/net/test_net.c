/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/addr.h"
#include "net/clock.h"
#include "net/dial.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/dns.h>
#include <event2/dns_struct.h>

#include "lib/tap.h"
#include "unit/net/guard.h"

/* ---- clock and loop ---- */

static struct deadline tick;
static unsigned fired;
static uint64_t fired_ms;

static void on_tick(void *arg)
{
	fired++;
	fired_ms = clock_ms();
	if (arg != NULL)
		deadline_fini(arg);
	loop_stop();
}

static void test_deadline(void)
{
	uint64_t from = clock_ms();

	tap_ok(clock_unix_s() > 1700000000, "the date is plausible");
	deadline_init(&tick, on_tick, NULL);
	deadline_set(&tick, 5000);
	deadline_set(&tick, 10);
	run();
	tap_ok(fired == 1 && fired_ms - from >= 10 && fired_ms - from < 2000,
	    "set earlier: fires then");
	from = clock_ms();
	deadline_set(&tick, 5);
	deadline_set(&tick, 40);
	run();
	tap_ok(fired == 2 && fired_ms - from >= 40, "set later: fires then");
	deadline_set(&tick, 1);
	deadline_stop(&tick);
	deadline_fini(&tick);
	deadline_fini(&tick);
	deadline_init(&tick, on_tick, &tick);
	deadline_set(&tick, 5);
	run();
	tap_int(fired, 3, "stopped: silent; freed inside its callback: fine");
}

static char order[16];
static struct loop_soon first, second;
static struct loop_later node[2];

static void note(void *arg)
{
	strncat(order, arg, 1);
	if (strcmp(arg, "a") == 0) {
		loop_soon(&first); /* in the next turn */
		loop_soon_cancel(&second);
		loop_later(&node[0], note, (void *)(uintptr_t) "x");
		if (strlen(order) > 2)
			loop_soon_cancel(&first);
	}
	if (strlen(order) > 4)
		loop_stop();
}

static void test_loop(void)
{
	loop_soon_init(&first, note, (void *)(uintptr_t) "a");
	loop_soon_init(&second, note, (void *)(uintptr_t) "b");
	loop_soon(&first);
	loop_soon(&first);
	loop_soon(&second);
	loop_later(&node[1], note, (void *)(uintptr_t) "y");
	run();
	tap_span(span_str(order), SPAN("axyax"),
	    "soon once a turn, cancelled, graveyard last");
	loop_stop();
	loop_run();
	tap_ok(true, "loop_stop before loop_run ends it at once");
}

/* ---- addresses ---- */

static void test_addr(void)
{
	static const struct {
		const char *in;
		uint16_t default_port;
		const char *want; /* NULL: refused */
		unsigned port;
		enum addr_kind kind;
	} row[] = {
		{ "127.0.0.1:3128", 0, "127.0.0.1", 3128, ADDR_PRIVATE },
		{ "[::1]:0", 0, "::1", 0, ADDR_PRIVATE },
		{ "[::1]", 53, "::1", 53, ADDR_PRIVATE },
		{ "::1", 53, "::1", 53, ADDR_PRIVATE },
		{ "::1", 0, NULL, 0, 0 },
		{ "1.2.3.4", 443, "1.2.3.4", 443, ADDR_PUBLIC },
		{ "1.2.3.4", 0, NULL, 0, 0 },
		{ "1.2.3.4:", 443, NULL, 0, 0 },
		{ "1.2.3.4:65536", 443, NULL, 0, 0 },
		{ "1.2.3", 443, NULL, 0, 0 },
		{ "0x7f.0.0.1", 443, NULL, 0, 0 },
		{ "[1.2.3.4]:80", 0, NULL, 0, 0 },
		{ "meet.example:80", 0, NULL, 0, 0 },
		{ "", 1, NULL, 0, 0 },
		{ ":80", 1, NULL, 0, 0 },
		{ "[]:80", 1, NULL, 0, 0 },
		{ "fe80::1%eth0", 1, NULL, 0, 0 },
		{ "0.0.0.0", 1, "0.0.0.0", 1, ADDR_NEVER },
		{ "10.1.2.3", 1, "10.1.2.3", 1, ADDR_PRIVATE },
		{ "100.64.0.1", 1, "100.64.0.1", 1, ADDR_PRIVATE },
		{ "100.128.0.1", 1, "100.128.0.1", 1, ADDR_PUBLIC },
		{ "169.254.169.254", 1, "169.254.169.254", 1, ADDR_PRIVATE },
		{ "172.31.255.255", 1, "172.31.255.255", 1, ADDR_PRIVATE },
		{ "172.32.0.0", 1, "172.32.0.0", 1, ADDR_PUBLIC },
		{ "192.168.0.1", 1, "192.168.0.1", 1, ADDR_PRIVATE },
		{ "224.0.0.1", 1, "224.0.0.1", 1, ADDR_NEVER },
		{ "255.255.255.255", 1, "255.255.255.255", 1, ADDR_NEVER },
		{ "::", 1, "::", 1, ADDR_NEVER },
		{ "::ffff:127.0.0.1", 1, "::ffff:127.0.0.1", 1, ADDR_PRIVATE },
		{ "::ffff:8.8.8.8", 1, "::ffff:8.8.8.8", 1, ADDR_PUBLIC },
		{ "64:ff9b::a00:1", 1, "64:ff9b::a00:1", 1, ADDR_PRIVATE },
		{ "2002:7f00:1::", 1, "2002:7f00:1::", 1, ADDR_PRIVATE },
		{ "fd00::1", 1, "fd00::1", 1, ADDR_PRIVATE },
		{ "fe80::1", 1, "fe80::1", 1, ADDR_PRIVATE },
		{ "ff02::1", 1, "ff02::1", 1, ADDR_NEVER },
		{ "2001:db8::1", 1, "2001:db8::1", 1, ADDR_PRIVATE },
		{ "2a00:1450::1", 1, "2a00:1450::1", 1, ADDR_PUBLIC },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char text[INET6_ADDRSTRLEN] = "";
		struct addr a;
		bool v6;
		int err = addr_parse_port(
		    span_str(row[i].in), row[i].default_port, &a);

		if (row[i].want == NULL || err < 0) {
			tap_int(err, row[i].want ? 0 : -EINVAL, "\"%s\"",
			    row[i].in);
			continue;
		}
		v6 = a.u.any.sa_family == AF_INET6;
		inet_ntop(a.u.any.sa_family,
		    v6 ? (void *)&a.u.v6.sin6_addr : &a.u.v4.sin_addr, text,
		    sizeof text);
		tap_ok(strcmp(text, row[i].want) == 0 &&
		           ntohs(v6 ? a.u.v6.sin6_port : a.u.v4.sin_port) ==
		               row[i].port &&
		           addr_kind(&a) == row[i].kind,
		    "\"%s\" is %s", row[i].in, text);
	}
}

/* ---- listen and dial ---- */

static struct {
	unsigned accepted, want;
	int err;
	struct stream *s;
	bool done;
} seen;

static void on_accept(void *arg, int fd, const struct sockaddr *from)
{
	(void)arg;
	if (from->sa_family != AF_INET && from->sa_family != AF_INET6)
		tap_ok(false, "an address of a known family");
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC) ||
	    !(fcntl(fd, F_GETFL) & O_NONBLOCK))
		tap_ok(false, "close-on-exec and non-blocking");
	close(fd);
	if (++seen.accepted >= seen.want && seen.done)
		loop_stop();
}

static void on_dialled(void *arg, int err, struct stream *s)
{
	(void)arg;
	seen.err = err;
	seen.s = s;
	seen.done = true;
	if (err < 0 || seen.accepted >= seen.want)
		loop_stop();
}

static uint16_t port_of(int fd)
{
	struct addr a;
	socklen_t n = sizeof a.u;

	if (getsockname(fd, &a.u.any, &n) < 0)
		abort();
	return ntohs(a.u.v4.sin_port); /* at the same place in both */
}

/* 0 when it connected; else the error that was told. */
static int try_dial(
    const char *host, uint16_t port, const char *to, bool allow_private)
{
	struct dial *d;

	memset(&seen, 0, sizeof seen);
	d = dial_start(
	    span_str(host), port, to, allow_private, on_dialled, NULL);
	if (d == NULL || seen.done)
		return -ENOTRECOVERABLE; /* never inside */
	run();
	stream_close(seen.s);
	return seen.err;
}

static void test_listen(void)
{
	int fd = listen_open("127.0.0.1:0"), again, fd6;
	char text[64];
	struct listener *l;

	tap_ok(fd >= 0, "listen on any port");
	snprintf(text, sizeof text, "127.0.0.1:%u", port_of(fd));
	again = listen_open(text);
	tap_ok(again >= 0, "a second socket for another worker");
	close(again);
	fd6 = listen_open("[::1]:0");
	tap_ok(fd6 >= 0 || fd6 == -EADDRNOTAVAIL || fd6 == -EAFNOSUPPORT,
	    "IPv6, where there is any");
	close(fd6);
	tap_int(listen_open("nonsense"), -EINVAL, "not an address");
	l = listen_start(fd, on_accept, NULL);
	seen.want = 1;
	tap_int(try_dial("meet.example", 443, text, false), 0,
	    "the static table may name any address");
	tap_int(try_dial("meet.example", port_of(fd), "127.0.0.1", false), 0,
	    "with the port of the host");
	listen_stop(l);
	close(fd);
	tap_int(try_dial("meet.example", 443, text, false), -ECONNREFUSED,
	    "nobody listens");
	tap_int(try_dial("127.0.0.1", 1, NULL, false), -EACCES,
	    "a private literal");
	tap_int(try_dial("[::1]", 1, NULL, false), -EACCES, "in brackets");
	tap_int(try_dial("127.0.0.1", 1, NULL, true), -ECONNREFUSED,
	    "allowed: is dialled");
	tap_int(try_dial("224.0.0.1", 1, NULL, true), -EACCES,
	    "never a multicast address");
	tap_int(try_dial("meet.example", 1, "nonsense", true), -EINVAL,
	    "a bad address in the table");
	listen_stop(NULL);
}

static void test_accept_many(void)
{
	int fd = listen_open("127.0.0.1:0"), out[100];
	struct listener *l = listen_start(fd, on_accept, NULL);
	struct addr a;

	addr_parse(SPAN("127.0.0.1"), port_of(fd), &a);
	for (size_t i = 0; i < 100; i++) {
		out[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(out[i], &a.u.any, a.len) < 0)
			abort();
	}
	memset(&seen, 0, sizeof seen);
	seen.want = 100, seen.done = true;
	run();
	tap_int(seen.accepted, 100, "a hundred in more than one turn");
	listen_stop(l);
	close(fd);
	for (size_t i = 0; i < 100; i++)
		close(out[i]);
}

static void test_accept_rests(void)
{
	struct rlimit old, low;
	int fd = listen_open("127.0.0.1:0");
	int out = socket(AF_INET, SOCK_STREAM, 0);
	struct listener *l = listen_start(fd, on_accept, NULL);
	struct deadline d;
	struct addr a;

	addr_parse(SPAN("127.0.0.1"), port_of(fd), &a);
	if (connect(out, &a.u.any, a.len) < 0)
		abort();
	memset(&seen, 0, sizeof seen);
	seen.want = 1, seen.done = true;
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 3;
	deadline_init(&d, on_tick, NULL);
	deadline_set(&d, 20);
	setrlimit(RLIMIT_NOFILE, &low);
	run();
	setrlimit(RLIMIT_NOFILE, &old);
	tap_int(seen.accepted, 0, "no descriptor: accepting rests");
	run();
	tap_int(seen.accepted, 1, "and goes on");
	deadline_fini(&d);
	listen_stop(l);
	close(fd);
	close(out);
}

/* Is it over for a client that waited? */
static bool refused(int out)
{
	char c;

	return recv(out, &c, 1, MSG_DONTWAIT) == 0;
}

static int connect_to(int listening)
{
	int out = socket(AF_INET, SOCK_STREAM, 0);
	struct addr a;

	addr_parse(SPAN("127.0.0.1"), port_of(listening), &a);
	if (connect(out, &a.u.any, a.len) < 0)
		abort();
	return out;
}

static void run_for(unsigned ms)
{
	struct deadline d;

	deadline_init(&d, on_tick, NULL);
	deadline_set(&d, ms);
	run();
	deadline_fini(&d);
}

/* Not one is left: the clients that wait are told so. */
static void test_accept_starves(void)
{
	struct rlimit old, low;
	int fd = listen_open("127.0.0.1:0"), out[3], more[64];
	struct listener *l = listen_start(fd, on_accept, NULL);
	unsigned n = 0;

	getrlimit(RLIMIT_NOFILE, &old);
	for (int i = 0; i < 3; i++)
		out[i] = connect_to(fd);
	low = old;
	low.rlim_cur = (rlim_t)out[2] + 1;
	setrlimit(RLIMIT_NOFILE, &low);
	while (n < 64 && (more[n] = dup(fd)) >= 0)
		n++;
	memset(&seen, 0, sizeof seen);
	run_for(50);
	tap_ok(!refused(out[0]), "no descriptor: they wait a moment");
	run_for(150);
	tap_ok(refused(out[0]) && refused(out[1]) && refused(out[2]),
	    "then they are refused");
	tap_int(seen.accepted, 0, "nobody was accepted");
	setrlimit(RLIMIT_NOFILE, &old);
	while (n > 0)
		close(more[--n]);
	for (int i = 0; i < 3; i++)
		close(out[i]);
	run_for(150);
	listen_stop(l);
	l = listen_start(fd, on_accept, NULL);
	out[0] = connect_to(fd);
	seen.want = 1, seen.done = true;
	run();
	tap_int(seen.accepted, 1, "later there is room again");
	close(out[0]);
	listen_stop(l);
	close(fd);
}

/* What is left is for those who are there. */
static void test_accept_keeps_some(void)
{
	struct rlimit old, low;
	int fd = listen_open("127.0.0.1:0"), out = connect_to(fd), next;
	struct listener *l;

	getrlimit(RLIMIT_NOFILE, &old);
	next = dup(fd); /* the reserve will be there */
	low = old;
	low.rlim_cur = ((rlim_t)next + 1) * 4 / 3;
	close(next);
	setrlimit(RLIMIT_NOFILE, &low);
	l = listen_start(fd, on_accept, NULL);
	memset(&seen, 0, sizeof seen);
	run_for(20);
	tap_ok(refused(out) && seen.accepted == 0,
	    "a client beyond three quarters is refused");
	setrlimit(RLIMIT_NOFILE, &old);
	close(out);
	listen_stop(l);
	close(fd);
}

/* ---- names ---- */

static unsigned asked;
static char last_name[64];

static void on_question(struct evdns_server_request *r, void *arg)
{
	const struct evdns_server_question *q = r->questions[0];
	bool v4 = q->type == EVDNS_TYPE_A;
	unsigned char loop4[4] = { 127, 0, 0, 1 }, dead4[4] = { 127, 0, 0, 9 };
	unsigned char loop6[16] = { [15] = 1 };
	int code = 0;

	(void)arg;
	asked++;
	snprintf(last_name, sizeof last_name, "%s", q->name);
	if (strcasecmp(q->name, "none.example") == 0)
		code = 3;
	else if (v4 && strcasecmp(q->name, "four.example") == 0)
		evdns_server_request_add_a_reply(r, q->name, 1, loop4, 60);
	else if (v4 && strcasecmp(q->name, "both.example") == 0)
		evdns_server_request_add_a_reply(r, q->name, 1, loop4, 60);
	else if (!v4 && strcasecmp(q->name, "both.example") == 0)
		evdns_server_request_add_aaaa_reply(r, q->name, 1, loop6, 60);
	else if (v4 && strcasecmp(q->name, "two.example") == 0) {
		evdns_server_request_add_a_reply(r, q->name, 1, dead4, 60);
		evdns_server_request_add_a_reply(r, q->name, 1, loop4, 60);
	} else if (strcasecmp(q->name, "mute.example") == 0) {
		evdns_server_request_drop(r);
		return;
	}
	evdns_server_request_respond(r, code);
}

static void on_never(void *arg, int err, struct stream *s)
{
	(void)arg, (void)err, (void)s;
	tap_ok(false, "done after dial_cancel");
}

static void test_names(void)
{
	int dns = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int fd = listen_open("127.0.0.1:0");
	uint16_t port = port_of(fd);
	struct listener *l = listen_start(fd, on_accept, NULL);
	struct evdns_server_port *server;
	struct deadline d;
	struct addr a;
	char text[64];
	const char *const servers[] = { text };

	addr_parse(SPAN("127.0.0.1"), 0, &a);
	if (bind(dns, &a.u.any, a.len) < 0)
		abort();
	server = evdns_add_server_port_with_base(
	    loop_base(), dns, 0, on_question, NULL);
	snprintf(text, sizeof text, "127.0.0.1:%u", port_of(dns));
	dial_fini();
	tap_int(dial_init(servers, 1), 0, "a name server of our own");
	tap_int(try_dial("four.example", port, NULL, true), 0, "one address");
	tap_int(try_dial("both.example", port, NULL, true), 0,
	    "two families: the one that answers wins");
	tap_int(try_dial("two.example", port, NULL, true), 0,
	    "two addresses: the one that answers wins");
	tap_int(try_dial("two.example", port, NULL, false), -EACCES,
	    "DNS must not lead inside");
	tap_int(try_dial("none.example", port, NULL, true), -ENOENT,
	    "no such name");
	tap_ok(strcasecmp(last_name, "none.example") == 0,
	    "and no search domain is tried");
	tap_int(
	    try_dial("empty.example", port, NULL, true), -ENOENT, "no address");
	dial_cancel(
	    dial_start(SPAN("mute.example"), port, NULL, true, on_never, NULL));
	dial_cancel(
	    dial_start(SPAN("x.example"), port, text, true, on_never, NULL));
	dial_cancel(NULL);
	deadline_init(&d, on_tick, NULL);
	deadline_set(&d, 50);
	run();
	deadline_fini(&d);
	listen_stop(l);
	close(fd);
	evdns_close_server_port(server);
	close(dns);
}

int main(void)
{
	static const char *const bad[] = { "nonsense" };

	if (loop_init() < 0)
		return 1;
	deadline_init(&limit, on_limit, NULL);
	test_deadline();
	test_loop();
	test_addr();
	tap_int(dial_init(bad, 1), -EINVAL, "a name server without address");
	tap_int(dial_init(NULL, 0), 0, "the system's name servers");
	test_listen();
	test_accept_many();
	test_accept_rests();
	test_accept_starves();
	test_accept_keeps_some();
	test_names();
	deadline_fini(&limit);
	dial_fini();
	loop_stop();
	loop_run();
	loop_fini();
	return tap_done();
}
