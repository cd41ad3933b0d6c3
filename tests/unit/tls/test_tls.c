/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/channel.h"
#include "tls/ca.h"
#include "tls/ctx.h"
#include "tls/leaf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rnd.h"
#include "net/clock.h"
#include "net/loop.h"
#include "unit/tls/pki.h"

#include "lib/tap.h"
#include "unit/net/guard.h"

static struct ca *ca;
static struct servers *trust_ca; /* our own root */
static struct cert root;         /* of strange servers */
static struct servers *trust;    /* it */

struct side {
	struct stream *s;
	struct side *peer;
	SSL_CTX *serve; /* begin TLS when so many bytes are there: */
	size_t serve_at;
	size_t want, sent, got;
	unsigned readies, ends;
	int err, end_err;
	bool wrong, finish;
	bool late; /* reads only when the handshake is through */
};

static char byte_at(size_t i)
{
	return (char)(i * 11 + i / 241);
}

static void check_done(struct side *e)
{
	struct side *p = e->peer;

	if (e->err < 0 || p->err < 0 || (e->ends > 0 && p->ends > 0) ||
	    (e->readies > 0 && p->readies > 0 && e->got == p->want &&
	        p->got == e->want && !e->finish))
		loop_stop();
}

static void send_more(struct side *e)
{
	char piece[3000];
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
	if (e->sent == e->want && e->finish)
		stream_finish(e->s);
}

static void on_ready(void *arg, int err)
{
	struct side *e = arg;

	e->readies++;
	e->err = err;
	if (e->late)
		stream_reading(e->s, err == 0);
	if (err == 0)
		send_more(e);
	else
		stream_reading(e->s, false);
	check_done(e);
}

static void on_read(void *arg)
{
	struct side *e = arg;
	struct buf *in = stream_in(e->s);
	size_t n = buf_len(in);

	if (e->serve != NULL) {
		if (n < e->serve_at)
			return;
		channel_serve(e->s, e->serve);
		e->serve = NULL;
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (buf_span(in).p[i] != byte_at(e->got + i))
			e->wrong = true;
	e->got += n;
	buf_drain(in, n);
	check_done(e);
}

static void on_drain(void *arg)
{
	send_more(arg);
}

static void on_end(void *arg, int err)
{
	struct side *e = arg;

	e->ends++;
	e->end_err = err;
	check_done(e);
}

static const struct stream_ops ops = { on_ready, on_read, on_drain, on_end };

/* Server and client on the two ends of a pair; run until both have said and
 * heard what they want, or something failed. */
static void meet(struct side *server, struct side *client, SSL_CTX *ctx,
    struct servers *v, const char *host)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	server->peer = client, client->peer = server;
	server->s = stream_new(fd[0], &ops, server);
	client->s = stream_new(fd[1], &ops, client);
	stream_reading(server->s, !server->late);
	stream_reading(client->s, !client->late);
	if (server->serve_at > 0)
		server->serve = ctx;
	else
		channel_serve(server->s, ctx);
	tap_int(channel_connect(client->s, v, span_str(host), 443,
	            TLS_ALPN_H2),
	    0,
	    "connect to %s", host);
	run();
}

static void part(struct side *server, struct side *client)
{
	stream_close(server->s);
	stream_close(client->s);
}

/* ---- our own leafs ---- */

static SSL_CTX *leaf_for(const char *host)
{
	struct buf chain;
	int err;

	if (leaf_find(span_str(host)) != NULL)
		return leaf_find(span_str(host));
	buf_init(&chain, 16384);
	err = ca_issue(
	    ca, span_str(host), leaf_public_key(), clock_unix_s(), &chain);
	if (err == 0)
		err = leaf_put(span_str(host), buf_span(&chain));
	buf_fini(&chain);
	if (err < 0)
		tap_ok(false, "a leaf for %s: %d", host, err);
	return leaf_find(span_str(host));
}

