/* SPDX-License-Identifier: EUPL-1.2 */
/* parent - the process that starts and restarts the others, holds the listening
 * sockets and the configuration text, and talks to the service manager and to
 * sparsamctl. It never touches a byte from a network. */
#ifndef MAIN_PARENT_H
#define MAIN_PARENT_H

#include <stdbool.h>

struct parent_options {
	const char *conf_path; /* as given with -c */
	bool foreground;       /* log to stderr; children keep stderr */
	int ready_fd;          /* one byte is written when all runs; -1: none */
};

/* Run until the end; the exit status. */
int parent_run(const struct parent_options *o);

#endif
