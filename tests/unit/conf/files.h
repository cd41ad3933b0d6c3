/* SPDX-License-Identifier: EUPL-1.2 */
/* files - the configurations of tests/conf as bundles. A file called
 * *.pack-*.conf stands in for the pack "example", *.part-*.conf for its
 * include; all others are a sparsamd.conf. */
#ifndef TESTS_UNIT_CONF_FILES_H
#define TESTS_UNIT_CONF_FILES_H

#include "conf/conf.h"

#define FILES_NOW 1795392000 /* 2026-11-23, noon is 43200 later */

/* The bundle of one such file, its text given; main is "sparsamd.conf". */
struct bundle *files_bundle(const char *name, struct span text);
/* The text of a file in tests/conf, "" when it is not there. To be freed. */
char *files_text(const char *name);
/* Load a sparsamd.conf with the packs of tests/conf/policy. */
int files_load(const char *text, int64_t now, struct conf **ret_conf,
    char err[CONF_ERR_BYTES]);

#endif
