/* SPDX-License-Identifier: EUPL-1.2 */
/* bench/xml - MB/s of xml_feed on stanzas and on a long document, and of
 * proto_feed on a message of many participants, one core; the median of several
 * runs of CPU time. Built by "make bench-xml" only. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "bench/median.h"
#include "body/proto.h"
#include "body/xml.h"
#include "unit/body/rules.h"

#define RUN_BYTES (16u << 20)
#define RUNS 9

static const char stanza[] =
    "<presence to=\"lage@conference.example.org/c9a1d2e3\" "
    "xmlns=\"jabber:client"
    "\"><x xmlns=\"http://jabber.org/protocol/muc\"/><stats-id>Erika-Q7x"
    "</stats-id><c hash=\"sha-1\" node=\"https://example.org/meet\" "
    "ver=\"dtzK\" "
    "xmlns=\"http://jabber.org/protocol/caps\"/><SourceInfo>{}</SourceInfo>"
    "<nick xmlns=\"http://jabber.org/protocol/nick\">Erika Mustermann</nick>"
    "<email>erika.mustermann@example.org</email><codecs>av1,vp9,vp8,h264"
    "</codecs></presence>";

static const char xml_lines[] =
    "xml /presence/email -> drop\nxml /presence/stats-id -> drop\n"
    "xml /presence/nick -> mask\nxml /presence/avatar-url -> drop\n"
    "xml /presence/@to -> keep\nxml /iq/@id -> keep\nxml /a/b/@c -> drop\n"
    "xml /message/body/text() -> keep\nxml //@node -> drop";

static const char proto_lines[] =
    "proto 1.2 -> mask\nproto 1.6 -> coarsen:1h\nproto 1.9 -> drop\n"
    "proto 1.4.3 -> set:Mikrofon\nproto 2 -> drop\nproto 3.1.2 -> drop";

static int scrub(
    bool proto, const struct plan *plan, struct span in, struct buf *out)
{
	struct env env = rules_env(NULL);
	struct proto *p;
	struct xml *x;
	int r;

	buf_reset(out);
	if (proto) {
		p = proto_new(plan, &env);
		r = proto_feed(p, in, true, out);
		proto_free(p);
	} else {
		x = xml_new(plan, &env);
		r = xml_feed(x, in, true, out);
		xml_free(x);
	}
	return r;
}

static void measure(
    const char *name, bool proto, const char *lines, struct span in)
{
	struct rules *rules = rules_new(lines, false);
	double run[RUNS], start, middle;
	struct buf out;
	size_t times = RUN_BYTES / in.n + 1;

	buf_init(&out, 8u << 20);
	for (size_t i = 0; i < RUNS; i++) {
		start = cpu_s();
		for (size_t k = 0; k < times; k++)
			if (scrub(proto, rules_plan(rules), in, &out) != 0)
				exit(1);
		run[i] = (cpu_s() - start) / (double)times;
	}
	middle = median(run, RUNS);
	printf("  %-32s %7.0f MB/s (best %.0f), %zu of %zu bytes left\n", name,
	    (double)in.n / middle / 1e6, (double)in.n / run[0] / 1e6,
	    buf_len(&out), in.n);
	buf_fini(&out);
	rules_free(rules);
}

static void add_field(struct buf *b, unsigned number, struct span text)
{
	buf_add_char(b, (char)(number << 3 | 2));
	buf_add_char(b, (char)text.n); /* below 128 */
	buf_add_span(b, text);
}

/* One participant, as a server of meetings tells of it. */
static void write_message(struct buf *out, size_t times)
{
	struct buf one, track;

	buf_init(&one, 127);
	buf_init(&track, 127);
	add_field(&track, 1, SPAN("TR_4711"));
	buf_add_str(&track, "\x10\x01");
	add_field(&track, 3, SPAN("USB-Headset"));
	add_field(&one, 1, SPAN("PA_0815"));
	add_field(&one, 2, SPAN("erika.mustermann"));
	add_field(&one, 4, buf_span(&track));
	buf_add_str(&one, "\x30\xfd\xa6\xf1\x95\x07");
	add_field(&one, 9, SPAN("Erika Mustermann"));
	while (times-- > 0)
		add_field(out, 1, buf_span(&one));
	buf_fini(&one);
	buf_fini(&track);
}

int main(void)
{
	struct span one = span_of(stanza, sizeof stanza - 1);
	struct buf in;

	buf_init(&in, 8u << 20);
	puts("XML");
	measure("a stanza, no lines", false, "", one);
	measure("a stanza, 9 lines", false, xml_lines, one);
	for (size_t i = 0; i < 2000; i++)
		buf_add_span(&in, one);
	measure("2000 stanzas, no lines", false, "", buf_span(&in));
	measure("2000 stanzas, 9 lines", false, xml_lines, buf_span(&in));
	buf_reset(&in);
	puts("protobuf");
	write_message(&in, 1);
	measure("one participant, 6 lines", true, proto_lines, buf_span(&in));
	write_message(&in, 4999);
	measure("5000 participants, 6 lines", true, proto_lines, buf_span(&in));
	measure("5000 participants, none meets", true, "proto 7.1 -> drop",
	    buf_span(&in));
	buf_fini(&in);
	return 0;
}
