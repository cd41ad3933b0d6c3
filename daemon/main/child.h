/* SPDX-License-Identifier: EUPL-1.2 */
/* child - how the parent starts the signer and the workers, and the first steps
 * they have in common. A child is the same program, executed again: it shares
 * no memory with the parent or its siblings and has its own address layout. It
 * knows nothing but a socket (descriptor CHILD_FD), over which the parent sends
 * START, what the role needs, and GO. */
#ifndef MAIN_CHILD_H
#define MAIN_CHILD_H

#include <sys/types.h>

#include "main/imsg.h"
#include "main/priv.h"

#define CHILD_FD 3
#define CHILD_START_MS 10000 /* the parent speaks within this time */

struct child_start {
	enum priv_role role;
	unsigned index;        /* of a worker, from 0 */
	struct priv_ids ids;
	unsigned files;        /* descriptors a worker may need */
	char ca_dir[4096];     /* of the signer */
};

/* Parent: execute ourselves in role. *ret_fd is our end of the socket. 0 or
 * negative errno. verbose: the child keeps stderr (for reports of sanitizers). */
int child_spawn(enum priv_role role, unsigned index, bool verbose,
    pid_t *ret_pid, int *ret_fd);

/* Child: was this program started by child_spawn? */
bool child_is(int argc, char *const *argv, enum priv_role *ret_role);
/* Run in that role until the end; the exit status. */
int child_main(enum priv_role role);

/* Child: wait for the next message before the loop runs; ends the process when
 * none comes. mem as in imsg_recv. */
void child_next(char *mem, struct imsg *m);
/* Child: lines of the log go to the parent. */
void child_log(void);
/* Child: from here on nothing can be opened any more. 0 or negative errno:
 * rights could not be given up, so the process must end. */
int child_sandbox(const struct child_start *s);

#endif
