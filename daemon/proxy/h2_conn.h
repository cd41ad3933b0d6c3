/* SPDX-License-Identifier: EUPL-1.2 */
/* h2_conn - a client connection that speaks HTTP/2: an exchange per stream,
 * each with a deadline of its own.
 *
 * What one client can hold at most, H2_STREAMS_MAX requests that nobody reads:
 * 8 MiB of their content (H2_HELD_MAX_BYTES), what each may collect before its
 * head goes, and of each answer 256 KiB and one step (64 KiB), plus what waits
 * in the connection it comes from. 100 large answers from servers of HTTP/1.1
 * were 42 MB, and 100 descriptors. */
#ifndef PROXY_H2_CONN_H
#define PROXY_H2_CONN_H

#include "proxy/conn.h"

struct h2_conn;

/* For c in state HTTP. NULL when memory is out. */
struct h2_conn *h2_conn_new(struct conn *c);
/* Take over the client's stream and read what is already there. */
void h2_conn_start(struct h2_conn *h);
/* NULL is fine; freed at the end of the turn, no callback runs any more. */
void h2_conn_free(struct h2_conn *h);

/* The deadline of HTTP passed. */
void h2_conn_timeout(struct h2_conn *h);
/* No stream is open. */
bool h2_conn_idle(const struct h2_conn *h);
/* No new streams (GOAWAY); the connection ends with the last that is open, or at
 * once. */
void h2_conn_leave(struct h2_conn *h);

#endif
