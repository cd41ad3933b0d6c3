/* SPDX-License-Identifier: EUPL-1.2 */
/* load_pace - when requests begin, and how long they took.
 *
 * Closed loop: a request begins whenever a lane is free. Open loop: request k
 * is due k/rate seconds after the start, whether lanes are free or not, and its
 * time counts from then: a proxy that stalls is charged for those that waited.
 */
#ifndef TESTS_BENCH_LOAD_PACE_H
#define TESTS_BENCH_LOAD_PACE_H

#include <stdbool.h>
#include <stdint.h>

void pace_start(void);

/* May a request begin now? Its time counts from *ret_since_ns. */
bool pace_take(uint64_t *ret_since_ns);

/* Its answer is whole. Measuring begins with the last of the warm-up and ends
 * with the last of all. */
void pace_done(uint64_t since_ns);

unsigned long pace_finished(void);
bool pace_over(void);

/* Until the next is due, at most a second; or, when no lane is free, a second.
 */
uint64_t pace_wait_ns(bool lane_free);

/* What was measured, members of a JSON object without its brackets. */
void pace_print(void);

#endif
