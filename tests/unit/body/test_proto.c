/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing protobuf: lines of a pack, a message, what must come out; whole and
 * at every cut, and a second time without a change. Messages are written as
 *   1:5          varint          1x5        a fixed32
 *   1="text"     with a length   1X5        a fixed64
 *   1{ ... }     a message       1f2.5 1d2.5  float and double
 * and ~hex, bytes as they are. */
#include "body/proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "engine/wrap.h"
#include "unit/body/rows.h"

#define LEVELS 8

static const struct row row[] = {
	{ "untouched", "proto 9 -> drop",
	    "1:5 2=\"Erika\" 3{1:1} 4x1 5X1 ~0a82006161 ~8880800005",
	    "1:5 2=\"Erika\" 3{1:1} 4x1 5X1 ~0a82006161 ~8880800005" },
	{ "no lines", "json $.a -> drop", "~ffff", "~ffff" },
	{ "nothing", "proto 1 -> drop", "", "" },

	/* drop */
	{ "drop", "proto 1 -> drop", "1:5 2:6 1=\"a\" 1x1 3:7 1X1", "2:6 3:7" },
	{ "all", "proto * -> drop", "1:5 2=\"a\" 3{1:1}", "" },
	{ "inside", "proto 3.1 -> drop", "1:5 3{1:1 2:2} 3{} 4{1:1}",
	    "1:5 3{2:2} 3{} 4{1:1}" },
	{ "deep inside", "proto 1.2.3.4 -> drop",
	    "1{1:1 2{3{4=\"Erika\" 5:5} 4:4} 3:3}",
	    "1{1:1 2{3{5:5} 4:4} 3:3}" },
	{ "anywhere", "proto **.7 -> drop",
	    "7:1 1{7:1 2{7=\"x\" 1:1}} 2=\"Erika Mustermann\"",
	    "1{2{1:1}} 2=\"Erika Mustermann\"" },
	{ "bytes where a message may be", "proto **.7 -> drop", "1=~ff00",
	    NULL },
	{ "bytes that are kept", "proto 1 -> keep\nproto **.7 -> drop",
	    "1=~ff00 7:1", "1=~ff00" },
	{ "a message", "proto 3 -> drop", "3{1:1} 4:1", "4:1" },
	{ "large numbers", "proto 536870911 -> drop", "536870911:1 536870910:1",
	    "536870910:1" },

	/* Which line */
	{ "keep inside, drop around", "proto 3.1 -> keep\nproto 3 -> drop",
	    "3{1:1 2:2 4{1:1}} 3{2:2}", "3{1:1} 3{}" },
	{ "drop first", "proto 3 -> drop\nproto 3.1 -> keep", "3{1:1}", "" },
	{ "keep first", "proto 3 -> keep\nproto 3.1 -> drop", "3{1:1}",
	    "3{1:1}" },
	{ "allow-list",
	    "proto 1 -> keep\nproto 3.2 -> keep\nproto **.* -> drop",
	    "1:1 2:2 3{1:1 2{1:1}} 4=\"x\"", "1:1 3{2{1:1}}" },

	/* set and others */
	{ "set text", "proto 3.1 -> set:a longer name than there was",
	    "3{1=\"Erika\"}", "3{1=\"a longer name than there was\"}" },
	{ "set numbers", "proto * -> set:300", "1:5 2x5 3X5 4=\"5\" 5:300",
	    "1:300 2x300 3X300 4=\"300\" 5:300" },
	{ "set below 0", "proto * -> set:-1", "1:5 2x5 3X5", "1:-1 2x-1 3X-1" },
	{ "set words", "proto 1 -> set:true\nproto 2 -> set:false", "1:0 2:1",
	    "1:1 2:0" },
	{ "set real numbers", "proto * -> set:2.5", "1f1 2d1 3:1",
	    "1f2.5 2d2.5" },
	{ "no number", "proto 1 -> set:x", "1:1 1=\"y\"", "1=\"x\"" },
	{ "too large a number", "proto 1 -> set:4294967296", "1:1 1x1 1X1",
	    "1:4294967296 1X4294967296" },
	{ "mask", "proto 1 -> mask", "1=\"Erika\" 1:12345 1:0 1x77",
	    "1=\"xxxxx\" 1:10000 1:0 1x10" },
	{ "mask below 0", "proto 1 -> mask", "1:-55", "1:-10" },
	{ "mask of bytes", "proto 1 -> mask", "1=~ff 2:1", "2:1" },
	{ "alias of a number", "proto 1 -> alias:T", "1:5 2:6", "2:6" },
	{ "coarsen", "proto 1 -> coarsen:1h",
	    "1:1924942653 1:1924942653123 1x1924942653 "
	    "1=\"2031-01-01T10:17:33Z\" 1:7",
	    "1:1924941600 1:1924941600000 1x1924941600 "
	    "1=\"2031-01-01T10:00:00Z\"" },
	{ "round", "proto 1 -> round:1", "1d52.5200 1d-13.4049 1f52.52 1:7",
	    "1d52.5 1d-13.4 1f52.5 1:7" },
	{ "round what is none", "proto 1 -> round:1", "1d1e300 1dnan 2:1",
	    "2:1" },

	/* Chains */
	{ "JSON", "proto 3.1 > json $.n -> drop", "3{1=\"{\\\"n\\\":1}\"}",
	    "3{1=\"{}\"}" },
	{ "base64 and JSON", "proto 1 > base64 > json $.c -> drop",
	    "1=\"eyJjIjoiRXJpa2EiLCJkIjoyfQ==\" 1:1",
	    "1=\"eyJkIjoyfQ==\" 1:1" },
	{ "no JSON", "proto 1 > json $.c -> drop", "1=\"x\"", NULL },

	/* Lengths */
	{ "a length in more bytes than it needs", "proto 1.1 -> drop",
	    "~0a8480808000 1:1 2:2", "1{2:2}" },
	{ "a length that grows",
	    "proto 1.1.1 -> set:"
	    "01234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789",
	    "1{1{1=\"x\" 2:1} 2:2} 2:3",
	    "1{1{1=\"01234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\" 2:1} 2:2} 2:3" },

	/* Refused */
	{ "a length that lies", "proto 9 -> drop", "~0a05 1:1", NULL },
	{ "a length that lies inside", "proto 1.9 -> drop",
	    "1=~0a0501 2=\"more than enough\"", NULL },
	{ "the longest length", "proto 9 -> drop",
	    "~0affffffffffffffffff01 1:1", NULL },
	{ "a group", "proto 9 -> drop", "~0b0801 ~0c", NULL },
	{ "a group inside", "proto 1.9 -> drop", "1=~0b08010c", NULL },
	{ "unknown types", "proto 9 -> drop", "~0e", NULL },
	{ "unknown types", "proto 9 -> drop", "~0f", NULL },
	{ "field 0", "proto 9 -> drop", "~0001", NULL },
	{ "an end in a varint", "proto 9 -> drop", "~0880", NULL },
	{ "an end in a tag", "proto 9 -> drop", "~88", NULL },
	{ "an end in a fixed number", "proto 9 -> drop", "~0d000000", NULL },
	{ "eleven bytes of varint", "proto 9 -> drop",
	    "~08 ~ffffffffffffffffffff01", NULL },
	{ "65 bits", "proto 9 -> drop", "~08 ~ffffffffffffffffff02", NULL },
	{ "64 bits", "proto 9 -> drop", "~08 ~ffffffffffffffffff01",
	    "1:18446744073709551615" },
	{ "a tag over 32 bits", "proto 9 -> drop", "~8880808010 ~01", NULL },
};

