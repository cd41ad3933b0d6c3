/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/h2_conn.h"

#include <errno.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "http/h2.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/snapshot.h"

#define LINGER_S 2    /* for an early answer to be read */
#define SPARES_MAX 32 /* kept while requests are open; then one */

struct h2_conn {
	struct conn *conn;
	struct h2 *h2;
	struct link open;  /* of struct request */
	struct link spare; /* for the next requests */
	unsigned nspare;
	bool dead;              /* freed at the end of the turn */
	bool writing;           /* inside h2_write */
	bool leaving;           /* ends with its last stream */
	struct request *headed; /* its head may go without content; or NULL */
	struct loop_soon soon;  /* write what is queued */
	struct loop_later later;
};

/* One request and its answer. */
struct request {
	struct link link;
	struct h2_conn *h;
	int32_t id;
	struct exchange *exchange; /* owned */
	struct deadline deadline;
	struct buf in; /* content that the exchange does not want yet */
	bool begun;    /* its head is there */
	bool ended;    /* the client has sent all */
	bool fed;      /* ... and the exchange has it */
	bool done;     /* answered, but not all is written */
	bool owes_end; /* ... and its end waits for that of the request */
	bool feeding;  /* inside feed(): do not enter again */
	size_t behind; /* content not written at the last deadline */
	struct loop_later later;
};

static const struct exchange_ops exchange_ops;

/* ---- life of a request ---- */

static void give_up(struct request *r, enum h2_code code);

static void wait(struct request *r, uint32_t seconds)
{
	if (deadline_set(&r->deadline, (uint64_t)seconds * 1000) < 0)
		conn_close(r->h->conn, WHY_MEMORY);
}

/* Something is queued: write it soon, unless it is about to be written. */
static void write_soon(struct h2_conn *h)
{
	if (!h->writing)
		loop_soon(&h->soon);
}

/* The answer was early, the request has ended now or will not. */
static void end_answer(struct request *r)
{
	r->owes_end = false;
	if (h2_content(r->h->h2, r->id, SPAN(""), true) == -ENOMEM)
		conn_close(r->h->conn, WHY_MEMORY);
	else
		write_soon(r->h);
}

static void on_deadline(void *arg)
{
	struct request *r = arg;
	struct h2_conn *h = r->h;

	if (!r->begun) { /* the rest of its head blocks all others */
		conn_close(h->conn, WHY_SLOW);
	} else if (r->owes_end) {
		end_answer(r);
		give_up(r, H2_NO_ERROR);
	} else if (!r->done) {
		exchange_timeout(r->exchange);
	} else if (r->ended && h2_queued(h->h2, r->id) < r->behind) {
		r->behind = h2_queued(h->h2, r->id); /* output still goes */
		wait(r, h->conn->snap->conf->answer_s);
	} else {
		give_up(r, H2_NO_ERROR);
	}
}

static struct request *new_request(struct h2_conn *h)
{
	struct request *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->exchange = exchange_new(h->conn, &exchange_ops, r);
	if (r->exchange == NULL) {
		free(r);
		return NULL;
	}
	r->h = h;
	deadline_init(&r->deadline, on_deadline, r);
	buf_init(&r->in, H2_WINDOW_BYTES);
	return r;
}

static void free_later(void *arg)
{
	free(arg);
}

/* It has no stream any more, and is in no list. */
static void detach(struct request *r)
{
	if (r->h->headed == r)
		r->h->headed = NULL;
	list_del(&r->link);
	if (r->id != 0)
		client_answered(r->h->conn->from);
	r->id = 0;
	buf_fini(&r->in);
}

static void free_request(struct request *r)
{
	detach(r);
	exchange_free(r->exchange);
	deadline_fini(&r->deadline);
	loop_later(&r->later, free_later, r);
}

static struct request *take_spare(struct h2_conn *h)
{
	struct request *r;

