/* SPDX-License-Identifier: EUPL-1.2 */
/* Several documents in one body, at every cut; and the values that no line
 * names, with the path a pack would write. */
#include "body/form.h"
#include "body/jsn.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "lib/tap.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

FEED(jsn);

FEED_BY(feed_lines, jsn, jsn_new_lines(plan, env));

#define GO "json $.a -> drop"

/* want NULL: refused */
static const struct {
	const char *lines, *in, *want;
} doc[] = {
	{ GO, "", "" },
	{ GO, "\n\n", "\n\n" },
	{ GO, "{\"a\":1}", "{}" },
	{ GO, "{\"a\":1}\n", "{}\n" },
	{ GO, "{\"a\":1}\n{\"a\":2,\"b\":3}\n", "{}\n{\"b\":3}\n" },
	{ GO, "{\"a\":1}\r\n{\"b\":3}\r\n", "{}\r\n{\"b\":3}\r\n" },
	{ GO, " \n{\"a\":1} \n\n {\"b\":3}", " \n{} \n\n {\"b\":3}" },
	{ GO, "1\n\"a\"\ntrue\n-2.5", "1\n\"a\"\ntrue\n-2.5" },
	{ GO, "[1]\n[\n2]", NULL },
	{ GO, "{\"b\":\n1}", NULL },
	{ GO, "{\"b\"\n:1}", NULL },
	{ GO, "{} {}", NULL },
	{ GO, "{}{}", NULL },
	{ GO, "{},\n{}", NULL },
	{ GO, "{}\n{", NULL },
	{ GO, "{}\n]", NULL },
	{ GO, "tru\ne", NULL },
	{ GO, "1\n2 3", NULL },
	{ GO, "\xef\xbb\xbf{}\n", NULL },
	{ GO, "{}\n\x1e{}", NULL },
	{ GO, "\x1e{\"a\":1}\n", "\x1e{}\n" },
	{ GO, "\x1e{\"a\":1}\n\x1e{\"b\":\n2}\n", "\x1e{}\n\x1e{\"b\":\n2}\n" },
	{ GO, "\x1e{\"a\":1}\x1e[]", "\x1e{}\x1e[]" },
	{ GO, "\x1e 17\n\x1etrue\n", "\x1e 17\n\x1etrue\n" },
	{ GO, "\x1e", NULL },
	{ GO, "\x1e\x1e{}", NULL },
	{ GO, "\x1e{}\n{}", NULL },
	{ GO, "\x1e{\"b\":\x1e 1}", NULL },
	{ "json $ -> drop", "{\"a\":1}\n[2]\n3", "null\nnull\nnull" },
	{ "json $ -> set:0", "\x1e{\"a\":1}\n\x1e[2]",
	    "\x1e"
	    "0\n\x1e"
	    "0" },
	{ "json $[1] -> drop", "[1,2]\n[1,2]\n", "[1]\n[1]\n" },
	{ "json $.b -> keep\njson $.* -> drop", "{\"a\":1,\"b\":2}\n{\"c\":3}",
	    "{\"b\":2}\n{}" },
	{ "header x -> drop", "{\"a\":1}\n{}\n", "{\"a\":1}\n{}\n" },
};

static void test_documents(void)
{
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof doc / sizeof *doc; i++) {
		struct rules *rules = rules_new(doc[i].lines, false);
		const char *want = doc[i].want;
		bool good = feed_any_cut(feed_lines, rules_plan(rules), &env,
		    span_str(doc[i].in), want != NULL ? 0 : -EBADMSG,
		    span_str(want != NULL ? want : ""), &out);

		tap_ok(good, "documents %zu", i);
		if (want != NULL) {
			good = feed_any_cut(feed_lines, rules_plan(rules), &env,
			    span_str(want), 0, span_str(want), &out);
			tap_ok(good, "documents %zu: not twice", i);
		}
		rules_free(rules);
	}
	buf_fini(&out);
}

/* ---- what no line names ---- */

static void on_finding(void *arg, const struct finding *f)
{
	struct buf *said = arg;

	buf_add_str(said, f->line == NULL ? "? " : "! ");
	buf_add_span(said, f->path.n > 0 ? f->path : f->name);
	buf_add_char(said, '=');
	buf_add_span(said, f->before);
	buf_add_char(said, ';');
}

