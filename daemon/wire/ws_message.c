/* SPDX-License-Identifier: EUPL-1.2 */
/* ws_message - a message that is here as a whole: opened, judged, looked at,
 * and written. */
#include <errno.h>

#include "base/rnd.h"
#include "body/judge.h"
#include "wire/ws_int.h"

/* One message on its way. */
struct message {
	struct ws *w;
	struct way *x;
	enum ws_way way;
	struct span plain;
	struct buf open;    /* plain, where it was compressed */
	struct buf changed; /* what the rules left of it */
	bool is_changed;
};

/* ---- frames of our own ---- */

int ws_send_queue(struct way *x, struct buf *out)
{
	bool between =
	    x->mode == HOLDS || (x->opcode == OP_MORE && x->at != PAYLOAD);

	if (buf_len(&x->queue) == 0 || !between)
		return 0;
	buf_add_span(out, buf_span(&x->queue));
	buf_drain(&x->queue, buf_len(&x->queue));
	buf_release(&x->queue);
	return buf_error(out);
}

/* The text goes back where the message came from. */
static int answer(
    struct ws *w, enum ws_way back, struct span text, struct buf out[2])
{
	struct way *x = &w->way[back];
	unsigned char key[4];

	if (x->closed)
		return 0;
	if (x->masked)
		rnd_bytes(key, sizeof key);
	if (ws_write(&x->queue, OP_TEXT, 0, x->masked ? key : NULL, text) < 0)
		return buf_error(&x->queue);
	return ws_send_queue(x, &out[back]);
}

/* ---- to read ---- */

/* -EBADMSG (no UTF-8, broken), -E2BIG, -ENOBUFS, -ENOMEM. */
static int open_message(struct message *m)
{
	struct way *x = m->x;
	struct utf8 text = { .left = 0 };
	int r;

	m->plain = buf_span(&x->held);
	if (!x->coded)
		return 0; /* its UTF-8 was looked at as it came */
	r = flate_open(x->flow.takeover ? &x->past : NULL, x->flow.bits,
	    m->plain, &m->open);
	m->plain = buf_span(&m->open);
	m->w->turn += m->plain.n;
	if (r == 0 && x->opcode == OP_TEXT &&
	    (!utf8_feed(&text, m->plain) || text.left > 0))
		r = -EBADMSG;
	return r;
}

/* enum judged, or an error. */
static int judge(struct message *m, const struct entry **ret_deny)
{
	struct way *x = m->x;
	struct utf8 text = { .left = 0 };
	int r;

	r = judge_message(x->rules, x->env, x->opcode == OP_TEXT, m->plain,
	    &m->changed, ret_deny);
	if (r == JUDGE_CHANGED && x->opcode == OP_TEXT &&
	    (!utf8_feed(&text, buf_span(&m->changed)) || text.left > 0))
		r = -EBADMSG; /* a pack that sets what is none */
	return r;
}

static enum ws_note note_of(int judged)
{
	switch ((enum judged)judged) {
	case JUDGE_SAME:
	case JUDGE_CHANGED:
		break;
	case JUDGE_UNREAD:
		return WS_UNREAD;
	case JUDGE_DENIED:
		return WS_DENIED;
	}
	return WS_JUDGED;
}

/* ---- to write ---- */

/* Do later messages refer to this one, as nobody behind us will have seen it?
 * Then none of them may go on as it came. */
static bool leans(const struct way *x)
{
	return x->flow.takeover && x->rules != NULL;
}

static int write_plain(struct message *m, struct span plain, struct buf *out)
{
	struct way *x = m->x;
	const unsigned char *key = x->masked ? x->key : NULL;
	struct buf packed;
	int r = 1;

	buf_init(&packed, WS_MESSAGE_MAX_BYTES + (64u << 10));
	if (x->coded)
		r = flate_pack(x->flow.bits, plain, &packed);
	if (r == 0)
		r = ws_write(out, x->opcode, BIT_RSV1, key, buf_span(&packed));
	else if (r == 1)
		r = ws_write(out, x->opcode, 0, key, plain);
	buf_fini(&packed);
	return r;
}

