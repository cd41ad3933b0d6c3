/* SPDX-License-Identifier: EUPL-1.2 */
/* pseudo: shapes are kept, names are stable and come back, and nothing is
 * allocated for a value. Linked with --wrap=malloc,calloc,realloc. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/rnd.h"
#include "lib/tap.h"
#include "tls/pseudo.h"
#include "unit/tls/taken.h"

#define DOMAIN SPAN(PSEUDO_DOMAIN)

static struct pseudo *p, *other; /* two keys */
static struct buf out, back;

static struct span make(const struct pseudo *k, struct span in)
{
	buf_reset(&out);
	return pseudo_make(k, DOMAIN, in, &out) == 0 ? buf_span(&out)
	                                             : SPAN_NONE;
}

static struct span undo(const struct pseudo *k, struct span in)
{
	buf_reset(&back);
	return pseudo_undo(k, DOMAIN, in, &back) == 0 ? buf_span(&back)
	                                              : SPAN_NONE;
}

/* The shape of a text in letters: 9 digit, f and F other hex digits, x other
 * letters and digits of base32, all else itself; runs in one. */
static void draw(struct span s, const char *low, char *ret)
{
	char last = '\0';

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (span_chr(span_str(low), c) < strlen(low))
			c = low[0];
		if (c != last)
			*ret++ = c;
		last = c;
	}
	*ret = '\0';
}

#define DIGITS "9012345678"
#define HEX_LOW "f0123456789abcde"
#define HEX_UP "F0123456789ABCDE"
#define BASE32 "xabcdefghijklmnopqrstuvwyz234567"

/* same: as long as before. drawing of the name with the letters of low as one;
 * NULL: the value is refused. */
static const struct {
	const char *name, *in;
	bool same;
	const char *low, *drawing;
} row[] = {
	{ "UUID", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", true, HEX_LOW,
	    "f-f-f-f-f" },
	{ "UUID in capitals", "3F2504E0-4F89-11D3-8A0C-0305E82C3301", true,
	    HEX_UP, "F-F-F-F-F" },
	{ "UUID without letters", "11111111-2222-4333-8444-555555555555", true,
	    HEX_LOW, "f-f-f-f-f" },
	{ "UUID in both cases", "3F2504E0-4f89-11D3-8A0C-0305E82C3301", false,
	    BASE32, "x" },
	{ "UUID with a dash too many", "3f2504e0-4f89-41d3-9a0c-0305e82c-301",
	    false, BASE32, "x" },
	{ "no UUID", "3f2504e0-4f89-41d3-9a0c-0305e82c33g1", false, BASE32,
	    "x" },
	{ "six digits", "123456", true, DIGITS, "9" },
	{ "five digits", "12345", false, BASE32, "x" },
	{ "zeros", "000000", true, DIGITS, "9" },
	{ "ten digits", "4930123456", true, DIGITS, "9" },
	{ "56 digits",
	    "12345678901234567890123456789012345678901234567890123456", true,
	    DIGITS, "9" },
	{ "57 digits",
	    "123456789012345678901234567890123456789012345678901234567", true,
	    DIGITS, "9" },
	{ "eight hex digits", "deadbeef", true, HEX_LOW, "f" },
	{ "an odd number of them", "deadbeef1", false, BASE32, "x" },
	{ "six", "facade", false, BASE32, "x" },
	{ "in capitals", "DEADBEEF", true, HEX_UP, "F" },
	{ "in both cases", "DeadBeef", false, BASE32, "x" },
	{ "a digest",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    true, HEX_LOW, "f" },
	{ "mail", "erika@amt.example", false, BASE32, "x@x.x" },
	{ "mail of a short name", "e@b.example", false, BASE32, "x@x.x" },
	{ "mail with a plus", "erika+zoom@amt.example", false, BASE32,
	    "x@x.x" },
	{ "no mail: two signs", "erika@amt@example", false, BASE32, "x" },
	{ "no mail: no dot", "erika@amt", false, BASE32, "x" },
	{ "no mail: a name in front", "Erika <erika@amt.example>", false,
	    BASE32, "x" },
	{ "URL", "https://amt.example/j/42?pwd=1#x", false, BASE32,
	    "x:/x.x.x/x" },
	{ "a short URL", "wss://a.example", false, BASE32, "x:/x.x.x" },
	{ "no URL: a blank", "https://amt.example/ x", false, BASE32, "x" },
	{ "no URL: no scheme", "://amt.example/", false, BASE32, "x" },
	{ "a name", "Erika Mustermann", false, BASE32, "x" },
	{ "in UTF-8", "J\xc3\xb6rg M\xc3\xbcller \xf0\x9f\x98\x80", false,
	    BASE32, "x" },
	{ "one byte", "E", false, BASE32, "x" },
	{ "a negative number", "-123456", false, BASE32, "x" },
	{ "a number with a point", "123.456", false, BASE32, "x" },
};

