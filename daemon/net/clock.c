/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/clock.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include <event2/event.h>

#include "net/loop.h"

static struct {
	bool running;    /* inside the loop: one reading serves a turn */
	uint64_t now_ms; /* of this turn; 0: not read yet */
} turn;

void clock_turn(bool running)
{
	turn.running = running;
	turn.now_ms = 0;
}

uint64_t clock_ms(void)
{
	struct timespec ts;

	if (turn.running && turn.now_ms != 0)
		return turn.now_ms;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	turn.now_ms =
	    (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	return turn.now_ms;
}

int64_t clock_unix_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

void deadline_init(struct deadline *d, void (*fn)(void *arg), void *arg)
{
	*d = (struct deadline){ .fn = fn, .arg = arg };
}

static int arm(struct deadline *d, uint64_t now)
{
	uint64_t in_ms = d->due_ms > now ? d->due_ms - now : 1;
	struct timeval tv = { .tv_sec = (time_t)(in_ms / 1000),
		.tv_usec = (suseconds_t)(in_ms % 1000 * 1000) };

	if (evtimer_add(d->timer, &tv) < 0)
		return -ENOMEM;
	d->armed_ms = now + in_ms;
	return 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct deadline *d = arg;
	uint64_t now = clock_ms();

	(void)fd, (void)what;
	d->armed_ms = 0;
	if (d->due_ms == 0)
		return;
	/* Set later meanwhile, or the loop's clock is a little ahead of ours.
	 * An armed timer needs no memory to be armed again. */
	if (d->due_ms > now && arm(d, now) == 0)
		return;
	d->due_ms = 0;
	d->fn(d->arg); /* d may be gone */
}

int deadline_set(struct deadline *d, uint64_t in_ms)
{
	uint64_t now = clock_ms();

	if (d->timer == NULL) {
		d->timer = evtimer_new(loop_base(), on_timer, d);
		if (d->timer == NULL)
			return -ENOMEM;
	}
	d->due_ms = now + in_ms;
	if (d->armed_ms != 0 && d->armed_ms <= d->due_ms)
		return 0;
	return arm(d, now);
}

void deadline_stop(struct deadline *d)
{
	d->due_ms = 0;
}

void deadline_fini(struct deadline *d)
{
	if (d->timer != NULL)
		event_free(d->timer);
	d->timer = NULL;
	d->due_ms = d->armed_ms = 0;
}
