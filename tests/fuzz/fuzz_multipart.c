/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_multipart - the first byte picks the lines, the second the cut, the rest
 * is the form; its boundary is "b". What scrubber.h says, and: what a line
 * drops is not there any more, by an own, plain reading of the output. */
#include "body/multipart.h"
#include "fuzz/scrubber.h"

#define GROWTH 256 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DROP, ALLOW, SET, TREAT, CHAIN, NONE, SETS };

static struct fuzz_set set[SETS] = {
	[DROP] = { "multipart name -> drop\nmultipart doc;filename -> drop\n"
	           "multipart doc;content-type -> drop",
	    true, NULL },
	[ALLOW] = { "multipart doc -> keep\nmultipart * -> drop", true, NULL },
	[SET] = { "multipart name -> set:Gast\nmultipart *;filename -> set:f\n"
	          "multipart *;Content-Type -> set:text/plain",
	    true, NULL },
	[TREAT] = { "multipart name -> alias\nmultipart doc;filename -> mask\n"
	            "multipart mail -> coarsen:1h",
	    false, NULL },
	[CHAIN] = { "multipart name > json $.a -> drop\n"
	            "multipart doc > base64 > json $.a -> drop",
	    false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
};

FEED_BY(feed, multipart, multipart_new(plan, env, SPAN("b")));

/* Is word in the line that says what a part is? */
static bool in_disposition(struct span head, struct span word)
{
	while (head.n > 0) {
		struct span line = span_cut(&head, '\n');

		if (span_starts_nocase(line, SPAN("content-disposition:")) &&
		    span_find(line, word) < line.n)
			return true;
	}
	return false;
}

/* The same for any part. Parts are what stands between boundaries. */
static bool in_head(struct span all, struct span word)
{
	struct span mark = SPAN("--b\r\n"), next = SPAN("\r\n--b");

	while (span_starts(all, mark)) {
		size_t head = span_find(all, SPAN("\r\n\r\n"));
		size_t end = span_find(span_from(all, head + 2), next);

		if (in_disposition(
		        span_from(span_of(all.p, head), mark.n), word))
			return true;
		all = span_from(all, head + 4 + end);
	}
	return false;
}

static void check_gone(struct fuzz_set *s, struct span in)
{
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, OUT_MAX_BYTES);
	if (feed(rules_plan(s->rules), &env, in, in.n, 1, &out) == 0) {
		struct span all = buf_span(&out);

		check(s != &set[DROP] || !in_head(all, SPAN(" name=\"name\"")));
		check(
		    s != &set[ALLOW] || !in_head(all, SPAN(" name=\"name\"")));
		check(
		    s != &set[SET] || !in_head(all, SPAN("; filename=\"Plan")));
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(feed, set, SETS, GROWTH, true, p, n);
	if (n > 2)
		check_gone(
		    &set[p[0] % SETS], span_of((const char *)p + 2, n - 2));
	return 0;
}
