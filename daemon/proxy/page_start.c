/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/page_int.h"

#include "conf/conf.h"

static void item(const struct page *p, const char *path, enum page_text label)
{
	buf_addf(p->out, "<li><a href=\"%s\">%s</a></li>\n", path,
	    page_text(p, label));
}

static void services(const struct page *p)
{
	page_heading(p, page_text(p, TEXT_SERVICES));
	page_raw(p, "<ul>\n");
	for (size_t i = 0; i < ruleset_count(p->conf->rules); i++) {
		const struct service *s = ruleset_at(p->conf->rules, i);

		if (p->conf->service[s->index].mode == CONF_OFF)
			continue;
		page_raw(p, "<li>");
		page_escaped(p, s->name);
		if (page_usable(s))
			buf_addf(p->out, ": %s</li>\n", page_mode(p, s));
		else
			buf_addf(p->out, ": %s: %s</li>\n",
			    page_text(p, TEXT_MODE_CLOSED),
			    page_of(p, why_text_en(s->refused),
			        why_text_de(s->refused)));
	}
	page_raw(p, "</ul>\n");
}

void page_start(struct buf *out, const struct conf *conf, bool german)
{
	struct page p = { out, conf, german, 2 };

	page_begin(&p, page_text(&p, TEXT_GATEWAY), "/");
	buf_addf(
	    out, "<p class=\"lead\">%s</p>\n", page_text(&p, TEXT_START_WHAT));
	services(&p);
	page_heading(&p, page_text(&p, TEXT_SETUP));
	page_raw(&p, "<ul>\n");
	item(&p, "/proxy.pac", TEXT_PAC);
	if (conf->ca_pem.n > 0) {
		item(&p, "/ca.pem", TEXT_PEM);
		item(&p, "/ca.crt", TEXT_DER);
	}
	page_raw(&p, "</ul>\n");
	page_end(&p, "/");
}
