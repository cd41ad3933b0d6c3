/* SPDX-License-Identifier: EUPL-1.2 */
/* What must never leave is found however it is written, wherever the input is
 * cut; and the same as the slow way says. */
#include "engine/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/tap.h"
#include "unit/engine/guard_plain.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define TRIES 20000

static const struct {
	const char *name, *pattern, *in;
	bool exact, want;
} row[] = {
	{ "plain", "erika@amt.example", "x erika@amt.example y", false, true },
	{ "in capitals", "erika@amt.example", "ERIKA@Amt.Example", false,
	    true },
	{ "exact", "CanaryQ7", "xxCanaryQ7", true, true },
	{ "exact, other case", "CanaryQ7", "xxcanaryQ7", true, false },
	{ "a near miss", "erika@amt.example", "erika@amt.exampl", false,
	    false },
	{ "another near miss", "erika@amt.example", "erika@amt-example", false,
	    false },
	{ "after a broken begin", "aaab.intern", "aaaab.intern", false, true },
	{ "umlauts", "M\303\274ller", "Herr M\303\274LLER", false, true },
	{ "three letters", "abc", "abc", false, true },
	{ "three letters behind", "abc", "xxxxabc", false, true },
	{ "three letters coded", "abc", "%61b%63", false, true },
	{ "percent, some", "erika@amt.example", "erika%40amt.example", false,
	    true },
	{ "percent, all", "amt.example", "%61%6d%74%2E%65%78%61%6D%70%6c%65",
	    false, true },
	{ "percent, not quite", "amt.example", "amt%2Fexample", false, false },
	{ "percent twice", "amt.example", "amt%252Eexample", false, true },
	{ "percent thrice", "amt.example", "%2525252561mt.example", false,
	    true },
	{ "percent, capitals", "amt.example", "%41MT.example", false, true },
	{ "plus", "Erika Mustermann", "name=Erika+Mustermann&", false, true },
	{ "space coded", "Erika Mustermann", "Erika%20Mustermann", false,
	    true },
	{ "plus in a pattern", "a+b@amt.example", "a%2Bb%40amt.example", false,
	    true },
	{ "JSON, some", "amt.example", "amt\\u002eexample", false, true },
	{ "JSON, all", "abc.de", "\\u0061\\u0062\\u0063\\u002E\\u0064\\u0065",
	    false, true },
	{ "JSON, capitals", "abc.de", "\\u0041BC.DE", false, true },
	{ "JSON, solidus", "amt.example/a/b", "amt.example\\/a/b", false,
	    true },
	{ "JSON in JSON", "amt.example/a", "amt\\\\u002eexample\\\\\\/a", false,
	    true },
	{ "JSON, umlaut", "M\303\274ller", "M\\u00FCller", false, true },
	{ "JSON, a pair", "x \360\237\230\200 y", "x \\ud83D\\uDe00 y", false,
	    true },
	{ "JSON in percent", "amt.example", "amt%5Cu002eexample", false, true },
	{ "a backslash", "AMT\\erika", "AMT\\\\erika", false, true },
	{ "a share", "fs1.intern", "\\\\fs1.intern\\x", false, true },
	{ "a line end in JSON", "nas.intern", "x\\nas.intern", false, true },
	{ "behind a false escape", "deadbeef", "100%deadbeef", false, true },
	{ "behind two", "deadbeef", "%%deadbeef", false, true },
	{ "\\u that is none", "u12.intern", "\\u12.intern", false, true },
	{ "base64, 0", "erika@", "ZXJpa2FA", false, true },
	{ "base64, 1", "erika@", "eGVyaWthQHg=", false, true },
	{ "base64, 2", "erika@", "eHhlcmlrYUA=", false, true },
	{ "base64, not padded", "erika@", "eHhlcmlrYUA", false, true },
	{ "base64, capitals", "erika@", "RVJJS0FA", false, true },
	{ "base64, near miss", "erika@", "ZXJpa2FB", false, false },
	{ "base64url", "a\303\277\303\277\303\277b", "YcO_w7_Dv2I", false,
	    true },
	{ "base64, the other", "a\303\277\303\277\303\277b",
	    "YcO/w7/Dv2I=", false, true },
	{ "base64 in JSON", "a\303\277\303\277\303\277b",
	    "YcO\\/w7\\/Dv2I=", false, true },
	{ "base64 in percent", "a\303\277\303\277\303\277b",
	    "YcO%2fw7%2FDv2I%3D", false, true },
	{ "base64, exact", "Erika@", "RXJpa2FA", true, true },
	{ "base64, exact, not", "erika@", "RXJpa2FA", true, false },
	{ "base64, too short", "erika", "ZXJpa2E=", false, false },
	{ "nothing", "erika@", "", false, false },
};

