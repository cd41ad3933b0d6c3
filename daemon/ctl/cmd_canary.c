/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl canary - an invented participant in every carrier and coding, sent
 * through a running gateway to a collector of our own. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "ctl/canary.h"
#include "ctl/canary_net.h"
#include "ctl/canary_tls.h"
#include "ctl/cmd_int.h"
#include "ctl/jstring.h"

#define PORT 80
#define COLLECTOR "127.0.0.1:3180"
#define ROOT_MAX_BYTES 65536

struct canary {
	struct conf *conf; /* holds the texts below; NULL when not needed */
	const char *proxy, *listen, *ca;
	struct buf root; /* of the gateway; empty: TLS is not looked at */
	enum { TLS_UNASKED, TLS_GOOD, TLS_BAD } tls;
	bool json, bad;
	struct addr proxy_at, listen_at;
	char mark[CANARY_MARK_BYTES];
	json_t *rows;
	size_t fate[CANARY_FATES];
};

static void read_options(struct tool *t, struct canary *n)
{
	const char *v;

	while (t->argc > 0 && !n->bad) {
		if (tool_flag(t, "--json"))
			n->json = true;
		else if ((v = tool_value(t, "--proxy", &n->bad)) != NULL)
			n->proxy = v;
		else if ((v = tool_value(t, "--listen", &n->bad)) != NULL)
			n->listen = v;
		else if ((v = tool_value(t, "--ca", &n->bad)) != NULL)
			n->ca = v;
		else
			n->bad = true;
	}
}

static int read_root(struct canary *n)
{
	FILE *f = fopen(n->ca, "re");
	char *p = buf_reserve(&n->root, ROOT_MAX_BYTES);
	size_t got =
	    f != NULL && p != NULL ? fread(p, 1, ROOT_MAX_BYTES, f) : 0;

	if (f != NULL)
		fclose(f);
	buf_commit(&n->root, got);
	if (got == 0)
		fprintf(
		    stderr, "sparsamctl: %s: no certificate is there\n", n->ca);
	return got > 0 ? 0 : -EIO;
}

static void how_to(void)
{
	fprintf(stderr,
	    "sparsamctl: the configuration leads " CANARY_HOST
	    " nowhere; add to it\n"
	    "  connect_to = ( { host = \"" CANARY_HOST
	    "\"; port = %d; to = \"" COLLECTOR "\"; } );\n"
	    "and switch the service \"canary\" on, see sparsamctl(8)\n",
	    PORT);
}

/* Both addresses: as told, or from the configuration. */
static int find_ends(const struct tool *t, struct canary *n)
{
	const struct conf *c;
	const char *to;
	int r = EXIT_GOOD;

	if (n->proxy == NULL || n->listen == NULL) {
		n->conf = tool_conf(t);
		if (n->conf == NULL)
			return EXIT_NO;
	}
	c = n->conf;
	if (n->ca != NULL && read_root(n) < 0)
		r = EXIT_NO;
	else if (n->ca == NULL && c != NULL)
		(void)buf_add_span(&n->root, c->ca_pem);
	to = c != NULL ? conf_connect(c, SPAN(CANARY_HOST), PORT) : NULL;
	if (n->proxy == NULL && c != NULL && c->nlisten > 0)
		n->proxy = c->listen[0];
	if (n->listen == NULL)
		n->listen = to;
	if (r != EXIT_GOOD) {
		/* said already */
	} else if (n->listen == NULL) {
		how_to();
		r = EXIT_NO;
	} else if (n->proxy == NULL ||
	           addr_parse_port(span_str(n->proxy), 0, &n->proxy_at) < 0 ||
	           addr_parse_port(span_str(n->listen), PORT, &n->listen_at) <
	               0) {
		fprintf(stderr, "sparsamctl: addresses are ADDRESS:PORT, as in "
		                "127.0.0.1:3128 or [::1]:3128\n");
		r = EXIT_USAGE;
	}
	return r;
}

/* Does the way to the collector exist? Without it every mark would seem to be
 * refused. */
static int control(struct canary *n, struct canary_net *net)
{
	struct buf request, got;
	struct span word = span_str(n->mark);
	int status, e;

	buf_init(&request, CANARY_REQUEST_MAX_BYTES);
	buf_init(&got, CANARY_GOT_MAX_BYTES);
	e = canary_control(word, &request);
	if (e == 0)
		e = canary_net_ask(net, buf_span(&request), &got, &status);
	if (e < 0)
		fprintf(stderr, "sparsamctl: the gateway at %s: %s\n", n->proxy,
		    strerror(-e));
	else if (span_find(buf_span(&got), word) == buf_len(&got))
		fprintf(stderr,
		    "sparsamctl: the gateway at %s answers with %d, and does "
		    "not lead http://" CANARY_HOST " to %s: is the service "
		    "\"canary\" on, with connect_to?\n",
		    n->proxy, status, n->listen);
	else
		word = SPAN("");
	buf_fini(&request);
	buf_fini(&got);
	return word.n == 0 ? EXIT_GOOD : EXIT_NOT_REACHED;
}

static void tell(struct canary *n, enum canary_carrier c, enum canary_coding e,
    enum canary_fate f, int status)
{
	json_t *row;

