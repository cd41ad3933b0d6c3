/* SPDX-License-Identifier: EUPL-1.2 */
/* The signer itself, in its sandbox: two gateways with one chain give the same
 * key of the day, the day changes, and yesterday's is gone from their files.
 * Linked with --wrap=clock_unix_s: the test tells what time it is. */
#include "main/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/tap.h"
#include "main/child.h"
#include "tls/ca.h"
#include "tls/derive.h"
#include "tls/ratchet.h"
#include "unit/tls/pki.h"

#define DAY_S 86400
#define DAY 21000u
#define WAIT_MS 15000 /* the signer looks every 5 s */
#define GATEWAYS 2
#define KEY_AT 20 /* in a slot, see tls/ratchet.c */

int64_t __wrap_clock_unix_s(void);
static int64_t *now; /* shared with the signers */

int64_t __wrap_clock_unix_s(void)
{
	return *now;
}

struct gate {
	char dir[96];
	pid_t pid;
	int parent, worker; /* our ends */
	char log[4096];     /* ids of what was logged */
};

struct epoch {
	uint32_t day;
	unsigned char key[DERIVE_KEY_BYTES];
};

static struct gate gate[GATEWAYS];
static const char *top;
static const char *const file[] = { "root.pem", "root.key", "ca.pem", "ca.key",
	"master.key" };

static const char *path(const struct gate *g, const char *name)
{
	static char p[160];

	snprintf(p, sizeof p, "%.90s/%.20s", g->dir, name);
	return p;
}

