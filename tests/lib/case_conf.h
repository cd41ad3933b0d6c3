/* SPDX-License-Identifier: EUPL-1.2 */
/* case_conf - the configuration a case names, loaded as the daemon loads it. */
#ifndef TESTS_CASE_CONF_H
#define TESTS_CASE_CONF_H

#include "base/buf.h"
#include "conf/conf.h"
#include "lib/case_file.h"

/* The time of the case ("clock"), UTC; false: it cannot be read. */
bool case_clock(const struct case_file *c, int64_t *ret_unix_s);

/* Where things are. */
struct case_place {
	const char *policy; /* the packs; its folder common/ too */
	const char *cases;  /* shared configurations, pack/, root.pem */
	bool tree; /* the source tree: cases/case.conf is for all cases */
};

/* In the bundle: the text of `config` as case.conf, place->policy as policy/,
 * and pack/ of place->cases as pack/. A `config` is looked for beside the case,
 * in the folders above it and in place->cases; case.conf, where none is named,
 * beside and above only, unless this is the source tree. Where there is none,
 * every pack of policy/ is on (ctl/packs.h). NULL with a sentence in err. */
struct conf *case_conf(const struct case_file *c,
    const struct case_place *place, char err[CONF_ERR_BYTES]);

/* "FILE:LINE what stands there" for each line of the rules, with a mark in
 * front:
 * '+' reached, '-' not. Entries are left out that only group strip lines. */
void case_coverage(const struct conf *conf, struct buf *out);

/* Is there a line in file that reads so (the first column of a strip line, a
 * host pattern, or METHOD host/path), and was it reached? 1, 0, or -1: none. */
int case_reached(const struct conf *conf, struct span file, struct span text);

#endif
