/* SPDX-License-Identifier: EUPL-1.2 */
/* snapshot - what a connection keeps for its whole life: the configuration with
 * its rules, and what servers are checked against. Counted. */
#ifndef PROXY_SNAPSHOT_H
#define PROXY_SNAPSHOT_H

struct conf;
struct servers;

struct snapshot {
	unsigned refs;
	struct conf *conf;       /* one reference */
	struct servers *servers; /* owned */
};

/* One reference; takes one of conf. NULL when memory is out or the trust store
 * cannot be read. */
struct snapshot *snapshot_new(struct conf *conf);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

#endif
