/* SPDX-License-Identifier: EUPL-1.2 */
/* case_h2_int - between case_h2.c (what is heard) and case_h2_say.c. */
#ifndef TESTS_CASE_H2_INT_H
#define TESTS_CASE_H2_INT_H

#include <nghttp2/nghttp2.h>

#include "lib/case_h2.h"

enum lane_state {
	LANE_HEAD,    /* a start line is next */
	LANE_LENGTH,  /* `left` bytes of content */
	LANE_SIZE,    /* the line before a chunk */
	LANE_CHUNK,   /* `left` bytes of it */
	LANE_CRLF,    /* the line end behind it */
	LANE_TRAILER, /* fields behind the last one */
	LANE_CLOSE    /* content until the connection ends */
};

struct case_lane {
	struct wire wire; /* what was heard */
	struct case_h2 *h2;
	int32_t id;        /* of the stream under way; 0: none */
	unsigned finished; /* when the last one was, to find the latest */
	bool over;         /* no more requests */

	/* heard */
	struct buf method, target, authority, scheme, status;
	struct buf fields, cookie;
	size_t cookie_at; /* in fields, where the first piece stood */
	bool has_length, chunked, heard_end, trailer;

	/* said */
	enum lane_state state;
	struct buf queue; /* text not looked at yet */
	uint64_t left;
	struct buf out, trailers; /* content; fields behind it */
	bool out_end, waiting, final, said_end;
};

struct case_h2 {
	nghttp2_session *session;
	bool server, in_gone;
	struct case_lane *lane[CASE_LANES_MAX];
	unsigned nlanes, clock;
	char unsaid[200], fault[300];
};

/* As much of the queue as can be said now. */
void lane_advance(struct case_lane *l);
/* Read one line with CRLF off the queue's front; false: there is none. */
bool lane_cut_line(struct span *rest, struct span *ret_line);
/* A new stream on this lane. */
void lane_begin(struct case_lane *l, int32_t id);

#endif
