/* SPDX-License-Identifier: EUPL-1.2 */
/* What the page of transparency tells of one service, in words made from its
 * pack: who runs it, which servers are opened, what is removed, what was
 * counted. */
#include "proxy/page_int.h"

#include "conf/conf.h"
#include "proxy/figures.h"

#define HOSTS_MAX 80   /* patterns in one row */
#define REASONS_MAX 24 /* rows of reasons, others are put together */

/* ---- facts ---- */

static void fact(const struct page *p, enum page_text label)
{
	buf_addf(p->out, "<dt>%s</dt><dd>", page_text(p, label));
}

static void fact_span(const struct page *p, enum page_text label, struct span s)
{
	if (s.n == 0)
		return;
	fact(p, label);
	page_escaped(p, s);
	page_raw(p, "</dd>\n");
}

static enum page_text light_text(struct span light)
{
	if (span_eq(light, SPAN("red")))
		return TEXT_T_RED;
	if (span_eq(light, SPAN("yellow")))
		return TEXT_T_YELLOW;
	if (span_eq(light, SPAN("green")))
		return TEXT_T_GREEN;
	return TEXT_T_UNRATED;
}

static void ratings(const struct page *p, const struct service *s)
{
	if (s->nrating == 0)
		return;
	fact(p, TEXT_T_RATED);
	for (uint32_t i = 0; i < s->nrating; i++) {
		page_raw(p, i > 0 ? "<br>" : "");
		page_escaped(p, s->rating[i].source);
		page_raw(p, ", ");
		page_date(p, s->rating[i].date);
		buf_addf(p->out, ": %s",
		    page_text(p, light_text(s->rating[i].light)));
	}
	buf_addf(p->out, "<br>%s</dd>\n", page_text(p, TEXT_T_HISTORY));
}

static void parties(const struct page *p, const struct service *s)
{
	if (s->nparty == 0)
		return;
	fact(p, TEXT_T_PARTIES);
	for (uint32_t i = 0; i < s->nparty; i++) {
		page_raw(p, i > 0 ? ", " : "");
		page_escaped(p, s->party[i].name);
		page_raw(p, " (");
		page_escaped(p, s->party[i].country);
		page_raw(p, ")");
	}
	page_raw(p, "</dd>\n");
}

static void extras(const struct page *p, const struct service *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EXTRA_COUNT; i++) {
		if ((s->extras & (1u << i)) == 0)
			continue;
		if (n++ == 0)
			fact(p, TEXT_T_EXTRAS);
		buf_addf(p->out, "%s%s: %s", n > 1 ? ", " : "",
		    page_text(p, (enum page_text)(TEXT_T_RECORDING + i)),
		    page_text(p, (s->allowed & (1u << i)) != 0
		                     ? TEXT_T_IS_ALLOWED
		                     : TEXT_T_IS_DENIED));
	}
	if (n > 0)
		page_raw(p, "</dd>\n");
}

static void codeless(const struct page *p, const struct service *s)
{
	if (s->join.n > 0)
		fact_span(p, TEXT_T_CODELESS,
		    span_str(page_text(p, TEXT_T_IS_DENIED)));
}

static void facts(const struct page *p, const struct service *s)
{
	const struct inspection *v = &p->conf->service[s->index].inspection;

	page_raw(p, "<dl>\n");
	if (s->operator_name.n > 0) {
		fact(p, TEXT_T_OPERATOR);
		page_escaped(p, s->operator_name);
		page_raw(p, s->operator_seat.n > 0 ? " (" : "");
		page_escaped(p, s->operator_seat);
		page_raw(p, s->operator_seat.n > 0 ? ")</dd>\n" : "</dd>\n");
	}
	parties(p, s);
	fact(p, TEXT_T_RULES);
	buf_addf(p->out, "%s %u", page_text(p, TEXT_T_VERSION), s->version);
	if (s->reviewed.n > 0) {
		buf_addf(p->out, ", %s ", page_text(p, TEXT_T_REVIEWED));
		page_date(p, s->reviewed);
	}
	page_raw(p, "</dd>\n");
	ratings(p, s);
	extras(p, s);
	codeless(p, s);
	fact_span(p, TEXT_T_BASIS, v->basis);
	fact_span(p, TEXT_T_DPIA, v->dpia);
	fact_span(p, TEXT_T_COUNCIL, v->council);
	fact_span(p, TEXT_T_NOTICE, v->notice);
	page_raw(p, "</dl>\n");
}

