/* SPDX-License-Identifier: EUPL-1.2 */
/* The session of libnghttp2: its options, its callbacks, bytes in and out.
 * Rules of the library that matter here: a session is not freed inside a
 * callback, nor are its send and receive functions called there; everything
 * else may be. A stream's user pointer lasts until on_close. */
#include "http/h2_int.h"

#include <assert.h>
#include <errno.h>

#define RESETS_MAX 1000 /* the budget is the nearer limit */
#define RESETS_PER_S 33
/* The library counts each piece of the nine octets before a frame. The budget
 * is the nearer limit here too. */
#define CONTINUATIONS_MAX (8 * 9)
#define SETTINGS_MAX 32 /* entries of one frame */
#define ACKS_MAX 1000   /* queued */
#define WINDOW_SMALL_BYTES 1024
/* A field block longer than this is not even read to be refused: each byte of
 * it may stand for a whole entry of the table. */
#define BLOCK_MAX_BYTES (8 * (size_t)MSG_HEAD_MAX_BYTES)

static struct h2_stream *stream_of(struct h2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

/* What a callback returns at its end. Whoever has stopped us has perhaps freed
 * the bytes that are being read, or the queue that is being written to. */
static int go_on(const struct h2 *h)
{
	return h->stopped ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static void note(struct h2 *h, enum h2_deed deed)
{
	h2_flood_note(&h->budget, deed);
}

/* ---- heads ---- */

static int on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	const nghttp2_extpri turns = {
		.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1
	};
	int32_t id = frame->hd.stream_id;
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);
	struct arena *arena;
	struct msg *m;
	void *user;

	h->head_of = NULL;
	if (h->stopped || frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (s == NULL && h->role == H2_SERVER &&
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		user = h->last_told ? NULL : h->ops->open(h->arg, id);
		if (user != NULL && !h->stopped)
			s = h2_stream_new(h, user);
		if (s == NULL) {
			(void)nghttp2_submit_rst_stream(session,
			    NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
			return go_on(h);
		}
		s->id = id;
		(void)nghttp2_session_set_stream_user_data(session, id, s);
		/* Streams take turns unless the client wants it otherwise. */
		(void)nghttp2_session_change_extpri_stream_priority(
		    session, id, &turns, 0);
	}
	if (s == NULL || !s->live)
		return 0;
	if (s->got_head) {
		h->head = (struct h2_head){ .trailer = true };
		h->head_of = s;
		return 0;
	}
	m = h->ops->place(h->arg, s->user, &arena);
	if (h->stopped || !s->live)
		return go_on(h);
	if (m == NULL) {
		h2_stream_end(h, s, NGHTTP2_INTERNAL_ERROR);
		return go_on(h);
	}
	h2_head_init(
	    &h->head, m, arena, h->role == H2_SERVER, h->role == H2_CLIENT);
	h->head_of = s;
	return 0;
}

/* The rest of the block is only decoded. */
static int refuse_head(struct h2 *h, uint32_t code)
{
	struct h2_stream *s = h->head_of;

	h->head_of = NULL;
	note(h, H2_DEED_RESET);
	h2_stream_end(h, s, code);
	return h->stopped ? NGHTTP2_ERR_CALLBACK_FAILURE
	                  : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t namelen, const uint8_t *value, size_t valuelen,
    uint8_t flags, void *arg)
{
	struct h2 *h = arg;

	(void)session, (void)frame, (void)flags;
	if (h->stopped || h->head_of == NULL || !h->head_of->live)
		return 0;
	h2_head_add(&h->head, span_of((const char *)name, namelen),
	    span_of((const char *)value, valuelen));
	if (h->head.bad)
		return refuse_head(h, NGHTTP2_PROTOCOL_ERROR);
	if (h->head.bytes > BLOCK_MAX_BYTES)
		return refuse_head(h, NGHTTP2_ENHANCE_YOUR_CALM);
	return 0;
}

/* Without this callback the library would leave the field out, and go on. */
static int on_invalid_header(nghttp2_session *session,
    const nghttp2_frame *frame, const uint8_t *name, size_t namelen,
    const uint8_t *value, size_t valuelen, uint8_t flags, void *arg)
{
	struct h2 *h = arg;

	(void)name, (void)namelen, (void)value, (void)valuelen, (void)flags;
	if (h->stopped)
		return 0;
	if (h->head_of != NULL)
		return refuse_head(h, NGHTTP2_PROTOCOL_ERROR);
	(void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
	    frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void end_in(struct h2 *h, struct h2_stream *s)
{
	s->ended_in = true;
	if (s->live && !h->stopped && !s->no_content)
		h->ops->content(h->arg, s->user, SPAN(""), true);
}

static void take_head(struct h2 *h, struct h2_stream *s, bool last)
{
	const struct msg *m = h->head.m;
	bool interim, none;

	h->head_of = NULL;
	if (h2_head_end(&h->head, s->for_head ? SPAN("HEAD") : SPAN(""), last) <
	    0) {
		note(h, H2_DEED_RESET);
		h2_stream_end(h, s, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	interim = !m->request && m->status < 200 && !h->head.too_large;
	none = m->framing == FRAME_NONE && !interim;
	s->got_head = !interim;
	s->no_content = none;
	if (none && last)
		s->ended_in = true;
	if (interim)
		note(h, H2_DEED_SETTINGS);
	h->ops->head(h->arg, s->user, none, h->head.too_large);
	if (last)
		end_in(h, s);
}

static int take_headers(struct h2 *h, const nghttp2_frame *frame)
{
	bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);

	if (s == NULL)
		return 0;
	if (h->head_of == s && s->live && !h->head.trailer) {
		take_head(h, s, last);
	} else {
		h->head_of = NULL;
		if (last)
			end_in(h, s);
	}
	return go_on(h);
}

/* ---- frames that came ---- */

/* To the library a stream that the client left out when it opened a later one
 * is one that has ended: its frames are passed over. It may not be opened any
 * more (RFC 9113, 5.1.1). Only the last gap is remembered: clients leave none.
 */
static bool left_out(struct h2 *h, int32_t id)
{
	if (h->role == H2_CLIENT || id <= h->newest)
		return id > h->gap_from && id < h->gap_to;
	if (id > h->newest + 2) {
		h->gap_from = h->newest;
		h->gap_to = id;
	}
	h->newest = id;
	return false;
}

static int on_begin_frame(
    nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h = arg;

	(void)session;
	switch (hd->type) {
	case NGHTTP2_DATA:
		if (hd->length == 0 &&
		    (hd->flags & NGHTTP2_FLAG_END_STREAM) == 0)
			note(h, H2_DEED_SETTINGS);
		break;
	case NGHTTP2_SETTINGS:
	case NGHTTP2_CONTINUATION:
		if (hd->type != NGHTTP2_SETTINGS ||
		    (hd->flags & NGHTTP2_FLAG_ACK) == 0)
			note(h, H2_DEED_SETTINGS);
		break;
	case NGHTTP2_PING:
		note(h, H2_DEED_PING);
		break;
	case NGHTTP2_PRIORITY:
		if (hd->stream_id == 0) /* the library looks at none (6.3) */
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		note(h, H2_DEED_PRIORITY);
		break;
	case NGHTTP2_HEADERS:
		if (left_out(h, hd->stream_id))
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		break;
	case NGHTTP2_RST_STREAM:    /* see on_close */
	case NGHTTP2_WINDOW_UPDATE: /* see on_frame */
		break;
	default:
		break;
	}
	return h->budget < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_frame(
    nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		return take_headers(h, frame);
	case NGHTTP2_DATA:
		s = stream_of(h, frame->hd.stream_id);
		if (frame->hd.length > 0 && frame->data.padlen > 0 &&
		    frame->hd.length == frame->data.padlen)
			note(h, H2_DEED_SETTINGS);
		if (s != NULL &&
		    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
			end_in(h, s);
		break;
	case NGHTTP2_SETTINGS:
		h->settled = true; /* the first ones are no acknowledgement */
		break;
	case NGHTTP2_GOAWAY:
		h->leaving = true;
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (frame->window_update.window_size_increment <
		    WINDOW_SMALL_BYTES)
			note(h, H2_DEED_PING);
		break;
	default:
		break;
	}
	return go_on(h);
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *p, size_t n, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);

	(void)session, (void)flags;
	if (h->stopped)
		return 0;
	/* The library resets a stream whose window is overrun, but tells of the
	 * content all the same. */
	if (s != NULL && s->live && s->held + n > H2_WINDOW_BYTES) {
		note(h, H2_DEED_RESET);
		h2_stream_end(h, s, NGHTTP2_FLOW_CONTROL_ERROR);
	}
	if (s != NULL && s->live) {
		s->held += n;
		h->held += n;
	}
	h2_window_open(h);
	if (s != NULL && s->live)
		h->ops->content(
		    h->arg, s->user, span_of((const char *)p, n), false);
	return go_on(h);
}

/* ---- the end of a stream ---- */

static int on_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);
	bool served, untouched;
	void *user;

	(void)session;
	if (s == NULL) {
		note(h, H2_DEED_RESET);
		return 0;
	}
	served = s->ended_in && s->sent_end;
	if (served)
		note(h, H2_DEED_SERVED);
	else if (!s->dead)
		note(h, H2_DEED_RESET);
	/* The library's own code for a request that could not be sent. */
	untouched = h->role == H2_CLIENT && !s->got_head &&
	            (code == NGHTTP2_REFUSED_STREAM || !s->sent);
	if (untouched)
		code = NGHTTP2_REFUSED_STREAM;
	else if (code == NGHTTP2_NO_ERROR && !s->ended_in)
		code = NGHTTP2_CANCEL;
	user = s->user;
	if (s->live) {
		h2_stream_part(h, s);
		if (!h->stopped)
			h->ops->closed(h->arg, user, code, untouched);
	}
	h2_stream_free(h, s);
	return go_on(h);
}

/* ---- frames that go ---- */

ssize_t h2_read_content(nghttp2_session *session, int32_t id, uint8_t *to,
    size_t n, uint32_t *ret_flags, nghttp2_data_source *from, void *arg)
{
	struct h2_stream *s = from->ptr;
	size_t queued = buf_len(&s->out);
	struct h2 *h = arg;

	(void)session, (void)id, (void)to;
	if (s->dead || (queued == 0 && !s->ended_out)) {
		s->waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (s->had_turn) {
		s->had_turn = false;
		list_add_tail(&h->resting, &s->resting);
		return NGHTTP2_ERR_DEFERRED;
	}
	*ret_flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n >= queued) {
		n = queued;
		if (s->ended_out)
			*ret_flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	s->pending = n;
	return (ssize_t)n;
}

static int on_send_content(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *framehd, size_t n, nghttp2_data_source *from, void *arg)
{
	struct h2_stream *s = from->ptr;
	struct h2 *h = arg;

	(void)session;
	assert(frame->data.padlen == 0 && n <= buf_len(&s->out));
	if (buf_len(h->out) >= h->limit)
		return NGHTTP2_ERR_WOULDBLOCK;
	if (buf_reserve(h->out, 9 + n) == NULL)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	buf_add(h->out, framehd, 9);
	buf_add_span(h->out, span_of(buf_span(&s->out).p, n));
	buf_drain(&s->out, n);
	buf_release(&s->out);
	s->pending = 0;
	s->had_turn = h->role == H2_CLIENT && h->nstreams > 1;
	note(h, H2_DEED_DATA);
	if (s->full && buf_len(&s->out) < H2_LOWAT_BYTES) {
		s->full = false;
		list_del(&s->roomy);
		list_add_tail(&h->roomy, &s->roomy);
	}
	return 0;
}

static int on_sent(
    nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY &&
	    frame->goaway.error_code != NGHTTP2_NO_ERROR)
		h->failed = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	s = stream_of(h, frame->hd.stream_id);
	if (s == NULL)
		return 0;
	s->sent = true;
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
		s->sent_end = true;
		if (s->reset_after && !s->ended_in)
			h2_stream_reset(h, s, NGHTTP2_NO_ERROR);
	}
	return 0;
}

/* ---- bytes ---- */

static int fail(struct h2 *h, uint32_t code)
{
	h->failed = true;
	(void)nghttp2_session_terminate_session(h->session, code);
	return -EPROTO;
}

int h2_feed(struct h2 *h, struct span in)
{
	ssize_t n;

	if (h->stopped)
		return 0;
	if (h->failed)
		return -EPROTO;
	if (in.n == 0)
		return 0;
	n = nghttp2_session_mem_recv(h->session, (const uint8_t *)in.p, in.n);
	if (h->stopped)
		return 0;
	if (n == NGHTTP2_ERR_NOMEM)
		return -ENOMEM;
	if (h->budget < 0 || n == NGHTTP2_ERR_FLOODED ||
	    n == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
		return fail(h, NGHTTP2_ENHANCE_YOUR_CALM);
	if (n < 0)
		return fail(h, NGHTTP2_PROTOCOL_ERROR);
	h2_window_open(h); /* for what nobody was told of */
	return 0;
}

/* Tell the owners whose queues have become short. */
static bool tell_room(struct h2 *h)
{
	bool told = false;

	while (!list_empty(&h->roomy)) {
		struct h2_stream *s =
		    LIST_ENTRY(h->roomy.next, struct h2_stream, roomy);

		list_del(&s->roomy);
		if (s->live && !h->stopped) {
			h->ops->room(h->arg, s->user);
			told = true;
		}
	}
	return told;
}

/* Streams of a client take turns: as soon as a server does without the old
 * priorities, the library would send one stream to its end before the next. */
static bool wake_resting(struct h2 *h)
{
	bool woken = false;

	while (!list_empty(&h->resting)) {
		struct h2_stream *s =
		    LIST_ENTRY(h->resting.next, struct h2_stream, resting);

		list_del(&s->resting);
		(void)nghttp2_session_resume_data(h->session, s->id);
		woken = true;
	}
	return woken;
}

int h2_write(struct h2 *h, struct buf *out, size_t limit)
{
	const uint8_t *p;
	bool more = true;
	ssize_t n;

	h->out = out;
	h->limit = limit;
	while (more && !h->stopped && buf_len(out) < limit) {
		n = nghttp2_session_mem_send(h->session, &p);
		if (n < 0)
			return buf_error(out) < 0 ? buf_error(out) : -ENOMEM;
		buf_add(out, p, (size_t)n);
		more = tell_room(h) || n > 0 || wake_resting(h);
	}
	(void)wake_resting(h);
	return buf_error(out);
}

/* ---- the session ---- */

static nghttp2_option *new_options(enum h2_role role)
{
	nghttp2_option *o;

	if (nghttp2_option_new(&o) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_settings(o, SETTINGS_MAX);
	nghttp2_option_set_max_outbound_ack(o, ACKS_MAX);
	nghttp2_option_set_stream_reset_rate_limit(o, RESETS_MAX, RESETS_PER_S);
	nghttp2_option_set_max_continuations(o, CONTINUATIONS_MAX);
	nghttp2_option_set_peer_max_concurrent_streams(o, H2_STREAMS_MAX);
	/* Some servers send such values; h2_head.c trims them. */
	nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(
	    o, role == H2_CLIENT);
	return o;
}

static nghttp2_session_callbacks *new_callbacks(void)
{
	nghttp2_session_callbacks *c;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(
	    c, on_begin_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
	    c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(
	    c, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send_content);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	return c;
}

static int first_frames(struct h2 *h)
{
	const nghttp2_settings_entry entry[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MSG_HEAD_MAX_BYTES },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 }, /* said by clients only */
	};
	size_t n = sizeof entry / sizeof *entry;

	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, entry,
	        h->role == H2_CLIENT ? n : n - 1) != 0)
		return -ENOMEM;
	return nghttp2_session_set_local_window_size(h->session,
	           NGHTTP2_FLAG_NONE, 0, (int32_t)H2_CONN_WINDOW_BYTES) == 0
	           ? 0
	           : -ENOMEM;
}

int h2_session_new(struct h2 *h)
{
	nghttp2_session_callbacks *calls = new_callbacks();
	nghttp2_option *options = new_options(h->role);
	int r = NGHTTP2_ERR_NOMEM;

	if (calls != NULL && options != NULL)
		r = h->role == H2_SERVER ? nghttp2_session_server_new2(
		                               &h->session, calls, h, options)
		                         : nghttp2_session_client_new2(
		                               &h->session, calls, h, options);
	nghttp2_session_callbacks_del(calls);
	nghttp2_option_del(options);
	if (r != 0)
		h->session = NULL;
	return r == 0 ? first_frames(h) : -ENOMEM;
}
