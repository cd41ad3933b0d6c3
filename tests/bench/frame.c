/* SPDX-License-Identifier: EUPL-1.2 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

int frame_read(const uint8_t *p, size_t n, struct frame *ret_frame)
{
	size_t at = 2, len;

	if (n < 2)
		return 0;
	if ((p[0] & 0x70) != 0)
		return -1;
	*ret_frame = (struct frame){ .fin = (p[0] & 0x80) != 0,
		.opcode = p[0] & 0x0f,
		.masked = (p[1] & 0x80) != 0 };
	len = p[1] & 0x7f;
	if (len == 127)
		return -1;
	if (len == 126) {
		if (n < 4)
			return 0;
		len = (size_t)p[2] << 8 | p[3];
		at = 4;
	}
	if (ret_frame->masked) {
		if (n < at + 4)
			return 0;
		memcpy(ret_frame->mask, p + at, 4);
		at += 4;
	}
	ret_frame->n = len;
	return (int)at;
}

size_t frame_write(
    uint8_t out[FRAME_HEAD_MAX], unsigned opcode, const uint8_t *mask, size_t n)
{
	size_t at = 2;

	if (n > UINT16_MAX)
		abort();
	out[0] = (uint8_t)(0x80 | opcode);
	out[1] = mask != NULL ? 0x80 : 0;
	if (n < 126) {
		out[1] |= (uint8_t)n;
	} else {
		out[1] |= 126;
		out[2] = (uint8_t)(n >> 8);
		out[3] = (uint8_t)n;
		at = 4;
	}
	if (mask != NULL) {
		memcpy(out + at, mask, 4);
		at += 4;
	}
	return at;
}

void frame_mask(uint8_t *p, size_t n, const uint8_t mask[4])
{
	for (size_t i = 0; i < n; i++)
		p[i] ^= mask[i & 3];
}

void frame_accept(const char *key, size_t n, char out[FRAME_ACCEPT_BYTES])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned nhash = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md == NULL || EVP_DigestInit(md, EVP_sha1()) != 1 ||
	    EVP_DigestUpdate(md, key, n) != 1 ||
	    EVP_DigestUpdate(md, guid, sizeof guid - 1) != 1 ||
	    EVP_DigestFinal(md, hash, &nhash) != 1)
		abort();
	EVP_MD_CTX_free(md);
	EVP_EncodeBlock((uint8_t *)out, hash, (int)nhash);
}
