/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/events.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "body/scrub.h"

#define WORD_MAX_BYTES 32
#define MARK "\xef\xbb\xbf" /* UTF-8 may begin with it */

struct events {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	bool lone;               /* nothing to ask: all goes on */
	bool begun;              /* there was a line */
	bool cr;                /* ... and it ended with CR: LF is part of it */
	bool has_data;          /* the event at hand has some */
	int err;                /* sticky */
	size_t line;            /* where the line at hand begins in held */
	struct buf held;        /* the event at hand, as it came */
	struct buf data, fresh; /* its data, what becomes of that */
};

struct events *events_new(const struct plan *plan, const struct env *env)
{
	struct events *e = calloc(1, sizeof *e);

	if (e == NULL)
		return NULL;
	e->plan = plan;
	e->env = env;
	e->lone = !sniff_speaks(plan);
	buf_init(&e->held, EVENTS_EVENT_MAX);
	buf_init(&e->data, EVENTS_EVENT_MAX);
	buf_init(&e->fresh, 8 * EVENTS_EVENT_MAX);
	return e;
}

void events_free(struct events *e)
{
	if (e == NULL)
		return;
	buf_fini(&e->held);
	buf_fini(&e->data);
	buf_fini(&e->fresh);
	free(e);
}

/* ---- lines ---- */

static size_t line_end(struct span s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
		n++;
	return n;
}

/* The next line without its end, which is *ret_end. */
static struct span next_line(struct span *rest, struct span *ret_end)
{
	struct span line = span_of(rest->p, line_end(*rest));

	*rest = span_from(*rest, line.n);
	ret_end->p = rest->p;
	ret_end->n = span_starts(*rest, SPAN("\r\n")) ? 2 : rest->n > 0;
	*rest = span_from(*rest, ret_end->n);
	return line;
}

static bool is_data(struct span line)
{
	struct span name = span_cut(&line, ':');

	return span_eq(name, SPAN("data"));
}

/* A comment, or another field that everybody knows. */
static bool is_known(struct span line)
{
	struct span name = span_cut(&line, ':');

	return name.n == 0 || span_eq(name, SPAN("event")) ||
	       span_eq(name, SPAN("id")) || span_eq(name, SPAN("retry"));
}

/* ---- an event ---- */

/* Nothing at all, or a word that is no JSON, perhaps in brackets. */
static bool is_word(struct span s)
{
	if (s.n == 0)
		return true;
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = span_of(s.p + 1, s.n - 2);
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if ((c < 'a' || c > 'z') && (i == 0 || !ascii_digit(c)) &&
		    c != '_' && c != '-')
			return false;
	}
	return s.n <= WORD_MAX_BYTES && s.p[0] != '-' &&
	       !span_eq(s, SPAN("true")) && !span_eq(s, SPAN("false")) &&
	       !span_eq(s, SPAN("null"));
}

static enum body_form form_of(const struct plan *plan, struct span text)
{
	bool word = is_word(text);
	enum body_form form =
	    sniff_body(plan, SPAN("text/plain"), word ? SPAN_NONE : text);

	return word && form != BODY_TEXT ? BODY_UNREAD : form;
}

/* What the data lines of the event say: each with LF between. */
static struct span join_data(struct events *e)
{
	struct span rest = buf_span(&e->held), line, end;
	bool first = true;

	buf_reset(&e->data);
	while (rest.n > 0) {
		line = next_line(&rest, &end);
		if (!is_data(line))
			continue;
		line = span_from(line, sizeof "data:" - 1);
		if (span_starts(line, SPAN(" ")))
			line = span_from(line, 1);
		if (!first)
			buf_add_char(&e->data, '\n');
		first = false;
		buf_add_span(&e->data, line);
	}
	return buf_span(&e->data);
}

/* The new data as lines that look like the old one and end as it did. */
static void put_data(
    const struct events *e, struct span old, struct span end, struct buf *out)
{
	struct span rest = buf_span(&e->fresh), line, cut;
	bool space = span_starts(old, SPAN("data: "));

	do {
		line = next_line(&rest, &cut);
		buf_add_str(out, "data:");
		if (space || span_starts(line, SPAN(" ")))
			buf_add_char(out, ' ');
		buf_add_span(out, line);
		buf_add_span(out, cut.n > 0 && end.n == 0 ? SPAN("\n") : end);
	} while (cut.n > 0);
}