static const struct {
	const char *text;
	int want;
} bad[] = {
	{ "abc", 0 },
	{ "ab", -EINVAL },
	{ "%61%62", -EINVAL },
	{ "50%", -EINVAL },
	{ "50%2", -EINVAL },
	{ "50%25", -EINVAL },
	{ "50%x", 0 },
	{ "amt\\", -EINVAL },
	{ "amt\\u00", -EINVAL },
	{ "amt\\ud800", -EINVAL },
	{ "amt\\user", 0 },
	{ "a\nb", -EINVAL },
	{ "ab%0a", -EINVAL },
	{ "M\303\274", 0 },
};

/* In pieces of size, the first of first bytes; each in memory of its own. */
static int feed(const struct guard *g, struct span in, size_t first,
    size_t size, int32_t *ret_hit)
{
	struct guard_scan s;
	int r = 0;

	guard_init(&s);
	for (size_t n = first; in.n > 0; in = span_from(in, n), n = size) {
		char *piece;

		n = n < in.n ? n : in.n;
		piece = malloc(n + 1);
		memcpy(piece, in.p, n);
		r = guard_feed(g, &s, span_of(piece, n));
		free(piece);
	}
	*ret_hit = s.hit;
	return r;
}

static void test_rows(void)
{
	int32_t hit;

	for (size_t i = 0; i < COUNT(row); i++) {
		struct guard_pattern p = { span_str(row[i].pattern),
			row[i].exact };
		struct guard *g = guard_new(&p, 1, NULL);
		struct span in = span_str(row[i].in);
		char text[200];
		int n = snprintf(text, sizeof text,
		    "{\"some\": \"thing before, of a length\"} %s {\"and\": "
		    "\"behind it, no less than that\"}",
		    row[i].in);

		tap_int(feed(g, in, in.n, in.n, &hit), row[i].want, "%s",
		    row[i].name);
		tap_int(hit, row[i].want ? 0 : -1, "its number");
		tap_int(plain_guard(&p, in), row[i].want, "the slow way");
		for (size_t k = 1; k <= (size_t)n; k++)
			if (feed(g, span_of(text, (size_t)n), k, (size_t)n,
			        &hit) != row[i].want ||
			    feed(g, span_of(text, (size_t)n), k, 1, &hit) !=
			        row[i].want)
				tap_ok(false, "cut at %zu", k);
		guard_free(g);
	}
}

static void test_bad(void)
{
	static char big[GUARD_TEXT_MAX_BYTES + 1];
	struct guard_pattern p = { span_of(big, sizeof big), false };
	int err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct guard_pattern one = { span_str(bad[i].text), false };

		guard_free(guard_new(&one, 1, &err));
		tap_int(err, bad[i].want, "pattern %zu", i);
	}
	memset(big, 'a', sizeof big);
	guard_free(guard_new(&p, 1, &err));
	tap_int(err, -EINVAL, "a pattern that is too long");
	p.text.n--;
	guard_free(guard_new(&p, 1, &err));
	tap_int(err, 0, "one that is not");
	guard_free(guard_new(&p, 0, &err));
	tap_int(err, -EINVAL, "no pattern");
	guard_free(guard_new(&p, GUARD_PATTERNS_MAX + 1, &err));
	tap_int(err, -EINVAL, "too many");
	guard_free(NULL);
}

