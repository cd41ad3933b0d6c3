/* SPDX-License-Identifier: EUPL-1.2 */
#include "tls/ff1.h"

#include <errno.h>
#include <string.h>

#define ROUNDS 10
#define ROWS_MIN 1000000u
#define HALF_MAX (FF1_DIGITS_MAX / 2)
/* 512 digits of base 36 are 2648 bits. */
#define NUM_BYTES_MAX 331
#define LIMBS_MAX ((NUM_BYTES_MAX + 4 + 7) / 4 + 1)
#define Q_MAX (FF1_TWEAK_MAX + BLOCK_BYTES + NUM_BYTES_MAX + BLOCK_BYTES)

/* A natural number, least limb first. */
struct num {
	uint32_t limb[LIMBS_MAX];
	size_t n;
};

struct run {
	const struct block *block;
	unsigned radix;
	size_t u, v;    /* digits of the left and the right half */
	size_t b, d;    /* bytes of a half as a number; of y */
	size_t chunk;   /* digits that fit into 32 bits together */
	uint64_t power; /* radix to the chunk */
	unsigned char p[BLOCK_BYTES]; /* the block P, already encrypted */
	unsigned char q[Q_MAX];       /* tweak, zeros, round, number */
	size_t q_bytes, fixed;        /* of q; of q before the round */
};

static uint64_t power_of(unsigned radix, size_t n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= radix;
	return v;
}

/* x * power + add */
static void scale(struct num *x, uint64_t power, uint64_t add)
{
	for (size_t i = 0; i < x->n; i++) {
		add += x->limb[i] * power;
		x->limb[i] = (uint32_t)add;
		add >>= 32;
	}
	if (add > 0)
		x->limb[x->n++] = (uint32_t)add;
}

/* NUM_radix of n digits, the first one most significant. */
static void read_digits(
    const struct run *r, const unsigned char *digit, size_t n, struct num *x)
{
	size_t part = n % r->chunk;

	x->n = 0;
	while (n > 0) {
		uint64_t v = 0;

		if (part == 0)
			part = r->chunk;
		for (size_t i = 0; i < part; i++)
			v = v * r->radix + *digit++;
		scale(x, power_of(r->radix, part), v);
		n -= part;
		part = r->chunk;
	}
}

static void read_bytes(const unsigned char *p, size_t n, struct num *x)
{
	x->n = (n + 3) / 4;
	memset(x->limb, 0, x->n * sizeof *x->limb);
	for (size_t i = 0; i < n; i++)
		x->limb[i / 4] |= (uint32_t)p[n - 1 - i] << 8 * (i % 4);
}

static void write_bytes(const struct num *x, unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t limb = i / 4 < x->n ? x->limb[i / 4] : 0;

		p[n - 1 - i] = (unsigned char)(limb >> 8 * (i % 4) & 0xff);
	}
}

/* x / by stays in x, the remainder is returned. */
static uint32_t divide(struct num *x, uint64_t by)
{
	uint64_t rest = 0;

	for (size_t i = x->n; i-- > 0;) {
		rest = rest << 32 | x->limb[i];
		x->limb[i] = (uint32_t)(rest / by);
		rest %= by;
	}
	while (x->n > 0 && x->limb[x->n - 1] == 0)
		x->n--;
	return (uint32_t)rest;
}

/* The m last digits of x: x mod radix^m. */
static void write_digits(
    const struct run *r, struct num *x, unsigned char *digit, size_t m)
{
	while (m > 0) {
		uint32_t rest = divide(x, r->power);

		for (size_t i = 0; i < r->chunk && m > 0; i++) {
			digit[--m] = (unsigned char)(rest % r->radix);
			rest /= r->radix;
		}
	}
}

/* Bytes of the greatest number with n digits. */
static size_t bytes_of(const struct run *r, size_t n)
{
	unsigned char most[HALF_MAX];
	struct num x;
	size_t bytes;

	memset(most, (int)(r->radix - 1), n);
	read_digits(r, most, n, &x);
	bytes = x.n * 4;
	for (uint32_t top = x.limb[x.n - 1]; top >> 24 == 0; top <<= 8)
		bytes--;
	return bytes;
}

static void put_u32(unsigned char *p, size_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[3 - i] = (unsigned char)(v >> 8 * i);
}

/* Steps 1 to 5, what is the same in all rounds. */
static int begin(struct run *r, const struct block *block, unsigned radix,
    struct span tweak, size_t n)
{
	size_t pad;

