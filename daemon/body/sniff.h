/* SPDX-License-Identifier: EUPL-1.2 */
/* sniff - what a body is read as: by the pack, by its media type, by its first
 * bytes. A media type is a hint: JSON comes as text/plain, gzip without a word.
 *
 * The first row that fits. A plan "reads" a form when it has strip lines for its
 * carrier. Detect lines read JSON and forms, too; and multipart, XML, SDP and text
 * where the last row would lead to UNREAD ("finds" where only these count). That
 * row leads to UNREAD where the plan passes what it cannot read (unread = "pass")
 * or has no strip line for any body, else to REFUSED: it could be what the lines
 * are for, in disguise.
 *
 *   the plan            and the body                        is read as
 *   ------------------  ----------------------------------  ------------------
 *   meets no body       is any                              UNREAD
 *   has form = "..."    is any                              that form
 *   reads it, or not    has the type of JSON                JSON, or UNREAD
 *   the same            has a type of several JSON texts    JSON_LINES, UNREAD
 *   reads EVENTS        is text/event-stream                EVENTS
 *   has json lines      begins with '{' or '['              JSON
 *   finds, no form      begins as JSON, type of a form      JSON
 *   reads it, or not    has the type of a form              FORM, or UNREAD
 *   reads it            has another type of TYPES below     that form
 *   has sdp lines       begins as SDP or as a candidate     SDP
 *   has xml lines       begins with '<'                     XML
 *   finds               is text/plain, begins as JSON       JSON
 *   reads text          is text/...                         TEXT
 *   any other           is any other                        UNREAD, or REFUSED
 *
 * As JSON: a bracket and what JSON may have behind it; "[INFO]" is text.
 * TYPES: multipart/form-data; application/xml, text/xml, +xml; application/sdp,
 * application/trickle-ice-sdpfrag; application/protobuf, x-protobuf,
 * vnd.google.protobuf; application/grpc-web, application/grpc-web-text, both also
 * with +proto. JSON: application/json, text/json, type/subtype+json. Several:
 * application/x-ndjson, ndjson, jsonl, json-seq. Lines for JSON, XML, SDP and text,
 * and detect lines, read EVENTS. A multipart body whose type has no boundary, or
 * that form = "multipart" names, is REFUSED.
 */
#ifndef BODY_SNIFF_H
#define BODY_SNIFF_H

#include "engine/plan.h"

/* More than the largest first block of zstd (RFC 8878, 3.1.1.2.4), of which
 * nothing is seen before all of it is there. */
#define SNIFF_START_MAX (160u << 10)

/* What a body is treated as. */
enum body_form {
	BODY_UNREAD, /* pass byte for byte */
	BODY_JSON,
	BODY_JSON_LINES, /* several documents */
	BODY_FORM,       /* urlencoded */
	BODY_MULTIPART,
	BODY_XML,
	BODY_SDP,
	BODY_PROTO,
	BODY_FRAMES,      /* messages in frames of gRPC-web */
	BODY_FRAMES_TEXT, /* these in base64 */
	BODY_TEXT,
	BODY_EVENTS,  /* what a server sends as it happens */
	BODY_REFUSED, /* lines exist, but the body is of no form they read */
	BODY_FORM_COUNT
};

/* Can a line of plan be met in any body at all? */
bool sniff_speaks(const struct plan *plan);

/* May a body go on that no line of plan can read? */
bool sniff_passes(const struct plan *plan);

/* Is it, by its media type alone, one that goes on as things happen: EVENTS or
 * JSON_LINES? Then sniff_coded says so whatever its first bytes are, and they need
 * not be waited for; else UNREAD. */
enum body_form sniff_live(const struct plan *plan, struct span media_type);

/* Decide by media type (parameters are cut off, any case) and, where that does
 * not tell, by the first bytes: give those that are there, at least up to the
 * first that is no white space. A start with the magic of gzip is opened
 * first. */
enum body_form sniff_body(
    const struct plan *plan, struct span media_type, struct span start);

/* The same for a body with content coding (Content-Encoding, "" for none):
 * start is decoded first, as far as its first bytes go. When that shows nothing
 * and the bytes would have been asked, it is as if they were none of ours; after
 * SNIFF_START_MAX bytes that show nothing it is REFUSED. */
enum body_form sniff_coded(const struct plan *plan, struct span media_type,
    struct span coding, struct span start);

/* Is start enough for sniff_coded, whatever follows? Not before the first byte
 * that is no white space is there, decoded, and all of a beginning that plan
 * asks for ("v=0" of SDP, the byte order mark of XML). True where no byte will
 * tell any more: broken coding, much white space, SNIFF_START_MAX. */
bool sniff_tells(
    const struct plan *plan, struct span coding, struct span start);

/* Is '{' or '[' its first byte that is no white space? */
bool sniff_json(struct span in);

/* The boundary parameter of a multipart type (RFC 2046, 5.1.1), without quotes,
 * a part of media_type; "" when there is none that is well-formed. */
struct span sniff_boundary(struct span media_type);

#endif
