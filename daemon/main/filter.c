/* SPDX-License-Identifier: EUPL-1.2 */
/* The system call filters of priv.h, through libseccomp. */
#include "main/priv.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Memory, time, events, descriptors that are already there. */
static const int common[] = {
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
	SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Only workers talk to a network. */
static const int network[] = {
	SCMP_SYS(connect), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendto),
	SCMP_SYS(recvfrom), SCMP_SYS(splice), SCMP_SYS(pipe2),
};

/* The signer writes into one file, which is already open (tls/ratchet). */
static const int storage[] = { SCMP_SYS(pwrite64), SCMP_SYS(fdatasync) };

/* The C library looks for files when it first needs a time zone, the number of
 * processors or a message text: it must hear no, not die. */
static const int refused[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(prctl),
};

static int allow_all(scmp_filter_ctx f, const int *call, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, call[i], 0);
	return err;
}

static int refuse_all(scmp_filter_ctx f, const int *call, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), call[i], 0);
	return err;
}

/* Calls that are fine with some arguments only. */
static int allow_some(scmp_filter_ctx f)
{
	/* Memory is never executable; a file by its descriptor, not by name;
	 * own limits are read, not set; abort() may end us. */
	int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat),
		    1, SCMP_A3(SCMP_CMP_MASKED_EQ, 0x1000, 0x1000));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES),
		    SCMP_SYS(newfstatat), 1,
		    SCMP_A3(SCMP_CMP_MASKED_EQ, 0x1000, 0));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64),
		    1, SCMP_A2(SCMP_CMP_EQ, 0));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, FIONREAD));
	return err;
}

static int allow_sockets(scmp_filter_ctx f)
{
	int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, AF_INET));

	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT),
		    SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_INET6));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT),
		    SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_LT, AF_INET));
	return err;
}

static int filter(enum priv_role role)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (f == NULL)
		return -ENOMEM;
	err = allow_all(f, common, COUNT(common));
	if (err == 0)
		err = refuse_all(f, refused, COUNT(refused));
	if (err == 0)
		err = allow_some(f);
	if (err == 0 && role == PRIV_WORKER)
		err = allow_all(f, network, COUNT(network));
	if (err == 0 && role == PRIV_WORKER)
		err = allow_sockets(f);
	if (err == 0 && role == PRIV_SIGNER)
		err = allow_all(f, storage, COUNT(storage));
	if (err == 0)
		err = seccomp_load(f);
	seccomp_release(f);
	return err == -EINVAL || err == -ECANCELED ? -ENOTSUP : err;
}

bool priv_has_filter(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#elif defined(__has_feature)
	return !__has_feature(address_sanitizer);
#else
	return true;
#endif
}

int priv_filter(enum priv_role role)
{
	tzset(); /* reads the time zone now, while it can */
	if (role == PRIV_PARENT)
		return 0;
	return priv_has_filter() ? filter(role) : -ENOTSUP;
}
