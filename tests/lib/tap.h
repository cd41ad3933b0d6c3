/* SPDX-License-Identifier: EUPL-1.2 */
/* tap - test results as TAP lines, for tables of name, input, expectation. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* One result line; fmt names the case. Returns good. */
bool tap_ok(bool good, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Equal numbers / bytes; a difference is printed as TAP comments. */
bool tap_int(long long got, long long want, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool tap_span(struct span got, struct span want, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "# ..." */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print the plan; the exit status for main. */
int tap_done(void);

#endif
