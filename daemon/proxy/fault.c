/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/fault.h"

#include <errno.h>

#include "base/stat.h"
#include "engine/rule.h"

enum why fault_why(int err, bool up)
{
	switch (err) {
	case -EACCES:
		return WHY_GUARD;
	case -EBADMSG:
	case -ENOTSUP:
		return up ? WHY_BAD_BODY : WHY_BAD_ANSWER_BODY;
	case -ENOMEM:
		return WHY_MEMORY;
	}
	return up ? WHY_BODY_LIMIT : WHY_ANSWER_LIMIT;
}

void fault_count(const struct service *s, enum why why)
{
	/* 1 + the counter of the gateway as a whole; 0: none. */
	static const int as_a_whole[WHY_COUNT] = {
		[WHY_BAD_REQUEST] = 1 + STAT_BAD_REQUEST,
		[WHY_BAD_BODY] = 1 + STAT_BAD_REQUEST,
		[WHY_BAD_RESPONSE] = 1 + STAT_BAD_RESPONSE,
		[WHY_BAD_ANSWER_BODY] = 1 + STAT_BAD_RESPONSE,
		[WHY_HEAD_LIMIT] = 1 + STAT_LIMITS,
		[WHY_BODY_LIMIT] = 1 + STAT_LIMITS,
		[WHY_ANSWER_LIMIT] = 1 + STAT_LIMITS,
		[WHY_MISMATCH] = 1 + STAT_MISMATCH,
	};

	if (as_a_whole[why] > 0)
		stat_add((enum stat_id)(as_a_whole[why] - 1), 1);
	if (s != NULL && why == WHY_GUARD)
		stat_service_add(s->index, STAT_SERVICE_GUARD, 1);
}
