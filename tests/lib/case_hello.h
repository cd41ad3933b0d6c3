/* SPDX-License-Identifier: EUPL-1.2 */
/* case_hello - a real ClientHello, as browsers send it. */
#ifndef TESTS_CASE_HELLO_H
#define TESTS_CASE_HELLO_H

#include "base/buf.h"

struct case_hello {
	struct span sni;  /* empty: no extension */
	size_t key_bytes; /* of the key share: 1216 is post-quantum */
	unsigned records; /* cut over so many records; 0 is 1 */
	bool h2;          /* offered beside http/1.1 */
};

void case_hello_write(const struct case_hello *h, struct buf *out);

#endif
