/* SPDX-License-Identifier: EUPL-1.2 */
#include "lib/tap.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned count, failed;

__attribute__((format(printf, 2, 0))) static bool result(
    bool good, const char *fmt, va_list ap)
{
	count++;
	if (!good)
		failed++;
	printf("%sok %u - ", good ? "" : "not ", count);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	return good;
}

bool tap_ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(good, fmt, ap);
	va_end(ap);
	return good;
}

bool tap_int(long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		tap_note("got %lld, want %lld", got, want);
	return got == want;
}

static void show(const char *label, struct span s)
{
	printf("# %s (%zu) \"", label, s.n);
	for (size_t i = 0; i < s.n && i < 2000; i++)
		if (s.p[i] >= ' ' && s.p[i] <= '~')
			putchar(s.p[i]);
		else
			printf("\\x%02x", (unsigned char)s.p[i]);
	printf("\"\n");
}

bool tap_span(struct span got, struct span want, const char *fmt, ...)
{
	bool good = span_eq(got, want);
	va_list ap;

	va_start(ap, fmt);
	result(good, fmt, ap);
	va_end(ap);
	if (!good) {
		show("got ", got);
		show("want", want);
	}
	return good;
}

void tap_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

int tap_done(void)
{
	printf("1..%u\n", count);
	if (failed > 0)
		tap_note("%u of %u failed", failed, count);
	return failed > 0;
}
