/* SPDX-License-Identifier: EUPL-1.2 */
/* h1 - HTTP/1.1 read and write, pure and strict (RFC 9110, RFC 9112). What has
 * two readings is refused, never repaired. */
#ifndef HTTP_H1_H
#define HTTP_H1_H

#include "http/msg.h"

#define H1_CHUNK_EXT_MAX_BYTES 256 /* dropped; of all chunks of a body */
#define H1_TRAILER_MAX_BYTES 8192

struct buf;

/* Result of a refused head, for the answer and the counter. */
enum h1_fault {
	H1_OK,
	H1_BAD,       /* 400 or 502 */
	H1_TOO_LARGE, /* 431 or 502 */
	H1_VERSION    /* not HTTP/1.0 or 1.1: 505 or 502 */
};

/* Where does a head that begins at in end? Its length with the empty line; 0
 * when more is needed; -EBADMSG at a line end that is not CRLF, so that nobody
 * waits for the rest. *scanned: bytes seen in earlier calls for the same head,
 * 0 at first. */
ptrdiff_t h1_head_end(struct span in, size_t *scanned);

/* Read one head from the start of in. Returns the bytes it took; 0 when more
 * are needed (never more than MSG_HEAD_MAX_BYTES); -EBADMSG with *ret_fault.
 * Spans of m point into in, which must live as long as m is used. Leading empty
 * lines before a request are taken (RFC 9112, 2.2; two at most).
 * Sets framing, length, keep_alive, upgrade, expect_continue.
 * Requests: any form of the target (RFC 9112, 3.2) is accepted and split into
 * scheme, authority and path; Host must be there once and agree with an
 * absolute target or that of a CONNECT (HTTP/1.0 may leave it out with those).
 * Answers: for_method is the request's method (HEAD, CONNECT change framing).
 *
 * Beyond the grammar, refused because it has been read in two ways: line ends
 * other than CRLF, obs-fold, spaces before the colon, lower-case letters in a
 * method, Content-Length and Transfer-Encoding together or either of them twice
 * (even with equal values), any coding but "chunked", Transfer-Encoding in
 * HTTP/1.0, names that become a framing field when '_' is read as '-', two
 * Content-Type with different values; in answers with status 1xx, 204 or to a
 * CONNECT, and in a CONNECT, any length but 0 and any Transfer-Encoding.
 * Taken: a status line without reason and its space, obs-text in values.
 * HTTP/1.0: Upgrade does not count, Expect is marked gone. */
ptrdiff_t h1_read_request(
    struct span in, struct msg *m, enum h1_fault *ret_fault);
ptrdiff_t h1_read_response(struct span in, struct span for_method,
    struct msg *m, enum h1_fault *ret_fault);

/* Body reader: from framed bytes to content. */
struct h1_body {
	enum framing framing;
	uint64_t left;  /* of the length or of the current chunk */
	uint8_t state;  /* chunked: where in the grammar */
	uint8_t digits; /* of the chunk size so far; at most 16 */
	uint16_t ext;   /* bytes of chunk extension or trailer so far */
	bool done;
};
void h1_body_init(struct h1_body *b, const struct msg *m);

/* Take the next piece of content from *in (moved past what was read).
 * *ret_content is a span inside *in as given, possibly empty. Returns 1 when
 * the body is complete, 0 when more input is needed or content was given,
 * -EBADMSG when the framing is broken. Trailers are read, checked and dropped.
 * The last content of a FRAME_LENGTH body comes together with the 1: look at
 * *ret_content first. After that 1 is returned for ever, and *in stays; after
 * -EBADMSG that. Call again while *in is not empty.
 * FRAME_CLOSE never ends here: the connection's end does it (h1_body_eof). */
int h1_body_read(struct h1_body *b, struct span *in, struct span *ret_content);
/* The sender closed: 0 when that is a proper end, -EBADMSG when it cut. */
int h1_body_eof(struct h1_body *b);

/* Write a head: start line, fields that are not gone, then by framing
 * Content-Length or Transfer-Encoding, then "Connection: close" unless
 * keep_alive (or "Connection: Upgrade" with m->upgrade), then the empty line.
 * Connection, Keep-Alive, Content-Length and Transfer-Encoding fields in m are
 * not copied: framing alone tells. Requests are written in origin-form (or
 * "*", or the authority of a CONNECT); Host comes first, from m->authority.
 * The version written is HTTP/1.1 whatever was read (RFC 9110, 2.5). An answer
 * that has an empty body by its own choice is FRAME_LENGTH with length 0.
 * 0; -EINVAL (nothing written) when a byte in m would break its line, or a
 * request lacks authority, method or path; or the error of out. */
int h1_write_head(const struct msg *m, struct buf *out);

/* Frame content of a chunked body; last adds the last chunk. Nothing is
 * written for empty content unless last. 0 or the error of out. */
int h1_write_chunk(struct buf *out, struct span content, bool last);

#endif
