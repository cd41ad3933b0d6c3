/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/page_int.h"

#include <stdio.h>

#include "conf/conf.h"
#include "conf/date.h"

/* PAGE_STYLE_SHA256 is its digest; tests/live/a11y.t compares. */
static const char style[] =
#include "proxy/page_style.tbl"
    ;

static const char *const text[][2] = {
#define PAGE_ROW(name, en, de) { en, de },
#include "proxy/page.tbl"
#include "proxy/page_transparency.tbl"
#undef PAGE_ROW
};

const char *page_of(const struct page *p, const char *en, const char *de)
{
	return p->german ? de : en;
}

const char *page_text(const struct page *p, enum page_text t)
{
	return text[t][p->german];
}

void page_raw(const struct page *p, const char *html)
{
	buf_add_str(p->out, html);
}

void page_escaped(const struct page *p, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '<':
			buf_add_str(p->out, "&lt;");
			break;
		case '>':
			buf_add_str(p->out, "&gt;");
			break;
		case '&':
			buf_add_str(p->out, "&amp;");
			break;
		case '"':
			buf_add_str(p->out, "&quot;");
			break;
		default:
			buf_add_char(p->out, s.p[i]);
			break;
		}
}

void page_heading(const struct page *p, const char *words)
{
	buf_addf(p->out, "<h%u>%s</h%u>\n", p->level, words, p->level);
}

static bool is_date(struct span s)
{
	if (s.n != 10)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i == 4 || i == 7 ? s.p[i] != '-' : !ascii_digit(s.p[i]))
			return false;
	return true;
}

void page_date(const struct page *p, struct span iso)
{
	struct span months = span_str(page_text(p, TEXT_MONTHS)), month;
	unsigned m = is_date(iso) ? (unsigned)(iso.p[5] - '0') * 10u +
	                                (unsigned)(iso.p[6] - '0')
	                          : 0;

	if (m < 1 || m > 12) {
		page_escaped(p, iso);
		return;
	}
	for (month = span_cut(&months, ' '); m > 1; m--)
		month = span_cut(&months, ' ');
	buf_addf(p->out, "<time datetime=\"%.10s\">", iso.p);
	if (p->german)
		buf_addf(
		    p->out, "%.2s.%.*s%.4s", iso.p + 8, SPAN_ARG(month), iso.p);
	else
		buf_addf(p->out, "%.*s %.*s %.4s", iso.p[8] == '0' ? 1 : 2,
		    iso.p + (iso.p[8] == '0' ? 9 : 8), SPAN_ARG(month), iso.p);
	page_raw(p, "</time>");
}

void page_day(const struct page *p, int64_t unix_s)
{
	char iso[DATE_TEXT_BYTES];

	date_text(date_of(unix_s), iso);
	page_date(p, span_str(iso));
}

void page_number(const struct page *p, uint64_t n)
{
	char digits[24];
	int len =
	    snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_add_char(p->out, p->german ? '.' : ',');
		buf_add_char(p->out, digits[i]);
	}
}

const char *page_category(const struct page *p, enum category c)
{
	return page_text(p, (enum page_text)(TEXT_C_NONE + (int)c));
}

static void head(const struct page *p, const char *title)
{
	struct span authority = span_str(p->conf->page_authority);

	buf_addf(p->out,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n<title>%s - ",
	    p->german ? "de" : "en", title);
	page_escaped(p,
	    authority.n > 0 ? authority : span_str(page_text(p, TEXT_GATEWAY)));
	buf_addf(p->out, "</title>\n<style>%s</style>\n</head>\n", style);
}

static void banner(const struct page *p, const char *path)
{
	struct span authority = span_str(p->conf->page_authority);

	buf_addf(p->out,
	    "<body>\n<a class=\"skip\" href=\"#content\">%s</a>\n"
	    "<header>\n<p class=\"who\">",
	    page_text(p, TEXT_SKIP));
	if (authority.n > 0) {
		page_raw(p, "<strong>");
		page_escaped(p, authority);
		page_raw(p, "</strong> ");
	}
	buf_addf(p->out, "<span>%s</span></p>\n", page_text(p, TEXT_GATEWAY));
	buf_addf(p->out,
	    "<nav aria-label=\"%s\"><a href=\"%s%s\" lang=\"%s\" "
	    "hreflang=\"%s\">%s</a></nav>\n</header>\n",
	    page_text(p, TEXT_LANGUAGES), path != NULL ? path : "",
	    path == NULL ? "#other"
	    : p->german  ? "?lang=en"
	                 : "?lang=de",
	    p->german ? "en" : "de", p->german ? "en" : "de",
	    page_text(p, TEXT_OTHER_LANGUAGE));
}