static int write_message(struct message *m, struct buf *out)
{
	struct way *x = m->x;

	if (m->is_changed)
		return write_plain(m, buf_span(&m->changed), out);
	if (x->coded && !m->w->set.observe && leans(x))
		return write_plain(m, m->plain, out);
	return ws_write(out, x->opcode, x->coded ? BIT_RSV1 : 0,
	    x->masked ? x->key : NULL, buf_span(&x->held));
}

/* ---- the whole ---- */

/* deny: its fate. 1: nothing is left to do for the message; or an error. */
static int refuse(
    struct message *m, const struct entry *deny, struct buf out[2])
{
	enum ws_way back = m->way == WS_UP ? WS_DOWN : WS_UP;
	int r = 0;

	switch (deny->socket->fate) {
	case MESSAGE_SOCKET: /* not among the rules of messages */
	case MESSAGE_DROP:
		break;
	case MESSAGE_ANSWER:
		r = answer(m->w, back, deny->socket->answer, out);
		break;
	case MESSAGE_CLOSE:
		r = -EACCES;
		break;
	}
	return r < 0 ? r : 1;
}

/* Rules that are in force. 0; 1: denied, and done with; or an error. *ret_what
 * is noted when nobody else refuses the message. */
static int apply_rules(
    struct message *m, struct buf out[2], enum ws_note *ret_what)
{
	const struct entry *deny = NULL;
	int r = judge(m, &deny);

	if (r < 0) {
		ws_note(m->w, m->way, WS_REFUSED, NULL);
		return r;
	}
	*ret_what = note_of(r);
	m->is_changed = r == JUDGE_CHANGED;
	if (r != JUDGE_DENIED)
		return 0;
	ws_note(m->w, m->way, WS_DENIED, deny);
	return refuse(m, deny, out);
}

/* Rules that only count. */
static void watch_rules(struct message *m)
{
	const struct entry *deny = NULL;
	int r = judge(m, &deny);

	if (r < 0)
		ws_note(m->w, m->way, WS_REFUSED, NULL);
	else
		ws_note(m->w, m->way, note_of(r), deny);
}

static int finish_held(struct message *m, struct buf out[2])
{
	struct ws *w = m->w;
	bool rules = m->x->rules != NULL && !w->set.observe;
	enum ws_note what = WS_PASSED;
	int r = open_message(m);

	if (r < 0) {
		ws_note(w, m->way, WS_REFUSED, NULL);
		return r;
	}
	if (rules && (r = apply_rules(m, out, &what)) != 0)
		return r < 0 ? r : 0;
	r = ws_look(
	    w, m->way, m->is_changed ? buf_span(&m->changed) : m->plain);
	if (r < 0) {
		ws_note(w, m->way, WS_LOOKED, NULL);
		return r;
	}
	if (m->x->rules != NULL && !rules)
		watch_rules(m);
	else
		ws_note(w, m->way, what, NULL);
	return write_message(m, &out[m->way]);
}

/* The message has passed; this is a copy. */
static void finish_watched(struct message *m)
{
	struct way *x = m->x;

	if (x->skip || (x->coded && x->lost)) {
		ws_note(m->w, m->way, WS_REFUSED, NULL);
		x->lost = x->lost || (x->coded && x->flow.takeover);
		return;
	}
	if (open_message(m) < 0) {
		x->lost = x->coded && x->flow.takeover;
		ws_note(m->w, m->way, WS_REFUSED, NULL);
		return;
	}
	watch_rules(m);
}

int ws_finish(struct ws *w, enum ws_way way, struct buf out[2])
{
	struct message m = { .w = w, .x = &w->way[way], .way = way };
	int r = 0;

	buf_init(&m.open, WS_MESSAGE_MAX_BYTES + (64u << 10));
	buf_init(&m.changed, WS_MESSAGE_MAX_BYTES + (64u << 10));
	switch (m.x->mode) {
	case PASSES:
		ws_note(w, way, WS_PASSED, NULL);
		break;
	case WATCHES:
		finish_watched(&m);
		break;
	case HOLDS:
		r = finish_held(&m, out);
		break;
	}
	buf_fini(&m.open);
	buf_fini(&m.changed);
	buf_reset(&m.x->held);
	return r;
}
