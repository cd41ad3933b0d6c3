/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing SDP: lines, a text, what must come out; whole and at every cut. */
#include "body/sdp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/body/rows.h"

#define HEAD "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define HOST "1 udp 2122194687 10.47.11.23 39185 typ host"
#define SRFLX                                                                  \
	"1 udp 1685987327 198.51.100.77 33900 typ srflx raddr 10.47.11.23 "    \
	"rport 32789"

static const struct row row[] = {
	/* Whole lines. */
	{ "nothing named", "sdp x-none -> drop", HEAD "a=x\r\n",
	    HEAD "a=x\r\n" },
	{ "no lines of SDP", "json $.a -> drop", HEAD, HEAD },
	{ "a letter", "sdp s -> set:x y", HEAD,
	    "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=x y\r\nt=0 0\r\n" },
	{ "drop a letter", "sdp i -> drop\nsdp e -> drop",
	    "v=0\ns=-\ni=Erika\ne=e@example.org\nt=0 0\n",
	    "v=0\ns=-\nt=0 0\n" },
	{ "all letters", "sdp * -> drop",
	    "v=0\no=1\ns=1\ni=1\nu=1\ne=1\np=1\nc=1\nb=1\nt=1\nr=1\nz=1\nk=1\n"
	    "a=b\na=b:c\n",
	    "v=0\n" },
	{ "v stays", "sdp v -> drop", "v=0\r\n", "v=0\r\n" },
	{ "attribute", "sdp x-tool -> drop", HEAD "a=x-tool:E 1\r\na=y\r\n",
	    HEAD "a=y\r\n" },
	{ "attribute, flag", "sdp recvonly -> drop", "a=recvonly\na=y\n",
	    "a=y\n" },
	{ "attribute, value", "sdp xy -> set:2",
	    "a=xy:1 1\na=xy\na=xy:\na=xy:2\n",
	    "a=xy:2\na=xy:2\na=xy:2\na=xy:2\n" },
	{ "attribute, space around its name", "sdp xy -> drop",
	    "a= xy:1\na=xy :2\na=y\n", "a=y\n" },
	{ "attribute, case matters", "sdp xy -> drop", "a=XY:1\n", "a=XY:1\n" },
	{ "an attribute of one letter is no line",
	    "sdp m -> keep\nsdp * -> drop", "m=audio 9 x 0\na=m:1\na=mid:0\n",
	    "m=audio 9 x 0\n" },
	{ "an attribute of one letter", "sdp a:m -> drop", "m=a 9 x 0\na=m:1\n",
	    "m=a 9 x 0\n" },
	{ "attribute without a name", "sdp * -> drop", "a=\na=:1\n", "" },
	{ "runs of one name", "sdp aa -> drop\nsdp b* -> drop",
	    "a=aa:1\na=aa:2\na=bb\na=bb\na=ab\na=ab\na=aa\na=c\na=d\n",
	    "a=ab\na=ab\na=c\na=d\n" },
	{ "mask", "sdp s -> mask", "s=M\xc3\xbcller\n", "s=xxxxxx\n" },
	{ "the first line decides", "sdp s -> keep\nsdp s* -> drop",
	    "s=1\na=s2\n", "s=1\n" },
	{ "allow-list",
	    "sdp o -> keep\nsdp mid -> keep\nsdp m -> keep\n"
	    "sdp * -> drop",
	    "v=0\no=1\ns=2\nm=a\na=mid:0\na=x\n", "v=0\no=1\nm=a\na=mid:0\n" },
	{ "fingerprint stays", "sdp candidate* -> drop\nsdp x-* -> drop",
	    "a=fingerprint:sha-256 AA\na=ice-ufrag:a\na=ice-pwd:b\n",
	    "a=fingerprint:sha-256 AA\na=ice-ufrag:a\na=ice-pwd:b\n" },
	{ "set refuses nothing", "sdp t -> set:0 0", "t=3 4\n", "t=0 0\n" },
	{ "a chain", "sdp x-data > base64 > json $.n -> drop",
	    "a=x-data:eyJuIjoiRXJpa2EiLCJpIjoxfQ==\n",
	    "a=x-data:eyJpIjoxfQ==\n" },
	{ "a chain that cannot be read",
	    "sdp x-data > base64 > json $.n -> drop", "a=x-data:%\n", NULL },

	/* Media sections. */
	{ "a section goes", "sdp m -> drop",
	    "v=0\na=1\nm=audio 9 x 0\na=2\nm=video 9 x 0\na=3\n",
	    "v=0\na=1\n" },
	{ "only m= that is dropped", "sdp m -> coarsen:1h",
	    "v=0\nm=audio 9 x 0\na=2\n", "v=0\n" },
	{ "refused section", "sdp m:port -> drop", "m=audio 0 x 0\nm=v 5 x 0\n",
	    "m=audio 0 x 0\nm=v 9 x 0\n" },
	{ "port", "sdp m:port -> set:9", "m=audio 40296 x 0 1\nm=v 5/2 x 0\n",
	    "m=audio 9 x 0 1\nm=v 9/2 x 0\n" },

	/* Parts. */
	{ "o parts",
	    "sdp o:user -> drop\nsdp o:session -> set:1\n"
	    "sdp o:version -> drop\nsdp o:address -> drop",
	    "o=erika 77 3 IN IP4 10.1.2.3\no=- 77 3 IN IP6 2001:db8::1\n",
	    "o=- 1 0 IN IP4 0.0.0.0\no=- 1 0 IN IP6 ::\n" },
	{ "o, keep above", "sdp o -> keep\nsdp o:user -> drop",
	    "o=erika 7 3 IN IP4 x\n", "o=erika 7 3 IN IP4 x\n" },
	{ "o, keep below", "sdp o:user -> drop\nsdp o -> keep\nsdp o:* -> mask",
	    "o=erika 7 3 IN IP4 x\n", "o=- 7 3 IN IP4 x\n" },
	{ "o, the whole goes before its parts",
	    "sdp o:user -> keep\nsdp o -> set:a", "o=erika 7 3 IN IP4 x\n",
	    "o=a\n" },
	{ "o, a glob over parts", "sdp o:* -> set:1", "o=e 7 3 IN IP4 x\n",
	    "o=1 1 1 IN IP4 1\n" },
	{ "o, alias stays a word", "sdp o:user -> alias:A B",
	    "o=erika 7 3 IN IP4 x\n", "o=A-B-AF46 7 3 IN IP4 x\n" },
	{ "o, a name of two words", "sdp o:user -> drop",
	    "o=erika m 7 3 IN IP4 x\n", NULL },
	{ "o, a name of two words, not asked", "sdp s -> drop",
	    "o=erika m 7 3 IN IP4 x\n", "o=erika m 7 3 IN IP4 x\n" },
	{ "o, too short", "sdp o:address -> drop", "o=erika\n", NULL },
	{ "c", "sdp c:address -> drop",
	    "c=IN IP4 10.47.11.23\nc=IN IP6 2001:db8::1\n"
	    "c=IN IP4 224.2.1.1/127/3\n",
	    "c=IN IP4 0.0.0.0\nc=IN IP6 ::\nc=IN IP4 0.0.0.0/127/3\n" },
	{ "rtcp", "sdp rtcp:address -> drop\nsdp rtcp:port -> drop",
	    "a=rtcp:53020 IN IP4 10.1.1.1\na=rtcp:53020\na=rtcp-mux\n",
	    "a=rtcp:9 IN IP4 0.0.0.0\na=rtcp:9\na=rtcp-mux\n" },
	{ "rtcp, wrong", "sdp rtcp:address -> drop", "a=rtcp:1 IN\n", NULL },
	{ "rtcp without value", "sdp rtcp:port -> drop", "a=rtcp\n", NULL },
	{ "t", "sdp t -> coarsen:1h", "t=3873873600 3873877201\nt=0 0\n",
	    "t=3873873600 3873877200\nt=0 0\n" },
	{ "t, a part", "sdp t:stop -> coarsen:1d\nsdp t:start -> drop",
	    "t=3873873600 3873877201\n", "t=0 3873830400\n" },
	{ "t, after 2036", "sdp t -> coarsen:1d", "t=4294972800 0\n",
	    "t=4294944000 0\n" },
	{ "t, no time", "sdp t -> coarsen:1h", "t=soon 1\nt=17 0\n", "" },

	/* Attributes with a name inside. */
	{ "extmap", "sdp extmap:urn:3gpp:* -> drop",
	    "a=extmap:13 urn:3gpp:video-orientation\n"
	    "a=extmap:2/recvonly urn:3gpp:x y\na=extmap:4 urn:x\na=extmap:4\n",
	    "a=extmap:4 urn:x\na=extmap:4\n" },
	{ "extmap, the URI is the value", "sdp extmap:urn:a -> set:urn:b",
	    "a=extmap:2 urn:a x=1\n", "a=extmap:2 urn:b x=1\n" },
	{ "extmap, backslashes", "sdp extmap:* -> keep\nsdp extmap -> drop",
	    "a=extmap:1 http:\\/\\/x.example\\/y\na=extmap:3\n",
	    "a=extmap:1 http:\\/\\/x.example\\/y\n" },
	{ "ssrc", "sdp ssrc:cname -> set:x\nsdp ssrc:label -> drop",
	    "a=ssrc:1 cname:{a b}\na=ssrc:1 msid:a b\na=ssrc:1 label:c\n"
	    "a=ssrc:1\na=ssrc:2 cname\na=ssrc-group:FID 1 2\n",
	    "a=ssrc:1 cname:x\na=ssrc:1 msid:a b\na=ssrc:1\n"
	    "a=ssrc:2 cname:x\na=ssrc-group:FID 1 2\n" },
	{ "ssrc, all but one", "sdp ssrc:cname -> keep\nsdp ssrc -> drop",
	    "a=ssrc:1 cname:a\na=ssrc:1 msid:a b\na=ssrc:1\n",
	    "a=ssrc:1 cname:a\n" },

	/* Candidates. */
	{ "types", "sdp candidate:host -> drop",
	    "a=candidate:1 " HOST "\r\na=candidate:2 " SRFLX "\r\n",
	    "a=candidate:2 " SRFLX "\r\n" },
	{ "types in capitals", "sdp candidate:host -> drop",
	    "a=candidate:1 1 UDP 1 10.0.0.1 9 TYP HOST\n", "" },
	{ "all candidates", "sdp candidate -> drop",
	    "a=candidate:1 " HOST "\na=candidate:\na=candidate\n"
	    "a=end-of-candidates\n",
	    "a=end-of-candidates\n" },
	{ "all by glob", "sdp candidate:* -> drop",
	    "a=candidate:1 " HOST "\na=candidate:2 " SRFLX "\n", "" },
	{ "only one type", "sdp candidate:relay -> keep\nsdp candidate -> drop",
	    "a=candidate:1 " HOST "\n"
	    "a=candidate:3 1 udp 7 192.0.2.9 9 typ relay raddr 1.2.3.4 rport "
	    "4\n",
	    "a=candidate:3 1 udp 7 192.0.2.9 9 typ relay raddr 1.2.3.4 rport "
	    "4\n" },
	{ "related address",
	    "sdp candidate:raddr -> drop\n"
	    "sdp candidate:rport -> drop",
	    "a=candidate:2 " SRFLX "\n"
	    "a=candidate:2 1 udp 1 2001:db8::1 9 typ srflx raddr 2001:db8::2 "
	    "rport 7\n",
	    "a=candidate:2 1 udp 1685987327 198.51.100.77 33900 typ srflx "
	    "raddr 0.0.0.0 rport 9\n"
	    "a=candidate:2 1 udp 1 2001:db8::1 9 typ srflx raddr :: rport "
	    "9\n" },
	{ "related address, set", "sdp candidate:raddr -> set:0.0.0.0",
	    "a=candidate:2 " SRFLX "\n",
	    "a=candidate:2 1 udp 1685987327 198.51.100.77 33900 typ srflx "
	    "raddr 0.0.0.0 rport 32789\n" },
	{ "pairs", "sdp candidate:network-* -> drop",
	    "a=candidate:1 " HOST " generation 0 network-id 1 network-cost 999"
	    "\r\n",
	    "a=candidate:1 " HOST " generation 0\r\n" },
	{ "pairs, one in the middle", "sdp candidate:ufrag -> drop",
	    "a=candidate:1 " HOST " generation 0 ufrag jPI+ network-id 1\n",
	    "a=candidate:1 " HOST " generation 0 network-id 1\n" },
	{ "pairs, set", "sdp candidate:network-id -> set:1",
	    "a=candidate:1 " HOST " network-id 7 network-cost 5\n",
	    "a=candidate:1 " HOST " network-id 1 network-cost 5\n" },
	{ "address and port",
	    "sdp candidate:address -> drop\n"
	    "sdp candidate:port -> drop",
	    "a=candidate:1 " HOST "\n",
	    "a=candidate:1 1 udp 2122194687 0.0.0.0 9 typ host\n" },
	{ "spaces stay as they are", "sdp candidate:port -> set:7",
	    "a=candidate: 1  1 udp 1   10.0.0.1 5 typ host  generation 0 \n",
	    "a=candidate: 1  1 udp 1   10.0.0.1 7 typ host  generation 0 \n" },
	{ "parts of what is kept",
	    "sdp candidate:network-id -> drop\nsdp candidate -> keep\n"
	    "sdp candidate:raddr -> drop\nsdp * -> drop",
	    "a=candidate:2 " SRFLX " network-id 1\na=x\n",
	    "a=candidate:2 " SRFLX "\n" },
	{ "a part does not save the line",
	    "sdp candidate:raddr -> set:0.0.0.0\nsdp candidate:srflx -> drop",
	    "a=candidate:2 " SRFLX "\n", "" },
	{ "foundations", "sdp candidate:foundation -> mask",
	    "m=a\na=candidate:842163049 " HOST "\na=candidate:77 " SRFLX "\n"
	    "a=candidate:842163049 2 udp 1 a 2 typ host\n"
	    "m=v\na=candidate:77 " SRFLX "\na=candidate:842163049 " HOST "\n",
	    "m=a\na=candidate:1 " HOST "\na=candidate:2 " SRFLX "\n"
	    "a=candidate:1 2 udp 1 a 2 typ host\n"
	    "m=v\na=candidate:1 " SRFLX "\na=candidate:2 " HOST "\n" },
	{ "foundations, set", "sdp candidate:foundation -> set:9",
	    "a=candidate:4 " HOST "\na=candidate:2 " SRFLX "\n",
	    "a=candidate:1 " HOST "\na=candidate:2 " SRFLX "\n" },
	{ "foundations, keyed", "sdp candidate:foundation -> alias",
	    "a=candidate:4 " HOST "\nm=a\na=candidate:4 " SRFLX "\n",
	    "a=candidate:443582 " HOST "\nm=a\na=candidate:443582 " SRFLX
	    "\n" },
	{ "foundations, kept", "sdp candidate:foundation -> keep",
	    "a=candidate:4 " HOST "\n", "a=candidate:4 " HOST "\n" },
	{ "unread candidates go when a type is named",
	    "sdp candidate:relay -> drop",
	    "a=candidate:1 1 udp 1 10.0.0.1\na=candidate\na=candidate:1 " HOST
	    " odd\na=candidate:1 " HOST "\n",
	    "a=candidate:1 " HOST "\n" },
	{ "unread candidates stay when none is", "sdp x -> drop",
	    "a=candidate:1 1 udp 1 10.0.0.1\n",
	    "a=candidate:1 1 udp 1 10.0.0.1\n" },
	{ "unread candidates that are kept",
	    "sdp candidate -> keep\nsdp candidate:host -> drop",
	    "a=candidate:1\n", "a=candidate:1\n" },

	/* A candidate alone. */
	{ "alone", "sdp candidate:network-id -> drop",
	    "candidate:1 " HOST " network-id 1", "candidate:1 " HOST },
	{ "alone, a line end", "sdp candidate:network-id -> drop",
	    "candidate:1 " HOST " network-id 1\r\n",
	    "candidate:1 " HOST "\r\n" },
	{ "alone, dropped", "sdp candidate:host -> drop", "candidate:1 " HOST,
	    "" },
	{ "alone, foundation", "sdp candidate:foundation -> mask",
	    "candidate:842163049 " HOST, "candidate:1 " HOST },
	{ "alone, more", "sdp x -> drop", "candidate:1 " HOST "\ns=-\n", NULL },
	{ "alone, not first", "sdp x -> drop", "v=0\ncandidate:1 " HOST, NULL },

	/* Form. */
	{ "nothing", "sdp * -> drop", "", "" },
	{ "no final line end", "sdp x -> drop", "v=0\r\ns=-", "v=0\r\ns=-" },
	{ "no final line end, dropped", "sdp s -> drop", "v=0\r\ns=-",
	    "v=0\r\n" },
	{ "no final LF", "sdp s -> set:1", "v=0\r\ns=-\r", "v=0\r\ns=1\r" },
	{ "mixed line ends", "sdp s -> set:1", "v=0\ns=-\r\nt=0 0\n",
	    "v=0\ns=1\r\nt=0 0\n" },
	{ "empty last lines", "sdp s -> set:1", "v=0\r\ns=-\r\n\r\n\n",
	    "v=0\r\ns=1\r\n\r\n\n" },
	{ "an empty line between", "sdp x -> drop", "v=0\n\ns=-\n", NULL },
	{ "no v= in front", "sdp xy -> drop", "m=x-data 9 RTP/SAVP 0\na=xy:1\n",
	    "m=x-data 9 RTP/SAVP 0\n" },
	{ "an empty value", "sdp x -> drop", "s=\n", "s=\n" },
	{ "no =", "sdp x -> drop", "v=0\nhello\n", NULL },
	{ "a space before =", "sdp x -> drop", "v =0\n", NULL },
	{ "a letter alone", "sdp x -> drop", "v=0\ns\n", NULL },
	{ "no letter", "sdp x -> drop", "1=0\n", NULL },
	{ "CR inside", "sdp x -> drop", "s=a\ra=candidate:1 " HOST "\n", NULL },
	{ "CR CR LF", "sdp x -> drop", "s=a\r\r\n", NULL },
	{ "bad without lines too", "json $.a -> drop", "v=0\nhello\n", NULL },
};