	n->fate[f]++;
	if (!n->json) {
		printf("%-10s %-10s %s", canary_carrier_word(c),
		    canary_coding_word(e), canary_fate_word(f));
		if (f == CANARY_REFUSED)
			printf(" (%d)", status);
		printf("\n");
		return;
	}
	row = json_object();
	json_object_set_new(
	    row, "carrier", json_string(canary_carrier_word(c)));
	json_object_set_new(row, "coding", json_string(canary_coding_word(e)));
	json_object_set_new(row, "fate",
	    json_string(f == CANARY_ARRIVED ? "arrived" : canary_fate_word(f)));
	json_object_set_new(row, "status", json_integer(status));
	json_array_append_new(n->rows, row);
}

static int one(struct canary *n, struct canary_net *net, enum canary_carrier c,
    enum canary_coding e)
{
	struct buf request, got;
	struct span mark;
	int status = 0, r;

	canary_mark(n->mark);
	mark = span_str(n->mark);
	buf_init(&request, CANARY_REQUEST_MAX_BYTES);
	buf_init(&got, CANARY_GOT_MAX_BYTES);
	r = canary_request(c, e, mark, &request);
	if (r == 0)
		r = canary_net_ask(net, buf_span(&request), &got, &status);
	if (r == 0 || buf_len(&got) > 0)
		tell(n, c, e, canary_judge(c, e, mark, buf_span(&got)), status);
	if (r < 0)
		fprintf(stderr, "sparsamctl: the gateway at %s: %s, %s: %s\n",
		    n->proxy, canary_carrier_word(c), canary_coding_word(e),
		    strerror(-r));
	buf_fini(&request);
	buf_fini(&got);
	return r;
}

static int all(struct canary *n, struct canary_net *net)
{
	int r = 0;

	for (unsigned c = 0; c < CANARY_CARRIERS && r == 0; c++)
		for (unsigned e = 0; e < CANARY_CODINGS && r == 0; e++)
			r = one(n, net, (enum canary_carrier)c,
			    (enum canary_coding)e);
	return r < 0 ? EXIT_NOT_REACHED : EXIT_GOOD;
}

/* With a mark of its own: it is answered by the gateway, and does not arrive.
 */
static void look_at_tls(struct canary *n)
{
	char err[CANARY_TLS_ERR_BYTES] = "";

	if (buf_len(&n->root) == 0) {
		if (!n->json)
			printf(
			    "tls                   not looked at: no root\n");
		return;
	}
	canary_mark(n->mark);
	n->tls = canary_tls(&n->proxy_at, buf_span(&n->root), span_str(n->mark),
	             err) == 0
	             ? TLS_GOOD
	             : TLS_BAD;
	if (n->tls == TLS_BAD)
		fprintf(stderr, "sparsamctl: the gateway at %s: TLS: %s\n",
		    n->proxy, err);
	else if (!n->json)
		printf("tls                   opened and judged\n");
}

static const char *tls_word(const struct canary *n)
{
	switch (n->tls) {
	case TLS_GOOD:
		return "judged";
	case TLS_BAD:
		return "failed";
	case TLS_UNASKED:
		break;
	}
	return "unasked";
}

static void sum(const struct canary *n)
{
	json_t *root, *figures;

	if (!n->json) {
		for (unsigned f = 0; f < CANARY_FATES; f++)
			printf("%s%zu %s", f > 0 ? ", " : "", n->fate[f],
			    canary_fate_word((enum canary_fate)f));
		printf("\n");
		return;
	}
	root = json_object();
	figures = json_object();
	for (unsigned f = 0; f < CANARY_FATES; f++)
		json_object_set_new(figures,
		    f == CANARY_ARRIVED ? "arrived"
		                        : canary_fate_word((enum canary_fate)f),
		    json_integer((json_int_t)n->fate[f]));
	json_object_set(root, "marks", n->rows);
	json_object_set_new(root, "tls", json_string(tls_word(n)));
	json_object_set_new(root, "summary", figures);
	json_dumpf(root, stdout, JSON_INDENT(1));
	printf("\n");
	json_decref(root);
}

static int fly(struct canary *n)
{
	struct canary_net *net = canary_net_new(&n->listen_at, &n->proxy_at);
	int r;

	if (net == NULL) {
		fprintf(
		    stderr, "sparsamctl: %s: %s\n", n->listen, strerror(errno));
		return EXIT_NOT_REACHED;
	}
	canary_mark(n->mark);
	n->rows = json_array();
	r = control(n, net);
	if (r == EXIT_GOOD) {
		r = all(n, net);
		look_at_tls(n);
		sum(n);
	}
	canary_net_free(net);
	json_decref(n->rows);
	if (r == EXIT_GOOD && n->tls == TLS_BAD)
		r = EXIT_NOT_REACHED;
	return n->fate[CANARY_ARRIVED] > 0 ? EXIT_NO : r;
}

int cmd_canary(struct tool *t)
{
	static struct canary n;
	int r;

	buf_init(&n.root, 2 * ROOT_MAX_BYTES);
	read_options(t, &n);
	if (n.bad)
		return tool_usage(CMD_CANARY);
	r = find_ends(t, &n);
	if (r == EXIT_GOOD)
		r = fly(&n);
	conf_unref(n.conf);
	buf_fini(&n.root);
	return r;
}