/* ---- messages from text ---- */

static void add_varint(struct buf *b, uint64_t v)
{
	for (; v > 0x7f; v >>= 7)
		buf_add_char(b, (char)(v | 0x80));
	buf_add_char(b, (char)v);
}

static void add_fixed(struct buf *b, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_char(b, (char)(v >> (8 * i)));
}

static const char *add_hex(const char *s, struct buf *b)
{
	for (; ascii_hex(*s) >= 0; s += 2)
		buf_add_char(b, (char)(ascii_hex(s[0]) * 16 + ascii_hex(s[1])));
	return s;
}

static const char *add_real(const char *s, bool wide, struct buf *b)
{
	char *end;
	double d = strtod(s, &end);
	float f = (float)d;
	uint64_t bits = 0;

	if (wide)
		memcpy(&bits, &d, sizeof d);
	else
		memcpy(&bits, &f, sizeof f);
	add_fixed(b, bits, wide ? 8 : 4);
	return end;
}

static const char *add_number(const char *s, char kind, struct buf *b)
{
	char *end;
	bool minus = *s == '-';
	uint64_t v = strtoull(s + (minus ? 1 : 0), &end, 10);

	if (minus)
		v = 0 - v;
	if (kind == ':')
		add_varint(b, v);
	else
		add_fixed(b, v, kind == 'x' ? 4 : 8);
	return end;
}

