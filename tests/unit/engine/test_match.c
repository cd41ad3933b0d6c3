/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/match.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "engine/explain.h"
#include "engine/plan.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

static void test_globs(void)
{
	static const struct {
		const char *pattern, *text;
		bool want;
	} row[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "a", true },
		{ "a", "A", false },
		{ "*", "", true },
		{ "*", "anything/at?all", true },
		{ "a*", "a", true },
		{ "a*", "abc", true },
		{ "a*", "ba", false },
		{ "*a", "bca", true },
		{ "*a", "ab", false },
		{ "a*b*c", "abc", true },
		{ "a*b*c", "axxbyybzzc", true },
		{ "a*b*c", "acb", false },
		{ "**", "x", true },
		{ "a**b", "ab", true },
		{ "*ab", "aab", true },
		{ "*aab*", "aaaab", true },
		{ "/j/*", "/j/123", true },
		{ "/j/*", "/j", false },
		{ "?", "a", false },
		{ "[a]", "[a]", true },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		tap_ok(glob_match(span_str(row[i].pattern),
		           span_str(row[i].text)) == row[i].want,
		    "glob \"%s\" on \"%s\"", row[i].pattern, row[i].text);
	tap_ok(glob_match_nocase(SPAN("text/*"), SPAN("TEXT/Plain")),
	    "without case");
	tap_ok(!glob_match_nocase(SPAN("t\xe4*"), SPAN("t\xc4x")),
	    "case is ASCII only");
}

