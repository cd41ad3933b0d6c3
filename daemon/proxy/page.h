/* SPDX-License-Identifier: EUPL-1.2 */
/* page - pages for people, German and English, plain HTML: readable without
 * script, style or colour, print well, and nothing is loaded for them. They
 * name no person, no host and no address but the gateway's own. Pure but for
 * the configuration. */
#ifndef PROXY_PAGE_H
#define PROXY_PAGE_H

#include "base/why.h"
#include "engine/rule.h"

struct buf;
struct conf;

/* Everything but the one style sheet, which stands in the page: its digest. */
#define PAGE_CSP                                                               \
	"default-src 'none'; "                                                 \
	"style-src 'sha256-" PAGE_STYLE_SHA256 "'; "                           \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define PAGE_STYLE_SHA256 "fDXvRx6/Dcr3y10IRHsE4fETd0wZ50RMx5Eq5iTi+8c="

/* No page is longer. */
#define PAGE_MAX_BYTES (128u << 10)

/* By Accept-Language: German unless English is preferred to it. */
bool page_german(struct span accept_language);
/* By "lang=de" or "lang=en" in the query of a page of our own, else as above.
 */
bool page_german_query(struct span query, struct span accept_language);

/* Why, and what to do instead: telephone, own service, EU provider, an agreed
 * service. The other language stands below the first: a link that leads to it
 * would ask the provider's server. service may be NULL. */
void page_refusal(struct buf *out, const struct conf *conf,
    const struct service *service, enum why why, bool german);

/* The start page: what this gateway is, PAC file, CA certificate, services. */
void page_start(struct buf *out, const struct conf *conf, bool german);

/* What this gateway does and does not do, for staff, staff council and data
 * protection officer: per service what is opened, what is removed in words made
 * from the pack, what was counted (figures.h), and the hash of the policy.
 * now_s: UTC seconds. When there are too many services for PAGE_MAX_BYTES, the
 * last ones are only named. */
void page_transparency(
    struct buf *out, const struct conf *conf, int64_t now_s, bool german);

#endif
