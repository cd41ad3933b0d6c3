/* SPDX-License-Identifier: EUPL-1.2 */
/* ws - the frames and messages of one WebSocket after its handshake, both ways
 * (RFC 6455, section 5; RFC 7692): bytes in, bytes out.
 *
 * Of a way that nobody reads (no rules for it, no look) frames pass as they
 * come, undelayed and of any size; their heads are checked, and the UTF-8 of
 * text that is not compressed. Of a way that is read each message is collected
 * whole, opened, judged by the rules (engine/message.h), looked at, and leaves
 * as one frame of the same opcode: as it was when nothing in it changed
 * (compressed as it was, where messages stand alone), else written anew.
 * Control frames pass at once, also between the fragments of a message that is
 * held; but the reason of a close frame does not go to a server whose messages
 * rules have read.
 *
 * A message is read by the form of the pack; else a text as text/plain and a
 * binary one as protobuf would be (sniff.h): JSON when it begins so and there
 * are lines for it. See body/judge.h. */
#ifndef WIRE_WS_H
#define WIRE_WS_H

#include "base/buf.h"
#include "engine/message.h"
#include "engine/treat.h"
#include "wire/ws_deflate.h"

#define WS_MESSAGE_MAX_BYTES                                                   \
	(4u << 20)                  /* read: coded, open, and after rules      \
	                             */
#define WS_PAUSE_BYTES (256u << 10) /* of output, then ws_feed stops */
#define WS_TURN_BYTES (1u << 20)    /* of messages read, the same */
#define WS_OUT_MAX_BYTES                                                       \
	(WS_PAUSE_BYTES + WS_MESSAGE_MAX_BYTES +                               \
	    (64u << 10))               /* for the owner */
#define WS_QUEUE_MAX_BYTES (64u << 10) /* answers of rules that wait */

/* Codes of a close frame (RFC 6455, 7.4.1). */
#define WS_CLOSE_AWAY 1001
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_BAD_TEXT 1007
#define WS_CLOSE_POLICY 1008
#define WS_CLOSE_TOO_BIG 1009
#define WS_CLOSE_BROKEN 1011

struct ws;

enum ws_way {
	WS_UP,  /* from the client: comes masked, leaves masked */
	WS_DOWN /* from the server: never masked */
};

/* What became of one data message, for counters. */
enum ws_note {
	WS_PASSED,  /* no rule speaks of messages this way: frames passed */
	WS_JUDGED,  /* by the rules; findings were reported through env */
	WS_UNREAD,  /* there are rules, none reads it, the pack lets it pass */
	WS_DENIED,  /* by entry: dropped, answered, or the socket closes */
	WS_REFUSED, /* could not be read: an error follows (observe: it passed)
	             */
	WS_LOOKED   /* look refused it: -EACCES follows */
};

struct ws_setup {
	struct ws_deflate deflate;
	/* NULL: no rules for this way. env is borrowed, and used where rules
	 * are: both as long as the socket lives. */
	const struct message_rules *rules[2]; /* by enum ws_way */
	const struct env *env[2];
	bool observe; /* rules change nothing, what they would do is noted */
	/* The plaintext of a message or control frame upwards, as it would
	 * leave, before any of it does. Less than 0: it must not; ws_feed
	 * answers that. NULL: nothing is looked for. */
	int (*look)(void *arg, struct span plain);
	/* entry: of WS_DENIED, else NULL. May be NULL. */
	void (*note)(void *arg, enum ws_way way, enum ws_note what,
	    const struct entry *entry);
	void *arg;
};

/* s is copied. NULL when memory is out. */
struct ws *ws_new(const struct ws_setup *s);
void ws_free(struct ws *w); /* NULL is fine */

/* Feed what came from one side; *in is moved behind what was taken. out[WS_UP]
 * gets bytes for the server, out[WS_DOWN] for the client: both, because a rule
 * may answer a message. Takes all of *in, but stops when one of out holds
 * WS_PAUSE_BYTES or more: call again with the rest when they have left; and
 * behind WS_TURN_BYTES of messages: call again when others had their turn, a
 * kilobyte may swell to a megabyte. Any cut
 * of the input gives the same output. 0; -EPROTO (not a frame, or out of
 * order), -EBADMSG (no UTF-8, broken compression, not of the form it is read
 * as), -E2BIG (a limit), -EACCES (a rule or look refuses; also: no rule can
 * read it), -ENOMEM. Errors end the socket: feed no more, ws_close both ways
 * with ws_code. Behind a close frame everything is dropped. */
int ws_feed(struct ws *w, enum ws_way way, struct span *in, struct buf out[2]);

/* The close code that tells a peer of this error. */
unsigned ws_code(int err);

/* Add a close frame to out, in the way given, unless one has passed there. 0;
 * -EBUSY: a frame stands half written in this way, nothing can be said any
 * more; the error of out. Afterwards the way drops everything. */
int ws_close(struct ws *w, enum ws_way way, unsigned code, struct buf *out);

/* Has a close frame passed in this way? After both the connection may end. */
bool ws_closed(const struct ws *w, enum ws_way way);

/* Has something been read (rules or look) in this way? Else its bytes are
 * blind. */
bool ws_reads(const struct ws *w, enum ws_way way);

/* Bytes held for this socket now, for tests and limits: 0 buffers when idle but
 * for a window (takeover). */
size_t ws_held(const struct ws *w);

#endif
