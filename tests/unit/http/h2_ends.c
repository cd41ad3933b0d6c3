/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/http/h2_ends.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "http/h1.h"

#define PIECE_BYTES 30000 /* content queued at once */
#define WRITE_BYTES 70000 /* h2_write's limit */
#define GOT_MAX_BYTES (32u << 20)

void end_wrong(struct end *e, const char *what)
{
	if (e->wrong == NULL)
		e->wrong = what;
}

static struct talk *talk_new(struct end *e)
{
	struct talk *t;

	if (e->ntalks == TALKS_MAX || (t = calloc(1, sizeof *t)) == NULL)
		return NULL;
	t->end = e;
	t->arena = arena_new(128u << 10);
	buf_init(&t->got, GOT_MAX_BYTES);
	e->talk[e->ntalks++] = t;
	return t;
}

/* ---- HTTP/1.1 as the judge ---- */

static bool counts(const struct msg *m, const struct field *f)
{
	return !f->gone && f->id != FIELD_CONTENT_LENGTH &&
	       f->id != FIELD_TRANSFER_ENCODING && f->id != FIELD_CONNECTION &&
	       !(f->id == FIELD_HOST && m->request);
}

static bool same_fields(const struct msg *a, const struct msg *b)
{
	unsigned i = 0, k = 0;

	for (;;) {
		while (i < a->nfields && !counts(a, &a->field[i]))
			i++;
		while (k < b->nfields && !counts(b, &b->field[k]))
			k++;
		if (i == a->nfields || k == b->nfields)
			return i == a->nfields && k == b->nfields;
		if (!span_eq(a->field[i].name, b->field[k].name) ||
		    !span_eq(a->field[i].value, b->field[k].value) ||
		    a->field[i].id != b->field[k].id)
			return false;
		i++, k++;
	}
}

const char *same_in_h1(const struct msg *m, struct span for_method)
{
	static struct msg back;
	const char *wrong = NULL;
	enum h1_fault fault;
	struct buf text;
	ptrdiff_t n;

	buf_init(&text, 1u << 20);
	if (h1_write_head(m, &text) < 0)
		wrong = "h1 does not write it";
	else if ((n = m->request
	                  ? h1_read_request(buf_span(&text), &back, &fault)
	                  : h1_read_response(buf_span(&text), for_method, &back,
	                        &fault)) != (ptrdiff_t)buf_len(&text))
		wrong = "h1 does not read it back";
	else if (!span_eq(m->method, back.method) ||
	         !span_eq(m->path, back.path) ||
	         !span_eq(m->authority, back.authority) ||
	         m->status != back.status)
		wrong = "another start";
	else if (m->framing != back.framing || m->length != back.length ||
	         m->keep_alive != back.keep_alive ||
	         m->upgrade != back.upgrade ||
	         m->expect_continue != back.expect_continue)
		wrong = "another framing";
	else if (!same_fields(m, &back))
		wrong = "other fields";
	buf_fini(&text);
	return wrong;
}

/* ---- callbacks ---- */

static void *on_open(void *arg, int32_t id)
{
	struct end *e = arg;
	struct talk *t = e->refuse ? NULL : talk_new(e);

	if (t != NULL)
		t->id = id;
	return t;
}

static struct msg *on_place(void *arg, void *user, struct arena **ret_arena)
{
	struct end *e = arg;
	struct talk *t = user;

	if (t->closed)
		end_wrong(e, "place after closed");
	*ret_arena = t->arena;
	return e->no_place ? NULL : &t->m;
}

void end_request(struct msg *m, const char *method, const char *path)
{
	msg_init(m, true);
	m->method = span_str(method);
	m->scheme = SPAN("https");
	m->authority = SPAN("meet.example");
	m->path = span_str(path);
}

static void answer(struct talk *t)
{
	struct end *e = t->end;
	static struct msg m;

	msg_init(&m, false);
	m.status = 200;
	m.framing = FRAME_LENGTH;
	m.length = e->content_bytes;
	t->to_send = e->content_bytes;
	if (h2_answer(e->h2, t->id, &m, t->to_send == 0) < 0)
		end_wrong(e, "answer fails");
	else if (t->to_send > 0)
		talk_send(t);
}

static void on_head(void *arg, void *user, bool last, bool too_large)
{
	struct end *e = arg;
	struct talk *t = user;
	const char *wrong;

	if (t->closed || t->heads > 0)
		end_wrong(e, "head out of order");
	t->last = last;
	t->ended = last;
	t->too_large = too_large;
	if (!t->m.request && t->m.status < 200)
		t->interims++;
	else
		t->heads++;
	if (last && t->m.framing != FRAME_NONE)
		end_wrong(e, "framing without content");
	wrong = too_large ? NULL
	                  : same_in_h1(&t->m,
	                        t->head_asked ? SPAN("HEAD") : SPAN("GET"));
	if (wrong != NULL)
		end_wrong(e, wrong);
	if (e->stop_head)
		h2_stop(e->h2);
	else if (e->reset_head)
		h2_reset(e->h2, t->id, H2_CANCEL);
	else if (e->answer)
		answer(t);
}

