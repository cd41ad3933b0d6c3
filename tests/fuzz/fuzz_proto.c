/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_proto - the first byte picks the lines and the framing, the second the
 * cut, the rest is the message. What scrubber.h says. */
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

FEED_BY(feed, proto, make(plan, env));

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	kind = n > 0 ? p[0] / SETS % KINDS : ALONE;
	check_scrubber(feed, set, SETS, GROWTH, true, p, n);
	return 0;
}
