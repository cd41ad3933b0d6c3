/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parse.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "lib/tap.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

static struct arena *arena;
static char err[PARSE_ERR_BYTES];

/* want: the canonical text, or the beginning of the error after "!". */
static void check(int got, const char *in, const char *want, struct buf *out)
{
	if (want[0] == '!') {
		tap_int(got, -EINVAL, "\"%s\" is refused", in);
		if (!tap_ok(span_starts(span_str(err), span_str(want + 1)),
		        "with \"%s\"", want + 1))
			tap_note("got %s", err);
		return;
	}
	if (!tap_int(got, 0, "\"%s\" is read", in))
		tap_note("%s", err);
	else
		tap_span(buf_span(out), span_str(want), "as \"%s\"", want);
}

#define CARRIERS                                                               \
	"header cookie query path form multipart json xml sdp proto text"
#define STEPS "base64 base64url percent gzip deflate jwt"

static const struct {
	const char *in, *want;
} where_row[] = {
	{ "header User-Agent", "header User-Agent" },
	{ "  header   User-Agent  ", "header User-Agent" },
	{ "header *", "header *" },
	{ "header Sec-CH-*", "header Sec-CH-*" },
	{ "cookie _ga*", "cookie _ga*" },
	{ "query uname", "query uname" },
	{ "query a[b]", "query a[b]" },
	{ "form \xc3\xbc", "form \xc3\xbc" },
	{ "path 3", "path 3" },
	{ "path after:user", "path after:user" },
	{ "json $", "json $" },
	{ "json $..email", "json $..email" },
	{ "json $['a > b'].c", "json $['a > b'].c" },
	{ "json $[\"a'>\"] > percent", "json $[\"a'>\"] > percent" },
	{ "json $.blob > base64 > json $.name",
	    "json $.blob > base64 > json $.name" },
	{ "json $.blob>base64>json $.name",
	    "json $.blob > base64 > json $.name" },
	{ "query dn2 > base64url", "query dn2 > base64url" },
	{ "json $.logConfig > json $.enable",
	    "json $.logConfig > json $.enable" },
	{ "query q > percent > base64 > percent > json $.a > base64",
	    "query q > percent > base64 > percent > json $.a > "
	    "base64" },
	{ "sdp candidate:host", "sdp candidate:host" },
	{ "sdp a=ssrc cname", "sdp a=ssrc cname" },
	{ "multipart file", "multipart file" },
	{ "xml /a/b", "xml /a/b" },
	{ "proto 3.1", "proto 3.1" },
	{ "host x", "!unknown carrier \"host\"" },
	{ "", "!\"\": expected CARRIER NAME, or a chain of them" },
	{ "   ", "!\"   \": expected CARRIER NAME" },
	{ "hedder X",
	    "!unknown carrier \"hedder\": expected one of " CARRIERS },
	{ "Header X", "!unknown carrier \"Header\"" },
	{ "header", "!header \"\": expected a name" },
	{ "header A B", "!header \"A B\": expected a name" },
	{ "header A:", "!header \"A:\": expected a name" },
	{ "cookie a;b", "!cookie \"a;b\": expected a name" },
	{ "query", "!query \"\": expected the name of a parameter" },
	{ "form a b", "!form \"a b\": expected the name" },
	{ "form a\tb", "!a control character stands in the name" },
	{ "path 0", "!path \"0\": expected the number of a segment (1 "
	            "to 64) or after:SEGMENT" },
	{ "path 65", "!path \"65\"" },
	{ "path 03", "!path \"03\"" },
	{ "path after:", "!path \"after:\"" },
	{ "path after:a*", "!path \"after:a*\": expected the number" },
	{ "path after:a/b", "!path \"after:a/b\"" },
	{ "xml //b", "xml //b" },
	{ "xml /a/*/x:b-c.d", "xml /a/*/x:b-c.d" },
	{ "xml /a//b/@id", "xml /a//b/@id" },
	{ "xml //@*", "xml //@*" },
	{ "xml /a/text()", "xml /a/text()" },
	{ "xml //text()", "xml //text()" },
	{ "xml", "!XML path \"\": it is missing; a path is made of /name" },
	{ "xml a/b", "!XML path \"a/b\": it must start with \"/\"" },
	{ "xml /", "!XML path \"/\": a name is missing" },
	{ "xml /a/", "!XML path \"/a/\": a name is missing" },
	{ "xml ///a", "!XML path \"///a\": a name is missing" },
	{ "xml /a b", "!XML path \"/a b\": a name is missing or has" },
	{ "xml /a*", "!XML path \"/a*\": a name is missing or has" },
	{ "xml /1a", "!XML path \"/1a\": a name is missing or has" },
	{ "xml /a[1]", "!XML path \"/a[1]\": a name is missing or has" },
	{ "xml /@", "!XML path \"/@\": a name is missing" },
	{ "xml /@a/b", "!XML path \"/@a/b\": nothing is below" },
	{ "xml /text()/b", "!XML path \"/text()/b\": nothing is below" },
	{ "xml /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
	    "xml /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a" },
	{ "xml /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
	    "!XML path \"/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a\": over 16 "
	    "parts" },
	{ "proto *", "proto *" },
	{ "proto **.4", "proto **.4" },
	{ "proto 3.**.*", "proto 3.**.*" },
	{ "proto 536870911", "proto 536870911" },
	{ "proto", "!protobuf path \"\": a field number is missing" },
	{ "proto 0", "!protobuf path \"0\": this is no field number; a path "
	             "is made of field numbers" },
	{ "proto 01", "!protobuf path \"01\": this is no field number" },
	{ "proto 536870912", "!protobuf path \"536870912\": this is no" },
	{ "proto 1.", "!protobuf path \"1.\": a field number is missing" },
	{ "proto .1", "!protobuf path \".1\": this is no field number" },
	{ "proto 1..2", "!protobuf path \"1..2\": this is no field" },
	{ "proto **", "!protobuf path \"**\": this is no field number" },
	{ "proto **.**.1", "!protobuf path \"**.**.1\": this is no" },
	{ "proto a", "!protobuf path \"a\": this is no field number" },
	{ "text From: *", "text From: *" },
	{ "text a={*};b={%}", "text a=*;b=*" },
	{ "text {*}*", "!text \"{*}*\": something must stand between a mark and" },
	{ "text *{%}", "!text \"*{%}\": something must stand between a mark" },
	{ "text a{b}*", "text a{b}*" },
	{ "text", "!text: a name is missing (* for all)" },
	{ "sdp", "!sdp: a name is missing (* for all)" },
	{ "json", "!JSON path \"\": it must start with \"$\"" },
	{ "json a.b", "!JSON path \"a.b\": it must start with \"$\"; "
	              "a path is \"$\" followed by .name, ['any "
	              "key'], .*, [*], [n], ..name or ..*" },
	{ "json $.", "!JSON path \"$.\": a name is missing" },
	{ "json $..", "!JSON path \"$..\": a name is missing" },
	{ "json $...a", "!JSON path \"$...a\": a name is missing" },
	{ "json $a", "!JSON path \"$a\": a segment starts with" },
	{ "json $.a b", "!JSON path \"$.a b\": a segment starts" },
	{ "json $[", "!JSON path \"$[\": the closing bracket" },
	{ "json $[-1]", "!JSON path \"$[-1]\": between brackets" },
	{ "json $[01]", "!JSON path \"$[01]\": between brackets" },
	{ "json $[1000000]", "!JSON path \"$[1000000]\": between" },
	{ "json $[1:2]", "!JSON path \"$[1:2]\": the closing" },
	{ "json $[?(@.a)]", "!JSON path \"$[?(@.a)]\": between" },
	{ "json $['a','b']", "!JSON path \"$['a','b']\": the closing" },
	{ "json $['a", "!JSON path \"$['a\": the closing quote" },
	{ "json $['a']]", "!JSON path \"$['a']]\": a segment starts" },
	{ "json $['\\n']", "!JSON path \"$['\\n']\": after \\ only" },
	{ "base64 > json $.a", "!a chain starts with a carrier and a "
	                       "name, not with the step \"base64\"" },
	{ "json $.a >", "!\"json $.a >\": expected CARRIER NAME" },
	{ "json $.a > > json $.b", "!\"json $.a > > json $.b\"" },
	{ "> json $.a", "!\"> json $.a\": expected CARRIER NAME" },
	{ "json $.a > base64 x", "!the step \"base64\" takes no name" },
	{ "json $.a > rot13",
	    "!unknown carrier or step \"rot13\": expected a carrier (" CARRIERS
	    ") or a step (" STEPS ")" },
	{ "json $.a > gzip > json $.b", "json $.a > gzip > json $.b" },
	{ "header A > jwt", "header A > jwt" },
	{ "json $.a > json", "!JSON path \"\": it must start with" },
	{ "json $.a > json $.b > json $.c > json $.d > json $.e",
	    "!over 4 carriers in one chain" },
	{ "json $.a > percent > percent > percent > percent > percent",
	    "!over 4 steps in a row" },
};

