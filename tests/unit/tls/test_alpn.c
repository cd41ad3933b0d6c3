/* SPDX-License-Identifier: EUPL-1.2 */
/* What our two legs agree on with a plain OpenSSL as the other side. */
#include "tls/channel.h"
#include "tls/ca.h"
#include "tls/leaf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/rnd.h"
#include "lib/tap.h"
#include "net/clock.h"
#include "net/loop.h"
#include "unit/tls/pki.h"

#define TURNS 20 /* of both sides: enough for any handshake */
#define H1 "\x08http/1.1"
#define H2 "\x02h2"
#define OLD "\x06spdy/3"

static SSL_SESSION *ticket; /* the newest that a client of ours was given */

struct met {
	int err; /* of our side */
	bool ready;
};

static void on_ready(void *arg, int err)
{
	struct met *m = arg;

	m->ready = true;
	m->err = err;
}

static void on_read(void *arg)
{
	(void)arg;
}

static void on_end(void *arg, int err)
{
	(void)arg, (void)err;
}

static const struct stream_ops ops = {
	.on_ready = on_ready, .on_read = on_read, .on_end = on_end
};

static void on_turn(void *arg)
{
	(void)arg;
	loop_stop();
}

/* One turn of the loop, which does not wait. */
static void turn(void)
{
	struct loop_soon last;

	loop_soon_init(&last, on_turn, NULL);
	loop_soon(&last);
	loop_run();
}

/* Our side is prepared on *ret_s; the other is ssl. */
static struct stream *open_pair(SSL *ssl, struct met *m)
{
	struct stream *s;
	int fd[2];

	*m = (struct met){ .err = 1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
		abort();
	s = stream_new(fd[0], &ops, m);
	stream_reading(s, true);
	SSL_set_fd(ssl, fd[1]);
	return s;
}

/* Both sides in turn. True when the other side is content. */
static bool shake(SSL *ssl)
{
	char c;
	int r = 0;

	for (int i = 0; i < TURNS; i++) {
		if (r != 1)
			r = SSL_do_handshake(ssl);
		else
			(void)SSL_read(ssl, &c, 1); /* tickets */
		turn();
	}
	return r == 1;
}

static void close_pair(SSL *ssl, struct stream *s)
{
	stream_close(s);
	turn();
	close(SSL_get_fd(ssl));
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	ERR_clear_error();
}

static struct span said(const SSL *ssl)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(ssl, &p, &n);
	return span_of((const char *)p, n);
}

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

static void test_list(void)
{
	static const struct {
		const char *name;
		struct span offer;
		const char *h1, *h2;
	} row[] = {
		{ "nothing", SPAN(""), "", "" },
		{ "one", SPAN(H1), "http/1.1", "http/1.1" },
		{ "the other", SPAN(H2), "", "h2" },
		{ "both", SPAN(H2 H1), "http/1.1", "h2" },
		{ "both, the other way", SPAN(H1 H2), "http/1.1", "h2" },
		{ "neither", SPAN(OLD), "", "" },
		{ "one behind another", SPAN(OLD H1), "http/1.1", "http/1.1" },
		{ "other case", SPAN("\x02H2"), "", "" },
		{ "the beginning of a name", SPAN("\x04http"), "", "" },
		{ "more than a name", SPAN("\x03h2c"), "", "" },
		{ "cut", SPAN("\x08http/1."), "", "" },
		{ "cut behind one", SPAN(H1 "\x09h2"), "http/1.1", "http/1.1" },
		{ "an empty name", SPAN("\0" H1), "", "" },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		tap_span(tls_alpn_pick(TLS_ALPN_H1, row[i].offer),
		    span_str(row[i].h1), "%s", row[i].name);
		tap_span(tls_alpn_pick(TLS_ALPN_H2, row[i].offer),
		    span_str(row[i].h2), "%s, with h2", row[i].name);
	}
}

/* ---- clients ---- */

static struct ca *ca;

