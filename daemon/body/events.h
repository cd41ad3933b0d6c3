/* SPDX-License-Identifier: EUPL-1.2 */
/* events - text/event-stream, what a server sends as it happens (HTML Living
 * Standard, 9.2.6): the data of each event is a document of its own, read as a body
 * of type text/plain would be (sniff.h), as JSON most times. A short word is not
 * read where there are no text lines: "ping", "[DONE]".
 *
 * Lines end with CRLF, LF or CR. Comments and the fields event, id and retry go on
 * as they are; so does all of an event whose data does not change. New data takes
 * the place, the style and the line end of its first line. Other fields, which
 * browsers pass over, and data of no form that can be read are refused
 * (-EBADMSG), or go on where the body as a whole would (unread = "pass").
 *
 * An event with data is held until the empty line behind it, up to
 * EVENTS_EVENT_MAX bytes (-E2BIG); all else leaves line by line. What stands
 * behind the last empty line is an event, too. */
#ifndef BODY_EVENTS_H
#define BODY_EVENTS_H

#include "engine/plan.h"
#include "engine/treat.h"

#define EVENTS_EVENT_MAX (1u << 20)

struct buf;
struct events;

/* A plan without lines that reach a body (or NULL) changes nothing. plan and env
 * are borrowed. NULL when memory is out. */
struct events *events_new(const struct plan *plan, const struct env *env);
void events_free(struct events *e); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int events_feed(struct events *e, struct span in, bool last, struct buf *out);

#endif
