/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/explain.h"

#include <errno.h>

#include "base/buf.h"
#include "engine/plan.h"
#include "engine/ruleset.h"

/* Columns: "header   User-Agent         set:x     device       file:line". */
static const size_t column[] = { 9, 28, 48, 61 };

static void pad(struct buf *out, size_t start, size_t to)
{
	size_t n = buf_len(out) - start;

	do
		buf_add_char(out, ' ');
	while (++n < to);
}

static void add_place(struct buf *out, struct place p)
{
	if (p.file != NULL)
		buf_add_str(out, p.file);
	buf_addf(out, ":%u\n", p.line);
}

static void add_row(struct buf *out, const char *word, struct span what,
    struct span how, const char *why, const struct place *at)
{
	size_t start = buf_len(out);

	buf_add_str(out, word);
	pad(out, start, column[0]);
	buf_add_span(out, what);
	if (how.n > 0 || at != NULL) {
		pad(out, start, column[1]);
		buf_add_span(out, how);
	}
	if (at == NULL) {
		buf_add_char(out, '\n');
		return;
	}
	pad(out, start, column[2]);
	buf_add_str(out, why);
	pad(out, start, column[3]);
	add_place(out, *at);
}

static void add_host(struct buf *out, const struct host_match *h)
{
	const char *why = "";

	if (h->line->verdict == VERDICT_DENY &&
	    h->line->category != CATEGORY_NONE)
		why = category_word(h->line->category);
	add_row(out, "host", h->line->pattern,
	    span_str(verdict_word(h->line->verdict)), why, &h->line->place);
	add_row(out, "service", h->service->id, h->service->name, "", NULL);
}

static void add_line(struct buf *out, const struct line *l)
{
	struct span where, how;
	struct buf text;
	const char *why = "";

	buf_init(&text, 8192);
	where_print(&l->where, &text);
	where = buf_span(&text);
	where = span_from(where, span_chr(where, ' ') + 1);
	how = SPAN_NONE;
	if (l->category != CATEGORY_NONE)
		why = category_word(l->category);
	if (buf_error(&text) == 0) {
		struct buf treat;

		buf_init(&treat, 8192);
		treatment_print(&l->treat, &treat);
		how = buf_span(&treat);
		add_row(out, carrier_word(l->where.carrier), where, how, why,
		    &l->place);
		buf_fini(&treat);
	}
	buf_fini(&text);
}

static void add_deny(struct buf *out, const struct request_match *m)
{
	const struct when *w = &m->deny->when;
	struct span target[5] = { w->method, SPAN(" "), w->host, w->path };
	struct buf text;

	buf_init(&text, 8192);
	for (size_t i = 0; i < 4; i++)
		buf_add_span(&text, target[i]);
	add_row(out, "request", SPAN("denied"), SPAN_NONE, "", NULL);
	add_row(out, "why", span_str(why_text_en(m->why)), SPAN_NONE, "", NULL);
	add_row(out, "rule", buf_span(&text), SPAN_NONE,
	    m->deny->category != CATEGORY_NONE
	        ? category_word(m->deny->category)
	        : "",
	    &m->deny->place);
	buf_fini(&text);
}

static void refuse_host(struct buf *out, enum why why)
{
	add_row(out, "request", SPAN("refused"), SPAN_NONE, "", NULL);
	add_row(out, "why", span_str(why_text_en(why)), SPAN_NONE, "", NULL);
}

/* What the host line and the configuration say already; true when that is all
 * there is to say. */
static bool settled(struct buf *out, const struct host_match *h)
{
	const struct service *s = h->service;

	if (s->refused != WHY_DONE) {
		refuse_host(out, s->refused);
		return true;
	}
	if (h->line->verdict == VERDICT_DENY) {
		refuse_host(out, h->line->category == CATEGORY_TELEMETRY
		                     ? WHY_TELEMETRY
		                     : WHY_DENIED);
		return true;
	}
	if (h->line->verdict == VERDICT_TUNNEL) {
		add_row(out, "request", SPAN("passed unread"), h->line->text,
		    "", NULL);
		return true;
	}
	if (!s->inspect)
		refuse_host(out, WHY_NOT_INSPECTED);
	return !s->inspect;
}

