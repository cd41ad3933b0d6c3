/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing JSON: lines, a text, what must come out and what is reported; the
 * text whole, cut at each byte, and byte by byte. */
#include "body/jsn.h"

#include <errno.h>

#include "unit/body/rows.h"

static const struct {
	const char *name, *lines, *in, *want; /* want NULL: -EBADMSG */
	bool once; /* a second pass changes it again */
} row[] = {
	/* members and their commas */
	{ "drop the last", "json $.b -> drop", "{\"a\":1,\"b\":2}", "{\"a\":1}",
	    0 },
	{ "drop the first", "json $.a -> drop", "{\"a\":1,\"b\":2}",
	    "{\"b\":2}", 0 },
	{ "drop the middle", "json $.b -> drop", "{\"a\":1,\"b\":2,\"c\":3}",
	    "{\"a\":1,\"c\":3}", 0 },
	{ "drop two in front", "json $.a -> drop\njson $.b -> drop",
	    "{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3}", 0 },
	{ "drop two behind", "json $.b -> drop\njson $.c -> drop",
	    "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1}", 0 },
	{ "drop both sides", "json $.a -> drop\njson $.c -> drop",
	    "{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":2}", 0 },
	{ "drop the only one", "json $.a -> drop", "{\"a\":1}", "{}", 0 },
	{ "drop all", "json $.* -> drop", "{\"a\":1,\"b\":[2],\"c\":{}}", "{}",
	    0 },
	{ "white space goes with a member", "json $.b -> drop",
	    "{ \"a\" : 1 , \"b\" : 2 }", "{ \"a\" : 1 }", 0 },
	{ "white space of the first", "json $.a -> drop",
	    "{ \"a\" : 1 , \"b\" : 2 }", "{ \"b\" : 2 }", 0 },
	{ "white space of the only one", "json $.a -> drop", " { \"a\" : 1 } ",
	    " {} ", 0 },
	{ "lines", "json $.b -> drop",
	    "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n",
	    "{\n  \"a\": 1,\n  \"c\": 3\n}\n", 0 },
	{ "elements", "json $[1] -> drop", "[1,2,3]", "[1,3]", 1 },
	{ "first element", "json $[0] -> drop", "[ 1, 2, 3 ]", "[ 2, 3 ]", 1 },
	{ "last element", "json $[2] -> drop", "[1,2,{\"a\":3}]", "[1,2]", 0 },
	{ "all elements", "json $[*] -> drop", "[ 1, [2], \"3\" ]", "[]", 0 },
	{ "nothing to drop", "json $.zz -> drop", " [ 1 , { \"a\" : [ ] } ] ",
	    " [ 1 , { \"a\" : [ ] } ] ", 0 },
	{ "empty ones", "json $.zz -> drop", "{ }", "{ }", 0 },
	/* the document itself */
	{ "drop the document", "json $ -> drop", " {\"a\":[1,{}]} ", " null ",
	    0 },
	{ "drop a string", "json $ -> drop", "\"a\"", "null", 0 },
	{ "drop a number", "json $ -> drop", "12", "null", 0 },
	{ "set the document", "json $ -> set:{}", " [1] ", " {} ", 0 },
	{ "mask the document", "json $ -> mask", "\"abc\" ", "\"xxx\" ", 0 },
	{ "array at the root", "json $[*].a -> drop",
	    "[{\"a\":1,\"b\":2},{\"a\":3}]", "[{\"b\":2},{}]", 0 },
	/* paths */
	{ "deep", "json $..mail -> drop",
	    "{\"u\":[{\"mail\":\"x\",\"n\":1},[{\"mail\":{}}]],\"mail\":0}",
	    "{\"u\":[{\"n\":1},[{}]]}", 0 },
	{ "one level only", "json $.a.b -> drop",
	    "{\"b\":1,\"a\":{\"b\":2,\"a\":{\"b\":3}}}",
	    "{\"b\":1,\"a\":{\"a\":{\"b\":3}}}", 0 },
	{ "a star in the middle", "json $.*.id -> drop",
	    "{\"a\":{\"id\":1},\"id\":2,\"b\":[{\"id\":3}]}",
	    "{\"a\":{},\"id\":2,\"b\":[{\"id\":3}]}", 0 },
	{ "an index in the middle", "json $.a[1].x -> drop",
	    "{\"a\":[{\"x\":1},{\"x\":2,\"y\":3}]}",
	    "{\"a\":[{\"x\":1},{\"y\":3}]}", 0 },
	{ "quoted key", "json $['a.b'] -> drop", "{\"a.b\":1,\"a\":2}",
	    "{\"a\":2}", 0 },
	{ "prefix is no match", "json $.ab -> drop",
	    "{\"a\":1,\"abc\":2,\"ab\":3}", "{\"a\":1,\"abc\":2}", 0 },
	/* keys as they are written */
	{ "escape in a key", "json $.email -> drop",
	    "{\"\\u0065mail\":1,\"e\\u006Dail\":2,\"b\":3}", "{\"b\":3}", 0 },
	{ "escaped slash in a key", "json $['a/b'] -> drop",
	    "{\"a\\/b\":1,\"a/b\":2}", "{}", 0 },
	{ "surrogate pair in a key", "json $['\xf0\x9f\x98\x80'] -> drop",
	    "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2,\"\\ud83d\":3}",
	    "{\"\\ud83d\":3}", 0 },
	{ "lone surrogate in a key", "json $.a -> drop",
	    "{\"\\udc00a\":1,\"a\":2}", "{\"\\udc00a\":1}", 0 },
	{ "umlaut in a key", "json $['\xc3\xbc'] -> drop",
	    "{\"\xc3\xbc\":1,\"\\u00fc\":2,\"\\u00FC\":3}", "{}", 0 },
	{ "NUL in a key", "json $.a -> drop", "{\"a\\u0000\":1,\"a\":2}",
	    "{\"a\\u0000\":1}", 0 },
	{ "duplicate keys", "json $.a -> drop",
	    "{\"a\":1,\"b\":2,\"a\":3,\"a\":{}}", "{\"b\":2}", 0 },
	{ "duplicate keys are all set", "json $.a -> set:x",
	    "{\"a\":\"1\",\"a\":\"2\"}", "{\"a\":\"x\",\"a\":\"x\"}", 0 },
	{ "keys keep their case", "json $.Mail -> drop",
	    "{\"mail\":1,\"Mail\":2}", "{\"mail\":1}", 0 },
	/* untouched bytes */
	{ "numbers and escapes stay as text", "json $.zz -> drop",
	    "{\"a\":1.0e+05,\"b\":\"\\u00e4\\/\",\"c\":-0.0,\"zz\":1}",
	    "{\"a\":1.0e+05,\"b\":\"\\u00e4\\/\",\"c\":-0.0}", 0 },
	/* set */
	{ "set a string", "json $.tz -> set:UTC", "{\"tz\":\"Europe/Berlin\"}",
	    "{\"tz\":\"UTC\"}", 0 },
	{ "set keeps what is equal", "json $.tz -> set:UTC",
	    "{\"tz\":\"U\\u0054C\"}", "{\"tz\":\"U\\u0054C\"}", 0 },
	{ "set a number raw", "json $.n -> set:0", "{\"n\":17}", "{\"n\":0}",
	    0 },
	{ "set a string that looks like a number", "json $.n -> set:0",
	    "{\"n\":\"17\"}", "{\"n\":\"0\"}", 0 },
	{ "set a number to text", "json $.n -> set:UTC", "{\"n\":17}",
	    "{\"n\":\"UTC\"}", 0 },
	{ "set true", "json $.n -> set:false", "{\"n\":true}", "{\"n\":false}",
	    0 },
	{ "set null", "json $.n -> set:a b", "{\"n\":null}", "{\"n\":\"a b\"}",
	    0 },
	{ "set an array", "json $.n -> set:[]", "{\"n\":[1,2]}", "{\"n\":[]}",
	    0 },
	{ "set an object to text", "json $.n -> set:{", "{\"n\":{\"a\":1}}",
	    "{\"n\":\"{\"}", 0 },
	{ "set to a quoted text is text", "json $.n -> set:\"q\"",
	    "{\"n\":1,\"m\":0}", "{\"n\":\"\\\"q\\\"\",\"m\":0}", 0 },
	{ "set with what needs escapes", "json $.n -> set:a\\b\"\xc3\xbc",
	    "{\"n\":\"x\"}", "{\"n\":\"a\\\\b\\\"\xc3\xbc\"}", 0 },
	{ "set elements", "json $.n[*] -> set:0",
	    "{\"n\":[1,\"2\",null,{\"a\":1}]}", "{\"n\":[0,\"0\",0,0]}", 0 },
	{ "set nothing", "json $.n -> set:", "{\"n\":\"x\",\"m\":5}",
	    "{\"n\":\"\",\"m\":5}", 0 },
	/* other treatments */
	{ "mask a string", "json $.a -> mask",
	    "{\"a\":\"M\\u00fcller \\ud83d\\ude00\"}", "{\"a\":\"xxxxxxxx\"}",
	    0 },
	{ "mask a lone surrogate", "json $.a -> mask", "{\"a\":\"\\ud800\"}",
	    "{\"a\":\"x\"}", 0 },
	{ "mask words", "json $.* -> mask",
	    "{\"a\":true,\"b\":false,\"c\":null}",
	    "{\"a\":null,\"b\":null,\"c\":null}", 0 },
	{ "mask a number", "json $.a -> mask", "{\"a\":7,\"b\":7}",
	    "{\"a\":0,\"b\":7}", 0 },
	{ "round", "json $..lat -> round:1",
	    "[{\"lat\":52.5163,\"x\":52.5163},{\"lat\":\"13.37\"}]",
	    "[{\"lat\":52.5,\"x\":52.5163},{\"lat\":\"13.4\"}]", 0 },
	{ "round what is no number", "json $..lat -> round:1",
	    "[{\"lat\":\"north\"},{\"lat\":true,\"a\":1},{\"lat\":null}]",
	    "[{},{\"a\":1},{\"lat\":null}]", 0 },
	{ "coarsen", "json $.t -> coarsen:1h", "{\"t\":1700003599,\"u\":1}",
	    "{\"t\":1700002800,\"u\":1}", 0 },
	{ "coarsen text", "json $.t -> coarsen:1h",
	    "{\"t\":\"2031-01-01T10:17:33Z\"}",
	    "{\"t\":\"2031-01-01T10:00:00Z\"}", 0 },
	{ "coarsen no time", "json $.t -> coarsen:1h",
	    "{\"t\":\"soon\",\"u\":1}", "{\"u\":1}", 0 },
	{ "alias a word", "json $.a -> alias", "{\"a\":true}", "{\"a\":null}",
	    0 },
	{ "alias nothing", "json $.a -> alias", "{\"a\":\"\"}", "{\"a\":\"\"}",
	    0 },
	/* first line wins; containers */
	{ "keep before drop", "json $.a -> keep\njson $.* -> drop",
	    "{\"a\":1,\"b\":2,\"c\":{\"a\":3}}", "{\"a\":1}", 0 },
	{ "drop before keep", "json $.a -> drop\njson $.* -> keep",
	    "{\"a\":1,\"b\":2}", "{\"b\":2}", 0 },
	{ "keep a container", "json $.a -> keep\njson $..x -> drop",
	    "{\"a\":{\"x\":1,\"y\":[{\"x\":2}]},\"x\":3}",
	    "{\"a\":{\"x\":1,\"y\":[{\"x\":2}]}}", 0 },
	{ "an earlier line inside a kept one",
	    "json $..x -> drop\njson $.a -> keep\njson $..y -> drop",
	    "{\"a\":{\"x\":1,\"y\":2},\"b\":{\"x\":1,\"y\":2}}",
	    "{\"a\":{\"y\":2},\"b\":{}}", 0 },
	{ "drop a container, nothing earlier inside",
	    "json $.a -> drop\njson $..x -> keep",
	    "{\"a\":{\"x\":1,\"y\":2},\"b\":3}", "{\"b\":3}", 0 },
	{ "drop a container around an earlier keep",
	    "json $.a.x -> keep\njson $.a -> drop",
	    "{\"a\":{\"x\":1,\"y\":2,\"z\":[1]},\"b\":3}",
	    "{\"a\":{\"x\":1},\"b\":3}", 0 },
	{ "and it is not there", "json $.a.x -> keep\njson $.a -> drop",
	    "{\"a\":{\"y\":2,\"z\":{\"x\":1}},\"b\":3}", "{\"a\":{},\"b\":3}",
	    0 },
	{ "an allow-list at depth", "json $..id -> keep\njson $.a -> drop",
	    "{\"a\":{\"id\":1,\"y\":2,\"z\":{\"id\":3,\"w\":[{\"id\":4}]}}}",
	    "{\"a\":{\"id\":1,\"z\":{\"id\":3,\"w\":[{\"id\":4}]}}}", 0 },
	{ "set around an earlier keep", "json $.a.x -> keep\njson $.a -> set:0",
	    "{\"a\":{\"x\":1,\"y\":2,\"z\":{\"q\":\"s\"},\"s\":\"t\"}}",
	    "{\"a\":{\"x\":1,\"y\":0,\"z\":0,\"s\":\"0\"}}", 0 },
	{ "document as an allow-list",
	    "json $.a -> keep\njson $.b.c -> keep\njson $ -> drop",
	    "{\"a\":{\"k\":1},\"b\":{\"c\":2,\"d\":3},\"e\":4}",
	    "{\"a\":{\"k\":1},\"b\":{\"c\":2}}", 0 },
	{ "mask all in a container", "json $.a -> mask",
	    "{\"a\":[\"ab\",{\"b\":\"c\",\"d\":[true,7]}],\"e\":\"f\"}",
	    "{\"a\":[\"xx\",{\"b\":\"x\",\"d\":[null,0]}],\"e\":\"f\"}", 0 },
	{ "mask but what is kept", "json $..b -> keep\njson $.a -> mask",
	    "{\"a\":[\"ab\",{\"b\":\"c\",\"d\":\"e\"}]}",
	    "{\"a\":[\"xx\",{\"b\":\"c\",\"d\":\"x\"}]}", 0 },
	{ "a later line inside a masked one",
	    "json $.a -> mask\njson $..b -> drop",
	    "{\"a\":{\"b\":\"cc\"},\"b\":1}", "{\"a\":{\"b\":\"xx\"}}", 0 },
	{ "an earlier line inside a masked one",
	    "json $..b -> drop\njson $.a -> mask",
	    "{\"a\":{\"b\":\"cc\",\"c\":\"d\"},\"b\":1}",
	    "{\"a\":{\"c\":\"x\"}}", 0 },
	{ "a star keeps all", "json $.* -> keep\njson $..a -> drop",
	    "{\"a\":{\"a\":1},\"b\":[{\"a\":1}]}",
	    "{\"a\":{\"a\":1},\"b\":[{\"a\":1}]}", 0 },
	{ "rules below rules", "json $..a -> drop\njson $.b.c -> set:1",
	    "{\"b\":{\"a\":0,\"c\":[{\"a\":9}],\"d\":{\"a\":1,\"e\":2}}}",
	    "{\"b\":{\"c\":[{}],\"d\":{\"e\":2}}}", 0 },
	/* chains */
	{ "JSON in a string", "json $.log > json $.user -> drop",
	    "{\"log\":\"{\\\"user\\\":\\\"Erika\\\",\\\"n\\\":1}\"}",
	    "{\"log\":\"{\\\"n\\\":1}\"}", 0 },
	{ "nothing in it", "json $.log > json $.user -> drop",
	    "{\"log\":\"{\\\"n\\\": \\u0031}\"}",
	    "{\"log\":\"{\\\"n\\\": \\u0031}\"}", 0 },
	{ "it keeps its slashes", "json $.log > json $.user -> drop",
	    "{\"log\":\"{\\\"u\\\":\\\"a\\/b\\\",\\\"user\\\":1}\"}",
	    "{\"log\":\"{\\\"u\\\":\\\"a\\/b\\\"}\"}", 0 },
	{ "it keeps its umlauts", "json $.log > json $.user -> drop",
	    "{\"log\":\"{\\\"u\\\":\\\"\\u00fc\\\",\\\"user\\\":1}\"}",
	    "{\"log\":\"{\\\"u\\\":\\\"\\u00fc\\\"}\"}", 0 },
	{ "in each element", "json $.e[*] > json $.id -> set:0",
	    "{\"e\":[\"{\\\"id\\\":1}\",\"{\\\"id\\\":2}\",\"\",5,null]}",
	    "{\"e\":[\"{\\\"id\\\":0}\",\"{\\\"id\\\":0}\",\"\",5,null]}", 0 },
	{ "no JSON inside", "json $.log > json $.user -> drop",
	    "{\"log\":\"user=Erika\"}", NULL, 0 },
	{ "cut JSON inside", "json $.log > json $.user -> drop",
	    "{\"log\":\"{\\\"user\\\":\"}", NULL, 0 },
	{ "base64 around JSON", "json $.dn2 > base64 > json $.name -> drop",
	    "{\"dn2\":\"eyJuYW1lIjoiRXJpa2EiLCJpZCI6MX0=\"}",
	    "{\"dn2\":\"eyJpZCI6MX0=\"}", 0 },
	{ "base64url without padding",
	    "json $.dn2 > base64url > json $.name -> drop",
	    "{\"dn2\":\"eyJuYW1lIjoiRXJpa2EiLCJpZCI6MX0\"}",
	    "{\"dn2\":\"eyJpZCI6MX0\"}", 0 },
	{ "no base64", "json $.dn2 > base64 > json $.name -> drop",
	    "{\"dn2\":\"***\"}", NULL, 0 },
	{ "base64 around a name", "json $.dn2 > base64 -> set:Gast",
	    "{\"dn2\":\"RXJpa2E=\",\"dn\":\"\"}",
	    "{\"dn2\":\"R2FzdA==\",\"dn\":\"\"}", 0 },
	{ "base64 to drop", "json $.dn2 > base64 -> drop",
	    "{\"dn2\":\"RXJpa2E=\",\"a\":1}", "{\"a\":1}", 0 },
	{ "a form in a string", "json $.body > form uname -> set:Gast",
	    "{\"body\":\"a=1&uname=Erika+M%C3%BC&b=2\"}",
	    "{\"body\":\"a=1&uname=Gast&b=2\"}", 0 },
	{ "a query in a string", "json $.url > query tk -> drop",
	    "{\"url\":\"https:\\/\\/a.example\\/j?tk=1&x=2#f\",\"u\":1}",
	    "{\"url\":\"https:\\/\\/a.example\\/j?x=2#f\",\"u\":1}", 0 },
	{ "a query that is not there", "json $.url > query tk -> drop",
	    "{\"url\":\"https://a.example/j#?tk=1\"}",
	    "{\"url\":\"https://a.example/j#?tk=1\"}", 0 },
	{ "percent around JSON", "json $.p > percent > json $.n -> drop",
	    "{\"p\":\"%7B%22n%22%3A1%2C%22m%22%3A2%7D\"}",
	    "{\"p\":\"%7B%22m%22%3A2%7D\"}", 0 },
	{ "three deep", "json $.a > json $.b > base64 > json $.c -> drop",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJjIjoxLCJkIjoyfQ==\\\"}\"}",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJkIjoyfQ==\\\"}\"}", 0 },
	{ "two lines of one chain",
	    "json $.a > json $.b -> drop\njson $.a > json $.c -> set:0",
	    "{\"a\":\"{\\\"b\\\":1,\\\"c\\\":2}\"}",
	    "{\"a\":\"{\\\"c\\\":0}\"}", 0 },
	{ "chain behind a keep",
	    "json $.a -> keep\njson $.a > json $.b -> drop",
	    "{\"a\":\"{\\\"b\\\":1}\"}", "{\"a\":\"{\\\"b\\\":1}\"}", 0 },
	{ "chain and a path for the same",
	    "json $.a > json $.b -> drop\njson $.a.b -> drop",
	    "[{\"a\":{\"b\":1}}]", "[{\"a\":{\"b\":1}}]", 0 },
	{ "the object in place of the string",
	    "json $.a > json $.b -> drop\njson $.a.b -> drop",
	    "{\"a\":{\"b\":1}}", "{\"a\":{}}", 0 },
	{ "chain in an allow-list",
	    "json $.a > json $.b -> drop\njson $ -> drop",
	    "{\"a\":\"{\\\"b\\\":1}\",\"b\":1,\"a\":[\"x\"],\"a\":7}",
	    "{\"a\":\"{}\"}", 0 },
	{ "chain on what is no string", "json $.a > json $.b -> drop",
	    "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}", 0 },
	/* not well-formed behind what was dropped */
	{ "bad in a dropped container", "json $.a -> drop",
	    "{\"a\":[1,],\"b\":1}", NULL, 0 },
	{ "bad in a dropped string", "json $.a -> drop",
	    "{\"a\":\"\xff\",\"b\":1}", NULL, 0 },
	{ "comma behind a dropped last one", "json $.b -> drop",
	    "{\"a\":1,\"b\":2,}", NULL, 0 },
	{ "cut in a dropped one", "json $.a -> drop", "{\"a\":1", NULL, 0 },
};