static void test_handshake(void)
{
	static const struct {
		const char *name;
		size_t prefix, up, down;
		bool finish, late;
	} row[] = {
		{ "a few bytes", 0, 100, 100, false, false },
		{ "reading begins after the handshake", 0, 100, 100, true,
		    true },
		{ "one byte was taken before", 1, 100, 100, false, false },
		{ "100 bytes were taken before", 100, 100, 100, false, false },
		{ "the whole hello was taken before", 200, 50000, 10, false,
		    false },
		{ "nothing but ends", 0, 0, 0, true, false },
		{ "3 MiB each way and ends", 5, 3u << 20, 3u << 20, true,
		    false },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct side server = { .serve_at = row[i].prefix,
			.want = row[i].down,
			.finish = row[i].finish,
			.late = row[i].late };
		struct side client = { .want = row[i].up,
			.finish = row[i].finish,
			.late = row[i].late };

		meet(&server, &client, leaf_for("meet.example"), trust_ca,
		    "meet.example");
		tap_ok(server.err == 0 && client.err == 0 &&
		           server.readies == 1 && client.readies == 1,
		    "%s: shaken", row[i].name);
		tap_ok(server.got == row[i].up && client.got == row[i].down &&
		           !server.wrong && !client.wrong,
		    "%s: all bytes arrive", row[i].name);
		tap_ok(server.end_err == 0 && client.end_err == 0 &&
		           server.ends == row[i].finish &&
		           client.ends == row[i].finish,
		    "%s: orderly ends", row[i].name);
		tap_span(channel_alpn(server.s), SPAN("h2"), "ALPN");
		tap_span(channel_alpn(client.s), SPAN("h2"), "ALPN");
		tap_span(channel_sni(server.s), SPAN("meet.example"), "SNI");
		part(&server, &client);
	}
}

static void test_cut(void)
{
	struct side server = { .want = 10 }, client = { .want = 10 };

	meet(&server, &client, leaf_for("meet.example"), trust_ca,
	    "meet.example");
	shutdown(stream_fd(server.s), SHUT_WR); /* under TLS */
	server.ends = 1;
	run();
	tap_int(client.end_err, -EPIPE, "an end without close_notify is a cut");
	part(&server, &client);

	server = (struct side){ .want = 10 };
	client = (struct side){ .want = 10 };
	meet(&server, &client, leaf_for("meet.example"), trust_ca,
	    "meet.example");
	stream_close(server.s);
	server.ends = 1;
	run();
	tap_int(client.end_err, 0, "stream_close says goodbye");
	stream_close(client.s);

	server = (struct side){ .want = 10 };
	client = (struct side){ .want = 10 };
	meet(&server, &client, leaf_for("meet.example"), trust_ca,
	    "meet.example");
	send(stream_fd(server.s), "\x17\x03\x03\x00\x05junk!", 10, 0);
	server.ends = 1;
	run();
	tap_int(client.end_err, -EPROTO, "a forged record");
	part(&server, &client);
}

static void again(SSL_CTX *ctx, struct servers *v, const char *host, bool want,
    const char *name)
{
	struct side server = { .want = 10 }, client = { .want = 10 };

	meet(&server, &client, ctx, v, host);
	tap_ok(client.err == 0 && channel_resumed(client.s) == want &&
	           channel_resumed(server.s) == want,
	    "%s", name);
	part(&server, &client);
}

