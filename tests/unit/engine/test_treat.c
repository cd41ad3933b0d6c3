/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/treat.h"

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/hash.h"
#include "engine/parse.h"
#include "lib/tap.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))
#define SAME "\1same"
#define GONE "\1gone"

static void prf(void *arg, struct span in, unsigned char out[16])
{
	uint64_t sum =
	    hash_sip((const unsigned char *)"0123456789abcdef", in.p, in.n);

	(void)arg;
	memcpy(out, &sum, 8);
	memcpy(out + 8, &sum, 8);
}

static const struct env env = { .prf = prf };

static void check(
    const char *treat, struct span in, enum value_kind kind, const char *want)
{
	struct treatment t;
	char err[PARSE_ERR_BYTES];
	struct buf out;
	int r;

	buf_init(&out, 65536);
	if (parse_treatment(span_str(treat), NULL, &t, err) < 0)
		tap_ok(false, "%s: %s", treat, err);
	r = treat_value(&t, &env, in, kind, &out);
	if (strcmp(want, SAME) == 0)
		tap_int(
		    r, TREAT_SAME, "%s leaves \"%.*s\"", treat, SPAN_ARG(in));
	else if (strcmp(want, GONE) == 0)
		tap_int(
		    r, TREAT_DROP, "%s drops \"%.*s\"", treat, SPAN_ARG(in));
	else if (tap_int(
	             r, TREAT_NEW, "%s changes \"%.*s\"", treat, SPAN_ARG(in)))
		tap_span(buf_span(&out), span_str(want), "to \"%s\"", want);
	buf_fini(&out);
}

static void test_plain(void)
{
	static const struct {
		const char *treat, *in;
		enum value_kind kind;
		const char *want;
	} row[] = {
		{ "keep", "a", VALUE_TEXT, SAME },
		{ "drop", "a", VALUE_TEXT, GONE },
		{ "pseudonym", "a", VALUE_TEXT, GONE },
		{ "restore", "a", VALUE_TEXT, SAME },
		{ "set:", "a", VALUE_TEXT, "" },
		{ "set:UTC", "Europe/Berlin", VALUE_TEXT, "UTC" },
		{ "set:8", "16", VALUE_NUMBER, "8" },
		{ "set:x", "", VALUE_TEXT, "x" },
		{ "mask", "", VALUE_TEXT, SAME },
		{ "mask", "Erika", VALUE_TEXT, "xxxxx" },
		{ "mask", "M\xc3\xbcller \xf0\x9f\x98\x80", VALUE_TEXT,
		    "xxxxxxxx" },
		{ "mask", "\x80\x80", VALUE_TEXT, "" },
		{ "mask", "7", VALUE_NUMBER, "0" },
		{ "mask", "1234", VALUE_NUMBER, "1000" },
		{ "mask", "-12.5e-3", VALUE_NUMBER, "-10.0e-0" },
		{ "mask", "0.75", VALUE_NUMBER, "0.00" },
		{ "mask", "1e10", VALUE_NUMBER, "0e00" },
		{ "mask", "true", VALUE_WORD, "xxxx" },
		{ "mask", "null", VALUE_WORD, SAME },
		{ "alias", "", VALUE_TEXT, SAME },
		{ "alias", "null", VALUE_WORD, SAME },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		check(row[i].treat, span_str(row[i].in), row[i].kind,
		    row[i].want);
}

static void test_alias(void)
{
	static const struct {
		const char *treat, *in, *word;
	} row[] = {
		{ "alias", "Erika Mustermann", "Teilnehmer " },
		{ "alias:Gast", "Erika Mustermann", "Gast " },
		{ "alias", "Max Mustermann", "Teilnehmer " },
	};
	struct env none = { .prf = NULL };
	struct treatment t = { .act = ACT_ALIAS };
	char err[PARSE_ERR_BYTES];
	unsigned char sum[16];
	char want[40];
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < COUNT(row); i++) {
		buf_reset(&out);
		parse_treatment(span_str(row[i].treat), NULL, &t, err);
		prf(NULL, span_str(row[i].in), sum);
		snprintf(want, sizeof want, "%s%02X%02X", row[i].word, sum[0],
		    sum[1]);
		treat_value(&t, &env, span_str(row[i].in), VALUE_TEXT, &out);
		tap_span(buf_span(&out), span_str(want), "%s of %s",
		    row[i].treat, row[i].in);
	}
	tap_int(treat_value(&t, &none, SPAN("Erika"), VALUE_TEXT, &out),
	    TREAT_DROP, "no key: dropped");
	tap_int(treat_value(&t, NULL, SPAN("Erika"), VALUE_TEXT, &out),
	    TREAT_DROP, "no surroundings: dropped");
	buf_fini(&out);
	buf_init(&out, 3);
	tap_int(treat_value(&t, &env, SPAN("Erika"), VALUE_TEXT, &out),
	    -ENOBUFS, "a full buffer");
	buf_fini(&out);
}

