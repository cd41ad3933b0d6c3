/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/ruleset.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "engine/match.h"
#include "engine/plan.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

/* Lines that follow each other in the one request entry of a pack: what
 * ruleset_build says, and of which line (the entry is line 1). */
static const struct {
	const char *name;
	struct pack_line strip[PACK_LINES];
	unsigned line; /* 0: accepted */
	const char *want;
} line_row[] = {
	{ "an allow-list",
	    { { "header Accept", "keep", NULL },
	        { "header *", "drop", "device" } },
	    0, "" },
	{ "the same twice",
	    { { "header Accept", "keep", NULL },
	        { "header X", "drop", "device" },
	        { "header Accept", "drop", "device" } },
	    4, "never reached: line 2 of the same table decides first" },
	{ "a header has no case",
	    { { "header Accept", "keep", NULL },
	        { "header accept", "drop", "device" } },
	    3, "never reached: line 2 of the same table decides first" },
	{ "a cookie has",
	    { { "cookie A", "keep", NULL }, { "cookie a", "drop", "device" } },
	    0, "" },
	{ "other carriers",
	    { { "query a", "keep", NULL }, { "form a", "drop", "device" } }, 0,
	    "" },
	{ "inside a header case counts",
	    { { "header A > json $.x", "keep", NULL },
	        { "header a > json $.X", "drop", "device" } },
	    0, "" },
	{ "a value, then its inside",
	    { { "json $.a", "drop", "device" },
	        { "json $.a > base64 > json $.b", "drop", "device" } },
	    3, "never reached: line 2" },
	{ "its inside, then the value",
	    { { "json $.a > base64 > json $.b", "drop", "device" },
	        { "json $.a", "drop", "device" } },
	    3, "never reached: line 2" },
	{ "two values inside",
	    { { "json $.a > base64 > json $.b", "drop", "device" },
	        { "json $.a > base64 > json $.c", "drop", "device" } },
	    0, "" },
	{ "the same value inside",
	    { { "json $.a > base64 > json $.b", "drop", "device" },
	        { "json $.a > base64 > json $.b", "keep", NULL } },
	    3, "never reached: line 2" },
	{ "unwrapped in two ways",
	    { { "json $.a > base64 > json $.b", "drop", "device" },
	        { "json $.a > percent > json $.c", "drop", "device" } },
	    3, "never reached: line 2" },
	{ "whole after inside",
	    { { "query a > base64 > json $.b", "drop", "device" },
	        { "query a > base64", "mask", "device" } },
	    3, "never reached: line 2" },
	{ "inside after whole",
	    { { "query a > base64", "mask", "device" },
	        { "query a > base64 > json $.b", "drop", "device" } },
	    3, "never reached: line 2" },
	{ "a drop without a category", { { "header A", "drop", NULL } }, 2,
	    "a line with drop needs a category: participant device "
	    "time location telemetry recording security" },
	{ "a set without a category", { { "header A", "set:x", NULL } }, 2,
	    "a line with set needs a category" },
	{ "a keep with one", { { "header A", "keep", "device" } }, 0, "" },
	{ "SDP, also inside",
	    { { "sdp candidate:host", "drop", "location" },
	        { "json $.sdp > sdp candidate:host", "drop", "location" } },
	    0, "" },
	{ "all that stands in bodies",
	    { { "multipart a", "drop", "device" },
	        { "xml //a/@b", "drop", "device" },
	        { "proto 3.1", "drop", "device" },
	        { "text a*", "drop", "device" },
	        { "form x > gzip > multipart a", "drop", "device" },
	        { "form y > base64 > deflate > xml /a", "drop", "device" },
	        { "form z > proto *", "drop", "device" },
	        { "form u > query token", "drop", "device" },
	        { "form v > text a", "drop", "device" } },
	    0, "" },
	{ "a header inside a value",
	    { { "json $.a > header B", "drop", "device" } }, 2,
	    "carrier header cannot stand inside another value: "
	    "expected query form multipart json xml sdp proto or text after "
	    "\">\"" },
	{ "pseudonym", { { "json $.a", "pseudonym", "participant" } }, 0, "" },
	{ "restore", { { "json $.a", "restore", "participant" } }, 2,
	    "restore undoes what pseudonym did to a request: it belongs "
	    "into response" },
	{ "a token is read",
	    { { "query t > jwt > json $.mail", "drop", "participant" },
	        { "query u > jwt", "drop", "participant" },
	        { "query v > jwt > json $.iss", "keep", NULL } },
	    0, "" },
	{ "a token is not edited",
	    { { "query t > jwt > json $.mail", "set:x", "participant" } }, 2,
	    "a signed token cannot be changed: expected keep or drop behind "
	    "jwt" },
	{ "nor deep inside",
	    { { "query t > jwt > json $.a > base64 > json $.mail", "mask",
	        "participant" } },
	    2, "a signed token cannot be changed" },
	{ "too many states",
	    { { "json $..a.*.*.*.*.*.*.*.*.*.*.*.*.*.*.b", "drop", "device" } },
	    1, "this table is too large: its paths need over 8192 states" },
	{ "too many states of XML",
	    { { "xml //a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/b", "drop", "device" } },
	    1, "this table is too large: its paths need over 8192 states" },
};