void page_begin(const struct page *p, const char *title, const char *path)
{
	head(p, title);
	banner(p, path);
	buf_addf(p->out, "<main id=\"content\">\n<h1>%s</h1>\n", title);
}

bool page_is_link(const char *s)
{
	struct span t = span_str(s);

	return span_starts(t, SPAN("https://")) ||
	       span_starts(t, SPAN("http://")) ||
	       span_starts(t, SPAN("tel:")) || span_starts(t, SPAN("mailto:"));
}

void page_link(const struct page *p, const char *label, const char *target)
{
	if (page_is_link(target)) {
		page_raw(p, "<a href=\"");
		page_escaped(p, span_str(target));
		buf_addf(p->out, "\">%s</a>", label);
	} else {
		page_escaped(p, span_str(target));
	}
}

void page_own_link(const struct page *p, const char *path, const char *label)
{
	page_raw(p, "<a href=\"http://");
	page_escaped(p, span_str(p->conf->page_name));
	buf_addf(p->out, "/%s?lang=%s\">%s</a>", path, p->german ? "de" : "en",
	    label);
}

static void foot_link(
    const struct page *p, enum page_text t, const char *target)
{
	if (!page_is_link(target))
		return;
	page_raw(p, "</li>\n<li>");
	page_link(p, page_text(p, t), target);
}

void page_end(const struct page *p, const char *path)
{
	page_raw(p, "</main>\n<footer>\n<ul>\n<li>");
	if (path == NULL || strcmp(path, "/") == 0)
		page_own_link(
		    p, "transparency", page_text(p, TEXT_TRANSPARENCY));
	else
		page_own_link(p, "", page_text(p, TEXT_START));
	foot_link(p, TEXT_IMPRINT, p->conf->page_imprint);
	foot_link(p, TEXT_PRIVACY, p->conf->page_privacy);
	foot_link(p, TEXT_ACCESSIBILITY, p->conf->page_accessibility);
	page_raw(p, "</li>\n</ul>\n</footer>\n</body>\n</html>\n");
}

bool page_usable(const struct service *s)
{
	return s->refused == WHY_DONE;
}

const char *page_mode(const struct page *p, const struct service *s)
{
	if (!s->inspect)
		return page_text(p, TEXT_MODE_TUNNELLED);
	return page_text(p, p->conf->service[s->index].mode == CONF_OBSERVE
	                        ? TEXT_MODE_OBSERVED
	                        : TEXT_MODE_INSPECTED);
}

/* Quality of a language range in Accept-Language, in thousandths; 0: absent. */
static unsigned quality(struct span item)
{
	struct span q = span_from(item, span_chr(item, ';'));
	size_t at = span_find(q, SPAN("q="));
	unsigned v = 0, unit = 100;

	if (at == q.n)
		return 1000;
	q = span_from(q, at + 2);
	if (q.n > 0 && q.p[0] == '1')
		return 1000;
	for (q = span_from(q, 2); q.n > 0 && ascii_digit(q.p[0]) && unit > 0;
	     q = span_from(q, 1), unit /= 10)
		v += (unsigned)(q.p[0] - '0') * unit;
	return v;
}

bool page_german(struct span accept_language)
{
	unsigned de = 0, en = 0, q;

	while (accept_language.n > 0) {
		struct span item = span_trim(span_cut(&accept_language, ','));

		q = quality(item);
		if (span_starts_nocase(item, SPAN("de")) && q > de)
			de = q;
		if (span_starts_nocase(item, SPAN("en")) && q > en)
			en = q;
	}
	return de >= en;
}

bool page_german_query(struct span query, struct span accept_language)
{
	while (query.n > 0) {
		struct span item = span_cut(&query, '&');

		if (span_eq(item, SPAN("lang=de")))
			return true;
		if (span_eq(item, SPAN("lang=en")))
			return false;
	}
	return page_german(accept_language);
}
