/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_leak - a mark that is put into any bytes, in any coding, is found there;
 * and where it was not put, it is not found. */
#include <stdlib.h>

#include "base/buf.h"
#include "ctl/canary.h"
#include "ctl/leak.h"

#define MARK "Kanari-q7zk4mwx9ptv"
#define TEXT_MAX_BYTES (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of((const char *)p, n), mark = SPAN(MARK), text;
	struct buf b;
	size_t at;

	if (n < 2 || n > TEXT_MAX_BYTES || leak_find(in, mark) != NULL)
		return 0;
	/* A canary's request between two halves of the input. */
	at = 2 + p[0] * (n - 2) / 256;
	buf_init(&b, 4 * TEXT_MAX_BYTES);
	buf_add(&b, in.p + 2, at - 2);
	buf_add_char(&b, '\n');
	check(canary_request((enum canary_carrier)(p[0] % CANARY_CARRIERS),
	          (enum canary_coding)(p[1] % CANARY_CODINGS), mark, &b) == 0);
	text = buf_span(&b);
	check(leak_find(text, mark) != NULL);
	check(leak_find(text, SPAN(MARK "-")) == NULL);
	buf_add_char(&b, '\n');
	buf_add_span(&b, span_from(in, at));
	check(leak_find(buf_span(&b), mark) != NULL);
	buf_fini(&b);
	return 0;
}
