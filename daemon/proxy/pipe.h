/* SPDX-License-Identifier: EUPL-1.2 */
/* pipe - the content of one message on its way through a scrubber. Small bodies
 * are scrubbed whole before the first byte leaves, so that a bad one is refused
 * as a whole and Content-Length is right; larger ones stream, chunked. Bodies
 * no line speaks of pass untouched with the framing they came with. An answer whose
 * length nobody has told may be one that goes on for ever: it is not held back when
 * its type says so (pipe_live), and no longer than till the server pauses
 * (pipe_pause). */
#ifndef PROXY_PIPE_H
#define PROXY_PIPE_H

#include "base/buf.h"
#include "body/scrub.h"
#include "http/msg.h"

#define PIPE_LEAD_MAX_BYTES (SNIFF_START_MAX + (96u << 10))
#define PIPE_OUT_MAX_BYTES (2u << 20) /* scrubbed bytes that wait */

enum pipe_state {
	PIPE_UNDECIDED, /* its form depends on content that is not here yet */
	PIPE_COLLECT,   /* held back until it is whole or too large */
	PIPE_STREAM,    /* the head may go, content follows */
	PIPE_WHOLE /* the head may go with framing and length; all is here */
};

struct pipe {
	enum pipe_state state;
	enum body_form form;
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	struct span media, coding;
	bool live;            /* what is ready goes on as it comes */
	bool packed;          /* fed in small steps: it swells */
	size_t collect;       /* bytes that may be held back */
	struct scrub *scrub;  /* owned */
	size_t asked;         /* bytes of lead when it was last looked at */
	size_t looked;        /* the sum of these */
	struct buf lead;      /* UNDECIDED: first bytes that do not tell yet */
	struct buf out;       /* scrubbed, to be taken by the owner */
	enum framing framing; /* for the head; valid from STREAM or WHOLE */
	uint64_t length;
};

/* For the body of m (its head already rewritten). plan may be NULL. */
void pipe_init(struct pipe *p, const struct msg *m, const struct plan *plan,
    const struct env *env, size_t collect);
void pipe_fini(struct pipe *p);

/* For an answer, behind pipe_init: events, several JSON documents and frames of
 * gRPC-web leave one by one, the head before the first of them. */
void pipe_live(struct pipe *p);

/* Is something ready held back that could go on in time, its length being
 * unknown? */
static inline bool pipe_waits(const struct pipe *p)
{
	return p->state == PIPE_COLLECT && p->framing != FRAME_LENGTH &&
	       buf_len(&p->out) > 0;
}

/* Nothing more comes for now: what pipe_waits speaks of goes on from here. */
void pipe_pause(struct pipe *p);

/* May the head be written? */
static inline bool pipe_head_ready(const struct pipe *p)
{
	return p->state == PIPE_STREAM || p->state == PIPE_WHOLE;
}

/* Content passes as it is: the owner need not call pipe_feed. */
static inline bool pipe_open(const struct pipe *p)
{
	return p->state == PIPE_STREAM && p->scrub == NULL;
}

/* How much should be fed at once: what it swells to stays far below the limits
 * of the queues. The rest when there is room. */
size_t pipe_limit(const struct pipe *p);

/* The first part of in, not more than that. */
static inline struct span pipe_step(const struct pipe *p, struct span in)
{
	size_t limit = pipe_limit(p);

	return in.n > limit ? span_of(in.p, limit) : in;
}

/* Feed content; scrubbed bytes appear in p->out. last: it ends here. 0;
 * -EBADMSG (refuse as not readable), -E2BIG or -ENOBUFS (a limit), -ENOMEM. */
int pipe_feed(struct pipe *p, struct span in, bool last);

/* Set the framing of m from p; when the content coding is gone, so are the
 * fields that speak of it. */
void pipe_frame(const struct pipe *p, struct msg *m);

#endif
