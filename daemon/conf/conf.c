/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/conf.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "conf/addr.h"
#include "conf/conf_int.h"
#include "engine/guard.h"
#include "engine/host.h"
#include "engine/wrap.h"

#define CONF_BYTES_MAX (64u << 20) /* the bundle's texts, and some */
#define LISTS "listen clients connect_to resolver never services"
#define KEYS_BYTES 400
#define CA_NAME_MAX 64 /* X.520: ub-common-name */

/* ---- scalars ---- */

struct scalar {
	const char *path;
	enum { STRING, NUMBER, FLAG } type;
	size_t offset;
	const char *text;
	uint32_t number, least, most;
};

static const struct scalar scalar[] = {
#define CONF_STRING(path, member, def, text) \
	{ path, STRING, offsetof(struct conf, member), def, 0, 0, 0 },
#define CONF_NUMBER(path, member, def, least, most, unit, text) \
	{ path, NUMBER, offsetof(struct conf, member), NULL, def, least, most },
#define CONF_FLAG(path, member, def, text) \
	{ path, FLAG, offsetof(struct conf, member), NULL, def, 0, 0 },
#include "conf/conf.tbl"
#undef CONF_STRING
#undef CONF_NUMBER
#undef CONF_FLAG
};
#define SCALARS (sizeof scalar / sizeof *scalar)

/* Valid keys of group (of the root: "") with a space between; group is "ca". */
static void list_keys(const char *group, char out[KEYS_BYTES])
{
	size_t g = strlen(group), n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < SCALARS; i++) {
		struct span rest = span_str(scalar[i].path), word;

		if (g > 0 && (strncmp(scalar[i].path, group, g) != 0 ||
		    scalar[i].path[g] != '.'))
			continue;
		if (g > 0)
			rest = span_from(rest, g + 1);
		word = span_cut(&rest, '.');
		if (lex_among(word, out))
			continue; /* the same group again */
		if (n + word.n + 2 > KEYS_BYTES)
			return;
		if (n > 0)
			out[n++] = ' ';
		memcpy(out + n, word.p, word.n);
		n += word.n;
		out[n] = '\0';
	}
}

/* The setting of a scalar in its group; *ret_key is its last part. */
static int find_scalar(const struct lex *l, const struct scalar *s,
    const config_setting_t **ret_group, const char **ret_key)
{
	const char *dot = strchr(s->path, '.');
	char keys[KEYS_BYTES], group[32];
	int r;

	*ret_group = lex_root(l);
	*ret_key = s->path;
	if (dot == NULL)
		return 0;
	snprintf(group, sizeof group, "%.*s", (int)(dot - s->path), s->path);
	*ret_key = dot + 1;
	r = lex_group(l, lex_root(l), group, ret_group);
	if (r < 0 || *ret_group == NULL)
		return r;
	list_keys(group, keys);
	return lex_keys(l, *ret_group, group, keys);
}

static int take_scalar(const struct lex *l, const struct scalar *s,
    struct conf *c)
{
	const config_setting_t *group;
	void *to = (char *)c + s->offset;
	struct span text = SPAN_NONE;
	const char *key;
	int r = find_scalar(l, s, &group, &key);

	if (r < 0)
		return r;
	switch (s->type) {
	case STRING:
		if (group != NULL)
			r = lex_text(l, group, key, false, &text);
		*(const char **)to = text.p != NULL ? text.p : s->text;
		break;
	case NUMBER:
		*(uint32_t *)to = s->number;
		if (group != NULL)
			r = lex_number(l, group, key, false, s->least, s->most,
			    to);
		break;
	case FLAG:
		*(bool *)to = s->number != 0;
		if (group != NULL)
			r = lex_flag(l, group, key, false, to);
		break;
	}
	return r;
}

const char *conf_join(struct arena *a, const char *dir, const char *name)
{
	bool alone = dir[0] == '\0' || name[0] == '/';
	const struct span piece[] = { span_str(alone ? "" : dir),
		alone ? SPAN("") : SPAN("/"), span_str(name), span_of("", 1) };

	return arena_join(a, piece, sizeof piece / sizeof *piece).p;
}

