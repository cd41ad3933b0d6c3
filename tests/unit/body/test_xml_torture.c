/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn while XML or protobuf is scrubbed: an error or
 * the right output, never a value that was to go. Linked with
 * --wrap=malloc,--wrap=calloc; expat takes its memory from there too. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/proto.h"
#include "body/xml.h"
#include "lib/tap.h"
#include "unit/body/rules.h"
#include "unit/body/torture.h"

#define XML_IN                                                                 \
	"<?xml version='1.0'?><a x='Erika' y='1'><b>Erika<c/></b>"             \
	"<d>Erika</d><e>Erika</e>t<f>{&quot;n&quot;:\"Erika\",\"o\":1}</f>"    \
	"<g z='Erika'>Erika<h>2</h></g><i><![CDATA[Erika]]></i></a>"
#define XML_WANT                                                               \
	"<?xml version='1.0'?><a y='1'><d>a longer text than before &lt;</d>"  \
	"<e>xxxxx</e>t<f>{\"o\":1}</f><g><h>2</h></g><i>xxxxx</i></a>"
#define PROTO_IN                                                               \
	"\x0a\x0e\x0a\x05"                                                     \
	"Erika\x12\x05"                                                        \
	"Erika\x1a\x05"                                                        \
	"Erika\x20\x05\x2a\x0d{\"n\":\"Erika\"}"
#define PROTO_WANT                                                             \
	"\x0a\x07\x12\x05"                                                     \
	"xxxxx\x1a\x03new\x20\x07\x2a\x02{}"

static const struct {
	bool proto;
	const char *lines;
	struct span in, want;
} row[] = {
	{ false,
	    "xml /a/b -> drop\nxml /a/@x -> drop\n"
	    "xml /a/d -> set:a longer text than before <\nxml //e -> mask\n"
	    "xml /a/f > json $.n -> drop\nxml /a/g/h -> keep\n"
	    "xml /a/g -> drop\nxml /a/i -> mask",
	    { XML_IN, sizeof XML_IN - 1 }, { XML_WANT, sizeof XML_WANT - 1 } },
	{ true,
	    "proto 1.1 -> drop\nproto 1.2 -> mask\nproto 3 -> set:new\n"
	    "proto 4 -> set:7\nproto 5 > json $.n -> drop",
	    { PROTO_IN, sizeof PROTO_IN - 1 },
	    { PROTO_WANT, sizeof PROTO_WANT - 1 } },
};

static int feed_xml(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct xml *x = xml_new(plan, &env);
	int r = x != NULL ? 0 : -ENOMEM;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = xml_feed(x, span_of(in.p, step), false, out);
	if (r == 0)
		r = xml_feed(x, in, true, out);
	xml_free(x);
	return r;
}

static int feed_proto(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct proto *p = proto_new(plan, &env);
	int r = p != NULL ? 0 : -ENOMEM;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = proto_feed(p, span_of(in.p, step), false, out);
	if (r == 0)
		r = proto_feed(p, in, true, out);
	proto_free(p);
	return r;
}

static void test_row(size_t i, size_t step)
{
	struct rules *rules = rules_new(row[i].lines, false);
	const struct plan *plan = rules_plan(rules);
	bool good = true;
	struct buf out;
	long n = 0;
	int r;

	do {
		buf_init(&out, 4096);
		until = ++n;
		r = row[i].proto ? feed_proto(plan, row[i].in, step, &out)
		                 : feed_xml(plan, row[i].in, step, &out);
		until = -1;
		good =
		    good && (r == 0 || r == -ENOMEM || r == -EBADMSG) &&
		    span_find(buf_span(&out), SPAN("Erika")) == buf_len(&out);
		if (r == 0)
			tap_span(buf_span(&out), row[i].want,
			    "row %zu, %zu at a time: done", i, step);
		buf_fini(&out);
	} while (r != 0 && n < 1000);
	tap_ok(good, "%ld allocations failed in turn", n - 1);
	tap_ok(n > 3, "some did");
	rules_free(rules);
}

int main(void)
{
	until = -1;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		for (size_t step = 1; step < 1000; step = step * 7 + 1)
			test_row(i, step);
	return tap_done();
}
