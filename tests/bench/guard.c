/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/guard - GB/s and cycles per byte of guard_feed with 10 and 1000
 * patterns, one core, medians of CPU time: JSON as APIs send it, the same as a
 * string inside JSON, as a percent-coded form, in base64, and random bytes.
 * Cycles are those of the time stamp counter where there is one. Built by
 * "make bench-guard" only. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "bench/median.h"
#include "bench/member.h"
#include "engine/guard.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#define CYCLES() ((double)__rdtsc())
#else
#define CYCLES() 0.0
#endif

#define TEXT_BYTES (4u << 20)
#define FEED_BYTES 16384 /* a TLS record */
#define RUNS 9

static void fill_json(struct buf *b)
{
	for (unsigned i = 0; buf_len(b) < TEXT_BYTES - 1024; i++) {
		add_member(b, i);
		buf_add_char(b, ',');
	}
}

static void fill_string(struct buf *b)
{
	struct buf json;

	buf_init(&json, TEXT_BYTES);
	fill_json(&json);
	for (size_t i = 0; buf_len(b) < TEXT_BYTES - 4; i++) {
		if (buf_span(&json).p[i] == '"')
			buf_add_char(b, '\\');
		buf_add_char(b, buf_span(&json).p[i]);
	}
	buf_fini(&json);
}

static void fill_form(struct buf *b)
{
	struct buf json;

	buf_init(&json, TEXT_BYTES);
	fill_json(&json);
	for (size_t i = 0; buf_len(b) < TEXT_BYTES - 4; i++) {
		unsigned char c = (unsigned char)buf_span(&json).p[i];

		if (ascii_digit((char)c) || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '.')
			buf_add_char(b, (char)c);
		else
			buf_addf(b, "%%%02X", c);
	}
	buf_fini(&json);
}

static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> 16;
}

static void fill_base64(struct buf *b)
{
	static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
	                             "mnopqrstuvwxyz0123456789+/";

	while (buf_len(b) < TEXT_BYTES - 4)
		buf_add_char(b, letter[next_random() & 63]);
}

static void fill_random(struct buf *b)
{
	while (buf_len(b) < TEXT_BYTES - 4)
		buf_add_char(b, (char)next_random());
}

/* Host names, mail addresses, names and canaries of an authority. */
static struct guard *make_guard(unsigned n)
{
	static const char *const form[] = { "srv-%04u.intern.behoerde.example",
		"nachname%u@behoerde.example", "10.%u.17.", "Canary%04uQZX",
		"fileserver%u.verwaltung.example", "\\\\ablage%u\\projekte" };
	struct guard_pattern *p = calloc(n, sizeof *p);
	char *text = calloc(n, 64);
	struct guard *g;

	for (unsigned i = 0; i < n; i++) {
		int len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		len = snprintf(text + 64 * i, 64, form[i % 6], i + 100);
#pragma GCC diagnostic pop
		p[i].text = span_of(text + 64 * i, (size_t)len);
	}
	g = guard_new(p, n, NULL);
	free(p);
	free(text);
	if (g == NULL)
		exit(1);
	return g;
}

static void one_run(const struct guard *g, struct span in)
{
	struct guard_scan s;
	size_t n;

	guard_init(&s);
	for (; in.n > 0; in = span_from(in, n)) {
		n = in.n < FEED_BYTES ? in.n : FEED_BYTES;
		if (guard_feed(g, &s, span_of(in.p, n)) != 0)
			exit(1); /* nothing of it is there */
	}
}

static void measure(const char *name, const struct guard *g, struct span in)
{
	double run[RUNS], cycles[RUNS], start, tick;

	for (size_t i = 0; i < RUNS; i++) {
		start = cpu_s();
		tick = CYCLES();
		one_run(g, in);
		cycles[i] = CYCLES() - tick;
		run[i] = cpu_s() - start;
	}
	printf("%-36s %6.2f GB/s %6.2f cycles/byte\n", name,
	    (double)in.n / median(run, RUNS) / 1e9,
	    median(cycles, RUNS) / (double)in.n);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fill)(struct buf *b);
	} text[] = { { "JSON", fill_json }, { "JSON in a string", fill_string },
		{ "JSON in a form", fill_form }, { "base64", fill_base64 },
		{ "random bytes", fill_random } };
	static const unsigned count[] = { 10, 1000 };
	char name[64];
	struct buf in;

	buf_init(&in, TEXT_BYTES);
	for (size_t k = 0; k < sizeof count / sizeof *count; k++) {
		struct guard *g = make_guard(count[k]);

		for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
			buf_reset(&in);
			text[i].fill(&in);
			snprintf(name, sizeof name, "%s, %u patterns",
			    text[i].name, count[k]);
			measure(name, g, buf_span(&in));
		}
		guard_free(g);
	}
	buf_fini(&in);
	return 0;
}