FEED(sdp);

/* Equal at every cut and in pieces of any small size? */
static bool any_cut(const struct plan *plan, struct span in, int right,
    struct span want, struct buf *out)
{
	struct env env = rules_env(NULL);

	return feed_any_cut(feed, plan, &env, in, right, want, out);
}

static void test_nul(void)
{
	struct rules *rules = rules_new("sdp x -> drop", false);
	struct buf out;

	buf_init(&out, 4096);
	tap_ok(any_cut(rules_plan(rules), SPAN("v=0\ns=a\0b\n"), -EBADMSG,
	           SPAN_NONE, &out),
	    "NUL is refused at any cut");
	rules_free(rules);
	buf_fini(&out);
}

static const struct single {
	const char *name, *lines, *in;
	int want;
	const char *text;
} single[] = {
	{ "candidate", "sdp candidate:raddr -> set:0.0.0.0",
	    "candidate:1 " SRFLX, TREAT_NEW,
	    "candidate:1 1 udp 1685987327 198.51.100.77 33900 typ srflx "
	    "raddr 0.0.0.0 rport 32789" },
	{ "with a=", "sdp candidate:port -> set:9", "a=candidate:1 " HOST "\n",
	    TREAT_NEW,
	    "a=candidate:1 1 udp 2122194687 10.47.11.23 9 typ host\n" },
	{ "dropped", "sdp candidate:host -> drop", "candidate:1 " HOST,
	    TREAT_DROP, "" },
	{ "not named", "sdp candidate:relay -> drop", "candidate:1 " HOST,
	    TREAT_SAME, "" },
	{ "no lines", "json $.a -> drop", "candidate:1 " HOST, TREAT_SAME, "" },
	{ "no candidate", "sdp x -> drop", "s=-", -EBADMSG, "" },
	{ "empty", "sdp x -> drop", "", -EBADMSG, "" },
	{ "two lines", "sdp x -> drop", "a=candidate:1 " HOST "\ns=-", -EBADMSG,
	    "" },
	{ "CR", "sdp x -> drop", "candidate:1\r1", -EBADMSG, "" },
};