/* ---- servers ---- */

static void table(const struct page *p, enum page_text caption, struct span of,
    enum page_text first, enum page_text second)
{
	buf_addf(p->out, "<table>\n<caption>%s: ", page_text(p, caption));
	page_escaped(p, of);
	buf_addf(p->out,
	    "</caption>\n<thead><tr><th scope=\"col\">%s</th>"
	    "<th scope=\"col\"%s>%s</th>",
	    page_text(p, first), second == TEXT_T_NUMBER ? " class=\"n\"" : "",
	    page_text(p, second));
}

static bool same_row(const struct host_line *a, const struct host_line *b)
{
	return a->verdict == b->verdict && a->category == b->category &&
	       (a->verdict != VERDICT_TUNNEL || span_eq(a->text, b->text));
}

static void host(const struct page *p, const struct host_line *h)
{
	if (host_line_is_list(h)) {
		page_number(p, h->listed);
		buf_addf(p->out, " %s", page_text(p, TEXT_T_LISTED));
		return;
	}
	page_raw(p, "<code>");
	page_escaped(p, h->pattern);
	page_raw(p, "</code>");
}

/* What happens, and why. Reasons are written in the pack, in English. */
static void verdict(
    const struct page *p, const struct service *s, const struct host_line *h)
{
	switch (h->verdict) {
	case VERDICT_INSPECT:
		page_raw(
		    p, page_text(p, s->inspect ? TEXT_T_OPENED : TEXT_T_SHUT));
		break;
	case VERDICT_TUNNEL:
		buf_addf(p->out, "%s<br><span class=\"quiet\" lang=\"en\">",
		    page_text(p, TEXT_T_PASSES));
		page_escaped(p, h->text);
		page_raw(p, "</span>");
		break;
	case VERDICT_DENY:
		buf_addf(p->out, "%s<br><span class=\"quiet\">%s</span>",
		    page_text(p, TEXT_T_CLOSED), page_category(p, h->category));
		break;
	}
}

/* One row with all hosts that the same happens to as to line number first. */
static void host_row(
    const struct page *p, const struct service *s, uint32_t first)
{
	unsigned n = 0;

	page_raw(p, "<tr><th scope=\"row\">");
	verdict(p, s, &s->host[first]);
	page_raw(p, "</th><td>");
	for (uint32_t i = first; i < s->nhost; i++) {
		if (!same_row(&s->host[i], &s->host[first]) || n++ >= HOSTS_MAX)
			continue;
		page_raw(p, n > 1 ? ", " : "");
		host(p, &s->host[i]);
	}
	if (n > HOSTS_MAX)
		buf_addf(p->out, ", %u %s", n - HOSTS_MAX,
		    page_text(p, TEXT_T_FURTHER));
	page_raw(p, "</td></tr>\n");
}

static void servers(const struct page *p, const struct service *s)
{
	static const enum verdict order[] = { VERDICT_INSPECT, VERDICT_TUNNEL,
		VERDICT_DENY };
	unsigned rows = 0;

	table(p, TEXT_T_SERVERS, s->name, TEXT_T_WHAT, TEXT_T_SERVER);
	page_raw(p, "</tr></thead>\n<tbody>\n");
	for (size_t v = 0; v < sizeof order / sizeof *order; v++)
		for (uint32_t i = 0; i < s->nhost && rows < REASONS_MAX; i++) {
			bool seen = s->host[i].verdict != order[v];

			for (uint32_t k = 0; k < i && !seen; k++)
				seen = same_row(&s->host[k], &s->host[i]);
			if (!seen) {
				host_row(p, s, i);
				rows++;
			}
		}
	page_raw(p, "</tbody>\n</table>\n");
}

/* ---- what is removed or replaced ---- */

/* What the lines of a category do. */
struct tally {
	unsigned act[ACT_COUNT];
	unsigned denied; /* entries */
	unsigned where;  /* bits 1 << (TEXT_W_* - TEXT_W_HEAD) */
};

