/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_h1 - the first byte picks request, or an answer to GET, HEAD, CONNECT;
 * the second the cut; the rest is the message. Properties: reading.h. */
#include <stdio.h>
#include <stdlib.h>

#include "unit/http/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const asked[] = { NULL, "GET", "HEAD", "CONNECT" };
	static struct readings readings;
	static bool ready;
	const char *method, *wrong;
	struct span in;

	if (!ready)
		readings_init(&readings);
	ready = true;
	if (n < 2)
		return 0;
	method = asked[p[0] % 4];
	in = span_of((const char *)p + 2, n - 2);
	readings_check(
	    &readings, method == NULL, span_str(method), in, p[1], &wrong);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	return 0;
}