static void test_single(void)
{
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		const struct single *t = &single[i];
		struct rules *rules = rules_new(t->lines, false);

		buf_reset(&out);
		buf_add_str(&out, ">");
		tap_int(sdp_candidate(
		            rules_plan(rules), &env, span_str(t->in), &out),
		    t->want, "alone, %s: answer", t->name);
		tap_span(span_from(buf_span(&out), 1), span_str(t->text),
		    "alone, %s", t->name);
		rules_free(rules);
	}
	buf_fini(&out);
	tap_ok(sdp_begins(SPAN("v=0\r\no=")), "begins as an SDP");
	tap_ok(sdp_begins(SPAN("candidate:1")), "begins as a candidate");
	tap_ok(sdp_begins(SPAN("a=candidate:1")), "... as an attribute");
	tap_ok(!sdp_begins(SPAN("v=01")), "begins as another text");
}

static void test_reports(void)
{
	static const char lines[] =
	    "sdp candidate:host -> drop\nsdp candidate:raddr -> set:0.0.0.0\n"
	    "sdp candidate:foundation -> mask\nsdp candidate -> keep\n"
	    "sdp t -> coarsen:1h\nsdp s -> set:-\nsdp ssrc:cname -> mask\n"
	    "sdp o:user -> drop";
	struct rules *rules = rules_new(lines, false);
	struct buf out, said;
	struct env env = rules_env(&said);

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	feed(rules_plan(rules), &env,
	    SPAN("o=e 1 1 IN IP4 x\ns=-\nt=3873877201 0\na=candidate:1 1 udp 1 "
	         "a 2 typ host\na=candidate:7 1 udp 1 a 2 typ srflx raddr b "
	         "rport 3\na=ssrc:1 cname:abc\na=ssrc:1 x:y\na=z\n"),
	    3, 3, &out);
	tap_span(buf_span(&said),
	    SPAN("drop o:user e>;keep s ->-;"
	         "coarsen t 3873877201 0>3873877200 0;"
	         "drop candidate:host 1 1 udp 1 a 2 typ host>;"
	         "keep candidate >;mask candidate:foundation 7>1;"
	         "set candidate:raddr b>0.0.0.0;mask ssrc:cname abc>xxx;"),
	    "reports");
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

static const struct size_row limit[] = {
	{ "line at the limit", "sdp x -> drop", "s=", "x", SDP_LINE_MAX - 2,
	    "\nt=0 0\n", 0 },
	{ "line above", "sdp x -> drop", "s=", "x", SDP_LINE_MAX - 1,
	    "\nt=0 0\n", -E2BIG },
	{ "last line above", "sdp x -> drop", "s=", "x", SDP_LINE_MAX - 1, "",
	    -E2BIG },
	{ "lines at the limit", "sdp x -> drop", "", "a=x\r\n", SDP_LINES_MAX,
	    "", 0 },
	{ "lines above", "sdp x -> drop", "", "a=x\r\n", SDP_LINES_MAX, "s=-",
	    -E2BIG },
	{ "text at the limit", "sdp x -> drop", "",
	    "a=0123456789012345678901234567890123456789012345678901234"
	    "567890\n",
	    SDP_TEXT_MAX / 64, "", 0 },
	{ "text above", "sdp x -> drop", "",
	    "a=0123456789012345678901234567890123456789012345678901234"
	    "567890\n",
	    SDP_TEXT_MAX / 64, "\n", -E2BIG },
	{ "without lines too", "", "s=", "x", SDP_LINE_MAX - 1, "\n", -E2BIG },
};

static void test_foundations(void)
{
	struct rules *rules =
	    rules_new("sdp candidate:foundation -> mask", false);
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, SDP_TEXT_MAX);
	buf_init(&out, SDP_TEXT_MAX);
	for (unsigned i = 0; i < SDP_FOUNDATIONS_MAX; i++)
		buf_addf(&in, "a=candidate:%u " HOST "\n", 1000 + i);
	tap_int(feed(rules_plan(rules), &env, buf_span(&in), 0, 999, &out), 0,
	    "as many foundations as may be");
	tap_ok(
	    span_find(buf_span(&out), SPAN("a=candidate:256 ")) < buf_len(&out),
	    "the last has its number");
	buf_add_str(&in, "a=candidate:x " HOST "\n");
	tap_int(feed(rules_plan(rules), &env, buf_span(&in), 0, 999, &out),
	    -E2BIG, "one more");
	rules_free(rules);
	buf_fini(&in);
	buf_fini(&out);
}

