/* SPDX-License-Identifier: EUPL-1.2 */
/* load - so many requests over so many connections, direct or through a proxy;
 * HTTP/1.1, HTTP/2 or WebSocket, all over TLS. Each answer is compared with
 * what is expected. CPU time and memory of the processes named are taken from
 * the operating system when the warm-up ends and again after the last answer.
 * Prints one line of JSON. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load_link.h"
#include "load_os.h"
#include "load_pace.h"

struct load_opt opt = { .path = "/",
	.conns = 16,
	.lanes = 1,
	.window = UINT32_MAX,
	.warm = 1000,
	.requests = 10000,
	.limit_s = 120 };

static const struct codec *codec = &codec_h1;

void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "load: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

size_t expect_part(size_t at, const uint8_t *p, size_t n)
{
	if (n > opt.expect.n - at)
		die("content of more than %zu bytes", opt.expect.n);
	if (n > 0 && memcmp(opt.expect.p + at, p, n) != 0)
		die("unexpected content after byte %zu: %.*s", at,
		    n < 60 ? (int)n : 60, (const char *)p);
	return at + n;
}

static struct bytes file_bytes(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bytes out = { NULL, 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die("%s: %s", path, strerror(errno));
	out.n = (size_t)st.st_size;
	if (out.n > 0) {
		void *p = mmap(NULL, out.n, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p == MAP_FAILED)
			die("%s: %s", path, strerror(errno));
		out.p = p;
	}
	close(fd);
	return out;
}

/* Idle connections: once all are up and quiet, and again after a while. */
static void hold(void)
{
	uint64_t end_ns = os_now_ns() + (uint64_t)opt.hold_s * 1000000000u;
	unsigned long before = link_count.up;

	printf("\"resident_kb\": %lu, ", os_resident_kb());
	while (os_now_ns() < end_ns)
		link_turn(100000000u);
	if (link_count.up != before)
		die("%lu of %lu connections are left", link_count.up, before);
	printf("\"held_kb\": %lu, \"held_s\": %u, \"up\": %lu, ",
	    os_resident_kb(), opt.hold_s, link_count.up);
}

static void run(void)
{
	uint64_t limit_ns = os_now_ns() + (uint64_t)opt.limit_s * 1000000000u;
	uint64_t since_ns;
	struct lane *lane = NULL;

	for (unsigned i = 0; i < opt.conns; i++)
		link_new(i);
	pace_start();
	while (!pace_over()) {
		for (;;) {
			if (lane == NULL)
				lane = link_free_lane();
			if (lane == NULL || !pace_take(&since_ns))
				break;
			link_begin(lane, since_ns);
			lane = NULL;
		}
		link_turn(pace_wait_ns(lane != NULL));
		if (os_now_ns() > limit_ns)
			die("not done after %u s: %lu answers", opt.limit_s,
			    pace_finished());
	}
}

static void report(void)
{
	putchar('{');
	pace_print();
	if (opt.idle)
		hold();
	printf("\"connections\": %u, \"lanes\": %u, \"in_bytes\": %lu, "
	       "\"handshakes\": %lu, \"resumed\": %lu, \"reopened\": %lu, "
	       "\"tls\": \"%s %s\"}\n",
	    opt.conns, opt.lanes, link_count.in_bytes, link_count.handshakes,
	    link_count.resumed, link_count.reopened, link_count.version,
	    link_count.cipher);
}

static void take_targets(char *text)
{
	while (opt.ndial < LOAD_TARGETS_MAX) {
		char *comma = strchr(text, ',');

		opt.dial[opt.ndial++] = text;
		if (comma == NULL)
			return;
		*comma = '\0';
		text = comma + 1;
	}
	die("too many targets");
}

static void take_way(const char *name)
{
	if (strcmp(name, "h1") == 0)
		codec = &codec_h1;
	else if (strcmp(name, "h2") == 0)
		codec = &codec_h2;
	else if (strcmp(name, "ws") == 0)
		codec = &codec_ws;
	else
		die("not h1, h2 or ws: %s", name);
}