static const struct {
	const char *lines, *in, *want;
	bool unnamed;
} seen[] = {
	{ "json $.zz -> drop",
	    "{\"a\":\"x\",\"b\":[1,{\"c\":true}],\"d\":null}",
	    "? $.a=x;? $.b[*]=1;? $.b[*].c=true;? $.d=null;", true },
	{ "header x -> drop", "[\"\\u0061\",-1.5]", "? $[*]=a;? $[*]=-1.5;",
	    true },
	{ "header x -> drop", "7", "? $=7;", true },
	{ "json $.b -> keep", "{\"b\":{\"c\":1},\"d\":2}", "! $.b=;? $.d=2;",
	    true },
	{ "json $.a -> drop\njson $.b -> mask", "{\"a\":{\"c\":1},\"b\":[2,3]}",
	    "! $.a={\"c\":1};! $.b[*]=2;! $.b[*]=3;", true },
	{ "json $.b.c -> drop", "{\"b\":{\"c\":1,\"d\":2},\"e\":{\"f\":{}}}",
	    "! $.b.c=1;? $.b.d=2;", true },
	{ "header x -> drop",
	    "{\"a b\":1,\"it's\":{\"\\\\\":2},\"\":3,\"a.b\":[[4]]}",
	    "? $['a b']=1;? $['it\\'s']['\\\\']=2;? $['']=3;"
	    "? $['a.b'][*][*]=4;",
	    true },
	{ "header x -> drop", "{\"\\ud800\":{\"c\":1},\"\\n\":2}",
	    "? c=1;? \n=2;", true },
	{ "json $.a.b -> keep\njson $..* -> drop",
	    "{\"a\":{\"b\":1,\"c\":2},\"d\":[3]}",
	    "! $.a.b=;! $.a.c=2;! $.d=[3];", false },
	{ "json $.a -> drop", "{\"a\":1,\"b\":2}", "! a=1;", false },
};

static void test_unnamed(void)
{
	struct buf out, said;
	struct env env = rules_env(NULL);

	env.report = on_finding;
	env.arg = &said;
	buf_init(&out, 4096);
	buf_init(&said, 4096);
	for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
		struct rules *rules = rules_new(seen[i].lines, false);
		struct span in = span_str(seen[i].in);
		bool good = true;

		env.unnamed = seen[i].unnamed;
		for (size_t cut = 0; cut <= in.n; cut++) {
			buf_reset(&said);
			good =
			    feed(rules_plan(rules), &env, in, cut, in.n + 1,
			        &out) == 0 &&
			    span_eq(buf_span(&said), span_str(seen[i].want)) &&
			    good;
		}
		tap_span(
		    buf_span(&said), span_str(seen[i].want), "%s", seen[i].in);
		tap_ok(good, "at every cut");
		rules_free(rules);
	}
	buf_fini(&out);
	buf_fini(&said);
}

/* A path has a bound, and so has what is looked at. */
static void test_long(void)
{
	static char text[SCRUB_VALUE_MAX + 100];
	struct env env = rules_env(NULL);
	struct buf out, said;
	struct span in;

	buf_init(&out, sizeof text);
	buf_init(&said, 4096);
	env.report = on_finding;
	env.arg = &said;
	env.unnamed = true;
	memset(text, 'k', sizeof text);
	memcpy(text, "{\"", 2);
	memcpy(text + 700, "\":[1],\"b\":2}", 12);
	feed(NULL, &env, span_of(text, 712), 9, 9, &out);
	tap_ok(span_starts(buf_span(&said), SPAN("? 0=1;")) &&
	           span_ends(buf_span(&said), SPAN("? $.b=2;")),
	    "a long path is left out");
	memset(text + 700, 'k', 12);
	memcpy(text, "[1,\"", 4);
	memcpy(text + sizeof text - 4, "\",3]", 4);
	in = span_of(text, sizeof text);
	for (size_t step = 1000; step <= 20000000; step *= 100) {
		buf_reset(&said);
		tap_int(
		    feed(NULL, &env, in, step, step, &out), 0, "a long value");
		tap_ok(span_eq(buf_span(&out), in), "goes on as it is");
		tap_span(buf_span(&said), SPAN("? $[*]=1;? $[*]=3;"), "unseen");
	}
	buf_fini(&out);
	buf_fini(&said);
}

static void test_form(void)
{
	struct rules *rules = rules_new("form a -> drop", false);
	struct env env = rules_env(NULL);
	struct buf out, said;
	struct form *f;

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	env.report = on_finding;
	env.arg = &said;
	env.unnamed = true;
	f = form_new(rules_plan(rules), &env);
	tap_int(
	    form_feed(f, SPAN("a=1&b=%41+x&c&d=%zz"), true, &out), 0, "form");
	tap_span(buf_span(&out), SPAN("b=%41+x&c&d=%zz"), "stays");
	tap_span(
	    buf_span(&said), SPAN("! a=1;? b=A x;? c=;? d=%zz;"), "is told");
	form_free(f);
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

int main(void)
{
	test_documents();
	test_unnamed();
	test_long();
	test_form();
	return tap_done();
}
