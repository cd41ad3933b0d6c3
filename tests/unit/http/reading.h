/* SPDX-License-Identifier: EUPL-1.2 */
/* reading - what h1 makes of some bytes, and whether that is the only thing one
 * can make of them. For test_smuggle and fuzz_h1. */
#ifndef TESTS_READING_H
#define TESTS_READING_H

#include "base/buf.h"

enum reading_end { READING_REFUSED, READING_INCOMPLETE, READING_WHOLE };

struct reading {
	enum reading_end end;
	size_t taken;    /* READING_WHOLE: bytes up to the message's end */
	struct buf head; /* as text: start line, framing, fields */
	struct buf content;
	struct buf form; /* READING_WHOLE: the message written again */
};

/* One place for all readings of a check; init once, use often. */
struct readings {
	struct reading whole, cut, again;
	struct buf stream, sloppy;
};

void readings_init(struct readings *r);
void readings_fini(struct readings *r);

/* Read in as one message (answers: to for_method, and the connection ends after
 * in) and require:
 * - cut at any of some places, around `at` too, it is the same reading;
 * - a whole message, written by h1 and read again with what followed it, is the
 *   same reading, with the same left over, and is written in the same form;
 * - readers of every known carelessness find the same content in that form.
 * Returns how it ended, in r->whole too; *ret_wrong says what was wrong, NULL:
 * nothing. */
enum reading_end readings_check(struct readings *r, bool request,
    struct span for_method, struct span in, size_t at, const char **ret_wrong);

#endif
