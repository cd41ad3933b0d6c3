/* SPDX-License-Identifier: EUPL-1.2 */
/* agreement - the agreement and inspection blocks of a service: may it be used
 * today, up to which level, and may it be decrypted? Unknown keys and wrong
 * values are errors of the file; a missing or expired agreement is none, the
 * service is then refused with the reason. */
#ifndef CONF_AGREEMENT_H
#define CONF_AGREEMENT_H

#include "conf/conf.h"
#include "conf/lex_int.h"

struct agreement {
	enum why refused;   /* WHY_DONE: valid today */
	const char *lacks;  /* what is missing for it, for people; or NULL */
	struct span id;     /* "" when none */
	struct span until;  /* the earlier of valid_until and review_by, "" */
	int32_t days_left;  /* to that day, negative after it; INT32_MAX: never */
	uint8_t max_case;   /* 1 to 4, with the limits of own_purposes and e2ee */
	const char *closed; /* what opening TLS needs and is missing: dpia_id or
	                     * one of staff; or NULL */
	uint32_t findings;  /* bits, see conf.h */
	struct agreed others;
};

/* s: the block, NULL when there is none. pack: the operator's seat, the history of
 * ratings and e2ee count. today: days since 1970. 0, or an error as in lex_int.h.
 */
int agreement_read(const struct lex *l, const config_setting_t *s,
    const struct service *pack, int32_t today, struct agreement *ret_agreement);

/* The inspection block, NULL when there is none, and the first reference that is
 * missing there, or NULL. */
int agreement_inspection(const struct lex *l, const config_setting_t *s,
    struct inspection *ret_inspection, const char **ret_lacks);

#endif
