/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/ws.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/rnd.h"
#include "wire/ws_int.h"

#define PART_BYTES (64u << 10) /* of a payload, between two looks at out */

static enum ws_mode mode_of(const struct ws_setup *s, enum ws_way way)
{
	if (way == WS_UP && s->look != NULL)
		return HOLDS;
	if (s->rules[way] == NULL)
		return PASSES;
	return s->observe ? WATCHES : HOLDS;
}

struct ws *ws_new(const struct ws_setup *s)
{
	struct ws *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->set = *s;
	for (enum ws_way way = WS_UP; way <= WS_DOWN; way++) {
		struct way *x = &w->way[way];

		x->mode = mode_of(s, way);
		x->masked = way == WS_UP;
		x->rules = s->rules[way];
		x->env = s->env[way];
		x->flow = way == WS_UP ? s->deflate.up : s->deflate.down;
		buf_init(&x->held, WS_MESSAGE_MAX_BYTES);
		buf_init(&x->control, WS_CONTROL_MAX_BYTES);
		buf_init(&x->queue, WS_QUEUE_MAX_BYTES);
	}
	return w;
}

static void release(struct way *x)
{
	buf_release(&x->held);
	buf_release(&x->control);
	buf_release(&x->queue);
}

void ws_free(struct ws *w)
{
	if (w == NULL)
		return;
	for (enum ws_way way = WS_UP; way <= WS_DOWN; way++) {
		struct way *x = &w->way[way];

		buf_fini(&x->held);
		buf_fini(&x->control);
		buf_fini(&x->queue);
		flate_past_fini(&x->past);
	}
	free(w);
}

/* ---- frames ---- */

/* Does the text end in the middle of a character, if it ends with this frame?
 * Asked before its last byte goes on. */
static bool ends_amiss(const struct way *x)
{
	return x->fin && x->text.left > 0;
}

/* A data frame begins. */
static int begin_data(struct way *x, size_t head, struct buf *out)
{
	enum ws_opcode op = ws_opcode_of(x);
	uint64_t room;

	if (op != OP_MORE) {
		x->opcode = op;
		x->coded = (x->head[0] & BIT_RSV1) != 0;
		memcpy(x->key, x->mask, sizeof x->key);
		x->text = (struct utf8){ .left = 0 };
		x->skip = false;
	}
	if (x->left == 0 && ends_amiss(x))
		return -EBADMSG;
	room = WS_MESSAGE_MAX_BYTES - buf_len(&x->held);
	if (x->left > room && x->mode == HOLDS)
		return -E2BIG;
	if (x->left > room && x->mode == WATCHES) {
		x->skip = true;
		buf_reset(&x->held);
	}
	x->at = PAYLOAD;
	return x->mode == HOLDS ? 0 : buf_add(out, x->head, head);
}

static int end_data(struct ws *w, enum ws_way way, struct buf out[2])
{
	struct way *x = &w->way[way];
	int r;

	x->at = HEAD;
	if (!x->fin)
		return 0;
	r = ws_finish(w, way, out);
	x->opcode = OP_MORE;
	return r < 0 ? r : ws_send_queue(x, &out[way]);
}

static int take_data(struct way *x, struct span part, struct buf *out)
{
	int r = 0;

	if (x->opcode == OP_TEXT && !x->coded &&
	    (!utf8_feed_masked(&x->text, part, x->mask, (size_t)x->done) ||
	        (part.n == x->left && ends_amiss(x))))
		return -EBADMSG;
	if (x->mode != HOLDS)
		r = buf_add_span(out, part);
	if (r < 0 || x->mode == PASSES || x->skip)
		return r;
	return x->masked ? ws_mask(&x->held, part, x->mask, x->done)
	                 : buf_add_span(&x->held, part);
}

/* A control frame is here as a whole: it goes on at once. */
static int end_control(struct ws *w, enum ws_way way, struct buf *out)
{
	struct way *x = &w->way[way];
	enum ws_opcode op = ws_opcode_of(x);
	struct span payload = buf_span(&x->control);
	int r = 0;

	x->at = HEAD;
	if (op == OP_CLOSE)
		r = ws_check_close(payload);
	if (r == 0 && (r = ws_look(w, way, payload)) < 0)
		ws_note(w, way, WS_LOOKED, NULL);
	if (op == OP_CLOSE && way == WS_UP && x->rules != NULL &&
	    !w->set.observe && payload.n > 2)
		payload.n = 2; /* words that no rule has read */
	if (r == 0)
		r = ws_write(out, op, 0, x->masked ? x->mask : NULL, payload);
	x->closed = x->closed || (r == 0 && op == OP_CLOSE);
	buf_reset(&x->control);
	return r;
}

