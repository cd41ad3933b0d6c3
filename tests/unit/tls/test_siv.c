/* SPDX-License-Identifier: EUPL-1.2 */
/* siv against the vectors of RFC 5297 and against the mode in OpenSSL. */
#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "base/rnd.h"
#include "lib/tap.h"
#include "tls/siv.h"
#include "unit/tls/bytes.h"

#define AD_MAX 4

static const struct {
	const char *name, *key, *ad[AD_MAX], *plain, *out;
} row[] = {
	{ "RFC 5297, A.1",
	    "fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0"
	    "f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff",
	    { "10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627" },
	    "11223344 55667788 99aabbcc ddee",
	    "85632d07 c6e8f37f 950acd32 0a2ecc93"
	    "40c02b96 90c4dc04 daef7f6a fe5c" },
	{ "RFC 5297, A.2",
	    "7f7e7d7c 7b7a7978 77767574 73727170"
	    "40414243 44454647 48494a4b 4c4d4e4f",
	    { "00112233 44556677 8899aabb ccddeeff"
	      "deaddada deaddada ffeeddcc bbaa9988"
	      "77665544 33221100",
	        "10203040 50607080 90a0",
	        "09f91102 9d74e35b d84156c5 635688c0" },
	    "74686973 20697320 736f6d65 20706c61"
	    "696e7465 78742074 6f20656e 63727970"
	    "74207573 696e6720 5349562d 414553",
	    "7bdb6e3b 432667eb 06f4d14b ff2fbd0f"
	    "cb900f2f ddbe4043 26601965 c889bf17"
	    "dba77ceb 094fa663 b7a3f748 ba8af829"
	    "ea64ad54 4a272e9c 485b62a3 fd5c0d" },
};

static void test_rfc(void)
{
	unsigned char key[64], plain[64], want[80], out[80], back[64];
	unsigned char mem[AD_MAX][64];
	struct span ad[AD_MAX];
	struct siv s;

	tap_int(siv_init(&s), 0, "memory");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span k = bytes_of(row[i].key, key),
		            p = bytes_of(row[i].plain, plain),
		            w = bytes_of(row[i].out, want), o;
		size_t n = 0;

		for (; n < AD_MAX && row[i].ad[n] != NULL; n++)
			ad[n] = bytes_of(row[i].ad[n], mem[n]);
		tap_int(siv_key(&s, key, k.n), 0, "key");
		tap_int(siv_seal(&s, ad, n, p, out), 0, "%s", row[i].name);
		o = span_of((char *)out, p.n + SIV_TAG_BYTES);
		tap_span(o, w, "%s: there", row[i].name);
		tap_int(siv_open(&s, ad, n, o, back), 0, "%s", row[i].name);
		tap_span(
		    span_of((char *)back, p.n), p, "%s: and back", row[i].name);
		out[i] ^= 1;
		tap_int(siv_open(&s, ad, n, o, back), -EBADMSG, "another tag");
		out[i] ^= 1;
		out[o.n - 1] ^= 128;
		tap_int(siv_open(&s, ad, n, o, back), -EBADMSG, "another text");
		out[o.n - 1] ^= 128;
		tap_int(siv_open(&s, ad, n - 1, o, back), -EBADMSG,
		    "less beside it");
		tap_int(siv_open(&s, ad, n, span_of(o.p, 15), back), -EBADMSG,
		    "less than a tag");
	}
	siv_fini(&s);
	siv_fini(&s);
}

static bool seal_there(const char *cipher, const unsigned char *key,
    struct span ad, struct span in, unsigned char *out)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, cipher, NULL);
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	bool good;
	int n;

	good = EVP_EncryptInit_ex(x, c, NULL, key, NULL) == 1 &&
	       EVP_EncryptUpdate(
	           x, NULL, &n, (const unsigned char *)ad.p, (int)ad.n) == 1 &&
	       EVP_EncryptUpdate(x, out + SIV_TAG_BYTES, &n,
	           (const unsigned char *)in.p, (int)in.n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(
	           x, EVP_CTRL_AEAD_GET_TAG, SIV_TAG_BYTES, out) == 1;
	EVP_CIPHER_CTX_free(x);
	EVP_CIPHER_free(c);
	return good;
}

