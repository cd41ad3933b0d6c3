/* SPDX-License-Identifier: EUPL-1.2 */
/* load_os - what the operating system says about the processes that are
 * measured. */
#ifndef TESTS_BENCH_LOAD_OS_H
#define TESTS_BENCH_LOAD_OS_H

#include <stdint.h>

uint64_t os_now_ns(void); /* monotonic */

/* Take "12,34,56". Ends the program when there are too many. */
void os_take_pids(const char *text);

/* Seconds on a CPU (user and system) of all processes, from their CPU clocks. */
double os_cpu_s(void);

/* Sums over all processes, in kB. */
unsigned long os_resident_kb(void);
unsigned long os_peak_kb(void);
void os_forget_peak(void); /* the peak is what is resident now */

#endif