/* The event with new data. */
static void put_event(const struct events *e, struct buf *out)
{
	struct span rest = buf_span(&e->held), line, end;
	bool first = true;

	while (rest.n > 0) {
		line = next_line(&rest, &end);
		if (!is_data(line)) {
			if (line.n == 0 && end.p[0] == '\n' &&
			    span_ends(buf_span(out), SPAN("\r")))
				buf_add_char(out, '\n'); /* two ends, not one */
			buf_add_span(out, line);
			buf_add_span(out, end);
		} else if (first) {
			put_data(e, line, end, out);
			first = false;
		}
	}
}

/* The event at hand is whole. */
static int settle(struct events *e, struct buf *out)
{
	struct span text = join_data(e);
	enum body_form form = form_of(e->plan, text);
	int r = buf_error(&e->data);

	buf_reset(&e->fresh);
	if (r == 0 && form != BODY_UNREAD)
		r = scrub_document(form, e->plan, e->env, text, &e->fresh);
	if (r < 0)
		return r;
	if (form == BODY_UNREAD || span_eq(text, buf_span(&e->fresh)))
		return buf_add_span(out, buf_span(&e->held));
	put_event(e, out);
	return buf_error(out);
}

/* ---- the stream ---- */

static int leave(struct events *e, struct buf *out)
{
	int r = e->has_data ? settle(e, out)
	                    : buf_add_span(out, buf_span(&e->held));

	buf_reset(&e->held);
	e->line = 0;
	e->has_data = false;
	return r;
}

/* A line has ended, with a LF still to come perhaps. */
static int take_line(struct events *e, struct buf *out)
{
	struct span line = span_from(buf_span(&e->held), e->line), end;

	if (!e->begun && span_starts(line, SPAN(MARK))) {
		buf_add_str(out, MARK);
		buf_drain(&e->held, sizeof MARK - 1);
		line = buf_span(&e->held);
	}
	e->begun = true;
	e->line = buf_len(&e->held);
	line = next_line(&line, &end);
	if (line.n == 0)
		return leave(e, out);
	if (is_data(line))
		e->has_data = true;
	else if (!is_known(line) && !sniff_passes(e->plan))
		return -EBADMSG;
	return e->has_data ? 0 : leave(e, out);
}

/* The LF of an end that was taken for a CR. */
static int take_lf(struct events *e, struct span *in, struct buf *out)
{
	*in = span_from(*in, 1);
	if (!e->has_data)
		return buf_add_char(out, '\n');
	if (buf_len(&e->held) == EVENTS_EVENT_MAX)
		return -E2BIG;
	e->line++;
	return buf_add_char(&e->held, '\n');
}

/* Up to the end of a line, or what is there of it. */
static int take(struct events *e, struct span *in, struct buf *out)
{
	bool cr = e->cr, whole;
	struct span part;
	size_t n;

	e->cr = false;
	if (cr && in->p[0] == '\n')
		return take_lf(e, in, out);
	n = line_end(*in);
	whole = n < in->n;
	part = span_of(in->p, whole ? n + 1 : n);
	*in = span_from(*in, part.n);
	if (part.n > EVENTS_EVENT_MAX - buf_len(&e->held))
		return -E2BIG;
	if (buf_add_span(&e->held, part) < 0)
		return buf_error(&e->held);
	if (!whole)
		return 0;
	e->cr = part.p[n] == '\r';
	return take_line(e, out);
}

int events_feed(struct events *e, struct span in, bool last, struct buf *out)
{
	if (e->err != 0)
		return e->err;
	if (e->lone)
		return e->err = buf_add_span(out, in);
	while (e->err == 0 && in.n > 0)
		e->err = take(e, &in, out);
	if (e->err == 0 && last && e->line < buf_len(&e->held))
		e->err = take_line(e, out);
	if (e->err == 0 && last && buf_len(&e->held) > 0)
		e->err = leave(e, out);
	if (e->err == 0)
		e->err = buf_error(out);
	return e->err;
}
