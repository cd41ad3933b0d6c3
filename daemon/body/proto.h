/* SPDX-License-Identifier: EUPL-1.2 */
/* proto - messages of Protocol Buffers in their wire format, judged by path of
 * field numbers ("3.1.2", see jpath.h) without any schema; alone, or in the
 * frames of gRPC-web. What no line touches leaves byte for byte; lengths around
 * a change are written anew, as short as they go. A message is held whole.
 *
 * What a field is, is not written on the wire. A field with a length is
 *   a message   if a line can name something below it, further up in the file
 *               than the line that names the field itself: it is entered. If
 *               it cannot be read as one, it must be text (UTF-8 without
 *               control characters), and is a value; else the body is refused.
 *               So give fields that hold bytes a keep line before a line with
 *               "**". Text that reads as a message is taken for one then.
 *   a value     in all other cases, bytes or text: a message that no line looks
 *               into goes on unread. Packed numbers are such a value too.
 * Where values that no line names are looked at (value_watched), text is
 * judged, and what is no text but can be read as a message is entered. Numbers
 * that no line names go on unseen.
 *
 * Which line decides about a field: of the lines that name it and those that
 * name a message around it, the first in file order. A field that is repeated
 * is judged each time. What the line does:
 *   keep      it goes on. Lines further up in the file still decide about what
 *             they name inside.
 *   drop      it goes with its tag. A message with something inside that a line
 *             further up can name stays, perhaps empty.
 *   set       a field with a length becomes the text VALUE; a number the number
 *             VALUE (true and false are 1 and 0; fixed32 and fixed64 become
 *             float and double if it has a point).
 *   others    a field with a length is text; what is no UTF-8 is dropped (but
 *             by restore, which leaves it). A varint is a decimal number, below
 *             0 if it is one as int64; zigzag is not known as such. fixed32 and
 *             fixed64 are unsigned numbers, but for round: float and double.
 *   a chain   looks into fields with a length that are values.
 * A number whose new text is no number of its width is dropped: so does alias.
 * Reports: names are field numbers, paths "3.1.2".
 *
 * Refused with -EBADMSG: groups (wire types 3 and 4) and unknown wire types,
 * the field number 0, a length that reaches beyond the message around it, a
 * varint of more than 64 bits, an end inside a field. With -E2BIG: messages
 * deeper than PROTO_DEPTH_MAX, longer than PROTO_MESSAGE_MAX, and values that
 * are treated over SCRUB_VALUE_MAX. */
#ifndef BODY_PROTO_H
#define BODY_PROTO_H

#include "engine/plan.h"
#include "engine/treat.h"

#define PROTO_MESSAGE_MAX (4u << 20) /* bytes of a message */
#define PROTO_DEPTH_MAX 100 /* messages in messages, as usual for readers */

struct buf;
struct proto;

/* One message. With a plan that has no PROTO lines (or NULL) all goes on, and
 * nothing is checked, unless values without a line are looked at. plan and env
 * are borrowed. NULL when memory is out. */
struct proto *proto_new(const struct plan *plan, const struct env *env);
/* Frames of gRPC-web: a byte of flags, a length of four bytes, big endian, and
 * so many bytes. Frames of data (0x00) hold a message each; trailers (0x80) go
 * on as they are. Compressed frames (0x01) and other flags are refused, and an
 * end inside a frame. base64: the frames as base64 text, in one piece or in
 * several padded ones (application/grpc-web-text); what stands between two
 * places where a frame and a group of four characters end together leaves as it
 * came if nothing in it changes. Frames go on as soon as they are whole. */
struct proto *proto_new_frames(
    const struct plan *plan, const struct env *env, bool base64);
void proto_free(struct proto *p); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int proto_feed(struct proto *p, struct span in, bool last, struct buf *out);

#endif
