/* SPDX-License-Identifier: EUPL-1.2 */
/* What the pages share: words, frame, escaping. For page*.c only. */
#ifndef PROXY_PAGE_INT_H
#define PROXY_PAGE_INT_H

#include "base/buf.h"
#include "proxy/page.h"

enum page_text {
#define PAGE_ROW(name, en, de) TEXT_##name,
#include "proxy/page.tbl"
#include "proxy/page_transparency.tbl"
#undef PAGE_ROW
	TEXT_COUNT
};

struct page {
	struct buf *out;
	const struct conf *conf;
	bool german;
	unsigned level; /* of the next headings: 2 below the title */
};

/* The text in the language of the page. */
const char *page_text(const struct page *p, enum page_text t);
/* Choose by language. */
const char *page_of(const struct page *p, const char *en, const char *de);

/* As they stand, or as text for HTML. */
void page_raw(const struct page *p, const char *html);
void page_escaped(const struct page *p, struct span text);
void page_heading(const struct page *p, const char *text);
/* "2021-07-31" as people write it; anything else as it stands. */
void page_date(const struct page *p, struct span iso);
void page_day(const struct page *p, int64_t unix_s);
/* "12,345" */
void page_number(const struct page *p, uint64_t n);
/* "Features of device and program" */
const char *page_category(const struct page *p, enum category c);

/* Everything up to and with the title in main. path: of a page of our own, "/",
 * to be had in both languages; NULL: the other language stands on the page, at
 * the id "other" (in details, which browsers open for a link into it). */
void page_begin(const struct page *p, const char *title, const char *path);
void page_end(const struct page *p, const char *path);

/* What an operator has configured: the label as a link to target when it is
 * one, else target as text. */
bool page_is_link(const char *target);
void page_link(const struct page *p, const char *label, const char *target);
/* A link to a page of our own, from anywhere. */
void page_own_link(const struct page *p, const char *path, const char *label);

/* May the service be used? Then: what happens to its data. */
bool page_usable(const struct service *s);
const char *page_mode(const struct page *p, const struct service *s);
/* The section of one service on the page of transparency. */
void page_service(const struct page *p, const struct service *s);

#endif
