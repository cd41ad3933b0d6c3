/* SPDX-License-Identifier: EUPL-1.2 */
/* sdp_int - what the files of the SDP scrubber share. */
#ifndef BODY_SDP_INT_H
#define BODY_SDP_INT_H

#include "base/buf.h"
#include "body/sdp.h"

#define SDP_MEMO_BYTES 32

/* The foundations of the section at hand: place in the list + 1 is the new
 * number. */
struct sdp_foundations {
	unsigned n;
	uint8_t length[SDP_FOUNDATIONS_MAX];
	char text[SDP_FOUNDATIONS_MAX][SDP_FOUNDATION_MAX_BYTES];
};

struct sdp {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	bool lone;               /* no lines: check only */
	bool watched;            /* lines that are not named are looked at */
	bool named;              /* a line of the plan spoke of this one */
	bool begun;              /* there was a line */
	bool ended;              /* only empty lines may follow */
	bool gone;               /* in a media section that is dropped */
	int err;                 /* sticky */
	int nameless;            /* a name could not be put together */
	size_t total;            /* bytes so far */
	unsigned lines;
	struct buf held;  /* the beginning of a line */
	struct buf line;  /* the line as it is put together anew */
	struct buf fresh; /* one new value */
	struct buf name;  /* a name that is put together */

	/* The last attribute name asked: they come in runs. */
	char memo[SDP_MEMO_BYTES];
	size_t memo_n; /* 0: none */
	const struct action *memo_action;

	struct sdp_foundations *foundations; /* NULL before the first */
};

/* A decision about a whole line. */
struct sdp_whole {
	const struct action *action; /* NULL: no line names it */
	struct span name;
	size_t from, to; /* the value, in the line */
	bool bare;       /* no ':' before it */
};

/* A line while its parts are judged, from left to right. */
struct sdp_edit {
	struct span text;
	size_t done;    /* so far copied or left out */
	bool changed;   /* s->line holds what became of text up to done */
	uint32_t limit; /* only actions with a smaller order act */
};

/* A part of a line. */
struct sdp_part {
	struct span name;
	size_t from, to;
	size_t cut;          /* where it begins when it is dropped */
	struct span neutral; /* what it becomes instead; NULL: it may go */
	bool is_time;        /* NTP seconds */
};

/* Judge one line without its line end, of an SDP or a candidate alone.
 * TREAT_SAME, TREAT_DROP, TREAT_NEW (see s->line) or an error. */
int sdp_line(struct sdp *s, struct span text);
/* The same for a candidate; at is where its value begins. */
int sdp_line_candidate(struct sdp *s, struct span text, size_t at);

/* Ask for name: the better of it and what w has. */
void sdp_ask(struct sdp *s, struct sdp_whole *w, struct span name, size_t from,
    size_t to, bool bare);
/* first, ':' and rest in s->name. */
struct span sdp_name(struct sdp *s, struct span first, struct span rest);
/* What w does to the line; TREAT_* or an error. */
int sdp_apply(struct sdp *s, struct span text, const struct sdp_whole *w);
/* The action that decides about a part within e->limit; NULL: it stays. */
const struct action *sdp_part_action(
    struct sdp *s, const struct sdp_edit *e, struct span name);
/* Let a decide about a part: 0 or an error. */
int sdp_edit_part(struct sdp *s, struct sdp_edit *e, const struct sdp_part *p,
    const struct action *a);
/* Replace a part by text and report. */
void sdp_edit_put(struct sdp *s, struct sdp_edit *e, const struct sdp_part *p,
    const struct action *a, struct span text);
/* What became of the line: TREAT_SAME, TREAT_NEW or an error. */
int sdp_edit_end(struct sdp *s, struct sdp_edit *e);
/* Tell that a was met and what it did. */
void sdp_report(struct sdp *s, const struct action *a, struct span name,
    struct span before, struct span after, enum act effect);
/* The address that says nothing, of the same family. */
struct span sdp_no_address(struct span family, struct span address);
/* The next run of bytes other than SP at or after *at; n is 0 at the end. *at
 * moves behind it. */
struct span sdp_word(struct span text, size_t *at);

#endif
