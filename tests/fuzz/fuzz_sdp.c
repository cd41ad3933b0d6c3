/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_sdp - the first byte picks the lines, the second the cut, the rest is
 * the SDP. What scrubber.h says, and: what a line drops is not there any more,
 * by an own, plain reading of the output. */
#include "body/sdp.h"
#include "fuzz/scrubber.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { HOST, PARTS, ALLOW, TREAT, CHAIN, NONE, NUMBERS, SETS };

static struct fuzz_set set[SETS] = {
	[HOST] = { "sdp candidate:host -> drop\nsdp s -> set:-\n"
	           "sdp m:port -> set:9",
	    true, NULL },
	[PARTS] = { "sdp candidate:raddr -> drop\nsdp candidate:rport -> drop\n"
	            "sdp candidate:network-* -> drop\nsdp o:user -> drop\n"
	            "sdp c:address -> drop\nsdp rtcp:address -> set:0.0.0.0\n"
	            "sdp extmap:urn:* -> drop\nsdp ssrc:cname -> set:c",
	    true, NULL },
	[ALLOW] = { "sdp m -> keep\nsdp candidate:srflx -> keep\n"
	            "sdp mid -> keep\nsdp * -> drop",
	    true, NULL },
	[TREAT] = { "sdp s -> mask\nsdp t -> coarsen:1h\nsdp o:user -> alias\n"
	            "sdp candidate:address -> mask\nsdp msid -> alias\n"
	            "sdp candidate:foundation -> alias",
	    false, NULL },
	[CHAIN] = { "sdp a:x > base64 > json $.a -> drop\n"
	            "sdp i > json $.a -> mask\nsdp u > query a -> drop",
	    false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
	[NUMBERS] = { "sdp candidate:foundation -> mask\nsdp m:port -> drop\n"
	              "sdp t:start -> drop\nsdp candidate:* -> keep",
	    true, NULL },
};

/* Word i of line, from 0. */
static struct span word_at(struct span line, size_t i)
{
	struct span word = SPAN_NONE;

	while (line.n > 0) {
		word = span_cut(&line, ' ');
		if (word.n > 0 && i-- == 0)
			return word;
	}
	return SPAN_NONE;
}

static void look_at(size_t which, struct span line)
{
	bool candidate = span_starts(line, SPAN("a=candidate:")) ||
	                 span_starts(line, SPAN("candidate:"));
	size_t type = 7;

	/* "a=candidate: 1" has its foundation one word later. */
	if (candidate && span_ends(word_at(line, 0), SPAN("candidate:")))
		type = 8;
	if (which == HOST && candidate)
		check(!span_eq_nocase(word_at(line, type), SPAN("host")));
	if (which == ALLOW)
		check(line.n == 0 || candidate || line.p[0] == 'v' ||
		      line.p[0] == 'm' || span_starts(line, SPAN("a=mid")) ||
		      span_starts(line, SPAN("a= ")) ||
		      span_starts(line, SPAN("a=\t")));
	for (size_t i = type + 1; which == PARTS && candidate; i += 2) {
		struct span key = word_at(line, i);

		if (key.n == 0)
			break;
		check(!span_starts(key, SPAN("network-")));
		check(!span_eq(key, SPAN("raddr")) ||
		      span_eq(word_at(line, i + 1), SPAN("0.0.0.0")) ||
		      span_eq(word_at(line, i + 1), SPAN("::")));
	}
	if (which == PARTS && span_starts(line, SPAN("c=IN IP4 ")))
		check(span_starts(word_at(line, 2), SPAN("0.0.0.0")) ||
		      span_starts(word_at(line, 2), SPAN("::")));
}

FEED(sdp);

/* Without reports: dropping what cannot go is reported a second time, though
 * what stands for it stays the same. */
static int feed_silent(const struct plan *plan, const struct env *env,
    struct span in, size_t cut, size_t step, struct buf *out)
{
	struct env silent = *env;

	silent.report = NULL;
	return feed(plan, &silent, in, cut, step, out);
}

static void check_left(size_t which, struct span in)
{
	const struct plan *plan = rules_plan(set[which].rules);
	struct env env = rules_env(NULL);
	struct span rest, line;
	struct buf out;

	buf_init(&out, OUT_MAX_BYTES);
	if (feed(plan, &env, in, in.n, 1, &out) == 0)
		for (rest = buf_span(&out); rest.n > 0;) {
			line = span_cut(&rest, '\n');
			if (line.n > 0 && line.p[line.n - 1] == '\r')
				line.n--;
			look_at(which, line);
		}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(feed_silent, set, SETS, GROWTH, false, p, n);
	if (n > 2)
		check_left(p[0] % SETS, span_of((const char *)p + 2, n - 2));
	return 0;
}