static void test_where(void)
{
	struct where w;
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(where_row); i++) {
		int r = parse_where(span_str(where_row[i].in), arena, &w, err);

		buf_reset(&out);
		if (r == 0)
			where_print(&w, &out);
		check(r, where_row[i].in, where_row[i].want, &out);
	}
	buf_fini(&out);
}

static void test_where_model(void)
{
	struct where w;

	parse_where(SPAN("query dn2 > base64url"), arena, &w, err);
	tap_ok(w.carrier == CARRIER_QUERY && w.nsteps == 0 && w.next != NULL &&
	           w.next->carrier == CARRIER_COUNT && w.next->nsteps == 1 &&
	           w.next->step[0] == STEP_BASE64URL && w.next->next == NULL,
	    "a chain that ends in a step");
	parse_where(SPAN("json $.a > base64 > json $.b"), arena, &w, err);
	tap_ok(w.carrier == CARRIER_JSON && w.next->carrier == CARRIER_JSON &&
	           w.next->nsteps == 1 && span_eq(w.next->name, SPAN("$.b")) &&
	           w.next->next == NULL,
	    "a chain that ends in a carrier");
}

static void test_where_arena(void)
{
	struct arena *small = arena_new(16);
	struct where w;

	tap_int(parse_where(SPAN("json $.a > base64"), small, &w, err),
	    -ENOBUFS, "a full arena");
	arena_free(small);
}

