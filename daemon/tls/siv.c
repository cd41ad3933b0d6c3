/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/siv.h"

#include <errno.h>

#include "base/secret.h"

int siv_init(struct siv *s)
{
	int err = cmac_init(&s->mac);

	s->ctr = (struct block){ NULL, 0 };
	if (err == 0)
		err = block_init(&s->ctr);
	if (err < 0)
		siv_fini(s);
	return err;
}

void siv_fini(struct siv *s)
{
	cmac_fini(&s->mac);
	block_fini(&s->ctr);
}

int siv_key(struct siv *s, const unsigned char *key, size_t n)
{
	int err = cmac_key(&s->mac, key, n / 2);

	if (err == 0)
		err = block_key(&s->ctr, key + n / 2, n - n / 2);
	return err;
}

static void xor_block(unsigned char *a, const unsigned char *b)
{
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		a[i] ^= b[i];
}

/* S2V of RFC 5297, 2.4. */
static int make_tag(const struct siv *s, const struct span *ad, size_t nad,
    struct span in, unsigned char ret_tag[SIV_TAG_BYTES])
{
	static const char zero[BLOCK_BYTES];
	unsigned char d[BLOCK_BYTES], m[BLOCK_BYTES], t[SIV_TEXT_MAX];
	size_t n = in.n;
	int err = cmac_run(&s->mac, span_of(zero, sizeof zero), d);

	for (size_t i = 0; i < nad && err == 0; i++) {
		err = cmac_run(&s->mac, ad[i], m);
		cmac_double(d);
		xor_block(d, m);
	}
	if (err < 0)
		return err;
	if (n > 0)
		memcpy(t, in.p, n);
	if (n < BLOCK_BYTES) {
		cmac_double(d);
		t[n] = 0x80;
		memset(t + n + 1, 0, BLOCK_BYTES - n - 1);
		n = BLOCK_BYTES;
	}
	xor_block(t + n - BLOCK_BYTES, d);
	return cmac_run(&s->mac, span_of((char *)t, n), ret_tag);
}

static void count_up(unsigned char q[BLOCK_BYTES])
{
	for (size_t i = BLOCK_BYTES; i-- > 0;)
		if (++q[i] != 0)
			break;
}

/* CTR from the tag, with two of its bits cleared (RFC 5297, 2.5). */
static int mix(const struct siv *s, const unsigned char tag[SIV_TAG_BYTES],
    struct span in, unsigned char *ret_out)
{
	unsigned char q[BLOCK_BYTES], stream[SIV_TEXT_MAX + BLOCK_BYTES];
	size_t blocks = (in.n + BLOCK_BYTES - 1) / BLOCK_BYTES;
	int err;

	memcpy(q, tag, sizeof q);
	q[8] &= 0x7f;
	q[12] &= 0x7f;
	for (size_t i = 0; i < blocks; i++) {
		memcpy(stream + i * BLOCK_BYTES, q, sizeof q);
		count_up(q);
	}
	err = block_run(&s->ctr, stream, stream, blocks);
	for (size_t i = 0; i < in.n && err == 0; i++)
		ret_out[i] = (unsigned char)in.p[i] ^ stream[i];
	return err;
}

int siv_seal(const struct siv *s, const struct span *ad, size_t nad,
    struct span in, unsigned char *ret_out)
{
	int err;

	if (in.n > SIV_TEXT_MAX)
		return -E2BIG;
	err = make_tag(s, ad, nad, in, ret_out);
	return err == 0 ? mix(s, ret_out, in, ret_out + SIV_TAG_BYTES) : err;
}

int siv_open(const struct siv *s, const struct span *ad, size_t nad,
    struct span in, unsigned char *ret_out)
{
	const unsigned char *tag = (const unsigned char *)in.p;
	unsigned char again[SIV_TAG_BYTES];
	size_t n = in.n - SIV_TAG_BYTES;
	int err;

	if (in.n < SIV_TAG_BYTES)
		return -EBADMSG;
	if (n > SIV_TEXT_MAX)
		return -E2BIG;
	err = mix(s, tag, span_from(in, SIV_TAG_BYTES), ret_out);
	if (err == 0)
		err = make_tag(s, ad, nad, span_of((char *)ret_out, n), again);
	if (err == 0 && !secret_eq(again, tag, sizeof again))
		err = -EBADMSG;
	if (err < 0)
		secret_wipe(ret_out, n);
	return err;
}
