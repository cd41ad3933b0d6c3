/* SPDX-License-Identifier: EUPL-1.2 */
/* priv - give up what a process does not need, for good: user, files, system
 * calls, core dumps. Order in a child: priv_begin, open what is needed,
 * priv_empty_root, priv_drop, priv_no_files, priv_filter. */
#ifndef MAIN_PRIV_H
#define MAIN_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

enum priv_role { PRIV_PARENT, PRIV_SIGNER, PRIV_WORKER };
const char *priv_word(enum priv_role r); /* "worker" */

struct priv_ids {
	bool change; /* false: started by an ordinary user, everything stays */
	uid_t uid;
	gid_t gid;
};

/* Ids of a user name for a process started as root; without root, change is
 * false and the name does not matter. 0, -ENOENT (no such user), -EPERM (the
 * user is root), -EIO. */
int priv_lookup(const char *user, struct priv_ids *ret_ids);

/* All processes: no core dumps, not traceable by others, no new privileges,
 * title of the process list (15 bytes shown by ps -o comm). 0 or -errno. */
int priv_begin(const char *title);

/* Raise the limit of open files to want or as far as it goes; the limit. */
unsigned priv_files(unsigned want);

/* Make an empty folder that is already deleted the root folder: nothing can be
 * read or made in it. 0; -EPERM without root; or -errno. */
int priv_empty_root(void);

/* Give up every access to files by name, for good (Landlock, landlock(7)); files
 * that are open stay. Works for ordinary users too. 0; -ENOTSUP: the kernel has
 * no Landlock; or -errno. */
int priv_no_files(void);

/* Become ids and check that there is no way back. 0 or -errno. */
int priv_drop(const struct priv_ids *ids);

/* The system call filter. Opening files, and for a worker sockets other than
 * IPv4 and IPv6, is refused with an error, because the C library tries it at odd
 * times; everything else that is not on the list ends the process. 0; -ENOTSUP
 * (a build with AddressSanitizer, or a kernel without seccomp). PRIV_PARENT has
 * no filter. */
int priv_filter(enum priv_role role);
/* false: this is a build with AddressSanitizer. */
bool priv_has_filter(void);

#endif