static void add_detect(struct buf *out, const struct detect_line *d)
{
	const struct line *l = &d->line;
	struct buf treat;

	buf_init(&treat, 8192);
	if (d->report)
		buf_add_str(&treat, "report");
	else
		treatment_print(&l->treat, &treat);
	add_row(out, "detect", l->text, buf_span(&treat),
	    l->category != CATEGORY_NONE ? category_word(l->category) : "",
	    &l->place);
	buf_fini(&treat);
}

static void add_when(
    struct buf *out, const char *word, const struct entry *e, const char *how)
{
	struct buf text;

	buf_init(&text, 8192);
	buf_add_span(&text, e->when.method);
	buf_add_char(&text, ' ');
	buf_add_span(&text, e->when.host);
	buf_add_span(&text, e->when.path);
	add_row(out, word, buf_span(&text), span_str(how), "", &e->place);
	buf_fini(&text);
}

/* The entry whose table the line stands in, once for all its lines. */
static void add_entry(struct buf *out, const struct service *s,
    const struct line *l, const struct entry **last)
{
	const struct entry *e = NULL;

	for (uint32_t i = 0; i < s->request.n && e == NULL; i++)
		for (uint32_t k = 0; k < s->request.p[i].nstrip; k++)
			if (&s->request.p[i].strip[k] == l)
				e = &s->request.p[i];
	if (e == NULL || e == *last)
		return;
	*last = e;
	add_when(out, "entry", e, "");
}

/* ---- WebSockets ---- */

static void add_condition(struct buf *out, const struct socket_rule *s)
{
	struct buf text;

	if (s->protocol.n > 0)
		add_row(out, "protocol", s->protocol, SPAN_NONE, "", NULL);
	if (s->where == NULL)
		return;
	buf_init(&text, 8192);
	where_print(s->where, &text);
	add_row(out, "message", buf_span(&text), s->glob, "", NULL);
	buf_fini(&text);
}

static void add_socket(struct buf *out, const struct entry *e)
{
	static const char *const fate[] = {
		[MESSAGE_SOCKET] = "the socket is denied",
		[MESSAGE_DROP] = "messages are dropped",
		[MESSAGE_ANSWER] = "messages are answered",
		[MESSAGE_CLOSE] = "messages close it",
	};
	const struct socket_rule *s = e->socket;

	add_when(out, "socket", e, !s->down ? "up" : s->up ? "both" : "down");
	add_condition(out, s);
	if (e->denies)
		add_row(out, "verdict", span_str(fate[s->fate]), SPAN_NONE,
		    category_word(e->category), &e->place);
	if (e->allows)
		add_row(out, "verdict", SPAN("allowed"), SPAN_NONE, "", NULL);
	for (uint32_t i = 0; i < e->nstrip; i++)
		add_line(out, &e->strip[i]);
}

int explain_request(
    const struct ruleset *r, const struct subject *q, struct buf *out)
{
	struct request_match m;
	struct host_match h;
	const struct line *l;
	const struct detect_line *d;
	const struct entry *last = NULL, *socket;
	uint32_t n, at = 0;
	int e;

	if (match_host(r, q->host, &h) < 0) {
		add_row(out, "host", q->host, SPAN("deny"), "", NULL);
		refuse_host(out, WHY_UNLISTED);
		return buf_error(out);
	}
	add_host(out, &h);
	if (settled(out, &h))
		return buf_error(out);
	if ((e = match_request(r, h.service, q, &m)) < 0)
		return e;
	if (m.deny != NULL) {
		add_deny(out, &m);
		return buf_error(out);
	}
	add_row(out, "request", SPAN("allowed"), SPAN_NONE, "", NULL);
	for (uint32_t i = 0; (l = plan_line(m.plan, i)) != NULL; i++) {
		add_entry(out, h.service, l, &last);
		add_line(out, l);
	}
	d = plan_detect(m.plan, &n);
	for (uint32_t i = 0; i < n; i++)
		add_detect(out, &d[i]);
	while ((socket = match_socket_next(h.service, q, &at)) != NULL)
		add_socket(out, socket);
	return buf_error(out);
}
