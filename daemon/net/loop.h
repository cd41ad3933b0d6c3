/* SPDX-License-Identifier: EUPL-1.2 */
/* loop - the one event loop of this process (libevent). */
#ifndef NET_LOOP_H
#define NET_LOOP_H

struct event_base;

/* Once per process, after fork. 0 or -ENOMEM. */
int loop_init(void);
struct event_base *loop_base(void);

/* Run until loop_stop. */
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

#endif
