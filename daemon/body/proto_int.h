/* SPDX-License-Identifier: EUPL-1.2 */
/* The protobuf scrubber from inside: proto.c judges one message, proto_feed.c
 * brings it there, proto_number.c treats fields that are numbers. */
#ifndef BODY_PROTO_INT_H
#define BODY_PROTO_INT_H

#include <errno.h>

#include "base/buf.h"
#include "body/proto.h"
#include "body/scrub.h"
#include "engine/value.h"

/* Wire types. 3 and 4 are groups, 6 and 7 nothing. */
enum {
	PROTO_VARINT = 0,
	PROTO_FIXED64 = 1,
	PROTO_BYTES = 2,
	PROTO_FIXED32 = 5
};

#define PROTO_VARINT_BYTES 10
#define PROTO_PATH_BYTES (12 * (PROTO_DEPTH_MAX + 1))
#define PROTO_FRAME_BYTES 5 /* flags and length */

/* A field as it stands in the input. */
struct proto_field {
	uint32_t number;
	unsigned type;
	struct span raw;   /* all of it */
	size_t tag_bytes;  /* of its tag */
	struct span value; /* without tag and length */
};

/* A message that is open. */
struct proto_frame {
	const struct action *act; /* decides about what is inside, where no
	                           * earlier line speaks; or NULL */
	jpath_state state;
	size_t end;          /* of the message in the input */
	size_t length_at;    /* its length in the output, from the start */
	size_t length_bytes; /* as it came */
	size_t path_bytes;   /* of the path without this message */
	bool changed;
};

struct proto {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	bool live;    /* lines, or somebody looks at values without one */
	bool watched; /* somebody does */
	bool framed, base64;
	int err; /* sticky */

	struct buf held;  /* of a message or frame that is not whole */
	struct buf coded; /* base64: of a piece, as it came ... */
	struct buf plain; /* ... and its frames, scrubbed */
	struct buf open;  /* a group of base64, decoded */
	bool changed;     /* something in the piece was */
	char group[4];
	uint8_t ngroup;

	struct buf path, fresh;
	char digits[12]; /* the number of the field at hand */
	uint32_t depth;
	struct proto_frame frame[PROTO_DEPTH_MAX + 1]; /* 0: the message */
};

/* Add the scrubbed message to out; sets p->changed when it is another. 0;
 * -EBADMSG, -E2BIG, the errors of out and of memory: then nothing is added. */
int proto_message(struct proto *p, struct span in, struct buf *out);

/* The bytes of a varint at the start of s; 0: there is none. */
size_t proto_varint(struct span s, uint64_t *ret_value);
/* v into p, as short as it goes; how many bytes. */
size_t proto_put_varint(uint64_t v, unsigned char p[PROTO_VARINT_BYTES]);

/* Treat a field that is a number: TREAT_*; the new value, coded, is in
 * p->fresh. An error. */
int proto_number(struct proto *p, const struct action *a,
    const struct proto_field *field, struct value_place at);

#endif
