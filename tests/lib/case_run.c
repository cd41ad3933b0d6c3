/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rnd.h"
#include "lib/case_hello.h"
#include "lib/case_run_int.h"
#include "proxy/conn.h"
#include "proxy/proxy.h"

#define START_UNIX_S 1795424400 /* 2026-11-23T09:00:00Z */
#define TEXT_MAX_BYTES (256u << 10)
#define SHOW_BYTES 1500
#define PASS_MAX_MS (48ull * 3600 * 1000)

static struct run *now;  /* for callbacks without an argument */
static uint64_t last_id; /* connections number themselves, run after run */

void run_fail(struct run *r, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_addf(&r->text, "%s:%u: %s\n", r->c->path, r->step->line, text);
}

void run_show(struct run *r, const char *label, struct span s)
{
	bool fresh = true;

	buf_addf(&r->text, "  %s (%zu bytes)\n", label, s.n);
	for (size_t i = 0; i < s.n && i < SHOW_BYTES; i++) {
		if (fresh)
			buf_add_str(&r->text, "    |");
		fresh = s.p[i] == '\n';
		if (s.p[i] == '\n')
			buf_add_char(&r->text, '\n');
		else if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		else if ((unsigned char)s.p[i] >= ' ' && s.p[i] != 127)
			buf_add_char(&r->text, s.p[i]);
		else
			buf_addf(&r->text, "\\x%02x", (unsigned char)s.p[i]);
	}
	if (!fresh)
		buf_add_char(&r->text, '\n');
	if (s.n > SHOW_BYTES)
		buf_add_str(&r->text, "    ...\n");
}

/* ---- what the proxy is given ---- */

static int on_ask_leaf(void *arg, uint64_t id, struct span host)
{
	struct run *r = arg;

	if (r->signer == SIGNER_LOST)
		return -EPIPE;
	if (r->signer == SIGNER_HANGS || r->nleaves == LEAVES_MAX)
		return 0;
	r->leaf[r->nleaves].id = id;
	snprintf(r->leaf[r->nleaves++].host, sizeof r->leaf[0].host, "%.*s",
	    SPAN_ARG(host));
	return 0;
}

static void on_drained(void *arg)
{
	(void)arg;
}

static void on_log(int severity, const char *line, void *arg)
{
	struct run *r = arg;

	(void)severity;
	buf_add_str(&r->log, line);
	buf_add_char(&r->log, '\n');
}

/* The reason is known only while the connection is being closed. */
static void on_close(struct wire *w)
{
	for (int i = 0; now != NULL && i < CLIENTS_MAX; i++) {
		struct client *k = &now->client[i];
		const struct conn *c;

		if (!k->open || k->wire != w || k->gone)
			continue;
		c = conn_find(k->id);
		k->gone = true;
		snprintf(k->why, sizeof k->why, "%s",
		    c != NULL ? why_word(c->why) : "unknown");
	}
}

/* Until nothing moves, with the signer's answers. */
static void settle(struct run *r)
{
	do {
		if (!fake_run())
			run_fail(r, "the proxy does not come to rest");
		if (r->nleaves == 0)
			return;
		r->nleaves--;
		proxy_leaf(r->leaf[r->nleaves].id,
		    span_str(r->leaf[r->nleaves].host),
		    r->signer == SIGNER_REFUSES ? -EACCES : 0, SPAN("a chain"));
	} while (!r->failed);
}

/* ---- bytes ---- */

static void put(struct run *r, struct wire *w, struct span s)
{
	if (!w->closed && !w->fin && s.n > 0) {
		buf_add_span(&w->sent, s);
		settle(r);
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
	} else if (at / 8 >= from && at / 8 < from + s.n) {
		b.mem[b.head + at / 8 - from] ^= (char)(1 << at % 8);
	}
	put(r, k->wire, buf_span(&b));
	if (k->short_) {
		k->wire->fin = true;
		settle(r);
	}
	buf_fini(&b);
}

static void deliver(
    struct run *r, struct client *k, struct wire *w, struct span s)
{
	size_t from = r->sent, at = r->way.at;