FEED(jsn);

static void test_texts(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		const char *want = row[i].want;

		test_input(feed, row[i].name, row[i].lines, span_str(row[i].in),
		    want != NULL ? 0 : -EBADMSG, span_str(want));
		if (want != NULL && !row[i].once)
			test_again(
			    feed, row[i].name, row[i].lines, span_str(want));
	}
}

static void test_reports(void)
{
	static const struct {
		const char *lines, *in, *want;
	} told[] = {
		{ "json $.a -> drop", "{\"a\":\"x\\u0079\"}", "drop a xy>;" },
		{ "json $.a -> drop", "{\"\\u0061\":[1, 2]}",
		    "drop a [1, 2]>;" },
		{ "json $[*] -> set:0", "[7,\"x\",0]",
		    "set 0 7>0;set 1 x>0;keep 2 0>0;" },
		{ "json $.a -> keep\njson $.* -> drop", "{\"a\":1,\"b\":2}",
		    "keep a >;drop b 2>;" },
		{ "json $ -> drop", "{}", "drop $ {}>;" },
		{ "json $.a -> mask", "{\"a\":[\"bc\",true,null]}",
		    "mask 0 bc>xx;mask 1 true>null;keep 2 null>null;" },
		{ "json $.a -> round:0", "{\"a\":\"x\"}", "drop a x>;" },
		{ "json $.a > json $.b -> drop", "{\"a\":\"{\\\"b\\\":1}\"}",
		    "drop b 1>;" },
		{ "json $.a > base64 -> set:Gast", "{\"a\":\"RXJpa2E=\"}",
		    "set a Erika>Gast;" },
		{ "json $.a -> drop", "{\"b\":1}", "" },
	};
	struct buf out, said;

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		for (size_t step = 1; step < 60; step += 58) {
			struct rules *rules = rules_new(told[i].lines, false);
			struct env env = rules_env(&said);
			struct span in = span_str(told[i].in);

			buf_reset(&said);
			feed(rules_plan(rules), &env, in, step, step, &out);
			tap_span(buf_span(&said), span_str(told[i].want),
			    "report of %s, %zu at a time", told[i].in, step);
			rules_free(rules);
		}
	buf_fini(&out);
	buf_fini(&said);
}

int main(void)
{
	test_texts();
	test_reports();
	return tap_done();
}
