/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_ready - what the engine already understands and no scrubber does yet. A
 * line that would do nothing is an error when the pack is loaded: nothing passes
 * because somebody believed in it. */
#include "conf/policy_int.h"

static bool carrier_ready(enum carrier c)
{
	switch (c) {
	case CARRIER_HEADER:
	case CARRIER_COOKIE:
	case CARRIER_QUERY:
	case CARRIER_PATH:
	case CARRIER_FORM:
	case CARRIER_JSON:
	case CARRIER_MULTIPART:
	case CARRIER_SDP:
	case CARRIER_TEXT:
	case CARRIER_XML:
	case CARRIER_COUNT: /* a chain that ends in steps */
		return true;
	case CARRIER_PROTO:
	case CARRIER_WS:
	case CARRIER_HOST:
		break;
	}
	return false;
}

int policy_ready(const struct lex *l, const config_setting_t *s,
    const struct line *line)
{
	for (const struct where *w = &line->where; w != NULL; w = w->next) {
		if (!carrier_ready(w->carrier))
			return lex_fail(l, s,
			    "carrier %s is not available in request and "
			    "response tables yet",
			    carrier_word(w->carrier));
	}
	return 0;
}

int policy_ready_form(
    const struct lex *l, const config_setting_t *s, enum entry_form form)
{
	if (form != ENTRY_PROTO)
		return 0;
	return lex_fail(l, lex_member(s, "form"), "form %s is not available yet",
	    entry_form_word(form));
}
