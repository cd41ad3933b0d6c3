/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_hello - a hello is the same at any cut and with anything behind it, and
 * the same when its message comes in other records. */
#include <stdlib.h>

#include "base/buf.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The records of in, n bytes each. */
static void split_again(struct span in, size_t n, struct buf *out)
{
	struct buf message;

	buf_init(&message, HELLO_MAX_BYTES);
	while (in.n > 5) {
		size_t record = (size_t)((unsigned char)in.p[3] << 8 |
		                         (unsigned char)in.p[4]);

		buf_add(&message, in.p + 5, record);
		in = span_from(in, 5 + record);
	}
	while (buf_len(&message) > 0) {
		size_t some = buf_len(&message) < n ? buf_len(&message) : n;

		buf_add(out, "\x16\x03\x01", 3);
		buf_add_char(out, (char)(some >> 8));
		buf_add_char(out, (char)(some & 0xff));
		buf_add(out, buf_span(&message).p, some);
		buf_drain(&message, some);
	}
	buf_fini(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of((const char *)p, n);
	struct hello h, again;
	struct buf out;
	ptrdiff_t r = hello_parse(in, &h);

	hello_first(in);
	if (r <= 0) {
		/* What is refused or unfinished was no hello before. */
		for (size_t i = 1; i < 8; i++)
			check(hello_parse(span_of(in.p, n * i / 8), &h) <= 0);
		return 0;
	}
	check((size_t)r <= n && hello_first(in) == FIRST_TLS);
	check(h.sni_len <= HELLO_SNI_MAX && h.sni[h.sni_len] == '\0');
	in.n = (size_t)r;
	for (size_t i = 1; i < 8; i++)
		check(hello_parse(span_of(in.p, in.n * i / 8), &again) == 0);
	check(hello_parse(in, &again) == r);
	check(memcmp(&h, &again, sizeof h) == 0);
	buf_init(&out, 2 * HELLO_MAX_BYTES);
	split_again(in, HELLO_MAX_BYTES / HELLO_RECORDS_MAX, &out);
	check(hello_parse(buf_span(&out), &again) == (ptrdiff_t)buf_len(&out));
	check(memcmp(&h, &again, sizeof h) == 0);
	buf_fini(&out);
	return 0;
}
