/* SPDX-License-Identifier: EUPL-1.2 */
/* packs - a folder of packs without a configuration of its own, for the tools
 * of those who write packs: every service is on, under an agreement made up for
 * the purpose. Never for a daemon. */
#ifndef CTL_PACKS_H
#define CTL_PACKS_H

#include "conf/conf.h"

#define PACKS_FOLDER "policy" /* what the packs are called in a bundle */

/* Read the files NAME.conf in DIR, common/NAME.conf and lists/NAME.hosts below it,
 * into b, as AS/NAME.conf and so on; what is there already stays. 0 or negative
 * errno with a sentence in err. */
int packs_folder(struct bundle *b, const char *dir, const char *as,
    char err[CONF_ERR_BYTES]);
/* The same as policy/NAME.conf and so on. */
int packs_read(struct bundle *b, const char *dir, char err[CONF_ERR_BYTES]);

/* Add a configuration called name to b that switches on every pack of
 * policy/, for clients of level 2 on loopback; and an empty trust store, unless
 * there is a "trust.pem". Variables that must be given are "NAME.ID.invalid". Errors as of conf_load. */
int packs_config(struct bundle *b, const char *name, char err[CONF_ERR_BYTES]);

/* All of it: the packs of a folder, loaded. */
int packs_conf(const char *dir, int64_t now, struct conf **ret_conf,
    char err[CONF_ERR_BYTES]);

#endif
