/* SPDX-License-Identifier: EUPL-1.2 */
/* h1_conn - a client connection that speaks HTTP/1.1: one exchange after the
 * other, pipelined input waits its turn. */
#ifndef PROXY_H1_CONN_H
#define PROXY_H1_CONN_H

#include "proxy/conn.h"

struct h1_conn;

/* For c in state HTTP. NULL when memory is out. */
struct h1_conn *h1_conn_new(struct conn *c);
/* Take over the client's stream and read what is already there. */
void h1_conn_start(struct h1_conn *h);
/* NULL is fine; freed at the end of the turn, no callback runs any more. */
void h1_conn_free(struct h1_conn *h);

/* The deadline of HTTP passed. */
void h1_conn_timeout(struct h1_conn *h);
/* Between two requests, nothing read. */
bool h1_conn_idle(const struct h1_conn *h);

#endif
