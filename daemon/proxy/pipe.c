/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/pipe.h"

#include <errno.h>

#define PIPE_ASK_BYTES (16u << 20) /* looked at to tell the form */
/* Input per step, and coded input: bounds what it swells to. */
#define PIPE_STEP_BYTES (64u << 10)
#define PIPE_SLICE_BYTES 2048

/* Content-Encoding; several fields are one list (RFC 9110, 5.3), and a list
 * nobody here decodes. */
static struct span coding_of(const struct msg *m)
{
	struct span coding = SPAN_NONE;
	unsigned n = 0;

	for (unsigned i = 0; i < m->nfields; i++)
		if (m->field[i].id == FIELD_CONTENT_ENCODING &&
		    !m->field[i].gone && n++ == 0)
			coding = m->field[i].value;
	return n > 1 ? SPAN("several") : coding;
}

void pipe_init(struct pipe *p, const struct msg *m, const struct plan *plan,
    const struct env *env, size_t collect)
{
	*p = (struct pipe){
		.plan = plan,
		.env = env,
		.media = msg_value(m, FIELD_CONTENT_TYPE),
		.coding = coding_of(m),
		.collect = collect,
		.framing = m->framing,
		.length = m->length,
	};
	buf_init(&p->lead, PIPE_LEAD_MAX_BYTES);
	buf_init(&p->out, PIPE_OUT_MAX_BYTES);
	if (m->framing == FRAME_NONE) {
		p->state = PIPE_WHOLE;
	} else if (!sniff_speaks(plan)) {
		p->form = BODY_UNREAD;
		p->state = PIPE_STREAM;
	}
}

static void stream(struct pipe *p)
{
	p->state = PIPE_STREAM;
	p->framing = FRAME_CHUNKED;
}

void pipe_live(struct pipe *p)
{
	int err;

	if (p->state != PIPE_UNDECIDED || p->framing == FRAME_LENGTH)
		return;
	p->live = true;
	p->form = sniff_live(p->plan, p->media);
	if (p->form == BODY_UNREAD)
		return;
	p->scrub =
	    scrub_new(p->form, p->plan, p->env, p->media, p->coding, &err);
	if (p->scrub == NULL)
		return;   /* decide says why */
	p->packed = true; /* until the first byte */
	stream(p);
}

void pipe_pause(struct pipe *p)
{
	if (pipe_waits(p))
		stream(p);
}

void pipe_fini(struct pipe *p)
{
	scrub_free(p->scrub);
	p->scrub = NULL;
	buf_fini(&p->lead);
	buf_fini(&p->out);
}

/* By its head, or, as its first byte says, without a word. */
static bool is_packed(const struct pipe *p, struct span lead)
{
	return p->coding.n > 0 || (lead.n > 0 && lead.p[0] == '\x1f');
}

/* Do the first bytes tell the form? To look at a coded start costs its length:
 * one that comes in very small pieces is in the end only asked again when it
 * has grown by an eighth. */
static bool tells(struct pipe *p, struct span lead)
{
	if (p->looked > PIPE_ASK_BYTES && lead.n - p->asked < p->asked / 8)
		return false;
	p->asked = lead.n;
	p->looked += lead.n;
	return sniff_tells(p->plan, p->coding, lead);
}

size_t pipe_limit(const struct pipe *p)
{
	bool small = p->state == PIPE_UNDECIDED || p->packed;

	return small && !pipe_open(p) ? PIPE_SLICE_BYTES : PIPE_STEP_BYTES;
}

/* Parts of it make sense alone. */
static bool is_live(enum body_form form)
{
	return form == BODY_EVENTS || form == BODY_JSON_LINES ||
	       form == BODY_FRAMES || form == BODY_FRAMES_TEXT;
}

static int decide(struct pipe *p, struct span lead, bool last)
{
	int err;

	if (lead.n == 0 && last) { /* an empty body has nothing to scrub */
		p->state = PIPE_WHOLE;
		p->framing = FRAME_LENGTH;
		p->length = 0;
		return 0;
	}
	if (!last && !tells(p, lead))
		return 0;
	p->form = sniff_coded(p->plan, p->media, p->coding, lead);
	if (p->form == BODY_UNREAD) {
		p->state = PIPE_STREAM;
		return 0;
	}
	p->packed = is_packed(p, lead);
	p->scrub =
	    scrub_new(p->form, p->plan, p->env, p->media, p->coding, &err);
	if (p->scrub == NULL)
		return err == -ENOTSUP ? -EBADMSG : err;
	p->state = PIPE_COLLECT;
	if (p->live && is_live(p->form))
		stream(p);
	return 0;
}

static int scrub(struct pipe *p, struct span in, bool last)
{
	int r;

	if (p->packed)
		while (in.n > PIPE_SLICE_BYTES) {
			r = scrub_feed(p->scrub,
			    span_of(in.p, PIPE_SLICE_BYTES), false, &p->out);
			if (r < 0)
				return r;
			in = span_from(in, PIPE_SLICE_BYTES);
		}
	return scrub_feed(p->scrub, in, last, &p->out);
}

/* Content from here on belongs to a decided pipe. */
static int feed(struct pipe *p, struct span in, bool last)
{
	int r;

	if (p->scrub == NULL)
		return buf_add_span(&p->out, in);
	if (p->live && in.n > 0) {
		p->packed = is_packed(p, in);
		p->live = false;
	}
	r = scrub(p, in, last);
	if (r < 0)
		return r;
	if (p->state == PIPE_COLLECT && last) {
		p->state = PIPE_WHOLE;
		p->framing = FRAME_LENGTH;
		p->length = buf_len(&p->out);
	} else if (p->state == PIPE_COLLECT && buf_len(&p->out) > p->collect) {
		stream(p);
	}
	return 0;
}

int pipe_feed(struct pipe *p, struct span in, bool last)
{
	bool alone = buf_len(&p->lead) == 0; /* the usual case: no copy */
	int r;

	if (p->state == PIPE_WHOLE)
		return 0;
	if (p->state != PIPE_UNDECIDED)
		return feed(p, in, last);
	if (!alone) {
		if (buf_add_span(&p->lead, in) < 0)
			return buf_error(&p->lead);
		in = buf_span(&p->lead);
	}
	r = decide(p, in, last);
	if (r == 0 && (p->state == PIPE_STREAM || p->state == PIPE_COLLECT)) {
		r = feed(p, in, last);
		buf_fini(&p->lead);
	} else if (r == 0 && alone) {
		r = buf_add_span(&p->lead, in);
	}
	return r;
}

void pipe_frame(const struct pipe *p, struct msg *m)
{
	m->framing = p->framing;
	m->length = p->length;
	if (p->scrub == NULL)
		return;
	msg_remove(m, FIELD_CONTENT_ENCODING);
	msg_remove(m, FIELD_ETAG); /* of other bytes than those that follow */
}
