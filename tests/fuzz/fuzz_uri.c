/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_uri - whatever is taken is taken again when written from its parts, and
 * escapes come back as they went. */
#include <stdlib.h>

#include "base/buf.h"
#include "http/uri.h"

#define OUT_MAX_BYTES (1u << 22)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_authority(struct span in, struct buf *out)
{
	char low[URI_HOST_MAX + 1];
	struct span host, again, lower;
	uint16_t port, port_again;

	if (uri_authority(in, 443, &host, &port) < 0)
		return;
	check(host.n > 0 && port > 0);
	check(uri_host_lower(host, low, &lower) == 0);
	buf_reset(out);
	buf_addf(out, "%.*s:%u", SPAN_ARG(lower), port);
	check(uri_authority(buf_span(out), 1, &again, &port_again) == 0);
	check(port == port_again && span_eq(again, lower));
}

static void check_uri(struct span in, struct buf *out)
{
	struct uri u, again;

	if (uri_parse(in, &u) < 0)
		return;
	check(u.path.n > 0 && u.path.p[0] == '/' && u.port > 0);
	buf_reset(out);
	buf_addf(out, "%.*s://%.*s:%u%.*s", SPAN_ARG(u.scheme),
	    SPAN_ARG(u.host), u.port, SPAN_ARG(u.path));
	check(uri_parse(buf_span(out), &again) == 0);
	check(span_eq(u.host, again.host) && span_eq(u.path, again.path) &&
	      u.port == again.port);
}

static void check_escapes(struct span in, bool plus)
{
	struct buf code, plain;

	buf_init(&code, OUT_MAX_BYTES);
	buf_init(&plain, OUT_MAX_BYTES);
	if (uri_encode(in, plus, &code) == 0) {
		check(uri_decode(buf_span(&code), plus, &plain) == 0);
		check(span_eq(buf_span(&plain), in));
	}
	buf_reset(&plain);
	if (uri_decode(in, plus, &plain) == 0)
		check(buf_len(&plain) <= in.n);
	else
		check(buf_len(&plain) == 0);
	buf_fini(&code);
	buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = span_of((const char *)p, n), path, query;
	struct buf out;

	buf_init(&out, OUT_MAX_BYTES);
	check_authority(in, &out);
	check_uri(in, &out);
	check_escapes(in, false);
	check_escapes(in, true);
	uri_split(in, &path, &query);
	check(path.n + query.n == n || path.n + query.n + 1 == n);
	buf_fini(&out);
	return 0;
}
