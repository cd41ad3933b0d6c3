/* SPDX-License-Identifier: EUPL-1.2 */
/* frames - WebSocket frames for tests, made and read without any code of the
 * daemon but buf and span; compression by zlib itself. */
#ifndef TESTS_UNIT_WIRE_FRAMES_H
#define TESTS_UNIT_WIRE_FRAMES_H

#include "base/buf.h"

#define FIN 0x80
#define RSV1 0x40

/* One frame: first is its first byte (FIN | RSV1 | opcode). masked: with the
 * key "mask". */
void frame_add(
    struct buf *out, unsigned first, bool masked, struct span payload);

/* Take the next frame off *in; its payload without mask is put in payload,
 * which is reset first. False: none is whole, or it is not well-formed. */
bool frame_take(
    struct span *in, bool masked, unsigned *ret_first, struct buf *payload);

/* permessage-deflate as the other side does it. */
struct flater;
struct flater *flater_new(unsigned bits, bool takeover);
void flater_free(struct flater *f);
void flater_pack(struct flater *f, struct span text, struct buf *out);
/* False: it cannot be opened. */
bool flater_open(struct flater *f, struct span coded, struct buf *out);

#endif
