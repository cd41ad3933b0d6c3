/* SPDX-License-Identifier: EUPL-1.2 */
/* jstring - bytes of any kind as a JSON string. */
#ifndef CTL_JSTRING_H
#define CTL_JSTRING_H

#include <jansson.h>

#include "base/span.h"

/* A new reference, NULL when memory is out. In a text that is not UTF-8, every
 * byte above 127 becomes '?'. */
json_t *jstring(struct span s);

#endif
