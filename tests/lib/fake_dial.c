/* SPDX-License-Identifier: EUPL-1.2 */
/* dial in memory: every name connects at once unless fake_host said otherwise.
 */
#include "lib/fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/dial.h"

#define HOSTS_MAX 16

struct dial {
	struct dial *next;
	char host[256];
	uint16_t port;
	dial_done_f *done;
	void *arg;
};

static struct dial *dials;
static struct {
	char host[256];
	int dial;
	enum why tls;
} rule[HOSTS_MAX];
static unsigned nrules;
static struct wire *server[FAKE_SERVERS_MAX];
static unsigned nservers;

int dial_init(const char *const *servers, unsigned n)
{
	(void)servers, (void)n;
	return 0;
}

void dial_fini(void)
{
}

struct dial *dial_start(struct span host, uint16_t port, const char *to,
    bool allow_private, dial_done_f *done, void *arg)
{
	struct dial *d = calloc(1, sizeof *d), **at = &dials;

	(void)to, (void)allow_private;
	if (d == NULL)
		return NULL;
	snprintf(d->host, sizeof d->host, "%.*s", SPAN_ARG(host));
	d->port = port;
	d->done = done;
	d->arg = arg;
	while (*at != NULL)
		at = &(*at)->next;
	*at = d;
	return d;
}

void dial_cancel(struct dial *d)
{
	struct dial **at = &dials;

	if (d == NULL)
		return;
	while (*at != NULL && *at != d)
		at = &(*at)->next;
	if (*at == NULL)
		abort(); /* cancelled after done */
	*at = d->next;
	free(d);
}

static unsigned rule_of(const char *host)
{
	unsigned i = 0;

	while (i < nrules && strcmp(rule[i].host, host) != 0 &&
	       strcmp(rule[i].host, "*") != 0)
		i++;
	return i;
}

enum why fake_host_tls(const char *host)
{
	unsigned i = rule_of(host);

	return i < nrules ? rule[i].tls : WHY_DONE;
}

void fake_host(const char *host, int dial, enum why tls)
{
	if (nrules == HOSTS_MAX)
		abort();
	snprintf(rule[nrules].host, sizeof rule[nrules].host, "%s", host);
	rule[nrules].dial = dial;
	rule[nrules++].tls = tls;
}

static void connected(const struct dial *d)
{
	int fd = fake_fd();
	struct wire *w;

	if (nservers == FAKE_SERVERS_MAX)
		abort();
	w = fake_wire_new(fd);
	w->server = true;
	w->port = d->port;
	snprintf(w->host, sizeof w->host, "%s", d->host);
	server[nservers++] = w;
	d->done(d->arg, 0, fake_stream(fd, w));
}

bool fake_dial_turn(void)
{
	bool any = false;
	struct dial **at = &dials, *d;

	while ((d = *at) != NULL) {
		unsigned i = rule_of(d->host);
		int result = i < nrules ? rule[i].dial : 0;

		if (result == FAKE_HANGS) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		any = true;
		if (result == 0)
			connected(d);
		else
			d->done(d->arg, result, NULL);
		free(d);
		at = &dials; /* done may have changed the list */
	}
	return any;
}

unsigned fake_servers(struct wire *const **ret_server)
{
	*ret_server = server;
	return nservers;
}

void fake_dial_reset(void)
{
	while (dials != NULL)
		dial_cancel(dials);
	nrules = 0;
	nservers = 0;
}