static void test_resumption(void)
{
	unsigned char keys[80];
	struct cert other;
	struct buf pem;
	struct servers *v;
	SSL_CTX *ctx;

	rnd_bytes(keys, sizeof keys);
	leaf_ticket_keys(keys);
	again(leaf_for("a.meet.example"), trust_ca, "a.meet.example", false,
	    "a new host");
	again(leaf_for("a.meet.example"), trust_ca, "a.meet.example", true,
	    "resumed");
	leaf_forget_all();
	again(leaf_for("a.meet.example"), trust_ca, "a.meet.example", true,
	    "resumed by another worker with the same ticket keys");
	again(leaf_for("b.meet.example"), trust_ca, "b.meet.example", false,
	    "sessions belong to a host");
	rnd_bytes(keys, sizeof keys);
	leaf_ticket_keys(keys);
	again(leaf_for("a.meet.example"), trust_ca, "a.meet.example", false,
	    "not after the keys have changed");

	other =
	    pki_make(&(struct cert_plan){ .alt = "DNS:old.example" }, &root);
	ctx = pki_server(&other, TLS1_2_VERSION);
	buf_init(&pem, 16384);
	pki_pem(root.x, &pem);
	v = servers_new_pem(TLS_WIDE, buf_span(&pem));
	again(ctx, v, "old.example", false, "TLS 1.2");
	again(ctx, v, "old.example", true, "TLS 1.2, resumed");
	again(ctx, v, "old.example", true, "TLS 1.2, and once more");
	SSL_CTX_free(ctx);
	servers_free(v);
	pki_free(&other);
	buf_fini(&pem);
}