/* OpenSSL encrypts no empty text in this mode; so from 1 byte on. */
static void test_peer(void)
{
	static const struct {
		const char *cipher;
		size_t key;
	} kind[] = { { "AES-128-SIV", 32 }, { "AES-192-SIV", 48 },
		{ "AES-256-SIV", 64 } };
	unsigned char key[64], in[300], ad[40], a[320], b[320], back[300];
	struct siv s;

	rnd_seed(5297);
	siv_init(&s);
	for (size_t k = 0; k < 3; k++) {
		bool same = true, opens = true;

		for (size_t n = 1; n <= sizeof in; n++) {
			struct span p = span_of((char *)in, n),
			            d = span_of((char *)ad, 1 + n % 40);

			rnd_bytes(key, sizeof key);
			rnd_bytes(in, n);
			rnd_bytes(ad, sizeof ad);
			siv_key(&s, key, kind[k].key);
			same &= siv_seal(&s, &d, 1, p, a) == 0 &&
			        seal_there(kind[k].cipher, key, d, p, b) &&
			        memcmp(a, b, n + SIV_TAG_BYTES) == 0;
			opens &= siv_open(&s, &d, 1,
			             span_of((char *)a, n + SIV_TAG_BYTES),
			             back) == 0 &&
			         memcmp(back, in, n) == 0;
		}
		tap_ok(same, "%s: as OpenSSL has it", kind[k].cipher);
		tap_ok(opens, "%s: comes back", kind[k].cipher);
	}
	siv_fini(&s);
}

static void test_limits(void)
{
	static char in[SIV_TEXT_MAX + SIV_TAG_BYTES + 1];
	static unsigned char out[sizeof in], back[sizeof in];
	unsigned char key[64] = { 7 };
	struct siv s;

	siv_init(&s);
	tap_int(siv_seal(&s, NULL, 0, SPAN("x"), out), -EIO, "no key");
	tap_int(siv_key(&s, key, 33), -EINVAL, "no such key");
	siv_key(&s, key, sizeof key);
	tap_int(siv_seal(&s, NULL, 0, span_of(in, SIV_TEXT_MAX), out), 0,
	    "the longest text");
	tap_int(siv_open(&s, NULL, 0,
	            span_of((char *)out, SIV_TEXT_MAX + SIV_TAG_BYTES), back),
	    0, "comes back");
	tap_int(siv_seal(&s, NULL, 0, span_of(in, SIV_TEXT_MAX + 1), out),
	    -E2BIG, "a longer one");
	tap_int(siv_open(&s, NULL, 0, span_of(in, sizeof in), back), -E2BIG,
	    "a longer one");
	tap_int(siv_seal(&s, NULL, 0, SPAN_NONE, out), 0, "the empty text");
	tap_int(
	    siv_open(&s, NULL, 0, span_of((char *)out, SIV_TAG_BYTES), back), 0,
	    "comes back");
	siv_fini(&s);
}

/* RFC 4493, 4, the lengths around a block. */
static void test_cmac(void)
{
	static const struct {
		size_t n;
		const char *want;
	} mac[] = {
		{ 0, "bb1d6929e95937287fa37d129b756746" },
		{ 16, "070a16b46b4d4144f79bdd9dd04a287c" },
		{ 40, "dfa66747de9ae63030ca32611497c827" },
		{ 64, "51f0bebf7e3b9d92fc49741779363cfe" },
	};
	unsigned char key[16], text[64], out[16], want[16];
	struct cmac c;

	bytes_of("2b7e151628aed2a6abf7158809cf4f3c", key);
	bytes_of("6bc1bee22e409f96e93d7e117393172a"
	         "ae2d8a571e03ac9c9eb76fac45af8e51"
	         "30c81c46a35ce411e5fbc1191a0a52ef"
	         "f69f2445df4f9b17ad2b417be66c3710",
	    text);
	cmac_init(&c);
	cmac_key(&c, key, sizeof key);
	for (size_t i = 0; i < sizeof mac / sizeof *mac; i++) {
		tap_int(cmac_run(&c, span_of((char *)text, mac[i].n), out), 0,
		    "CMAC of %zu bytes", mac[i].n);
		tap_span(span_of((char *)out, 16), bytes_of(mac[i].want, want),
		    "RFC 4493, 4");
	}
	cmac_fini(&c);
}

int main(void)
{
	test_rfc();
	test_peer();
	test_limits();
	test_cmac();
	return tap_done();
}
