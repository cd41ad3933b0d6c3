/* SPDX-License-Identifier: EUPL-1.2 */
/* What clients and servers do, and how their bytes come. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/case_hello.h"
#include "lib/case_run_int.h"
#include "proxy/conn.h"
#include "proxy/proxy.h"

#define HELLO_MAX_TEXT_BYTES (256u << 10)

static uint64_t last_id; /* connections number themselves, run after run */

/* ---- bytes ---- */

static void put(struct run *r, struct wire *w, struct span s)
{
	if (!w->closed && !w->fin && s.n > 0) {
		buf_add_span(&w->sent, s);
		run_settle(r);
	}
}

/* The two ways that damage count the client's bytes only. */
static void put_damaged(struct run *r, struct client *k, struct span s)
{
	size_t from = r->sent_client, at = r->way.at;
	struct buf b;

	r->sent_client += s.n;
	if (k->short_)
		return;
	buf_init(&b, s.n);
	buf_add_span(&b, s);
	if (r->way.way == WAY_SHORT && at < from + s.n) {
		buf_truncate(&b, at > from ? at - from : 0);
		k->short_ = true;
	} else if (r->way.way == WAY_DAMAGE && at / 8 >= from &&
	           at / 8 < from + s.n) {
		b.mem[b.head + at / 8 - from] ^= (char)(1 << at % 8);
	}
	put(r, k->wire, buf_span(&b));
	if (k->short_) {
		k->wire->fin = true;
		run_settle(r);
	}
	buf_fini(&b);
}

void run_deliver(
    struct run *r, struct client *k, struct wire *w, struct span s)
{
	size_t from = r->sent, at = r->way.at;
	bool inner = r->delivering;

	r->delivering = true;
	if (k != NULL && run_damaged(r)) {
		put_damaged(r, k, s);
		goto done;
	}
	r->sent += s.n;
	r->sent_client += k != NULL ? s.n : 0;
	if (r->way.way == WAY_SINGLE) {
		for (size_t i = 0; i < s.n; i++)
			put(r, w, span_of(s.p + i, 1));
	} else if (r->way.way == WAY_CUT && at > from && at < from + s.n) {
		put(r, w, span_of(s.p, at - from));
		put(r, w, span_from(s, at - from));
	} else {
		put(r, w, s);
	}
done:
	r->delivering = inner;
	if (!inner)
		run_settle(r);
}

/* ---- clients ---- */

