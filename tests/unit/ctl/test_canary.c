/* SPDX-License-Identifier: EUPL-1.2 */
/* The canary's requests: what arrives unchanged is always found, whatever the
 * carrier and the coding; and only that. */
#include "ctl/canary.h"

#include "base/buf.h"
#include "base/rnd.h"
#include "ctl/leak.h"
#include "lib/tap.h"

/* No request may hold the mark of another, none is without its own. */
static void every_request(void)
{
	char mark[CANARY_MARK_BYTES];

	for (unsigned c = 0; c < CANARY_CARRIERS; c++)
		for (unsigned e = 0; e < CANARY_CODINGS; e++) {
			struct buf out;
			struct span s;

			canary_mark(mark);
			buf_init(&out, CANARY_REQUEST_MAX_BYTES);
			tap_int(canary_request(c, e, span_str(mark), &out), 0,
			    "%s, %s", canary_carrier_word(c),
			    canary_coding_word(e));
			s = buf_span(&out);
			tap_int(canary_judge(c, e, span_str(mark), s),
			    CANARY_ARRIVED, "it arrives as it is");
			canary_mark(mark);
			tap_int(canary_judge(c, e, span_str(mark), s),
			    CANARY_CHANGED, "the place is there, not the mark");
			tap_int(canary_judge(c, e, span_str(mark), SPAN("")),
			    CANARY_REFUSED, "nothing came");
			if (e != CANARY_PLAIN &&
			    !(e == CANARY_GZIP && c == CANARY_PROTO))
				tap_ok(span_find(s, span_str(mark)) == s.n,
				    "nothing of it shows");
			buf_fini(&out);
		}
}

static void judged(void)
{
	static const struct {
		const char *name, *got;
		enum canary_carrier c;
		enum canary_fate want;
	} row[] = {
		{ "gone with its name", "GET /header HTTP/1.1\r\n\r\n",
		    CANARY_HEADER, CANARY_REMOVED },
		{ "emptied", "GET /x HTTP/1.1\r\ncanary-plain: \r\n\r\n",
		    CANARY_HEADER, CANARY_CHANGED },
		{ "in another place", "GET /x?Kanari-xyz23 HTTP/1.1\r\n\r\n",
		    CANARY_HEADER, CANARY_ARRIVED },
		{ "without its word", "GET /x HTTP/1.1\r\na: xyz23\r\n\r\n",
		    CANARY_HEADER, CANARY_ARRIVED },
		{ "in base64", "GET /x HTTP/1.1\r\na: S2FuYXJpLXh5ejIz\r\n\r\n",
		    CANARY_COOKIE, CANARY_ARRIVED },
		{ "session name set", "v=0\r\ns=-\r\n", CANARY_SDP,
		    CANARY_CHANGED },
		{ "session name gone", "v=0\r\nt=0 0\r\n", CANARY_SDP,
		    CANARY_REMOVED },
		{ "field 2 kept", "\x08\x2a\x12\x01x", CANARY_PROTO,
		    CANARY_CHANGED },
		{ "field 2 gone", "\x08\x2a", CANARY_PROTO, CANARY_REMOVED },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		tap_int(canary_judge(row[i].c, CANARY_PLAIN,
		            SPAN("Kanari-xyz23"), span_str(row[i].got)),
		    row[i].want, "%s", row[i].name);
}

static void marks(void)
{
	char a[CANARY_MARK_BYTES], b[CANARY_MARK_BYTES];
	struct buf out;

	canary_mark(a);
	canary_mark(b);
	tap_ok(strcmp(a, b) != 0 && strlen(a) == CANARY_MARK_BYTES - 1,
	    "each mark is a new one");
	buf_init(&out, CANARY_REQUEST_MAX_BYTES);
	tap_ok(canary_control(span_str(a), &out) == 0 &&
	           span_find(buf_span(&out), span_str(a)) < buf_len(&out),
	    "the control has its word");
	buf_fini(&out);
}

int main(void)
{
	every_request();
	judged();
	marks();
	return tap_done();
}