static const struct {
	const char *treat, *in, *want;
} coarsen_row[] = {
	/* RFC 3339 */
	{ "coarsen:1h", "2031-05-06T07:08:09Z", "2031-05-06T07:00:00Z" },
	{ "coarsen:1h", "2031-05-06t07:08:09.123z",
	    "2031-05-06t07:00:00.000z" },
	{ "coarsen:1m", "2031-05-06 07:08:09.5Z", "2031-05-06 07:08:00.0Z" },
	{ "coarsen:1s", "2031-05-06T07:08:09.987654321Z",
	    "2031-05-06T07:08:09.000000000Z" },
	{ "coarsen:1d", "2031-05-06T07:08:09+02:00",
	    "2031-05-06T02:00:00+02:00" },
	{ "coarsen:1d", "2031-05-06T01:08:09+02:00",
	    "2031-05-05T02:00:00+02:00" },
	{ "coarsen:1h", "2031-05-06T07:08:09+05:30",
	    "2031-05-06T06:30:00+05:30" },
	{ "coarsen:1h", "2031-01-01T00:10:00-00:30",
	    "2030-12-31T23:30:00-00:30" },
	{ "coarsen:1d", "2032-02-29T23:59:60Z", "2032-02-29T00:00:00Z" },
	{ "coarsen:1h", "1969-12-31T23:59:59Z", "1969-12-31T23:00:00Z" },
	{ "coarsen:7d", "1969-12-31T23:59:59Z", "1969-12-25T00:00:00Z" },
	{ "coarsen:1d", "0000-01-01T12:00:00Z", "0000-01-01T00:00:00Z" },
	{ "coarsen:1d", "9999-12-31T23:59:59Z", "9999-12-31T00:00:00Z" },
	{ "coarsen:366d", "0000-01-01T00:00:00Z", GONE },
	{ "coarsen:1h", "2031-02-29T07:08:09Z", GONE },
	{ "coarsen:1h", "2031-13-01T07:08:09Z", GONE },
	{ "coarsen:1h", "2031-00-01T07:08:09Z", GONE },
	{ "coarsen:1h", "2031-01-01T24:08:09Z", GONE },
	{ "coarsen:1h", "2031-01-01T07:60:09Z", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:61Z", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09.Z", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09+24:00", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09Zx", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09+2", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09+020", GONE },
	{ "coarsen:1h", "2031-01-01T07:08:09  Z", GONE },
	{ "coarsen:1h", "2031-01-01T07", GONE },
	{ "coarsen:1h", "2031-01-1", GONE },
	{ "coarsen:1h", "2031-01-011", GONE },
	/* ISO 8601 and SQL */
	{ "coarsen:1h", "2031-01-01T07:08:09", "2031-01-01T07:00:00" },
	{ "coarsen:1h", "2031-01-01T07:08:09.5", "2031-01-01T07:00:00.0" },
	{ "coarsen:1h", "2031-01-01T07:08:09,123456",
	    "2031-01-01T07:00:00,000000" },
	{ "coarsen:1h", "2031-01-01T07:08:09+0530",
	    "2031-01-01T06:30:00+0530" },
	{ "coarsen:1h", "2031-01-01T07:08:09+02", "2031-01-01T07:00:00+02" },
	{ "coarsen:1h", "2031-01-01T07:08Z", "2031-01-01T07:00Z" },
	{ "coarsen:1h", "2031-01-01T07:08", "2031-01-01T07:00" },
	{ "coarsen:1h", "20310101T070809Z", "20310101T070000Z" },
	{ "coarsen:1h", "20310101T070809", "20310101T070000" },
	{ "coarsen:1h", "20310101T070809.250+0200",
	    "20310101T070000.000+0200" },
	{ "coarsen:1h", "20310101T0708Z", "20310101T0700Z" },
	{ "coarsen:1h", "20310101070809", "20310101070000" },
	{ "coarsen:1h", "20310101070809.5", "20310101070000.0" },
	{ "coarsen:1h", "29310101070809", GONE },
	{ "coarsen:1h", "2031-01-01 07:08:09", "2031-01-01 07:00:00" },
	{ "coarsen:1h", "2031-01-01 07:08:09.999", "2031-01-01 07:00:00.000" },
	{ "coarsen:1h", "2031-01-01 07:08:09 UTC", "2031-01-01 07:00:00 UTC" },
	{ "coarsen:1h", "2031-01-01 07:08:09 +0100",
	    "2031-01-01 07:00:00 +0100" },
	/* a date alone; steps that its form cannot hold are rounded up */
	{ "coarsen:1h", "2031-01-01", "2031-01-01" },
	{ "coarsen:7d", "2031-05-06", "2031-05-01" },
	{ "coarsen:30d", "20310506", "20310411" },
	{ "coarsen:7h", "2031-05-06", "2031-05-06" },
	{ "coarsen:25h", "2031-05-08", "2031-05-07" },
	{ "coarsen:45s", "2031-05-06T07:08Z", "2031-05-06T07:08Z" },
	{ "coarsen:1d", "12345678", GONE },
	{ "coarsen:1d", "20310231", GONE },
	{ "coarsen:7d", "19000101", GONE },
	/* RFC 9110 */
	{ "coarsen:1h", "Sun, 06 Nov 1994 08:49:37 GMT",
	    "Sun, 06 Nov 1994 08:00:00 GMT" },
	{ "coarsen:1d", "Thu, 01 Jan 1970 00:00:01 GMT",
	    "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ "coarsen:7d", "Tue, 06 May 2031 07:08:09 GMT",
	    "Thu, 01 May 2031 00:00:00 GMT" },
	{ "coarsen:1h", "Xun, 06 Nov 1994 08:49:37 GMT", GONE },
	{ "coarsen:1h", "Sunday, 06-Nov-94 08:49:37 GMT", GONE },
	{ "coarsen:1h", "Sun, 31 Nov 1994 08:49:37 GMT", GONE },
	{ "coarsen:1h", "Sun, 06 Nov 1994 08:49:37", GONE },
	{ "coarsen:1h", "Sun, 06 Nov 1994 08:49:37 EST", GONE },
	/* RFC 5322 */
	{ "coarsen:1h", "Sun, 6 Nov 1994 08:49:37 GMT",
	    "Sun, 6 Nov 1994 08:00:00 GMT" },
	{ "coarsen:1h", "Sun, 06 Nov 1994 08:49:37 +0130",
	    "Sun, 06 Nov 1994 08:30:00 +0130" },
	{ "coarsen:7d", "Tue, 6 Nov 2029 08:49:37 +0000",
	    "Thu, 1 Nov 2029 00:00:00 +0000" },
	{ "coarsen:7d", "Mon, 5 May 2031 08:49:37 +0000",
	    "Thu, 1 May 2031 00:00:00 +0000" },
	{ "coarsen:30d", "Thu, 1 May 2031 08:49:37 +0000",
	    "Fri, 11 Apr 2031 00:00:00 +0000" },
	{ "coarsen:1d", "6 Nov 1994 08:49 +0000", "6 Nov 1994 00:00 +0000" },
	{ "coarsen:1d", "Sun, 06 Nov 1994 08:49 UT",
	    "Sun, 06 Nov 1994 00:00 UT" },
	/* asctime */
	{ "coarsen:1h", "Sun Nov  6 08:49:37 1994",
	    "Sun Nov  6 08:00:00 1994" },
	{ "coarsen:11d", "Wed Nov 16 08:49:37 1994",
	    "Sun Nov  6 00:00:00 1994" },
	{ "coarsen:1h", "Sun Nov 6 08:49:37 1994", GONE },
	/* since 1970, or 1900 (NTP) */
	{ "coarsen:1h", "4144989137", "4144986000" },
	{ "coarsen:1h", "1936000001123456789", "1935997200000000000" },
	{ "coarsen:7h", "9223372036854775807", "9223351200000000000" },
	{ "coarsen:7h", "9223372036854775808", GONE }, /* over 63 bits */
	{ "coarsen:7h", "9999999999999999999", GONE },
	{ "coarsen:1h", "193600000112345678", GONE },
	{ "coarsen:1h", "0", "0" },
	{ "coarsen:1h", "00", GONE },
	{ "coarsen:1h", "1936000001", "1935997200" },
	{ "coarsen:1h", "1936000001123", "1935997200000" },
	{ "coarsen:1h", "1936000001123456", "1935997200000000" },
	{ "coarsen:15m", "1936000001.25", "1935999900.00" },
	{ "coarsen:1s", "1936000001123.5", "1936000001000.0" },
	{ "coarsen:366d", "1000000000", GONE },
	{ "coarsen:1h", "0936000001", GONE },
	{ "coarsen:1h", "193600000", GONE },
	{ "coarsen:1h", "19360000011", GONE },
	{ "coarsen:1h", "1936000001.", GONE },
	{ "coarsen:1h", "1936000001.x", GONE },
	{ "coarsen:1h", "1.936000001", GONE },
	{ "coarsen:1h", "-936000001", GONE },
	{ "coarsen:1h", "", GONE },
	{ "coarsen:1h", "yesterday at noon", GONE },
	{ "coarsen:1h", "true", GONE },
};

