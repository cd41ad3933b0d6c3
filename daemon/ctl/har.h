/* SPDX-License-Identifier: EUPL-1.2 */
/* har - recordings (HAR 1.2) as Chrome, Firefox, Safari and mitmproxy write
 * them, read entry by entry through jansson. A broken entry is an error of its
 * own; the others can be read. */
#ifndef CTL_HAR_H
#define CTL_HAR_H

#include "ctl/offline.h"

#define HAR_FILE_MAX_BYTES (256u << 20)
#define HAR_ENTRIES_MAX 100000
#define HAR_ERR_BYTES 200

struct arena;
struct har;

/* From text (a byte order mark is skipped; half surrogates and what is no UTF-8
 * become other characters), or from a file; NULL with a sentence in err. */
struct har *har_parse(struct span text, char err[HAR_ERR_BYTES]);
struct har *har_open(const char *path, char err[HAR_ERR_BYTES]);
void har_free(struct har *h); /* NULL is fine */
size_t har_count(const struct har *h);

/* One entry. Spans live as long as h and the arena. Bodies: `text`, decoded
 * when `encoding` (or `_encoding`) is base64; `_rawBase64` is the body as it
 * went over the wire and comes before it. Without text, `params` are put
 * together again as a form or as multipart/form-data. A body that is gzip under
 * "Content-Encoding: gzip" is taken as it went over the wire, every other as
 * decoded. */
struct har_entry {
	struct offline_in request, answer;
	bool answered;            /* there is a status */
	const char *answer_fault; /* NULL, or why the answer cannot be read */
	bool local;      /* data:, blob:, an extension, CONNECT: no request */
	bool unrecorded; /* the request had content that is not in the file */
	bool websocket;
	size_t messages; /* of the WebSocket, in both directions */
};

/* 0; -EBADMSG with a sentence in err (what is missing or of the wrong kind,
 * never a value); -ENOMEM. */
int har_read(const struct har *h, size_t i, struct arena *a,
    struct har_entry *ret_entry, char err[HAR_ERR_BYTES]);

/* One message of a WebSocket (`_webSocketMessages` of Chrome and mitmproxy):
 * opcode 2 is base64. */
struct har_message {
	bool up; /* type "send" or "request" */
	bool text;
	struct span content;
};

/* Message k of entry i. Errors as har_read. */
int har_read_message(const struct har *h, size_t i, size_t k, struct arena *a,
    struct har_message *ret_message, char err[HAR_ERR_BYTES]);

#endif
