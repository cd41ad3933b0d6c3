/* SPDX-License-Identifier: EUPL-1.2 */
/* Scrubbing event streams: lines of a pack, a stream, what must come out; whole
 * and at every cut. */
#include "body/events.h"

#include <errno.h>

#include "body/scrub.h"
#include "unit/body/rows.h"

#define NAME "json $.name -> drop"

static const struct row row[] = {
	{ "an event", NAME, "data: {\"name\":\"erika\",\"id\":7}\n\n",
	    "data: {\"id\":7}\n\n" },
	{ "nothing to drop: all stays", NAME,
	    "event:x\r\ndata:{ \"id\" : 7 }\r\n\r\n",
	    "event:x\r\ndata:{ \"id\" : 7 }\r\n\r\n" },
	{ "events one by one", NAME,
	    "data: {\"name\":1}\n\ndata: {\"a\":2}\n\ndata: {\"name\":3}\n\n",
	    "data: {}\n\ndata: {\"a\":2}\n\ndata: {}\n\n" },
	{ "CRLF", NAME, "data: {\"name\":1}\r\n\r\ndata: {}\r\n\r\n",
	    "data: {}\r\n\r\ndata: {}\r\n\r\n" },
	{ "CR", NAME, "data: {\"name\":1}\r\rdata: {}\r\r",
	    "data: {}\r\rdata: {}\r\r" },
	{ "ends of all kinds", NAME,
	    "id: 1\rdata: {\"name\":1}\r\n\rdata: {}\n\r\n\n\r",
	    "id: 1\rdata: {}\r\n\rdata: {}\n\r\n\n\r" },
	{ "CR and LF of two lines do not become one end", NAME,
	    "data: {\rdata: \"name\":1}\n\nid: 1\rdata: {\"name\":1}\r\n"
	    "data\n\n",
	    "data: {}\r\n\nid: 1\rdata: {}\r\ndata: \r\n\n" },
	{ "a line that goes between CR and LF", NAME,
	    "data: {\n: c\rdata: \"name\":1}\n\n", "data: {}\n: c\r\n\n" },
	{ "no space behind the colon", NAME, "data:{\"name\":1}\n\n",
	    "data:{}\n\n" },
	{ "two spaces: one belongs to the data", NAME,
	    "data:  {\"name\":1}\n\n", "data:  {}\n\n" },
	{ "data in several lines", NAME,
	    "data: {\ndata: \"id\":1,\ndata: \"name\":\ndata:  2}\n\n",
	    "data: {\ndata: \"id\":1}\n\n" },
	{ "new data stands where the first line stood", NAME,
	    "id: 1\ndata: {\"name\":\nretry: 5\ndata: 2}\n: c\n\n",
	    "id: 1\ndata: {}\nretry: 5\n: c\n\n" },
	{ "a line of data that begins with a space", NAME,
	    "data:{\ndata:  \"a\":1,\ndata:\"name\":2}\n\n",
	    "data:{\ndata:  \"a\":1}\n\n" },
	{ "comments, ids and times", NAME,
	    ": erika\n\nid: 5\nretry: 10\nevent: name\nid\n\n",
	    ": erika\n\nid: 5\nretry: 10\nevent: name\nid\n\n" },
	{ "a byte order mark", NAME,
	    "\xef\xbb\xbf"
	    "data: {\"name\":1}\n\n",
	    "\xef\xbb\xbf"
	    "data: {}\n\n" },
	{ "a mark before nothing", NAME, "\xef\xbb\xbf\n", "\xef\xbb\xbf\n" },
	{ "a mark only", NAME, "\xef\xbb\xbf", "\xef\xbb\xbf" },
	{ "no mark within", NAME, "\n\xef\xbb\xbf: c\n", NULL },
	{ "the end without an empty line", NAME, "data: {\"name\":1}\n",
	    "data: {}\n" },
	{ "the end in a line", NAME, "id: 1\ndata: {\"name\":1}",
	    "id: 1\ndata: {}" },
	{ "several lines at the end", NAME,
	    "data: {\"a\":1,\ndata: \"b\":2,\ndata: \"name\":1}",
	    "data: {\"a\":1,\ndata: \"b\":2}\n" },
	{ "a broken last event", NAME, "data: {\"name\":1", NULL },
	{ "nothing", NAME, "", "" },
	{ "no data", NAME, "data\n\ndata:\n\ndata: \n\n",
	    "data\n\ndata:\n\ndata: \n\n" },
	{ "words", NAME, "data: ping\n\ndata: [DONE]\n\ndata: n_1-a\n\n",
	    "data: ping\n\ndata: [DONE]\n\ndata: n_1-a\n\n" },
	{ "words that are JSON", "json $[0] -> set:x\njson $ -> keep",
	    "data: [7]\n\ndata: [true]\n\ndata: [null]\n\n",
	    "data: [\"x\"]\n\ndata: [\"x\"]\n\ndata: [\"x\"]\n\n" },
	{ "a number is no word", NAME, "data: 42\n\n", NULL },
	{ "two words", NAME, "data: name erika\n\n", NULL },
	{ "a long word", NAME, "data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\n",
	    NULL },
	{ "JSON that is broken", NAME, "data: {\"name\":erika}\n\n", NULL },
	{ "a form in disguise", NAME, "data: name=erika\n\n", NULL },
	{ "a field nobody knows", NAME, "{\"name\":\"erika\"}\n\n", NULL },
	{ "case matters", NAME, "Data: {\"name\":1}\n\n", NULL },
	{ "a space before the colon", NAME, "data : {\"name\":1}\n\n", NULL },
	{ "a space before the name", NAME, " data: {\"name\":1}\n\n", NULL },
	{ "another name that begins so", NAME, "datax: {\"name\":1}\n\n",
	    NULL },
	{ "SDP", "sdp candidate:host -> drop",
	    "data: v=0\ndata: o=- 1 1 IN IP4 192.0.2.1\ndata: s=-\n"
	    "data: t=0 0\ndata: m=audio 9 RTP/AVP 0\n"
	    "data: a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n\n",
	    "data: v=0\ndata: o=- 1 1 IN IP4 192.0.2.1\ndata: s=-\n"
	    "data: t=0 0\ndata: m=audio 9 RTP/AVP 0\ndata: \n\n" },
	{ "XML", "xml /a/@n -> drop", "data: <a n='1'>x</a>\n\n",
	    "data: <a>x</a>\n\n" },
	{ "text", "text user=* -> drop",
	    "data: a\ndata: user=erika\ndata: b\n\ndata: user=x\n\n",
	    "data: a\ndata: b\n\ndata: \n\n" },
	{ "text and JSON", "text user* -> drop\n" NAME,
	    "data: user\n\ndata: {\"name\":1}\n\n", "data: \n\ndata: {}\n\n" },
	{ "no line for it", "form a -> drop", "data: {\"name\":1}\n\n", NULL },
	{ "no line for a body", "header x -> drop", "{\"name\":1}\n",
	    "{\"name\":1}\n" },
};

