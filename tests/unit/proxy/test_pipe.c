/* SPDX-License-Identifier: EUPL-1.2 */
/* A body on its way through a pipe: what it is read as, and what comes out,
 * does not depend on where the network cut it. */
#include "proxy/pipe.h"

#include <brotli/encode.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/tap.h"
#include "unit/body/rules.h"

#define OUT_MAX (1u << 20)
#define COLLECT_BYTES (64u << 10)

static void pack_gzip(struct span in, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p,
		.avail_in = (uInt)in.n };
	char *room;
	size_t most;

	if (deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8,
	        Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	most = deflateBound(&z, (uLong)in.n) + 64;
	room = buf_reserve(out, most);
	z.next_out = (unsigned char *)room;
	z.avail_out = (uInt)most;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	buf_commit(out, most - z.avail_out);
	deflateEnd(&z);
}

static void pack_br(struct span in, struct buf *out)
{
	size_t n = BrotliEncoderMaxCompressedSize(in.n);
	uint8_t *room = (uint8_t *)buf_reserve(out, n);

	if (!BrotliEncoderCompress(9, BROTLI_DEFAULT_WINDOW,
	        BROTLI_MODE_GENERIC, in.n, (const uint8_t *)in.p, &n, room))
		abort();
	buf_commit(out, n);
}

static void pack_zstd(struct span in, struct buf *out)
{
	size_t n = ZSTD_compressBound(in.n);

	n = ZSTD_compress(buf_reserve(out, n), n, in.p, in.n, 3);
	if (ZSTD_isError(n))
		abort();
	buf_commit(out, n);
}

static void pack(const char *coding, struct span in, struct buf *out)
{
	if (coding[0] == '\0')
		buf_add_span(out, in);
	else if (coding[0] == 'b')
		pack_br(in, out);
	else if (coding[0] == 'z')
		pack_zstd(in, out);
	else
		pack_gzip(in, out);
}

static int feed(struct pipe *p, struct span in, bool last, struct buf *out)
{
	struct span part;
	int r;

	do {
		part = pipe_step(p, in);
		in = span_from(in, part.n);
		r = pipe_feed(p, part, last && in.n == 0);
		buf_add_span(out, buf_span(&p->out));
		buf_drain(&p->out, buf_len(&p->out));
	} while (r == 0 && in.n > 0);
	return r;
}

/* The first piece has cut bytes, then step bytes each. */
static int run(const struct plan *plan, const char *type, const char *coding,
    struct span in, size_t cut, size_t step, struct buf *out,
    enum body_form *ret_form)
{
	struct env env = rules_env(NULL);
	struct pipe p;
	struct msg m;
	size_t n = cut;
	int r = 0;

	msg_init(&m, true);
	m.framing = FRAME_CHUNKED;
	m.nfields = 1;
	m.field[0] = (struct field){ .name = SPAN("Content-Type"),
		.value = span_str(type),
		.id = FIELD_CONTENT_TYPE };
	if (coding[0] != '\0' && coding[0] != '?')
		m.field[m.nfields++] =
		    (struct field){ .name = SPAN("Content-Encoding"),
			    .value = span_str(coding),
			    .id = FIELD_CONTENT_ENCODING };
	pipe_init(&p, &m, plan, &env, COLLECT_BYTES);
	buf_reset(out);
	for (bool last = false; r == 0 && !last; n = step) {
		n = n < in.n ? n : in.n;
		last = n == in.n;
		r = feed(&p, span_of(in.p, n), last, out);
		in = span_from(in, n);
	}
	*ret_form = p.form;
	pipe_fini(&p);
	return r;
}

#define WORDS                                                                  \
	"\"Zum Treffen\",\"am Dienstag\",\"um halb neun\",\"Raum "             \
	"7\",\"QzRtY\""                                                        \
	",\"x=91,y=33;Ende\",\"JKLMNOP\",\"vwxyz\",\"ABCDEFGHI\","             \
	"\"0123456789\""                                                       \
	",\"!%&/()?#+*~'<>|^@{[]}-_.:\",\"die das der den dem des\",\"47\""
#define JSON_TEXT "{\"name\":\"Erika\",\"w\":[" WORDS "," WORDS "]}"
#define JSON_LATER "{\"w\":[" WORDS "," WORDS "],\"name\":\"Erika\"}"
#define OFFER "v=0\r\no=Erika 1 2 IN IP4 10.4.4.4\r\ns=-\r\nt=0 0\r\n"

