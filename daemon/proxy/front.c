/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/front.h"

#include "base/stat.h"
#include "conf/conf.h"
#include "proxy/fate.h"
#include "proxy/h1_conn.h"
#include "proxy/h2_conn.h"
#include "proxy/leaf_wait.h"
#include "proxy/reply.h"
#include "proxy/snapshot.h"
#include "proxy/tunnel.h"
#include "tls/channel.h"
#include "tls/leaf.h"
#include "wire/hello.h"

#define PORT_HTTP 80
#define PORT_HTTPS 443

static void on_read(void *arg);
static void on_end(void *arg, int err);

static const struct stream_ops peek_ops = {
	.on_read = on_read,
	.on_end = on_end,
};

void front_start(struct conn *c)
{
	if (c->state == CONN_DEAD)
		return;
	stream_set_ops(c->client, &peek_ops, c);
	stream_reading(c->client, true);
}

static void speak_http(struct conn *c)
{
	conn_enter(c, CONN_HTTP);
	if (c->state != CONN_HTTP)
		return;
	c->h1 = h1_conn_new(c);
	if (c->h1 == NULL)
		conn_close(c, WHY_MEMORY);
	else
		h1_conn_start(c->h1);
}

static void speak_h2(struct conn *c)
{
	conn_enter(c, CONN_HTTP);
	if (c->state != CONN_HTTP)
		return;
	c->h2 = h2_conn_new(c);
	if (c->h2 == NULL)
		conn_close(c, WHY_MEMORY);
	else
		h2_conn_start(c->h2);
}

static void on_shaken(void *arg, int err)
{
	struct conn *c = arg;

	if (err < 0) {
		conn_close(c, WHY_TLS_CLIENT);
		return;
	}
	stat_add(STAT_HANDSHAKES, 1);
	if (channel_resumed(c->client))
		stat_add(STAT_HANDSHAKES_RESUMED, 1);
	if (span_eq(channel_alpn(c->client), SPAN("h2")))
		speak_h2(c);
	else
		speak_http(c);
}

static const struct stream_ops shake_ops = {
	.on_ready = on_shaken,
	.on_end = on_end,
};

static void shake(struct conn *c)
{
	SSL_CTX *ctx = leaf_find(c->host);

	if (ctx == NULL) { /* pushed out of the cache in the meantime */
		c->waits_leaf = leaf_wait_ask(c->id, c->host) == 0;
		if (!c->waits_leaf)
			conn_close(c, WHY_NO_LEAF);
		return;
	}
	c->tls = true;
	conn_enter(c, CONN_SHAKE);
	if (c->state != CONN_SHAKE)
		return;
	stream_set_ops(c->client, &shake_ops, c);
	if (channel_serve(c->client, ctx) < 0)
		conn_close(c, WHY_MEMORY);
}

static void peek_tls(struct conn *c)
{
	struct hello hello;
	ptrdiff_t n = hello_parse(buf_span(stream_in(c->client)), &hello);

	if (n == 0)
		return;
	if (n < 0) {
		conn_close(c, WHY_BAD_HELLO);
		return;
	}
	if (!span_eq(span_of(hello.sni, hello.sni_len), c->host)) {
		stat_add(STAT_MISMATCH, 1);
		conn_close(c, WHY_MISMATCH);
		return;
	}
	if (c->fate.tunnel) {
		conn_enter(c, CONN_DIAL);
		if (c->state == CONN_DIAL)
			tunnel_dial(c);
	} else {
		shake(c);
	}
}

static void peek_inside(struct conn *c, enum first first)
{
	bool clear =
	    first == FIRST_HTTP && !c->fate.tunnel && c->snap->conf->allow_http;

	if (first == FIRST_TLS && (c->fate.tunnel || fate_decrypts(&c->fate)))
		peek_tls(c);
	else if (clear)
		speak_http(c);
	else
		conn_close(c, WHY_NOT_TLS);
}

