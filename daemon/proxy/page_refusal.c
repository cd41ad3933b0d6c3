/* SPDX-License-Identifier: EUPL-1.2 */
#include "proxy/page_int.h"

#include "conf/conf.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum sent { NOTHING, PERHAPS };
enum ways { STAY, OTHER_WAYS };

struct two {
	const char *en, *de;
};

static const struct refusal {
	enum why why;
	enum sent sent;
	enum ways ways;
	struct two title, what, step[2];
} refusals[] = {
#define NONE                                                                   \
	{                                                                      \
		NULL, NULL                                                     \
	}
#define TWO(en, de)                                                            \
	{                                                                      \
		en, de                                                         \
	}
#define REFUSAL_ROW(name, sent, ways, title, what, first, second)              \
	{ WHY_##name, sent, ways, title, what, { first, second } },
#include "proxy/page_refusal.tbl"
#undef REFUSAL_ROW
#undef TWO
#undef NONE
};

static const struct refusal *find(enum why why)
{
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (refusals[i].why == why)
			return &refusals[i];
	return &refusals[COUNT(refusals) - 1];
}

static const char *say(const struct page *p, const struct two *t)
{
	return page_of(p, t->en, t->de);
}

static void fact(const struct page *p, enum page_text label)
{
	buf_addf(p->out, "<dt>%s</dt><dd>", page_text(p, label));
}

/* Which service it is about, and what is known of it. */
static void facts(const struct page *p, const struct service *s, enum why why)
{
	bool general = find(why)->why != why;

	if (s == NULL && !general)
		return;
	page_raw(p, "<dl>\n");
	if (s != NULL) {
		fact(p, TEXT_SERVICE);
		page_escaped(p, s->name);
		page_raw(p, "</dd>\n");
	}
	if (s != NULL && why == WHY_RETIRED && s->retired_since.n > 0) {
		fact(p, TEXT_SINCE);
		page_date(p, s->retired_since);
		page_raw(p, "</dd>\n");
	}
	if (s != NULL && why == WHY_RETIRED && s->successor.n > 0) {
		fact(p, TEXT_SUCCESSOR);
		page_escaped(p, s->successor);
		page_raw(p, "</dd>\n");
	}
	if (general) {
		fact(p, TEXT_REASON);
		buf_addf(p->out, "%s</dd>\n",
		    page_of(p, why_text_en(why), why_text_de(why)));
	}
	page_raw(p, "</dl>\n");
}

static void steps(const struct page *p, const struct refusal *r)
{
	if (r->step[0].en == NULL)
		return;
	page_heading(p, page_text(p, TEXT_NOW));
	page_raw(p, "<ol>\n");
	for (size_t i = 0; i < COUNT(r->step) && r->step[i].en != NULL; i++)
		buf_addf(p->out, "<li>%s</li>\n", say(p, &r->step[i]));
	page_raw(p, "</ol>\n");
}

static void agreed_services(const struct page *p, const struct service *but)
{
	unsigned n = 0;

	for (size_t i = 0; i < ruleset_count(p->conf->rules); i++) {
		const struct service *s = ruleset_at(p->conf->rules, i);

		if (!page_usable(s) || s == but)
			continue;
		if (n++ == 0)
			buf_addf(p->out, "<li>%s: ", page_text(p, TEXT_AGREED));
		else
			page_raw(p, ", ");
		page_escaped(p, s->name);
	}
	if (n > 0)
		page_raw(p, "</li>\n");
}

static void way(const struct page *p, enum page_text label, const char *target)
{
	if (target[0] == '\0')
		return;
	page_raw(p, "<li>");
	if (!page_is_link(target))
		buf_addf(p->out, "%s: ", page_text(p, label));
	page_link(p, page_text(p, label), target);
	page_raw(p, "</li>\n");
}

/* In the order of the checklist of the data protection authority. */
static void other_ways(const struct page *p, const struct service *s)
{
	const struct conf *c = p->conf;

	page_heading(p, page_text(p, TEXT_OTHER_WAYS));
	page_raw(p, "<ol>\n");
	way(p, TEXT_TELEPHONE,
	    c->page_telephone[0] != '\0' ? c->page_telephone
	                                 : page_text(p, TEXT_DIAL_IN));
	way(p, TEXT_OWN, c->page_own);
	way(p, TEXT_EU, c->page_eu);
	agreed_services(p, s);
	page_raw(p, "</ol>\n");
}

static void help(const struct page *p, const struct service *s, enum why why)
{
	page_heading(p, page_text(p, TEXT_HELP));
	if (p->conf->page_contact[0] != '\0') {
		page_raw(p, "<p>");
		page_link(p, page_text(p, TEXT_CONTACT), p->conf->page_contact);
		page_raw(p, "</p>\n");
	}
	buf_addf(p->out, "<p>%s: <strong>%.*s (%s)</strong></p>\n",
	    page_text(p, TEXT_REFERENCE),
	    SPAN_ARG(s != NULL ? s->id : SPAN("gateway")), why_word(why));
}

static void tell(const struct page *p, const struct service *s, enum why why)
{
	const struct refusal *r = find(why);

	buf_addf(p->out, "<p class=\"lead\">%s</p>\n", say(p, &r->what));
	if (r->sent == NOTHING)
		buf_addf(p->out, "<p class=\"note\">%s</p>\n",
		    page_text(p, TEXT_NO_FAULT));
	facts(p, s, why);
	steps(p, r);
	if (r->ways == OTHER_WAYS)
		other_ways(p, s);
	help(p, s, why);
}

void page_refusal(struct buf *out, const struct conf *conf,
    const struct service *service, enum why why, bool german)
{
	struct page p = { out, conf, german, 2 },
	            other = { out, conf, !german, 3 };

	page_begin(&p, say(&p, &find(why)->title), NULL);
	tell(&p, service, why);
	buf_addf(out,
	    "<details lang=\"%s\">\n<summary>%s</summary>\n"
	    "<h2 id=\"other\">%s</h2>\n",
	    german ? "en" : "de", page_text(&p, TEXT_OTHER_BELOW),
	    say(&other, &find(why)->title));
	tell(&other, service, why);
	page_raw(&p, "</details>\n");
	page_end(&p, NULL);
}