FEED(events);

static void test_pass(void)
{
	static const char in[] = "data: name erika\n{\"x\":1}\n\n"
	                         "data: {\"name\":1}\n\n";
	struct rules *rules = rules_new(NAME, true);
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	tap_ok(feed_any_cut(feed, rules_plan(rules), &env, span_str(in), 0,
	           SPAN("data: name erika\n{\"x\":1}\n\ndata: {}\n\n"), &out),
	    "unread = pass: what cannot be read goes on");
	rules_free(rules);
	buf_fini(&out);
}

/* What has left when the server pauses. */
static void test_at_once(void)
{
	static const struct {
		const char *in, *out;
	} step[] = {
		{ "data: {\"name\":1}\n", "" },
		{ "\n", "data: {}\n\n" },
		{ ": still", "" },
		{ " here\n", ": still here\n" },
		{ "data: {}\r\r", "data: {}\r\r" },
		{ "\ndata: {}\r\n\r", "\ndata: {}\r\n\r" },
		{ "\n", "\n" },
		{ "event: x\n", "event: x\n" },
		{ "data: 1", "" },
	};
	struct rules *rules = rules_new(NAME, false);
	struct env env = rules_env(NULL);
	struct events *e = events_new(rules_plan(rules), &env);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof step / sizeof *step; i++) {
		buf_reset(&out);
		tap_int(events_feed(e, span_str(step[i].in), false, &out), 0,
		    "step %zu", i);
		tap_span(buf_span(&out), span_str(step[i].out),
		    "leaves as it comes");
	}
	tap_int(events_feed(e, SPAN(""), true, &out), -EBADMSG,
	    "the last event is read, too");
	tap_int(
	    events_feed(e, SPAN("\n"), true, &out), -EBADMSG, "an error stays");
	events_free(e);
	rules_free(rules);
	buf_fini(&out);
}

static void test_reports(void)
{
	struct rules *rules = rules_new(NAME, false);
	struct buf out, said;
	struct env env = rules_env(&said);

	buf_init(&out, 4096);
	buf_init(&said, 4096);
	feed(rules_plan(rules), &env,
	    SPAN("data: {\"name\":\"e\"}\n\ndata: {\"name\":\"f\"}\n\n"), 3, 3,
	    &out);
	tap_span(buf_span(&said), SPAN("drop name e>;drop name f>;"),
	    "what was done is reported for each event");
	rules_free(rules);
	buf_fini(&out);
	buf_fini(&said);
}

static const struct size_row length[] = {
	{ "an event at the limit", NAME, "data: \"", "x", EVENTS_EVENT_MAX - 10,
	    "\"\n\n", -EBADMSG },
	{ "an event above", NAME, "data: {\"a\":\"", "x", EVENTS_EVENT_MAX,
	    "\"}\n\n", -E2BIG },
	{ "many lines of one event", NAME, "", "data: \n", EVENTS_EVENT_MAX / 7,
	    "data: {}\n\n", -E2BIG },
	{ "a comment at the limit", NAME, ":", "x", EVENTS_EVENT_MAX - 2, "\n",
	    0 },
	{ "a comment above", NAME, ":", "x", EVENTS_EVENT_MAX, "\n", -E2BIG },
	{ "many events", NAME, "", "data: {\"name\":1}\n\n", 100000, "", 0 },
	{ "many ends", NAME, "", "\r", 1u << 20, "", 0 },
	{ "many lines with CR", NAME, "", ":\r", 1u << 20, "", 0 },
	{ "no lines, any length", "", "", "x", 3u << 20, "\n", 0 },
};

int main(void)
{
	test_rows(feed, ROWS_OF(row));
	test_pass();
	test_at_once();
	test_reports();
	test_size_rows(feed, ROWS_OF(length), 7001);
	events_free(NULL);
	return tap_done();
}
