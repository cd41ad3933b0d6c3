/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn while XML or protobuf is scrubbed: an error or
 * the right output, never a value that was to go. Linked with
 * --wrap=malloc,--wrap=calloc; expat takes its memory from there too. */
#include <errno.h>

#include "body/proto.h"
#include "body/xml.h"
#include "unit/body/torture.h"

FEED_BY(feed_xml, xml, xml_new(plan, env));
FEED_BY(feed_proto, proto, proto_new(plan, env));

#define XML_IN                                                                 \
	"<?xml version='1.0'?><a x='Erika' y='1'><b>Erika<c/></b>"             \
	"<d>Erika</d><e>Erika</e>t<f>{&quot;n&quot;:\"Erika\",\"o\":1}</f>"    \
	"<g z='Erika'>Erika<h>2</h></g><i><![CDATA[Erika]]></i></a>"
#define XML_WANT                                                               \
	"<?xml version='1.0'?><a y='1'><d>a longer text than before &lt;</d>"  \
	"<e>xxxxx</e>t<f>{\"o\":1}</f><g><h>2</h></g><i>xxxxx</i></a>"
#define PROTO_IN                                                               \
	"\x0a\x0e\x0a\x05"                                                     \
	"Erika\x12\x05"                                                        \
	"Erika\x1a\x05"                                                        \
	"Erika\x20\x05\x2a\x0d{\"n\":\"Erika\"}"
#define PROTO_WANT                                                             \
	"\x0a\x07\x12\x05"                                                     \
	"xxxxx\x1a\x03new\x20\x07\x2a\x02{}"

static const struct torture row[] = {
	{ feed_xml,
	    "xml /a/b -> drop\nxml /a/@x -> drop\n"
	    "xml /a/d -> set:a longer text than before <\nxml //e -> mask\n"
	    "xml /a/f > json $.n -> drop\nxml /a/g/h -> keep\n"
	    "xml /a/g -> drop\nxml /a/i -> mask",
	    { XML_IN, sizeof XML_IN - 1 }, { XML_WANT, sizeof XML_WANT - 1 },
	    -EBADMSG },
	{ feed_proto,
	    "proto 1.1 -> drop\nproto 1.2 -> mask\nproto 3 -> set:new\n"
	    "proto 4 -> set:7\nproto 5 > json $.n -> drop",
	    { PROTO_IN, sizeof PROTO_IN - 1 },
	    { PROTO_WANT, sizeof PROTO_WANT - 1 }, -EBADMSG },
};

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		torture(i, &row[i]);
	return tap_done();
}