static const struct {
	const char *lines, *type, *coding, *text;
	bool open;
	enum body_form form;
	size_t flip; /* one bit, so many bytes before the end */
} row[] = {
	{ "json $.name -> drop", "application/json", "", JSON_TEXT, false,
	    BODY_JSON, 0 },
	{ "json $.name -> drop", "text/plain", "", JSON_LATER, true, BODY_JSON,
	    0 },
	{ "json $.name -> drop", "text/plain", "gzip", JSON_LATER, false,
	    BODY_JSON, 0 },
	{ "json $.name -> drop", "text/plain", "gzip", JSON_LATER, true,
	    BODY_JSON, 0 },
	{ "json $.name -> drop", "text/plain", "?gzip", JSON_LATER, true,
	    BODY_JSON, 0 },
	{ "json $.name -> drop", "text/plain", "br", JSON_LATER, true,
	    BODY_JSON, 0 },
	{ "json $.name -> drop", "text/plain", "zstd", JSON_LATER, true,
	    BODY_JSON, 0 },
	{ "form name -> drop\njson $.a -> drop",
	    "application/x-www-form-urlencoded", "zstd",
	    "w=zum+Treffen+am+Dienstag&name=Erika&b="
	    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
	    "*",
	    false, BODY_FORM, 0 },
	{ "sdp o -> drop", "text/plain", "", OFFER, false, BODY_SDP, 0 },
	{ "sdp o -> drop", "text/plain", "", OFFER, true, BODY_SDP, 0 },
	{ "sdp candidate:host -> drop", "", "",
	    "candidate:1 1 udp 1 10.4.4.4 9 typ host", true, BODY_SDP, 0 },
	{ "sdp candidate:host -> drop", "", "",
	    "a=candidate:1 1 udp 1 10.4.4.4 9 typ host", true, BODY_SDP, 0 },
	{ "xml //name -> drop", "text/plain", "",
	    "\xef\xbb\xbf<a><name>Erika</name></a>", true, BODY_XML, 0 },
	{ "json $.name -> drop", "text/plain", "br", JSON_TEXT, true, BODY_JSON,
	    5 },
	{ "json $.name -> drop", "text/plain", "gzip", JSON_TEXT, true,
	    BODY_JSON, 3 },
	{ "json $.name -> drop", "text/plain", "", "hello", true, BODY_UNREAD,
	    0 },
	{ "json $.name -> drop\nsdp o -> drop", "text/plain", "", "v", true,
	    BODY_UNREAD, 0 },
};

/* An answer that comes bit by bit: what may go on before content is here, after
 * it, and when the server pauses then. */
static const struct {
	const char *name, *lines, *type;
	enum framing framing;
	enum pipe_state before;
	const char *in, *out; /* out: behind in */
	const char *paused;   /* after the pause, with what was there before */
} live[] = {
	{ "events", "json $.name -> drop", "text/event-stream", FRAME_CHUNKED,
	    PIPE_STREAM, "data: {\"name\":1}\n\ndata: {", "data: {}\n\n",
	    "data: {}\n\n" },
	{ "events till the end of the connection", "json $.name -> drop",
	    "text/event-stream", FRAME_CLOSE, PIPE_STREAM, ": here\n",
	    ": here\n", ": here\n" },
	{ "events with a length", "json $.name -> drop", "text/event-stream",
	    FRAME_LENGTH, PIPE_UNDECIDED, "data: {}\n\n", "", "" },
	{ "events nobody reads", "header x -> drop", "text/event-stream",
	    FRAME_CHUNKED, PIPE_STREAM, "data: x", "data: x", "data: x" },
	{ "JSON, line by line", "json $.name -> drop", "application/x-ndjson",
	    FRAME_CHUNKED, PIPE_STREAM, "{\"name\":1}\n{\"a\"", "{}\n{",
	    "{}\n{" },
	{ "frames", "proto 1 -> drop", "application/grpc-web", FRAME_CHUNKED,
	    PIPE_UNDECIDED, "@", "@", "@" },
	{ "JSON of unknown length", "json $..name -> drop", "application/json",
	    FRAME_CHUNKED, PIPE_UNDECIDED, "[{\"name\":1},", "", "[{}" },
	{ "JSON that begins with nothing decided", "json $.name -> drop",
	    "application/json", FRAME_CHUNKED, PIPE_UNDECIDED, " ", "", "" },
	{ "JSON with a length", "json $.name -> drop", "application/json",
	    FRAME_LENGTH, PIPE_UNDECIDED, "[{\"name\":1},", "", "" },
};

static struct span ready(const struct pipe *p)
{
	return pipe_head_ready(p) ? buf_span(&p->out) : SPAN("");
}

