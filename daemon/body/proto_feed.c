/* SPDX-License-Identifier: EUPL-1.2 */
/* proto_feed - messages from a stream: one alone, or in frames of gRPC-web. */
#include "body/proto_int.h"

#include <stdlib.h>

#include "engine/wrap.h"

#define FLAG_TRAILERS 0x80u
#define PIECE_MAX (2 * (PROTO_MESSAGE_MAX + PROTO_FRAME_BYTES))

static struct proto *make(
    const struct plan *plan, const struct env *env, bool framed, bool base64)
{
	struct proto *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->plan = plan;
	p->env = env;
	p->watched = value_watched(plan, env);
	p->live = plan_has(plan, CARRIER_PROTO) || p->watched;
	p->framed = framed;
	p->base64 = base64;
	buf_init(&p->held, PROTO_MESSAGE_MAX + PROTO_FRAME_BYTES);
	buf_init(&p->coded, PIECE_MAX);
	buf_init(&p->plain, PIECE_MAX);
	buf_init(&p->open, sizeof p->group);
	buf_init(&p->path, PROTO_PATH_BYTES);
	buf_init(&p->fresh, 8 * SCRUB_VALUE_MAX);
	return p;
}

struct proto *proto_new(const struct plan *plan, const struct env *env)
{
	return make(plan, env, false, false);
}

struct proto *proto_new_frames(
    const struct plan *plan, const struct env *env, bool base64)
{
	return make(plan, env, true, base64);
}

void proto_free(struct proto *p)
{
	if (p == NULL)
		return;
	buf_fini(&p->held);
	buf_fini(&p->coded);
	buf_fini(&p->plain);
	buf_fini(&p->open);
	buf_fini(&p->path);
	buf_fini(&p->fresh);
	free(p);
}

/* Keep up to n bytes of *in in p->held. */
static int hold(struct proto *p, struct span *in, size_t n)
{
	size_t room = p->held.max - buf_len(&p->held);

	n = n < in->n ? n : in->n;
	if (n > room)
		return -E2BIG;
	if (buf_add(&p->held, in->p, n) < 0)
		return buf_error(&p->held);
	*in = span_from(*in, n);
	return 0;
}

/* ---- a message alone ---- */

static int feed_alone(
    struct proto *p, struct span in, bool last, struct buf *out)
{
	int r;

	if (buf_len(&p->held) + in.n > PROTO_MESSAGE_MAX)
		return -E2BIG;
	if (last && buf_len(&p->held) == 0)
		return proto_message(p, in, out);
	r = hold(p, &in, in.n);
	if (r == 0 && last) {
		r = proto_message(p, buf_span(&p->held), out);
		buf_reset(&p->held);
	}
	return r;
}

/* ---- frames ---- */

static size_t frame_length(struct span head)
{
	const unsigned char *h = (const unsigned char *)head.p;

	return (size_t)h[1] << 24 | (size_t)h[2] << 16 | (size_t)h[3] << 8 |
	       h[4];
}

/* A whole frame. */
static int take_frame(struct proto *p, struct span frame, struct buf *out)
{
	size_t at = buf_len(out), n;
	unsigned char *head;
	int r;

	if ((unsigned char)frame.p[0] == FLAG_TRAILERS)
		return buf_add_span(out, frame);
	r = buf_add(out, frame.p, PROTO_FRAME_BYTES);
	if (r == 0)
		r = proto_message(p, span_from(frame, PROTO_FRAME_BYTES), out);
	if (r < 0) {
		if (buf_len(out) > at)
			buf_truncate(out, at);
		return r;
	}
	n = buf_len(out) - at - PROTO_FRAME_BYTES;
	head = (unsigned char *)out->mem + out->head + at;
	for (unsigned i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(n >> (24 - 8 * i));
	return 0;
}

/* Whole frames go on as they come. */
static int feed_frames(struct proto *p, struct span in, struct buf *out)
{
	size_t n;
	int r;

	for (;;) {
		if (buf_len(&p->held) < PROTO_FRAME_BYTES) {
			r = hold(p, &in, PROTO_FRAME_BYTES - buf_len(&p->held));
			if (r < 0 || buf_len(&p->held) < PROTO_FRAME_BYTES)
				return r;
		}
		if (((unsigned char)buf_span(&p->held).p[0] & ~FLAG_TRAILERS) !=
		    0)
			return -EBADMSG;
		n = frame_length(buf_span(&p->held));
		if (n > PROTO_MESSAGE_MAX)
			return -E2BIG;
		n += PROTO_FRAME_BYTES;
		r = hold(p, &in, n - buf_len(&p->held));
		if (r < 0 || buf_len(&p->held) < n)
			return r;
		r = take_frame(p, buf_span(&p->held), out);
		buf_reset(&p->held);
		if (r < 0)
			return r;
	}
}

/* ---- base64 ---- */

/* The piece of base64 at hand ends where a frame does. */
static int end_piece(struct proto *p, struct buf *out)
{
	int r = 0;

	if (!p->changed)
		r = buf_add_span(out, buf_span(&p->coded));
	else if (buf_len(&p->plain) > 0)
		r = wrap_close(
		    STEP_BASE64, buf_span(&p->plain), SPAN_NONE, out);
	buf_reset(&p->coded);
	buf_reset(&p->plain);
	p->changed = false;
	return r;
}

static int feed_base64(struct proto *p, struct span in, struct buf *out)
{
	int r = 0;

	for (size_t i = 0; i < in.n && r == 0; i++) {
		p->group[p->ngroup++] = in.p[i];
		if (p->ngroup < sizeof p->group)
			continue;
		p->ngroup = 0;
		buf_reset(&p->open);
		r = wrap_open(
		    STEP_BASE64, span_of(p->group, sizeof p->group), &p->open);
		if (r == 0)
			r = buf_add(&p->coded, p->group, sizeof p->group);
		if (r == 0)
			r = feed_frames(p, buf_span(&p->open), &p->plain);
		if (r == -ENOBUFS)
			r = -E2BIG;
		if (r == 0 && buf_len(&p->held) == 0)
			r = end_piece(p, out);
	}
	return r;
}

int proto_feed(struct proto *p, struct span in, bool last, struct buf *out)
{
	if (p->err != 0)
		return p->err;
	if (!p->live)
		p->err = buf_add_span(out, in);
	else if (!p->framed)
		p->err = feed_alone(p, in, last, out);
	else if (p->base64)
		p->err = feed_base64(p, in, out);
	else
		p->err = feed_frames(p, in, out);
	if (p->err == 0 && p->live && p->framed && last &&
	    (buf_len(&p->held) > 0 || p->ngroup > 0))
		p->err = -EBADMSG;
	if (p->err == 0)
		p->err = buf_error(out);
	return p->err;
}
