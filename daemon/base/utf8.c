/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/utf8.h"

static bool step(struct utf8 *u, unsigned char c)
{
	if (u->left > 0) {
		if (c < u->low || c > u->high)
			return false;
		u->left--;
		u->low = 0x80;
		u->high = 0xbf;
		return true;
	}
	if (c < 0x80)
		return true;
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

bool utf8_feed(struct utf8 *u, struct span in)
{
	static const unsigned char none[4];

	return utf8_feed_masked(u, in, none, 0);
}

bool utf8_feed_masked(
    struct utf8 *u, struct span in, const unsigned char mask[4], size_t at)
{
	const unsigned char *p = (const unsigned char *)in.p;
	unsigned char turned[8];
	uint64_t eight, key;
	size_t i = 0;

	for (unsigned k = 0; k < 8; k++)
		turned[k] = mask[(at + k) & 3];
	memcpy(&key, turned, sizeof key);
	while (i < in.n) {
		/* Mostly ASCII: eight at a time. */
		while (u->left == 0 && in.n - i >= 8) {
			memcpy(&eight, p + i, sizeof eight);
			if ((i & 3) != 0 ||
			    ((eight ^ key) & 0x8080808080808080u) != 0)
				break;
			i += 8;
		}
		if (i < in.n && !step(u, p[i] ^ mask[(at + i) & 3]))
			return false;
		i++;
	}
	return true;
}
