/* SPDX-License-Identifier: EUPL-1.2 */
/* What a child can no longer do once its rights are gone: each row is tried in
 * a process of its own. */
#include "main/priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/tap.h"

/* Each try: 0 done, otherwise the errno. */
static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int try_create(void)
{
	return open("/tmp/sparsam-test-file", O_CREAT | O_RDWR, 0600) < 0 ?
	    errno :
	    0;
}

static int try_exec(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	execve("/bin/true", argv, argv + 1);
	return errno;
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0;
}

static int try_kill(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static int try_mount(void)
{
	return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static int try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) < 0 ? errno : 0;
}

static int try_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? errno : 0;
}

static int try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int try_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ?
	    errno :
	    0;
}

static int try_listen(void)
{
	return listen(0, 1) < 0 ? errno : 0;
}

static int try_daily_work(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct timespec ts;
	struct tm tm;
	time_t now;
	char mem[16];
	void *p = malloc(1 << 20);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (p == NULL || fd < 0)
		return ENOMEM;
	free(p);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)connect(fd, (struct sockaddr *)&a, sizeof a);
	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return errno;
	now = ts.tv_sec;
	if (localtime_r(&now, &tm) == NULL || getrandom(mem, sizeof mem, 0) < 0)
		return errno;
	snprintf(mem, sizeof mem, "%s", strerror(ENOENT));
	close(fd);
	return 0;
}

static int try_root_again(void)
{
	return setuid(0) < 0 ? errno : 0;
}

/* Exit status of the try, or 1000 + signal. */
static int in_child(enum priv_role role, bool filter, int (*fn)(void))
{
	struct priv_ids ids = { .change = false };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0)
			ids = (struct priv_ids){ true, 65534, 65534 };
		if (priv_begin("test") < 0)
			_exit(200);
		if (geteuid() == 0 && priv_empty_root() < 0)
			_exit(201);
		if (priv_drop(&ids) < 0)
			_exit(202);
		if (filter && priv_filter(role) < 0)
			_exit(203);
		_exit(fn());
	}
	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void with_filter(void)
{
	static const struct {
		const char *name;
		int (*fn)(void);
		int worker, signer;
	} row[] = {
		{ "memory, time, sockets", try_daily_work, 0, 0 },
		{ "opening a file", try_open, EACCES, EACCES },
		{ "making a file", try_create, EACCES, EACCES },
		{ "running a program", try_exec, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "forking", try_fork, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "tracing", try_ptrace, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "signals to others", try_kill, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "mounting", try_mount, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "kernel programs", try_bpf, 1000 + SIGSYS, 1000 + SIGSYS },
		{ "a local socket", try_unix, EAFNOSUPPORT, 1000 + SIGSYS },
		{ "a netlink socket", try_netlink, EAFNOSUPPORT,
		    1000 + SIGSYS },
		{ "a TCP socket", try_inet, 0, 1000 + SIGSYS },
		{ "memory to run code from", try_exec_memory, 1000 + SIGSYS,
		    1000 + SIGSYS },
		{ "listening", try_listen, 1000 + SIGSYS, 1000 + SIGSYS },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (row[i].fn != try_daily_work)
			tap_int(in_child(PRIV_SIGNER, true, row[i].fn),
			    row[i].signer, "signer: %s", row[i].name);
		tap_int(in_child(PRIV_WORKER, true, row[i].fn), row[i].worker,
		    "worker: %s", row[i].name);
	}
}

static int try_open_later(void)
{
	int err = priv_no_files();

	if (err == -ENOTSUP)
		return EACCES; /* nothing to show on this kernel */
	return err < 0 ? -err : try_open();
}

static int try_make_later(void)
{
	int err = priv_no_files();

	if (err == -ENOTSUP)
		return EACCES;
	return err < 0 ? -err : try_create();
}

static int no_files_in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(priv_begin("test") < 0 ? 200 : fn());
	(void)waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void without_files(void)
{
	tap_int(no_files_in_child(try_open_later), EACCES,
	    "without chroot: opening a file");
	tap_int(no_files_in_child(try_make_later), EACCES,
	    "without chroot: making a file");
}

static void as_root(void)
{
	struct priv_ids ids;

	tap_int(in_child(PRIV_WORKER, false, try_open), EACCES,
	    "empty root: nothing to open");
	tap_int(in_child(PRIV_WORKER, false, try_create), EACCES,
	    "empty root: nothing can be made");
	tap_int(in_child(PRIV_WORKER, false, try_root_again), EPERM,
	    "no way back to root");
	tap_int(priv_lookup("no-such-user-here", &ids), -ENOENT,
	    "an unknown user");
	tap_int(priv_lookup("root", &ids), -EPERM, "root is no lower user");
	tap_ok(priv_lookup("nobody", &ids) == 0 && ids.change && ids.uid != 0,
	    "a lower user");
}

int main(void)
{
	struct priv_ids ids;

	if (priv_has_filter())
		with_filter();
	else
		tap_note("built with a sanitizer: no system call filter");
	without_files();
	if (geteuid() == 0)
		as_root();
	else
		tap_ok(priv_lookup("no-such-user-here", &ids) == 0 &&
			!ids.change,
		    "an ordinary user stays what it is");
	tap_ok(priv_files(64) >= 64, "limit of files");
	tap_ok(priv_begin("test") == 0 &&
		prctl(PR_GET_DUMPABLE) == !priv_has_filter() &&
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
	    "no core dumps, no new privileges");
	return tap_done();
}
