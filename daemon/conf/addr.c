/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#define TEXT_MAX 64

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

/* inet_pton on a span. */
static int parse(struct span text, struct conf_net *ret_net)
{
	char mem[TEXT_MAX];

	if (text.n >= sizeof mem || memchr(text.p, '\0', text.n) != NULL)
		return -EINVAL;
	memcpy(mem, text.p, text.n);
	mem[text.n] = '\0';
	*ret_net = (struct conf_net){ .family = AF_INET, .bits = 32 };
	if (inet_pton(AF_INET, mem, ret_net->addr) == 1)
		return 0;
	*ret_net = (struct conf_net){ .family = AF_INET6, .bits = 128 };
	return inet_pton(AF_INET6, mem, ret_net->addr) == 1 ? 0 : -EINVAL;
}

/* Are all bits from number bits on zero? */
static bool ends_after(const struct conf_net *net)
{
	size_t n = net->family == AF_INET ? 4 : 16;

	for (size_t i = net->bits / 8u; i < n; i++) {
		unsigned keep = i == net->bits / 8u ? net->bits % 8u : 0;

		if ((net->addr[i] & (0xffu >> keep)) != 0)
			return false;
	}
	return true;
}

int addr_net(struct span text, struct conf_net *ret_net)
{
	size_t slash = span_chr(text, '/');
	uint64_t bits;

	if (text.n == 0 || parse(span_of(text.p, slash), ret_net) < 0)
		return -EINVAL;
	if (slash < text.n) {
		struct span number = span_from(text, slash + 1);

		if (span_u64(number, ret_net->bits, &bits) < 0 ||
		    number.n > 3)
			return -EINVAL;
		ret_net->bits = (uint8_t)bits;
	}
	if (ret_net->family == AF_INET6 && ret_net->bits >= 96 &&
	    memcmp(ret_net->addr, mapped, sizeof mapped) == 0) {
		memmove(ret_net->addr, ret_net->addr + 12, 4);
		memset(ret_net->addr + 4, 0, 12);
		ret_net->family = AF_INET;
		ret_net->bits = (uint8_t)(ret_net->bits - 96);
	}
	return ends_after(ret_net) ? 0 : -EINVAL;
}

bool addr_is_plain(struct span text)
{
	struct conf_net net;

	return text.n > 0 && parse(text, &net) == 0;
}

bool addr_is_port(struct span text)
{
	struct span host = text, port;
	struct conf_net net;
	sa_family_t family = AF_INET;
	uint64_t v;

	if (text.n > 0 && text.p[0] == '[') {
		port = span_from(text, 1);
		host = span_cut(&port, ']');
		if (port.n == 0 || port.p[0] != ':')
			return false;
		port = span_from(port, 1);
		family = AF_INET6;
	} else {
		port = text;
		host = span_cut(&port, ':');
	}
	return host.n > 0 && parse(host, &net) == 0 && net.family == family &&
	    port.n <= 5 && span_u64(port, 65535, &v) == 0 && v > 0;
}

static bool bits_eq(const unsigned char *a, const unsigned char *b, size_t bits)
{
	unsigned rest = bits % 8u;
	unsigned mask = 0xffu & ~(0xffu >> rest);

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

bool addr_in(const struct conf_net *net, const struct sockaddr *from)
{
	const unsigned char *addr;
	sa_family_t family = from->sa_family;

	if (family == AF_INET) {
		addr = (const unsigned char *)(const void *)
		    &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	} else if (family == AF_INET6) {
		addr = ((const struct sockaddr_in6 *)(const void *)from)
			   ->sin6_addr.s6_addr;
		if (memcmp(addr, mapped, sizeof mapped) == 0) {
			addr += 12;
			family = AF_INET;
		}
	} else {
		return false;
	}
	return family == net->family && bits_eq(addr, net->addr, net->bits);
}