/* What browsers send. */

static void load(const char *name, struct buf *ret_text)
{
	const char *top = getenv("top_srcdir");
	char path[1024];
	char *at;
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/data/sdp/%s.sdp",
	    top != NULL ? top : ".", name);
	buf_reset(ret_text);
	at = buf_reserve(ret_text, 65536);
	f = fopen(path, "rb");
	if (f != NULL) {
		buf_commit(ret_text, fread(at, 1, 65536, f));
		fclose(f);
	}
	tap_ok(f != NULL && buf_len(ret_text) > 0, "%s is there", name);
}

static const char hygiene[] =
    "sdp candidate:host -> drop\n"
    "sdp candidate:raddr -> drop\nsdp candidate:rport -> drop\n"
    "sdp candidate:network-* -> drop\nsdp candidate:foundation -> mask\n"
    "sdp candidate:ufrag -> keep\n"
    "sdp o -> set:- 1 1 IN IP4 0.0.0.0\nsdp s -> set:-\n"
    "sdp i -> drop\nsdp u -> drop\nsdp e -> drop\nsdp p -> drop\n"
    "sdp c:address -> drop\nsdp m:port -> set:9\n"
    "sdp rtcp:address -> drop\nsdp rtcp:port -> drop\n"
    "sdp ssrc:cname -> set:c\nsdp extmap:urn:3gpp:* -> drop\n"
    "sdp msid-semantic -> drop\nsdp msid -> set:- t\nsdp ssrc:msid -> set:- t";

