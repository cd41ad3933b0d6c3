/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/date.h"
#include "engine/match.h"
#include "lib/tap.h"
#include "unit/conf/files.h"

#define HEAD "listen = ( \"127.0.0.1:3128\" );\npolicy_dir = \"policy\";\n"

static struct conf *load(const char *text, int64_t now)
{
	char err[CONF_ERR_BYTES];
	struct conf *c = NULL;

	if (files_load(text, now, &c, err) < 0)
		tap_note("%s", err);
	return c;
}

/* ---- dates ---- */

static void test_dates(void)
{
	static const struct {
		const char *name, *in;
		int want;
		int32_t days;
	} row[] = {
		{ "first", "1970-01-01", 0, 0 },
		{ "day before", "1969-12-31", 0, -1 },
		{ "leap day", "2024-02-29", 0, 19782 },
		{ "after leap day", "2024-03-01", 0, 19783 },
		{ "today", "2026-11-23", 0, 20780 },
		{ "2000 was a leap year", "2000-03-01", 0, 11017 },
		{ "year 1", "0001-01-01", 0, -719162 },
		{ "last", "9999-12-31", 0, 2932896 },
		{ "1900 was no leap year", "1900-02-29", -EINVAL, 0 },
		{ "no leap year", "2026-02-29", -EINVAL, 0 },
		{ "day 31", "2026-11-31", -EINVAL, 0 },
		{ "day 0", "2026-11-00", -EINVAL, 0 },
		{ "month 13", "2026-13-01", -EINVAL, 0 },
		{ "month 0", "2026-00-01", -EINVAL, 0 },
		{ "year 0", "0000-01-01", -EINVAL, 0 },
		{ "slashes", "2026/11/23", -EINVAL, 0 },
		{ "sign", "2026-+1-23", -EINVAL, 0 },
		{ "short", "2026-1-23", -EINVAL, 0 },
		{ "with time", "2026-11-23T00", -EINVAL, 0 },
		{ "empty", "", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int32_t days = 0;

		tap_int(date_days(span_str(row[i].in), &days), row[i].want,
		    "date: %s", row[i].name);
		if (row[i].want == 0)
			tap_int(days, row[i].days, "date: %s: days",
			    row[i].name);
	}
	tap_int(date_of(0), 0, "day of 0");
	tap_int(date_of(-1), -1, "day before 1970");
	tap_int(date_of(86399), 0, "last second of a day");
	tap_int(date_of(INT64_MAX), INT32_MAX, "far away");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		char text[DATE_TEXT_BYTES];

		if (row[i].want < 0 || row[i].days < 0 || row[i].days > 1000000)
			continue;
		date_text(row[i].days, text);
		tap_span(span_str(text), span_str(row[i].in), "date: %s: and back",
		    row[i].name);
	}
}

/* ---- bundles ---- */

static void test_bundle(void)
{
	struct bundle *b = bundle_new(), *again = NULL;
	struct buf flat;
	struct span text;
	unsigned bad = 0;

	tap_int(bundle_add(b, "a", SPAN("one")), 0, "bundle: add");
	tap_int(bundle_add(b, "b", SPAN("")), 0, "bundle: add an empty one");
	tap_int(bundle_add(b, "a", SPAN("x")), -EEXIST, "bundle: add twice");
	buf_init(&flat, 1 << 20);
	tap_int(bundle_pack(b, &flat), 0, "bundle: pack");
	tap_int(bundle_unpack(buf_span(&flat), &again), 0, "bundle: unpack");
	tap_int((long long)bundle_count(again), 2, "bundle: two files");
	tap_int(bundle_find(again, "a", &text), 0, "bundle: find");
	tap_span(text, SPAN("one"), "bundle: text");
	tap_int(text.p[text.n], 0, "bundle: NUL behind the text");
	tap_int(bundle_find(again, "c", &text), -ENOENT, "bundle: no file");
	bundle_free(again);
	for (size_t n = 0; n < buf_len(&flat); n++) {
		int r = bundle_unpack(span_of(buf_span(&flat).p, n), &again);

		if (r == 0) /* a cut between two files is one file less */
			bundle_free(again);
		else if (r != -EBADMSG)
			bad++;
	}
	tap_int(bad, 0, "bundle: every cut is refused or whole");
	flat.mem[flat.head + 17] = 127; /* length of the first name */
	tap_int(bundle_unpack(buf_span(&flat), &again), -EBADMSG,
	    "bundle: length too large");
	tap_int(bundle_read(b, "/"), -EISDIR, "bundle: a folder is no file");
	tap_int(bundle_read(b, "/nothing-here"), -ENOENT, "bundle: no file");
	buf_fini(&flat);
	bundle_free(b);
	bundle_free(NULL);
}

