/* SPDX-License-Identifier: EUPL-1.2 */
/* worker - the process that touches bytes from a network: unprivileged, without
 * files, behind a system call filter. It holds the parsers, the live
 * connections, one leaf key pair and the keys of the day. */
#ifndef MAIN_WORKER_H
#define MAIN_WORKER_H

struct child_start;

/* The whole life of a worker; the exit status. */
int worker_main(const struct child_start *s);

#endif
