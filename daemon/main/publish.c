/* SPDX-License-Identifier: EUPL-1.2 */
/* What the parent publishes for the page of transparency: figures that may be
 * told, in memory that workers can read and nobody but the parent can write. */
#include "main/parent_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/clock.h"
#include "proxy/figures.h"

/* Our own mapping comes first: after the seal there can be none that writes
 * (memfd_create(2), Linux 5.1). */
int publish_init(struct parent *p)
{
	int fd = memfd_create("figures", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	p->figures_fd = fd;
	if (fd < 0 || ftruncate(fd, sizeof *p->figures) < 0)
		return -errno;
	p->figures = mmap(NULL, sizeof *p->figures, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (p->figures == MAP_FAILED)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS,
	        F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
	            F_SEAL_SEAL) < 0)
		return -errno;
	p->figures->since_s = (uint64_t)clock_unix_s();
	return 0;
}

/* Everybody can read them at any time: they move once an interval, and no client
 * counts as several because several workers have seen it. */
void publish_figures(struct parent *p)
{
	const struct conf *c = p->now.conf;
	unsigned least = c->group_min > 1 ? c->group_min * p->nworker : 1;
	uint64_t interval = (uint64_t)clock_unix_s() / c->log_interval_s;
	uint64_t n[STAT_SERVICE_COUNT];
	struct stat_page sum;

	if (interval == p->figures_interval &&
	    p->now.generation == p->figures_generation)
		return;
	p->figures_interval = interval;
	p->figures_generation = p->now.generation;
	kids_sum(p, &sum);
	for (unsigned i = 0; i < STAT_SERVICES_MAX; i++) {
		bool tell =
		    i < c->nservice && c->service[i].mode != CONF_OFF &&
		    summary_show_service(&p->summary, &sum, i, least);

		for (int s = 0; tell && s < STAT_SERVICE_COUNT; s++)
			n[s] = summary_service(
			    &p->summary, i, (enum stat_service)s);
		figures_put(p->figures, i,
		    i < c->nservice ? c->service[i].id : SPAN(""),
		    tell ? n : NULL);
	}
}
