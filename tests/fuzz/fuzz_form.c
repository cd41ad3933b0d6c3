/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_form - the first byte picks the lines, the second the cut, the rest is
 * the form. What is let through is the same at any cut, never much longer; read
 * again, nothing is left for drop and set to find. */
#include "body/form.h"
#include "fuzz/scrubber.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fuzz_set set[] = {
	{ "form a -> drop", true, NULL },
	{ "form a -> set:x y\nform b* -> drop", true, NULL },
	{ "form a -> keep\nform b -> keep\nform * -> drop", true, NULL },
	{ "form a -> mask\nform b -> alias\nform c -> coarsen:1h", false, NULL },
	{ "form a > json $.a -> drop\nform b > form a -> set:1\n"
	  "form c > base64 > json $.a -> mask\nform d > query a -> drop",
	    false, NULL },
	{ "header x -> drop", true, NULL },
};

FEED(form);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(
	    feed, set, sizeof set / sizeof *set, GROWTH, false, p, n);
	return 0;
}