static size_t get(const struct gate *g, unsigned char *ret_file, size_t max)
{
	int fd = open(path(g, "master.key"), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, ret_file, max);

	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static void put(const struct gate *g, const unsigned char *p, size_t n)
{
	int fd = open(path(g, "master.key"), O_WRONLY | O_TRUNC | O_CLOEXEC);

	tap_ok(write(fd, p, n) == (ssize_t)n, "a copy of master.key");
	close(fd);
}

static bool holds(const struct gate *g, const unsigned char *key)
{
	unsigned char all[2 * RATCHET_FILE_BYTES];
	size_t n = get(g, all, sizeof all);

	for (size_t i = 0; i + DERIVE_KEY_BYTES <= n; i++)
		if (memcmp(all + i, key, DERIVE_KEY_BYTES) == 0)
			return true;
	return false;
}

/* uid: become this user first; 0: not. */
static void start(struct gate *g, uid_t uid)
{
	struct child_start s = { .role = PRIV_SIGNER, .files = 64 };
	int fd[2];

	if (uid == 0 && priv_lookup("daemon", &s.ids) < 0)
		s.ids.change = false;
	snprintf(s.ca_dir, sizeof s.ca_dir, "%s", g->dir);
	g->log[0] = '\0';
	tap_int(imsg_pair(fd), 0, "a channel");
	fflush(stdout);
	g->pid = fork();
	if (g->pid == 0) {
		if (uid != 0 && setresuid(uid, uid, uid) < 0)
			_exit(9);
		if (dup2(fd[1], CHILD_FD) < 0 ||
		    close_range(CHILD_FD + 1, ~0u, 0) < 0)
			_exit(8);
		_exit(child_main(PRIV_SIGNER));
	}
	close(fd[1]);
	g->parent = fd[0];
	(void)imsg_send(
	    g->parent, IMSG_START, span_of((char *)&s, sizeof s), -1);
	(void)imsg_send(g->parent, IMSG_GO, SPAN(""), -1);
}

static void join(struct gate *g)
{
	uint32_t number = 0;
	int fd[2];

	tap_int(imsg_pair(fd), 0, "a worker");
	tap_int(imsg_send(g->parent, IMSG_WORKER,
	            span_of((char *)&number, sizeof number), fd[1]),
	    0, "is told of");
	close(fd[1]);
	g->worker = fd[0];
}

static void stop(struct gate *g)
{
	int status = 0;

	close(g->worker);
	close(g->parent); /* on_parent_end */
	waitpid(g->pid, &status, 0);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the signer ends by itself (status %d)", status);
}

/* The next key a worker gets. */
static bool next(struct gate *g, struct epoch *ret_epoch)
{
	static char mem[IMSG_BODY_MAX + 8];
	struct imsg m;

	while (imsg_recv(g->worker, WAIT_MS, mem, &m) == 0)
		if (m.type == IMSG_EPOCH)
			return imsg_get_u32(&m.body, &ret_epoch->day) &&
			       imsg_get(&m.body, ret_epoch->key,
			           sizeof ret_epoch->key);
	return false;
}

/* Read what the parent was told until the answer to a PING. */
static bool alive(struct gate *g)
{
	static char mem[IMSG_BODY_MAX + 8];
	uint64_t number = 7;
	struct imsg m;

	(void)imsg_send(
	    g->parent, IMSG_PING, span_of((char *)&number, sizeof number), -1);
	while (imsg_recv(g->parent, WAIT_MS, mem, &m) == 0) {
		size_t n = strlen(g->log);

		if (m.type == IMSG_PONG)
			return true;
		if (m.type == IMSG_LOG)
			snprintf(g->log + n, sizeof g->log - n, "%.*s; ",
			    SPAN_ARG(span_from(m.body, 4)));
	}
	return false;
}

static bool same(const struct epoch *a, const struct epoch *b)
{
	return a->day == b->day && memcmp(a->key, b->key, sizeof a->key) == 0;
}

static void prepare(void)
{
	static const char *const domain[] = { "meet.example" };
	unsigned char master[RATCHET_FILE_BYTES];
	char err[200];

	top = pki_dir();
	now = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*now = (int64_t)DAY * DAY_S + 100;
	for (unsigned i = 0; i < GATEWAYS; i++) {
		snprintf(gate[i].dir, sizeof gate[i].dir, "%s/%u", top, i);
		tap_int(ca_init(gate[i].dir, "", domain, 1, *now, err), 0,
		    "ca init");
	}
	tap_int((long long)get(&gate[0], master, sizeof master),
	    RATCHET_FILE_BYTES, "master.key has a day");
	put(&gate[1], master, sizeof master);
}

static void test_day(void)
{
	struct gate *a = &gate[0], *b = &gate[1];
	unsigned char chain[DERIVE_KEY_BYTES], master[RATCHET_FILE_BYTES];
	struct epoch first[2], second[2], late;

	get(a, master, sizeof master);
	memcpy(chain, master + KEY_AT, sizeof chain);
	tap_ok(holds(b, chain), "the copy holds the chain key");
	start(a, 0);
	start(b, 0);
	join(a);
	join(b);
	tap_ok(next(a, &first[0]) && next(b, &first[1]), "keys of the day");
	tap_ok(same(&first[0], &first[1]) && first[0].day == DAY,
	    "are the same on both");
	*now += DAY_S;
	tap_ok(next(a, &second[0]) && next(b, &second[1]), "the day changes");
	tap_ok(same(&second[0], &second[1]) && second[0].day == DAY + 1,
	    "the keys are the same on both");
	tap_ok(memcmp(first[0].key, second[0].key, DERIVE_KEY_BYTES) != 0,
	    "and not yesterday's");
	tap_ok(alive(a) && alive(b), "both are alive");
	tap_ok(strstr(a->log, "[S30") == NULL, "nothing is wrong: %s", a->log);
	tap_ok(!holds(a, chain) && !holds(b, chain),
	    "yesterday's chain key is in no file");
	(void)derive_next(chain);
	tap_ok(holds(a, chain) && holds(b, chain), "but today's is");
	stop(a);
	/* Whoever has the machine now, and sets its clock back. */
	*now -= DAY_S;
	start(a, 0);
	join(a);
	tap_ok(next(a, &late), "the clock goes back");
	tap_ok(same(&late, &second[0]), "the key does not");
	tap_ok(alive(a) && strstr(a->log, "S307") != NULL, "which is told: %s",
	    a->log);
	stop(a);
	stop(b);
}

/* An older copy, made before the day changed, comes to the same key. */
static void test_late_copy(void)
{
	struct gate *a = &gate[0], *b = &gate[1];
	unsigned char master[RATCHET_FILE_BYTES];
	struct epoch one, two;

	get(a, master, sizeof master);
	*now += 5 * DAY_S;
	start(a, 0);
	join(a);
	tap_ok(next(a, &one), "days later");
	put(b, master, sizeof master);
	start(b, 0);
	join(b);
	tap_ok(next(b, &two) && same(&one, &two), "an older copy agrees");
	stop(a);
	stop(b);
}

/* Where it may not write, the chain goes on in memory. */
static void test_read_only(void)
{
	const uid_t nobody = 65534;
	struct gate *a = &gate[0], *b = &gate[1];
	bool root = geteuid() == 0;
	struct epoch one, two;

	if (root) {
		tap_ok(
		    chmod(top, 0755) == 0 && chown(a->dir, nobody, nobody) == 0,
		    "a folder of another user");
		for (size_t i = 0; i < sizeof file / sizeof *file; i++)
			if (chown(path(a, file[i]), nobody, nobody) < 0)
				tap_ok(false, "chown %s", file[i]);
	}
	tap_int(chmod(path(a, "master.key"), 0400), 0, "a read-only file");
	start(a, root ? nobody : 0);
	start(b, 0);
	join(a);
	join(b);
	tap_ok(next(a, &one) && next(b, &two) && same(&one, &two),
	    "there is a key");
	tap_ok(alive(a) && strstr(a->log, "S306") != NULL, "told at start: %s",
	    a->log);
	a->log[0] = '\0';
	*now += DAY_S;
	tap_ok(next(a, &one) && next(b, &two) && same(&one, &two),
	    "it goes on in memory");
	tap_ok(alive(a) && strstr(a->log, "S306") != NULL, "told each day: %s",
	    a->log);
	stop(a);
	stop(b);
}

int main(void)
{
	(void)alarm(90); /* rather than to wait for a signer that hangs */
	prepare();
	test_day();
	test_late_copy();
	test_read_only();
	for (unsigned i = 0; i < GATEWAYS; i++) {
		for (size_t k = 0; k < sizeof file / sizeof *file; k++)
			unlink(path(&gate[i], file[k]));
		rmdir(gate[i].dir);
	}
	pki_dir_remove();
	return tap_done();
}