/* ---- clients and connect_to ---- */

static void test_client(void)
{
	static const struct {
		const char *addr;
		int level; /* 0: not allowed */
	} row[] = {
		{ "127.0.0.1", 2 },
		{ "10.9.9.9", 2 },
		{ "10.1.2.3", 4 },
		{ "10.1.2.4", 1 },
		{ "10.2.0.0", 2 },
		{ "11.0.0.1", 0 },
		{ "::1", 3 },
		{ "::2", 0 },
		{ "2001:db8:47::1", 4 },
		{ "2001:db8:48::1", 0 },
		{ "::ffff:10.1.2.3", 4 },
		{ "::ffff:192.0.2.1", 3 },
		{ "192.0.2.1", 3 },
		{ "::ffff:11.0.0.1", 0 },
	};
	struct conf *c = load(HEAD
	    "clients = ( { net = \"127.0.0.0/8\"; }, { net = \"10.0.0.0/8\"; },"
	    "{ net = \"10.1.0.0/16\"; level = 4; },"
	    "{ net = \"10.1.2.4\"; level = 1; },"
	    "{ net = \"::1/128\"; level = 3; },"
	    "{ net = \"::ffff:192.0.2.0/120\"; level = 3; },"
	    "{ net = \"2001:db8:47::/48\"; level = 4; } );",
	    FILES_NOW);

	for (size_t i = 0; c != NULL && i < sizeof row / sizeof *row; i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		const struct conf_net *net;
		const struct sockaddr *sa = (const void *)&v6;

		if (inet_pton(AF_INET, row[i].addr, &v4.sin_addr) == 1)
			sa = (const void *)&v4;
		else
			inet_pton(AF_INET6, row[i].addr, &v6.sin6_addr);
		net = conf_client(c, sa);
		tap_int(net != NULL ? net->level : 0, row[i].level,
		    "client %s", row[i].addr);
	}
	tap_ok(c != NULL && conf_client(c,
	    &(const struct sockaddr){ .sa_family = AF_UNIX }) == NULL,
	    "client of another family");
	conf_unref(c);
}

static void test_connect(void)
{
	static const struct {
		const char *host;
		unsigned port;
		const char *to;
	} row[] = {
		{ "meet.example", 443, "127.0.0.1:1" },
		{ "MEET.Example", 443, "127.0.0.1:1" },
		{ "meet.example", 80, NULL },
		{ "a.meet.example", 443, "127.0.0.1:2" },
		{ "a.b.meet.example", 80, "127.0.0.1:2" },
		{ "other.example", 443, NULL },
		{ "", 443, NULL },
	};
	struct conf *c = load(HEAD "connect_to = ("
	    "{ host = \"meet.example\"; port = 443; to = \"127.0.0.1:1\"; },"
	    "{ host = \"*.meet.example\"; to = \"127.0.0.1:2\"; } );",
	    FILES_NOW);
	char large[300];

	for (size_t i = 0; c != NULL && i < sizeof row / sizeof *row; i++) {
		const char *to = conf_connect(c, span_str(row[i].host),
		    (uint16_t)row[i].port);

		tap_span(span_str(to), span_str(row[i].to),
		    "connect %s:%u", row[i].host, row[i].port);
	}
	memset(large, 'a', sizeof large);
	tap_ok(c != NULL &&
	    conf_connect(c, span_of(large, sizeof large), 443) == NULL,
	    "connect: a host that is too long");
	conf_unref(c);
}

/* ---- services ---- */

static void check_domains(const struct conf *c, const char *want)
{
	const char *d[32];
	struct buf got;
	unsigned n = conf_domains(c, d, 32);

	buf_init(&got, 1000);
	for (unsigned i = 0; i < n; i++)
		buf_addf(&got, "%s%s", i > 0 ? " " : "", d[i]);
	tap_span(buf_span(&got), span_str(want), "domains");
	buf_fini(&got);
}

