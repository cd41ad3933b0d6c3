/* SPDX-License-Identifier: EUPL-1.2 */
/* What conf.c, gather.c and services.c share. */
#ifndef CONF_CONF_INT_H
#define CONF_CONF_INT_H

#include "conf/conf.h"
#include "conf/lex_int.h"

#define CONF_COMMON "common" /* folder below policy_dir: *.conf */
#define CONF_LISTS "lists"   /* the same: *.hosts */
#define CONF_CA_FILE "root.pem" /* in ca.dir: what clients install */

/* Open sparsamd.conf: known keys only. As lex_open. */
int conf_open(struct lex *l, const struct bundle *b, const char *path,
    struct arena *a, char err[CONF_ERR_BYTES]);
/* Scalars of conf.tbl; file names become relative to the file's folder. */
int conf_scalars(const struct lex *l, struct conf *c);
/* The services block, the packs, and the ruleset of them all. */
int conf_services(const struct lex *l, const struct bundle *b, int64_t now,
    struct conf *c);
/* "DIR/NAME", or NAME when dir is empty or NAME begins with '/'. NULL: the
 * arena is full. */
const char *conf_join(struct arena *a, const char *dir, const char *name);
/* Is path a file right in dir whose name ends with ".conf"? */
bool conf_is_pack(const char *dir, const char *path);

#endif
