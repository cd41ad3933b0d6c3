/* SPDX-License-Identifier: EUPL-1.2 */
/* ws_deflate - the extensions of a WebSocket, as its two ends agree on them in
 * the heads of the handshake (RFC 6455, 9.1; RFC 7692): of all extensions only
 * permessage-deflate goes on, and only where it may be.
 *
 * Both sides speak with each other, so the agreement is one. But a way that is
 * read costs a window of memory for as long as the socket lives, unless each
 * message stands alone ("lean"): then the client is told so in the answer,
 * which a server always may do (RFC 7692, 7.1.1.2), and the server is asked for
 * it in the offer. */
#ifndef WIRE_WS_DEFLATE_H
#define WIRE_WS_DEFLATE_H

#include "base/span.h"

#define WS_OFFERS_MAX 4 /* permessage-deflate in one offer; more are left out  \
	                 */

struct buf;

/* Compression of the messages that go one way. */
struct ws_flow {
	bool takeover; /* a message may refer to those before it */
	uint8_t bits;  /* of the window, 8 to 15 */
};

/* What was agreed. All zero: nothing, RSV1 is an error. */
struct ws_deflate {
	bool on;
	struct ws_flow up, down;
};

/* One permessage-deflate of an offer, as the client wrote it. Bits: 0 when the
 * parameter is not there, WS_BITS_ANY when it has no value. */
#define WS_BITS_ANY 255
struct ws_offered {
	bool client_alone, server_alone; /* ..._no_context_takeover */
	uint8_t client_bits, server_bits;
};

struct ws_offer {
	bool lean_up, lean_down; /* to be set: the way is read */
	bool plain;              /* to be set: no compression */
	unsigned n;
	struct ws_offered one[WS_OFFERS_MAX];
};

/* Read value, the Sec-WebSocket-Extensions of the request (several fields
 * joined with ','; may be empty), into o, whose flags are set. What the server
 * may see of it is added to out; nothing added: the field must go. Extensions
 * that are unknown or not well-formed are left out. 0, or the error of out. */
int ws_offer_read(struct ws_offer *o, struct span value, struct buf *out);

/* Read the answer of the server against the offer. What the client is to see of
 * it is added to out; nothing added: the field must go. 0; -EPROTO: it accepts
 * what was not offered (the handshake fails, 502); the error of out. */
int ws_offer_answer(const struct ws_offer *o, struct span value,
    struct ws_deflate *ret_deflate, struct buf *out);

#endif
