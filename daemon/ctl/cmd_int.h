/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of sparsamctl share. Each command gets its own words only. */
#ifndef CTL_CMD_INT_H
#define CTL_CMD_INT_H

#include <stdio.h>

#include "conf/conf.h"
#include "ctl/proto.h"

/* Exit statuses, as in sparsamctl(8). */
enum {
	EXIT_GOOD = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_REACHED = 3,
	EXIT_UNREAD = 4, /* replay: a text leaves in what passes unread only */
	EXIT_STOPPED = 5 /* explain: the request would not leave */
};

#define LEVEL_LEAST                                                            \
	1 /* of the client networks: what all services may serve               \
	   */

struct tool {
	const char *conf_path; /* -c */
	const char *socket;    /* -s, or NULL */
	const char *packs;     /* --pack-dir, or NULL */
	int argc;              /* words after the command */
	char **argv;
};

/* The configuration; with packs, all services of that folder switched on
 * (ctl/packs.h). NULL after a message. */
struct conf *tool_conf(const struct tool *t);
/* The packs of the configuration when it can be read, else the shipped ones. */
const char *tool_packs(const struct tool *t);
int tool_usage(enum cmd c);
/* The next word is this option: take it off. */
bool tool_flag(struct tool *t, const char *name);
/* The same with a value after it; NULL: not this option. *ret_bad: the value is
 * missing. */
const char *tool_value(struct tool *t, const char *name, bool *ret_bad);

/* Ask the daemon: its lines to out, or as JSON. An exit status, after a message
 * when it is not EXIT_GOOD. */
int tool_ask(struct tool *t, enum cmd c, bool json, FILE *out);

int cmd_check(struct tool *t);
int cmd_explain(struct tool *t);
int cmd_replay(struct tool *t);
int cmd_test(struct tool *t);
int cmd_coverage(struct tool *t);
int cmd_canary(struct tool *t);
int cmd_drift(struct tool *t);
int cmd_services(struct tool *t);
int cmd_policy(struct tool *t);
int cmd_ca_init(struct tool *t);
int cmd_ca_show(struct tool *t);
int cmd_ca_export(struct tool *t);
int cmd_ca_renew(struct tool *t);

#endif