static void test_coarsen(void)
{
	for (size_t i = 0; i < COUNT(coarsen_row); i++)
		check(coarsen_row[i].treat, span_str(coarsen_row[i].in),
		    VALUE_TEXT, coarsen_row[i].want);
	check("coarsen:1h", SPAN("1936000001"), VALUE_NUMBER, "1935997200");
	check("coarsen:1h", SPAN("1936000001\0"), VALUE_TEXT, GONE);
}

/* Every hour of some centuries comes back as itself, every second before it
 * goes down to it: the calendar has no gap. */
static void test_calendar(void)
{
	struct treatment day = { .act = ACT_COARSEN, .seconds = 86400 };
	static const int length[2][12] = {
		{ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 },
		{ 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 },
	};
	char in[80], want[80];
	struct buf out;
	unsigned bad = 0;

	buf_init(&out, 100);
	for (unsigned y = 1; y <= 9999; y += y < 1890 || y > 2110 ? 7 : 1)
		for (unsigned m = 1; m <= 12; m++) {
			bool leap =
			    (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

			for (int d = 1; d <= length[leap][m - 1]; d++) {
				snprintf(in, sizeof in,
				    "%04u-%02u-%02dT23:59:59Z", y, m, d);
				snprintf(want, sizeof want,
				    "%04u-%02u-%02dT00:00:00Z", y, m, d);
				buf_reset(&out);
				treat_value(
				    &day, NULL, span_str(in), VALUE_TEXT, &out);
				bad += !span_eq(buf_span(&out), span_str(want));
			}
		}
	tap_int(bad, 0, "days that come out wrong");
	buf_fini(&out);
}

static void test_round(void)
{
	static const struct {
		const char *treat, *in, *want;
	} row[] = {
		{ "round:1", "52.5200066", "52.5" },
		{ "round:1", "13.404954", "13.4" },
		{ "round:1", "52.55", "52.6" },
		{ "round:1", "52.549999", "52.5" },
		{ "round:1", "-52.55", "-52.6" },
		{ "round:1", "9.96", "10.0" },
		{ "round:1", "99.95", "100.0" },
		{ "round:0", "99.5", "100" },
		{ "round:0", "99.4", "99" },
		{ "round:0", "0.5", "1" },
		{ "round:0", "-0.5", "-1" },
		{ "round:0", "-0.4", "0" },
		{ "round:1", "-0.04", "0.0" },
		{ "round:2", "52.5", "52.5" },
		{ "round:2", "52", "52" },
		{ "round:6", "1.23456789", "1.234568" },
		{ "round:6", "0.9999999", "1.000000" },
		{ "round:1", "+52.55", "+52.6" },
		{ "round:1", "007.25", "007.3" },
		{ "round:1", "5.2e1", GONE },
		{ "round:1", ".5", GONE },
		{ "round:1", "5.", GONE },
		{ "round:1", "5,5", GONE },
		{ "round:1", "5.5.5", GONE },
		{ "round:1", "-", GONE },
		{ "round:1", "", GONE },
		{ "round:1", "Berlin", GONE },
		{ "round:1", "52.52,13.40", GONE },
		{ "round:1", " 5.5", GONE },
		{ "round:1",
		    "1.00000000000000000000000000000000000000000000000000000"
		    "00000000000000000",
		    GONE },
	};

	for (size_t i = 0; i < COUNT(row); i++)
		check(row[i].treat, span_str(row[i].in), VALUE_NUMBER,
		    row[i].want);
}

static void test_wrap(void)
{
	static const struct {
		enum step step[2];
		size_t n;
		const char *in, *open, *changed, *wrapped;
	} row[] = {
		{ { STEP_BASE64 }, 1, "", "", "", "" },
		{ { STEP_BASE64 }, 1, "Zg==", "f", "fo", "Zm8=" },
		{ { STEP_BASE64 }, 1, "Zg", "f", "fo", "Zm8" },
		{ { STEP_BASE64 }, 1, "Zm9v", "foo", "f", "Zg==" },
		{ { STEP_BASE64 }, 1, "Zm9vYmFy", "foobar", "fo", "Zm8=" },
		{ { STEP_BASE64 }, 1, "+/+/", "\xfb\xff\xbf", "\xfb\xff\xbf",
		    "+/+/" },
		{ { STEP_BASE64URL }, 1, "-_-_", "\xfb\xff\xbf", "\xfb\xff\xbf",
		    "-_-_" },
		{ { STEP_BASE64URL }, 1, "Zg", "f", "fo", "Zm8" },
		{ { STEP_BASE64URL }, 1, "Zm9v", "foo", "f", "Zg" },
		{ { STEP_BASE64URL }, 1, "Zg==", "f", "fo", "Zm8=" },
		{ { STEP_PERCENT }, 1, "a%20b%C3%BC+", "a b\xc3\xbc+", "x y/",
		    "x%20y%2F" },
		{ { STEP_PERCENT, STEP_BASE64 }, 2, "Zg%3D%3D", "f", "fo",
		    "Zm8%3D" },
		{ { STEP_PERCENT, STEP_BASE64 }, 2, "Zg", "f", "fo", "Zm8" },
		{ { STEP_BASE64, STEP_BASE64URL }, 2, "Wmc9PQ==", "f", "fo",
		    "Wm04PQ==" },
		{ { STEP_BASE64 }, 0, "x", "x", "y", "y" },
	};
	static const struct {
		enum step step;
		const char *in;
	} bad[] = {
		{ STEP_BASE64, "Z" },
		{ STEP_BASE64, "Zg=" },
		{ STEP_BASE64, "Zg===" },
		{ STEP_BASE64, "Zm9v=" },
		{ STEP_BASE64, "====" },
		{ STEP_BASE64, "Zh==" }, /* stray bits */
		{ STEP_BASE64, "Zm9=" },
		{ STEP_BASE64, "Zm 9v" },
		{ STEP_BASE64, "Zm9v\n" },
		{ STEP_BASE64, "-_-_" },
		{ STEP_BASE64URL, "+/+/" },
		{ STEP_BASE64, "Zg==Zg==" },
		{ STEP_PERCENT, "%" },
		{ STEP_PERCENT, "%4" },
		{ STEP_PERCENT, "a%4gx" },
	};
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(row); i++) {
		buf_reset(&out);
		buf_add_str(&out, "<");
		tap_int(treat_unwrap(NULL, row[i].step, row[i].n,
		            span_str(row[i].in), &out),
		    0, "unwrap \"%s\"", row[i].in);
		tap_span(span_from(buf_span(&out), 1), span_str(row[i].open),
		    "its inside");
		buf_reset(&out);
		treat_wrap(NULL, row[i].step, row[i].n,
		    span_str(row[i].changed), span_str(row[i].in), &out);
		tap_span(buf_span(&out), span_str(row[i].wrapped),
		    "wrapped like \"%s\"", row[i].in);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_reset(&out);
		tap_int(treat_unwrap(
		            NULL, &bad[i].step, 1, span_str(bad[i].in), &out),
		    -EBADMSG, "\"%s\" is no %s", bad[i].in,
		    step_word(bad[i].step));
		tap_int((long long)buf_len(&out), 0, "nothing is left of it");
	}
	buf_fini(&out);
}

static void on_report(void *arg, const struct finding *f)
{
	*(const struct finding **)arg = f;
}

static void test_report(void)
{
	const struct finding *seen = NULL;
	struct env e = { .report = on_report, .arg = &seen };
	struct finding f = { .carrier = CARRIER_JSON };

	treat_report(NULL, &f);
	treat_report(&env, &f);
	tap_ok(seen == NULL, "nobody listens");
	treat_report(&e, &f);
	tap_ok(seen == &f, "somebody listens");
}

int main(void)
{
	test_plain();
	test_alias();
	test_coarsen();
	test_calendar();
	test_round();
	test_wrap();
	test_report();
	return tap_done();
}
