/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_events - the first byte picks the lines, the second the cut, the rest is
 * the stream. What scrubber.h says, and: no line of data holds the member that
 * the pack drops. */
#include "body/events.h"
#include "fuzz/scrubber.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DROP, ALLOW, SET, TREAT, TEXTS, NONE, SETS };

static struct fuzz_set set[SETS] = {
	[DROP] = { "json $..name -> drop", true, NULL },
	[ALLOW] = { "json $.a -> keep\njson $.* -> drop", true, NULL },
	[SET] = { "json $.a -> set:{\"b\":[1]}\nxml //n -> set:<\n"
	          "text user=* -> set:user=x",
	    true, NULL },
	[TREAT] = { "json $.a -> mask\njson $.t -> coarsen:1h\n"
	            "sdp candidate:host -> drop\nsdp s -> alias",
	    false, NULL },
	[TEXTS] = { "text user=* -> drop\ntext *@* -> mask", false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
};

FEED(events);

static void check_left(struct span all)
{
	while (all.n > 0) {
		struct span line = span_cut(&all, '\n');

		check(!span_starts(line, SPAN("data:")) ||
		      span_chr(line, '\r') < line.n ||
		      span_find(line, SPAN("\"name\":")) == line.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = n > 2 ? span_of((const char *)p + 2, n - 2) : SPAN("");
	struct env env = rules_env(NULL);
	struct buf out;

	/* What is left of an SDP may not begin as one any more. */
	check_scrubber(
	    feed, set, SETS, GROWTH, n > 0 && p[0] % SETS != TREAT, p, n);
	if (n < 2 || p[0] % SETS != DROP)
		return 0;
	buf_init(&out, OUT_MAX_BYTES);
	if (feed(rules_plan(set[DROP].rules), &env, in, in.n, 1, &out) == 0)
		check_left(buf_span(&out));
	buf_fini(&out);
	return 0;
}
