/* SPDX-License-Identifier: EUPL-1.2 */
/* addr - numeric addresses, networks and ports as texts. Names are never looked
 * up here. */
#ifndef CONF_ADDR_H
#define CONF_ADDR_H

#include "conf/conf.h"

#define ADDR_NET_EXPECTED \
	"expected an address with its prefix length, as in 192.0.2.0/24 or " \
	"2001:db8::/32, without bits behind the prefix"
#define ADDR_PORT_EXPECTED \
	"expected ADDRESS:PORT, as in 127.0.0.1:3128 or [::1]:3128"

/* "192.0.2.0/24", "2001:db8::/32", or one address. level becomes 0. IPv4-mapped
 * networks become IPv4. 0 or -EINVAL. */
int addr_net(struct span text, struct conf_net *ret_net);

/* "127.0.0.1:3128", "[::1]:3128": is it one, with a port from 1 to 65535? */
bool addr_is_port(struct span text);
/* An address without a port, IPv6 without brackets. */
bool addr_is_plain(struct span text);

/* Is from in net? IPv4-mapped IPv6 addresses count as IPv4. */
bool addr_in(const struct conf_net *net, const struct sockaddr *from);

#endif