static enum page_text place(const struct where *w)
{
	switch (w->carrier) {
	case CARRIER_HEADER:
		return TEXT_W_HEAD;
	case CARRIER_COOKIE:
		return TEXT_W_COOKIE;
	case CARRIER_QUERY:
	case CARRIER_PATH:
	case CARRIER_HOST:
	case CARRIER_SOCKET:
	case CARRIER_PARTY:
	case CARRIER_PLACE:
	case CARRIER_NET:
		return TEXT_W_ADDRESS;
	case CARRIER_FORM:
	case CARRIER_MULTIPART:
		return TEXT_W_FORM;
	case CARRIER_SDP:
		return TEXT_W_MEDIA;
	case CARRIER_JSON:
	case CARRIER_XML:
	case CARRIER_PROTO:
	case CARRIER_TEXT:
	case CARRIER_COUNT:
		return TEXT_W_MESSAGE;
	}
	return TEXT_W_MESSAGE;
}

static bool changes(enum act a)
{
	return a != ACT_KEEP && a != ACT_RESTORE;
}

static void count_line(struct tally *t, const struct line *l, enum page_text at)
{
	if (!changes(l->treat.act))
		return;
	t[l->category].act[l->treat.act]++;
	t[l->category].where |= 1u << (at - TEXT_W_HEAD);
}

static void count(struct tally *t, const struct list_of_entries *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->p[i];

		if (e->denies) {
			t[e->category].denied++;
			t[e->category].where |=
			    1u << (TEXT_W_REQUEST - TEXT_W_HEAD);
		}
		for (uint32_t k = 0; k < e->nstrip; k++)
			count_line(t, &e->strip[k], place(&e->strip[k].where));
	}
}

/* ", removed (4 places)"; one: the word for one of what is counted, the next
 * text is that for more. */
static void times(const struct page *p, unsigned *n, enum page_text how,
    unsigned number, enum page_text one)
{
	if (number == 0)
		return;
	buf_addf(p->out, "%s%s (", (*n)++ > 0 ? ", " : "", page_text(p, how));
	page_number(p, number);
	buf_addf(p->out, "&nbsp;%s)",
	    page_text(p, (enum page_text)(one + (number != 1))));
}

static unsigned treated_row(
    const struct page *p, enum category c, const struct tally *t)
{
	unsigned n = 0;

	if (t->where == 0)
		return 0;
	buf_addf(
	    p->out, "<tr><th scope=\"row\">%s</th><td>", page_category(p, c));
	for (unsigned a = 0; a < ACT_COUNT; a++)
		times(p, &n, (enum page_text)(TEXT_A_KEEP + a), t->act[a],
		    TEXT_T_PLACE);
	times(p, &n, TEXT_A_DENIED, t->denied, TEXT_T_SORT);
	buf_addf(p->out,
	    "<br><span class=\"quiet\">%s: ", page_text(p, TEXT_T_WHERE));
	n = 0;
	for (unsigned w = 0; w <= TEXT_W_REQUEST - TEXT_W_HEAD; w++)
		if ((t->where & (1u << w)) != 0)
			buf_addf(p->out, "%s%s", n++ > 0 ? ", " : "",
			    page_text(p, (enum page_text)(TEXT_W_HEAD + w)));
	page_raw(p, "</span></td></tr>\n");
	return 1;
}

static void treated(const struct page *p, const struct service *s)
{
	struct tally t[CATEGORY_COUNT];
	bool any = false;

	memset(t, 0, sizeof t);
	count(t, &s->request);
	count(t, &s->response);
	count(t, &s->websocket);
	for (uint32_t i = 0; i < s->ndetect; i++)
		count_line(t, &s->detect[i].line, TEXT_W_SHAPE);
	for (unsigned c = 0; c < CATEGORY_COUNT; c++)
		any = any || t[c].where != 0;
	if (!any) {
		buf_addf(p->out, "<p>%s</p>\n", page_text(p, TEXT_T_NOTHING));
		return;
	}
	table(p, TEXT_T_TREATED, s->name, TEXT_T_KIND, TEXT_T_HOW);
	page_raw(p, "</tr></thead>\n<tbody>\n");
	for (unsigned c = CATEGORY_NONE + 1; c < CATEGORY_COUNT; c++)
		(void)treated_row(p, (enum category)c, &t[c]);
	page_raw(p, "</tbody>\n</table>\n");
}

/* ---- figures ---- */