static void on_content(void *arg, void *user, struct span s, bool last)
{
	struct end *e = arg;
	struct talk *t = user;

	if (t->closed || t->heads == 0 || t->ended)
		end_wrong(e, "content out of order");
	t->ended = last;
	t->unread += s.n;
	e->unread += s.n;
	if (e->unread > e->held_max)
		e->held_max = e->unread;
	if (e->store)
		buf_add_span(&t->got, s);
	if (!e->hold)
		talk_consume(t);
}

static void on_room(void *arg, void *user)
{
	struct talk *t = user;

	if (t->closed)
		end_wrong(arg, "room after closed");
	t->rooms++;
	talk_send(t);
}

static void on_closed(void *arg, void *user, uint32_t code, bool untouched)
{
	struct talk *t = user;
	struct end *e = arg;

	if (t->closed)
		end_wrong(e, "closed twice");
	if (untouched && (t->heads > 0 || e->role == H2_SERVER))
		end_wrong(e, "untouched after an answer");
	t->closed = true;
	t->code = code;
	t->untouched = untouched;
	e->unread -= t->unread;
	t->unread = 0;
}

static const struct h2_ops ops = {
	.open = on_open,
	.place = on_place,
	.head = on_head,
	.content = on_content,
	.room = on_room,
	.closed = on_closed,
};

/* ---- the owner ---- */

void end_init(struct end *e, enum h2_role role)
{
	memset(e, 0, sizeof *e);
	e->role = role;
	e->store = true;
	e->h2 = h2_new(role, &ops, e);
}

void end_fini(struct end *e)
{
	h2_free(e->h2);
	for (unsigned i = 0; i < e->ntalks; i++) {
		arena_free(e->talk[i]->arena);
		buf_fini(&e->talk[i]->got);
		free(e->talk[i]);
	}
}

struct talk *end_ask(
    struct end *e, const char *method, const char *path, size_t content_bytes)
{
	static struct msg m;
	struct talk *t = talk_new(e);

	end_request(&m, method, path);
	m.framing = content_bytes > 0 ? FRAME_LENGTH : FRAME_NONE;
	m.length = content_bytes;
	t->to_send = content_bytes;
	t->head_asked = span_eq(m.method, SPAN("HEAD"));
	t->id = h2_request(e->h2, &m, content_bytes == 0, t);
	if (t->id < 0) {
		t->closed = true;
		return NULL;
	}
	if (content_bytes > 0)
		talk_send(t);
	return t;
}

/* The byte at each place tells which place it is. */
static void fill(char *p, size_t n, size_t left)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + (left - i) % 23);
}

void talk_send(struct talk *t)
{
	static char text[PIECE_BYTES];
	size_t n;

	while (t->to_send > 0 && !t->closed && !h2_full(t->end->h2, t->id)) {
		n = t->to_send < sizeof text ? t->to_send : sizeof text;
		fill(text, n, t->to_send);
		t->to_send -= n;
		if (h2_content(t->end->h2, t->id, span_of(text, n),
		        t->to_send == 0) < 0)
			end_wrong(t->end, "content is not taken");
	}
}

void talk_consume(struct talk *t)
{
	size_t n = t->unread;

	t->unread = 0;
	t->end->unread -= n;
	h2_consumed(t->end->h2, t->id, n);
}

static int feed(struct end *to, struct span s, size_t piece)
{
	size_t n;
	int r = 0;

	for (size_t at = 0; at < s.n && r == 0; at += n) {
		n = piece > 0 && piece < s.n - at ? piece : s.n - at;
		r = h2_feed(to->h2, span_of(s.p + at, n));
	}
	return r;
}

/* Bytes of from to to; how many, or what h2_feed said. */
static int carry(struct end *from, struct end *to, size_t piece)
{
	struct buf wire;
	int n, r;

	buf_init(&wire, 16u << 20);
	if (h2_write(from->h2, &wire, WRITE_BYTES) < 0)
		end_wrong(from, "write fails");
	if (buf_len(&wire) > WRITE_BYTES + 40000)
		end_wrong(from, "limit of h2_write is passed over");
	n = (int)buf_len(&wire);
	r = feed(to, buf_span(&wire), piece);
	buf_fini(&wire);
	return r < 0 ? r : n;
}

int ends_talk(struct end *a, struct end *b, size_t piece)
{
	int n, k;

	do {
		if ((n = carry(a, b, piece)) < 0)
			return n;
		if ((k = carry(b, a, piece)) < 0)
			return k;
	} while (n + k > 0);
	return 0;
}