static void usage(void)
{
	die("usage: load --host NAME --ca FILE\n"
	    "  --dial ADDR:PORT[,...]  where to connect\n"
	    "  [--to HOST:PORT]        that is a proxy: CONNECT to this\n"
	    "  [--speak h1|h2|ws] [--path /]\n"
	    "  [--body FILE] --expect FILE   what goes up and comes down\n"
	    "  [--connections 16] [--lanes 1]  and streams on each\n"
	    "  [--requests 10000] [--warm 1000]\n"
	    "  [--per-connection N]    end a connection after so many\n"
	    "  [--resume]              use TLS sessions again\n"
	    "  [--rate N]              per second, open loop\n"
	    "  [--idle --hold S]       one request, then the connection stays\n"
	    "  [--window N]            requests under way, all together\n"
	    "  [--pids N,...]          whose CPU time and memory\n"
	    "  [--limit 120]           seconds, then give up");
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "to", required_argument, NULL, 't' },
		{ "dial", required_argument, NULL, 'd' },
		{ "ca", required_argument, NULL, 'a' },
		{ "speak", required_argument, NULL, 's' },
		{ "path", required_argument, NULL, 'p' },
		{ "body", required_argument, NULL, 'b' },
		{ "expect", required_argument, NULL, 'e' },
		{ "connections", required_argument, NULL, 'c' },
		{ "lanes", required_argument, NULL, 'L' },
		{ "window", required_argument, NULL, 'W' },
		{ "warm", required_argument, NULL, 'w' },
		{ "requests", required_argument, NULL, 'n' },
		{ "per-connection", required_argument, NULL, 'k' },
		{ "resume", no_argument, NULL, 'r' },
		{ "rate", required_argument, NULL, 'R' },
		{ "idle", no_argument, NULL, 'i' },
		{ "hold", required_argument, NULL, 'H' },
		{ "limit", required_argument, NULL, 'l' },
		{ "pids", required_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		unsigned long n = optarg ? strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case 'h':
			opt.host = optarg;
			break;
		case 't':
			opt.to = optarg;
			opt.proxy = true;
			break;
		case 'd':
			take_targets(optarg);
			break;
		case 'a':
			opt.ca = optarg;
			break;
		case 's':
			take_way(optarg);
			break;
		case 'p':
			opt.path = optarg;
			break;
		case 'b':
			opt.body = file_bytes(optarg);
			break;
		case 'e':
			opt.expect = file_bytes(optarg);
			break;
		case 'c':
			opt.conns = (unsigned)n;
			break;
		case 'L':
			opt.lanes = (unsigned)n;
			break;
		case 'W':
			opt.window = (unsigned)n;
			break;
		case 'w':
			opt.warm = n;
			break;
		case 'n':
			opt.requests = n;
			break;
		case 'k':
			opt.per_conn = n;
			break;
		case 'r':
			opt.resume = true;
			break;
		case 'R':
			opt.rate = strtod(optarg, NULL);
			break;
		case 'i':
			opt.idle = true;
			break;
		case 'H':
			opt.hold_s = (unsigned)n;
			break;
		case 'l':
			opt.limit_s = (unsigned)n;
			break;
		case 'P':
			os_take_pids(optarg);
			break;
		default:
			usage();
		}
	}
}

static void check_options(void)
{
	if (opt.host == NULL || opt.ca == NULL || opt.ndial == 0 ||
	    opt.conns == 0 || opt.lanes == 0 || opt.requests == 0)
		usage();
	if (codec != &codec_h2 && opt.lanes != 1)
		die("only HTTP/2 has more than one lane");
	if (codec == &codec_ws && (opt.body.n == 0 || opt.body.n > UINT16_MAX))
		die("a message has 1 to 65535 bytes");
	if (opt.idle &&
	    opt.warm + opt.requests > (unsigned long)opt.conns * opt.lanes)
		die("idle: one request for each lane");
}

/* The port of a proxy's target is said to the target, too. */
static void make_authority(void)
{
	const char *port = opt.proxy ? strrchr(opt.to, ':') : NULL;
	static char text[300];

	if (port == NULL || strcmp(port, ":443") == 0)
		port = "";
	snprintf(text, sizeof text, "%s%s", opt.host, port);
	opt.authority = text;
}

int main(int argc, char **argv)
{
	take_options(argc, argv);
	check_options();
	make_authority();
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1000ul); /* of an open loop: 1 us */
	link_init(codec);
	run();
	report();
	return 0;
}
