/* SPDX-License-Identifier: EUPL-1.2 */
/* message - the rules for the messages of a WebSocket that go one way: those of all
 * websocket entries that fit the socket (match.h:match_socket), in file order. Made
 * once for each such set of entries and kept with the ruleset.
 *
 * Entries may have a condition: a value in the message ("json $.evt", "4167"). To
 * find out, the message is read with the plan of each pass, its findings are given
 * to message_note, and message_settle says what to do. Most packs need no pass or
 * one: several need places that overlap. A condition is met when any value at its
 * place fits: then more rules apply, not fewer. With allow fewer do: there it is met
 * when each value fits, and each document of the message has one. */
#ifndef ENGINE_MESSAGE_H
#define ENGINE_MESSAGE_H

#include "engine/plan.h"

#define MESSAGE_PASSES_MAX 4 /* of one message, to know which entries fit */

struct finding;
struct message_rules;
struct messages;
struct ruleset;

/* What was seen in one message. All zero: nothing. */
struct message_state {
	uint64_t met[RULE_ENTRIES_MAX / 64]; /* a bit for each entry: a value fits */
	uint64_t missed[RULE_ENTRIES_MAX / 64]; /* another does not, or is not there */
	uint64_t here[RULE_ENTRIES_MAX / 64];   /* as met, in this document */
};

struct message_match {
	const struct entry *deny; /* not NULL: by its socket->fate */
	const struct plan *plan;  /* else; NULL: no line speaks of it */
};

/* The tables of all entries and the places of all conditions: a message of a form
 * that nothing in it reads is of no form the pack knows. NULL: no message is read at
 * all. */
const struct plan *message_all(const struct message_rules *m);

/* What stands in front of binary messages: the first entry that says so decides.
 * NULL: nothing. */
const struct envelope *message_envelope(const struct message_rules *m);

/* May a word stand in front of JSON in a text ("42[...]")? */
bool message_prefix(const struct message_rules *m);

/* How often a message must be read to know which entries speak of it: 0 when no
 * entry has a condition. NULL is fine. */
unsigned message_passes(const struct message_rules *m);
/* The plan of pass i: it changes nothing that is used, only its findings count. */
const struct plan *message_pass(const struct message_rules *m, unsigned i);
void message_note(const struct message_rules *m, unsigned i,
    const struct finding *f, struct message_state *s);
/* A document of the message ends in pass i. */
void message_document(
    const struct message_rules *m, unsigned i, struct message_state *s);

/* What to do with it. The first deny entry whose condition is met decides, unless an
 * allow entry above it has its own met; else the tables of all others that have none
 * or theirs met, as for requests. Marks entries as reached. 0 or -ENOMEM. No
 * allocation when the plan is there. */
int message_settle(const struct message_rules *m,
    const struct message_state *s, struct message_match *ret_match);

/* For match.c: the rules for these entries (as plan_get), whose owner is r. *ret_m
 * is NULL when n is 0. 0; -ENOBUFS (a limit), -ENOMEM. */
int messages_get(struct messages *cache, const struct entry *const *pick,
    size_t n, const struct message_rules **ret_m);
struct messages *messages_new(const struct ruleset *r);
/* Before the first messages_get; the lines are borrowed. */
void messages_set_detect(
    struct messages *c, const struct detect_line *line, uint32_t n);
void messages_free(struct messages *c); /* NULL is fine */

#endif
