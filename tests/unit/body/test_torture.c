/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn: the answer is an error or the right output,
 * never a value that was to go. Linked with --wrap=malloc,--wrap=calloc. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "lib/tap.h"
#include "unit/body/rules.h"
#include "unit/body/torture.h"

static const struct {
	enum body_form form;
	const char *lines, *in, *want;
} row[] = {
	{ BODY_JSON, "json $.a -> drop\njson $..c -> mask\njson $.d -> keep",
	    "{\"b\":1,\"\\u0061\":[\"Erika\"],\"c\":[\"Erik\\u0061\",7],\"d\":"
	    "2}",
	    "{\"b\":1,\"c\":[\"xxxxx\",0],\"d\":2}" },
	{ BODY_JSON,
	    "json $.a > json $.b > base64 > json $.c -> drop\n"
	    "json $.e -> set:{}\njson $.f > form a -> set:1",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJjIjoiRXJpa2EiLCJkIjoyfQ==\\\"}\","
	    "\"e\":[\"Erika\"],\"f\":\"a=Erika\"}",
	    "{\"a\":\"{\\\"b\\\":\\\"eyJkIjoyfQ==\\\"}\",\"e\":{},"
	    "\"f\":\"a=1\"}" },
	{ BODY_FORM,
	    "form %61 -> drop\nform uname -> alias:X\n"
	    "form b > json $.n -> drop\nform a -> set:1",
	    "una%6De=&a=Erika&b={\"n\":\"Erika\"}&c=1",
	    "una%6De=&a=1&b=%7B%7D&c=1" },
};

static int feed(
    size_t i, const struct rules *rules, size_t step, struct buf *out)
{
	struct span in = span_str(row[i].in);
	struct env env = rules_env(NULL);
	int r;
	struct scrub *s =
	    scrub_new(row[i].form, rules_plan(rules), &env, SPAN_NONE, SPAN(""), &r);

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = scrub_feed(s, span_of(in.p, step), false, out);
	if (r == 0)
		r = scrub_feed(s, in, true, out);
	scrub_free(s);
	return r;
}

static void test_row(size_t i, size_t step)
{
	struct rules *rules = rules_new(row[i].lines, false);
	bool good = true;
	struct buf out;
	long n = 0;
	int r;

	do {
		buf_init(&out, 4096);
		until = ++n;
		r = feed(i, rules, step, &out);
		until = -1;
		good =
		    good && (r == 0 || r == -ENOMEM || r == -EBADMSG) &&
		    span_find(buf_span(&out), SPAN("Erika")) == buf_len(&out);
		if (r == 0 && !span_eq(buf_span(&out), span_str(row[i].want)))
			good = false;
		if (r == 0)
			tap_span(buf_span(&out), span_str(row[i].want),
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