static SSL_CTX *leaf(void)
{
	struct span host = SPAN("meet.example");
	struct buf chain;

	if (leaf_find(host) == NULL) {
		buf_init(&chain, 16384);
		if (ca_issue(ca, host, leaf_public_key(), clock_unix_s(),
		        &chain) < 0 ||
		    leaf_put(host, buf_span(&chain)) < 0)
			abort();
		buf_fini(&chain);
	}
	return leaf_find(host);
}

static void one_client(SSL_CTX *ctx, int version, struct span offer,
    const char *want, const char *name)
{
	SSL *ssl = SSL_new(ctx);
	bool resumes = ticket != NULL, good;
	struct stream *s;
	struct met m;

	SSL_set_max_proto_version(ssl, version);
	SSL_set_connect_state(ssl);
	SSL_set_alpn_protos(
	    ssl, (const unsigned char *)offer.p, (unsigned)offer.n);
	if (resumes)
		SSL_set_session(ssl, ticket);
	s = open_pair(ssl, &m);
	channel_serve(s, leaf());
	good = shake(ssl);
	if (want == NULL) {
		tap_ok(!good && m.err < 0 &&
		           ERR_GET_REASON(ERR_peek_last_error()) ==
		               1000 + SSL_AD_NO_APPLICATION_PROTOCOL,
		    "%s: no_application_protocol", name);
	} else {
		tap_ok(good && m.err == 0 &&
		           span_eq(said(ssl), span_str(want)) &&
		           span_eq(channel_alpn(s), span_str(want)),
		    "%s: \"%s\"", name, want);
		tap_ok(channel_resumed(s) == resumes, "%s: %s", name,
		    resumes ? "resumed" : "new");
	}
	close_pair(ssl, s);
}

static void test_clients(enum tls_alpn best)
{
	static const int version[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const struct {
		const char *name;
		struct span offer;
		const char *want[2]; /* with H1, H2; NULL: refused */
	} row[] = {
		{ "a client without ALPN", SPAN(""), { "", "" } },
		{ "one of HTTP/1.1", SPAN(H1), { "http/1.1", "http/1.1" } },
		{ "a browser", SPAN(H2 H1), { "http/1.1", "h2" } },
		{ "its order is not ours", SPAN(H1 H2), { "http/1.1", "h2" } },
		{ "one of h2", SPAN(H2), { NULL, "h2" } },
		{ "one of the past", SPAN(OLD), { NULL, NULL } },
	};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned char keys[80];

	if (ctx == NULL || leaf_init(TLS_TR_02102_2, best) < 0)
		abort();
	rnd_bytes(keys, sizeof keys);
	leaf_ticket_keys(keys);
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < sizeof row / sizeof *row; i++)
			one_client(ctx, version[v], row[i].offer,
			    row[i].want[best], row[i].name);
		SSL_SESSION_free(ticket);
		ticket = NULL;
	}
	leaf_fini();
	SSL_CTX_free(ctx);
}

/* What a resumed session says is what is offered now. */
static void test_clients_again(void)
{
	static const int version[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const struct {
		struct span offer;
		const char *want;
	} row[] = {
		{ SPAN(H2 H1), "h2" },
		{ SPAN(H1), "http/1.1" },
		{ SPAN(""), "" },
		{ SPAN(H2 H1), "h2" },
		{ SPAN(OLD), NULL },
	};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned char keys[80];

	if (ctx == NULL || leaf_init(TLS_TR_02102_2, TLS_ALPN_H2) < 0)
		abort();
	rnd_bytes(keys, sizeof keys);
	leaf_ticket_keys(keys);
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < sizeof row / sizeof *row; i++)
			one_client(ctx, version[v], row[i].offer, row[i].want,
			    "again");
		SSL_SESSION_free(ticket);
		ticket = NULL;
	}
	leaf_fini();
	SSL_CTX_free(ctx);
}

/* ---- servers ---- */

