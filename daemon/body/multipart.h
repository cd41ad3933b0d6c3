/* SPDX-License-Identifier: EUPL-1.2 */
/* multipart - multipart/form-data (RFC 7578; RFC 2046, 5.1), part by part as it
 * streams. Parts that nobody treats pass byte for byte, of any length.
 *
 * Names asked for the part with the name FIELD, exact or glob, case matters:
 *   "FIELD"            its content
 *   "FIELD;filename"   the name of its file
 *   "FIELD;HEADER"     the value of another header field of the part, asked as
 *                      written, "like-this" and "Like-This"; of several that
 *                      are named, the first line in file order decides
 * FIELD is what stands between the quotes: browsers write a quote as %22, CR as
 * %0D, LF as %0A, and so it is asked. Content-Disposition itself is never
 * asked. Which decides: the first line that names FIELD decides about the
 * content; if it drops, the whole part goes; if it keeps, lines below it say
 * nothing about the file name and the header fields. Else each of these is
 * decided by the first line that names it: drop takes the parameter or the
 * header field away. A form whose parts all go is "--BOUNDARY--". Values no
 * line names are given to value_unnamed when somebody looks; of content only
 * that of text: no file name, no type or text/... or JSON.
 *
 * Refused (-EBADMSG), so that no two readers see different parts: anything in
 * front of the first boundary and, but for one CRLF, behind the last; a
 * boundary line that does not begin with CRLF or that has more in it; a head
 * that is no list of "name: value" with CRLF; no Content-Disposition or two,
 * one that is not form-data or has not one name; a parameter other than name
 * and filename, as filename* (RFC 7578, 4.2); a backslash in front of a quote;
 * and when lines speak of multipart or somebody looks: a
 * Content-Transfer-Encoding other than 7bit, 8bit, binary, and multipart in a
 * part, unless a line keeps that part. Also new content in which the boundary
 * would stand, and a new header value with a control character; quotes, CR and
 * LF in a new file name are written as browsers do.
 * -E2BIG: the limits below, and content over SCRUB_VALUE_MAX that is treated
 * (drop and set take any length) or in which detect lines look. */
#ifndef BODY_MULTIPART_H
#define BODY_MULTIPART_H

#include "engine/plan.h"
#include "engine/treat.h"

#define MULTIPART_BOUNDARY_MAX 70      /* RFC 2046, 5.1.1 */
#define MULTIPART_HEAD_MAX (16u << 10) /* bytes of the head of one part */
#define MULTIPART_PARTS_MAX 1000       /* parts of one body */

struct buf;
struct multipart;

/* boundary: without the two dashes; copied. plan and env are borrowed. NULL
 * when memory is out. A boundary that is empty or too long refuses every body.
 */
struct multipart *multipart_new(
    const struct plan *plan, const struct env *env, struct span boundary);
void multipart_free(struct multipart *m); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int multipart_feed(
    struct multipart *m, struct span in, bool last, struct buf *out);

#endif
