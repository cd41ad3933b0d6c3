/* SPDX-License-Identifier: EUPL-1.2 */
/* ff1 against the sample vectors of NIST SP 800-38G, and as a permutation. */
#include <errno.h>
#include <stdio.h>

#include "base/rnd.h"
#include "lib/tap.h"
#include "tls/ff1.h"
#include "unit/tls/bytes.h"

#define KEY16 "2B7E151628AED2A6ABF7158809CF4F3C"
#define KEY24 KEY16 "EF4359D8D580AA4F"
#define KEY32 KEY24 "7F036D6F04FC6A94"
#define TWEAK10 "39383736353433323130"
#define TWEAK36 "3737373770717273373737"

static const struct {
	const char *name, *key, *tweak;
	unsigned radix;
	const char *plain, *cipher;
} row[] = {
	{ "1", KEY16, "", 10, "0123456789", "2433477484" },
	{ "2", KEY16, TWEAK10, 10, "0123456789", "6124200773" },
	{ "3", KEY16, TWEAK36, 36, "0123456789abcdefghi",
	    "a9tv40mll9kdu509eum" },
	{ "4", KEY24, "", 10, "0123456789", "2830668132" },
	{ "5", KEY24, TWEAK10, 10, "0123456789", "2496655549" },
	{ "6", KEY24, TWEAK36, 36, "0123456789abcdefghi",
	    "xbj3kv35jrawxv32ysr" },
	{ "7", KEY32, "", 10, "0123456789", "6657667009" },
	{ "8", KEY32, TWEAK10, 10, "0123456789", "1001623463" },
	{ "9", KEY32, TWEAK36, 36, "0123456789abcdefghi",
	    "xs8a0azh2avyalyzuwd" },
};

static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void test_samples(void)
{
	unsigned char key[32], tweak[16], digit[64];
	char text[64];
	struct block b;

	tap_int(block_init(&b), 0, "memory");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span k = bytes_of(row[i].key, key),
		            t = bytes_of(row[i].tweak, tweak),
		            plain = span_str(row[i].plain);

		for (size_t j = 0; j < plain.n; j++)
			digit[j] = (unsigned char)span_chr(
			    span_str(alphabet), plain.p[j]);
		tap_int(block_key(&b, key, k.n), 0, "key of %zu bytes", k.n);
		tap_int(ff1_encrypt(&b, row[i].radix, t, digit, plain.n), 0,
		    "sample %s", row[i].name);
		for (size_t j = 0; j < plain.n; j++)
			text[j] = alphabet[digit[j]];
		tap_span(span_of(text, plain.n), span_str(row[i].cipher),
		    "sample %s: there", row[i].name);
		tap_int(ff1_decrypt(&b, row[i].radix, t, digit, plain.n), 0,
		    "sample %s", row[i].name);
		for (size_t j = 0; j < plain.n; j++)
			text[j] = alphabet[digit[j]];
		tap_span(span_of(text, plain.n), plain, "sample %s: and back",
		    row[i].name);
	}
	block_fini(&b);
}

/* Every base and length comes back, and is not what it was. */
static void test_lengths(void)
{
	static const size_t length[] = { 20, 21, 28, 30, 56, 57, 63, 64, 100,
		511, 1023, 1024 };
	unsigned char was[FF1_DIGITS_MAX], now[FF1_DIGITS_MAX];
	struct span tweak = SPAN("tweak");
	unsigned char key[32];
	struct block b;

	rnd_seed(38);
	rnd_bytes(key, sizeof key);
	block_init(&b);
	block_key(&b, key, sizeof key);
	for (unsigned radix = 2; radix <= FF1_RADIX_MAX; radix++) {
		bool good = true, moved = true;

		for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
			size_t n = length[i];

			for (size_t j = 0; j < n; j++)
				was[j] =
				    (unsigned char)(i % 3 == 2
				                        ? radix - 1
				                        : rnd_u64() % radix);
			memcpy(now, was, n);
			good &= ff1_encrypt(&b, radix, tweak, now, n) == 0;
			moved &= memcmp(now, was, n) != 0;
			for (size_t j = 0; j < n; j++)
				good &= now[j] < radix;
			good &= ff1_decrypt(&b, radix, tweak, now, n) == 0 &&
			        memcmp(now, was, n) == 0;
		}
		tap_ok(good && moved, "base %u, 12 lengths", radix);
	}
	block_fini(&b);
}

static void test_refused(void)
{
	static const struct {
		const char *name;
		unsigned radix;
		size_t n, tweak;
		unsigned char digit;
		int want;
	} no[] = {
		{ "five decimal digits", 10, 5, 0, 9, -ERANGE },
		{ "six", 10, 6, 0, 9, 0 },
		{ "four hex digits", 16, 4, 0, 15, -ERANGE },
		{ "five", 16, 5, 0, 15, 0 },
		{ "too many", 10, FF1_DIGITS_MAX + 1, 0, 0, -ERANGE },
		{ "none", 10, 0, 0, 0, -ERANGE },
		{ "base 1", 1, 20, 0, 0, -EINVAL },
		{ "base 37", 37, 20, 0, 0, -EINVAL },
		{ "a digit outside of the base", 10, 20, 0, 10, -EINVAL },
		{ "the longest tweak", 10, 20, FF1_TWEAK_MAX, 1, 0 },
		{ "a longer tweak", 10, 20, FF1_TWEAK_MAX + 1, 1, -EINVAL },
	};
	unsigned char digit[FF1_DIGITS_MAX + 1], key[32] = { 1 };
	char tweak[FF1_TWEAK_MAX + 1] = { 1 };
	struct block b;

	block_init(&b);
	tap_int(ff1_encrypt(&b, 10, SPAN_NONE, digit, 0), -ERANGE, "no key");
	memset(digit, 0, sizeof digit);
	tap_int(ff1_encrypt(&b, 10, SPAN_NONE, digit, 8), -EIO, "no key");
	tap_int(block_key(&b, key, 31), -EINVAL, "no such key");
	block_key(&b, key, sizeof key);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		memset(digit, no[i].digit, sizeof digit);
		tap_int(ff1_encrypt(&b, no[i].radix,
		            span_of(tweak, no[i].tweak), digit, no[i].n),
		    no[i].want, "%s", no[i].name);
	}
	block_fini(&b);
	block_fini(&b);
}

int main(void)
{
	test_samples();
	test_lengths();
	test_refused();
	return tap_done();
}