static int on_choice(SSL *ssl, const unsigned char **ret_name,
    unsigned char *ret_len, const unsigned char *in, unsigned n, void *arg)
{
	const char *choice = arg;
	struct span all = span_of((const char *)in, n);

	(void)ssl;
	/* "?name": only when it is offered. */
	if (choice[0] == '?' && !tls_alpn_has(all, span_str(choice + 1)))
		return SSL_TLSEXT_ERR_NOACK;
	choice += choice[0] == '?';
	*ret_name = (const unsigned char *)choice;
	*ret_len = (unsigned char)strlen(choice);
	return SSL_TLSEXT_ERR_OK;
}

static void one_server(struct servers *v, SSL_CTX *ctx, enum tls_alpn offer,
    const char *want, bool resumed, const char *name)
{
	SSL *ssl = SSL_new(ctx);
	struct stream *s;
	struct met m;

	SSL_set_accept_state(ssl);
	s = open_pair(ssl, &m);
	tap_int(channel_connect(s, v, SPAN("meet.example"), 443, offer), 0,
	    "%s: connect", name);
	shake(ssl);
	if (want == NULL)
		tap_ok(m.ready && m.err < 0 && channel_why(s) == WHY_TLS_SERVER,
		    "%s: refused", name);
	else
		tap_ok(m.ready && m.err == 0 &&
		           span_eq(channel_alpn(s), span_str(want)) &&
		           channel_resumed(s) == resumed,
		    "%s: \"%s\"%s", name, want, resumed ? ", resumed" : "");
	close_pair(ssl, s);
}

static void test_servers(void)
{
	static const struct {
		const char *name, *choice, *want[2]; /* with H1, H2 offered */
	} row[] = {
		{ "a server without ALPN", NULL, { "", "" } },
		{ "one of h2", "?h2", { "", "h2" } },
		{ "one of HTTP/1.1", "?http/1.1", { "http/1.1", "http/1.1" } },
		{ "h2 whatever is offered", "h2", { NULL, "h2" } },
		{ "what nobody offered", "spdy/3", { NULL, NULL } },
	};
	struct cert root = pki_make(&(struct cert_plan){ .ca = true }, NULL);
	struct cert c =
	    pki_make(&(struct cert_plan){ .alt = "DNS:meet.example" }, &root);
	struct buf pem;

	buf_init(&pem, 16384);
	pki_pem(root.x, &pem);
	for (size_t i = 0; i < 2 * sizeof row / sizeof *row; i++) {
		size_t r = i / 2;
		struct servers *v =
		    servers_new_pem(TLS_TR_02102_2, buf_span(&pem));
		SSL_CTX *ctx = pki_server(&c, i % 2 ? 0 : TLS1_2_VERSION);
		char choice[16] = "";

		if (row[r].choice != NULL) {
			memcpy(choice, row[r].choice, strlen(row[r].choice));
			SSL_CTX_set_alpn_select_cb(ctx, on_choice, choice);
		}
		one_server(v, ctx, TLS_ALPN_H2, row[r].want[TLS_ALPN_H2], false,
		    row[r].name);
		one_server(v, ctx, TLS_ALPN_H1, row[r].want[TLS_ALPN_H1],
		    row[r].want[TLS_ALPN_H2] != NULL, row[r].name);
		SSL_CTX_free(ctx);
		servers_free(v);
	}
	buf_fini(&pem);
	pki_free(&c);
	pki_free(&root);
}

int main(void)
{
	static const char *const domain[] = { "meet.example" };
	char err[200], dir[64];

	snprintf(dir, sizeof dir, "%s/ca", pki_dir());
	if (loop_init() < 0 ||
	    ca_init(dir, "Amt Beispielstadt", domain, 1,
	        clock_unix_s() - 30 * 86400, err) < 0 ||
	    (ca = ca_open(dir, err)) == NULL)
		return 1;
	test_list();
	test_clients(TLS_ALPN_H1);
	test_clients(TLS_ALPN_H2);
	test_clients_again();
	test_servers();
	ca_close(ca);
	pki_dir_remove();
	loop_fini();
	return tap_done();
}
