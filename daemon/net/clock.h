/* SPDX-License-Identifier: EUPL-1.2 */
/* clock - time and the deadlines of connections; faked in case tests. */
#ifndef NET_CLOCK_H
#define NET_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t clock_ms(void);    /* monotonic; read once per turn of the loop */
int64_t clock_unix_s(void); /* UTC seconds since 1970 */

/* For net/loop: a new turn begins (true), or the loop has ended (false). */
void clock_turn(bool running);

/* A deadline. Setting it later than before costs nothing: the timer of the loop
 * is only armed again when it fires early. */
struct deadline {
	uint64_t due_ms;   /* 0: off */
	uint64_t armed_ms; /* when the loop's timer will fire; 0: not armed */
	void *timer;       /* owned by clock.c */
	void (*fn)(void *arg);
	void *arg;
};
void deadline_init(struct deadline *d, void (*fn)(void *arg), void *arg);
/* Fire once, in_ms from now. 0 or -ENOMEM. */
int deadline_set(struct deadline *d, uint64_t in_ms);
/* Does not fire any more until it is set again. */
void deadline_stop(struct deadline *d);
/* Gives the timer back; allowed inside fn, and twice. */
void deadline_fini(struct deadline *d);

#endif
