/* SPDX-License-Identifier: EUPL-1.2 */
/* The connection as its owner sees it, and the life of streams. */
#include "http/h2.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "http/h2_int.h"

/* The window of the connection is given back in pieces of this size, or of the
 * smaller one when little of it is left. */
#define WINDOW_PIECE_BYTES (512u << 10)
#define WINDOW_CRUMB_BYTES (16u << 10)

struct h2 *h2_new(enum h2_role role, const struct h2_ops *ops, void *arg)
{
	struct h2 *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->role = role;
	h->ops = ops;
	h->arg = arg;
	h->budget = H2_BUDGET;
	h->newest = -1;
	list_init(&h->streams);
	list_init(&h->roomy);
	list_init(&h->resting);
	if (h2_session_new(h) < 0) {
		h2_free(h);
		return NULL;
	}
	return h;
}

void h2_free(struct h2 *h)
{
	if (h == NULL)
		return;
	nghttp2_session_del(h->session);
	LIST_EACH(l, tmp, &h->streams)
	h2_stream_free(h, LIST_ENTRY(l, struct h2_stream, all));
	free(h);
}

void h2_stop(struct h2 *h)
{
	h->stopped = true;
}

/* ---- streams ---- */

struct h2_stream *h2_stream_new(struct h2 *h, void *user)
{
	struct h2_stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->user = user;
	s->live = true;
	buf_init(&s->out, H2_OUT_MAX_BYTES);
	list_init(&s->roomy);
	list_init(&s->resting);
	list_add_tail(&h->streams, &s->all);
	h->nstreams++;
	return s;
}

void h2_stream_free(struct h2 *h, struct h2_stream *s)
{
	if (h->head_of == s)
		h->head_of = NULL;
	list_del(&s->all);
	list_del(&s->roomy);
	list_del(&s->resting);
	h->nstreams--;
	buf_fini(&s->out);
	free(s);
}

void h2_stream_part(struct h2 *h, struct h2_stream *s)
{
	s->live = false;
	s->user = NULL;
	h->held -= s->held;
	s->held = 0;
	h2_window_open(h);
}

/* What was framed is written all the same: the peer counts its bytes. */
void h2_stream_reset(struct h2 *h, struct h2_stream *s, uint32_t code)
{
	if (s->dead)
		return;
	s->dead = true;
	buf_truncate(&s->out, s->pending);
	buf_release(&s->out);
	(void)nghttp2_submit_rst_stream(
	    h->session, NGHTTP2_FLAG_NONE, s->id, code);
}

void h2_stream_end(struct h2 *h, struct h2_stream *s, uint32_t code)
{
	bool told = s->live && !h->stopped;
	void *user = s->user;

	h2_stream_reset(h, s, code);
	if (s->live)
		h2_stream_part(h, s);
	if (told)
		h->ops->closed(
		    h->arg, user, code, h->role == H2_CLIENT && !s->sent);
}

/* A stream whose owner lives. A request that waits for its turn to be written
 * is not known to the session yet. */
static struct h2_stream *find(const struct h2 *h, int32_t id)
{
	struct h2_stream *s =
	    nghttp2_session_get_stream_user_data(h->session, id);

	if (s != NULL || h->role == H2_SERVER)
		return s != NULL && s->live ? s : NULL;
	for (struct link *l = h->streams.prev; l != &h->streams; l = l->prev) {
		s = LIST_ENTRY(l, struct h2_stream, all); /* newest first */
		if (s->id == id)
			return s->live ? s : NULL;
	}
	return NULL;
}

/* ---- windows ---- */

/* What is held and what the peer may still send are never more than
 * H2_HELD_MAX_BYTES together. The library knows what is to be given back:
 * padding and content of streams that have gone count as well. */
void h2_window_open(struct h2 *h)
{
	size_t owed =
	    (size_t)nghttp2_session_get_effective_recv_data_length(h->session);
	size_t left = /* at the peer */
	    owed < H2_CONN_WINDOW_BYTES ? H2_CONN_WINDOW_BYTES - owed : 0;
	size_t room = h->held + left < H2_HELD_MAX_BYTES
	                  ? H2_HELD_MAX_BYTES - h->held - left
	                  : 0;
	size_t n = room < owed ? room : owed;

	if (n < WINDOW_CRUMB_BYTES ||
	    (n < WINDOW_PIECE_BYTES && left > WINDOW_PIECE_BYTES))
		return;
	(void)nghttp2_submit_window_update(
	    h->session, NGHTTP2_FLAG_NONE, 0, (int32_t)n);
}

void h2_consumed(struct h2 *h, int32_t id, size_t n)
{
	struct h2_stream *s = find(h, id);

	if (s == NULL)
		return;
	if (n > s->held)
		n = s->held;
	s->held -= n;
	h->held -= n;
	if (!s->ended_in)
		(void)nghttp2_session_consume_stream(h->session, id, n);
	h2_window_open(h);
}

