/* SPDX-License-Identifier: EUPL-1.2 */
/* Names are kept, identifiers in them are not; tables are bounded, add up and
 * are forgotten with the version of their pack. */
#include "proxy/drift.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "engine/treat.h"
#include "lib/tap.h"

static const struct {
	enum carrier c;
	const char *in, *want;
} name[] = {
	{ CARRIER_HEADER, "X-Device-Model", "x-device-model" },
	{ CARRIER_HEADER, "Sec-CH-UA-Platform", "sec-ch-ua-platform" },
	{ CARRIER_HEADER, "x-amz-sha256", "x-amz-sha256" },
	{ CARRIER_HEADER, "x-goog-ext-525000001-jspb", "x-goog-ext-*" },
	{ CARRIER_COOKIE, "_ga", "_ga" },
	{ CARRIER_COOKIE, "_ga_4F5K8Q2M1T", "_ga_*" },
	{ CARRIER_COOKIE, "s-550e8400-e29b-41d4-a716-446655440000", "s-*" },
	{ CARRIER_COOKIE, "abcdefab-cdef-abcd-efab-cdefabcdefab", "*" },
	{ CARRIER_COOKIE, "a1:bb:cd:ef:fe:dc", "*" },
	{ CARRIER_QUERY, "erika.mustermann@amt.example", "*" },
	{ CARRIER_QUERY, "erika%40amt", "*" },
	{ CARRIER_QUERY, "Erika Mustermann", "*" },
	{ CARRIER_QUERY, "M\303\274ller", "*" },
	{ CARRIER_QUERY, "+493020001234", "*" },
	{ CARRIER_QUERY, "10.47.11.23", "*" },
	{ CARRIER_QUERY, "utm_source", "utm_source" },
	{ CARRIER_QUERY, "16778240", "*" },
	{ CARRIER_QUERY, "", "*" },
	{ CARRIER_QUERY, "isScreenSharingWithComputerAudioEnabled",
	    "isScreenSharingWithComputerAudioEnabled" },
	{ CARRIER_QUERY, "QmFzZTY0VGV4dElzSGVyZQ", "*" },
	{ CARRIER_QUERY, "qxzkwvbnmt", "*" },
	{ CARRIER_QUERY, "tok_xKqLmZpRtVwYcBdF", "tok_*" },
	{ CARRIER_JSON, "$.device.model", "$.device.model" },
	{ CARRIER_JSON, "$.list[*].tz", "$.list[*].tz" },
	{ CARRIER_JSON, "$.list[17].tz", "$.list[*].tz" },
	{ CARRIER_JSON, "$.users.16778240.mail", "$.users.*.mail" },
	{ CARRIER_JSON, "$.users['e.m@amt.example'].a", "$.users[*].a" },
	{ CARRIER_JSON, "$.users[\"Erika M\"].a", "$.users[*].a" },
	{ CARRIER_JSON, "$.rooms.AMT-NB-0815.name", "$.rooms.*.name" },
	{ CARRIER_JSON, "$.a['x.y-16778240'].b", "$.a[*].b" },
	{ CARRIER_JSON, "stream_16778240", "$..*" },
	{ CARRIER_JSON, "$['content-type']", "$['content-type']" },
	{ CARRIER_JSON, "$['a\\'b'].c", "$[*].c" },
	{ CARRIER_JSON, "$['open", "$['open']" },
	{ CARRIER_JSON, "$..email", "$..email" },
	{ CARRIER_JSON, "email", "$..email" },
	{ CARRIER_JSON, "3", "$..*" },
	{ CARRIER_XML, "/iq/@from", "/iq/@from" },
	{ CARRIER_XML, "//user/id16778240/text()", "//user/*/text()" },
	{ CARRIER_XML, "/a/room-16778240/@id-16778240", "/a/*/@*" },
	{ CARRIER_PROTO, "3.1.2", "3.1.2" },
	{ CARRIER_PROTO, "3.536870911.2", "3.*.2" },
	{ CARRIER_SDP, "candidate:host", "candidate:host" },
	{ CARRIER_TEXT, "a whole line of somebody's text", "*" },
};

