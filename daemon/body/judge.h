/* SPDX-License-Identifier: EUPL-1.2 */
/* judge - one whole message of a WebSocket and the rules of its socket
 * (engine/message.h): what it is read as, which entries speak of it, what is
 * left of it.
 *
 * It is read by the form of the pack; else a text as text/plain is and a binary
 * one as protobuf (sniff.h): JSON when it begins so and there are lines for it,
 * and then it may be several documents, with line ends or RS (0x1e) between, each
 * of which begins as JSON again.
 * What the tables and conditions of all entries together cannot read is refused
 * or passes as unread, as the pack says. Unread messages and those of no bytes
 * meet no condition; the latter are well-formed in every form.
 *
 * A binary message in an envelope (rule.h), as its number shows, is judged by
 * what is in it, and the number is held true. So is a text whose JSON stands behind
 * a word of at most SOCKET_ENVELOPE_MAX_BYTES, where an entry has prefix: letters,
 * digits and some of what stands in addresses, as socket.io has it. */
#ifndef BODY_JUDGE_H
#define BODY_JUDGE_H

#include "engine/message.h"
#include "engine/treat.h"

struct buf;

#define JUDGE_DOCUMENTS_MAX 4096 /* of JSON in one message */

enum judged {
	JUDGE_SAME,    /* nothing changes */
	JUDGE_CHANGED, /* what is left was added to out */
	JUDGE_UNREAD,  /* nobody can read it; the pack lets it pass */
	JUDGE_DENIED   /* by *ret_deny */
};

/* text: of a text frame. env is used as scrubbers do. enum judged; -EBADMSG
 * (not of the form it is read as), -EACCES (no line can read it), -E2BIG,
 * -ENOBUFS or -ENOMEM: it must not go on. */
int judge_message(const struct message_rules *m, const struct env *env,
    bool text, struct span in, struct buf *out, const struct entry **ret_deny);

#endif
