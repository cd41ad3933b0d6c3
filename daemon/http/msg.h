/* SPDX-License-Identifier: EUPL-1.2 */
/* msg - one message model for HTTP/1.1 and HTTP/2 (RFC 9110). Spans point into
 * the arena of the exchange or into the bytes the head was read from. */
#ifndef HTTP_MSG_H
#define HTTP_MSG_H

#include "base/span.h"

#define MSG_FIELDS_MAX 128 /* header fields of one message */
#define MSG_HEAD_MAX_BYTES (32u << 10)
#define MSG_TARGET_MAX_BYTES (16u << 10)

struct arena;

/* Known fields have a number (fields.tbl); FIELD_OTHER has none. */
enum field_id {
	FIELD_OTHER,
#define FIELD_ROW(name, text) FIELD_##name,
#include "http/fields.tbl"
#undef FIELD_ROW
	FIELD_COUNT
};

/* Number of a field name, any case. */
enum field_id field_id(struct span name);

struct field {
	struct span name, value; /* value without OWS at its ends */
	enum field_id id;
	bool gone; /* removed; writers pass over it */
};

/* How the end of a body is found (RFC 9112, 6.3). */
enum framing {
	FRAME_NONE,   /* no body */
	FRAME_LENGTH, /* msg.length bytes */
	FRAME_CHUNKED,
	FRAME_CLOSE /* until the connection ends; answers only */
};

struct msg {
	bool request;
	uint8_t minor; /* HTTP/1.minor: 0 or 1 */

	struct span method;    /* requests */
	struct span scheme;    /* "http", "https" or empty */
	struct span authority; /* host[:port] as received */
	struct span path;      /* with query; "*" for OPTIONS; "" in CONNECT */

	int status; /* answers */
	struct span reason;

	struct field field[MSG_FIELDS_MAX];
	unsigned nfields;

	enum framing framing;
	uint64_t length; /* FRAME_LENGTH */
	bool keep_alive; /* the sender's wish */
	bool upgrade;    /* Connection names Upgrade, and one is there */
	bool expect_continue;
};

void msg_init(struct msg *m, bool request);

/* First field with this id or name that is not gone; NULL: none. */
struct field *msg_find(struct msg *m, enum field_id id);
struct field *msg_find_name(struct msg *m, struct span name);
/* Its value, or the empty span. */
struct span msg_value(const struct msg *m, enum field_id id);

struct span msg_value_name(const struct msg *m, struct span name);

/* Append; spans are borrowed. 0 or -ENOBUFS. */
int msg_add(
    struct msg *m, enum field_id id, struct span name, struct span value);
/* Mark all with this id as gone; how many. */
unsigned msg_remove(struct msg *m, enum field_id id);

/* Is token in the comma-separated list of all fields with this id? Any case. */
bool msg_has_token(const struct msg *m, enum field_id id, struct span token);

/* Media type of Content-Type without parameters, trimmed; may be empty. */
struct span msg_media_type(const struct msg *m);

#endif