static void test_domains(void)
{
	const char *d[1];
	struct conf *c = load(HEAD "services = ("
	    "{ id = \"example\"; mode = \"off\"; },"
	    "{ id = \"plain\"; mode = \"enforce\"; } );", FILES_NOW);

	/* what is off is left out, with the host that it shares with the
	 * include of both: its own line wins */
	check_domains(c, "plain.example stats.example");
	tap_int(conf_domains(c, d, 1), 1, "domains: no more than asked for");
	conf_unref(c);
	c = load(HEAD "services = ( { id = \"example\"; mode = \"enforce\"; } );",
	    FILES_NOW);
	check_domains(c, "eu01.cloud.example meet.example stats.example");
	conf_unref(c);
	c = load(HEAD, FILES_NOW);
	check_domains(c, "");
	conf_unref(c);
}

static void test_order(void)
{
	static const char *const id[] = { "plain", "example", "needy" };
	struct conf *c = load(HEAD "services = ("
	    "{ id = \"example\"; mode = \"off\"; },"
	    "{ id = \"plain\"; mode = \"enforce\"; } );", FILES_NOW);
	struct host_match m;

	tap_int(c->nservice, 3, "services: named or not");
	for (unsigned i = 0; i < 3; i++) {
		const struct service *s = ruleset_at(c->rules, i);

		tap_span(c->service[i].id, span_str(id[i]), "service %u", i);
		tap_span(s->id, span_str(id[i]), "service %u: pack", i);
		tap_int(s->index, i, "service %u: index", i);
		tap_int(s->refused,
		    i == 0 ? WHY_NO_AGREEMENT : WHY_SERVICE_OFF,
		    "service %u: refused", i);
		tap_ok(!s->inspect, "service %u: not opened", i);
	}
	tap_int(match_host(c->rules, SPAN("eu01.cloud.example"), &m), 0,
	    "a host of a service that is off is known");
	tap_int(match_host(c->rules, SPAN("needy.example"), &m), 0,
	    "a host of a pack without entry is known");
	conf_unref(c);
}

#define ONE_HOST(id, host)                                                     \
	"service = { id = \"" id "\"; name = \"X\"; version = 1; "             \
	"reviewed = \"2026-11-01\"; operator = { name = \"X\"; "               \
	"seat = \"DE\"; }; };\n"                                                \
	"hosts = ( ( \"" host "\", \"inspect\" ) );\n"
#define AGREED                                                                 \
	"agreement = { kind = \"avv\"; id = \"1\"; date = \"2026-01-01\"; "    \
	"rating = { source = \"x\"; date = \"2026-01-01\"; "                   \
	"light = \"green\"; }; instructions_unrestricted = true; "             \
	"own_purposes = \"none\"; max_case = 2; };"

/* Packs a and b name a host: whose is meet.example? */
static void check_one_host(const char *a, const char *b, const char *pack_b,
    const char *want, const char *name)
{
	struct bundle *bundle = bundle_new();
	struct host_match m = { .service = NULL };
	char text[2000], err[CONF_ERR_BYTES];
	struct conf *c = NULL;
	int r;

	snprintf(text, sizeof text,
	    "listen = ( \"127.0.0.1:3128\" );\npolicy_dir = \"policy\";\n"
	    "services = ( { id = \"a\"; %s }, { id = \"b\"; %s } );\n",
	    a, b);
	bundle_add(bundle, "sparsamd.conf", span_str(text));
	bundle_add(bundle, "policy/a.conf",
	    SPAN(ONE_HOST("a", "meet.example")));
	bundle_add(bundle, "policy/b.conf", span_str(pack_b));
	r = conf_load(bundle, "sparsamd.conf", FILES_NOW, &c, err);
	if (r == 0) {
		match_host(c->rules, SPAN("meet.example"), &m);
		tap_span(m.service != NULL ? m.service->id : SPAN("nobody"),
		    span_str(want), "%s", name);
	} else {
		tap_span(span_str(err), span_str(want), "%s", name);
	}
	conf_unref(c);
	bundle_free(bundle);
}

