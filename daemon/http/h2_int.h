/* SPDX-License-Identifier: EUPL-1.2 */
/* h2_int - what the files of h2 share: a connection and its streams (h2.c,
 * h2_session.c), a head that is being read (h2_head.c) or written
 * (h2_fields.c), the budget against floods (h2_flood.c). */
#ifndef HTTP_H2_INT_H
#define HTTP_H2_INT_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/list.h"
#include "http/h2.h"

/* ---- floods ---- */

/* What costs the peer something, and what pays it back: table in h2.h. */
enum h2_deed {
	H2_DEED_PING, /* PING, small WINDOW_UPDATE */
	H2_DEED_PRIORITY,
	H2_DEED_SETTINGS, /* SETTINGS, CONTINUATION, empty DATA, a 1xx */
	H2_DEED_RESET,    /* a stream that came to nothing, not by our will */
	H2_DEED_DATA,     /* we sent content */
	H2_DEED_SERVED    /* a stream that both sides ended */
};

/* A budget below 0 is used up, and stays so. */
void h2_flood_note(int *budget, enum h2_deed deed);

/* ---- heads ---- */

struct h2_crumb;

/* A field block that comes in. */
struct h2_head {
	struct msg *m;                 /* borrowed from the stream's owner */
	struct arena *arena;           /* likewise */
	struct h2_crumb *first, *last; /* of Cookie, in the arena */
	size_t bytes;                  /* as HTTP/1.1 would write them */
	bool trim;      /* take values with white space at their ends */
	bool bad;       /* no message of ours: reset the stream */
	bool too_large; /* m is as far as it was read */
	bool trailer;   /* only counted */
};

void h2_head_init(
    struct h2_head *x, struct msg *m, struct arena *a, bool request, bool trim);
void h2_head_add(struct h2_head *x, struct span name, struct span value);
/* The block is whole; last: END_STREAM. 0; -EBADMSG: no message of ours. */
int h2_head_end(struct h2_head *x, struct span for_method, bool last);

#define H2_CRUMBS_MAX 64 /* pieces that cookies are cut to */
#define H2_NV_MAX (MSG_FIELDS_MAX + H2_CRUMBS_MAX + 5)

/* A head as libnghttp2 takes it; borrows from m. */
struct h2_fields {
	nghttp2_nv nv[H2_NV_MAX];
	size_t n;
	unsigned crumbs;
	char status[4], length[24];
};

/* 0 or -EINVAL. */
int h2_fields_of(struct h2_fields *x, const struct msg *m);

/* ---- connection ---- */

struct h2_stream {
	struct link all, roomy, resting;
	int32_t id;
	void *user;       /* of the owner; void when not live */
	struct buf out;   /* content that is queued */
	size_t held;      /* content that came and is not consumed */
	size_t pending;   /* front of out, framed but not written yet */
	bool live;        /* the owner knows it, and will hear closed */
	bool dead;        /* we have reset it */
	bool for_head;    /* the request's method is HEAD */
	bool got_head;    /* final, or the request */
	bool no_content;  /* of what comes: HEAD, 204, 304 */
	bool ended_in;    /* END_STREAM came */
	bool ended_out;   /* the owner has queued the end */
	bool sent;        /* our head has gone out */
	bool sent_end;    /* END_STREAM has gone out */
	bool waiting;     /* libnghttp2 waits for h2_content */
	bool full;        /* h2_full said so */
	bool had_turn;    /* a frame of it has gone out: rests next time */
	bool reset_after; /* reset once END_STREAM has gone out */
};

struct h2 {
	nghttp2_session *session;
	enum h2_role role;
	const struct h2_ops *ops;
	void *arg;
	struct link streams, roomy;
	struct link resting; /* empty but inside h2_write */
	unsigned nstreams;
	struct h2_head head;       /* the one that comes in */
	struct h2_stream *head_of; /* NULL: nobody wants it */
	size_t held;               /* sum of the streams' */
	int budget;                /* against floods */
	/* Server: the last stream that was opened, -1 at first; the last two
	 * between which some were left out. */
	int32_t newest, gap_from, gap_to;
	struct buf *out; /* h2_write: where to, and how far */
	size_t limit;
	bool settled;   /* SETTINGS of the peer came */
	bool noticed;   /* server: the first GOAWAY is queued */
	bool last_told; /* server: the last one too; no stream begins */
	bool leaving;   /* a GOAWAY was sent or seen */
	bool failed;    /* a connection error of the peer's */
	bool stopped;
};

/* The session with its callbacks, first frames queued. 0 or -ENOMEM. */
int h2_session_new(struct h2 *h);
/* Data source of libnghttp2: content that a stream has queued. */
ssize_t h2_read_content(nghttp2_session *session, int32_t id, uint8_t *to,
    size_t n, uint32_t *ret_flags, nghttp2_data_source *from, void *arg);

struct h2_stream *h2_stream_new(struct h2 *h, void *user);
void h2_stream_free(struct h2 *h, struct h2_stream *s);
/* Forget the owner, give the window back. */
void h2_stream_part(struct h2 *h, struct h2_stream *s);
void h2_stream_reset(struct h2 *h, struct h2_stream *s, uint32_t code);
/* Reset, and tell the owner when it lives. */
void h2_stream_end(struct h2 *h, struct h2_stream *s, uint32_t code);
/* Give the connection's window back as far as what is held allows. */
void h2_window_open(struct h2 *h);

#endif
