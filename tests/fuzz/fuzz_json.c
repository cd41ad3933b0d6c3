/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_json - the first byte picks the lines, the second the cut and, from 128
 * on, several documents; the rest is the text. What is let through is JSON
 * again, the same at any cut, never much longer; read again, nothing is left
 * for drop and set to find. */
#include "body/jsn.h"
#include "fuzz/scrubber.h"

#define GROWTH 32 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fuzz_set set[] = {
	{ "json $.a -> drop", true, NULL },
	{ "json $..a -> drop\njson $.b -> set:0\njson $..c.d -> drop", true,
	    NULL },
	{ "json $.a -> keep\njson $.b.c -> keep\njson $ -> drop", true, NULL },
	{ "json $..a -> keep\njson $.b -> set:x\njson $.* -> drop", true,
	    NULL },
	{ "json $[*].a -> set:\"\njson $[*] -> drop", true, NULL },
	{ "json $[1] -> drop\njson $..[0].a -> drop", false, NULL },
	{ "json $..a -> mask\njson $.b -> alias\njson $.c -> round:2", false,
	    NULL },
	{ "json $.a -> coarsen:1h\njson $..* -> mask", false, NULL },
	{ "json $.a > json $.b -> drop\njson $.b > base64 > json $.c -> drop\n"
	  "json $.c > form a -> set:1\njson $.d > query b -> drop\n"
	  "json $.e > json $..f -> mask",
	    false, NULL },
	{ "header x -> drop", true, NULL },
};

static bool several;

FEED_BY(feed, jsn, several ? jsn_new_lines(plan, env) : jsn_new(plan, env));

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	several = n > 1 && p[1] >= 128;
	check_scrubber(feed, set, sizeof set / sizeof *set, GROWTH, true, p, n);
	return 0;
}
