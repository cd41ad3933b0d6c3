/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn while SDP or lines of text are scrubbed: an
 * error or the right output, never a value that was to go. Linked with
 * --wrap=malloc,--wrap=calloc. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/sdp.h"
#include "body/text.h"
#include "lib/tap.h"
#include "unit/body/rules.h"
#include "unit/body/torture.h"

static const struct {
	bool text;
	const char *lines, *in, *want;
} row[] = {
	{ false,
	    "sdp candidate:host -> drop\nsdp candidate:raddr -> drop\n"
	    "sdp candidate:foundation -> mask\nsdp candidate:x -> drop\n"
	    "sdp extmap:urn:Erika -> drop\nsdp ssrc:cname -> mask\n"
	    "sdp o:user -> drop\nsdp s -> set:a longer name than before",
	    "v=0\no=Erika 1 1 IN IP4 x\ns=Erika\n"
	    "a=candidate:1 1 udp 1 Erika 1 typ host\n"
	    "a=candidate:Erika 1 udp 1 y 1 typ srflx raddr Erika rport 9\n"
	    "a=candidate:2 1 udp 1 y 1 typ relay x Erika\n"
	    "a=extmap:1 urn:Erika\na=ssrc:1 cname:Erika\n",
	    "v=0\no=- 1 1 IN IP4 x\ns=a longer name than before\n"
	    "a=candidate:1 1 udp 1 y 1 typ srflx raddr 0.0.0.0 rport 9\n"
	    "a=candidate:2 1 udp 1 y 1 typ relay\n"
	    "a=ssrc:1 cname:xxxxx\n" },
	/* There is room for the line when there is none for its name. */
	{ false, "sdp candidate:host -> drop",
	    "v=0\na=candidate:1 1 udp 1 Erika 1 typ host\n", "v=0\n" },
	{ false, "sdp candidate:ufrag -> drop",
	    "candidate:1 1 udp 1 y 1 typ host ufrag Erika",
	    "candidate:1 1 udp 1 y 1 typ host" },
	{ true, "text Erika* -> drop\ntext {* > json $.n -> drop",
	    "a\nErika 1\n{\"n\":\"Erika\"}\n", "a\n{}\n" },
};

static int feed_sdp(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct sdp *s = sdp_new(plan, &env);
	int r = s != NULL ? 0 : -ENOMEM;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = sdp_feed(s, span_of(in.p, step), false, out);
	if (r == 0)
		r = sdp_feed(s, in, true, out);
	sdp_free(s);
	return r;
}

static int feed_text(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct text *t = text_new(plan, &env);
	int r = t != NULL ? 0 : -ENOMEM;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = text_feed(t, span_of(in.p, step), false, out);
	if (r == 0)
		r = text_feed(t, in, true, out);
	text_free(t);
	return r;
}

static void test_row(size_t i, size_t step)
{
	struct rules *rules = rules_new(row[i].lines, false);
	struct span in = span_str(row[i].in), want = span_str(row[i].want);
	bool good = true;
	struct buf out;
	long n = 0;
	int r;

	do {
		buf_init(&out, 4096);
		until = ++n;
		r = row[i].text ? feed_text(rules_plan(rules), in, step, &out)
		                : feed_sdp(rules_plan(rules), in, step, &out);
		until = -1;
		good =
		    good && (r == 0 || r == -ENOMEM) &&
		    span_find(buf_span(&out), SPAN("Erika")) == buf_len(&out);
		if (r == 0)
			tap_span(buf_span(&out), want,
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
