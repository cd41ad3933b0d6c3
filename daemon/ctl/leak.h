/* SPDX-License-Identifier: EUPL-1.2 */
/* leak - is a text in these bytes, in any of the forms in which clients carry
 * text: plain, percent-encoded, JSON-escaped, as character references of XML,
 * base64 (both alphabets, at any offset), inside gzip, deflate or zstd, and
 * these on top of each other. Pure. */
#ifndef CTL_LEAK_H
#define CTL_LEAK_H

#include "base/span.h"

#define LEAK_NEEDLE_MAX_BYTES 1024
#define LEAK_TEXT_MAX_BYTES (80u << 20)
#define LEAK_DEPTH_MAX 5                  /* forms on top of each other */
#define LEAK_WORK_MAX_BYTES (1024u << 20) /* undone in all, for one text */

/* For each of n needles the form in which it was found first, the innermost one
 * ("plain", "percent", "json-escape", "xml", "base64", "compressed"), NULL when
 * it is not there. "unknown": memory or the limits are out, or the needle is
 * empty or too long: what cannot be searched is not clean. */
void leak_search(struct span text, const struct span *needle, size_t n,
    const char **ret_form);

/* The same for one. */
const char *leak_find(struct span text, struct span needle);

#endif