	if (list_empty(&h->spare))
		return new_request(h);
	r = LIST_ENTRY(h->spare.next, struct request, link);
	list_del(&r->link);
	h->nspare--;
	return r;
}

/* It has answered and is closed: keep it for the next, or free it. */
static void retire(struct request *r)
{
	struct h2_conn *h = r->h;

	if (!r->done || r->exchange == NULL || h->nspare == SPARES_MAX) {
		free_request(r);
		return;
	}
	detach(r);
	deadline_stop(&r->deadline);
	r->begun = r->ended = r->fed = r->done = r->owes_end = false;
	list_add(&h->spare, &r->link);
	h->nspare++;
}

static void give_up(struct request *r, enum h2_code code)
{
	struct h2_conn *h = r->h;
	int32_t id = r->id;

	h2_forget(h->h2, id, code);
	loop_soon(&h->soon);
	r->done = false;
	retire(r);
}

/* ---- content of the request ---- */

/* n bytes were used: the client may send more, and must hear of it. */
static void consumed(struct request *r, size_t n)
{
	h2_consumed(r->h->h2, r->id, n);
	write_soon(r->h);
}

/* Hand on what waits, as far as it is wanted. */
static void feed(struct request *r)
{
	struct h2_conn *h = r->h;
	struct span s;

	r->feeding = true;
	while (!h->dead && r->id != 0 && !r->done && !r->fed &&
	       (buf_len(&r->in) > 0 || r->ended) &&
	       exchange_wants(r->exchange)) {
		s = exchange_step(r->exchange, buf_span(&r->in));
		r->fed = r->ended && s.n == buf_len(&r->in);
		buf_drain(&r->in, s.n);
		consumed(r, s.n);
		exchange_content(r->exchange, s, r->fed);
	}
	r->feeding = false;
	if (!h->dead && r->id != 0 && !r->done)
		exchange_flush(r->exchange);
}

/* ---- what exchanges do ---- */

/* An answer whose end comes before that of the request: some clients lose it,
 * or wait for ever, when its stream ends while they still write. They get the
 * answer now, and its end with the end of the request, or a little later. */
static bool is_early(struct request *r, bool last)
{
	if (!last || r->ended)
		return false;
	r->owes_end = true;
	wait(r, LINGER_S);
	return true;
}

static int on_head(void *arg, struct msg *m)
{
	struct request *r = arg;
	bool last = m->status >= 200 && m->framing == FRAME_NONE;
	int err = h2_answer(r->h->h2, r->id, m, last && !is_early(r, last));

	if (err == -EINVAL)
		give_up(r, H2_INTERNAL_ERROR);
	else if (err < 0)
		conn_close(r->h->conn, WHY_MEMORY);
	return err;
}

static int on_content(void *arg, struct span s, bool last)
{
	struct request *r = arg;
	int err = h2_content(r->h->h2, r->id, s, last && !is_early(r, last));

	if (err < 0)
		conn_close(r->h->conn, WHY_MEMORY);
	return err;
}

static int on_flush(void *arg)
{
	struct request *r = arg;

	write_soon(r->h);
	return 0;
}

static bool on_full(void *arg)
{
	const struct request *r = arg;

	return h2_full(r->h->h2, r->id);
}

static size_t on_queued(void *arg)
{
	const struct request *r = arg;

	return h2_queued(r->h->h2, r->id);
}

static void on_resume(void *arg)
{
	struct request *r = arg;

	if (!r->feeding)
		feed(r);
}

static void on_wait(void *arg, uint32_t seconds)
{
	wait(arg, seconds);
}

static void on_done(void *arg)
{
	struct request *r = arg;

	r->done = true;
	r->behind = h2_queued(r->h->h2, r->id);
	/* The rest is not wanted (RFC 9113, 8.1): its window stays closed. */
	buf_fini(&r->in);
}