static bool address(struct span text, struct sockaddr_storage *ret_from)
{
	struct sockaddr_in *in = (void *)ret_from;
	struct sockaddr_in6 *in6 = (void *)ret_from;
	char t[64];

	memset(ret_from, 0, sizeof *ret_from);
	snprintf(t, sizeof t, "%.*s", SPAN_ARG(text));
	if (inet_pton(AF_INET, t, &in->sin_addr) == 1)
		in->sin_family = AF_INET, in->sin_port = htons(50000);
	else if (inet_pton(AF_INET6, t, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6, in6->sin6_port = htons(50000);
	else
		return false;
	return true;
}

static void open_client(struct run *r, struct client *k, struct span from)
{
	struct sockaddr_storage ss;
	int fd;

	if (!address(from, &ss)) {
		run_fail(r, "%.*s is no address", SPAN_ARG(from));
		return;
	}
	case_msg_fini(&k->msg);
	socket_end_fini(&k->end);
	case_h2_free(k->h2);
	*k = (struct client){ .open = true };
	case_msg_init(&k->msg);
	fd = fake_client(&k->wire);
	proxy_accept(fd, (const void *)&ss);
	if (conn_find(last_id + 1) != NULL) {
		k->id = ++last_id;
	} else if (fcntl(fd, F_GETFD) < 0) {
		k->gone = k->wire->closed = true;
		snprintf(k->why, sizeof k->why, "not-accepted");
	}
	run_settle(r);
}

struct client *run_client(struct run *r)
{
	unsigned n = r->step->number > 0 ? r->step->number : 1;
	struct client *k = &r->client[n < CLIENTS_MAX ? n : 0];

	if (!k->open)
		open_client(r, k, SPAN("127.0.0.1"));
	return k;
}

/* Remember which answers will have no content. */
static void note_methods(struct client *k, struct span block)
{
	struct span line;

	while (block.n > 0) {
		size_t n = span_find(block, SPAN("\r\n"));

		line = span_of(block.p, n);
		block = span_from(block, n + 2);
		if (span_find(line, SPAN(" HTTP/1.")) == line.n ||
		    line.p[0] < 'A' || line.p[0] > 'Z' ||
		    k->nmethods == METHODS_MAX)
			continue;
		k->method[k->nmethods++] = line.p[0];
	}
}

static struct span option(const struct case_step *s, const char *name)
{
	for (unsigned i = 0; i + 1 < s->nwords; i++)
		if (span_eq(s->word[i], span_str(name)))
			return s->word[i + 1];
	return SPAN_NONE;
}

static bool flag(const struct case_step *s, const char *name)
{
	return s->nwords > 0 && span_eq(s->word[s->nwords - 1], span_str(name));
}

/* "hello NAME [key N] [records N] [h2]", also behind "connects". */
static void send_hello(struct run *r, struct client *k, struct span name)
{
	struct case_hello h = { .sni = name };
	uint64_t n;

	if (span_u64(option(r->step, "key"), 30000, &n) == 0)
		h.key_bytes = (size_t)n;
	if (span_u64(option(r->step, "records"), 60, &n) == 0)
		h.records = (unsigned)n;
	h.h2 = flag(r->step, "h2") || over_offers_h2(r);
	buf_reset(&r->hello);
	case_hello_write(&h, &r->hello);
	run_deliver(r, k, k->wire, buf_span(&r->hello));
}

/* "connects HOST[:PORT] [sni NAME] [plain]": CONNECT, 200, hello. */
static void client_connects(struct run *r, struct client *k)
{
	const struct case_step *s = r->step;
	struct span sni = option(s, "sni"), name;
	static const char ok[] = "HTTP/1.1 200 ";
	struct buf b;
	size_t from;

	name = span_of(s->word[0].p, span_chr(s->word[0], ':'));
	buf_init(&b, HELLO_MAX_TEXT_BYTES);
	buf_addf(&b, "CONNECT %.*s%s HTTP/1.1\r\nHost: %.*s%s\r\n\r\n",
	    SPAN_ARG(s->word[0]), name.n == s->word[0].n ? ":443" : "",
	    SPAN_ARG(s->word[0]), name.n == s->word[0].n ? ":443" : "");
	from = buf_len(&k->wire->got);
	run_deliver(r, k, k->wire, buf_span(&b));
	buf_fini(&b);
	name = span_from(buf_span(&k->wire->got), from);
	if (!run_damaged(r) && (!span_starts(name, SPAN(ok)) ||
	                           !span_ends(name, SPAN("\r\n\r\n")))) {
		run_fail(r, "CONNECT was not answered with 200");
		run_show(r, "got", name);
		return;
	}
	k->wire->taken = buf_len(&k->wire->got);
	k->host = s->word[0];
	name = span_of(s->word[0].p, span_chr(s->word[0], ':'));
	if (!flag(s, "plain"))
		send_hello(r, k, sni.p != NULL ? sni : name);
}

/* A client that sees the end closes too; then the reason is known. */
static void client_gone(struct run *r, struct client *k)
{
	const struct case_step *s = r->step;

	if (over_client_gone(r, k))
		return;
	if (!k->gone && k->wire->got_fin) {
		k->wire->fin = true;
		run_settle(r);
	}
	if (!k->gone)
		run_fail(r, "the connection is still open");
	else if (s->nwords > 0 && !span_eq(s->word[0], span_str(k->why)))
		run_fail(r, "closed because of \"%s\", not \"%.*s\"", k->why,
		    SPAN_ARG(s->word[0]));
	k->told = true;
}

static void end_side(struct run *r, struct wire *w, int err)
{
	if (w == NULL) {
		run_fail(r, "there is no connection to end");
		return;
	}
	w->fin = true;
	w->err = err;
	run_settle(r);
}

void actor_client(struct run *r)
{
	const struct case_step *s = r->step;
	unsigned n = s->number > 0 ? s->number : 1;
	struct client *k;

	if (span_eq(s->verb, SPAN("opens"))) {
		struct span from = option(s, "from");

		open_client(r, &r->client[n < CLIENTS_MAX ? n : 0],
		    from.p != NULL ? from : SPAN("127.0.0.1"));
		return;
	}
	k = run_client(r);
	if (span_eq(s->verb, SPAN("sends"))) {
		if (k->gone && r->way.way == WAY_WHOLE)
			run_fail(
			    r, "the connection was closed before (%s)", k->why);
		if (socket_sends(r))
			return;
		note_methods(k, s->block);
		if (!over_client_sends(r, k, s->block))
			run_deliver(r, k, k->wire, s->block);
	} else if (span_eq(s->verb, SPAN("connects"))) {
		client_connects(r, k);
	} else if (span_eq(s->verb, SPAN("upgrades"))) {
		socket_upgrades(r);
	} else if (span_eq(s->verb, SPAN("hello"))) {
		send_hello(r, k, s->nwords > 0 ? s->word[0] : SPAN_NONE);
	} else if (span_eq(s->verb, SPAN("closes"))) {
		if (!over_client_ends(r, k, 0))
			end_side(r, k->wire, 0);
	} else if (span_eq(s->verb, SPAN("resets"))) {
		if (!over_client_ends(r, k, -ECONNRESET))
			end_side(r, k->wire, -ECONNRESET);
	} else if (span_eq(s->verb, SPAN("stalls"))) {
		k->wire->stalled = true;
	} else if (span_eq(s->verb, SPAN("resumes"))) {
		k->wire->stalled = false;
		run_settle(r);
	} else if (run_damaged(r)) {
		return;
	} else if (span_eq(s->verb, SPAN("gone"))) {
		client_gone(r, k);
	} else if (span_eq(s->verb, SPAN("gets"))) {
		check_gets(r);
	} else {
		run_fail(r, "a client does not \"%.*s\"", SPAN_ARG(s->verb));
	}
}

/* ---- servers ---- */

struct wire *run_server(struct run *r, struct case_msg **ret_msg)
{
	unsigned i = r->step->number;

	if (i == 0)
		i = r->nservers;
	if (i == 0 || i > r->nservers)
		return NULL;
	if (ret_msg != NULL)
		*ret_msg = &r->server_msg[i - 1];
	return r->server[i - 1];
}

void actor_server(struct run *r)
{
	const struct case_step *s = r->step;
	struct wire *w = run_server(r, NULL);

	if (span_eq(s->verb, SPAN("gets"))) {
		if (!run_damaged(r))
			check_gets(r);
		return;
	}
	if (span_eq(s->verb, SPAN("is"))) {
		if (!run_damaged(r))
			check_server_is(r);
		return;
	}
	if (w == NULL) {
		if (!run_damaged(r))
			run_fail(r, "no server was dialled");
		return;
	}
	if (span_eq(s->verb, SPAN("sends"))) {
		if (socket_sends(r))
			return;
		socket_server_answers(r, s->block);
		if (!over_server_sends(r, w, s->block))
			run_deliver(r, NULL, w, s->block);
	} else if (span_eq(s->verb, SPAN("closes"))) {
		if (!over_server_ends(r, w, 0))
			end_side(r, w, 0);
	} else if (span_eq(s->verb, SPAN("cuts"))) {
		if (!over_server_ends(r, w, -EPIPE))
			end_side(r, w, -EPIPE);
	} else if (span_eq(s->verb, SPAN("resets"))) {
		if (!over_server_ends(r, w, -ECONNRESET))
			end_side(r, w, -ECONNRESET);
	} else if (span_eq(s->verb, SPAN("stalls"))) {
		if (!over_server_stalls(r, w, true))
			w->stalled = true;
	} else if (span_eq(s->verb, SPAN("resumes"))) {
		if (!over_server_stalls(r, w, false))
			w->stalled = false;
		run_settle(r);
	} else if (span_eq(s->verb, SPAN("gone"))) {
		if (!w->closed && !run_damaged(r))
			run_fail(r, "the connection to the server is open");
	} else {
		run_fail(r, "a server does not \"%.*s\"", SPAN_ARG(s->verb));
	}
}