static void test_shapes(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span in = span_str(row[i].in), name;
		char drawing[2000], mem[2000];

		name = make(p, in);
		draw(name, row[i].low, drawing);
		tap_ok(strcmp(drawing, row[i].drawing) == 0 &&
		           (name.n == in.n || !row[i].same),
		    "%s: %.*s", row[i].name, SPAN_ARG(name));
		memcpy(mem, name.p, name.n);
		name = span_of(mem, name.n);
		tap_ok(!span_eq(name, in), "is another value");
		tap_span(make(p, in), name, "and the same the next time");
		tap_span(undo(p, name), in, "comes back");
		tap_ok(!span_eq(make(other, in), name),
		    "another key, another name");
		if (row[i].same) /* cannot tell */
			tap_ok(!span_eq(undo(other, name), in),
			    "which does not lead back");
		else
			tap_int(pseudo_undo(other, DOMAIN, name, &back), 1,
			    "which it does not know");
		if (!row[i].same)
			tap_span(make(p, name), name, "ours already: stays");
	}
}

static void fill(char *mem, size_t n, const char *from)
{
	for (size_t i = 0; i < n; i++)
		mem[i] = from[rnd_u64() % strlen(from)];
}

/* Rows of every length come back, with what must stay as it was. */
static void test_rows(void)
{
	static const char *const from[] = { "0123456789", "0123456789abcdef",
		"0123456789ABCDEF", "9", "0", "a", "F" };
	char in[PSEUDO_TEXT_MAX], mem[2000];

	for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
		bool good = true, zero = true;

		for (size_t n = 1; n < 400; n++) {
			struct span s = span_of(in, n), name;

			fill(in, n, from[k]);
			name = make(p, s);
			memcpy(mem, name.p, name.n);
			good &= span_eq(undo(p, span_of(mem, name.n)), s);
			if (name.n == n)
				zero &=
				    k > 0 || (in[0] == '0') == (mem[0] == '0');
		}
		tap_ok(good && zero, "from \"%s\"", from[k]);
	}
}

static void test_integers(void)
{
	static const char *const most[] = { "2147483647", "4294967295",
		"9007199254740991", "9223372036854775807",
		"18446744073709551615" };

	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		struct span top = span_str(most[i]), name;
		char in[32], mem[32];
		bool good = true;

		for (unsigned k = 0; k < 500; k++) {
			snprintf(in, sizeof in, "%s", most[i]);
			if (k > 0) {
				fill(in + 1, top.n - 1, "0123456789");
				in[0] = '1';
				in[1] = '0';
			}
			name = make(p, span_of(in, top.n));
			memcpy(mem, name.p, name.n);
			good &= name.n == top.n && mem[0] != '0' &&
			        memcmp(mem, most[i], top.n) <= 0;
			good &= span_eq(
			    undo(p, span_of(mem, name.n)), span_of(in, top.n));
		}
		tap_ok(good, "what is not above %s stays so", most[i]);
	}
}

