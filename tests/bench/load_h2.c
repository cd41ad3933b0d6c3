/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP/2 (RFC 9113) with libnghttp2: each lane has a stream. */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "load_link.h"

#define WINDOW_BYTES (16 << 20)
#define QUEUE_BYTES 65536 /* more is made when this is written */

static struct lane *lane_of(nghttp2_session *s, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(s, stream);
}

static int on_header(nghttp2_session *s, const nghttp2_frame *frame,
    const uint8_t *name, size_t nname, const uint8_t *value, size_t nvalue,
    uint8_t flags, void *arg)
{
	(void)s, (void)flags, (void)arg;
	if (frame->hd.type == NGHTTP2_HEADERS && nname == 7 &&
	    memcmp(name, ":status", 7) == 0 &&
	    (nvalue != 3 || memcmp(value, "200", 3) != 0))
		die("answer: %.*s", (int)nvalue, (const char *)value);
	return 0;
}

static int on_content(nghttp2_session *s, uint8_t flags, int32_t stream,
    const uint8_t *p, size_t n, void *arg)
{
	struct lane *lane = lane_of(s, stream);

	(void)flags, (void)arg;
	if (lane == NULL)
		die("content of no stream");
	lane->got = expect_part(lane->got, p, n);
	return 0;
}

static int on_close(
    nghttp2_session *s, int32_t stream, uint32_t code, void *arg)
{
	struct lane *lane = lane_of(s, stream);

	(void)arg;
	if (lane == NULL)
		return 0;
	if (code != 0)
		die("stream ended with %s", nghttp2_http2_strerror(code));
	if (lane->got != opt.expect.n)
		die("content of %zu bytes, not %zu", lane->got, opt.expect.n);
	link_answered(lane);
	return 0;
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *frame, void *arg)
{
	(void)s;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		link_end(arg);
	return 0;
}

static void on_more(struct link *l)
{
	const uint8_t *p;
	ssize_t n;

	while (l->out_n - l->out_at < QUEUE_BYTES) {
		n = nghttp2_session_mem_send(l->speech, &p);
		if (n < 0)
			die("HTTP/2: %s", nghttp2_strerror((int)n));
		if (n == 0)
			return;
		link_send(l, p, (size_t)n);
	}
}

static void on_up(struct link *l)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
	};
	nghttp2_session_callbacks *calls;
	nghttp2_session *s;
	const uint8_t *name;
	unsigned nname;

	SSL_get0_alpn_selected(l->ssl, &name, &nname);
	if (nname != 2 || memcmp(name, "h2", 2) != 0)
		die("HTTP/2 was not chosen");
	if (nghttp2_session_callbacks_new(&calls) != 0)
		die("out of memory");
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
	    calls, on_content);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	if (nghttp2_session_client_new(&s, calls, l) != 0 ||
	    nghttp2_submit_settings(s, NGHTTP2_FLAG_NONE, settings, 2) != 0 ||
	    nghttp2_session_set_local_window_size(
	        s, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) != 0)
		die("out of memory");
	nghttp2_session_callbacks_del(calls);
	l->speech = s;
}

static void on_down(struct link *l)
{
	nghttp2_session_del(l->speech);
	l->speech = NULL;
}

static ssize_t on_body(nghttp2_session *s, int32_t stream, uint8_t *out,
    size_t size, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	size_t *at = source->ptr, n = opt.body.n - *at;

	(void)s, (void)stream, (void)arg;
	if (n > size)
		n = size;
	memcpy(out, opt.body.p + *at, n);
	*at += n;
	if (*at == opt.body.n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

#define FIELD(name, value)                                                     \
	{                                                                      \
		(uint8_t *)(name), (uint8_t *)(value), strlen(name),           \
		    strlen(value), NGHTTP2_NV_FLAG_NONE                        \
	}

static void on_ask(struct lane *lane)
{
	char length[24] = "";
	int32_t stream;
	nghttp2_nv nv[] = {
		FIELD(":method", opt.body.n > 0 ? "POST" : "GET"),
		FIELD(":scheme", "https"),
		FIELD(":authority", opt.authority),
		FIELD(":path", opt.path),
		FIELD("user-agent",
		    "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0"),
		FIELD("accept", "*/*"),
		FIELD("accept-language", "de-DE,de;q=0.9"),
		FIELD("cookie", "session=4711; _ga=GA1.2.3.4"),
		FIELD("content-type", "application/json"),
		FIELD("content-length", length),
	};
	size_t n = sizeof nv / sizeof *nv;
	nghttp2_data_provider body = { .source.ptr = &lane->sent,
		.read_callback = on_body };

	nv[n - 1].valuelen =
	    (size_t)snprintf(length, sizeof length, "%zu", opt.body.n);
	lane->sent = 0;
	stream = nghttp2_submit_request(lane->link->speech, NULL, nv,
	    opt.body.n > 0 ? n : n - 2, opt.body.n > 0 ? &body : NULL, lane);
	if (stream < 0)
		die("HTTP/2: %s", nghttp2_strerror(stream));
}

static void on_take(struct link *l, const uint8_t *p, size_t n)
{
	ssize_t taken = nghttp2_session_mem_recv(l->speech, p, n);

	if (taken < 0 || (size_t)taken != n)
		die("HTTP/2: %s", nghttp2_strerror((int)taken));
}

const struct codec codec_h2 = {
	.alpn = "\x02h2\x08http/1.1",
	.up = on_up,
	.ask = on_ask,
	.take = on_take,
	.more = on_more,
	.down = on_down,
};