static void test_treatment(void)
{
	static const struct {
		const char *in, *want;
	} row[] = {
		{ "keep", "keep" },
		{ "drop", "drop" },
		{ "set:", "set:" },
		{ "set:a b:c", "set:a b:c" },
		{ "alias", "alias" },
		{ "alias:Gast", "alias:Gast" },
		{ "pseudonym", "pseudonym" },
		{ "mask", "mask" },
		{ "restore", "restore" },
		{ "coarsen:1s", "coarsen:1s" },
		{ "coarsen:15m", "coarsen:15m" },
		{ "coarsen:90s", "coarsen:90s" },
		{ "coarsen:60m", "coarsen:1h" },
		{ "coarsen:24h", "coarsen:1d" },
		{ "coarsen:366d", "coarsen:366d" },
		{ "round:0", "round:0" },
		{ "round:6", "round:6" },
		{ "", "!unknown treatment \"\": expected one of keep drop set "
		      "alias pseudonym coarsen round mask restore" },
		{ "Drop", "!unknown treatment \"Drop\"" },
		{ "remove", "!unknown treatment \"remove\": expected one of" },
		{ "set", "!set needs a value: set:VALUE" },
		{ "set:a\r\nb", "!set: a control character stands" },
		{ "alias:", "!alias: the word after the colon is missing" },
		{ "alias:a\nb", "!alias: a control character" },
		{ "drop:x", "!drop takes no argument" },
		{ "keep:", "!keep takes no argument" },
		{ "coarsen", "!coarsen \"\": expected a duration" },
		{ "coarsen:", "!coarsen \"\": expected a duration of 1s to "
		              "366d, as in coarsen:15m (s m h d)" },
		{ "coarsen:1", "!coarsen \"1\"" },
		{ "coarsen:h", "!coarsen \"h\"" },
		{ "coarsen:0h", "!coarsen \"0h\"" },
		{ "coarsen:-1h", "!coarsen \"-1h\"" },
		{ "coarsen:367d", "!coarsen \"367d\"" },
		{ "coarsen:99999999999999999999s", "!coarsen" },
		{ "coarsen:1w", "!coarsen \"1w\"" },
		{ "round:7", "!round \"7\": expected the digits after the "
		             "point, 0 to 6" },
		{ "round", "!round \"\"" },
		{ "round:-1", "!round \"-1\"" },
	};
	struct treatment t;
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(row); i++) {
		int r = parse_treatment(span_str(row[i].in), arena, &t, err);

		buf_reset(&out);
		if (r == 0)
			treatment_print(&t, &out);
		check(r, row[i].in, row[i].want, &out);
	}
	buf_fini(&out);
}