static void test_uuid(void)
{
	static const char *const from[] = { "0123456789abcdef",
		"0123456789ABCDEF", "0123456789", "012345678A" };
	bool good = true;

	for (unsigned k = 0; k < 4000; k++) {
		char in[36], mem[36];
		struct span s = span_of(in, sizeof in), name;

		fill(in, sizeof in, from[k % 4]);
		in[8] = in[13] = in[18] = in[23] = '-';
		in[14] = '4';
		in[19] = '9';
		name = make(p, s);
		good &= name.n == 36 && name.p[14] == '4' && name.p[19] == '9';
		memcpy(mem, name.p, sizeof mem);
		good &= span_eq(undo(p, span_of(mem, sizeof mem)), s);
	}
	tap_ok(good, "4000 UUIDs come back, version and variant stay");
}

/* Long values: every length comes back; names keep the limits of their kind. */
static void test_long(void)
{
	static char in[PSEUDO_TEXT_MAX + 1], mem[2000];
	static const struct {
		const char *name, *head, *tail;
	} kind[] = {
		{ "text", "Erika ", "" },
		{ "mail", "e", "@amt.example" },
		{ "URL", "https://amt.example/", "" },
	};
	size_t n;

	for (size_t k = 0; k < 3; k++) {
		bool good = true, fits = true;

		for (n = 40; n <= PSEUDO_TEXT_MAX; n++) {
			struct span s = span_of(in, n), name, rest, head;
			size_t tail = strlen(kind[k].tail);

			memset(in, 'm', n);
			memcpy(in, kind[k].head, strlen(kind[k].head));
			memcpy(in + n - tail, kind[k].tail, tail);
			name = make(p, s);
			memcpy(mem, name.p, name.n);
			name = span_of(mem, name.n);
			good &= span_eq(undo(p, name), s);
			good &= span_eq(make(p, name), name);
			rest = k == 2 ? span_from(name, 8) : name;
			head = span_cut(&rest, k == 2 ? '/' : '@');
			if (k == 1 && rest.n > 0)
				fits &= name.n <= 254 && head.n <= 64;
			if (k == 1)
				head = rest;
			while (k > 0 && head.n > 0)
				fits &= span_cut(&head, '.').n <= 63;
		}
		tap_ok(
		    good && fits, "%s of 40 to %zu bytes", kind[k].name, n - 1);
	}
	memset(in, 'm', sizeof in);
	tap_int(pseudo_make(p, DOMAIN, span_of(in, sizeof in), &out), -E2BIG,
	    "text too long");
	memset(in, '1', sizeof in);
	tap_int(pseudo_make(p, DOMAIN, span_of(in, sizeof in), &out), -E2BIG,
	    "digits too many");
	tap_int(pseudo_undo(p, DOMAIN, span_of(in, sizeof in), &out), 1,
	    "nor are they ours");
}

