/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "net/clock.h"

static struct {
	struct event_base *base;
	struct link soon;         /* run once per turn, after the events */
	struct loop_later *grave; /* run last of all */
	bool stop;
} loop;

int loop_init(void)
{
	struct event_config *cfg = event_config_new();

	if (cfg == NULL)
		return -ENOMEM;
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
	loop.base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	list_init(&loop.soon);
	return loop.base != NULL ? 0 : -ENOMEM;
}

static void bury(void)
{
	while (loop.grave != NULL) {
		struct loop_later *node = loop.grave;

		loop.grave = node->next;
		node->fn(node->arg);
	}
}

/* Those that are added meanwhile belong to the next turn. */
static void run_soon(void)
{
	struct link now;

	if (list_empty(&loop.soon))
		return;
	list_add(&loop.soon, &now);
	list_del(&loop.soon);
	while (!list_empty(&now)) {
		struct loop_soon *node =
		    LIST_ENTRY(now.next, struct loop_soon, link);

		list_del(&node->link);
		node->fn(node->arg);
	}
}

void loop_fini(void)
{
	if (loop.base == NULL)
		return;
	bury();
	event_base_free(loop.base);
	loop.base = NULL;
}

struct event_base *loop_base(void)
{
	return loop.base;
}

void loop_run(void)
{
	int flags = EVLOOP_ONCE;

	while (!loop.stop) {
		flags = list_empty(&loop.soon) ? EVLOOP_ONCE : EVLOOP_NONBLOCK;
		clock_turn(true);
		/* 1: nothing is left that could ever happen. */
		if (event_base_loop(loop.base, flags) != 0 &&
		    list_empty(&loop.soon) && loop.grave == NULL)
			break;
		run_soon();
		bury();
	}
	clock_turn(false);
	loop.stop = false;
}

void loop_stop(void)
{
	loop.stop = true;
}

void loop_later(struct loop_later *node, void (*fn)(void *arg), void *arg)
{
	*node = (struct loop_later){ loop.grave, fn, arg };
	loop.grave = node;
}

void loop_soon_init(struct loop_soon *node, void (*fn)(void *arg), void *arg)
{
	list_init(&node->link);
	node->fn = fn;
	node->arg = arg;
}

void loop_soon(struct loop_soon *node)
{
	if (list_empty(&node->link))
		list_add_tail(&loop.soon, &node->link);
}

void loop_soon_cancel(struct loop_soon *node)
{
	list_del(&node->link);
}