static void test_many(void)
{
	static const struct guard_pattern p[] = {
		{ { "Second.intern", 13 }, true }, { { "first", 5 }, false },
		{ { "first.intern", 12 }, false }, { { "second", 6 }, false }
	};
	struct guard *g = guard_new(p, COUNT(p), NULL);
	struct guard_scan s;
	int32_t hit;

	feed(g, SPAN("a first.intern"), 20, 1, &hit);
	tap_int(hit, 1, "the one that ends first");
	feed(g, SPAN("a Second.intern"), 20, 1, &hit);
	tap_int(hit, 3, "of both kinds");
	feed(g, SPAN("xxxx eHhTZWNvbmQuaW50ZXJu"), 50, 1, &hit);
	tap_int(hit, 3, "and in base64");
	guard_init(&s);
	guard_feed(g, &s, SPAN("first"));
	tap_int(guard_feed(g, &s, SPAN("second")), 1, "a hit stays");
	tap_int(s.hit, 1, "and which");
	tap_int(guard_feed(NULL, &s, SPAN("x")), 1, "to the end");
	guard_free(g);
	tap_ok(
	    sizeof s <= 128, "small enough for each exchange: %zu", sizeof s);
}

/* ---- chance ---- */

static unsigned next_random(unsigned n)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)((x >> 20) % n);
}

static size_t put_base64(char *out, struct span in, bool url)
{
	static const char *const letter[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_"
	};
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		bits = (bits << 8 | (unsigned char)in.p[i]) & 0xffff;
		for (have += 8; have >= 6;)
			out[n++] = letter[url][bits >> (have -= 6) & 63];
	}
	if (have > 0)
		out[n++] = letter[url][bits << (6 - have) & 63];
	return n;
}

static size_t put_noise(char *out, unsigned kind)
{
	static const char odd[] = "%\\/u025a3+e \"x0cfAE";
	size_t n = next_random(50);

	for (size_t i = 0; i < n; i++)
		out[i] = kind == 0   ? (char)('a' + next_random(26))
		         : kind == 1 ? odd[next_random(sizeof odd - 1)]
		                     : (char)next_random(256);
	return n;
}

/* The word, now and then with a fault, in one of six ways. */
static size_t put_word(char *out, struct span word)
{
	unsigned how = next_random(6);
	char text[300];
	size_t len = 0, n = 0;

	for (unsigned i = next_random(5); i > 0; i--)
		text[len++] = 'Q';
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (next_random(6) == 0 && c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		text[len++] = next_random(50) == 0 ? 'x' : c;
	}
	for (unsigned i = next_random(5); i > 0; i--)
		text[len++] = 'q';
	if (how > 3)
		return put_base64(out, span_of(text, len), how == 5);
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)text[i];

		if (how == 0 || next_random(3) == 0)
			out[n++] = text[i];
		else if (how == 1)
			n += (size_t)snprintf(out + n, 8, "%%%02x", c);
		else if (how == 2)
			n += (size_t)snprintf(out + n, 8, "%%25%02X", c);
		else if (c < 0x80)
			n += (size_t)snprintf(out + n, 8, "\\u%04x", c);
		else
			out[n++] = text[i];
	}
	return n;
}

static void test_chance(void)
{
	static const char *const word[] = { "mustermann@behoerde.example",
		"erika", "srv-01.intern.example", "canary-7f3a", "AMT\\user1",
		"a+b c", "M\303\274ller", "dead", "abc", "intern", "%41bcde",
		"100%sure", "\\\\fs\\x/y" };
	unsigned faults = 0, hits = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		struct guard_pattern p[3];
		size_t np = 1 + next_random(3), n;
		unsigned kind = next_random(3);
		struct guard *g;
		bool want = false;
		char text[4000];
		int32_t hit[3];

		for (size_t k = 0; k < np; k++) {
			p[k].text = span_str(word[next_random(COUNT(word))]);
			p[k].exact = next_random(4) == 0;
		}
		n = put_noise(text, kind);
		n += put_word(text + n, p[0].text);
		n += put_noise(text + n, kind);
		for (size_t k = 0; k < np; k++)
			want = want || plain_guard(&p[k], span_of(text, n));
		g = guard_new(p, np, NULL);
		for (size_t k = 0; k < 3; k++)
			faults += want != feed(g, span_of(text, n),
			                      k == 0 ? n : next_random(30),
			                      1 + k * 7, &hit[k]);
		faults += hit[0] != hit[1] || hit[0] != hit[2];
		hits += want;
		guard_free(g);
	}
	tap_int(faults, 0, "as the slow way says in %d texts", TRIES);
	tap_ok(hits > TRIES / 4 && hits < TRIES, "of which some have hits");
}

int main(void)
{
	test_rows();
	test_bad();
	test_many();
	test_chance();
	return tap_done();
}
