/* SPDX-License-Identifier: EUPL-1.2 */
/* case_run - play one case against the real proxy, http, body, engine and conf
 * code over the fakes of net/ and tls/. One process, one case at a time. */
#ifndef TESTS_CASE_RUN_H
#define TESTS_CASE_RUN_H

#include "base/buf.h"
#include "lib/case_file.h"

struct conf;

/* How the bytes of both sides come. */
struct case_way {
	enum {
		WAY_WHOLE,  /* each block at once */
		WAY_CUT,    /* all as one, but in two parts at byte `at` */
		WAY_SINGLE, /* byte by byte */
		WAY_DAMAGE, /* bit `at` of what the client sends is flipped */
		WAY_SHORT   /* the client ends after byte `at` */
	} way;
	size_t at;
	bool client_h2, server_h2; /* spoken where it can be */
};

/* Facts of one run. */
struct case_result {
	bool good;
	char unsaid[200]; /* why it cannot be said over HTTP/2, or "" */
	bool h2;          /* some of it was */
	struct buf text;  /* why it is not good, lines for people */
	size_t sent;     /* bytes both sides have sent */
	size_t sent_client;
};

/* conf is what the case names, loaded. In the ways that damage only what must
 * always hold is checked: everything the servers got can be read in one way,
 * and `never`. */
void case_run(const struct case_file *c, struct conf *conf, struct case_way way,
    struct case_result *ret_result);

#endif