static void test_captures(void)
{
	static const char *const name[] = { "chromium-full-offer",
		"chromium-mdns-offer", "firefox-full-offer",
		"firefox-data-offer" };
	static const char *const never[] = { "10.47.11.23", "2001:db8",
		"SDPARTA", "network-", "raddr 10.", ".local",
		"fYDaHTgCU+m2JdrL", "1102300107", "2366c005", "3gpp",
		"5a530e0b" };
	struct rules *rules = rules_new(hygiene, false);
	struct rules *none = rules_new("sdp x-none -> drop", false);
	struct env env = rules_env(NULL);
	struct buf in, out, again;

	buf_init(&in, 65536);
	buf_init(&out, 65536);
	buf_init(&again, 65536);
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		load(name[i], &in);
		tap_int(
		    feed(rules_plan(none), &env, buf_span(&in), 100, 100, &out),
		    0, "%s: untouched", name[i]);
		tap_ok(span_eq(buf_span(&out), buf_span(&in)),
		    "%s: byte for byte", name[i]);
		tap_int(feed(rules_plan(rules), &env, buf_span(&in), 0, 65536,
		            &out),
		    0, "%s: scrubbed", name[i]);
		for (size_t k = 0; k < sizeof never / sizeof *never; k++) {
			tap_ok(span_find(buf_span(&out), span_str(never[k])) ==
			           buf_len(&out),
			    "%s: no %s", name[i], never[k]);
		}
		tap_ok(span_find(buf_span(&out), SPAN("a=fingerprint:sha")) <
		               buf_len(&out) &&
		           span_find(buf_span(&out), SPAN("a=ice-pwd:")) <
		               buf_len(&out),
		    "%s: fingerprint and password stay", name[i]);
		tap_int(feed(rules_plan(rules), &env, buf_span(&out), 0, 65536,
		            &again),
		    0, "%s: again", name[i]);
		tap_ok(span_eq(buf_span(&out), buf_span(&again)),
		    "%s: a second time changes nothing", name[i]);
		tap_ok(any_cut(rules_plan(rules), buf_span(&in), 0,
		           buf_span(&again), &out),
		    "%s: at any cut", name[i]);
	}
	rules_free(rules);
	rules_free(none);
	buf_fini(&in);
	buf_fini(&out);
	buf_fini(&again);
}

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	test_nul();
	test_single();
	test_reports();
	test_size_rows(feed, ROWS_OF(limit), 701);
	test_foundations();
	test_captures();
	sdp_free(NULL);
	return tap_done();
}
