/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/sdp.h"

#include <errno.h>
#include <stdlib.h>

#include "body/scrub.h"
#include "body/sdp_int.h"
#include "engine/value.h"

static const struct span alone = { "candidate:", 10 };

struct sdp *sdp_new(const struct plan *plan, const struct env *env)
{
	struct sdp *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->plan = plan;
	s->env = env;
	s->watched = value_watched(plan, env);
	s->lone = !plan_has(plan, CARRIER_SDP) && !s->watched;
	buf_init(&s->held, SDP_LINE_MAX + 1); /* and its LF */
	buf_init(&s->line, 8 * SCRUB_VALUE_MAX);
	buf_init(&s->fresh, 8 * SCRUB_VALUE_MAX);
	buf_init(&s->name, 2 * SDP_LINE_MAX);
	return s;
}

void sdp_free(struct sdp *s)
{
	if (s == NULL)
		return;
	buf_fini(&s->held);
	buf_fini(&s->line);
	buf_fini(&s->fresh);
	buf_fini(&s->name);
	free(s->foundations);
	free(s);
}

/* Numbers begin anew with each media section; and what is dropped ends. */
static void begin_section(struct sdp *s)
{
	s->gone = false;
	if (s->foundations != NULL)
		s->foundations->n = 0;
}

static bool is_letter(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

/* A line of an SDP, without its end. */
static int judge_line(struct sdp *s, struct span text)
{
	int r;

	if (!s->begun && span_starts(text, alone)) {
		s->ended = true;
		return sdp_line(s, text);
	}
	if (text.n < 2 || text.p[1] != '=' || !is_letter(text.p[0]))
		return -EBADMSG;
	if (text.p[0] == 'm')
		begin_section(s);
	if (s->gone)
		return TREAT_DROP;
	r = sdp_line(s, text);
	if (r == TREAT_DROP && text.p[0] == 'm')
		s->gone = true;
	return r;
}

/* A line with its end (none: the last one). TREAT_* or an error. *ret_n is
 * where its end begins. */
static int take_line(struct sdp *s, struct span raw, size_t *ret_n)
{
	bool ends = raw.n > 0 && raw.p[raw.n - 1] == '\n';
	struct span text = span_of(raw.p, raw.n - ends);
	int r = TREAT_SAME;

	if (text.n > SDP_LINE_MAX || ++s->lines > SDP_LINES_MAX)
		return -E2BIG;
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	*ret_n = text.n;
	if (span_chr(text, '\r') < text.n)
		return -EBADMSG;
	if (text.n == 0) {
		s->ended = true;
		return TREAT_SAME;
	}
	if (s->ended)
		return -EBADMSG;
	r = judge_line(s, text);
	s->begun = true;
	return r;
}

/* raw is judged: what of it goes on. */
static int settle(
    struct sdp *s, struct span raw, size_t end, int r, struct buf *out)
{
	if (r == TREAT_SAME)
		return buf_add_span(out, raw);
	if (r == TREAT_NEW) {
		buf_add_span(out, buf_span(&s->line));
		return buf_add_span(out, span_from(raw, end));
	}
	return r < 0 ? r : 0;
}

/* The line that began in an earlier piece; its end is in *in, or last. */
static int take_held(struct sdp *s, struct span *in, bool last, struct buf *out)
{
	size_t n = span_chr(*in, '\n'), end = 0;
	bool whole = n < in->n;
	int r;

	n += whole;
	if (buf_len(&s->held) + n - whole > SDP_LINE_MAX)
		return -E2BIG;
	r = buf_add_span(&s->held, span_of(in->p, n));
	*in = span_from(*in, n);
	if (r < 0 || (!whole && !last) || buf_len(&s->held) == 0)
		return r;
	r = take_line(s, buf_span(&s->held), &end);
	r = settle(s, buf_span(&s->held), end, r, out);
	buf_reset(&s->held);
	return r;
}

/* Whole lines of in; runs of untouched ones leave in one piece. What is left of
 * in is the beginning of a line. */
static int take_lines(struct sdp *s, struct span *in, struct buf *out)
{
	const char *run = in->p;
	int r = 0;

	while (r >= 0) {
		size_t n = span_chr(*in, '\n'), end = 0;
		struct span raw = span_of(in->p, n + 1);

		if (n == in->n)
			break;
		r = take_line(s, raw, &end);
		*in = span_from(*in, raw.n);
		if (r == TREAT_SAME)
			continue;
		buf_add(out, run, (size_t)(raw.p - run));
		run = in->p;
		if (r > 0)
			r = settle(s, raw, end, r, out);
	}
	if (r >= 0)
		buf_add(out, run, (size_t)(in->p - run));
	return r < 0 ? r : 0;
}

static int feed(struct sdp *s, struct span in, bool last, struct buf *out)
{
	int r = 0;

	if (buf_len(&s->held) > 0)
		r = take_held(s, &in, last, out);
	if (r == 0 && in.n > 0)
		r = take_lines(s, &in, out);
	if (r == 0 && in.n > 0)
		r = take_held(s, &in, last, out);
	return r == 0 ? buf_error(out) : r;
}

int sdp_feed(struct sdp *s, struct span in, bool last, struct buf *out)
{
	size_t room = SDP_TEXT_MAX - s->total, nul = span_chr(in, '\0');
	int then = 0;

	if (s->err != 0)
		return s->err;
	if (in.n > room)
		then = -E2BIG;
	if (nul < in.n && nul < room)
		then = -EBADMSG;
	if (then != 0)
		in.n = nul < room ? nul : room;
	s->total += in.n;
	s->err = feed(s, in, last && then == 0, out);
	if (s->err == 0)
		s->err = then;
	return s->err;
}

bool sdp_begins(struct span in)
{
	return span_starts(in, SPAN("v=0\r")) ||
	       span_starts(in, SPAN("v=0\n")) || span_starts(in, alone) ||
	       span_starts(in, SPAN("a=candidate:"));
}

bool sdp_may_begin(struct span in)
{
	return span_starts(SPAN("v=0"), in) || span_starts(alone, in) ||
	       span_starts(SPAN("a=candidate:"), in);
}

int sdp_candidate(const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	size_t before = buf_len(out);
	struct span fresh;
	struct sdp *s;
	int r;

	if (!span_starts(in, alone) && !span_starts(in, SPAN("a=candidate:")))
		return -EBADMSG;
	if (span_chr(in, '\n') + 1 < in.n)
		return -EBADMSG; /* more than one line */
	if ((s = sdp_new(plan, env)) == NULL)
		return -ENOMEM;
	r = sdp_feed(s, in, true, out);
	sdp_free(s);
	fresh = span_from(buf_span(out), before);
	if (r < 0 || span_eq(fresh, in)) {
		buf_truncate(out, before);
		return r < 0 ? r : TREAT_SAME;
	}
	return fresh.n == 0 ? TREAT_DROP : TREAT_NEW;
}
