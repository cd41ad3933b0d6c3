/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_head - the first byte picks the lines, the rest from the third on is the
 * head of a request. What goes on is read again the same way; nothing is left for
 * drop and set to find, in header fields, cookies, query and path. */
#include "base/arena.h"
#include "fuzz/scrubber.h"
#include "http/h1.h"
#include "http/head.h"

#define GROWTH 64 /* bytes out for a byte in, at most */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct fuzz_set set[] = {
	{ "header x-a -> drop\nheader User-Agent -> set:x", true, NULL },
	{ "header Accept -> keep\nheader * -> drop", true, NULL },
	{ "cookie a -> drop\ncookie b* -> set:xy", true, NULL },
	{ "cookie a -> keep\ncookie * -> drop", true, NULL },
	{ "query a -> drop\nquery b* -> set:x y", true, NULL },
	{ "query a -> keep\nquery * -> drop", true, NULL },
	{ "path 3 -> set:y z", true, NULL },
	{ "header x-a -> alias\ncookie a -> mask\nquery a -> coarsen:1h\n"
	  "path after:j -> drop\npath 2 -> alias",
	    false, NULL },
	{ "header x-a > json $.a -> drop\ncookie a > base64 > json $.a -> mask\n"
	  "query a > base64url > gzip > json $.a -> drop\n"
	  "query b > form a -> drop\nheader x-b > jwt > json $.a -> drop",
	    false, NULL },
};

static int feed(const struct plan *plan, const struct env *env, struct span in,
    size_t cut, size_t step, struct buf *out)
{
	struct arena *a = arena_new(1u << 22);
	struct msg m;
	enum h1_fault fault;
	int r = h1_read_request(in, &m, &fault) > 0 ? 0 : -1;

	(void)cut;
	(void)step;
	buf_reset(out);
	if (r == 0) {
		head_hop(&m);
		r = head_request(&m, plan, env, a);
	}
	m.keep_alive = true; /* as for a server: no field is added */
	if (r == 0)
		r = h1_write_head(&m, out);
	arena_free(a);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check_scrubber(
	    feed, set, sizeof set / sizeof *set, GROWTH, false, p, n);
	return 0;
}