static void test_sink(void)
{
	static const struct {
		const char *in;
		enum sink_kind kind;
		unsigned status;
		const char *text;
	} good[] = {
		{ "sink:204", SINK_STATUS, 204, NULL },
		{ "sink:403", SINK_STATUS, 403, NULL },
		{ "sink:json:{}", SINK_JSON, 0, "{}" },
		{ "sink:json:{\"a\":\"b:c\"}", SINK_JSON, 0,
		    "{\"a\":\"b:c\"}" },
		{ "sink:gif", SINK_GIF, 0, NULL },
		{ "sink:js", SINK_JS, 0, NULL },
		{ "page", SINK_PAGE, 0, NULL },
		{ "reset", SINK_RESET, 0, NULL },
	};
	static const struct {
		const char *in, *want;
	} bad[] = {
		{ "", "!unknown sink \"\": expected one of sink:STATUS (200 "
		      "to 299, 400 to 599) sink:json:TEXT sink:gif sink:js "
		      "page reset" },
		{ "sink:", "!unknown sink \"sink:\"" },
		{ "sink:100", "!unknown sink \"sink:100\"" },
		{ "sink:304", "!unknown sink \"sink:304\"" },
		{ "sink:600", "!unknown sink \"sink:600\"" },
		{ "sink:0204", "!unknown sink" },
		{ "sink:page", "!unknown sink" },
		{ "204", "!unknown sink" },
		{ "sink:json:", "!sink:json: needs a JSON text" },
	};
	struct sink s;

	for (size_t i = 0; i < COUNT(good); i++)
		tap_ok(parse_sink(span_str(good[i].in), arena, &s, err) == 0 &&
		           s.kind == good[i].kind &&
		           s.status == good[i].status &&
		           span_eq(s.text, span_str(good[i].text)),
		    "sink \"%s\"", good[i].in);
	for (size_t i = 0; i < COUNT(bad); i++)
		check(parse_sink(span_str(bad[i].in), arena, &s, err),
		    bad[i].in, bad[i].want, NULL);
}