/* The folder of the file as it is written, "" for none. */
static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return "";
	if (slash == path)
		return "/.";
	return arena_join(a,
	    (const struct span[]){ span_of(path, (size_t)(slash - path)),
		span_of("", 1) },
	    2)
	    .p;
}

static int resolve_paths(const struct lex *l, struct conf *c)
{
	const char **path[] = { &c->policy_dir, &c->control_socket, &c->ca_dir,
		&c->tls_trust };
	const char *dir = folder_of(l->arena, l->file);

	for (size_t i = 0; dir != NULL && i < sizeof path / sizeof *path; i++)
		if ((*path[i])[0] != '\0')
			*path[i] = conf_join(l->arena, dir, *path[i]);
	if (arena_error(l->arena) < 0)
		return lex_error(l, NULL, arena_error(l->arena), "");
	return 0;
}

static int check_domain(const struct lex *l, const struct conf *c)
{
	const config_setting_t *group = lex_member(lex_root(l), "pseudonym");
	const config_setting_t *at =
	    group != NULL ? lex_member(group, "domain") : NULL;
	struct span domain = span_str(c->pseudonym_domain), host;
	char err[PARSE_ERR_BYTES];
	int r = parse_host(domain, l->arena, &host, err);

	if (r < 0)
		return lex_error(l, at, r, err);
	if (span_chr(host, '*') < host.n || !span_eq(host, domain) ||
	    domain.n > CONF_DOMAIN_MAX)
		return lex_fail(l, at,
		    "domain: expected one host in lower case of at most %d "
		    "bytes, without *",
		    CONF_DOMAIN_MAX);
	return 0;
}

/* What a range does not tell. */
static int check_scalars(const struct lex *l, const struct conf *c)
{
	const config_setting_t *root = lex_root(l);
	const config_setting_t *page = lex_member(root, "page");
	char err[PARSE_ERR_BYTES];
	struct span word;
	int r;

	if (lex_member(root, "tls") != NULL &&
	    (r = lex_word(l, lex_member(root, "tls"), "profile", false,
		 "tr-02102-2 wide", &word)) < 0)
		return r;
	if (lex_member(root, "log") != NULL &&
	    (r = lex_word(l, lex_member(root, "log"), "mode", false, "counts",
		 &word)) < 0)
		return r;
	if (c->policy_dir[0] == '\0')
		return lex_fail(l, lex_member(root, "policy_dir"),
		    "policy_dir is empty");
	if (strlen(c->ca_name) > CA_NAME_MAX)
		return lex_fail(l, lex_member(lex_member(root, "ca"), "name"),
		    "name: over %d bytes", CA_NAME_MAX);
	if ((r = check_domain(l, c)) < 0)
		return r;
	r = parse_host(span_str(c->page_name), l->arena, &word, err);
	if (r < 0)
		return lex_error(l, page != NULL ? lex_member(page, "name")
						 : NULL, r, err);
	if (span_chr(word, '*') < word.n)
		return lex_fail(l, lex_member(page, "name"),
		    "name: expected one host, without *");
	return 0;
}

int conf_scalars(const struct lex *l, struct conf *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < SCALARS; i++)
		r = take_scalar(l, &scalar[i], c);
	if (r < 0 || (r = check_scalars(l, c)) < 0)
		return r;
	return resolve_paths(l, c);
}

int conf_open(struct lex *l, const struct bundle *b, const char *path,
    struct arena *a, char err[CONF_ERR_BYTES])
{
	char keys[KEYS_BYTES + sizeof LISTS + 1];
	int r = lex_open(l, b, path, a, err);

	if (r < 0)
		return r;
	list_keys("", keys);
	strncat(keys, " " LISTS, sizeof keys - strlen(keys) - 1);
	return lex_keys(l, lex_root(l), "the configuration", keys);
}

/* ---- lists ---- */