static void test_one_host(void)
{
	static const char on[] = "mode = \"enforce\"; " AGREED;
	static const char off[] = "mode = \"off\";";
	static const char none[] = "mode = \"enforce\";";

	static const char same[] = ONE_HOST("b", "meet.example");
	static const char wide[] = ONE_HOST("b", "*.example");

	check_one_host(on, off, same, "a", "one of two is on");
	check_one_host(off, on, same, "b", "the other one is on");
	check_one_host(none, on, same, "b", "the first one has no agreement");
	check_one_host(off, off, same, "a", "both are off: the first one");
	check_one_host(on, on, same,
	    "policy/b.conf:2: host \"meet.example\" stands in "
	    "policy/a.conf:2 already (service a)",
	    "both are on");
	check_one_host(on, on, wide, "a", "the more specific one");
	check_one_host(off, on, wide, "b", "but not of what is off");
	check_one_host(none, on, wide, "a", "one without an agreement is on");
	check_one_host(off, off, wide, "a", "both are off");
}

static void test_merge(void)
{
	struct conf *c = load(HEAD "services = ( { id = \"example\"; "
	    "mode = \"enforce\"; variables = { lang = \"x\"; }; } );",
	    FILES_NOW);
	const struct service *s = ruleset_at(c->rules, 0);
	struct host_match m;

	match_host(c->rules, SPAN("log1.meet.example"), &m);
	tap_int(m.line->verdict, VERDICT_DENY,
	    "a host of the pack wins over its include");
	tap_span(m.line->sink.text, SPAN("{\"tenant\":\"default\"}"),
	    "a variable of the pack wins, in a sink");
	tap_int(s->request.n, 3, "requests of the include follow");
	tap_int(s->response.n, 1, "responses of the include");
	tap_int(s->join.n, 1, "joins");
	tap_span(s->request.p[0].strip[0].treat.text, SPAN("Mozilla/5.0"),
	    "a variable of the include");
	tap_span(span_str(s->request.p[2].place.file),
	    SPAN("policy/common/part.conf"), "place of an included entry");
	tap_int(s->request.p[2].place.line, 5, "line of an included entry");
	tap_int(s->request.p[0].strip[1].place.line, 20, "line of a line");
	tap_span(s->operator_seat, SPAN("US"), "seat");
	tap_int(s->nrating, 1, "ratings");
	conf_unref(c);
}

/* A service that is off has its detect lines too. */
static void test_detect(void)
{
	static const char name[] = "good.pack-detect.conf";
	char *text = files_text(name);
	struct bundle *b = files_bundle(name, span_str(text));
	const struct detect_line *d;
	char err[CONF_ERR_BYTES];
	const struct service *s;
	struct conf *c = NULL;

	if (!tap_int(conf_load(b, "sparsamd.conf", FILES_NOW, &c, err), 0,
	    "detect: load"))
		return;
	s = ruleset_find(c->rules, SPAN("example"));
	tap_int(s->ndetect, 4, "detect: all lines");
	d = s->detect;
	tap_ok(d[0].shapes == (SHAPE_MAIL | SHAPE_UUID) && d[0].report &&
	    d[0].line.treat.act == ACT_KEEP, "detect: two shapes, reported");
	tap_ok(d[1].shapes == (SHAPE_IPV4 | SHAPE_IPV6) && !d[1].report &&
	    d[1].line.treat.act == ACT_DROP &&
	    d[1].line.category == CATEGORY_LOCATION, "detect: spaces between");
	tap_ok(d[2].shapes == SHAPE_PHONE && d[2].line.treat.act == ACT_SET &&
	    span_eq(d[2].line.treat.text, SPAN("+493000000")),
	    "detect: a variable");
	tap_ok(d[3].shapes == SHAPE_GEO && !d[3].report &&
	    d[3].line.treat.act == ACT_KEEP, "detect: kept");
	tap_ok(d[0].line.place.line == 6 && d[0].line.id < d[3].line.id &&
	    d[3].line.id < ruleset_ids(c->rules), "detect: place and number");
	conf_unref(c);
	bundle_free(b);
	free(text);
}

/* ---- paths, references, the disk ---- */