/* The worst case is pattern times text, not exponential. */
static void test_glob_bound(void)
{
	static char pattern[2001], text[20001];

	for (size_t i = 0; i < 1000; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memset(text, 'a', 20000);
	text[19999] = 'b';
	tap_ok(!glob_match(span_of(pattern, 2000), span_of(text, 20000)),
	    "a thousand stars end");
}

static const struct pack hosts_a = { .id = "a",
	.host = {
	    { "zoom.us", "inspect" },                /* 1 */
	    { "*.zoom.us", "inspect" },              /* 2 */
	    { "log*.zoom.us", "deny" },              /* 3 */
	    { "us*.cloud.zoom.us", "tunnel" },       /* 4 */
	    { "*-a.zoom.us", "inspect" },            /* 5 */
	    { "b-*.zoom.us", "inspect" },            /* 6: as long as 5 */
	    { "x*yyyyyyyyyyy.zz*.zoom.us", "deny" }, /* 7 */
	    { "*.log.zoom.us", "deny" },             /* 8 */
	    { "*.Example.COM", "inspect" },          /* 9 */
	} };

static const struct pack hosts_b = { .id = "b",
	.host = {
	    { "logger.zoom.us", "inspect" },    /* 1 */
	    { "localhost", "inspect" },         /* 2 */
	    { "cdn.*.example.net", "tunnel" },  /* 3 */
	    { "*.eu*.example.net", "inspect" }, /* 4 */
	} };

static void test_hosts(void)
{
	static const struct {
		const char *host, *file;
		unsigned line;
	} row[] = {
		{ "zoom.us", "a.conf", 1 },
		{ "ZOOM.US", "a.conf", 1 },
		{ "www.zoom.us", "a.conf", 2 },
		{ "a.b.c.zoom.us", "a.conf", 2 },
		{ "log.zoom.us", "a.conf", 3 },
		{ "log-external.zoom.us", "a.conf", 3 },
		{ "logger.zoom.us", "b.conf", 1 },
		{ "us04.cloud.zoom.us", "a.conf", 4 },
		{ "us.cloud.zoom.us", "a.conf", 4 },
		{ "a.us04.cloud.zoom.us", "a.conf", 2 },
		{ "eu04.cloud.zoom.us", "a.conf", 2 },
		{ "q-a.zoom.us", "a.conf", 5 },
		{ "b-q.zoom.us", "a.conf", 6 },
		{ "b-a.zoom.us", "a.conf", 5 },
		{ "x1yyyyyyyyyyy.zz1.zoom.us", "a.conf", 7 },
		{ "x1yyyyyyyyyyy.log.zoom.us", "a.conf", 8 },
		{ "a.b.log.zoom.us", "a.conf", 8 },
		{ "www.example.com", "a.conf", 9 },
		{ "example.com", NULL, 0 },
		{ "localhost", "b.conf", 2 },
		{ "a.localhost", NULL, 0 },
		{ "cdn.x.example.net", "b.conf", 3 },
		{ "cdn.eu1.example.net", "b.conf", 3 },
		{ "www.eu1.example.net", "b.conf", 4 },
		{ "a.b.eu1.example.net", "b.conf", 4 },
		{ "eu1.example.net", NULL, 0 },
		{ "cdn.example.net", NULL, 0 },
		{ "evilzoom.us", NULL, 0 },
		{ "zoom.us.evil.example", NULL, 0 },
		{ "us", NULL, 0 },
		{ "", NULL, 0 },
		{ ".zoom.us", NULL, 0 },
		{ "zoom.us.", NULL, 0 },
	};
	struct ruleset *r = ruleset_new();
	char err[PARSE_ERR_BYTES], big[300];
	struct host_match m;
	struct place at;
	int got;

	pack_add(r, &hosts_a, 0);
	pack_add(r, &hosts_b, 1);
	tap_int(ruleset_build(r, &at, err), 0, "two packs of hosts (%s)", err);
	for (size_t i = 0; i < COUNT(row); i++) {
		got = match_host(r, span_str(row[i].host), &m);
		if (row[i].file == NULL) {
			tap_int(got, -ENOENT, "no host \"%s\"", row[i].host);
			continue;
		}
		tap_ok(got == 0 && m.line->place.line == row[i].line &&
		           strcmp(m.line->place.file, row[i].file) == 0,
		    "host %s is %s:%u", row[i].host, row[i].file, row[i].line);
	}
	memset(big, 'a', sizeof big);
	tap_int(match_host(r, span_of(big, sizeof big), &m), -ENOENT,
	    "a host that is too long");
	tap_ok(ruleset_reached(r, 0) && !ruleset_reached(r, 999), "reached");
	ruleset_unref(r);
}

static const struct pack zoom = { .id = "zoom",
	.host = { { "zoom.us", "inspect" }, { "*.zoom.us", "inspect" } },
	.request = {
	    { .when = "* *.zoom.us/*", /* line 3 */
	      .strip = { { "header User-Agent", "set:x", "device" } } },
	    { .when = "POST *.zoom.us/rest/recording*", /* line 5 */
	      .deny = "recording", .sink = "page" },
	    { .when = "* */*", .query = "action=rec*", /* line 6 */
	      .deny = "recording" },
	    { .when = "* log.zoom.us/*", .deny = "telemetry", /* line 7 */
	      .sink = "sink:204" },
	    { .when = "GET *.zoom.us/secret/*", .deny = "security" }, /* 8 */
	    { .when = "POST zoom.us/api*", .content = "application/*json",
	      .strip = { { "json $.x", "drop", "device" } } }, /* 9, 10 */
	    { .when = "* */opaque", .pass_unread = true }, /* 11 */
	    { .when = "* */opaque", .query = "k", /* 12 */
	      .strip = { { "form y", "drop", "device" } } },
	},
	.response = { { .when = "* *.zoom.us/*", .content = "text/html",
	    .strip = { { "cookie _ga*", "drop", "telemetry" } } } },
	.join = { { .when = "GET */j/*", .need = "query pwd" } } };

static void test_requests(void)
{
	static const struct {
		const char *method, *host, *path, *query, *content;
		unsigned deny; /* line, or 0 */
		enum why why;
		unsigned first; /* line of the first line of the plan, or 0 */
	} row[] = {
		{ "GET", "www.zoom.us", "/", "", "", 0, 0, 4 },
		{ "GET", "zoom.us", "/", "", "", 0, 0, 0 },
		{ "POST", "www.zoom.us", "/rest/recording/start", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "GET", "www.zoom.us", "/rest/recording", "", "", 0, 0, 4 },
		{ "POST", "zoom.us", "/rest/recording", "", "", 0, 0, 0 },
		{ "POST", "www.zoom.us", "/rest%2Frecording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/rest%2frecordin%67", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/rest%252Frecording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/x/../rest/recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/x/%2e%2E/rest/./recording", "", "",
		    5, WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/x/..;/rest;a=b/recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "//rest///recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/rest\\recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/REST/Recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/../../rest/recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "POST", "www.zoom.us", "/rest%zz/recording", "", "", 0, 0,
		    4 },
		{ "POST", "www.zoom.us", "/%2525252525252572est/recording", "",
		    "", 5, WHY_DENIED, 0 },
		{ "POST", "www.zoom.us", "/rest/recording", "", "", 5,
		    WHY_RECORDING, 0 },
		{ "GET", "zoom.us", "/a", "action=record", "", 6, WHY_RECORDING,
		    0 },
		{ "GET", "zoom.us", "/a", "b=1&acti%6fn=%72ecord", "", 6,
		    WHY_RECORDING, 0 },
		{ "GET", "zoom.us", "/a", "action=list", "", 0, 0, 0 },
		{ "GET", "zoom.us", "/a", "xaction=rec", "", 0, 0, 0 },
		{ "GET", "log.zoom.us", "/a", "", "", 7, WHY_TELEMETRY, 0 },
		{ "GET", "a.zoom.us", "/secret/x", "", "", 8, WHY_DENIED, 0 },
		{ "GET", "a.zoom.us", "/secret/", "", "", 8, WHY_DENIED, 0 },
		{ "GET", "a.zoom.us", "/b/%2e%2e/secret/x", "", "", 8,
		    WHY_DENIED, 0 },
		{ "POST", "zoom.us", "/api", "", "application/json", 0, 0, 10 },
		{ "POST", "zoom.us", "/api", "", "Application/Problem+JSON", 0,
		    0, 10 },
		{ "POST", "zoom.us", "/%61pi", "", "application/json", 0, 0,
		    10 },
		{ "POST", "zoom.us", "/api", "", "text/plain", 0, 0, 0 },
		{ "POST", "zoom.us", "/api", "", "", 0, 0, 0 },
		{ "GET", "zoom.us", "/opaque", "k", "", 0, 0, 13 },
		{ "GET", "zoom.us", "/j/123", "pwd=abc", "", 0, 0, 0 },
		{ "GET", "zoom.us", "/j/123", "p%77d=abc", "", 0, 0, 0 },
		{ "GET", "zoom.us", "/j/123", "", "", 16, WHY_NO_PASSCODE, 0 },
		{ "GET", "zoom.us", "/j/123", "pwd", "", 16, WHY_NO_PASSCODE,
		    0 },
		{ "GET", "zoom.us", "/j/123", "pwd=", "", 16, WHY_NO_PASSCODE,
		    0 },
		{ "GET", "zoom.us", "/j/123", "pwd=&pwd=x", "", 16,
		    WHY_NO_PASSCODE, 0 },
		{ "GET", "zoom.us", "/j/123", "xpwd=1", "", 16, WHY_NO_PASSCODE,
		    0 },
		{ "GET", "zoom.us", "/%6a/123", "", "", 16, WHY_NO_PASSCODE,
		    0 },
		{ "HEAD", "zoom.us", "/j/123", "", "", 0, 0, 0 },
		{ "OPTIONS", "a.zoom.us", "*", "", "", 0, 0, 0 },
	};
	struct ruleset *r = pack_build(&zoom);
	const struct service *s = ruleset_at(r, 0);
	struct request_match m;

	for (size_t i = 0; i < COUNT(row); i++) {
		struct subject q = { span_str(row[i].method),
			span_str(row[i].host), span_str(row[i].path),
			span_str(row[i].query), span_str(row[i].content) };
		int got = match_request(r, s, &q, &m);
		const struct line *first = plan_line(m.plan, 0);

		tap_ok(
		    got == 0 &&
		        (m.deny != NULL ? m.deny->place.line : 0) ==
		            row[i].deny &&
		        (m.deny == NULL || m.why == row[i].why) &&
		        (first != NULL ? first->place.line : 0) == row[i].first,
		    "%s %s%s?%s %s: deny %u plan %u", row[i].method,
		    row[i].host, row[i].path, row[i].query, row[i].content,
		    row[i].deny, row[i].first);
	}
	tap_int(s->join.p[0].sink.kind, SINK_PAGE, "a join entry has a page");
	ruleset_unref(r);
}

static void test_long_path(void)
{
	static char path[6000];
	struct ruleset *r = pack_build(&zoom);
	const struct service *s = ruleset_at(r, 0);
	struct subject q = { SPAN("GET"), SPAN("a.zoom.us"), { path, 6000 },
		SPAN_NONE, SPAN_NONE };
	struct request_match m;

	memset(path, 'a', sizeof path);
	path[0] = '/';
	tap_ok(match_request(r, s, &q, &m) == 0 && m.deny == NULL &&
	           m.plan != NULL,
	    "a long plain path is allowed");
	path[5000] = '%';
	tap_ok(match_request(r, s, &q, &m) == 0 && m.deny != NULL &&
	           m.why == WHY_DENIED,
	    "a long coded path is refused");
	ruleset_unref(r);
}

static void test_plans(void)
{
	struct ruleset *r = pack_build(&zoom);
	const struct service *s = ruleset_at(r, 0);
	struct subject q = { SPAN("GET"), SPAN("a.zoom.us"), SPAN("/"),
		SPAN_NONE, SPAN_NONE };
	struct request_match m, again;
	const struct plan *p;

	tap_int(match_request(r, s, &q, &m), 0, "a plan");
	tap_int(match_request(r, s, &q, &again), 0, "the plan once more");
	tap_ok(m.plan == again.plan && m.plan != NULL, "is the same");
	q.path = SPAN("/opaque");
	q.query = SPAN("k");
	match_request(r, s, &q, &again);
	tap_ok(m.plan != again.plan, "other entries, other plan");
	tap_ok(plan_pass_unread(again.plan) && !plan_pass_unread(m.plan),
	    "unread = pass counts without lines");
	tap_int(match_response(r, s, &q, &p), 0, "an answer");
	tap_ok(p == NULL, "of no media type");
	q.content = SPAN("text/html");
	match_response(r, s, &q, &p);
	tap_ok(plan_has(p, CARRIER_COOKIE) && !plan_has(p, CARRIER_JSON) &&
	           !plan_has(NULL, CARRIER_COOKIE),
	    "of the type that was asked for");
	tap_ok(plan_name(p, CARRIER_COOKIE, SPAN("_gat")) != NULL &&
	           plan_name(p, CARRIER_COOKIE, SPAN("_Gat")) == NULL &&
	           plan_name(p, CARRIER_HEADER, SPAN("_gat")) == NULL,
	    "its names");
	ruleset_unref(r);
}

static void test_coverage(void)
{
	struct ruleset *r = pack_build(&zoom), *held = ruleset_ref(r);
	struct subject q = { SPAN("GET"), SPAN("a.zoom.us"), SPAN("/secret/"),
		SPAN_NONE, SPAN_NONE };
	const struct service *s = ruleset_find(r, SPAN("zoom"));
	struct request_match m;
	struct host_match h;
	uint32_t n = 0;

	tap_ok(s != NULL && ruleset_find(r, SPAN("zoo")) == NULL &&
	           ruleset_count(r) == 1,
	    "found by id");
	tap_int(ruleset_ids(r), 2 + 8 + 1 + 1 + 4, "an id for each line");
	match_host(r, q.host, &h);
	match_request(r, s, &q, &m);
	for (uint32_t i = 0; i < ruleset_ids(r); i++)
		n += ruleset_reached(r, i);
	tap_ok(n == 2 && ruleset_reached(r, h.line->id) &&
	           ruleset_reached(r, m.deny->id),
	    "host line and deny are reached");
	ruleset_reach(r, 3);
	ruleset_reach(r, 3000);
	tap_ok(ruleset_reached(r, 3) && !ruleset_reached(r, 3000), "marked");
	ruleset_unref(r);
	tap_int((long long)ruleset_count(held), 1, "held by a second user");
	ruleset_unref(held);
	ruleset_unref(NULL);
}

static void test_explain(void)
{
	static const struct {
		const char *host, *path, *query, *want;
	} row[] = {
		{ "nowhere.example", "/", "",
		    "host     nowhere.example    deny\n"
		    "request  refused\n"
		    "why      no policy names this host\n" },
		{ "a.zoom.us", "/", "",
		    "host     *.zoom.us          inspect             "
		    "             zoom.conf:2\n"
		    "service  zoom               zoom\n"
		    "request  allowed\n"
		    "entry    * *.zoom.us/*                          "
		    "             zoom.conf:3\n"
		    "header   User-Agent         set:x               device"
		    "       zoom.conf:4\n" },
		{ "zoom.us", "/j/1", "",
		    "host     zoom.us            inspect             "
		    "             zoom.conf:1\n"
		    "service  zoom               zoom\n"
		    "request  denied\n"
		    "why      the meeting has no access code\n"
		    "rule     GET */j/*                              "
		    "             zoom.conf:16\n" },
	};
	struct ruleset *r = pack_build(&zoom);
	struct buf out;

	buf_init(&out, 65536);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct subject q = { SPAN("GET"), span_str(row[i].host),
			span_str(row[i].path), span_str(row[i].query),
			SPAN_NONE };

		buf_reset(&out);
		tap_int(explain_request(r, &q, &out), 0, "explain %s%s",
		    row[i].host, row[i].path);
		tap_span(buf_span(&out), span_str(row[i].want), "its text");
	}
	buf_fini(&out);
	ruleset_unref(r);
}

int main(void)
{
	test_globs();
	test_glob_bound();
	test_hosts();
	test_requests();
	test_long_path();
	test_plans();
	test_coverage();
	test_explain();
	return tap_done();
}