static void on_fail(void *arg, enum why why)
{
	struct request *r = arg;

	if (why != WHY_DONE) {
		give_up(r, H2_INTERNAL_ERROR);
		return;
	}
	/* Answered before all of the request came. */
	exchange_free(r->exchange);
	r->exchange = NULL;
	on_done(r);
}

/* Never asked for: an upgrade is a thing of HTTP/1.1 (RFC 9113, 8.6). */
static void on_upgraded(void *arg, struct stream *server)
{
	stream_close(server);
	give_up(arg, H2_INTERNAL_ERROR);
}

static const struct exchange_ops exchange_ops = {
	.head = on_head,
	.content = on_content,
	.flush = on_flush,
	.full = on_full,
	.queued = on_queued,
	.resume = on_resume,
	.wait = on_wait,
	.done = on_done,
	.fail = on_fail,
	.upgraded = on_upgraded,
};

/* ---- what the client does ---- */

static void *on_open(void *arg, int32_t id)
{
	struct h2_conn *h = arg;
	struct client_count *from = h->conn->from;
	struct request *r = NULL;

	if (h->leaving ||
	    !client_asks(from, h->conn->snap->conf->max_per_client))
		return NULL;
	r = take_spare(h);
	if (r == NULL) {
		client_answered(from);
		return NULL;
	}
	r->id = id;
	list_add_tail(&h->open, &r->link);
	wait(r, h->conn->snap->conf->head_s);
	return r;
}

static struct msg *on_place(void *arg, void *user, struct arena **ret_arena)
{
	struct request *r = user;

	(void)arg;
	*ret_arena = exchange_arena(r->exchange);
	return exchange_request(r->exchange);
}

/* A head whose content did not come with it goes alone. */
static void flush_headed(struct h2_conn *h)
{
	struct request *r = h->headed;

	h->headed = NULL;
	if (r != NULL && !h->dead && !r->done)
		exchange_flush(r->exchange);
}

static void on_request(void *arg, void *user, bool last, bool too_large)
{
	struct request *r = user;
	struct h2_conn *h = arg;

	r->begun = true;
	r->ended = last;
	if (too_large) {
		exchange_refuse_unread(r->exchange, WHY_HEAD_LIMIT);
		return;
	}
	flush_headed(h);
	if (h->dead)
		return;
	if (!last)
		h->headed = r;
	exchange_begin(r->exchange);
}

static void on_request_content(void *arg, void *user, struct span s, bool last)
{
	struct request *r = user;
	struct h2_conn *h = arg;

	r->ended = last;
	if (last && r->owes_end)
		end_answer(r);
	if (r->done)
		return;
	if (buf_add_span(&r->in, s) < 0) {
		conn_close(h->conn, WHY_MEMORY);
		return;
	}
	if (h->headed == r)
		h->headed = NULL;
	if (!r->feeding)
		feed(r);
}

static void on_room(void *arg, void *user)
{
	struct request *r = user;

	(void)arg;
	if (!r->done)
		exchange_drained(r->exchange);
}

static void on_closed(void *arg, void *user, uint32_t code, bool untouched)
{
	struct h2_conn *h = arg;
	struct request *r = user;

	(void)code, (void)untouched;
	if (r->id == 0)
		return;
	retire(r);
	loop_soon(&h->soon);
}

static const struct h2_ops h2_ops = {
	.open = on_open,
	.place = on_place,
	.head = on_request,
	.content = on_request_content,
	.room = on_room,
	.closed = on_closed,
};

/* ---- the connection ---- */

/* Write what is queued, as far as the socket keeps up. */
static int pump(struct h2_conn *h)
{
	struct stream *s = h->conn->client;
	int err = 0;

	if (!stream_full(s)) {
		h->writing = true;
		err = h2_write(h->h2, stream_out(s), STREAM_HIWAT_BYTES);
		h->writing = false;
	}
	return err == 0 && !h->dead ? stream_flush(s) : err;
}

/* No request is open: end it. The client hears which was the last that counts,
 * and may send any other again (RFC 9113, 6.8). */