static void test_when(void)
{
	static const struct {
		const char *in, *want; /* want: METHOD|HOST|PATH */
	} row[] = {
		{ "* *.zoom.us/*", "*|*.zoom.us|/*" },
		{ "POST *.zoom.us/rest/recording*",
		    "POST|*.zoom.us|/rest/recording*" },
		{ "  GET   Example.COM/A  ", "GET|example.com|/A" },
		{ "GET */", "GET|*|/" },
		{ "GET localhost/x", "GET|localhost|/x" },
		{ "", "!when \"\": expected METHOD HOST/PATH, as in \"POST "
		      "*.example.com/api/*\" (* for any method)" },
		{ "GET", "!when \"GET\": expected METHOD HOST/PATH" },
		{ "GET zoom.us", "!when \"GET zoom.us\": expected METHOD" },
		{ "/path", "!when \"/path\": expected METHOD HOST/PATH" },
		{ "GET /path", "!a host is missing" },
		{ "G* zoom.us/", "!when \"G* zoom.us/\": expected a method" },
		{ "G/T zoom.us/", "!when \"G/T zoom.us/\": expected a meth" },
		{ "GET zoom.us/a b", "!when \"GET zoom.us/a b\": a path has "
		                     "no spaces, ? or # (a parameter goes" },
		{ "GET zoom.us/a?b", "!when \"GET zoom.us/a?b\": a path" },
		{ "GET zoom.us/a#b", "!when \"GET zoom.us/a#b\": a path" },
		{ "GET z\xc3\xb6m.us/",
		    "!host \"z\xc3\xb6m.us\": expected le" },
		{ "GET zoom.us:443/", "!host \"zoom.us:443\": expected" },
		{ "GET zoom.*/", "!host \"zoom.*\": the last label must be" },
		{ "GET a..b/", "!host \"a..b\": between points stand 1 to 63" },
		{ "GET .b/", "!host \".b\": between points" },
		{ "GET b./", "!host \"b.\": it ends with a point" },
	};
	struct when w;
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(row); i++) {
		int r = parse_when(span_str(row[i].in), arena, &w, err);

		buf_reset(&out);
		if (r == 0)
			buf_addf(&out, "%.*s|%.*s|%.*s", SPAN_ARG(w.method),
			    SPAN_ARG(w.host), SPAN_ARG(w.path));
		check(r, row[i].in, row[i].want, &out);
	}
	buf_fini(&out);
}

static void test_words(void)
{
	char label[70], host[300];
	enum category c;
	enum verdict v;
	struct span s;

	tap_ok(parse_category(SPAN("time"), &c, err) == 0 && c == CATEGORY_TIME,
	    "category time");
	check(parse_category(SPAN("none"), &c, err), "none",
	    "!unknown category \"none\": expected one of participant device "
	    "time location telemetry recording security",
	    NULL);
	tap_ok(
	    parse_verdict(SPAN("tunnel"), &v, err) == 0 && v == VERDICT_TUNNEL,
	    "verdict tunnel");
	check(parse_verdict(SPAN("allow"), &v, err), "allow",
	    "!unknown verdict \"allow\": expected one of deny tunnel inspect",
	    NULL);
	memset(label, 'a', sizeof label);
	tap_int(
	    parse_host(span_of(label, 63), arena, &s, err), 0, "a label of 63");
	tap_int(parse_host(span_of(label, 64), arena, &s, err), -EINVAL,
	    "a label of 64");
	for (size_t i = 0; i < sizeof host; i++)
		host[i] = i % 2 ? '.' : 'a';
	tap_int(
	    parse_host(span_of(host, 253), arena, &s, err), 0, "a host of 253");
	tap_int(parse_host(span_of(host, 255), arena, &s, err), -EINVAL,
	    "a host of 255");
	for (int i = 0; i < ACT_COUNT; i++)
		tap_ok(act_word((enum act)i) != NULL, "act %d has a word", i);
}

int main(void)
{
	arena = arena_new(1 << 20);
	test_where();
	test_where_model();
	test_where_arena();
	test_treatment();
	test_sink();
	test_when();
	test_words();
	arena_free(arena);
	return tap_done();
}
