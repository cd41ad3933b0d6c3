/* SPDX-License-Identifier: EUPL-1.2 */
/* load - what the parts of the load generator share: the options and the way to
 * give up. Everything that is not as expected ends the program: a figure is
 * worth nothing when an answer was wrong. */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_TARGETS_MAX 8

struct bytes {
	const uint8_t *p;
	size_t n;
};

struct load_opt {
	const char *authority; /* host, and the port unless it is 443 */
	const char *host;      /* name in SNI, Host and certificate */
	const char *to;        /* HOST:PORT of CONNECT */
	const char *dial[LOAD_TARGETS_MAX]; /* ADDRESS:PORT, in turn */
	unsigned ndial;
	bool proxy; /* ask with CONNECT first */
	const char *ca, *path;
	struct bytes body, expect;
	unsigned conns, lanes; /* lanes: requests at a time on one connection */
	unsigned window;       /* requests under way at a time, all together */
	unsigned long warm, requests;
	unsigned long per_conn; /* a connection ends after so many; 0: never */
	double rate;            /* requests begun per second; 0: closed loop */
	bool resume;            /* TLS sessions are used again */
	bool idle;       /* a lane asks once, then its connection stays */
	unsigned hold_s; /* so long idle connections are held */
	unsigned limit_s;
};

extern struct load_opt opt;

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Compare a part of an answer, of which at bytes came before, with what is
 * expected; ends the program when they differ. Returns the new at. */
size_t expect_part(size_t at, const uint8_t *p, size_t n);

#endif
