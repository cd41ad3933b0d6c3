/* SPDX-License-Identifier: EUPL-1.2 */
/* loop - the one event loop of this process (libevent). */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"

struct event_base;

/* Once per process, after fork. 0 or -ENOMEM. */
int loop_init(void);
/* Runs what is still in the graveyard; for tests and an orderly exit. */
void loop_fini(void);
struct event_base *loop_base(void);

/* Run until loop_stop (at once when it was called before), or until no event is
 * left that could ever happen. */
void loop_run(void);
void loop_stop(void);

/* Run fn(arg) at the end of this turn of the loop, after all callbacks of it:
 * the graveyard. Never fails: the node is part of the caller's object. */
struct loop_later {
	struct loop_later *next;
	void (*fn)(void *arg);
	void *arg;
};
void loop_later(struct loop_later *node, void (*fn)(void *arg), void *arg);

/* Run fn(arg) once, soon: after the events of this turn, before the graveyard;
 * asked for during that, in the next turn, which then does not wait. For
 * callbacks that must not run inside the call that causes them. Never fails; may
 * be asked for twice (runs once) and cancelled at any time. */
struct loop_soon {
	struct link link;
	void (*fn)(void *arg);
	void *arg;
};
void loop_soon_init(struct loop_soon *node, void (*fn)(void *arg), void *arg);
void loop_soon(struct loop_soon *node);
void loop_soon_cancel(struct loop_soon *node);

#endif
