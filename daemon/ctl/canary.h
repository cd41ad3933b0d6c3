/* SPDX-License-Identifier: EUPL-1.2 */
/* canary - requests of an invented participant, one for each carrier and
 * coding, and what became of the mark in each. Pure: the sockets are in
 * canary_net.
 *
 * The pack policy/canary.conf names every place: canary-CODING in each carrier
 * (for SDP the session name, for protobuf a field number). */
#ifndef CTL_CANARY_H
#define CTL_CANARY_H

#include "base/span.h"

#define CANARY_HOST "canary.sparsam.invalid"
#define CANARY_MARK_BYTES 24 /* with the NUL */
#define CANARY_REQUEST_MAX_BYTES (64u << 10)

struct buf;

enum canary_carrier {
	CANARY_HEADER,
	CANARY_COOKIE,
	CANARY_QUERY,
	CANARY_PATH,
	CANARY_FORM,
	CANARY_MULTIPART,
	CANARY_JSON,
	CANARY_XML,
	CANARY_SDP,
	CANARY_PROTO,
	CANARY_TEXT,
	CANARY_CARRIERS
};

enum canary_coding {
	CANARY_PLAIN,
	CANARY_PERCENT,
	CANARY_BASE64,
	CANARY_BASE64URL,
	CANARY_ESCAPE, /* JSON \u; in XML, character references */
	CANARY_GZIP,   /* the whole content; in a head, base64url over it */
	CANARY_CODINGS
};

const char *canary_carrier_word(enum canary_carrier c); /* "header" */
const char *canary_coding_word(enum canary_coding e);   /* "plain" */

/* A new mark: a word and random letters. */
void canary_mark(char ret_mark[CANARY_MARK_BYTES]);

/* The request with mark, absolute form, whole. 0 or the error of out. */
int canary_request(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct buf *out);
/* One without a mark but with this word, which every gateway that is set up
 * lets through: it shows that the way to the collector is open. */
int canary_control(struct span word, struct buf *out);

enum canary_fate {
	CANARY_REMOVED, /* the request came without the mark and its name */
	CANARY_CHANGED, /* ... the name is there, with something else */
	CANARY_ARRIVED, /* the mark is there, in some form */
	CANARY_REFUSED, /* nothing came: the gateway refused the request */
	CANARY_FATES
};
const char *canary_fate_word(enum canary_fate f);

/* got: what the collector got of this one request; empty: nothing. */
enum canary_fate canary_judge(enum canary_carrier c, enum canary_coding e,
    struct span mark, struct span got);

#endif