static void figure(
    const struct page *p, const char *label, const char *more, uint64_t n)
{
	buf_addf(p->out, "<tr><th scope=\"row\">%s%s%s</th><td class=\"n\">",
	    label, more[0] != '\0' ? ": " : "", more);
	page_number(p, n);
	page_raw(p, "</td></tr>\n");
}

/* In thousandths, rounded. */
static unsigned share(uint64_t part, uint64_t rest)
{
	uint64_t all = part + rest;

	while (all > UINT64_MAX / 2000) { /* more than an exabyte */
		part /= 2;
		all /= 2;
	}
	return all == 0 ? 0 : (unsigned)((part * 1000 + all / 2) / all);
}

static void figure_rows(
    const struct page *p, const uint64_t n[STAT_SERVICE_COUNT])
{
	static const struct {
		enum stat_service s;
		enum page_text category;
	} value[] = {
		{ STAT_SERVICE_PARTICIPANT, TEXT_C_PARTICIPANT },
		{ STAT_SERVICE_DEVICE, TEXT_C_DEVICE },
		{ STAT_SERVICE_TIME, TEXT_C_TIME },
		{ STAT_SERVICE_LOCATION, TEXT_C_LOCATION },
		{ STAT_SERVICE_RECORDING, TEXT_C_RECORDING },
		{ STAT_SERVICE_SECURITY, TEXT_C_SECURITY },
	};
	unsigned blind =
	    share(n[STAT_SERVICE_BLIND_BYTES], n[STAT_SERVICE_READ_BYTES]);

	figure(p, page_text(p, TEXT_T_REQUESTS), "", n[STAT_SERVICE_REQUESTS]);
	figure(p, page_text(p, TEXT_T_DENIED), "", n[STAT_SERVICE_DENIED]);
	figure(p, page_text(p, TEXT_T_KEPT_BACK), "",
	    n[STAT_SERVICE_SUNK] + n[STAT_SERVICE_TELEMETRY]);
	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		figure(p, page_text(p, TEXT_T_VALUES),
		    page_text(p, value[i].category), n[value[i].s]);
	figure(p, page_text(p, TEXT_T_GUARDED), "", n[STAT_SERVICE_GUARD]);
	figure(p, page_text(p, TEXT_T_DRIFT), "", n[STAT_SERVICE_DRIFT]);
	buf_addf(p->out,
	    "<tr><th scope=\"row\">%s</th><td class=\"n\">%u%c%u %%</td></tr>"
	    "\n",
	    page_text(p, TEXT_T_BLIND), blind / 10, p->german ? ',' : '.',
	    blind % 10);
}

static void figures(const struct page *p, const struct service *s)
{
	uint64_t n[STAT_SERVICE_COUNT];

	if (!figures_of(s, n)) {
		buf_addf(p->out, "<p>%s %u.</p>\n", page_text(p, TEXT_T_FEW),
		    p->conf->group_min);
		return;
	}
	buf_addf(p->out, "<table class=\"figures\">\n<caption>%s ",
	    page_text(p, TEXT_T_FIGURES));
	page_day(p, figures_since());
	page_raw(p, ": ");
	page_escaped(p, s->name);
	buf_addf(p->out,
	    "</caption>\n<thead><tr><th scope=\"col\">%s</th>"
	    "<th scope=\"col\" class=\"n\">%s</th></tr></thead>\n<tbody>\n",
	    page_text(p, TEXT_T_FIGURE), page_text(p, TEXT_T_NUMBER));
	figure_rows(p, n);
	page_raw(p, "</tbody>\n</table>\n");
}

void page_service(const struct page *p, const struct service *s)
{
	buf_addf(p->out, "<h3 id=\"s-%.*s\">", SPAN_ARG(s->id));
	page_escaped(p, s->name);
	page_raw(p, "</h3>\n");
	if (p->conf->service[s->index].mode == CONF_OBSERVE)
		buf_addf(p->out, "<p class=\"note\">%s</p>\n",
		    page_text(p, TEXT_T_OBSERVED));
	facts(p, s);
	if (!s->inspect)
		buf_addf(p->out, "<p class=\"note\">%s</p>\n",
		    page_text(p, TEXT_T_NOT_OPENED));
	servers(p, s);
	if (s->inspect)
		treated(p, s);
	figures(p, s);
}
