/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/pack.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "lib/tap.h"

static char err[PARSE_ERR_BYTES];

static void need(int r, const char *text)
{
	if (r == 0)
		return;
	printf("Bail out! \"%s\": %s\n", text, err);
	exit(1);
}

struct line pack_line(
    struct arena *a, const struct pack_line *l, unsigned number)
{
	struct line line = { .text = span_str(l->where),
		.place = { "test.conf", number } };

	need(parse_where(span_str(l->where), a, &line.where, err), l->where);
	need(
	    parse_treatment(span_str(l->treat), a, &line.treat, err), l->treat);
	if (l->category != NULL)
		need(parse_category(span_str(l->category), &line.category, err),
		    l->category);
	return line;
}

static struct where *make_where(struct arena *a, const char *text)
{
	struct where *w = arena_alloc(a, sizeof *w);

	need(parse_where(span_str(text), a, w, err), text);
	return w;
}

static const struct socket_rule *make_socket(
    struct arena *a, const struct pack_entry *p)
{
	struct socket_rule *s = arena_zalloc(a, sizeof *s);
	const char *way = p->direction != NULL ? p->direction : "up";
	struct span fate = span_str(p->fate), answer = SPAN("answer:");

	s->protocol = span_str(p->protocol);
	s->up = strcmp(way, "down") != 0;
	s->down = strcmp(way, "up") != 0;
	s->plain = p->plain;
	s->envelope = p->envelope;
	if (p->message != NULL)
		s->where = make_where(a, p->message);
	s->glob = span_str(p->glob);
	if (span_eq(fate, SPAN("drop")))
		s->fate = MESSAGE_DROP;
	else if (span_eq(fate, SPAN("close")))
		s->fate = MESSAGE_CLOSE;
	else if (span_starts(fate, answer)) {
		s->fate = MESSAGE_ANSWER;
		s->answer = span_from(fate, answer.n);
	}
	return s;
}

static struct entry make_entry(struct arena *a, const struct pack_entry *p,
    const char *file, unsigned *number)
{
	struct entry e = { .place = { file, ++*number } };

	need(parse_when(span_str(p->when), a, &e.when, err), p->when);
	e.when.query = span_str(p->query);
	e.when.content = span_str(p->content);
	e.need = span_str(p->need);
	e.pass_unread = p->pass_unread;
	e.allows = p->allow;
	e.form = p->form;
	e.socket = make_socket(a, p);
	if (p->meeting != NULL)
		e.meeting = make_where(a, p->meeting);
	if (p->deny != NULL) {
		e.denies = true;
		need(parse_category(span_str(p->deny), &e.category, err),
		    p->deny);
	}
	if (p->sink != NULL)
		need(parse_sink(span_str(p->sink), a, &e.sink, err), p->sink);
	while (e.nstrip < PACK_LINES && p->strip[e.nstrip].where != NULL)
		e.nstrip++;
	e.strip = arena_zalloc(a, PACK_LINES * sizeof *e.strip);
	for (uint32_t i = 0; i < e.nstrip; i++) {
		e.strip[i] = pack_line(a, &p->strip[i], ++*number);
		e.strip[i].place.file = file;
	}
	return e;
}

static struct list_of_entries make_list(struct arena *a,
    const struct pack_entry *p, const char *file, unsigned *number)
{
	struct list_of_entries l = { .n = 0 };

	l.p = arena_zalloc(a, PACK_ENTRIES * sizeof *l.p);
	for (; l.n < PACK_ENTRIES && p[l.n].when != NULL; l.n++)
		l.p[l.n] = make_entry(a, &p[l.n], file, number);
	return l;
}

static void make_detect(struct arena *a, const struct pack_detect *p,
    const char *file, unsigned *number, struct service *s)
{
	s->detect = arena_zalloc(a, PACK_LINES * sizeof *s->detect);
	for (; s->ndetect < PACK_LINES && p->shapes != 0; p++) {
		struct line *l = &s->detect[s->ndetect].line;

		s->detect[s->ndetect++].shapes = p->shapes;
		l->place = (struct place){ file, ++*number };
		l->where.carrier = CARRIER_COUNT;
		need(parse_treatment(span_str(p->treat), a, &l->treat, err),
		    p->treat);
		if (p->category != NULL)
			need(parse_category(
			         span_str(p->category), &l->category, err),
			    p->category);
	}
}

void pack_add(struct ruleset *r, const struct pack *p, unsigned index)
{
	struct arena *a = ruleset_arena(r);
	struct service s = { .id = span_str(p->id),
		.name = span_str(p->id),
		.index = index,
		.inspect = true,
		.max_case = 4 };
	struct span part[3] = { s.id, SPAN(".conf"), { "", 1 } };
	const char *file = arena_join(a, part, 3).p;
	struct host_line *h = arena_zalloc(a, PACK_HOSTS * sizeof *h);
	unsigned number = 0;

	s.host = h;
	for (; s.nhost < PACK_HOSTS && p->host[s.nhost].pattern; s.nhost++) {
		const struct pack_host *in = &p->host[s.nhost];

		h[s.nhost].place = (struct place){ file, ++number };
		need(parse_host(
		         span_str(in->pattern), a, &h[s.nhost].pattern, err),
		    in->pattern);
		need(parse_verdict(
		         span_str(in->verdict), &h[s.nhost].verdict, err),
		    in->verdict);
	}
	s.request = make_list(a, p->request, file, &number);
	s.response = make_list(a, p->response, file, &number);
	s.join = make_list(a, p->join, file, &number);
	s.websocket = make_list(a, p->websocket, file, &number);
	make_detect(a, p->detect, file, &number, &s);
	snprintf(err, sizeof err, "cannot be added");
	need(ruleset_add(r, &s), p->id);
}

struct ruleset *pack_build(const struct pack *p)
{
	struct ruleset *r = ruleset_new();
	struct place at;

	pack_add(r, p, 0);
	need(ruleset_build(r, &at, err), p->id);
	return r;
}
