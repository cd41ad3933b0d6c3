/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "main/signer.h"
#include "main/worker.h"

#define ENV_MAX 4

static const char worker_title[] = "sparsamd: worker ";
static const char signer_title[] = "sparsamd: signer";

/* Settings of sanitizers are all a child inherits from the environment. */
static void keep_env(char **env)
{
	static const char *const keep[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS",
		"LSAN_OPTIONS" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) {
		const char *v = getenv(keep[i]);
		size_t len = v != NULL ? strlen(keep[i]) + strlen(v) + 2 : 0;

		if (v != NULL && (env[n] = malloc(len)) != NULL)
			snprintf(env[n++], len, "%s=%s", keep[i], v);
	}
	env[n] = NULL;
}

/* Between fork and exec. */
static void become(int fd, bool verbose, char *title, char **env)
{
	char *argv[] = { title, NULL };
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	if (dup2(fd, CHILD_FD) < 0)
		_exit(126);
	if (fd == CHILD_FD && fcntl(fd, F_SETFD, 0) < 0)
		_exit(126);
	if (null >= 0) {
		(void)dup2(null, 0);
		(void)dup2(null, 1);
		if (!verbose)
			(void)dup2(null, 2);
	}
	if (close_range(CHILD_FD + 1, ~0u, 0) < 0)
		_exit(126);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execve("/proc/self/exe", argv, env);
	_exit(127);
}

int child_spawn(enum priv_role role, unsigned index, bool verbose,
    pid_t *ret_pid, int *ret_fd)
{
	char *env[ENV_MAX] = { NULL };
	char title[40];
	int fd[2], err = imsg_pair(fd);

	if (err < 0)
		return err;
	if (role == PRIV_WORKER)
		snprintf(title, sizeof title, "%s%u", worker_title, index + 1);
	else
		snprintf(title, sizeof title, "%s", signer_title);
	keep_env(env);
	*ret_pid = fork();
	if (*ret_pid == 0)
		become(fd[1], verbose, title, env);
	if (*ret_pid < 0)
		err = -errno;
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	close(fd[1]);
	if (err < 0)
		close(fd[0]);
	else
		*ret_fd = fd[0];
	return err;
}

bool child_is(int argc, char *const *argv, enum priv_role *ret_role)
{
	int type = 0;
	socklen_t n = sizeof type;

	if (argc != 1)
		return false;
	if (strcmp(argv[0], signer_title) == 0)
		*ret_role = PRIV_SIGNER;
	else if (strncmp(argv[0], worker_title, sizeof worker_title - 1) == 0)
		*ret_role = PRIV_WORKER;
	else
		return false;
	return getsockopt(CHILD_FD, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	    type == SOCK_SEQPACKET;
}

int child_main(enum priv_role role)
{
	static const int ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP,
		SIGUSR1, SIGUSR2 };
	char mem[IMSG_BODY_MAX + 8];
	struct child_start s;
	struct imsg m;
	int status;

	/* The parent decides when we end: by message, or by going away. */
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)fcntl(CHILD_FD, F_SETFD, FD_CLOEXEC);
	if (priv_begin(role == PRIV_WORKER ? "sparsamd-work" : "sparsamd-sign") <
	    0)
		return 1;
	child_log();
	child_next(mem, &m);
	if (m.type != IMSG_START || m.body.n != sizeof s)
		return 1;
	memcpy(&s, m.body.p, sizeof s);
	s.ca_dir[sizeof s.ca_dir - 1] = '\0';
	if (s.role != role)
		return 1;
	status = role == PRIV_WORKER ? worker_main(&s) : signer_main(&s);
	if (s.ids.change)
		_exit(status); /* a leak checker finds no /proc any more */
	return status;
}

void child_next(char *mem, struct imsg *m)
{
	int err = imsg_recv(CHILD_FD, CHILD_START_MS, mem, m);

	if (err < 0)
		_exit(1); /* without a parent there is nobody to tell */
}

static void on_line(int severity, const char *line, void *arg)
{
	struct imsg_body b = { .n = 0 };

	(void)arg;
	imsg_put_u32(&b, (uint32_t)severity);
	imsg_put(&b, line, strlen(line));
	/* When the parent is slow, the line is lost rather than the traffic. */
	(void)imsg_send(CHILD_FD, IMSG_LOG, imsg_body_span(&b), -1);
}

void child_log(void)
{
	log_to_sink(on_line, NULL);
}

/* One of the two keeps files away; as root usually both do. */
static void close_files(const struct child_start *s, bool empty_root)
{
	if (!priv_has_filter())
		return; /* leak checkers read /proc at the end */
	if (priv_no_files() < 0 && !empty_root && s->ids.change)
		log_msg(SANDBOX_OFF, LOG_W(priv_word(s->role)),
		    LOG_W("no-chroot"));
}

int child_sandbox(const struct child_start *s)
{
	bool empty_root = s->ids.change && priv_empty_root() == 0;
	int err = priv_drop(&s->ids);

	if (err < 0) {
		log_msg(START_FAILED, LOG_T("rights could not be given up"));
		return err;
	}
	close_files(s, empty_root);
	err = priv_filter(s->role);
	if (err == -ENOTSUP && priv_has_filter())
		log_msg(SANDBOX_OFF, LOG_W(priv_word(s->role)),
		    LOG_W("no-seccomp"));
	return err == -ENOTSUP ? 0 : err;
}