static void on_read(void *arg)
{
	struct conn *c = arg;
	enum first first = hello_first(buf_span(stream_in(c->client)));

	if (c->waits_leaf || first == FIRST_MORE)
		return;
	if (c->inside)
		peek_inside(c, first);
	else if (first == FIRST_HTTP)
		speak_http(c);
	else
		conn_close(c, WHY_NOT_TLS);
}

static void on_end(void *arg, int err)
{
	struct conn *c = arg;

	(void)err;
	conn_close(
	    c, c->state == CONN_SHAKE ? WHY_TLS_CLIENT : WHY_CLIENT_GONE);
}

void front_timeout(struct conn *c)
{
	bool nothing = buf_len(stream_in(c->client)) == 0;

	if (c->waits_leaf) /* the signer is slow */
		front_leaf(c, -1);
	else
		conn_close(c, nothing ? WHY_IDLE : WHY_SLOW);
}

static void established(struct conn *c)
{
	c->inside = true;
	buf_add_str(stream_out(c->client),
	    "HTTP/1.1 200 Connection established\r\n\r\n");
	if (stream_flush(c->client) < 0) {
		conn_close(c, WHY_CLIENT_GONE);
		return;
	}
	conn_wait(c, c->snap->conf->peek_s);
	if (c->state == CONN_PEEK)
		stream_reading(c->client, true);
}

static void refuse(struct conn *c, enum why why)
{
	if (c->fate.service != NULL)
		stat_service_add(
		    c->fate.service->index, STAT_SERVICE_DENIED, 1);
	reply_connect_refused(c, why);
	conn_finish(c, why);
}

void front_leaf(struct conn *c, int err)
{
	c->waits_leaf = false;
	if (err < 0) {
		stat_add(STAT_LEAF_FAILED, 1);
		if (c->inside)
			conn_close(c, WHY_NO_LEAF);
		else
			refuse(c, c->fate.refuse != WHY_DONE ? c->fate.refuse
			                                     : WHY_NO_LEAF);
	} else if (c->inside) {
		shake(c);
	} else {
		established(c);
	}
}

/* Remember the target of a CONNECT. */
static int take_target(struct conn *c, struct span authority)
{
	struct span host;

	if (uri_authority(authority, 0, &host, &c->port) < 0 || c->port == 0)
		return -1;
	return uri_host_lower(host, c->host_mem, &c->host);
}

static enum why refusal(const struct conn *c)
{
	if (c->fate.service == NULL)
		return WHY_UNLISTED;
	if (c->port != PORT_HTTPS &&
	    (c->port != PORT_HTTP || !c->snap->conf->allow_http))
		return WHY_PORT;
	if (c->fate.refuse == WHY_DONE)
		return WHY_DONE;
	/* Refused, but inside TLS we can say so: with a sink or a page. */
	return fate_decrypts(&c->fate) ? WHY_DONE : c->fate.refuse;
}

void front_connect(struct conn *c, struct span authority)
{
	enum why why = WHY_BAD_REQUEST;

	if (take_target(c, authority) == 0) {
		fate_of_host(
		    c->snap->conf, c->host, c->level, c->from, &c->fate);
		if (c->fate.reset) {
			conn_close(c, c->fate.refuse);
			return;
		}
		why = refusal(c);
	}
	if (why != WHY_DONE) {
		refuse(c, why);
		return;
	}
	h1_conn_free(c->h1);
	c->h1 = NULL;
	conn_enter(c, CONN_PEEK);
	if (c->state != CONN_PEEK)
		return;
	stream_set_ops(c->client, &peek_ops, c);
	if (c->port == PORT_HTTP || c->fate.tunnel ||
	    leaf_find(c->host) != NULL) {
		established(c);
		return;
	}
	stream_reading(c->client, false);
	c->waits_leaf = true;
	if (leaf_wait_ask(c->id, c->host) < 0)
		front_leaf(c, -1);
}