	if (k != NULL && run_damaged(r)) {
		put_damaged(r, k, s);
		return;
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
	settle(r);
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
	h.h2 = flag(r->step, "h2");
	buf_reset(&r->hello);
	case_hello_write(&h, &r->hello);
	deliver(r, k, k->wire, buf_span(&r->hello));
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
	buf_init(&b, TEXT_MAX_BYTES);
	buf_addf(&b, "CONNECT %.*s%s HTTP/1.1\r\nHost: %.*s%s\r\n\r\n",
	    SPAN_ARG(s->word[0]), name.n == s->word[0].n ? ":443" : "",
	    SPAN_ARG(s->word[0]), name.n == s->word[0].n ? ":443" : "");
	from = buf_len(&k->wire->got);
	deliver(r, k, k->wire, buf_span(&b));
	buf_fini(&b);
	name = span_from(buf_span(&k->wire->got), from);
	if (!run_damaged(r) && (!span_starts(name, SPAN(ok)) ||
	                           !span_ends(name, SPAN("\r\n\r\n")))) {
		run_fail(r, "CONNECT was not answered with 200");
		run_show(r, "got", name);
		return;
	}
	k->wire->taken = buf_len(&k->wire->got);
	name = span_of(s->word[0].p, span_chr(s->word[0], ':'));
	if (!flag(s, "plain"))
		send_hello(r, k, sni.p != NULL ? sni : name);
}

/* A client that sees the end closes too; then the reason is known. */
static void client_gone(struct run *r, struct client *k)
{
	const struct case_step *s = r->step;

	if (!k->gone && k->wire->got_fin) {
		k->wire->fin = true;
		settle(r);
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
	settle(r);
}

static void client_step(struct run *r)
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
		note_methods(k, s->block);
		deliver(r, k, k->wire, s->block);
	} else if (span_eq(s->verb, SPAN("connects"))) {
		client_connects(r, k);
	} else if (span_eq(s->verb, SPAN("hello"))) {
		send_hello(r, k, s->nwords > 0 ? s->word[0] : SPAN_NONE);
	} else if (span_eq(s->verb, SPAN("closes"))) {
		end_side(r, k->wire, 0);
	} else if (span_eq(s->verb, SPAN("resets"))) {
		end_side(r, k->wire, -ECONNRESET);
	} else if (span_eq(s->verb, SPAN("stalls"))) {
		k->wire->stalled = true;
	} else if (span_eq(s->verb, SPAN("resumes"))) {
		k->wire->stalled = false;
		settle(r);
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
	struct wire *const *server;
	unsigned n = fake_servers(&server), i = r->step->number;

	if (i == 0)
		i = n;
	if (i == 0 || i > n)
		return NULL;
	if (ret_msg != NULL)
		*ret_msg = &r->server_msg[i - 1];
	return server[i - 1];
}

static void server_step(struct run *r)
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
		deliver(r, NULL, w, s->block);
	} else if (span_eq(s->verb, SPAN("closes"))) {
		end_side(r, w, 0);
	} else if (span_eq(s->verb, SPAN("cuts"))) {
		end_side(r, w, -EPIPE);
	} else if (span_eq(s->verb, SPAN("resets"))) {
		end_side(r, w, -ECONNRESET);
	} else if (span_eq(s->verb, SPAN("stalls"))) {
		w->stalled = true;
	} else if (span_eq(s->verb, SPAN("resumes"))) {
		w->stalled = false;
		settle(r);
	} else if (span_eq(s->verb, SPAN("gone"))) {
		if (!w->closed && !run_damaged(r))
			run_fail(r, "the connection to the server is open");
	} else {
		run_fail(r, "a server does not \"%.*s\"", SPAN_ARG(s->verb));
	}
}

/* ---- everything else ---- */

static void signer_step(struct run *r)
{
	struct span verb = r->step->verb;

	if (span_eq(verb, SPAN("answers"))) {
		r->signer = SIGNER_ANSWERS;
	} else if (span_eq(verb, SPAN("refuses"))) {
		r->signer = SIGNER_REFUSES;
	} else if (span_eq(verb, SPAN("hangs"))) {
		r->signer = SIGNER_HANGS;
	} else if (span_eq(verb, SPAN("dies"))) {
		r->signer = SIGNER_LOST;
		proxy_signer_lost();
		settle(r);
	} else {
		run_fail(r, "the signer does not \"%.*s\"", SPAN_ARG(verb));
	}
}

