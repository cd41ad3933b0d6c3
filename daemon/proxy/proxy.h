/* SPDX-License-Identifier: EUPL-1.2 */
/* proxy - the face of the live leg towards a worker process: it is handed
 * sockets, snapshots and keys, and asks for leaf certificates. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include <sys/socket.h>

#include "base/span.h"

struct conf;
struct proxy_hooks {
	/* Ask the signer for a leaf for host (lower case). The answer comes as
	 * proxy_leaf with the same id, or never (the signer died: then
	 * proxy_signer_lost is called). -EPIPE when there is no signer. */
	int (*ask_leaf)(void *arg, uint64_t id, struct span host);
	/* The last connection has gone after proxy_drain. */
	void (*drained)(void *arg);
	void *arg;
};

/* After loop_init, dial_init and leaf_init. 0 or -ENOMEM. */
int proxy_init(const struct proxy_hooks *hooks);
void proxy_fini(void);

/* New connections use c from now on (one reference is taken); live ones keep
 * theirs. 0 or -ENOMEM, -EINVAL (trust store), then the old one stays. */
int proxy_use(struct conf *c);

/* Key of this UTC day (32 bytes, copied). Without one inspected requests that
 * need an alias are refused. */
void proxy_epoch(uint32_t day, const unsigned char key[32]);

/* A new client connection; fd is owned from now on, whatever happens. */
void proxy_accept(int fd, const struct sockaddr *from);

/* The signer's answer: a chain (err 0), or a negative errno of ca_issue. */
void proxy_leaf(uint64_t id, struct span host, int err, struct span chain_der);
/* All questions that wait get no answer any more. */
void proxy_signer_lost(void);

/* Accept nothing new; live connections may go on for at most limit_s. */
void proxy_drain(unsigned limit_s);
unsigned proxy_open(void); /* client connections now */

#endif
