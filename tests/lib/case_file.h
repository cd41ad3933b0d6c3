/* SPDX-License-Identifier: EUPL-1.2 */
/* case_file - one *.case file as a list of steps. The language is described for
 * its authors in tests/case/README.md. */
#ifndef TESTS_CASE_FILE_H
#define TESTS_CASE_FILE_H

#include "base/span.h"

#define CASE_FILE_MAX_BYTES (1u << 20)
#define CASE_STEPS_MAX 256
#define CASE_WORDS_MAX 24
#define CASE_ARENA_BYTES (64u << 20)

enum case_actor { ACTOR_NONE, ACTOR_CLIENT, ACTOR_SERVER, ACTOR_SIGNER };

/* One line that starts in the first column, with what stands indented below. */
struct case_step {
	unsigned line;
	enum case_actor actor;
	unsigned number;  /* client2: 2; 0: no number was given */
	struct span verb; /* "sends"; of a line without actor: its first word */
	struct span rest; /* the text behind the verb, trimmed */
	struct span word[CASE_WORDS_MAX]; /* of rest; "a b" is one word */
	unsigned nwords;
	bool has_block;
	struct span block; /* bytes of the block, macros applied */
	size_t body_at;    /* in block: behind the first empty line */
};

struct case_file {
	struct arena *arena;
	const char *path;
	struct span name;
	struct case_step step[CASE_STEPS_MAX]; /* header lines are steps too */
	unsigned nsteps;
	char err[300]; /* "FILE:LINE: sentence" when reading failed */
};

/* Read path. NULL when memory is out; else look at err[0]. */
struct case_file *case_read(const char *path);
/* The same from text, for tests. */
struct case_file *case_parse(const char *path, struct span text);
void case_free(struct case_file *c); /* NULL is fine */

/* The text from word i on: one word without its quotes, or all as written. */
struct span case_text_from(const struct case_step *s, unsigned i);

/* A whole file, NUL behind its end; false: it cannot be read. */
struct buf;
bool case_slurp(const char *path, struct buf *out);

#endif
