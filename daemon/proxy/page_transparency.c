/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/page_int.h"

#include "conf/conf.h"

/* Of the page, PAGE_MAX_BYTES in all: behind it no section of a service begins,
 * and none is longer. */
#define DETAILS_BYTES (PAGE_MAX_BYTES - (40u << 10))
#define SECTION_BYTES (24u << 10)

static const char *state(const struct page *p, const struct service *s)
{
	if (!page_usable(s))
		return page_of(
		    p, why_text_en(s->refused), why_text_de(s->refused));
	return page_mode(p, s);
}

static bool is_on(const struct page *p, const struct service *s)
{
	return p->conf->service[s->index].mode != CONF_OFF;
}

static void overview_row(const struct page *p, const struct service *s)
{
	page_raw(p, "<tr><th scope=\"row\">");
	if (page_usable(s))
		buf_addf(p->out, "<a href=\"#s-%.*s\">", SPAN_ARG(s->id));
	page_escaped(p, s->name);
	buf_addf(p->out, "%s</th><td>%s%s%s</td><td class=\"n\">",
	    page_usable(s) ? "</a>" : "",
	    page_usable(s) ? "" : page_text(p, TEXT_MODE_CLOSED),
	    page_usable(s) ? "" : ": ", state(p, s));
	if (page_usable(s))
		page_number(p, s->max_case);
	page_raw(p, "</td></tr>\n");
}

/* Names with commas between, of services that are off. */
static void switched_off(const struct page *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < ruleset_count(p->conf->rules); i++) {
		const struct service *s = ruleset_at(p->conf->rules, i);

		if (is_on(p, s))
			continue;
		if (n++ == 0)
			buf_addf(p->out, "<p>%s: ", page_text(p, TEXT_T_OFF));
		else
			page_raw(p, ", ");
		page_escaped(p, s->name);
	}
	if (n > 0)
		page_raw(p, ".</p>\n");
}

static void overview(const struct page *p)
{
	unsigned n = 0;

	page_heading(p, page_text(p, TEXT_SERVICES));
	for (size_t i = 0; i < ruleset_count(p->conf->rules); i++) {
		const struct service *s = ruleset_at(p->conf->rules, i);

		if (!is_on(p, s))
			continue;
		if (n++ == 0)
			buf_addf(p->out,
			    "<table>\n<caption>%s</caption>\n<thead><tr>"
			    "<th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			    "<th scope=\"col\" class=\"n\">%s</th></tr></thead>"
			    "\n<tbody>\n",
			    page_text(p, TEXT_T_OVERVIEW),
			    page_text(p, TEXT_SERVICE),
			    page_text(p, TEXT_T_STATE),
			    page_text(p, TEXT_T_LEVEL));
		overview_row(p, s);
	}
	if (n > 0)
		buf_addf(p->out, "</tbody>\n</table>\n<p>%s</p>\n<p>%s</p>\n",
		    page_text(p, TEXT_T_LEVELS),
		    page_text(p, TEXT_T_SHARED));
	else
		buf_addf(
		    p->out, "<p>%s</p>\n", page_text(p, TEXT_T_NO_SERVICE));
	switched_off(p);
}

/* The section of a service, if there is room for it. */
static bool section(const struct page *p, const struct service *s)
{
	struct page part = *p;
	struct buf b;
	bool fits;

	if (buf_len(p->out) > DETAILS_BYTES)
		return false;
	buf_init(&b, SECTION_BYTES);
	part.out = &b;
	page_service(&part, s);
	fits = buf_error(&b) == 0;
	if (fits)
		buf_add_span(p->out, buf_span(&b));
	buf_fini(&b);
	return fits;
}

static void details(const struct page *p)
{
	const struct service *left[RULE_SERVICES_MAX];
	unsigned n = 0;

	for (size_t i = 0; i < ruleset_count(p->conf->rules); i++) {
		const struct service *s = ruleset_at(p->conf->rules, i);

		if (is_on(p, s) && page_usable(s) && !section(p, s) &&
		    n < RULE_SERVICES_MAX)
			left[n++] = s;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i == 0)
			buf_addf(p->out, "<p>%s: ", page_text(p, TEXT_T_MORE));
		buf_addf(p->out, "%s<span id=\"s-%.*s\">", i > 0 ? ", " : "",
		    SPAN_ARG(left[i]->id));
		page_escaped(p, left[i]->name);
		page_raw(p, i + 1 < n ? "</span>" : "</span>.</p>\n");
	}
}

static void in_force(const struct page *p, int64_t now_s)
{
	const char *sum = p->conf->policy_sha256;

	page_heading(p, page_text(p, TEXT_T_IN_FORCE));
	buf_addf(p->out, "<dl>\n<dt>%s</dt><dd>", page_text(p, TEXT_T_TODAY));
	page_day(p, now_s);
	buf_addf(p->out,
	    "</dd>\n<dt>%s</dt><dd>sparsam %s</dd>\n<dt>%s</dt>"
	    "<dd><code>%s</code></dd>\n</dl>\n",
	    page_text(p, TEXT_T_SOFTWARE), PACKAGE_VERSION,
	    page_text(p, TEXT_T_HASH),
	    sum[0] != '\0' ? sum : page_text(p, TEXT_T_NO_HASH));
	buf_addf(p->out,
	    "<p>%s<code>sparsamctl policy | sha256sum</code></p>\n",
	    page_text(p, TEXT_T_COMPARE));
}

void page_transparency(
    struct buf *out, const struct conf *conf, int64_t now_s, bool german)
{
	struct page p = { out, conf, german, 2 };

	page_begin(&p, page_text(&p, TEXT_TRANSPARENCY), "/transparency");
	buf_addf(out, "<p class=\"lead\">%s</p>\n", page_text(&p, TEXT_T_WHO));
	page_heading(&p, page_text(&p, TEXT_T_DOES));
	buf_addf(out, "<ul>\n%s</ul>\n", page_text(&p, TEXT_T_DOES_LIST));
	page_heading(&p, page_text(&p, TEXT_T_DOES_NOT));
	buf_addf(out, "<ul>\n%s</ul>\n", page_text(&p, TEXT_T_DOES_NOT_LIST));
	overview(&p);
	details(&p);
	in_force(&p, now_s);
	if (conf->page_contact[0] != '\0') {
		page_heading(&p, page_text(&p, TEXT_HELP));
		page_raw(&p, "<p>");
		page_link(&p, page_text(&p, TEXT_CONTACT), conf->page_contact);
		page_raw(&p, "</p>\n");
	}
	page_end(&p, "/transparency");
}