static void test_lines(void)
{
	for (size_t i = 0; i < COUNT(line_row); i++) {
		struct pack p = { .id = "p",
			.request = { { .when = "* */*" } } };
		struct ruleset *r = ruleset_new();
		char err[PARSE_ERR_BYTES];
		struct place at;
		int got;

		memcpy(p.request[0].strip, line_row[i].strip,
		    sizeof line_row[i].strip);
		pack_add(r, &p, 0);
		got = ruleset_build(r, &at, err);
		tap_int(got, line_row[i].line > 0 ? -EINVAL : 0, "%s",
		    line_row[i].name);
		if (!tap_ok(
		        span_starts(span_str(err), span_str(line_row[i].want)),
		        "\"%s\"", line_row[i].want))
			tap_note("got %s", err);
		if (line_row[i].line > 0)
			tap_int(at.line, line_row[i].line, "the line");
		ruleset_unref(r);
	}
}

static const struct {
	const char *name;
	struct pack pack;
	unsigned line;
	const char *want;
} block_row[] = {
	{ "a query line in an answer",
	    { .id = "a",
	        .response = { { .when = "* */*",
	            .strip = { { "query a", "drop", "device" } } } } },
	    2, "carrier query is not part of an answer" },
	{ "a denied answer",
	    { .id = "a",
	        .response = { { .when = "* */*", .deny = "device" } } },
	    1,
	    "an answer cannot be "
	    "denied: deny belongs into request" },
	{ "a need in a request",
	    { .id = "a",
	        .request = { { .when = "* */*", .need = "query a" } } },
	    1, "need belongs into join" },
	{ "a need in a form",
	    { .id = "a",
	        .join = { { .when = "* */*", .need = "form passWord" } } },
	    1,
	    "need \"form "
	    "passWord\": only \"query NAME\" can be checked before "
	    "a request is passed on" },
	{ "no need", { .id = "a", .join = { { .when = "* */*" } } }, 1,
	    "need \"\": only \"query NAME\"" },
	{ "a need without a name",
	    { .id = "a", .join = { { .when = "* */*", .need = "query " } } }, 1,
	    "need \"query \": only" },
	{ "a table in join",
	    { .id = "a",
	        .join = { { .when = "* */*",
	            .need = "query p",
	            .strip = { { "query a", "drop", "device" } } } } },
	    1, "a join entry has no strip table" },
	{ "what an answer undoes",
	    { .id = "a",
	        .response = { { .when = "* */*",
	            .strip = { { "json $.a", "restore", "participant" },
	                { "json $.b > query u", "drop", "participant" } } } } },
	    0, "" },
	{ "a meeting in a request",
	    { .id = "a",
	        .request = { { .when = "* */*",
	            .meeting = "query q > base64 > percent" } } },
	    0, "" },
	{ "a meeting inside another value",
	    { .id = "a",
	        .request = { { .when = "* */*",
	            .meeting = "query q > base64 > json $.mn" } } },
	    1,
	    "meeting: a chain may only unwrap the value, not look into it" },
	{ "a meeting in a body",
	    { .id = "a",
	        .request = { { .when = "* */*", .meeting = "json $.mn" } } },
	    1,
	    "meeting: expected a place in the head of a request "
	    "(header cookie query path), not in json" },
	{ "a meeting of an answer",
	    { .id = "a",
	        .response = { { .when = "* */*", .meeting = "query mn" } } },
	    1, "meeting belongs into request" },
	{ "a meeting where nothing can be",
	    { .id = "a",
	        .request = { { .when = "* */*",
	            .meeting = "query mn > path 2" } } },
	    1,
	    "meeting: a chain may only unwrap the value, not look into it" },
	{ "shapes",
	    { .id = "a",
	        .detect = { { SHAPE_MAIL, "pseudonym", "participant" },
	            { SHAPE_GEO, "keep", NULL } } },
	    0, "" },
	{ "a shape without a category",
	    { .id = "a", .detect = { { SHAPE_MAIL, "drop", NULL } } }, 1,
	    "a line with drop needs a category" },
	{ "a shape restored",
	    { .id = "a",
	        .detect = { { SHAPE_UUID, "drop", "device" },
	            { SHAPE_MAIL, "restore", "device" } } },
	    2, "restore belongs into response, not into detect" },
	{ "a host twice",
	    { .id = "a",
	        .host = { { "zoom.us", "inspect" }, { "*.zoom.us", "inspect" },
	            { "ZOOM.us", "deny" } } },
	    3,
	    "host \"zoom.us\" stands in a.conf:1 already (service "
	    "a)" },
	{ "a pattern twice",
	    { .id = "a",
	        .host = { { "*.zoom.us", "inspect" },
	            { "a*.zoom.us", "inspect" }, { "*.zoom.us", "deny" } } },
	    3, "host \"*.zoom.us\" stands in a.conf:1 already" },
	{ "every host",
	    { .id = "a",
	        .host = { { "a.us", "inspect" }, { "*", "inspect" } } },
	    2, "host \"*\" would take in everything" },
	{ "tables that do not clash on their own",
	    { .id = "a",
	        .request = { { .when = "GET */a",
	                         .strip = { { "header A", "keep", NULL } } },
	            { .when = "GET */b",
	                .strip = { { "header A", "drop", "device" } } } } },
	    0, "" },
};

