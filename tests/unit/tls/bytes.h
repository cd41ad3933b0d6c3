/* SPDX-License-Identifier: EUPL-1.2 */
/* bytes - hex text to bytes, for tables of vectors. */
#ifndef TESTS_UNIT_TLS_BYTES_H
#define TESTS_UNIT_TLS_BYTES_H

#include "base/span.h"

/* Into mem, which is large enough; blanks are skipped. */
static inline struct span bytes_of(const char *hex, unsigned char *mem)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		mem[n++] =
		    (unsigned char)(ascii_hex(hex[0]) << 4 | ascii_hex(hex[1]));
		hex++;
	}
	return span_of((char *)mem, n);
}

#endif
