/* SPDX-License-Identifier: EUPL-1.2 */
/* canary_tls - does the gateway open TLS for the canary's host, with a
 * certificate that the clients trust, and judge what is inside? Blocking, each
 * wait bounded by CANARY_WAIT_S. */
#ifndef CTL_CANARY_TLS_H
#define CTL_CANARY_TLS_H

#include "net/addr.h"

#define CANARY_TLS_ERR_BYTES 200

/* CONNECT to CANARY_HOST through proxy, a handshake that is verified against
 * root (PEM), and a request with mark that the pack answers with a sink. 0; or
 * negative errno with a sentence in err. */
int canary_tls(const struct addr *proxy, struct span root, struct span mark,
    char err[CANARY_TLS_ERR_BYTES]);

#endif
