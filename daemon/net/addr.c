/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

int addr_parse(struct span text, uint16_t port, struct addr *ret_addr)
{
	char name[INET6_ADDRSTRLEN];
	bool brackets =
	    text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']';

	if (brackets)
		text = span_of(text.p + 1, text.n - 2);
	if (text.n == 0 || text.n >= sizeof name ||
	    memchr(text.p, '\0', text.n) != NULL)
		return -EINVAL;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	*ret_addr = (struct addr){ .len = sizeof ret_addr->u.v4 };
	if (!brackets && inet_pton(AF_INET, name, &ret_addr->u.v4.sin_addr)) {
		ret_addr->u.v4.sin_family = AF_INET;
		ret_addr->u.v4.sin_port = htons(port);
		return 0;
	}
	*ret_addr = (struct addr){ .len = sizeof ret_addr->u.v6 };
	if (inet_pton(AF_INET6, name, &ret_addr->u.v6.sin6_addr) != 1)
		return -EINVAL;
	ret_addr->u.v6.sin6_family = AF_INET6;
	ret_addr->u.v6.sin6_port = htons(port);
	return 0;
}

int addr_parse_port(
    struct span text, uint16_t default_port, struct addr *ret_addr)
{
	size_t colon = text.n;
	uint64_t port = default_port;

	while (colon > 0 && ascii_digit(text.p[colon - 1]))
		colon--;
	/* "[::1]:80" and "1.2.3.4:80" have a port, "::1" does not. */
	if (colon > 0 && text.p[colon - 1] == ':' &&
	    (span_chr(text, ':') == colon - 1 ||
	        (colon > 1 && text.p[colon - 2] == ']'))) {
		if (span_u64(span_from(text, colon), UINT16_MAX, &port) < 0)
			return -EINVAL;
		text.n = colon - 1;
	} else if (default_port == 0) {
		return -EINVAL;
	}
	return addr_parse(text, (uint16_t)port, ret_addr);
}

int addr_copy(const struct sockaddr *from, uint16_t port, struct addr *ret_addr)
{
	*ret_addr = (struct addr){ .len = 0 };
	if (from->sa_family == AF_INET) {
		ret_addr->len = sizeof ret_addr->u.v4;
		memcpy(&ret_addr->u.v4, from, ret_addr->len);
		ret_addr->u.v4.sin_port = htons(port);
		return 0;
	}
	if (from->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	ret_addr->len = sizeof ret_addr->u.v6;
	memcpy(&ret_addr->u.v6, from, ret_addr->len);
	ret_addr->u.v6.sin6_port = htons(port);
	return 0;
}

struct net {
	unsigned char at[4]; /* the first bytes; more bits are never asked */
	unsigned char bits;
	enum addr_kind kind;
};

static const struct net nets4[] = {
	{ { 0, 0, 0, 0 }, 8, ADDR_NEVER },
	{ { 10, 0, 0, 0 }, 8, ADDR_PRIVATE },
	{ { 100, 64, 0, 0 }, 10, ADDR_PRIVATE },
	{ { 127, 0, 0, 0 }, 8, ADDR_PRIVATE },
	{ { 169, 254, 0, 0 }, 16, ADDR_PRIVATE },
	{ { 172, 16, 0, 0 }, 12, ADDR_PRIVATE },
	{ { 192, 0, 0, 0 }, 24, ADDR_PRIVATE },
	{ { 192, 0, 2, 0 }, 24, ADDR_PRIVATE },
	{ { 192, 168, 0, 0 }, 16, ADDR_PRIVATE },
	{ { 198, 18, 0, 0 }, 15, ADDR_PRIVATE },
	{ { 198, 51, 100, 0 }, 24, ADDR_PRIVATE },
	{ { 203, 0, 113, 0 }, 24, ADDR_PRIVATE },
	{ { 224, 0, 0, 0 }, 4, ADDR_NEVER },
	{ { 255, 255, 255, 255 }, 32, ADDR_NEVER },
	{ { 240, 0, 0, 0 }, 4, ADDR_PRIVATE },
};

static const struct net nets6[] = {
	{ { 0xff, 0, 0, 0 }, 8, ADDR_NEVER },
	{ { 0xfe, 0x80, 0, 0 }, 10, ADDR_PRIVATE },
	{ { 0xfe, 0xc0, 0, 0 }, 10, ADDR_PRIVATE },
	{ { 0xfc, 0, 0, 0 }, 7, ADDR_PRIVATE },
	{ { 0x01, 0, 0, 0 }, 8, ADDR_PRIVATE }, /* 100::/64 and neighbours */
	{ { 0x20, 0x01, 0x00, 0x00 }, 23, ADDR_PRIVATE },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDR_PRIVATE },
	{ { 0x3f, 0xff, 0x00, 0x00 }, 20, ADDR_PRIVATE },
};

static bool inside(const struct net *n, const unsigned char *a)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	return memcmp(n->at, a, whole) == 0 &&
	       (rest == 0 || (n->at[whole] ^ a[whole]) >> (8 - rest) == 0);
}

static enum addr_kind kind4(const unsigned char *a)
{
	for (size_t i = 0; i < COUNT(nets4); i++)
		if (inside(&nets4[i], a))
			return nets4[i].kind;
	return ADDR_PUBLIC;
}

static enum addr_kind kind6(const unsigned char *a)
{
	static const unsigned char zero[16] = { 0 };
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const unsigned char sixtofour[2] = { 0x20, 0x02 };

	if (memcmp(a, zero, 16) == 0)
		return ADDR_NEVER;
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return kind4(a + 12);
	if (memcmp(a, sixtofour, 2) == 0)
		return kind4(a + 2);
	if (a[0] == 0) /* ::1, old forms with IPv4 inside, local NAT64 */
		return ADDR_PRIVATE;
	for (size_t i = 0; i < COUNT(nets6); i++)
		if (inside(&nets6[i], a))
			return nets6[i].kind;
	return ADDR_PUBLIC;
}

enum addr_kind addr_kind(const struct addr *a)
{
	if (a->u.any.sa_family == AF_INET)
		return kind4((const unsigned char *)&a->u.v4.sin_addr);
	return kind6((const unsigned char *)&a->u.v6.sin6_addr);
}