static void test_blocks(void)
{
	for (size_t i = 0; i < COUNT(block_row); i++) {
		struct ruleset *r = ruleset_new();
		char err[PARSE_ERR_BYTES];
		struct place at;

		pack_add(r, &block_row[i].pack, 0);
		tap_int(ruleset_build(r, &at, err),
		    block_row[i].line > 0 ? -EINVAL : 0, "%s",
		    block_row[i].name);
		if (!tap_ok(
		        span_starts(span_str(err), span_str(block_row[i].want)),
		        "\"%s\"", block_row[i].want))
			tap_note("got %s", err);
		if (block_row[i].line > 0)
			tap_ok(at.line == block_row[i].line &&
			           strcmp(at.file, "a.conf") == 0,
			    "a.conf:%u", block_row[i].line);
		ruleset_unref(r);
	}
}

static void test_two_packs(void)
{
	static const struct pack a = { .id = "a",
		.host = { { "x.example", "inspect" } } };
	static const struct pack b = { .id = "b",
		.host = {
		    { "y.example", "inspect" }, { "x.example", "deny" } } };
	struct ruleset *r = ruleset_new();
	struct service same = { .id = SPAN("a"), .index = 7 };
	struct service taken = { .id = SPAN("c"), .index = 1 };
	char err[PARSE_ERR_BYTES];
	struct place at;

	pack_add(r, &a, 0);
	pack_add(r, &b, 1);
	tap_int(ruleset_add(r, &same), -EEXIST, "an id twice");
	tap_int(ruleset_add(r, &taken), -EEXIST, "an index twice");
	tap_int(ruleset_build(r, &at, err), -EINVAL, "a host in two packs");
	tap_span(span_str(err),
	    SPAN("host \"x.example\" stands in a.conf:1 "
	         "already (service a)"),
	    "who else");
	tap_ok(strcmp(at.file, "b.conf") == 0 && at.line == 2, "and where");
	ruleset_unref(r);
}

static void test_limits(void)
{
	struct ruleset *r = ruleset_new();
	struct service s = { .id = SPAN("s") };
	static char id[RULE_SERVICES_MAX][4];
	char err[PARSE_ERR_BYTES];
	struct host_match m;
	struct place at;

	tap_int(match_host(r, SPAN("a.example"), &m), -ENOENT,
	    "before the build nothing is known");
	for (unsigned i = 0; i < RULE_SERVICES_MAX; i++) {
		snprintf(id[i], sizeof id[i], "s%u", i % 100);
		s.id = span_str(id[i]);
		s.index = i;
		if (ruleset_add(r, &s) != 0)
			tap_ok(false, "service %u", i);
	}
	s.id = SPAN("more");
	s.index = RULE_SERVICES_MAX;
	tap_int(ruleset_add(r, &s), -ENOBUFS, "too many services");
	tap_int(ruleset_build(r, &at, err), 0, "packs without anything");
	tap_int(
	    match_host(r, SPAN("a.example"), &m), -ENOENT, "they name no host");
	tap_int((long long)ruleset_count(r), RULE_SERVICES_MAX, "all there");
	tap_ok(ruleset_at(r, RULE_SERVICES_MAX) == NULL, "and no more");
	ruleset_unref(r);
}

int main(void)
{
	test_lines();
	test_blocks();
	test_two_packs();
	test_limits();
	return tap_done();
}