static const char *add_string(const char *s, struct buf *b)
{
	struct buf text;

	buf_init(&text, 4096);
	if (*s == '~') {
		s = add_hex(s + 1, &text);
	} else {
		for (s++; *s != '"'; s++) {
			s += *s == '\\';
			buf_add_char(&text, *s);
		}
		s++;
	}
	add_varint(b, buf_len(&text));
	buf_add_span(b, buf_span(&text));
	buf_fini(&text);
	return s;
}

static void write_message(const char *s, struct buf *out)
{
	static const char kinds[] = ":X={}xfd";
	static const unsigned type[] = { 0, 1, 2, 2, 2, 5, 5, 1 };
	struct buf level[LEVELS];
	unsigned depth = 0, number;
	char kind;

	for (unsigned i = 0; i < LEVELS; i++)
		buf_init(&level[i], 4096);
	while (*s != '\0') {
		if (*s == ' ') {
			s++;
		} else if (*s == '~') {
			s = add_hex(s + 1, &level[depth]);
		} else if (*s == '}') {
			s++;
			depth--;
			add_varint(&level[depth], buf_len(&level[depth + 1]));
			buf_add_span(
			    &level[depth], buf_span(&level[depth + 1]));
			buf_reset(&level[depth + 1]);
		} else {
			for (number = 0; ascii_digit(*s); s++)
				number = number * 10 + (unsigned)(*s - '0');
			kind = *s++;
			add_varint(&level[depth],
			    number * 8ull + type[span_chr(SPAN(kinds), kind)]);
			if (kind == '{')
				depth++;
			else if (kind == '=')
				s = add_string(s, &level[depth]);
			else if (kind == 'f' || kind == 'd')
				s = add_real(s, kind == 'd', &level[depth]);
			else
				s = add_number(s, kind, &level[depth]);
		}
	}
	buf_reset(out);
	buf_add_span(out, buf_span(&level[0]));
	for (unsigned i = 0; i < LEVELS; i++)
		buf_fini(&level[i]);
}

/* ---- messages ---- */

FEED(proto);

static void test_messages(void)
{
	struct buf in, want;

	buf_init(&in, 4096);
	buf_init(&want, 4096);
	for (const struct row *t = row; t < row + sizeof row / sizeof *row;
	     t++) {
		write_message(t->in, &in);
		write_message(t->want != NULL ? t->want : "", &want);
		test_input(feed, t->name, t->lines, buf_span(&in),
		    t->want != NULL ? 0 : -EBADMSG, buf_span(&want));
		if (t->want != NULL)
			test_again(feed, t->name, t->lines, buf_span(&want));
	}
	buf_fini(&in);
	buf_fini(&want);
}