static void test_paths(void)
{
	struct conf *c = load(HEAD "ca = { dir = \"ca\"; };\n"
	    "tls = { trust = \"/etc/trust.pem\"; };\n", FILES_NOW);
	struct conf *same = conf_ref(c);

	tap_span(span_str(c->ca_dir), SPAN("ca"), "path beside a plain name");
	tap_span(span_str(c->tls_trust), SPAN("/etc/trust.pem"),
	    "absolute path");
	tap_int(c->idle_s, 60, "default of a number");
	tap_ok(c->allow_http && !c->allow_private, "defaults of flags");
	tap_int((long long)c->ca_pem.n, 0, "no CA yet");
	conf_unref(c);
	tap_span(span_str(same->ca_dir), SPAN("ca"), "second reference");
	conf_unref(same);
	conf_unref(NULL);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		fputs(text, f);
		fclose(f);
	}
}

static void test_gather(void)
{
	char dir[] = "/tmp/sparsam-conf-XXXXXX", err[CONF_ERR_BYTES];
	char want[CONF_ERR_BYTES];
	struct bundle *b = NULL;
	struct conf *c = NULL;
	int top = open("/", 0), r;

	if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("p", 0700) < 0 ||
	    mkdir("p/common", 0700) < 0 || mkdir("ca", 0700) < 0) {
		tap_ok(false, "a folder for the test");
		return;
	}
	write_file("s.conf", "listen = ( \"127.0.0.1:3128\" );\n"
	    "policy_dir = \"p\";\nca = { dir = \"ca\"; };\n"
	    "tls = { trust = \"t.pem\"; };\n");
	tap_int(conf_gather("s.conf", &b, err), -ENOENT, "no trust store");
	snprintf(want, sizeof want, "t.pem: cannot be read: %s",
	    strerror(ENOENT));
	tap_span(span_str(err), span_str(want), "no trust store: text");
	write_file("t.pem", "trusted");
	write_file("p/x.conf", "service = { id = \"x\"; name = \"X\"; "
	    "version = 1; reviewed = \"2026-01-01\"; operator = "
	    "{ name = \"X\"; seat = \"DE\"; }; };\n"
	    "include = ( \"common/c.conf\" );\n");
	write_file("p/common/c.conf", "hosts = ( );\n");
	write_file("p/.hidden.conf", "?");
	write_file("p/notes.txt", "?");
	write_file("ca/root.pem", "-----BEGIN CERTIFICATE-----\nQUJD\nREU=\n"
	    "-----END CERTIFICATE-----\n");
	snprintf(want, sizeof want, "%s/s.conf", dir);
	r = conf_gather(want, &b, err);
	if (!tap_int(r, 0, "gather"))
		tap_note("%s", err);
	tap_int((long long)bundle_count(b), 5, "gather: five files");
	r = conf_load(b, want, FILES_NOW, &c, err);
	if (!tap_int(r, 0, "gather: load"))
		tap_note("%s", err);
	tap_span(c->ca_der, SPAN("ABCDE"), "CA certificate as DER");
	tap_span(c->trust_pem, SPAN("trusted"), "trust store");
	tap_int(c->nservice, 1, "one pack");
	conf_unref(c);
	bundle_free(b);
	write_file("ca/root.pem", "nothing");
	tap_int(conf_gather("s.conf", &b, err), 0, "gather: odd CA");
	tap_int(conf_load(b, "s.conf", FILES_NOW, &c, err), -EINVAL, "odd CA");
	tap_span(span_str(err),
	    SPAN("ca/root.pem:1: expected a certificate in PEM form"),
	    "odd CA: text");
	bundle_free(b);
	tap_int(conf_gather("nothing.conf", &b, err), -ENOENT, "no file");
	unlink("ca/root.pem"), unlink("p/x.conf"), unlink("p/common/c.conf");
	unlink("p/.hidden.conf"), unlink("p/notes.txt"), unlink("t.pem");
	unlink("s.conf"), rmdir("p/common"), rmdir("p"), rmdir("ca");
	if (fchdir(top) == 0)
		rmdir(dir);
	close(top);
}

int main(void)
{
	test_dates();
	test_bundle();
	test_client();
	test_connect();
	test_domains();
	test_order();
	test_one_host();
	test_merge();
	test_detect();
	test_paths();
	test_gather();
	return tap_done();
}
