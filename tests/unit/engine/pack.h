/* SPDX-License-Identifier: EUPL-1.2 */
/* pack - packs for the tests of the engine, written as short C tables. */
#ifndef TESTS_ENGINE_PACK_H
#define TESTS_ENGINE_PACK_H

#include "engine/ruleset.h"

#define PACK_LINES 12
#define PACK_ENTRIES 12
#define PACK_HOSTS 12

struct pack_line {
	const char *where, *treat, *category;
};

struct pack_entry {
	const char *when, *query, *content, *deny, *sink, *need, *meeting;
	bool pass_unread, allow;
	enum entry_form form;
	/* Of websocket. fate: "drop" "close" "answer:TEXT", else deny is of the
	 * socket. direction: "up" where it is NULL. */
	const char *protocol, *direction, *message, *glob, *fate;
	bool plain;
	struct envelope envelope;
	struct pack_line strip[PACK_LINES];
};

struct pack_detect {
	uint32_t shapes;
	const char *treat, *category;
};

struct pack_host {
	const char *pattern, *verdict;
};

struct pack {
	const char *id;
	struct pack_host host[PACK_HOSTS];
	struct pack_entry request[PACK_ENTRIES], response[PACK_ENTRIES],
	    join[PACK_ENTRIES], websocket[PACK_ENTRIES];
	struct pack_detect detect[PACK_LINES];
};

/* Line numbers count from 1 over all hosts, entries and lines of a pack; the
 * file is "ID.conf". A text that cannot be parsed ends the test program. */
void pack_add(struct ruleset *r, const struct pack *p, unsigned index);

/* Parse or end the program. */
struct line pack_line(
    struct arena *a, const struct pack_line *l, unsigned number);

/* A ruleset of one pack, built; ends the program when it is refused. */
struct ruleset *pack_build(const struct pack *p);

#endif
