/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/lines.h"

#include <stdio.h>

/* Method, host and path, and of a message "(json $.evt 7)". */
static void entry_text(const struct entry *e, char out[LINES_TEXT_BYTES])
{
	const struct where *w = e->socket != NULL ? e->socket->where : NULL;
	int n = snprintf(out, LINES_TEXT_BYTES, "%.*s %.*s%.*s",
	    SPAN_ARG(e->when.method), SPAN_ARG(e->when.host),
	    SPAN_ARG(e->when.path));

	if (w != NULL && n > 0 && n < LINES_TEXT_BYTES)
		snprintf(out + n, LINES_TEXT_BYTES - (size_t)n,
		    " (%s %.*s %.*s)", carrier_word(w->carrier),
		    SPAN_ARG(w->name), SPAN_ARG(e->socket->glob));
}

static void each_entry(
    const struct list_of_entries *list, bool join, lines_f *fn, void *arg)
{
	char text[LINES_TEXT_BYTES];

	for (uint32_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->p[i];

		entry_text(e, text);
		if (e->denies || join)
			fn(arg, e->place, e->id, span_str(text));
		for (uint32_t k = 0; k < e->nstrip; k++)
			fn(arg, e->strip[k].place, e->strip[k].id,
			    e->strip[k].text);
	}
}

void lines_each(const struct ruleset *r, lines_f *fn, void *arg)
{
	for (size_t i = 0; i < ruleset_count(r); i++) {
		const struct service *s = ruleset_at(r, i);

		for (uint32_t k = 0; k < s->nhost; k++)
			fn(arg, s->host[k].place, s->host[k].id,
			    s->host[k].pattern);
		each_entry(&s->request, false, fn, arg);
		each_entry(&s->response, false, fn, arg);
		each_entry(&s->websocket, false, fn, arg);
		each_entry(&s->join, true, fn, arg);
		for (uint32_t k = 0; k < s->ndetect; k++)
			fn(arg, s->detect[k].line.place, s->detect[k].line.id,
			    s->detect[k].line.text);
	}
}