/* "31s", "200ms", "2m", "1h" */
static bool duration(struct span text, uint64_t *ret_ms)
{
	static const struct {
		struct span unit;
		uint64_t ms;
	} row[] = {
		{ { "ms", 2 }, 1 },
		{ { "s", 1 }, 1000 },
		{ { "m", 1 }, 60000 },
		{ { "h", 1 }, 3600000 },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (span_ends(text, row[i].unit) &&
		    span_u64(span_of(text.p, text.n - row[i].unit.n), 1000000,
		        ret_ms) == 0) {
			*ret_ms *= row[i].ms;
			return *ret_ms <= PASS_MAX_MS;
		}
	return false;
}

static void pass(struct run *r)
{
	uint64_t ms;

	if (r->step->nwords != 1 || !duration(r->step->word[0], &ms))
		run_fail(r, "expected: pass 31s (or ms, m, h)");
	else if (!fake_pass(ms))
		run_fail(r, "the proxy does not come to rest");
	else
		settle(r);
}

static void dns(struct run *r)
{
	static const struct {
		const char *word;
		int dial;
	} row[] = { { "absent", -ENOENT }, { "refused", -ECONNREFUSED },
		{ "private", -EACCES }, { "unreachable", -EHOSTUNREACH },
		{ "hangs", FAKE_HANGS } };
	const struct case_step *s = r->step;
	char host[256];

	if (s->nwords == 2)
		snprintf(host, sizeof host, "%.*s", SPAN_ARG(s->word[0]));
	for (size_t i = 0; s->nwords == 2 && i < sizeof row / sizeof *row; i++)
		if (span_eq(s->word[1], span_str(row[i].word))) {
			fake_host(host, row[i].dial, WHY_DONE);
			return;
		}
	run_fail(r, "expected: dns HOST absent, refused, private, unreachable "
	            "or hangs");
}

static void certificate(struct run *r)
{
	const struct case_step *s = r->step;
	char host[256];

	if (s->nwords == 2)
		snprintf(host, sizeof host, "%.*s", SPAN_ARG(s->word[0]));
	for (int w = WHY_TLS_SERVER; s->nwords == 2 && w <= WHY_CERT_WEAK; w++)
		if (span_eq(s->word[1], span_str(why_word((enum why)w)))) {
			fake_host(host, 0, (enum why)w);
			return;
		}
	run_fail(r, "expected: certificate HOST cert-expired, cert-name, "
	            "cert-unknown, cert-weak or tls-server");
}

static bool is_header(struct span verb)
{
	static const char *const word[] = { "case", "issue", "rule", "source",
		"clock", "config", "pack", "again", "never" };

	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (span_eq(verb, span_str(word[i])))
			return true;
	return false;
}

static void plain_step(struct run *r)
{
	struct span verb = r->step->verb;
	uint64_t seed;

	if (is_header(verb)) {
		return;
	} else if (span_eq(verb, SPAN("seed"))) {
		if (span_u64(r->step->rest, 1000000, &seed) == 0)
			rnd_seed(seed);
	} else if (span_eq(verb, SPAN("pass"))) {
		pass(r);
	} else if (span_eq(verb, SPAN("dns"))) {
		dns(r);
	} else if (span_eq(verb, SPAN("certificate"))) {
		certificate(r);
	} else if (span_eq(verb, SPAN("count"))) {
		if (!run_damaged(r))
			check_count(r);
	} else {
		run_fail(r, "what is \"%.*s\"? See tests/case/README.md",
		    SPAN_ARG(verb));
	}
}

static void play(struct run *r)
{
	for (unsigned i = 0; i < r->c->nsteps && !r->failed; i++) {
		r->step = &r->c->step[i];
		switch (r->step->actor) {
		case ACTOR_CLIENT:
			client_step(r);
			break;
		case ACTOR_SERVER:
			server_step(r);
			break;
		case ACTOR_SIGNER:
			signer_step(r);
			break;
		case ACTOR_NONE:
			plain_step(r);
			break;
		}
	}
	if (!r->failed)
		check_end(r);
}

/* Every client ends: no connection may be left behind. */
static void leave(struct run *r)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (r->client[i].open && !r->client[i].gone)
			r->client[i].wire->fin = true,
			r->client[i].wire->err = -ECONNRESET;
	(void)fake_run();
	if (proxy_open() > 0)
		run_fail(r, "a connection is left after its client ended");
}

static void tidy(struct run *r)
{
	proxy_fini();
	(void)fake_run();
	for (int i = 0; i < CLIENTS_MAX; i++)
		case_msg_fini(&r->client[i].msg);
	for (int i = 0; i < FAKE_SERVERS_MAX; i++)
		case_msg_fini(&r->server_msg[i]);
	fake_reset(START_UNIX_S);
	buf_fini(&r->log);
	buf_fini(&r->hello);
	now = NULL;
}

void case_run(const struct case_file *c, struct conf *conf, struct case_way way,
    struct case_result *ret_result)
{
	static const unsigned char day_key[32] =
	    "a key of one day, for cases only";
	static struct run r; /* too large for a stack */
	struct proxy_hooks hooks = { on_ask_leaf, on_drained, &r };

	memset(&r, 0, sizeof r);
	r.c = c, r.conf = conf, r.way = way, r.step = &c->step[0];
	buf_init(&r.text, TEXT_MAX_BYTES);
	buf_init(&r.log, LOG_MAX_BYTES);
	buf_init(&r.hello, TEXT_MAX_BYTES);
	for (int i = 0; i < CLIENTS_MAX; i++)
		case_msg_init(&r.client[i].msg);
	for (int i = 0; i < FAKE_SERVERS_MAX; i++)
		case_msg_init(&r.server_msg[i]);
	now = &r;
	fake_on_close = on_close;
	fake_reset(START_UNIX_S);
	rnd_seed(1);
	stat_use(&r.stat);
	log_to_sink(on_log, &r);
	if (proxy_init(&hooks) < 0 || proxy_use(conf) < 0)
		run_fail(&r, "the proxy does not start");
	proxy_epoch(20000, day_key);
	play(&r);
	leave(&r);
	tidy(&r);
	*ret_result = (struct case_result){ .good = !r.failed,
		.text = r.text,
		.sent = r.sent,
		.sent_client = r.sent_client };
}
