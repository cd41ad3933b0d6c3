/* SPDX-License-Identifier: EUPL-1.2 */
/* offline - one request (and its answer) through the rules without a network:
 * the same matching, rewriting, scrubbing and egress guard as in the daemon,
 * with a note of every single decision, and of every value that no line speaks
 * of. The same for the messages of a WebSocket. Lines that decide are marked as
 * reached. For replay, explain, coverage and tests. A service that is only
 * observed is judged as if it were in force.
 *
 * Aliases and pseudonyms are made with fixed keys: the chain key is 32 zero
 * bytes, the day is 0 (1 January 1970), the rest as in proxy/keys.h. So two
 * runs give the same text, and none that a gateway would give. The keys are
 * those of the process: none but offline may use proxy/keys in it. */
#ifndef CTL_OFFLINE_H
#define CTL_OFFLINE_H

#include "base/buf.h"
#include "conf/conf.h"
#include "engine/match.h"
#include "engine/treat.h"
#include "http/msg.h"
#include "proxy/keys.h"

#define OFFLINE_FIELDS_MAX 20000     /* noted decisions of a message */
#define OFFLINE_VALUE_MAX_BYTES 4096 /* of a noted value */
#define OFFLINE_BODY_MAX_BYTES (64u << 20)

struct offline_field {
	struct span name, value;
};

/* A message as it was recorded. The body has no framing any more. */
struct offline_in {
	struct span method, url; /* of the request */
	int status;              /* of an answer */
	const struct offline_field *field;
	size_t nfield;
	struct span body;
	bool body_plain; /* body is decoded, whatever Content-Encoding says */
};

enum offline_end {
	OFFLINE_PASSED,  /* leaves as msg and body */
	OFFLINE_TUNNEL,  /* would pass unread */
	OFFLINE_DENIED,  /* by the rules: sink or page, see why */
	OFFLINE_REFUSED, /* service not active, level, or not to be decrypted */
	OFFLINE_UNLISTED, /* no pack names the host */
	OFFLINE_BROKEN    /* not readable: refused, see why */
};
const char *offline_word(enum offline_end e);

/* One decision, kept. Names and values may be cut (OFFLINE_VALUE_MAX_BYTES). */
struct offline_note {
	enum carrier carrier;
	enum act effect; /* ACT_KEEP: it stayed */
	enum category category;
	struct span name, before, after;
	struct span path;   /* JSON, XML, PROTO: where it stands; or empty */
	struct place place; /* file NULL: no line names it */
	bool drift;         /* met by the last line of a closed list only */
};

/* No line of the pack speaks of the value, and it goes on as it is. */
static inline bool offline_unjudged(const struct offline_note *n)
{
	return n->place.file == NULL && n->effect == ACT_KEEP;
}

struct offline {
	enum offline_end end;
	enum why why;
	const struct service *service; /* NULL: unlisted */
	struct span pattern;           /* of the host line */
	struct place place; /* of the host line or entry that decided */
	struct span sink;   /* what a denied client gets: "204", "page" */

	struct msg msg;  /* PASSED: the head that leaves */
	struct buf body; /* PASSED: the content that leaves */
	struct offline_note *note;
	size_t nnote, cap;
	bool notes_lost; /* more than OFFLINE_FIELDS_MAX */
	bool unread;     /* a message that no line reads */

	/* Own. */
	const struct ruleset *rules;
	struct arena *arena;
	struct subject subject;
	bool tls;
	uint16_t port;
	char host_mem[256];
	struct keys_scope scope;
	int scope_err; /* of looking for the meeting id */
	struct span domain;
};

/* 0 or -ENOMEM. Whatever the verdict, offline_fini frees. c and in must live
 * until then. level: protection level of the client, 1 to 4. */
int offline_request(const struct conf *c, const struct offline_in *in,
    uint8_t level, struct offline *ret_o);
/* The answer to a request that passed. */
int offline_answer(const struct conf *c, const struct offline *request,
    const struct offline_in *in, struct offline *ret_o);
/* A WebSocket whose request passed: the rules for its messages. protocol: the one
 * the server took, or empty. 0 or -ENOMEM. */
int offline_socket(const struct conf *c, const struct offline *request,
    struct span protocol, struct socket_match *ret_match);
/* One of its messages. PASSED: body leaves. DENIED: sink is "nothing", "a message"
 * or "a close frame", or empty (WHY_GUARD). 0 or -ENOMEM. */
struct offline_message {
	bool up, text;
	struct span content;
};
int offline_message(const struct conf *c, const struct offline *request,
    const struct socket_match *match, const struct offline_message *in,
    struct offline *ret_o);
void offline_fini(struct offline *o);

/* Everything that would leave, as text: request line, fields, content; for a
 * tunnel what came in. Nothing for the other ends. 0 or the error of out. */
int offline_text(
    const struct offline *o, const struct offline_in *in, struct buf *out);

#endif
