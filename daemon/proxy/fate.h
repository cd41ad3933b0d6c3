/* SPDX-License-Identifier: EUPL-1.2 */
/* fate - what the rules say about a host for one client network: whether it may
 * be reached at all, and whether it may be decrypted. Two questions, two
 * answers. */
#ifndef PROXY_FATE_H
#define PROXY_FATE_H

#include "proxy/conn.h"

struct conf;

/* host: lower case, without port. Counts unlisted hosts and, for the group
 * size, the clients of a service; denials are counted where they are answered.
 * A service in mode observe that may be inspected has its denied hosts allowed,
 * with ret_fate->would.
 */
void fate_of_host(const struct conf *conf, struct span host, uint8_t level,
    struct client_count *from, struct fate *ret_fate);

/* The rules in force from now on, until the next call; NULL: none. */
void fate_rules(const struct conf *conf);

/* A connection keeps the rules it began with, conf, but no longer than its service
 * may be used: has that ended meanwhile, with new rules or a new day? WHY_DONE, or
 * the reason to refuse a request to an inspected host of service. fate_lasts: to
 * end what is passed on without requests. */
enum why fate_today(
    const struct conf *conf, const struct service *service, uint8_t level);
enum why fate_lasts(
    const struct conf *conf, const struct service *service, uint8_t level);

/* May TLS be ended here for this host, to inspect it or to answer its requests
 * ourselves (sink, page)? */
bool fate_decrypts(const struct fate *f);

#endif
