/* SPDX-License-Identifier: EUPL-1.2 */
/* values - what rewriting and scrubbing are given for the values they meet, in
 * one direction of a request or a socket: names by the keys of its scope; and
 * what a line did is counted for its service, what no line speaks of remembered
 * as drift. */
#ifndef PROXY_VALUES_H
#define PROXY_VALUES_H

#include "engine/treat.h"
#include "proxy/keys.h"

struct conf;

struct values {
	struct env env;          /* its arg is this struct: it does not move */
	const struct conf *conf; /* borrowed, as all below */
	const struct service *service;
	struct keys_scope *scope;
	bool down;
};

void values_init(struct values *v, const struct conf *conf,
    const struct service *service, struct keys_scope *scope, bool down);

#endif
