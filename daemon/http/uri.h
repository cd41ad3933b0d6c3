/* SPDX-License-Identifier: EUPL-1.2 */
/* uri - the parts of RFC 3986 a gateway needs. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/span.h"

#define URI_HOST_MAX 253

struct buf;

/* host[:port] (RFC 3986, 3.2 without userinfo; RFC 9110, 7.2). Host: reg-name
 * of letters, digits, '-', '_' and '.', an IPv4 address, or "[IPv6]" (returned
 * with its brackets). Refused: a final dot, an empty host or label, a label
 * over 63 bytes, a name whose last label is a number without being an IPv4
 * address in dotted decimal without leading zeros, a zone, an empty or
 * non-decimal port, port 0 and leading zeros in the port. *ret_port is
 * default_port when none is given. 0 or -EINVAL. */
int uri_authority(struct span text, uint16_t default_port,
    struct span *ret_host, uint16_t *ret_port);

/* Lower-case copy of host into low; -EINVAL when longer than URI_HOST_MAX. */
int uri_host_lower(
    struct span host, char low[URI_HOST_MAX + 1], struct span *ret_host);

/* "https://host[:port]/path?query": splits; path keeps its query, is "/" when
 * empty (a query without a path is refused). scheme is http, https, ws or wss
 * in any case, given as written. No fragment, no userinfo, visible ASCII only.
 * 0 or -EINVAL. */
struct uri {
	struct span scheme, host, path; /* path with query */
	uint16_t port;
};
int uri_parse(struct span text, struct uri *ret_uri);

/* Split path and query at the first '?'. */
void uri_split(struct span path, struct span *ret_path, struct span *ret_query);

/* Percent-decode (plus: '+' is a space); -EINVAL on a bad escape (then nothing
 * is added), or the error of out. */
int uri_decode(struct span text, bool plus, struct buf *out);
/* Percent-encode all but unreserved characters (plus: a space becomes '+'). */
int uri_encode(struct span text, bool plus, struct buf *out);

#endif
