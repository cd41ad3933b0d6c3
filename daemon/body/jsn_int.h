/* SPDX-License-Identifier: EUPL-1.2 */
/* The scrubber from inside: jsn.c reads tokens and judges values, jsn_quick.c runs
 * over members that stay, jsn_settle.c does what was decided. */
#ifndef BODY_JSN_INT_H
#define BODY_JSN_INT_H

#include <errno.h>

#include "base/buf.h"
#include "body/jsn.h"
#include "body/scrub.h"

/* Where in the grammar. White space is skipped in all but the last four. */
enum at {
	VALUE,   /* a value must begin */
	ELEMENT, /* a value or ']' */
	MEMBER,  /* a key or '}' */
	KEY,     /* a key must begin */
	COLON,
	NEXT, /* ',' or the bracket that closes */
	END,  /* nothing more, or the sign that parts documents */
	SIGN, /* several documents: what parts them is not known yet */
	IN_KEY,
	IN_STRING,
	IN_NUMBER,
	IN_WORD
};

/* What becomes of the bytes read. The undecided ones are a comma, the white
 * space behind it, a key, its colon and perhaps a value: the zone. */
enum mode {
	PASS, /* decided: they go on */
	HOLD, /* undecided from the zone on */
	SKIP  /* decided: they go */
};

enum shape { STRING, NUMBER, WORD, CONTAINER };

#define NOT_WHOLE UINT32_MAX
#define NO_PATH UINT32_MAX /* too long, or not to be written */

struct frame {
	const struct action *act; /* of a container around: where no earlier
	                             line speaks; or NULL */
	size_t index;             /* of the next element */
	jpath_state state;
	uint32_t path; /* how much of jsn.path leads here */
	bool array;
	bool live;   /* its members are judged */
	bool filled; /* one of them went on: the next needs its comma */
};

struct jsn {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	struct buf *out;         /* borrowed, during jsn_feed */
	const char *from;        /* input that is not in out yet */
	const char *zone;        /* HOLD: the zone's part in this input ... */
	struct buf held;         /* ... and in earlier input */
	int err;                 /* sticky */
	enum at at;
	enum mode mode;
	bool several; /* documents */
	char sign;    /* what parts them: '\n', RS; 0: one document */
	bool watched; /* what no line names is held, too */
	bool detects; /* ... and may change */
	bool paths;   /* findings have one */

	/* The token that is being read. */
	const char *word;        /* IN_WORD: what must follow */
	uint8_t number;          /* IN_NUMBER: state of jtext_number */
	bool escape, escaped;    /* after '\\'; the string has escapes */
	uint8_t hex, tail;       /* hex digits, UTF-8 bytes to come */
	unsigned char low, high; /* range of the next UTF-8 byte */

	/* The member that is being read; places count from the zone. */
	size_t key_at, key_bytes, value_at;
	bool key_escaped;
	bool cut;                 /* held ends before the value does */
	jpath_state state;        /* of its value */
	const struct action *act; /* not NULL: the value is held for it */
	uint32_t whole; /* depth of the container that goes as a whole */

	struct buf key, text, fresh; /* without escapes; the new text */
	struct buf path;             /* of the frames, as far as it is known */
	struct jsn *probe;           /* reads the VALUE of set lines; owned */
	uint32_t depth;
	struct frame frame[SCRUB_DEPTH_MAX + 1]; /* 0: the document */
};

/* Keep the first error; the answer is NULL. */
static inline const char *jsn_fail(struct jsn *j, int err)
{
	if (j->err == 0)
		j->err = err;
	return NULL;
}

/* What decides about values that no line names, where they are watched. */
extern const struct action jsn_unnamed;

/* Ready for the next document. */
void jsn_restart(struct jsn *j);

/* Name of the member at hand, for the report. z: the zone so far. */
struct span jsn_name(struct jsn *j, struct span z);

/* The path to the frame at hand goes on with the name of its member: how much
 * of j->path that takes, or NO_PATH. */
uint32_t jsn_path(struct jsn *j, struct span name);

/* Keep the zone's part in this input for later. Of a value that is dropped or
 * set whatever it is, only the first part is kept, for the report. */
void jsn_hold(struct jsn *j, const char *end);

/* A held value ends at p: do what j->act says. p, or NULL on error. */
const char *jsn_settle(struct jsn *j, const char *p, enum shape shape);

/* A container begins at p, in state s; a decides about it, or NULL. own: a is not
 * from a container around. What is behind its bracket, or NULL. */
const char *jsn_open(struct jsn *j, const char *p, jpath_state s,
    const struct action *a, bool own);

/* The first member or element of a container at p, or a further one with a comma
 * at p, and those behind it, as far as the quick way goes. The answer is p: this
 * one it does not go. NULL: as from jsn_open. */
const char *jsn_quick_first(struct jsn *j, const char *p, const char *end);
const char *jsn_quick_next(struct jsn *j, const char *p, const char *end);

/* A keep line was met. z: the zone so far. */
void jsn_report_keep(struct jsn *j, const struct action *a, struct span z);

/* Bytes of the zone before p. */
static inline size_t jsn_place(const struct jsn *j, const char *p)
{
	return buf_len(&j->held) + (size_t)(p - j->zone);
}

/* The zone up to p in one piece. */
static inline struct span jsn_zone(struct jsn *j, const char *p)
{
	if (buf_len(&j->held) == 0)
		return span_of(j->zone, (size_t)(p - j->zone));
	jsn_hold(j, p);
	return buf_span(&j->held);
}

/* A new zone begins at p. */
static inline void jsn_begin_zone(struct jsn *j, const char *p)
{
	j->zone = p;
	j->mode = HOLD;
}

/* The zone goes on as it is. */
static inline void jsn_pass(struct jsn *j)
{
	if (buf_len(&j->held) > 0) {
		buf_add_span(j->out, buf_span(&j->held));
		buf_reset(&j->held);
	}
	j->mode = PASS;
	j->frame[j->depth].filled = true;
}

#endif