static void test_reports(void)
{
	static const struct {
		const char *lines;
		bool unnamed;
		const char *in, *want;
	} told[] = {
		{ "proto 3.1 -> drop\nproto 3.2 -> set:7\nproto 4 -> keep\n"
		  "proto 3.5 -> alias:T",
		    false, "3{1=\"Erika\" 2:5 2:7 5:1} 4{1:1} 5=\"y\"",
		    "drop 1 3.1 Erika>;set 2 3.2 5>7;keep 2 3.2 7>7;"
		    "drop 5 3.5 1>;keep 4 4 >;" },
		{ "proto 3.1 -> drop", true,
		    "1=\"Erika\" 2{2{1=\"Max\"}} 3{2=\"x\"} 5:1 6=~ff",
		    "unnamed keep 1 1 Erika>Erika;"
		    "unnamed keep 1 2.2.1 Max>Max;"
		    "unnamed keep 2 3.2 x>x;" },
	};
	struct buf in, out, said;
	struct env env;

	buf_init(&in, 4096);
	buf_init(&out, 4096);
	buf_init(&said, 4096);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct rules *rules = rules_new(told[i].lines, false);

		env = rules_env(&said);
		env.report = rules_report_path;
		env.unnamed = told[i].unnamed;
		write_message(told[i].in, &in);
		buf_reset(&said);
		feed(rules_plan(rules), &env, buf_span(&in), 3, 3, &out);
		tap_span(buf_span(&said), span_str(told[i].want),
		    "reports of row %zu", i);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&said);
}

/* ---- frames ---- */

static bool base64; /* for feed_frames */

FEED_BY(feed_frames, proto, proto_new_frames(plan, env, base64));

static const struct {
	const char *name, *lines, *in, *want; /* bytes as hex; base64 as such */
	bool base64;
} frames[] = {
	{ "a frame", "proto 1 -> drop", "000000000408011001", "00000000021001",
	    false },
	{ "frames and trailers", "proto 1 -> drop",
	    "0000000002080100000000020802800000000361620a"
	    "00000000021001",
	    "00000000000000000000800000000361620a00000000021001", false },
	{ "an empty frame", "proto 1 -> drop", "0000000000", "0000000000",
	    false },
	{ "nothing", "proto 1 -> drop", "", "", false },
	{ "a compressed frame", "proto 1 -> drop", "010000000100", NULL,
	    false },
	{ "compressed trailers", "proto 1 -> drop", "810000000100", NULL,
	    false },
	{ "other flags", "proto 1 -> drop", "020000000100", NULL, false },
	{ "half a frame", "proto 1 -> drop", "00000000040801", NULL, false },
	{ "half a head", "proto 1 -> drop", "000000", NULL, false },
	{ "no message", "proto 1 -> drop", "000000000108", NULL, false },
	{ "base64", "proto 1 -> drop", "AAAAAAQIARAB", "AAAAAAIQAQ==", true },
	{ "base64, untouched", "proto 9 -> drop",
	    "AAAAAAIIAQ==AAAAAAIIAQ==", "AAAAAAIIAQ==AAAAAAIIAQ==", true },
	{ "base64, one of two", "proto 1 -> drop",
	    "AAAAAAIQAQ==AAAAAAIIAQ==", "AAAAAAIQAQ==AAAAAAA=", true },
	{ "base64, padded inside a frame", "proto 1 -> drop",
	    "AAA=AAAECAE=EAE=", "AAAAAAIQAQ==", true },
	{ "no base64", "proto 1 -> drop", "AAAAAAQI*RAB", NULL, true },
	{ "half a group", "proto 1 -> drop", "AAAAAAIIAQ=", NULL, true },
	{ "half a frame in base64", "proto 1 -> drop", "AAAAAAQI", NULL, true },
};

