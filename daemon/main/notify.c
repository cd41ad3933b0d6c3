/* SPDX-License-Identifier: EUPL-1.2 */
#include "main/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/span.h"

static struct sockaddr_un to;
static socklen_t to_len; /* 0: nobody listens */
static uint64_t watchdog_ms;

static int read_address(const char *name)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 ||
	    n >= sizeof to.sun_path)
		return -EINVAL;
	memset(&to, 0, sizeof to);
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path, name, n);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

static void read_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t v;

	watchdog_ms = 0;
	if (pid != NULL && (span_u64(span_str(pid), INT32_MAX, &v) < 0 ||
			       (pid_t)v != getpid()))
		return;
	if (usec != NULL && span_u64(span_str(usec), UINT32_MAX, &v) == 0)
		watchdog_ms = v / 1000;
}

int notify_init(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int err = 0;

	to_len = 0;
	if (name != NULL)
		err = read_address(name);
	read_watchdog();
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return err;
}

bool notify_on(void)
{
	return to_len != 0;
}

int notify_send(const char *state)
{
	ssize_t n;
	int fd, err = 0;

	if (to_len == 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	n = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&to, to_len);
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

int notify_ready(const char *status)
{
	char state[256];

	snprintf(state, sizeof state, "READY=1\nSTATUS=%s", status);
	return notify_send(state);
}

int notify_reloading(uint64_t now_ms)
{
	char state[128];

	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)now_ms * 1000 + 999);
	return notify_send(state);
}

int notify_stopping(void)
{
	return notify_send("STOPPING=1");
}

uint64_t notify_watchdog_ms(void)
{
	return watchdog_ms;
}