/* A list of texts that fit, at least `least` of them. */
static int take_addrs(const struct lex *l, const char *key, unsigned most,
    bool (*fits)(struct span), const char *expected, const char **out,
    unsigned *ret_n)
{
	const config_setting_t *list;
	struct span text;
	int r = lex_list(l, lex_root(l), key, &list);

	if (r < 0)
		return r;
	if (lex_count(list) > most)
		return lex_fail(l, list, "%s: over %u addresses", key, most);
	for (unsigned i = 0; i < lex_count(list); i++) {
		const config_setting_t *m = config_setting_get_elem(list, i);

		if ((r = lex_value(l, m, key, &text)) < 0)
			return r;
		if (!fits(text))
			return lex_fail(l, m, "%s \"%.60s\": %s", key, text.p,
			    expected);
		for (unsigned k = 0; k < i; k++)
			if (strcmp(out[k], text.p) == 0)
				return lex_fail(l, m,
				    "%s \"%.60s\": it stands here twice", key,
				    text.p);
		out[i] = text.p;
		*ret_n = i + 1;
	}
	return 0;
}

static bool is_resolver(struct span text)
{
	return addr_is_plain(text) || addr_is_port(text);
}

static int take_client(const struct lex *l, const config_setting_t *s,
    struct conf_net *net)
{
	uint32_t level = 2;
	struct span text;
	int r = lex_keys(l, s, "clients entry", "net level");

	if (r < 0 || (r = lex_text(l, s, "net", true, &text)) < 0 ||
	    (r = lex_number(l, s, "level", false, 1, 4, &level)) < 0)
		return r;
	if (addr_net(text, net) < 0)
		return lex_fail(l, lex_member(s, "net"),
		    "net \"%.60s\": " ADDR_NET_EXPECTED, text.p);
	net->level = (uint8_t)level;
	return 0;
}

static int take_clients(const struct lex *l, struct conf *c)
{
	const config_setting_t *list;
	int r = lex_list(l, lex_root(l), "clients", &list);

	if (r == 0 && lex_count(list) > CONF_CLIENTS_MAX)
		return lex_fail(l, list, "clients: over %d networks",
		    CONF_CLIENTS_MAX);
	for (unsigned i = 0; r == 0 && i < lex_count(list); i++) {
		const config_setting_t *m = config_setting_get_elem(list, i);
		const struct conf_net *net = &c->client[i];

		r = take_client(l, m, &c->client[i]);
		for (unsigned k = 0; r == 0 && k < i; k++)
			if (net->family == c->client[k].family &&
			    net->bits == c->client[k].bits &&
			    memcmp(net->addr, c->client[k].addr,
				sizeof net->addr) == 0)
				r = lex_fail(l, m,
				    "net: this network stands here twice");
		c->nclient = i + 1;
	}
	return r;
}

static int take_connect_to(const struct lex *l, const config_setting_t *s,
    struct conf_connect_to *out)
{
	char err[PARSE_ERR_BYTES];
	uint32_t port = 0;
	struct span host, to;
	int r = lex_keys(l, s, "connect_to entry", "host port to");

	if (r < 0 || (r = lex_text(l, s, "host", true, &host)) < 0 ||
	    (r = lex_number(l, s, "port", false, 0, 65535, &port)) < 0 ||
	    (r = lex_text(l, s, "to", true, &to)) < 0)
		return r;
	r = parse_host(host, l->arena, &out->host, err);
	if (r < 0)
		return lex_error(l, lex_member(s, "host"), r, err);
	if (!addr_is_port(to))
		return lex_fail(l, lex_member(s, "to"),
		    "to \"%.60s\": " ADDR_PORT_EXPECTED, to.p);
	out->port = (uint16_t)port;
	out->to = to.p;
	return 0;
}

