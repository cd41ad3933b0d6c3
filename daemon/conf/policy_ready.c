/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_ready - what the engine already understands and nothing reads yet. A
 * line that would do nothing is an error when the pack is loaded: nothing passes
 * because somebody believed in it. */
#include "conf/policy_int.h"

int policy_ready(const struct lex *l, const config_setting_t *s,
    const struct line *line)
{
	for (const struct where *w = &line->where; w != NULL; w = w->next)
		if (w->carrier == CARRIER_WS || w->carrier == CARRIER_HOST)
			return lex_fail(l, s,
			    "carrier %s is not available in request and "
			    "response tables yet",
			    carrier_word(w->carrier));
	return 0;
}