static void finish(struct h2_conn *h, enum why why)
{
	if (!h2_over(h->h2)) {
		if (!h->leaving) /* else the first is out */
			h2_goaway(h->h2);
		h2_goaway(h->h2);
		(void)pump(h);
	}
	if (!h->dead)
		conn_finish(h->conn, why);
}

/* Between two requests, or at the end of the last. */
static void settle(struct h2_conn *h)
{
	if (!list_empty(&h->open))
		return;
	while (h->nspare > 1)
		free_request(take_spare(h));
	if (h->leaving || h2_leaving(h->h2) || conn_draining())
		finish(h, WHY_DONE);
	else
		conn_idle(h->conn);
}

static void on_soon(void *arg)
{
	struct h2_conn *h = arg;
	int err;

	if (h->dead)
		return;
	err = pump(h);
	if (h->dead)
		return;
	if (err < 0)
		conn_close(h->conn, WHY_CLIENT_GONE);
	else
		settle(h);
}

static void on_read(void *arg)
{
	struct h2_conn *h = arg;
	struct buf *in = stream_in(h->conn->client);
	int err = h2_feed(h->h2, buf_span(in));

	if (h->dead)
		return;
	buf_drain(in, buf_len(in));
	flush_headed(h);
	on_soon(h);
	if (!h->dead && err < 0) /* its GOAWAY is written with the rest */
		conn_finish(h->conn, WHY_BAD_REQUEST);
	else if (!h->dead && h2_over(h->h2))
		conn_finish(h->conn, WHY_DONE);
}

/* A client that sends no more may still wait for its answers, but cannot open
 * the window for them: we end with it. */
static void on_end(void *arg, int err)
{
	struct h2_conn *h = arg;

	(void)err;
	conn_close(h->conn, WHY_CLIENT_GONE);
}

static const struct stream_ops stream_ops = {
	.on_read = on_read,
	.on_drain = on_soon,
	.on_end = on_end,
};

struct h2_conn *h2_conn_new(struct conn *c)
{
	struct h2_conn *h = calloc(1, sizeof *h);

	if (h == NULL || (h->h2 = h2_new(H2_SERVER, &h2_ops, h)) == NULL) {
		free(h);
		return NULL;
	}
	h->conn = c;
	list_init(&h->open);
	list_init(&h->spare);
	loop_soon_init(&h->soon, on_soon, h);
	return h;
}

static void bury(void *arg)
{
	struct h2_conn *h = arg;

	h2_free(h->h2);
	free(h);
}

void h2_conn_free(struct h2_conn *h)
{
	if (h == NULL || h->dead)
		return;
	h->dead = true;
	h2_stop(h->h2);
	loop_soon_cancel(&h->soon);
	LIST_EACH(l, tmp, &h->open)
	free_request(LIST_ENTRY(l, struct request, link));
	LIST_EACH(l, tmp, &h->spare)
	free_request(LIST_ENTRY(l, struct request, link));
	loop_later(&h->later, bury, h);
}

void h2_conn_start(struct h2_conn *h)
{
	stream_set_ops(h->conn->client, &stream_ops, h);
	stream_reading(h->conn->client, true);
	loop_soon(&h->soon);
}

bool h2_conn_idle(const struct h2_conn *h)
{
	return list_empty(&h->open);
}

void h2_conn_leave(struct h2_conn *h)
{
	if (list_empty(&h->open)) {
		finish(h, WHY_DRAIN);
		return;
	}
	h->leaving = true;
	h2_goaway(h->h2);
	if (pump(h) < 0 && !h->dead)
		conn_close(h->conn, WHY_CLIENT_GONE);
}

/* Requests have deadlines of their own. */
void h2_conn_timeout(struct h2_conn *h)
{
	if (!list_empty(&h->open)) {
		conn_wait(h->conn, h->conn->snap->conf->idle_s);
		return;
	}
	finish(h, WHY_IDLE);
}
