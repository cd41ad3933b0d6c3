/* SPDX-License-Identifier: EUPL-1.2 */
/* rules - one made-up service, for the tests of the offline tools. */
#ifndef TESTS_UNIT_CTL_RULES_H
#define TESTS_UNIT_CTL_RULES_H

struct conf;

/* NULL after a note when it does not load. */
struct conf *rules_load(void);

#endif