static const struct {
	const char *name, *in;
} stranger[] = {
	{ "empty", "" },
	{ "a name", "Erika Mustermann" },
	{ "p alone", "p" },
	{ "too short", "paaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "of the right form",
	    "paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "with another character", "paaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1" },
	{ "with bits left over", "paaaaaaaaaaaaaaaaaaaaaaaaab" },
	{ "mail", "erika@amt.example" },
	{ "mail of the domain", "erika@gateway.invalid" },
	{ "mail of the right form",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa@gateway.invalid" },
	{ "mail below the domain",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa@aa.gateway.invalid" },
	{ "mail beside the domain",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa@agateway.invalid" },
	{ "URL", "https://amt.example/" },
	{ "URL of the right form",
	    "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaa.gateway.invalid/" },
	{ "scheme alone", "https://" },
	{ "five digits", "12345" },
};

static void test_strangers(void)
{
	char mem[200];
	struct span name;
	size_t n;

	for (size_t i = 0; i < sizeof stranger / sizeof *stranger; i++)
		tap_int(pseudo_undo(p, DOMAIN, span_str(stranger[i].in), &back),
		    1, "not ours: %s", stranger[i].name);
	tap_span(make(p, SPAN("")), SPAN(""), "empty stays empty");
	/* One form is not taken for another. */
	name = make(p, SPAN("erika@amt.example"));
	n = span_chr(name, '@');
	snprintf(mem, sizeof mem, "p%.*s%.*s", (int)n, name.p, 1000, "");
	tap_int(pseudo_undo(p, DOMAIN, span_str(mem), &back), 1,
	    "mail as text is not ours");
	name = make(p, SPAN("https://a.example"));
	snprintf(mem, sizeof mem, "http%.*s", SPAN_ARG(span_from(name, 5)));
	tap_int(pseudo_undo(p, DOMAIN, span_str(mem), &back), 1,
	    "nor with another scheme");
	snprintf(mem, sizeof mem, "%.*s/", SPAN_ARG(name));
	tap_span(undo(p, span_str(mem)), SPAN("https://a.example"),
	    "a slash at the end is no matter");
	/* Where case is lost. */
	name = make(p, SPAN("Erika.Mustermann@amt.example"));
	for (n = 0; n < name.n; n++)
		mem[n] = name.p[n] >= 'a' && name.p[n] <= 'z'
		             ? (char)(name.p[n] - 32)
		             : name.p[n];
	tap_span(undo(p, span_of(mem, n)), SPAN("Erika.Mustermann@amt.example"),
	    "in capitals");
	buf_reset(&out);
	tap_int(pseudo_make(p, SPAN("meet.example"), SPAN("e@b.example"), &out),
	    0, "another domain");
	tap_ok(span_ends(buf_span(&out), SPAN("@meet.example")), "is written");
	tap_int(pseudo_undo(p, DOMAIN, buf_span(&out), &back), 1,
	    "and has to be known");
}

static void test_errors(void)
{
	struct pseudo *none = pseudo_new();
	struct buf small;

	tap_int(pseudo_make(none, DOMAIN, SPAN("Erika"), &out), -EIO,
	    "no key, no name");
	tap_int(pseudo_undo(none, DOMAIN, SPAN("Erika"), &out), -EIO,
	    "nor a way back");
	pseudo_free(none);
	pseudo_free(NULL);
	buf_init(&small, 8);
	tap_int(pseudo_make(p, DOMAIN, SPAN("123456789"), &small), -ENOBUFS,
	    "no room for digits");
	buf_reset(&small);
	tap_int(pseudo_make(p, DOMAIN, SPAN("Erika"), &small), -ENOBUFS,
	    "no room for text");
	buf_fini(&small);
}

static void test_memory(void)
{
	unsigned char key[PSEUDO_KEY_BYTES];
	unsigned long before = taken;

	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
			char mem[300];
			struct span name = make(p, span_str(row[i].in));

			memcpy(mem, name.p, name.n);
			(void)undo(p, span_of(mem, name.n));
		}
	tap_ok(before > 0, "%lu allocations up to here", before);
	tap_int((long long)(taken - before), 0, "none for a value");
	rnd_bytes(key, sizeof key);
	tap_int(pseudo_key(p, key), 0, "a new key");
}

int main(void)
{
	unsigned char key[PSEUDO_KEY_BYTES] = { 1 };

	if (!taken_openssl())
		return 1;
	rnd_seed(800);
	buf_init(&out, 8192);
	buf_init(&back, 8192);
	p = pseudo_new();
	other = pseudo_new();
	tap_ok(p != NULL && other != NULL, "memory");
	tap_int(pseudo_key(p, key), 0, "a key");
	key[0] = 2;
	tap_int(pseudo_key(other, key), 0, "another");
	test_shapes();
	test_rows();
	test_integers();
	test_uuid();
	test_long();
	test_strangers();
	test_errors();
	test_memory();
	pseudo_free(p);
	pseudo_free(other);
	buf_fini(&out);
	buf_fini(&back);
	return tap_done();
}