	r->block = block;
	r->radix = radix;
	r->u = n / 2;
	r->v = n - r->u;
	r->chunk = 1;
	r->power = radix;
	while (r->power * radix <= UINT32_MAX) {
		r->power *= radix;
		r->chunk++;
	}
	r->b = bytes_of(r, r->v);
	r->d = 4 * ((r->b + 3) / 4) + 4;
	memcpy(r->p, "\1\2\1\0\0\0\12", 7);
	r->p[5] = (unsigned char)radix; /* the other two of its bytes are 0 */
	r->p[7] = (unsigned char)r->u;
	put_u32(r->p + 8, n);
	put_u32(r->p + 12, tweak.n);
	pad = (BLOCK_BYTES - (tweak.n + r->b + 1) % BLOCK_BYTES) % BLOCK_BYTES;
	if (tweak.n > 0)
		memcpy(r->q, tweak.p, tweak.n);
	memset(r->q + tweak.n, 0, pad);
	r->fixed = tweak.n + pad;
	r->q_bytes = r->fixed + 1 + r->b;
	return block_run(block, r->p, r->p, 1);
}

/* Steps 6.i to 6.iii: y from round i and one half. */
static int prf(struct run *r, unsigned i, const unsigned char *half, size_t n,
    struct num *ret_y)
{
	unsigned char s[BLOCK_BYTES * (NUM_BYTES_MAX / BLOCK_BYTES + 3)];
	size_t blocks = (r->d + BLOCK_BYTES - 1) / BLOCK_BYTES;
	int err = 0;

	read_digits(r, half, n, ret_y);
	r->q[r->fixed] = (unsigned char)i;
	write_bytes(ret_y, r->q + r->fixed + 1, r->b);
	memcpy(s, r->p, BLOCK_BYTES);
	for (size_t at = 0; at < r->q_bytes && err == 0; at += BLOCK_BYTES) {
		for (size_t k = 0; k < BLOCK_BYTES; k++)
			s[k] ^= r->q[at + k];
		err = block_run(r->block, s, s, 1);
	}
	for (size_t j = 1; j < blocks; j++) {
		unsigned char *next = s + j * BLOCK_BYTES;

		memcpy(next, s, BLOCK_BYTES);
		for (size_t k = 0; k < 4; k++)
			next[15 - k] ^= (unsigned char)(j >> 8 * k);
	}
	if (err == 0 && blocks > 1)
		err = block_run(
		    r->block, s + BLOCK_BYTES, s + BLOCK_BYTES, blocks - 1);
	read_bytes(s, r->d, ret_y);
	return err;
}

/* a + y or a - y, mod radix^m. */
static void combine(
    const struct run *r, unsigned char *a, struct num *y, size_t m, bool minus)
{
	unsigned char digit[HALF_MAX];
	unsigned carry = 0;

	write_digits(r, y, digit, m);
	while (m-- > 0) {
		unsigned v = minus ? a[m] + r->radix - digit[m] - carry
		                   : a[m] + digit[m] + carry;

		carry = (v >= r->radix) != minus;
		a[m] = (unsigned char)(v % r->radix);
	}
}

static int check(
    unsigned radix, struct span tweak, const unsigned char *digit, size_t n)
{
	uint64_t rows = 1;

	if (radix < 2 || radix > FF1_RADIX_MAX || tweak.n > FF1_TWEAK_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n && rows < ROWS_MIN; i++)
		rows *= radix;
	if (n < 2 || n > FF1_DIGITS_MAX || rows < ROWS_MIN)
		return -ERANGE;
	for (size_t i = 0; i < n; i++)
		if (digit[i] >= radix)
			return -EINVAL;
	return 0;
}

/* The halves stay where they are; which of them is changed takes turns. With
 * an odd n the left one is the shorter. */
static int turn(const struct block *b, unsigned radix, struct span tweak,
    unsigned char *digit, size_t n, bool back)
{
	struct run r;
	struct num y;
	int err = check(radix, tweak, digit, n);

	if (err == 0)
		err = begin(&r, b, radix, tweak, n);
	for (unsigned k = 0; k < ROUNDS && err == 0; k++) {
		unsigned i = back ? ROUNDS - 1 - k : k;
		bool left = i % 2 == 0;

		err = left ? prf(&r, i, digit + r.u, r.v, &y)
		           : prf(&r, i, digit, r.u, &y);
		if (err == 0)
			combine(&r, left ? digit : digit + r.u, &y,
			    left ? r.u : r.v, back);
	}
	return err;
}

int ff1_encrypt(const struct block *b, unsigned radix, struct span tweak,
    unsigned char *digit, size_t n)
{
	return turn(b, radix, tweak, digit, n, false);
}

int ff1_decrypt(const struct block *b, unsigned radix, struct span tweak,
    unsigned char *digit, size_t n)
{
	return turn(b, radix, tweak, digit, n, true);
}
