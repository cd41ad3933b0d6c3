/* SPDX-License-Identifier: EUPL-1.2 */
/* own - files the gateway serves about itself. */
#ifndef PROXY_OWN_H
#define PROXY_OWN_H

struct buf;
struct conf;

/* The PAC file: hosts of active packs go through the proxy at authority (the
 * Host the client used), everything else is left to the browser's default. */
void own_pac(struct buf *out, const struct conf *conf, const char *authority);

#endif
