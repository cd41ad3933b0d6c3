/* SPDX-License-Identifier: EUPL-1.2 */
/* worker - the process that touches bytes from a network: unprivileged, without
 * files, behind a system call filter. It holds the parsers, the live
 * connections, one leaf key pair and the keys of the day. */
#ifndef MAIN_WORKER_H
#define MAIN_WORKER_H

#include "base/stat.h"
#include "proxy/drift.h"

struct child_start;

/* What a worker shares with the parent: it writes, the parent reads. */
struct worker_page {
	struct stat_page stat;
	struct drift_page drift; /* 5 MB, of which only used pages are there */
};

/* The whole life of a worker; the exit status. */
int worker_main(const struct child_start *s);

#endif
