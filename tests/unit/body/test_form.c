/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing forms: lines, a body, what must come out; whole and at every cut.
 */
#include "body/form.h"

#include <errno.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

static const struct row row[] = {
	{ "drop the first", "form a -> drop", "a=1&b=2", "b=2" },
	{ "drop the last", "form b -> drop", "a=1&b=2", "a=1" },
	{ "drop the middle", "form b -> drop", "a=1&b=2&c=3", "a=1&c=3" },
	{ "drop the only one", "form a -> drop", "a=1", "" },
	{ "drop all", "form * -> drop", "a=1&b&c=&=d", "" },
	{ "duplicates", "form a -> drop", "a=1&b=2&a=3&a", "b=2" },
	{ "no such name", "form z -> drop", "a=1&b=%C3%BC+x&c",
	    "a=1&b=%C3%BC+x&c" },
	{ "names keep their case", "form a -> drop", "A=1&a=2", "A=1" },
	{ "empty pairs stay", "form a -> drop", "&b=1&&c=2&", "&b=1&&c=2&" },
	{ "empty pairs around", "form a -> drop", "&a=1&", "&" },
	{ "nothing", "form a -> drop", "", "" },
	{ "no value", "form a -> drop", "a&b", "b" },
	{ "empty value", "form a -> drop", "a=&b=", "b=" },
	{ "equals in a value", "form a -> drop", "b=a=1&a=b=1", "b=a=1" },
	{ "coded name", "form uname -> drop", "%75name=1&u%6Eam%65=2&x=1",
	    "x=1" },
	{ "plus in a name", "form display* -> drop", "display+name=1&x=1",
	    "x=1" },
	{ "coded space in a name", "form display* -> drop",
	    "display%20name=1&x=1", "x=1" },
	{ "ampersand in a name", "form a&b -> drop", "a%26b=1&x", "x" },
	{ "umlaut in a name", "form n\xc3\xa4me -> drop",
	    "n%C3%A4me=1&n%c3%a4me=2&n\xc3\xa4me=3&x=4", "x=4" },
	{ "glob", "form utm_* -> drop", "utm_a=1&u=2&utm_=3", "u=2" },
	{ "allow-list", "form a -> keep\nform * -> drop", "b=1&a=2&c=3",
	    "a=2" },
	{ "set", "form tz -> set:UTC", "tz=Europe%2FBerlin&x=1", "tz=UTC&x=1" },
	{ "set codes anew", "form a -> set:x y&z=\xc3\xbc%+*-._~", "a=1",
	    "a=x+y%26z%3D%C3%BC%25%2B*-._%7E" },
	{ "set without value", "form a -> set:1", "a&b", "a=1&b" },
	{ "set keeps what is equal", "form a -> set:x y", "a=x%20y",
	    "a=x%20y" },
	{ "the name stays as written", "form a -> set:1", "%61=2", "%61=1" },
	{ "coarsen", "form start_time -> coarsen:1h",
	    "start_time=2031-01-01T10%3A17%3A33Z&x=1",
	    "start_time=2031-01-01T10%3A00%3A00Z&x=1" },
	{ "coarsen no time", "form start_time -> coarsen:1h",
	    "start_time=soon&x=1", "x=1" },
	{ "mask", "form a -> mask", "a=%C3%BCb+c", "a=xxxx" },
	{ "round", "form lat -> round:1", "lat=52.5163&lon=13.3777",
	    "lat=52.5&lon=13.3777" },
	{ "JSON inside", "form ev > json $.id -> drop",
	    "ev=%7B%22id%22%3A1%2C%22n%22%3A+2%7D&x=1",
	    "ev=%7B%22n%22%3A+2%7D&x=1" },
	{ "JSON inside, nothing found", "form ev > json $.id -> drop",
	    "ev={%22n%22:1}&x=1", "ev={%22n%22:1}&x=1" },
	{ "JSON in base64", "form d > base64 > json $.name -> drop",
	    "d=eyJuYW1lIjoiRXJpa2EiLCJpZCI6MX0%3D", "d=eyJpZCI6MX0%3D" },
	{ "no JSON inside", "form ev > json $.id -> drop", "ev=id", NULL },
	{ "empty inside", "form ev > json $.id -> drop", "ev=&x", "ev=&x" },
	{ "bad escape in a name", "form a -> drop", "b=1&%4=2", NULL },
	{ "bad escape at the end of a name", "form a -> drop", "b%", NULL },
	{ "bad escape in a treated value", "form a -> mask", "a=%zz", NULL },
	{ "cut escape in a treated value", "form a -> mask", "a=1%4", NULL },
	{ "bad escape in a dropped value", "form a -> drop", "a=%zz&b=1",
	    "b=1" },
	{ "bad escape in an untouched value", "form a -> drop", "b=100%&c=%zz",
	    "b=100%&c=%zz" },
	{ "bytes of any kind pass", "form a -> drop", "b=\x01\xff;c&a=\xff",
	    "b=\x01\xff;c" },
	{ "no lines of forms", "json $.a -> drop", "%4=2&a=1", "%4=2&a=1" },
};

FEED(form);

static void test_query(void)
{
	struct rules *rules =
	    rules_new("query a -> set:x y\nform b -> drop", false);
	struct env env = rules_env(NULL);
	struct form *f = form_new_query(rules_plan(rules), &env);
	struct buf out;

	buf_init(&out, 4096);
	tap_int(form_feed(f, SPAN("a=1&b=2"), true, &out), 0, "a query");
	tap_span(buf_span(&out), SPAN("a=x%20y&b=2"), "no plus in it");
	form_free(f);
	form_free(NULL);
	rules_free(rules);
	buf_fini(&out);
}

static void test_reports(void)
{
	struct rules *rules = rules_new("form a -> drop\nform b* -> set:x\n"
	                                "form c -> keep",
	    false);
	struct buf out, said;
	struct env env = rules_env(&said);

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	feed(rules_plan(rules), &env, SPAN("a=%41+&%62c=1&b=x&c=2&d=3"), 3, 3,
	    &out);
	tap_span(buf_span(&said),
	    SPAN("drop a A >;set bc 1>x;keep b x>x;keep c >;"), "reports");
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

static const struct size_row length[] = {
	{ "value nobody names", "form a -> mask", "b=", "x", 3u << 20, "", 0 },
	{ "value at the limit", "form a -> mask", "a=", "x", SCRUB_VALUE_MAX,
	    "", 0 },
	{ "value above", "form a -> mask", "a=", "x", SCRUB_VALUE_MAX + 1, "",
	    -E2BIG },
	{ "dropped value of any length", "form a -> drop", "a=", "x", 3u << 20,
	    "", 0 },
	{ "set value of any length", "form a -> set:1", "a=", "x", 3u << 20, "",
	    0 },
	{ "name at the limit", "form a -> drop", "x", "x", SCRUB_NAME_MAX - 1,
	    "", 0 },
	{ "name above", "form a -> drop", "x", "x", SCRUB_NAME_MAX, "",
	    -E2BIG },
};

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	test_query();
	test_reports();
	test_size_rows(feed, ROWS_OF(length), 7001);
	return tap_done();
}
