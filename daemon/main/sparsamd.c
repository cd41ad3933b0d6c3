/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamd - options and the way into the background. sparsamd(8) is the manual
 * page. Started by its own parent, the same program becomes signer or worker. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "main/child.h"
#include "main/notify.h"
#include "main/parent.h"
#include "main/parent_int.h"

#define EXIT_USAGE 2

static int usage(void)
{
	fprintf(stderr, "usage: sparsamd [-fnv] [-c file]\n");
	return EXIT_USAGE;
}

static int check(const char *path)
{
	char err[CONF_ERR_BYTES] = "";
	struct conf *c = NULL;
	int e = rules_check(path, &c, err);

	if (e < 0)
		fprintf(stderr, "%s\n", err[0] != '\0' ? err : strerror(-e));
	else
		printf("%s: configuration is good\n", path);
	conf_unref(c);
	return e < 0;
}

/* The first process waits until everything runs, so that its exit status tells
 * whoever started it. Does not return there. */
static int into_background(int *ret_ready_fd)
{
	int fd[2], null;
	char byte;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(fd[1]);
		if (read(fd[0], &byte, 1) == 1)
			_exit(0);
		fprintf(stderr,
		    "sparsamd: the start failed, the reason is in the log\n");
		_exit(1);
	}
	close(fd[0]);
	*ret_ready_fd = fd[1];
	if (setsid() < 0)
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		(void)dup2(null, i);
	if (null > 2)
		close(null);
	return 0;
}

static int run(struct parent_options *o)
{
	char err[CONF_ERR_BYTES] = "";
	struct conf *c = NULL;
	int e = rules_check(o->conf_path, &c, err);

	conf_unref(c);
	if (e < 0) { /* told where the person is, not in the log alone */
		fprintf(stderr, "sparsamd: %s\n", err);
		return 1;
	}
	if (o->foreground) {
		log_to_stderr();
		return parent_run(o);
	}
	e = notify_on() ? 0 : into_background(&o->ready_fd);
	if (e < 0) {
		fprintf(stderr, "sparsamd: %s\n", strerror(-e));
		return 1;
	}
	log_to_syslog("sparsamd");
	return parent_run(o);
}

int main(int argc, char **argv)
{
	struct parent_options o = { .conf_path = SYSCONFDIR "/sparsamd.conf",
		.ready_fd = -1 };
	bool only_check = false;
	enum priv_role role;
	int c;

	if (child_is(argc, argv, &role))
		return child_main(role);
	if (notify_init() < 0)
		fprintf(stderr, "sparsamd: NOTIFY_SOCKET is no socket name\n");
	while ((c = getopt(argc, argv, "c:fnv")) != -1) {
		if (c == 'c') {
			o.conf_path = optarg;
		} else if (c == 'f') {
			o.foreground = true;
		} else if (c == 'n') {
			only_check = true;
		} else if (c == 'v') {
			printf("sparsamd %s\n", PACKAGE_VERSION);
			return 0;
		} else {
			return usage();
		}
	}
	if (optind < argc)
		return usage();
	return only_check ? check(o.conf_path) : run(&o);
}
