/* SPDX-License-Identifier: EUPL-1.2 */
/* jsn - streaming JSON scrubber (RFC 8259), strict. One pass, one automaton
 * step per key or index; untouched bytes leave as they came, numbers keep their
 * text, escapes in keys match their plain form, duplicate keys are all treated.
 *
 * Refused: anything but one document with white space around it, a byte order
 * mark, bytes that are no UTF-8, control bytes in strings, SCRUB_DEPTH_MAX.
 * A lone surrogate escape ("\ud800") is let through; in a key it makes the key
 * unequal to every rule's.
 *
 * Which line decides about a value: of the lines that name it and those that
 * name a container around it, the first in file order. What it does:
 *   keep      the value goes on. Lines further up in the file still decide
 *             about what they name inside.
 *   drop      a member or element goes with the white space before and behind
 *             it and one comma: {"a":1, "b":2} becomes {"a":1} or { "b":2}. The
 *             document itself becomes null.
 *   set       a string becomes the string VALUE. Anything else becomes VALUE if
 *             that is a JSON number, word, object or array; else the string.
 *   others    a string stays a string; a number becomes the number the
 *             treatment makes, or a string if that is none; true and false
 *             become null by alias and mask and are dropped by coarsen and
 *             round; null stays. Of a container each scalar inside is treated.
 *   a chain   looks into strings and says nothing about all else: there the
 *             lines for what is inside or around decide. Inner text that cannot
 *             be read is refused; the empty string stays.
 * A container is dropped or set as a whole, unless a line further up in the
 * file can name something inside: then the scalars and containers in it are
 * judged one by one, and it stays, perhaps empty.
 * Reports: drop and set tell the first SCRUB_VALUE_MAX bytes of the value, of
 * containers as JSON text; a keep line tells that it was met, without text.
 * Where somebody looks (value_watched), scalars that no line speaks of are given
 * to value_unnamed; one longer than SCRUB_VALUE_MAX is refused if the plan has
 * detect lines, else it passes without a report. Findings have their path where
 * env->unnamed is set or the plan drops what it does not name; none if it is
 * longer than JSN_PATH_MAX or a key in it cannot be written in a pack.
 *
 * Several documents in one body, by the first byte that is no white space:
 *   RS (0x1e)  a JSON text sequence (RFC 7464): RS, document, white space, again.
 *              The line feed behind a document is not asked for.
 *   else       NDJSON: each document on a line of its own; CRLF is fine, so are
 *              empty lines, and no end of line need follow the last. A line end
 *              inside a document is refused.
 * Each is judged from '$'. One that is dropped becomes null as elsewhere: their
 * number stays. No document at all is fine. A broken one ends it all: those
 * before it have gone on. */
#ifndef BODY_JSN_H
#define BODY_JSN_H

#include "engine/plan.h"
#include "engine/treat.h"

#define JSN_PATH_MAX 512

struct buf;
struct jsn;

/* A plan that has no JSON lines (or NULL) checks and changes nothing. plan and
 * env are borrowed. NULL when memory is out. */
struct jsn *jsn_new(const struct plan *plan, const struct env *env);
/* The same for any number of documents: application/x-ndjson, jsonl, json-seq. */
struct jsn *jsn_new_lines(const struct plan *plan, const struct env *env);
void jsn_free(struct jsn *j); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int jsn_feed(struct jsn *j, struct span in, bool last, struct buf *out);

#endif