static void test_certificates(void)
{
	static const struct {
		const char *name, *host;
		struct cert_plan plan;
		bool stranger; /* signed by nobody we trust */
		enum why why;  /* WHY_DONE: is accepted */
	} row[] = {
		{ "good", "meet.example", { .alt = "DNS:meet.example" }, false,
		    WHY_DONE },
		{ "good, RSA 2048", "meet.example",
		    { .alt = "DNS:meet.example", .rsa_bits = 2048 }, false,
		    WHY_DONE },
		{ "wildcard", "a.meet.example", { .alt = "DNS:*.meet.example" },
		    false, WHY_DONE },
		{ "wildcard of two labels", "a.b.meet.example",
		    { .alt = "DNS:*.meet.example" }, false, WHY_CERT_NAME },
		{ "partial wildcard", "ab.meet.example",
		    { .alt = "DNS:a*.meet.example" }, false, WHY_CERT_NAME },
		{ "another name", "meet.example", { .alt = "DNS:call.example" },
		    false, WHY_CERT_NAME },
		{ "no name", "meet.example", { .alt = NULL }, false,
		    WHY_CERT_NAME },
		{ "address", "192.0.2.7", { .alt = "IP:192.0.2.7" }, false,
		    WHY_DONE },
		{ "IPv6 address", "[2001:db8::7]", { .alt = "IP:2001:db8::7" },
		    false, WHY_DONE },
		{ "address as a name", "192.0.2.7", { .alt = "DNS:192.0.2.7" },
		    false, WHY_CERT_NAME },
		{ "expired", "meet.example",
		    { .alt = "DNS:meet.example", .from_s = -9999, .to_s = -9 },
		    false, WHY_CERT_EXPIRED },
		{ "not yet valid", "meet.example",
		    { .alt = "DNS:meet.example", .from_s = 999, .to_s = 9999 },
		    false, WHY_CERT_EXPIRED },
		{ "unknown root", "meet.example", { .alt = "DNS:meet.example" },
		    true, WHY_CERT_UNKNOWN },
		{ "RSA 1024", "meet.example",
		    { .alt = "DNS:meet.example", .rsa_bits = 1024 }, false,
		    WHY_CERT_WEAK },
		{ "SHA-1", "meet.example",
		    { .alt = "DNS:meet.example", .sha1 = true }, false,
		    WHY_CERT_WEAK },
	};
	static const int version[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	for (size_t i = 0; i < 2 * sizeof row / sizeof *row; i++) {
		size_t r = i / 2;
		struct side server = { 0 }, client = { .want = 5 };
		struct cert c =
		    pki_make(&row[r].plan, row[r].stranger ? NULL : &root);
		SSL_CTX *ctx = pki_server(&c, version[i % 2]);

		meet(&server, &client, ctx, trust, row[r].host);
		tap_ok((client.err == 0) == (row[r].why == WHY_DONE) &&
		           (client.err == 0 ||
		               channel_why(client.s) == row[r].why),
		    "TLS 1.%zu: %s", 2 + i % 2, row[r].name);
		if (row[r].why == WHY_DONE && client.err < 0)
			tap_note("%s", why_word(channel_why(client.s)));
		tap_ok(client.err == 0 || server.got == 0, "the server got %s",
		    client.err == 0 ? "bytes" : "nothing");
		part(&server, &client);
		SSL_CTX_free(ctx);
		pki_free(&c);
	}
}

static void test_refused(void)
{
	static const struct span text[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "\x15\x03\x01\x00\x02\x02\x28", 7 },
	};

	for (size_t i = 0; i < 2; i++) {
		struct side server = { 0 }, client = { 0 };
		int fd[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
			abort();
		server.peer = &client, client.peer = &server;
		server.s = stream_new(fd[0], &ops, &server);
		channel_serve(server.s, leaf_for("meet.example"));
		if (write(fd[1], text[i].p, text[i].n) < 0)
			abort();
		run();
		tap_ok(server.err == -EPROTO &&
		           channel_why(server.s) == WHY_TLS_CLIENT,
		    "no TLS: refused");
		stream_close(server.s);
		close(fd[1]);
		server = (struct side){ .peer = &client };
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
			abort();
		client = (struct side){ .peer = &server };
		client.s = stream_new(fd[0], &ops, &client);
		channel_connect(client.s, trust, SPAN("meet.example"), 443,
		    TLS_ALPN_H2);
		close(fd[1]);
		run();
		tap_ok(
		    client.err < 0 && channel_why(client.s) == WHY_TLS_SERVER,
		    "a server that hangs up");
		stream_close(client.s);
	}
}

static void test_profiles(void)
{
	static const struct {
		const char *word;
		int want;
		enum tls_profile profile;
	} row[] = {
		{ "tr-02102-2", 0, TLS_TR_02102_2 },
		{ "wide", 0, TLS_WIDE },
		{ "", -EINVAL, 0 },
		{ "TR-02102-2", -EINVAL, 0 },
	};
	static const struct {
		const char *name, *groups, *suites;
		bool want[2];
	} offer[] = {
		{ "P-256", "P-256", "TLS_AES_128_GCM_SHA256", { true, true } },
		{ "X25519", "X25519", "TLS_AES_128_GCM_SHA256",
		    { false, true } },
		{ "ChaCha20", "P-256", "TLS_CHACHA20_POLY1305_SHA256",
		    { false, true } },
	};
	struct cert c =
	    pki_make(&(struct cert_plan){ .alt = "DNS:meet.example" }, &root);
	struct buf pem;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		enum tls_profile p = TLS_TR_02102_2;

		tap_ok(tls_profile_parse(row[i].word, &p) == row[i].want &&
		           (row[i].want < 0 || p == row[i].profile),
		    "profile \"%s\"", row[i].word);
	}
	buf_init(&pem, 16384);
	pki_pem(root.x, &pem);
	for (size_t i = 0; i < 2 * sizeof offer / sizeof *offer; i++) {
		bool want = offer[i / 2].want[i % 2];
		struct side server = { 0 }, client = { 0 };
		struct servers *v = servers_new_pem(
		    i % 2 ? TLS_WIDE : TLS_TR_02102_2, buf_span(&pem));
		SSL_CTX *ctx = pki_server(&c, TLS1_3_VERSION);

		SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
		SSL_CTX_set1_groups_list(ctx, offer[i / 2].groups);
		SSL_CTX_set_ciphersuites(ctx, offer[i / 2].suites);
		meet(&server, &client, ctx, v, "meet.example");
		tap_ok((server.err == 0 && client.err == 0) == want, "%s in %s",
		    offer[i / 2].name, i % 2 ? "wide" : "tr-02102-2");
		part(&server, &client);
		SSL_CTX_free(ctx);
		servers_free(v);
	}
	tap_ok(servers_new_pem(TLS_WIDE, SPAN("nothing")) == NULL,
	    "no trust without roots");
	buf_add_str(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n"
	                  "-----END CERTIFICATE-----\n");
	tap_ok(servers_new_pem(TLS_WIDE, buf_span(&pem)) == NULL,
	    "nor with a broken one");
	tap_ok(servers_new(TLS_WIDE, "/nonexistent") == NULL, "nor a file");
	buf_fini(&pem);
	pki_free(&c);
}

