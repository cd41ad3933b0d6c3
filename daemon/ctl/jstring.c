/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/jstring.h"

#include <stdlib.h>

json_t *jstring(struct span s)
{
	json_t *j = json_stringn(s.n > 0 ? s.p : "", s.n);
	char *copy;

	if (j != NULL || (copy = malloc(s.n + 1)) == NULL)
		return j;
	for (size_t i = 0; i < s.n; i++)
		copy[i] = (unsigned char)s.p[i] < 0x80 ? s.p[i] : '?';
	j = json_stringn(copy, s.n);
	free(copy);
	return j;
}