static int take_control(struct way *x, struct span part)
{
	return x->masked ? ws_mask(&x->control, part, x->mask, x->done)
	                 : buf_add_span(&x->control, part);
}

/* Payload of the frame, as much of it as in begins with. */
static int take_payload(
    struct ws *w, enum ws_way way, struct span *in, struct buf out[2])
{
	struct way *x = &w->way[way];
	struct span part = *in;
	int r;

	if (part.n > x->left)
		part.n = (size_t)x->left;
	if (part.n > PART_BYTES)
		part.n = PART_BYTES;
	*in = span_from(*in, part.n);
	r = x->at == PAYLOAD ? take_data(x, part, &out[way])
	                     : take_control(x, part);
	x->left -= part.n;
	x->done += part.n;
	if (r < 0 || x->left > 0)
		return r;
	return x->at == PAYLOAD ? end_data(w, way, out)
	                        : end_control(w, way, &out[way]);
}

/* The head of a frame; with it the frame itself when it has no payload. */
static int take_head(
    struct ws *w, enum ws_way way, struct span *in, struct buf out[2])
{
	struct way *x = &w->way[way];
	size_t need = x->have < 2 ? 2 : ws_head_bytes(x);
	int r;

	for (; in->n > 0 && x->have < need; *in = span_from(*in, 1)) {
		x->head[x->have++] = (unsigned char)in->p[0];
		if (x->have != 2)
			continue;
		if ((r = ws_check_start(x, w->set.deflate.on)) < 0)
			return r;
		need = ws_head_bytes(x);
	}
	if (x->have < need)
		return 0;
	x->have = 0;
	if ((r = ws_read_head(x)) < 0)
		return r;
	if (ws_opcode_of(x) >= OP_CLOSE)
		x->at = CONTROL;
	else if ((r = begin_data(x, need, &out[way])) < 0)
		return r;
	return x->left > 0 ? 0 : take_payload(w, way, in, out);
}

/* ---- the socket ---- */

static bool is_full(const struct buf out[2])
{
	return buf_len(&out[WS_UP]) >= WS_PAUSE_BYTES ||
	       buf_len(&out[WS_DOWN]) >= WS_PAUSE_BYTES;
}

int ws_feed(struct ws *w, enum ws_way way, struct span *in, struct buf out[2])
{
	struct way *x = &w->way[way];
	int r = 0;

	w->turn = 0;
	while (r == 0 && in->n > 0 && !x->closed && !is_full(out) &&
	       w->turn < WS_TURN_BYTES)
		r = x->at == HEAD ? take_head(w, way, in, out)
		                  : take_payload(w, way, in, out);
	if (x->closed)
		*in = span_from(*in, in->n);
	release(x);
	return r == -ENOBUFS ? -E2BIG : r;
}

unsigned ws_code(int err)
{
	switch (err) {
	case -EPROTO:
		return WS_CLOSE_PROTOCOL;
	case -EBADMSG:
		return WS_CLOSE_BAD_TEXT;
	case -E2BIG:
		return WS_CLOSE_TOO_BIG;
	case -EACCES:
		return WS_CLOSE_POLICY;
	}
	return WS_CLOSE_BROKEN;
}

int ws_close(struct ws *w, enum ws_way way, unsigned code, struct buf *out)
{
	struct way *x = &w->way[way];
	unsigned char payload[2] = { (unsigned char)(code >> 8),
		(unsigned char)code };
	unsigned char key[4];

	if (x->closed)
		return 0;
	x->closed = true;
	if (x->at == PAYLOAD && x->mode != HOLDS)
		return -EBUSY;
	if (x->masked)
		rnd_bytes(key, sizeof key);
	return ws_write(out, OP_CLOSE, 0, x->masked ? key : NULL,
	    span_of((const char *)payload, sizeof payload));
}

bool ws_closed(const struct ws *w, enum ws_way way)
{
	return w->way[way].closed;
}

bool ws_reads(const struct ws *w, enum ws_way way)
{
	return w->way[way].mode != PASSES;
}

size_t ws_held(const struct ws *w)
{
	size_t n = 0;

	for (enum ws_way way = WS_UP; way <= WS_DOWN; way++) {
		const struct way *x = &w->way[way];

		n += x->held.cap + x->control.cap + x->queue.cap + x->past.room;
	}
	return n;
}