/* ---- messages ---- */

unsigned h2_grants(const struct h2 *h)
{
	uint32_t max = nghttp2_session_get_remote_settings(
	    h->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	if (max > H2_STREAMS_MAX)
		max = H2_STREAMS_MAX;
	if (h->role == H2_SERVER || h->stopped || h2_leaving(h) ||
	    h->nstreams >= max)
		return 0;
	return max - h->nstreams;
}

bool h2_settled(const struct h2 *h)
{
	return h->settled;
}

int32_t h2_request(struct h2 *h, const struct msg *m, bool last, void *user)
{
	nghttp2_data_provider from = { .read_callback = h2_read_content };
	struct h2_fields fields;
	struct h2_stream *s;
	int32_t id;

	if (h2_grants(h) == 0)
		return -EAGAIN;
	if (!m->request || h2_fields_of(&fields, m) < 0)
		return -EINVAL;
	if ((s = h2_stream_new(h, user)) == NULL)
		return -ENOMEM;
	from.source.ptr = s;
	s->for_head = span_eq(m->method, SPAN("HEAD"));
	s->ended_out = last;
	id = nghttp2_submit_request(
	    h->session, NULL, fields.nv, fields.n, last ? NULL : &from, s);
	if (id < 0) {
		h2_stream_free(h, s);
		return id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EAGAIN;
	}
	return s->id = id;
}

int h2_answer(struct h2 *h, int32_t id, const struct msg *m, bool last)
{
	nghttp2_data_provider from = { .read_callback = h2_read_content };
	struct h2_stream *s = find(h, id);
	struct h2_fields fields;
	int r;

	if (s == NULL)
		return -ENOENT;
	if (m->request || s->ended_out || h2_fields_of(&fields, m) < 0)
		return -EINVAL;
	if (m->status < 200) {
		if (last)
			return -EINVAL;
		r = nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, id,
		    NULL, fields.nv, fields.n, NULL);
	} else {
		from.source.ptr = s;
		s->ended_out = last;
		r = nghttp2_submit_response(
		    h->session, id, fields.nv, fields.n, last ? NULL : &from);
	}
	return r == 0 ? 0 : -ENOMEM;
}

int h2_content(struct h2 *h, int32_t id, struct span c, bool last)
{
	struct h2_stream *s = find(h, id);

	if (s == NULL || s->ended_out)
		return -ENOENT;
	if (buf_add_span(&s->out, c) < 0)
		return buf_error(&s->out);
	s->ended_out = last;
	if (s->waiting && (c.n > 0 || last)) {
		s->waiting = false;
		(void)nghttp2_session_resume_data(h->session, id);
	}
	return 0;
}

size_t h2_queued(const struct h2 *h, int32_t id)
{
	const struct h2_stream *s = find(h, id);

	return s != NULL ? buf_len(&s->out) : 0;
}

bool h2_full(const struct h2 *h, int32_t id)
{
	struct h2_stream *s = find(h, id);

	if (s == NULL || buf_len(&s->out) < H2_HIWAT_BYTES)
		return false;
	return s->full = true;
}

void h2_reset(struct h2 *h, int32_t id, enum h2_code code)
{
	struct h2_stream *s = find(h, id);

	if (s != NULL)
		h2_stream_end(h, s, code);
}

void h2_forget(struct h2 *h, int32_t id, enum h2_code code)
{
	struct h2_stream *s = find(h, id);

	if (s == NULL)
		return;
	h2_stream_part(h, s);
	if (s->ended_in && s->ended_out)
		return;
	if (h->role == H2_SERVER && s->ended_out && !s->sent_end &&
	    code == H2_NO_ERROR)
		s->reset_after = true;
	else
		h2_stream_reset(h, s, code);
}

/* ---- the end ---- */

void h2_goaway(struct h2 *h)
{
	bool first = h->role == H2_SERVER && !h->noticed;

	h->last_told = h->noticed;
	h->leaving = true;
	h->noticed = true;
	if (first)
		(void)nghttp2_submit_shutdown_notice(h->session);
	else
		(void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
		    nghttp2_session_get_last_proc_stream_id(h->session),
		    NGHTTP2_NO_ERROR, NULL, 0);
}

bool h2_leaving(const struct h2 *h)
{
	return h->leaving || h->failed ||
	       (h->role == H2_CLIENT &&
	           nghttp2_session_check_request_allowed(h->session) == 0);
}

unsigned h2_streams(const struct h2 *h)
{
	return h->nstreams;
}

bool h2_wants_write(const struct h2 *h)
{
	return nghttp2_session_want_write(h->session) != 0;
}

bool h2_over(const struct h2 *h)
{
	return !h2_wants_write(h) &&
	       (h->failed || nghttp2_session_want_read(h->session) == 0);
}
