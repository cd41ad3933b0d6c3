/* SPDX-License-Identifier: EUPL-1.2 */
/* tls/ in memory: handshakes end at once, records are plaintext. Derived keys and
 * pseudonyms are the real ones. */
#include "lib/fake.h"

#include <errno.h>
#include <stdio.h>

#include "tls/channel.h"
#include "tls/leaf.h"
#include "wire/hello.h"

#define LEAFS_MAX 64

static char leaf[LEAFS_MAX][256];
static unsigned nleafs;
static bool h2_servers;
static int dummy; /* what the opaque pointers point at */

int tls_profile_parse(const char *word, enum tls_profile *ret_profile)
{
	*ret_profile = strcmp(word, "wide") == 0 ? TLS_WIDE : TLS_TR_02102_2;
	return *ret_profile == TLS_WIDE || strcmp(word, "tr-02102-2") == 0
	           ? 0
	           : -EINVAL;
}

struct servers *servers_new_pem(enum tls_profile profile, struct span pem)
{
	(void)profile, (void)pem;
	return (struct servers *)(void *)&dummy;
}

void servers_free(struct servers *v)
{
	(void)v;
}

/* The hello is taken; what follows it is what the client says inside. */
int channel_serve(struct stream *s, SSL_CTX *ctx)
{
	struct buf *in = stream_in(s);
	struct wire *w = fake_wire_of(s);
	struct hello hello;
	ptrdiff_t n = hello_parse(buf_span(in), &hello);

	(void)ctx;
	w->tls = true;
	if (n > 0) {
		snprintf(w->name, sizeof w->name, "%s", hello.sni);
		buf_drain(in, (size_t)n);
		w->h2 = hello.alpn_h2;
		w->h2_from = buf_len(&w->got);
	}
	fake_shake(s, n > 0 ? 0 : -EPROTO);
	return 0;
}

int channel_connect(struct stream *s, struct servers *v, struct span host,
    uint16_t port, enum tls_alpn alpn)
{
	struct wire *w = fake_wire_of(s);

	(void)v, (void)port;
	w->tls = true;
	w->h2 = h2_servers && alpn == TLS_ALPN_BEST;
	snprintf(w->name, sizeof w->name, "%.*s", SPAN_ARG(host));
	fake_shake(s, fake_host_tls(w->name) == WHY_DONE ? 0 : -EPROTO);
	return 0;
}

enum why channel_why(struct stream *s)
{
	const struct wire *w = fake_wire_of(s);

	return w->server ? fake_host_tls(w->name) : WHY_TLS_CLIENT;
}

bool channel_resumed(struct stream *s)
{
	(void)s;
	return false;
}

struct span channel_alpn(struct stream *s)
{
	return fake_wire_of(s)->h2 ? SPAN("h2") : SPAN("http/1.1");
}

void fake_h2(bool servers)
{
	h2_servers = servers;
}

struct span channel_sni(struct stream *s)
{
	return span_str(fake_wire_of(s)->name);
}

SSL_CTX *leaf_find(struct span host)
{
	for (unsigned i = 0; i < nleafs; i++)
		if (span_eq(host, span_str(leaf[i])))
			return (SSL_CTX *)(void *)&dummy;
	return NULL;
}

int leaf_put(struct span host, struct span chain_der)
{
	if (chain_der.n == 0)
		return -EBADMSG;
	if (nleafs == LEAFS_MAX || host.n >= sizeof leaf[0])
		return -ENOMEM;
	snprintf(leaf[nleafs++], sizeof leaf[0], "%.*s", SPAN_ARG(host));
	return 0;
}

void fake_leafs_forget(void)
{
	nleafs = 0;
}
