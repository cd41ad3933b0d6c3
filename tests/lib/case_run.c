/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/case_run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/rnd.h"
#include "lib/case_conf.h"
#include "lib/case_run_int.h"
#include "proxy/conn.h"
#include "proxy/proxy.h"

#define TEXT_MAX_BYTES (256u << 10)
#define SHOW_BYTES 1500
#define PASS_MAX_MS (48ull * 3600 * 1000)

static struct run *now; /* for callbacks without an argument */

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

/* Until the gateway waits, with the signer's answers. */
static void rest(struct run *r)
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

void run_settle(struct run *r)
{
	do {
		rest(r);
		over_hear(r);
	} while (!r->failed && !r->delivering && over_speak(r));
}

/* ---- everything else ---- */

/* The key of the day. */
static void give_key(const struct run *r)
{
	unsigned char key[32] = "a key of one day, for cases only";

	key[0] ^= (unsigned char)r->day;
	proxy_epoch(20000 + r->day, key);
}

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
	} else if (span_eq(verb, SPAN("turns"))) {
		r->day++;
		give_key(r);
		run_settle(r);
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
		run_settle(r);
}

static void drain(struct run *r)
{
	uint64_t ms;

	if (r->step->nwords != 1 || !duration(r->step->word[0], &ms)) {
		run_fail(r, "expected: drain 60s (or ms, m, h)");
		return;
	}
	proxy_drain((unsigned)(ms / 1000));
	run_settle(r);
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
	static const char *const word[] = { "case", "issue", "only", "rule",
		"source", "clock", "config", "pack", "again", "never" };

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
	} else if (span_eq(verb, SPAN("drain"))) {
		drain(r);
	} else if (span_eq(verb, SPAN("dns"))) {
		dns(r);
	} else if (span_eq(verb, SPAN("certificate"))) {
		certificate(r);
	} else if (span_eq(verb, SPAN("count"))) {
		if (!run_damaged(r))
			check_count(r);
	} else if (span_eq(verb, SPAN("drift"))) {
		if (!run_damaged(r))
			check_drift(r);
	} else {
		run_fail(r, "what is \"%.*s\"? See tests/case/README.md",
		    SPAN_ARG(verb));
	}
}

static bool goes_on(const struct run *r)
{
	return !r->failed && r->unsaid[0] == '\0';
}

static void play(struct run *r)
{
	for (unsigned i = 0; i < r->c->nsteps && goes_on(r); i++) {
		r->step = &r->c->step[i];
		switch (r->step->actor) {
		case ACTOR_CLIENT:
			actor_client(r);
			break;
		case ACTOR_SERVER:
			actor_server(r);
			break;
		case ACTOR_SIGNER:
			signer_step(r);
			break;
		case ACTOR_NONE:
			plain_step(r);
			break;
		}
	}
	if (goes_on(r))
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
	over_fini(r);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		case_msg_fini(&r->client[i].msg);
		socket_end_fini(&r->client[i].end);
	}
	for (int i = 0; i < FAKE_SERVERS_MAX; i++) {
		case_msg_fini(&r->server_msg[i]);
		socket_end_fini(&r->server_end[i]);
	}
	fake_reset(0);
	buf_fini(&r->log);
	buf_fini(&r->hello);
	now = NULL;
}

void case_run(const struct case_file *c, struct conf *conf, struct case_way way,
    struct case_result *ret_result)
{
	static struct run r; /* too large for a stack */
	struct proxy_hooks hooks = { on_ask_leaf, on_drained, &r };
	int64_t unix_s = 0;

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
	fake_h2(way.server_h2);
	fake_on_close = on_close;
	if (!case_clock(c, &unix_s))
		run_fail(&r, "the clock cannot be read");
	fake_reset(unix_s);
	rnd_seed(1);
	stat_use(&r.stat);
	check_drift_begin();
	log_to_sink(on_log, &r);
	if (proxy_init(&hooks) < 0 || proxy_use(conf) < 0)
		run_fail(&r, "the proxy does not start");
	give_key(&r);
	play(&r);
	leave(&r);
	tidy(&r);
	*ret_result = (struct case_result){ .good = !r.failed,
		.h2 = r.h2,
		.text = r.text,
		.sent = r.sent,
		.sent_client = r.sent_client };
	memcpy(ret_result->unsaid, r.unsaid, sizeof r.unsaid);
}
