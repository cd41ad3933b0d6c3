/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_proto - the first byte picks the lines and the framing, the second the
 * cut, the rest is the message. What scrubber.h says, and: what a line drops is
 * not there any more, by a second scrubber that is asked to report it. */
#include "body/proto.h"
#include "fuzz/scrubber.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { DROP, ALLOW, SET, TREAT, CHAIN, NONE, DEEP, SETS };

static struct fuzz_set set[SETS] = {
	[DROP] = { "proto 1.2 -> drop\nproto 3 -> drop\nproto 4.1.1 -> drop",
	    true, NULL },
	[ALLOW] = { "proto 1 -> keep\nproto 3.2 -> keep\nproto 4.*.1 -> keep\n"
	            "proto **.* -> drop",
	    true, NULL },
	[SET] = { "proto 1.1 -> set:text\nproto 2 -> set:300\n"
	          "proto 3.1 -> set:-1\nproto 4 -> set:2.5",
	    true, NULL },
	[TREAT] = { "proto 1.1 -> mask\nproto 2 -> coarsen:1h\n"
	            "proto 3 -> alias\nproto 4 -> round:1",
	    false, NULL },
	[CHAIN] = { "proto 1.1 > json $.a -> drop\n"
	            "proto 2 > base64 > json $.b -> mask",
	    false, NULL },
	[NONE] = { "header x -> drop", true, NULL },
	[DEEP] = { "proto **.7 -> drop\nproto **.8 -> drop", true, NULL },
};

static enum { ALONE, FRAMES, BASE64, KINDS } kind;

static struct proto *make(const struct plan *plan, const struct env *env)
{
	if (kind == ALONE)
		return proto_new(plan, env);
	return proto_new_frames(plan, env, kind == BASE64);
}

static int scrub(
    const struct plan *plan, struct span in, size_t step, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct proto *p = make(plan, &env);
	int r = 0;

	for (; r == 0 && in.n > step; in = span_from(in, step))
		r = proto_feed(p, span_of(in.p, step), false, out);
	if (r == 0)
		r = proto_feed(p, in, true, out);
	proto_free(p);
	return r;
}

/* Nothing may be left to drop. */
static void on_report(void *arg, const struct finding *f)
{
	(void)arg;
	check(f->effect != ACT_DROP);
}

static void check_left(size_t which, struct span in)
{
	const struct plan *plan = rules_plan(set[which].rules);
	struct env env = rules_env(NULL);
	struct buf out, again;
	struct proto *p;

	if (which != DROP && which != ALLOW && which != DEEP)
		return;
	buf_init(&out, OUT_MAX_BYTES);
	buf_init(&again, OUT_MAX_BYTES);
	if (scrub(plan, in, in.n, &out) == 0) {
		env.report = on_report;
		p = make(plan, &env);
		check(proto_feed(p, buf_span(&out), true, &again) == 0);
		proto_free(p);
	}
	buf_fini(&out);
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kind = n > 0 ? p[0] / SETS % KINDS : ALONE;
	check_scrubber(scrub, set, SETS, GROWTH, true, p, n);
	if (n > 2)
		check_left(p[0] % SETS, span_of((const char *)p + 2, n - 2));
	return 0;
}
