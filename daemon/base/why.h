/* SPDX-License-Identifier: EUPL-1.2 */
/* why - the reasons of why.tbl: names for logs, counters and pages. */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <stdbool.h>

enum why {
#define WHY_ROW(name, word, status, error, en, de) WHY_##name,
#include "base/why.tbl"
#undef WHY_ROW
	WHY_COUNT
};

const char *why_word(enum why w);   /* "cert-name": for logs and counters */
int why_status(enum why w);         /* HTTP status, 0 for none */
bool why_is_error(enum why w);
const char *why_text_en(enum why w); /* UTF-8, a clause without full stop */
const char *why_text_de(enum why w);

#endif
