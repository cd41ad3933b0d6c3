/* SPDX-License-Identifier: EUPL-1.2 */
/* match - subject to verdict.
 *
 * Hosts. A pattern without '*' is that host. A '*' that is the whole leftmost
 * label stands for one or more labels; any other '*' stays inside its label.
 * The most specific pattern wins: a plain name before any pattern, then more
 * literal characters before fewer, then the earlier line. Services that are off
 * are asked last. The cost does not grow with the number of packs: one hash
 * look-up per label. */
#ifndef ENGINE_MATCH_H
#define ENGINE_MATCH_H

#include "engine/ruleset.h"

struct plan;

struct host_match {
	const struct service *service;
	const struct host_line *line;
};

/* host: lower case or not, no port, no final dot. 0, or -ENOENT: no pack names
 * it (deny). Does not look at service->refused or ->inspect: the caller does. */
int match_host(const struct ruleset *r, struct span host,
    struct host_match *ret_match);

/* One request as the rules see it. */
struct subject {
	struct span method;
	struct span host;    /* lower case, no port */
	struct span path;    /* without query; as received */
	struct span query;   /* without '?' */
	struct span content; /* media type without parameters, may be empty */
};

struct request_match {
	const struct entry *deny; /* not NULL: refuse with its sink */
	enum why why;             /* then: WHY_DENIED, _TELEMETRY, _RECORDING,
	                             _NO_PASSCODE */
	const struct plan *plan;  /* else: how to rewrite; NULL: nothing to do */
};

/* A request of an inspected service: join entries, then deny entries, then the
 * plan. The first deny in file order wins, unless an allow entry stands above
 * it and fits in every reading of the path. 0, or -ENOBUFS, -ENOMEM (refuse).
 * A path fits as received, and also in its plainest form: percent-decoded until
 * nothing is left, '\' as '/', without ";parameters", "." "..", empty segments;
 * for join and deny entries that form is compared without case. A path whose
 * plainest form is not found within bounds is WHY_DENIED where anything is.
 * Host lines and entries that match are marked as reached; the caller marks
 * strip lines (finding->line->id). No allocation when the plan is there. */
int match_request(const struct ruleset *r, const struct service *s,
    const struct subject *q, struct request_match *ret_match);

/* The plan for the answer; q is the request with content of the answer. */
int match_response(const struct ruleset *r, const struct service *s,
    const struct subject *q, const struct plan **ret_plan);

struct message_rules;

struct socket_match {
	const struct entry *deny; /* not NULL: refuse with its sink */
	enum why why;             /* then, as above */
	bool named; /* an entry speaks of this socket: else it is drift */
	bool plain; /* no compression */
	const struct message_rules *up, *down; /* NULL: no entry for that way */
};

/* A WebSocket of an inspected service, beside match_request: q is its handshake,
 * protocols the subprotocols (a list with commas, may be empty): at the request
 * those offered, of which any may fit (only deny, plain and whether there are rules
 * count then), after the 101 the one the server took. Its websocket entries in file
 * order: the first that denies the socket wins, else the rules of all others. Paths
 * fit as above. 0, or -ENOBUFS, -ENOMEM (refuse). Entries without a condition are
 * marked as reached. */
int match_socket(const struct ruleset *r, const struct service *s,
    const struct subject *q, struct span protocols,
    struct socket_match *ret_match);

/* The next of the websocket entries from number *i on that fits q, whatever its
 * protocol says, for explain; *i is moved behind it. NULL: there is none. */
const struct entry *match_socket_next(
    const struct service *s, const struct subject *q, uint32_t *i);

/* '*' is any run of characters, all else is literal. Bounded: linear in
 * practice, at most pattern.n * text.n steps. */
bool glob_match(struct span pattern, struct span text);
bool glob_match_nocase(struct span pattern, struct span text);

/* What the stars of pattern stand for in text, which fits it: each as little as
 * may be, the last one the rest. The first max of them; how many. */
unsigned glob_stars(struct span pattern, struct span text, struct span star[],
    unsigned max);

#endif
