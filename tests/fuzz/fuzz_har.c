/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_har - whatever stands in a recording: each entry and message is read or
 * refused with a reason, and reading it again gives the same. */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "ctl/har.h"

#define MEMORY_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static void messages(const struct har *h, size_t i, size_t n, struct arena *a)
{
	char err[HAR_ERR_BYTES] = "";
	struct har_message m;

	for (size_t k = 0; k < n; k++)
		if (har_read_message(h, i, k, a, &m, err) == -EBADMSG)
			check(err[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char err[HAR_ERR_BYTES] = "";
	struct har *h = har_parse(span_of((const char *)p, n), err);
	struct arena *a = arena_new(MEMORY_BYTES);

	check(h != NULL || err[0] != '\0');
	for (size_t i = 0; h != NULL && i < har_count(h); i++) {
		struct har_entry e, again;
		int r;

		err[0] = '\0';
		r = har_read(h, i, a, &e, err);
		if (r == -EBADMSG)
			check(err[0] != '\0');
		if (r == 0) {
			check(e.request.method.n > 0 && e.request.url.n > 0);
			messages(h, i, e.messages, a);
			check(har_read(h, i, a, &again, err) != -EBADMSG);
		}
		arena_reset(a);
	}
	har_free(h);
	arena_free(a);
	return 0;
}