static int take_lists(const struct lex *l, struct conf *c)
{
	const config_setting_t *list;
	int r;

	if ((r = take_addrs(l, "listen", CONF_LISTEN_MAX, addr_is_port,
		 ADDR_PORT_EXPECTED, c->listen, &c->nlisten)) < 0 ||
	    (r = take_addrs(l, "resolver", 4, is_resolver,
		 "expected a numeric address, with or without a port",
		 c->resolver, &c->nresolver)) < 0 ||
	    (r = take_clients(l, c)) < 0 ||
	    (r = lex_list(l, lex_root(l), "connect_to", &list)) < 0)
		return r;
	if (c->nlisten == 0)
		return lex_fail(l, lex_member(lex_root(l), "listen"),
		    "listen: expected at least one ADDRESS:PORT");
	if (lex_count(list) > CONF_CONNECT_TO_MAX)
		return lex_fail(l, list, "connect_to: over %d entries",
		    CONF_CONNECT_TO_MAX);
	for (unsigned i = 0; r == 0 && i < lex_count(list); i++) {
		r = take_connect_to(l, config_setting_get_elem(list, i),
		    &c->connect_to[i]);
		c->nconnect_to = i + 1;
	}
	return r;
}

/* ---- never ---- */

/* The texts that no guard can be made of are found one by one. Their words are
 * not repeated in the message: it may be logged. */
static int blame(const struct lex *l, const config_setting_t *list,
    const struct guard_pattern *p)
{
	for (unsigned i = 0; i < lex_count(list); i++) {
		int err = 0;
		struct guard *one = guard_new(&p[i], 1, &err);

		guard_free(one);
		if (one == NULL && err == -EINVAL)
			return lex_fail(l, config_setting_get_elem(list, i),
			    "never: expected a text of %d to %d bytes, without "
			    "control characters or half an escape at its end",
			    GUARD_TEXT_MIN_BYTES, GUARD_TEXT_MAX_BYTES);
	}
	return lex_fail(l, list, "never: no guard can be made of these texts");
}

static int take_never(const struct lex *l, struct conf *c)
{
	const config_setting_t *list;
	struct guard_pattern *p;
	size_t longest = 0;
	int r = lex_list(l, lex_root(l), "never", &list), err = 0;
	unsigned n = lex_count(list);

	if (r < 0 || n == 0)
		return r;
	if (n > GUARD_PATTERNS_MAX)
		return lex_fail(l, list, "never: over %d texts",
		    GUARD_PATTERNS_MAX);
	if ((p = calloc(n, sizeof *p)) == NULL)
		return -ENOMEM;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		r = lex_value(l, config_setting_get_elem(list, i), "never",
		    &p[i].text);
		if (p[i].text.n > longest)
			longest = p[i].text.n;
	}
	if (r == 0 && (c->guard = guard_new(p, n, &err)) == NULL)
		r = err == -ENOMEM ? err : blame(l, list, p);
	c->never_hold = longest * 6 < CONF_NEVER_HOLD_MAX
	    ? (uint32_t)longest * 6 : CONF_NEVER_HOLD_MAX;
	free(p);
	return r;
}

/* ---- files ---- */

/* The first certificate of a PEM text. */
static int take_pem(struct span pem, struct buf *ret_der)
{
	struct span begin = SPAN("-----BEGIN CERTIFICATE-----");
	struct span end = SPAN("-----END CERTIFICATE-----"), body, line;
	struct buf plain;
	int r;

	body = span_from(pem, span_find(pem, begin));
	body = span_from(body, begin.n);
	if (span_find(body, end) == body.n)
		return -EBADMSG;
	body.n = span_find(body, end);
	buf_init(&plain, body.n + 1);
	while (body.n > 0) {
		line = span_cut(&body, '\n');
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_add_span(&plain, span_trim(line));
	}
	r = buf_error(&plain);
	if (r == 0)
		r = wrap_open(STEP_BASE64, buf_span(&plain), ret_der);
	if (r == 0 && buf_len(ret_der) == 0)
		r = -EBADMSG;
	buf_fini(&plain);
	return r;
}

static int take_ca(const struct bundle *b, struct conf *c,
    char err[CONF_ERR_BYTES])
{
	const char *path = conf_join(c->arena, c->ca_dir, CONF_CA_FILE);
	struct span text;
	struct buf der;
	int r;

	c->ca_pem = c->ca_der = SPAN("");
	if (path == NULL)
		return arena_error(c->arena);
	if (bundle_find(b, path, &text) < 0)
		return 0;
	buf_init(&der, BUNDLE_MAX_BYTES);
	if ((r = take_pem(text, &der)) == 0) {
		c->ca_pem = arena_dup(c->arena, text);
		c->ca_der = arena_dup(c->arena, buf_span(&der));
		r = arena_error(c->arena);
	} else if (r == -EBADMSG) {
		snprintf(err, CONF_ERR_BYTES,
		    "%s:1: expected a certificate in PEM form", path);
		r = -EINVAL;
	}
	buf_fini(&der);
	return r;
}

