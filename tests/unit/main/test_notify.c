/* SPDX-License-Identifier: EUPL-1.2 */
/* The service manager's protocol, against a socket of our own. */
#include "main/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/tap.h"

static int listen_at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		tap_note("bind: %d", errno);
	return fd;
}

static void expect(int fd, const char *want)
{
	char got[300];
	ssize_t n = recv(fd, got, sizeof got, 0);

	tap_span(span_of(got, n > 0 ? (size_t)n : 0), span_str(want),
	    "%.*s is sent", (int)strcspn(want, "="), want);
}

static void messages(int fd)
{
	notify_ready("2 workers, 1 services");
	expect(fd, "READY=1\nSTATUS=2 workers, 1 services");
	notify_reloading(1234);
	expect(fd, "RELOADING=1\nMONOTONIC_USEC=1234999");
	notify_stopping();
	expect(fd, "STOPPING=1");
	notify_send("WATCHDOG=1");
	expect(fd, "WATCHDOG=1");
}

static void set(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void watchdogs(void)
{
	char own[20];
	static const struct {
		const char *name, *usec, *pid;
		uint64_t want;
	} row[] = {
		{ "30 seconds", "30000000", NULL, 30000 },
		{ "for this process", "2000000", "own", 2000 },
		{ "for another process", "2000000", "1", 0 },
		{ "no number", "soon", NULL, 0 },
		{ "a negative number", "-5", NULL, 0 },
		{ "none asked for", NULL, NULL, 0 },
	};

	snprintf(own, sizeof own, "%d", (int)getpid());
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		set("WATCHDOG_USEC", row[i].usec);
		set("WATCHDOG_PID",
		    row[i].pid != NULL && row[i].pid[0] == 'o' ? own :
								 row[i].pid);
		notify_init();
		tap_int((long long)notify_watchdog_ms(),
		    (long long)row[i].want, "watchdog: %s", row[i].name);
	}
}

static void bad_names(void)
{
	static const char *const bad[] = { "relative", "", "@", "/", "vsock:2:3" };
	char far[300];

	memset(far, 'a', sizeof far - 1);
	far[0] = '/', far[sizeof far - 1] = '\0';
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		set("NOTIFY_SOCKET", bad[i]);
		tap_int(notify_init(), -EINVAL, "socket name \"%s\"", bad[i]);
		tap_ok(!notify_on() && notify_stopping() == 0,
		    "and then nothing is sent");
	}
	set("NOTIFY_SOCKET", far);
	tap_int(notify_init(), -EINVAL, "socket name that is too long");
}

int main(void)
{
	char path[] = "/tmp/sparsam-notify.XXXXXX", name[60], abstract[60];
	int fd;

	set("NOTIFY_SOCKET", NULL);
	tap_ok(notify_init() == 0 && !notify_on() && notify_stopping() == 0,
	    "without a service manager nothing happens");
	if (mkdtemp(path) == NULL)
		return 1;
	snprintf(name, sizeof name, "%s/s", path);
	fd = listen_at(name);
	set("NOTIFY_SOCKET", name);
	tap_ok(notify_init() == 0 && notify_on(), "socket file");
	tap_ok(getenv("NOTIFY_SOCKET") == NULL, "children do not inherit it");
	messages(fd);
	close(fd);
	tap_ok(notify_stopping() < 0, "a manager that is gone is an error");
	unlink(name);
	rmdir(path);
	snprintf(abstract, sizeof abstract, "@sparsam-test-%d", (int)getpid());
	fd = listen_at(abstract);
	set("NOTIFY_SOCKET", abstract);
	tap_int(notify_init(), 0, "abstract socket");
	messages(fd);
	close(fd);
	bad_names();
	watchdogs();
	return tap_done();
}