static void names(void)
{
	char out[DRIFT_NAME_BYTES], deep[600] = "$";

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		size_t n = drift_fold(name[i].c, span_str(name[i].in), out);

		tap_span(
		    span_of(out, n), span_str(name[i].want), "%s", name[i].in);
	}
	for (int i = 0; i < 60; i++)
		strncat(deep, ".member", sizeof deep - strlen(deep) - 1);
	tap_span(span_of(out, drift_fold(CARRIER_JSON, span_str(deep), out)),
	    SPAN("$..*"), "a path that is too long");
	tap_span(span_of(out, drift_fold_host(SPAN("log3.eu.zoom.us"),
	                          SPAN("zoom.us"), out)),
	    SPAN("log3.eu.zoom.us"), "a host");
	tap_span(span_of(out,
	             drift_fold_host(SPAN("a8f3e91c22.t-550e8400-e29b.zoom.us"),
	                 SPAN("zoom.us"), out)),
	    SPAN("*.t-*.zoom.us"), "a host with identifiers");
	tap_span(span_of(out,
	             drift_fold_host(SPAN("zoom.us"), SPAN("zoom.us"), out)),
	    SPAN("zoom.us"), "the domain itself");
}

static struct conf *conf_of(uint32_t version)
{
	char text[1024], err[CONF_ERR_BYTES] = "";
	struct bundle *b = bundle_new();
	struct conf *c = NULL;

	snprintf(text, sizeof text,
	    "service = { id = \"example\"; name = \"E\"; version = %u;\n"
	    "reviewed = \"2026-11-20\"; operator = { name = \"E\"; seat = "
	    "\"DE\"; }; e2ee = false; };\n"
	    "hosts = ( ( \"*.example.org\", \"inspect\" ) );\n",
	    version);
	(void)bundle_add(b, "policy/example.conf", span_str(text));
	(void)bundle_add(b, "sparsamd.conf",
	    SPAN("listen = ( \"127.0.0.1:3128\" ); policy_dir = \"policy\";"
	         "services = ( { id = \"example\"; mode = \"enforce\"; } );"));
	if (conf_load(b, "sparsamd.conf", 1795000000, &c, err) < 0)
		tap_note("%s", err);
	bundle_free(b);
	return c;
}

static void sight(const struct service *s, const char *header)
{
	struct finding f = { .carrier = CARRIER_HEADER,
		.name = span_str(header) };

	drift_field(s, false, &f);
}

static void table(void)
{
	static struct drift_page page, other, sum;
	struct conf *c = conf_of(1), *next = conf_of(2);
	const struct service *s = ruleset_at(c->rules, 0);
	const struct drift_service *d;
	char text[80];

	drift_use(&page);
	sight(s, "X-Early");
	tap_ok(drift_of(&page, s) == NULL, "before the rules: nothing");
	drift_rules(c);
	sight(s, "X-A");
	sight(s, "x-a");
	sight(s, "X-B-123456");
	sight(s, "X-B-654321");
	d = drift_of(&page, s);
	tap_ok(d != NULL && d->n == 2 && d->name[0].seen == 2 &&
	           d->name[1].seen == 2,
	    "each name once, folded");
	drift_rules(c);
	sight(s, "X-A");
	tap_int((int)d->name[0].seen, 3, "the same rules again: it stays");
	memcpy(&other, &page, sizeof other);
	drift_merge(&sum, &page);
	drift_merge(&sum, &other);
	d = drift_of(&sum, s);
	tap_ok(d != NULL && d->n == 2 && d->name[0].seen == 6, "it adds up");
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof text, "x-%c%c%c", 'a' + i % 26,
		    'a' + i / 26 % 26, 'a' + i / 676 % 26);
		sight(s, text);
	}
	d = drift_of(&page, s);
	tap_ok(d != NULL && d->n == DRIFT_NAMES_MAX && d->lost == 2490,
	    "the table is bounded");
	other.service[0].n = UINT32_MAX; /* from a worker that is not itself */
	other.service[0].name[0].n = 255;
	other.service[0].name[1].carrier = 200;
	memset(other.service[1].id, 'x', sizeof other.service[1].id);
	drift_merge(&sum, &other);
	tap_ok(drift_of(&sum, s)->n <= DRIFT_NAMES_MAX, "and so is a bad one");
	drift_rules(next);
	tap_ok(drift_of(&page, s) == NULL, "another version: forgotten");
	sight(s, "X-Old");
	d = drift_of(&page, ruleset_at(next->rules, 0));
	tap_ok(d != NULL && d->n == 0, "old connections add nothing");
	drift_keep(&sum, next);
	tap_ok(drift_of(&sum, s) == NULL, "forgotten in the sum as well");
	conf_unref(c);
	conf_unref(next);
}

int main(void)
{
	names();
	table();
	return tap_done();
}
