/* SPDX-License-Identifier: EUPL-1.2 */
/* leak - is a text in these bytes, in any of the forms in which clients carry
 * text: plain, percent-encoded, JSON-escaped, base64 (both alphabets, at any
 * offset), and two of these on top of each other. Pure. */
#ifndef CTL_LEAK_H
#define CTL_LEAK_H

#include "base/span.h"

#define LEAK_NEEDLE_MAX_BYTES 1024
#define LEAK_TEXT_MAX_BYTES (80u << 20)

/* The form in which needle was found ("plain", "percent", "json-escape",
 * "base64"), NULL when it is not there. Memory that is out, an empty needle and
 * one over the limit are answered with "unknown": what cannot be searched is not
 * clean. */
const char *leak_find(struct span text, struct span needle);

#endif