static int take_files(const struct bundle *b, struct conf *c,
    char err[CONF_ERR_BYTES])
{
	struct span text;

	c->trust_pem = SPAN("");
	if (bundle_find(b, c->tls_trust, &text) == 0)
		c->trust_pem = arena_dup(c->arena, text);
	if (arena_error(c->arena) < 0)
		return arena_error(c->arena);
	return take_ca(b, c, err);
}

/* ---- a snapshot's life ---- */

static int load(const struct bundle *b, const char *path, int64_t now,
    struct conf *c, char err[CONF_ERR_BYTES])
{
	struct lex l = { .open = false };
	int r;

	if ((r = conf_open(&l, b, path, c->arena, err)) == 0 &&
	    (r = conf_scalars(&l, c)) == 0 && (r = take_lists(&l, c)) == 0 &&
	    (r = take_never(&l, c)) == 0 &&
	    (r = take_files(b, c, err)) == 0)
		r = conf_services(&l, b, now, c);
	lex_close(&l);
	return r;
}

int conf_load(const struct bundle *b, const char *path, int64_t now,
    struct conf **ret_conf, char err[CONF_ERR_BYTES])
{
	struct conf *c = calloc(1, sizeof *c);
	int r = -ENOMEM;

	err[0] = '\0';
	if (c != NULL) {
		c->refs = 1;
		c->arena = arena_new(CONF_BYTES_MAX);
		c->rules = ruleset_new();
		if (c->arena != NULL && c->rules != NULL)
			r = load(b, path, now, c, err);
	}
	if (r == 0) {
		*ret_conf = c;
		return 0;
	}
	conf_unref(c);
	if (err[0] == '\0')
		snprintf(err, CONF_ERR_BYTES, "%s:1: %s", path,
		    r == -ENOMEM ? "memory is out"
				 : "the files together are too large");
	return r == -ENOMEM ? r : -EINVAL;
}

struct conf *conf_ref(struct conf *c)
{
	c->refs++;
	return c;
}

void conf_unref(struct conf *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	ruleset_unref(c->rules);
	guard_free(c->guard);
	hash_free(c->owner);
	arena_free(c->arena);
	free(c);
}

/* ---- asking ---- */

const struct conf_net *conf_client(const struct conf *c,
    const struct sockaddr *from)
{
	const struct conf_net *found = NULL;

	for (unsigned i = 0; i < c->nclient; i++)
		if (addr_in(&c->client[i], from) &&
		    (found == NULL || c->client[i].bits > found->bits))
			found = &c->client[i];
	return found;
}

const char *conf_connect(const struct conf *c, struct span host, uint16_t port)
{
	char low[HOST_NAME_MAX_BYTES];

	if (host.n > sizeof low)
		return NULL;
	for (size_t i = 0; i < host.n; i++)
		low[i] = ascii_lower(host.p[i]);
	for (unsigned i = 0; i < c->nconnect_to; i++) {
		const struct conf_connect_to *t = &c->connect_to[i];

		if ((t->port == 0 || t->port == port) &&
		    host_fits(t->host, span_of(low, host.n)))
			return t->to;
	}
	return NULL;
}

unsigned conf_domains(const struct conf *c, const char **out, unsigned max)
{
	unsigned n = c->ndomain < max ? c->ndomain : max;

	for (unsigned i = 0; i < n; i++)
		out[i] = c->domain[i];
	return n;
}

const struct service *conf_owner(
    const struct conf *c, struct span host, struct span *ret_base)
{
	const struct service *s = NULL;
	struct span rest = host;

	while (s == NULL && rest.n > 0) {
		*ret_base = rest;
		s = hash_get(c->owner, rest);
		span_cut(&rest, '.');
	}
	return s;
}
