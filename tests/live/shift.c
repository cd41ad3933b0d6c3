/* SPDX-License-Identifier: EUPL-1.2 */
/* shift - another time for programs under test (LD_PRELOAD): the wall clock is
 * ahead by the seconds in the file that SPARSAM_SHIFT names, and follows while
 * they run. Programs that they start get it, too, whatever environment they are
 * given. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ENV_MAX 64

static const volatile int64_t *shift;
static char preload[4200], file[4200];

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SPARSAM_SHIFT"), *me = getenv("LD_PRELOAD");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = MAP_FAILED;

	if (fd >= 0)
		at = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED || me == NULL)
		return;
	shift = at;
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", me);
	snprintf(file, sizeof file, "SPARSAM_SHIFT=%s", path);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && id == CLOCK_REALTIME && shift != NULL)
		ts->tv_sec += (time_t)*shift;
	return r;
}

time_t time(time_t *out)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int execve(const char *path, char *const argv[], char *const env[])
{
	int (*next)(const char *, char *const *, char *const *);
	char *with[ENV_MAX + 3];
	size_t n = 0;

	*(void **)&next = dlsym(RTLD_NEXT, "execve");
	while (env[n] != NULL && n < ENV_MAX) {
		with[n] = env[n];
		n++;
	}
	if (shift != NULL) {
		with[n++] = preload;
		with[n++] = file;
	}
	with[n] = NULL;
	return next(path, argv, with);
}
