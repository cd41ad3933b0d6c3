/* SPDX-License-Identifier: EUPL-1.2 */
/* The control socket: file rights, lines in any cut, limits, late answers. The
 * client runs in a process of its own. */
#include "ctl/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "ctl/client.h"
#include "lib/tap.h"
#include "net/loop.h"

static char dir[] = "/tmp/sparsam-ctl.XXXXXX", path[64];
static struct ctl *ctl;
static uint64_t late;

static void on_command(void *arg, uint64_t session, enum cmd c)
{
	(void)arg;
	if (c == CMD_STATUS) {
		ctl_line(ctl, session, "state %s", "run\033ning");
		ctl_line(ctl, session, "worker number=%d pid=7", 1);
		ctl_line(ctl, session, "worker number=%d pid=8", 2);
		ctl_end(ctl, session, NULL);
	} else if (c == CMD_RELOAD) {
		late = session;
	} else if (c == CMD_STATS) {
		if (late != 0)
			ctl_end(ctl, late, "file:3: not good");
		late = 0;
		ctl_line(ctl, session, "total requests 5");
		ctl_line(ctl, session, "service zoom few");
		ctl_line(ctl, session, "service webex device 9");
		ctl_end(ctl, session, NULL);
	} else {
		ctl_end(ctl, session, NULL);
		loop_stop();
	}
}

static int dial(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(at.sun_path, path, strlen(path));
	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

/* Send raw bytes, then compare all that comes back with want. */
static bool talk(const char *raw, size_t cut, const char *want)
{
	int fd = dial();
	size_t n = strlen(raw), at = 0;
	char got[1000];

	for (size_t i = 0; i < n; i += cut)
		(void)send(fd, raw + i, cut < n - i ? cut : n - i,
		    MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (at < strlen(want)) {
		ssize_t r = read(fd, got + at, sizeof got - at);

		if (r <= 0)
			break;
		at += (size_t)r;
	}
	close(fd);
	return at == strlen(want) && memcmp(got, want, at) == 0;
}

static bool as_json(enum cmd c, const char *want)
{
	char *text = NULL, err[PROTO_LINE_MAX] = "";
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int e = client_ask(path, c, true, f, err);

	fclose(f);
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == ' ')
			memmove(text + i, text + i + 1, n-- - i), i--;
	e = e == 0 && strncmp(text, want, strlen(want)) == 0;
	free(text);
	return e;
}

static bool clients_limit(void)
{
	int fd[CTL_CLIENTS_MAX + 1];
	char got[40] = "";
	bool good;

	for (int i = 0; i <= CTL_CLIENTS_MAX; i++)
		fd[i] = dial();
	good = read(fd[CTL_CLIENTS_MAX], got, sizeof got - 1) > 0 &&
	    strcmp(got, "error too many clients\n") == 0;
	for (int i = 0; i <= CTL_CLIENTS_MAX; i++)
		close(fd[i]);
	usleep(50000);
	return good;
}

static bool late_answer(void)
{
	FILE *nowhere = fopen("/dev/null", "w");
	int fd = dial();
	char got[60] = "", err[PROTO_LINE_MAX];
	bool good;

	(void)send(fd, "reload\nstatus\n", 14, MSG_NOSIGNAL);
	usleep(50000);
	(void)client_ask(path, CMD_STATS, false, nowhere, err);
	good = read(fd, got, 23) == 23 &&
	    strcmp(got, "error file:3: not good\n") == 0 &&
	    read(fd, got, 14) == 14 && memcmp(got, "state run?ning", 14) == 0;
	close(fd);
	fclose(nowhere);
	return good;
}

/* One bit for each thing that went wrong. */
static int client(void)
{
	static const char status[] = "state run?ning\nworker number=1 pid=7\n"
				     "worker number=2 pid=8\nok\n";
	char err[PROTO_LINE_MAX], twice[300], flood[2000];
	int bad = 0;

	snprintf(twice, sizeof twice, "%s%s", status, status);
	memset(flood, 'a', sizeof flood - 1), flood[sizeof flood - 1] = '\0';
	bad |= talk("status\n", 100, status) ? 0 : 1;
	bad |= talk("status\nstatus\n", 1, twice) ? 0 : 2;
	bad |= talk("nonsense\n", 100, "error no such command\n") ? 0 : 4;
	bad |= talk(flood, 1999, "") ? 0 : 8;
	bad |= clients_limit() ? 0 : 16;
	bad |= late_answer() ? 0 : 32;
	bad |= as_json(CMD_STATUS,
		   "{\"state\":\"run?ning\",\"workers\":[{\"number\":1,"
		   "\"pid\":7},{\"number\":2,\"pid\":8}]}") ?
	    0 :
	    64;
	bad |= as_json(CMD_STATS,
		   "{\"total\":{\"requests\":5},\"services\":{\"zoom\":null,"
		   "\"webex\":{\"device\":9}}}") ?
	    0 :
	    128;
	(void)client_ask(path, CMD_DRAIN, false, stderr, err);
	return bad;
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	tap_ok(false, "the client takes too long");
	loop_stop();
}

static void rights(void)
{
	char err[200] = "";
	struct stat st;

	ctl = ctl_open(path, "", on_command, NULL, err);
	tap_ok(ctl != NULL, "opened %s", err);
	tap_ok(lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		(st.st_mode & 0777) == 0600,
	    "nobody else may ask");
	tap_ok(ctl_open(path, "", on_command, NULL, err) == NULL &&
		err[0] != '\0',
	    "a daemon that runs is not pushed aside");
	tap_ok(ctl_open("/tmp", "", on_command, NULL, err) == NULL,
	    "what is no socket is not removed");
	tap_ok(ctl_open("/tmp/sparsam-x", "no-such-group", on_command, NULL,
		   err) == NULL,
	    "an unknown group");
}

int main(void)
{
	static const char *const what[] = { "a command", "two, byte by byte",
		"an unknown command", "an endless line ends the client",
		"the ninth client is turned away", "an answer that comes late",
		"status as JSON", "stats as JSON" };
	const struct timeval limit = { .tv_sec = 20 };
	struct event *timer;
	int status = 0;
	pid_t pid;

	if (mkdtemp(dir) == NULL || loop_init() < 0)
		return 1;
	snprintf(path, sizeof path, "%s/control", dir);
	rights();
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(client());
	timer = evtimer_new(loop_base(), on_late, NULL);
	evtimer_add(timer, &limit);
	loop_run();
	event_free(timer);
	tap_ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status),
	    "the client has ended");
	for (int i = 0; i < 8; i++)
		tap_ok((WEXITSTATUS(status) >> i & 1) == 0, "%s", what[i]);
	ctl_close(ctl);
	tap_ok(access(path, F_OK) < 0, "the file is gone at the end");
	rmdir(dir);
	return tap_done();
}