static void test_frames(void)
{
	struct buf in, want;

	buf_init(&in, 4096);
	buf_init(&want, 4096);
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		const char *then = frames[i].want;

		buf_reset(&in);
		buf_reset(&want);
		base64 = frames[i].base64;
		if (base64) {
			buf_add_str(&in, frames[i].in);
			buf_add_str(&want, then != NULL ? then : "");
		} else {
			add_hex(frames[i].in, &in);
			add_hex(then != NULL ? then : "", &want);
		}
		test_input(feed_frames, frames[i].name, frames[i].lines,
		    buf_span(&in), then != NULL ? 0 : -EBADMSG,
		    buf_span(&want));
	}
	buf_fini(&in);
	buf_fini(&want);
}

/* ---- limits ---- */

/* Messages of field 1 in each other, as deep as depth. */
static void write_deep(size_t depth, struct buf *out)
{
	struct buf turn[2];
	struct buf *to;

	buf_init(&turn[0], 1u << 20);
	buf_init(&turn[1], 1u << 20);
	for (size_t i = 0; i < depth; i++) {
		to = &turn[i % 2];
		buf_reset(to);
		buf_add_char(to, 0x0a);
		add_varint(to, buf_len(&turn[1 - i % 2]));
		buf_add_span(to, buf_span(&turn[1 - i % 2]));
	}
	buf_reset(out);
	buf_add_span(out, buf_span(&turn[(depth + 1) % 2]));
	buf_fini(&turn[0]);
	buf_fini(&turn[1]);
}

static void test_depth(void)
{
	static const struct {
		size_t depth;
		const char *lines;
		int want;
	} deep[] = {
		{ PROTO_DEPTH_MAX, "proto **.9 -> drop", 0 },
		{ PROTO_DEPTH_MAX + 1, "proto **.9 -> drop", -E2BIG },
		{ 100000, "proto **.9 -> drop", -E2BIG },
		{ 100000, "proto 1.9 -> drop", 0 },
	};
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 1u << 20);
	buf_init(&out, 1u << 20);
	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
		struct rules *rules = rules_new(deep[i].lines, false);

		write_deep(deep[i].depth, &in);
		tap_int(feed(rules_plan(rules), &env, buf_span(&in), 9999, 9999,
		            &out),
		    deep[i].want, "%zu deep, %s", deep[i].depth, deep[i].lines);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

static void test_sizes(void)
{
	static const struct {
		const char *name, *lines;
		size_t n; /* of field 1 */
		int want;
	} size[] = {
		{ "the longest", "proto 2 -> drop", PROTO_MESSAGE_MAX - 5, 0 },
		{ "longer", "proto 2 -> drop", PROTO_MESSAGE_MAX - 4, -E2BIG },
		{ "ten times", "proto 2 -> drop", 10 * PROTO_MESSAGE_MAX,
		    -E2BIG },
		{ "no lines", "", 10 * PROTO_MESSAGE_MAX, 0 },
		{ "the longest value", "proto 1 -> mask", SCRUB_VALUE_MAX, 0 },
		{ "a longer value", "proto 1 -> mask", SCRUB_VALUE_MAX + 1,
		    -E2BIG },
		{ "which is dropped", "proto 1 -> drop", SCRUB_VALUE_MAX + 1,
		    0 },
	};
	struct env env = rules_env(NULL);
	struct buf in, out;
	char *mem;

	buf_init(&in, 64u << 20);
	buf_init(&out, 64u << 20);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		struct rules *rules = rules_new(size[i].lines, false);

		buf_reset(&in);
		buf_add_char(&in, 0x0a);
		add_varint(&in, size[i].n);
		mem = buf_reserve(&in, size[i].n);
		memset(mem, 'x', size[i].n);
		buf_commit(&in, size[i].n);
		tap_int(feed(rules_plan(rules), &env, buf_span(&in), 9999, 9999,
		            &out),
		    size[i].want, "%s", size[i].name);
		tap_int(feed(rules_plan(rules), &env, buf_span(&in),
		            buf_len(&in), 1, &out),
		    size[i].want, "%s, whole", size[i].name);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

int main(void)
{
	test_messages();
	test_reports();
	test_frames();
	test_depth();
	test_sizes();
	proto_free(NULL);
	return tap_done();
}
