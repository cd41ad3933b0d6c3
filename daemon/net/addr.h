/* SPDX-License-Identifier: EUPL-1.2 */
/* addr - socket addresses from text, and what kind of network they are in.
 * Sources: RFC 6890 and the IANA special-purpose registries. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/span.h"

struct addr {
	socklen_t len; /* of the member in use */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
};

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; nothing looser. 0 or -EINVAL.
 */
int addr_parse(struct span text, uint16_t port, struct addr *ret_addr);

/* The same with ":port" behind it; an IPv6 address then needs brackets. Without
 * a port default_port counts, unless that is 0. 0 or -EINVAL. */
int addr_parse_port(
    struct span text, uint16_t default_port, struct addr *ret_addr);

/* Copy an IPv4 or IPv6 address, with another port. 0 or -EAFNOSUPPORT. */
int addr_copy(
    const struct sockaddr *from, uint16_t port, struct addr *ret_addr);

enum addr_kind {
	ADDR_PUBLIC,
	ADDR_PRIVATE, /* loopback, link-local, private, shared, reserved */
	ADDR_NEVER    /* no host: unspecified, multicast, broadcast */
};
/* An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as itself. */
enum addr_kind addr_kind(const struct addr *a);

#endif