static void test_leafs(void)
{
	struct buf chain;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(key, &spki);
	SSL_CTX *first = leaf_for("cache.meet.example");

	tap_ok(first == leaf_find(SPAN("cache.meet.example")), "found");
	tap_ok(leaf_find(SPAN("none.meet.example")) == NULL, "not found");
	buf_init(&chain, 16384);
	ca_issue(ca, SPAN("x.meet.example"), span_of((char *)spki, (size_t)n),
	    clock_unix_s(), &chain);
	tap_int(leaf_put(SPAN("x.meet.example"), buf_span(&chain)), -EBADMSG,
	    "for another key");
	buf_reset(&chain);
	ca_issue(ca, SPAN("x.meet.example"), leaf_public_key(), clock_unix_s(),
	    &chain);
	tap_int(leaf_put(SPAN("y.meet.example"), buf_span(&chain)), -EBADMSG,
	    "for another host");
	buf_truncate(&chain, buf_len(&chain) - 1);
	tap_int(leaf_put(SPAN("x.meet.example"), buf_span(&chain)), -EBADMSG,
	    "cut");
	tap_int(leaf_put(SPAN("x.meet.example"), SPAN("")), -EBADMSG, "empty");
	buf_reset(&chain);
	ca_issue(ca, SPAN("x.meet.example"), leaf_public_key(),
	    clock_unix_s() - 7 * 86400 + 3600 + 200, &chain);
	tap_int(leaf_put(SPAN("x.meet.example"), buf_span(&chain)),
	    buf_len(&chain) > 0 ? 0 : -EBADMSG, "soon at its end");
	tap_ok(leaf_find(SPAN("x.meet.example")) == NULL, "is not used");
	for (int i = 0; i < LEAF_CACHE_MAX; i++) {
		char host[64];

		snprintf(host, sizeof host, "h%d.meet.example", i);
		if (leaf_for(host) == NULL)
			break;
	}
	tap_ok(leaf_find(SPAN("cache.meet.example")) == NULL,
	    "the oldest made room");
	tap_ok(leaf_find(SPAN("h1.meet.example")) != NULL, "the others stay");
	leaf_forget_all();
	tap_ok(leaf_find(SPAN("h1.meet.example")) == NULL, "all forgotten");
	buf_fini(&chain);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
}

int main(void)
{
	static const char *const domain[] = { "meet.example" };
	char err[200], dir[64];
	struct buf pem, der;

	snprintf(dir, sizeof dir, "%s/ca", pki_dir());
	if (loop_init() < 0 || leaf_init(TLS_TR_02102_2, TLS_ALPN_H2) < 0 ||
	    ca_init(dir, "Amt Beispielstadt", domain, 1,
	        clock_unix_s() - 30 * 86400, err) < 0 ||
	    (ca = ca_open(dir, err)) == NULL)
		return 1;
	deadline_init(&limit, on_limit, NULL);
	buf_init(&pem, 65536);
	buf_init(&der, 65536);
	ca_export(dir, &pem, &der);
	trust_ca = servers_new_pem(TLS_TR_02102_2, buf_span(&pem));
	root = pki_make(&(struct cert_plan){ .ca = true }, NULL);
	buf_reset(&pem);
	pki_pem(root.x, &pem);
	trust = servers_new_pem(TLS_TR_02102_2, buf_span(&pem));
	test_handshake();
	test_cut();
	test_resumption();
	test_certificates();
	test_refused();
	test_profiles();
	test_leafs();
	servers_free(trust);
	servers_free(trust_ca);
	ca_close(ca);
	pki_free(&root);
	pki_dir_remove();
	buf_fini(&pem);
	buf_fini(&der);
	leaf_fini();
	deadline_fini(&limit);
	loop_fini();
	return tap_done();
}
