/* SPDX-License-Identifier: EUPL-1.2 */
/* guard - run the loop in a test, for 20 s at most: one that hangs has failed.
 * deadline_init(&limit, on_limit, NULL) once after loop_init. */
#ifndef TESTS_UNIT_NET_GUARD_H
#define TESTS_UNIT_NET_GUARD_H

#include "lib/tap.h"
#include "net/clock.h"
#include "net/loop.h"

#define GUARD_MS 20000

static struct deadline limit;

static void on_limit(void *arg)
{
	(void)arg;
	tap_ok(false, "the test hung");
	loop_stop();
}

static void run(void)
{
	deadline_set(&limit, GUARD_MS);
	loop_run();
	deadline_stop(&limit);
}

#endif
