/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

#include "base/rnd.h"

#define HASH_FIRST_SLOTS 16

struct entry {
	struct entry *next;
	uint64_t sum;
	struct span key;
	void *value;
};

struct hash {
	struct entry **slot;
	size_t slots; /* a power of two */
	size_t count, max;
};

static unsigned char process_key[16];
static bool seeded;

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static uint64_t load64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
	v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t hash_sip(const unsigned char key[16], const void *p, size_t n)
{
	const unsigned char *in = p;
	uint64_t k0 = load64(key), k1 = load64(key + 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)n << 56;

	for (; n >= 8; in += 8, n -= 8)
		sip_word(v, load64(in));
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)in[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_seed(const unsigned char key[16])
{
	memcpy(process_key, key, sizeof process_key);
	seeded = true;
}

uint64_t hash_span(struct span s)
{
	if (!seeded) {
		rnd_bytes(process_key, sizeof process_key);
		seeded = true;
	}
	return hash_sip(process_key, s.p, s.n);
}

uint64_t hash_span_nocase(struct span s)
{
	char low[64];
	uint64_t sum = s.n;

	if (s.n <= sizeof low) {
		for (size_t i = 0; i < s.n; i++)
			low[i] = ascii_lower(s.p[i]);
		return hash_span(span_of(low, s.n));
	}
	for (size_t at = 0; at < s.n; at += sizeof low) {
		struct span part = span_from(s, at);

		part.n = part.n < sizeof low ? part.n : sizeof low;
		sum = rotl(sum, 7) ^ hash_span_nocase(part);
	}
	return sum;
}

struct hash *hash_new(size_t max)
{
	struct hash *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->max = max;
	h->slots = HASH_FIRST_SLOTS;
	h->slot = calloc(h->slots, sizeof *h->slot);
	if (h->slot == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void hash_free(struct hash *h)
{
	struct entry *next;

	if (h == NULL)
		return;
	for (size_t i = 0; i < h->slots; i++)
		for (struct entry *e = h->slot[i]; e != NULL; e = next) {
			next = e->next;
			free(e);
		}
	free(h->slot);
	free(h);
}

static struct entry **find(const struct hash *h, struct span key, uint64_t sum)
{
	struct entry **at = &h->slot[sum & (h->slots - 1)];

	while (*at != NULL && ((*at)->sum != sum || !span_eq((*at)->key, key)))
		at = &(*at)->next;
	return at;
}

void *hash_get(const struct hash *h, struct span key)
{
	struct entry *e = *find(h, key, hash_span(key));

	return e != NULL ? e->value : NULL;
}

static void widen(struct hash *h)
{
	size_t slots = h->slots * 2;
	struct entry **slot = calloc(slots, sizeof *slot), *next;

	if (slot == NULL)
		return; /* slower, not wrong */
	for (size_t i = 0; i < h->slots; i++)
		for (struct entry *e = h->slot[i]; e != NULL; e = next) {
			next = e->next;
			e->next = slot[e->sum & (slots - 1)];
			slot[e->sum & (slots - 1)] = e;
		}
	free(h->slot);
	h->slot = slot;
	h->slots = slots;
}

int hash_put(struct hash *h, struct span key, void *value)
{
	uint64_t sum = hash_span(key);
	struct entry *e;

	if (*find(h, key, sum) != NULL)
		return -EEXIST;
	if (h->count >= h->max)
		return -ENOBUFS;
	if ((e = malloc(sizeof *e)) == NULL)
		return -ENOMEM;
	if (h->count >= h->slots)
		widen(h);
	*e = (struct entry){ .sum = sum, .key = key, .value = value };
	e->next = h->slot[sum & (h->slots - 1)];
	h->slot[sum & (h->slots - 1)] = e;
	h->count++;
	return 0;
}

void *hash_del(struct hash *h, struct span key)
{
	struct entry **at = find(h, key, hash_span(key)), *e = *at;
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	*at = e->next;
	free(e);
	h->count--;
	return value;
}

size_t hash_count(const struct hash *h)
{
	return h->count;
}

int hash_each(const struct hash *h, hash_each_f *fn, void *arg)
{
	int r = 0;

	for (size_t i = 0; i < h->slots && r == 0; i++)
		for (struct entry *e = h->slot[i]; e != NULL && r == 0;
		     e = e->next)
			r = fn(e->key, e->value, arg);
	return r;
}