static void test_live(size_t i)
{
	struct rules *r = rules_new(live[i].lines, false);
	struct env env = rules_env(NULL);
	/* A frame with one field, a varint. */
	struct span frame = SPAN("\0\0\0\0\2\x10\1");
	bool framed = live[i].in[0] == '@';
	struct pipe p;
	struct msg m;

	msg_init(&m, true);
	m.framing = live[i].framing;
	m.length = 100;
	m.nfields = 1;
	m.field[0] = (struct field){ .name = SPAN("Content-Type"),
		.value = span_str(live[i].type),
		.id = FIELD_CONTENT_TYPE };
	pipe_init(&p, &m, rules_plan(r), &env, COLLECT_BYTES);
	pipe_live(&p);
	tap_int(p.state, live[i].before, "%s: before content", live[i].name);
	tap_int(pipe_feed(&p, framed ? frame : span_str(live[i].in), false), 0,
	    "%s: content", live[i].name);
	tap_span(ready(&p), framed ? frame : span_str(live[i].out),
	    "%s: goes on", live[i].name);
	pipe_pause(&p);
	tap_span(ready(&p), framed ? frame : span_str(live[i].paused),
	    "%s: goes on in a pause", live[i].name);
	pipe_frame(&p, &m);
	tap_ok(!pipe_head_ready(&p) || p.scrub == NULL ||
	           m.framing == FRAME_CHUNKED,
	    "%s: and is chunked", live[i].name);
	pipe_fini(&p);
	rules_free(r);
}

/* The same compressed, as far as the server has flushed it. */
static void test_flushed(const char *coding)
{
	static const char event[] = "data: {\"name\":1,\"id\":7}\n\n";
	struct rules *r = rules_new("json $.name -> drop", false);
	struct env env = rules_env(NULL);
	struct pipe p;
	struct msg m;
	struct buf in;
	z_stream z = { .avail_in = 0 };
	char room[256];

	msg_init(&m, true);
	m.framing = FRAME_CHUNKED;
	m.nfields = 2;
	m.field[0] = (struct field){ .name = SPAN("Content-Type"),
		.value = SPAN("text/event-stream"),
		.id = FIELD_CONTENT_TYPE };
	m.field[1] = (struct field){ .name = SPAN("Content-Encoding"),
		.value = span_str(coding),
		.id = FIELD_CONTENT_ENCODING };
	buf_init(&in, OUT_MAX);
	pipe_init(&p, &m, rules_plan(r), &env, COLLECT_BYTES);
	pipe_live(&p);
	tap_ok(pipe_head_ready(&p), "%s: the head may go", coding);
	if (deflateInit2(&z, 9, Z_DEFLATED,
	        coding[0] == 'g' ? MAX_WBITS + 16 : MAX_WBITS, 8,
	        Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	for (int i = 0; i < 3; i++) {
		z.next_in = (Bytef *)(uintptr_t)event;
		z.avail_in = sizeof event - 1;
		z.next_out = (Bytef *)room;
		z.avail_out = sizeof room;
		if (deflate(&z, Z_SYNC_FLUSH) != Z_OK)
			abort();
		buf_reset(&in);
		tap_int(feed(&p, span_of(room, sizeof room - z.avail_out),
		            false, &in),
		    0, "%s: event %d", coding, i);
		tap_span(buf_span(&in), SPAN("data: {\"id\":7}\n\n"),
		    "%s: goes on at once", coding);
	}
	deflateEnd(&z);
	buf_fini(&in);
	pipe_fini(&p);
	rules_free(r);
}

int main(void)
{
	test_flushed("gzip");
	test_flushed("deflate");
	for (size_t i = 0; i < sizeof live / sizeof *live; i++)
		test_live(i);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct rules *r = rules_new(row[i].lines, row[i].open);
		struct buf in, out, want;
		enum body_form form, whole;
		bool same = true;
		int right;

		buf_init(&in, OUT_MAX);
		buf_init(&out, OUT_MAX);
		buf_init(&want, OUT_MAX);
		pack(row[i].coding + (row[i].coding[0] == '?'),
		    span_str(row[i].text), &in);
		if (row[i].flip > 0)
			buf_reserve(&in, 1)[-(ptrdiff_t)row[i].flip] ^= 4;
		right = run(rules_plan(r), row[i].type, row[i].coding,
		    buf_span(&in), buf_len(&in), 1, &want, &whole);
		tap_int(right, row[i].flip > 0 ? -EBADMSG : 0, "%zu: whole", i);
		tap_int(whole, row[i].form, "%zu: form", i);
		for (size_t cut = 1; cut < buf_len(&in) && same; cut++) {
			int g = run(rules_plan(r), row[i].type, row[i].coding,
			    buf_span(&in), cut, buf_len(&in), &out, &form);
			same =
			    g == right && form == whole &&
			    (g < 0 || span_eq(buf_span(&out), buf_span(&want)));
			if (!same)
				tap_note("%zu of %zu: %d form %d", cut,
				    buf_len(&in), g, (int)form);
		}
		for (size_t step = 1; step < 9 && same; step++) {
			int g = run(rules_plan(r), row[i].type, row[i].coding,
			    buf_span(&in), step, step, &out, &form);
			same =
			    g == right && form == whole &&
			    (g < 0 || span_eq(buf_span(&out), buf_span(&want)));
			if (!same)
				tap_note(
				    "step %zu: %d form %d", step, g, (int)form);
		}
		tap_ok(same, "%zu: any cut of %s in %s", i, row[i].type,
		    row[i].coding);
		buf_fini(&in);
		buf_fini(&out);
		buf_fini(&want);
		rules_free(r);
	}
	return tap_done();
}
