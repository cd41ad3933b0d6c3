/* SPDX-License-Identifier: EUPL-1.2 */
/* Each allocation fails in turn while SDP or lines of text are scrubbed: an
 * error or the right output, never a value that was to go. Linked with
 * --wrap=malloc,--wrap=calloc. */
#include <errno.h>

#include "body/sdp.h"
#include "body/text.h"
#include "unit/body/torture.h"

FEED_BY(feed_sdp, sdp, sdp_new(plan, env));
FEED_BY(feed_text, text, text_new(plan, env));

static const struct {
	feed_f *feed;
	const char *lines, *in, *want;
} row[] = {
	{ feed_sdp,
	    "sdp candidate:host -> drop\nsdp candidate:raddr -> drop\n"
	    "sdp candidate:foundation -> mask\nsdp candidate:x -> drop\n"
	    "sdp extmap:urn:Erika -> drop\nsdp ssrc:cname -> mask\n"
	    "sdp o:user -> drop\nsdp s -> set:a longer name than before",
	    "v=0\no=Erika 1 1 IN IP4 x\ns=Erika\n"
	    "a=candidate:1 1 udp 1 Erika 1 typ host\n"
	    "a=candidate:Erika 1 udp 1 y 1 typ srflx raddr Erika rport 9\n"
	    "a=candidate:2 1 udp 1 y 1 typ relay x Erika\n"
	    "a=extmap:1 urn:Erika\na=ssrc:1 cname:Erika\n",
	    "v=0\no=- 1 1 IN IP4 x\ns=a longer name than before\n"
	    "a=candidate:1 1 udp 1 y 1 typ srflx raddr 0.0.0.0 rport 9\n"
	    "a=candidate:2 1 udp 1 y 1 typ relay\n"
	    "a=ssrc:1 cname:xxxxx\n" },
	/* There is room for the line when there is none for its name. */
	{ feed_sdp, "sdp candidate:host -> drop",
	    "v=0\na=candidate:1 1 udp 1 Erika 1 typ host\n", "v=0\n" },
	{ feed_sdp, "sdp candidate:ufrag -> drop",
	    "candidate:1 1 udp 1 y 1 typ host ufrag Erika",
	    "candidate:1 1 udp 1 y 1 typ host" },
	{ feed_text, "text Erika* -> drop\ntext {* > json $.n -> drop",
	    "a\nErika 1\n{\"n\":\"Erika\"}\n", "a\n{}\n" },
};

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		torture(i,
		    &(struct torture){ row[i].feed, row[i].lines,
		        span_str(row[i].in), span_str(row[i].want), -ENOMEM });
	return tap_done();
}
