/* SPDX-License-Identifier: EUPL-1.2 */
/* page - pages for people, German and English, plain HTML: readable without
 * script, style or colour, prints well. Pure but for the configuration. */
#ifndef PROXY_PAGE_H
#define PROXY_PAGE_H

#include "base/why.h"
#include "engine/rule.h"

struct buf;
struct conf;

/* By Accept-Language: German unless English is preferred to it. */
bool page_german(struct span accept_language);

/* Which service, why, and what to do instead: telephone, own service, EU
 * provider, an agreed service. service may be NULL. */
void page_refusal(struct buf *out, const struct conf *conf,
    const struct service *service, enum why why, bool german);

/* The start page: what this gateway is, PAC file, CA certificate, services. */
void page_start(struct buf *out, const struct conf *conf, bool german);

#endif
