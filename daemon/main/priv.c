/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *priv_word(enum priv_role r)
{
	switch (r) {
	case PRIV_PARENT:
		return "parent";
	case PRIV_SIGNER:
		return "signer";
	case PRIV_WORKER:
		return "worker";
	}
	return "?";
}

int priv_lookup(const char *user, struct priv_ids *ret_ids)
{
	struct passwd *pw;

	*ret_ids = (struct priv_ids){ .change = false };
	if (geteuid() != 0)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return errno == 0 || errno == ENOENT ? -ENOENT : -EIO;
	if (pw->pw_uid == 0)
		return -EPERM;
	*ret_ids = (struct priv_ids){ true, pw->pw_uid, pw->pw_gid };
	return 0;
}

/* The leak checker of sanitizer builds reads /proc/self, which a process that
 * is not dumpable may not. */
static int hide(void)
{
	if (!priv_has_filter())
		return 0;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int priv_begin(const char *title)
{
	const struct rlimit none = { 0, 0 };
	int err;

	(void)prctl(PR_SET_NAME, title);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	err = hide();
	if (err < 0)
		return err;
	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

unsigned priv_files(unsigned want)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 0;
	if (l.rlim_cur < want) {
		struct rlimit more = { want, l.rlim_max };

		if (l.rlim_max < want)
			more.rlim_max = want;
		if (setrlimit(RLIMIT_NOFILE, &more) < 0) {
			more = (struct rlimit){ l.rlim_max, l.rlim_max };
			(void)setrlimit(RLIMIT_NOFILE, &more);
		}
		(void)getrlimit(RLIMIT_NOFILE, &l);
	}
	return l.rlim_cur > 1u << 30 ? 1u << 30 : (unsigned)l.rlim_cur;
}

static int enter_new_folder(const char *pattern)
{
	char name[64];

	snprintf(name, sizeof name, "%s", pattern);
	if (mkdtemp(name) == NULL)
		return -errno;
	if (chdir(name) < 0) {
		int err = -errno;

		(void)rmdir(name);
		return err;
	}
	return rmdir(name) < 0 ? -errno : 0;
}

int priv_empty_root(void)
{
	int err;

	if (geteuid() != 0)
		return -EPERM;
	err = enter_new_folder(RUNDIR "/root.XXXXXX");
	if (err < 0)
		err = enter_new_folder("/run/sparsam-root.XXXXXX");
	if (err < 0)
		err = enter_new_folder("/tmp/sparsam-root.XXXXXX");
	if (err < 0)
		return err;
	/* The folder has no name any more, but it is still where we are. */
	if (chroot(".") < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

int priv_no_files(void)
{
	/* All rights of the first version of Landlock: what a later kernel
	 * knows beyond them needs one of them first, or is no file. */
	const struct landlock_ruleset_attr all = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
		    LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		    LANDLOCK_ACCESS_FS_MAKE_FIFO |
		    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0),
	    err = 0;

	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? -ENOTSUP :
								-errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	return err;
}

int priv_drop(const struct priv_ids *ids)
{
	if (!ids->change)
		return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
	if (setgroups(0, NULL) < 0 ||
	    setresgid(ids->gid, ids->gid, ids->gid) < 0 ||
	    setresuid(ids->uid, ids->uid, ids->uid) < 0)
		return -errno;
	if (setuid(0) == 0 || setgid(0) == 0)
		return -EPERM; /* a way back would be a broken kernel */
	/* A change of user switches both off again. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return hide();
}
