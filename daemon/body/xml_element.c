/* SPDX-License-Identifier: EUPL-1.2 */
/* xml_element - which line decides about an element, and elements that go as a
 * whole. */
#include "body/xml_int.h"

#include "engine/value.h"

bool xml_hold(struct buf *b, struct span s)
{
	size_t room = b->max - buf_len(b);

	buf_add(b, s.p, s.n < room ? s.n : room);
	return s.n <= room;
}

static bool reports(const struct xml *x)
{
	return x->env != NULL && x->env->report != NULL;
}

struct span xml_path(struct xml *x, const char *more, struct span name)
{
	size_t n = buf_len(&x->path);
	struct span path;

	if (!reports(x))
		return SPAN_NONE;
	xml_hold(&x->path, span_str(more));
	xml_hold(&x->path, name);
	path = buf_span(&x->path);
	buf_truncate(&x->path, n);
	return path;
}

static void report(struct xml *x, const struct action *a, struct span name,
    struct span before, struct span after, enum act effect)
{
	struct finding f = { a->line, CARRIER_XML, name, before, after, effect,
		xml_path(x, "", SPAN_NONE) };

	treat_report(x->env, &f);
}

void xml_report_keep(
    struct xml *x, const struct action *a, struct span name, struct span path)
{
	struct finding f = { a->line, CARRIER_XML, name, SPAN_NONE, SPAN_NONE,
		ACT_KEEP, path };

	treat_report(x->env, &f);
}

static void push_path(struct xml *x, struct xml_frame *f, struct span name)
{
	f->path_bytes = buf_len(&x->path);
	if (!reports(x))
		return;
	xml_hold(&x->path, SPAN("/"));
	xml_hold(&x->path, name);
}

/* What is decided about an element of state f->state inside parent. *ret_own:
 * by a line that names it. */
static void judge(struct xml *x, const struct xml_frame *parent,
    struct xml_frame *f, bool *ret_own)
{
	const struct action *a = NULL;

	*ret_own = false;
	f->act = parent->act;
	if (f->state != JPATH_DEAD)
		a = plan_path_action(x->plan, CARRIER_XML, f->state);
	if (a == NULL || (f->act != NULL && f->act->order < a->order))
		return;
	if (a->nest != NULL) {
		f->chain = a;
		return;
	}
	f->act = a;
	*ret_own = true;
}

/* Can a line before that of f->act speak of something inside? */
static bool is_deep(const struct xml *x, const struct xml_frame *f)
{
	if (f->chain != NULL)
		return true;
	return f->state != JPATH_DEAD &&
	       plan_path_below(x->plan, CARRIER_XML, f->state) < f->act->order;
}

/* As is_deep, of lines that would leave anything of an element that is dropped
 * or set. */
static bool is_spared(const struct xml *x, const struct xml_frame *f)
{
	if (f->chain != NULL)
		return true;
	return f->state != JPATH_DEAD &&
	       plan_path_spared(x->plan, CARRIER_XML, f->state) < f->act->order;
}

static void begin_whole(struct xml *x, const struct xml_frame *f,
    struct span raw, const char *const *atts)
{
	struct span tag;

	x->whole = f->act;
	x->whole_depth = x->depth;
	x->whole_empty = raw.p[raw.n - 2] == '/';
	buf_reset(&x->held);
	if (f->act->line->treat.act == ACT_DROP) {
		xml_hold(&x->held, raw);
		return;
	}
	xml_tag(x, f, raw, atts, &tag);
	buf_reset(&x->opening);
	if (x->err == 0 && buf_add_span(&x->opening, tag) < 0)
		xml_fail(x, buf_error(&x->opening));
}

void xml_open(
    struct xml *x, struct span name, struct span raw, const char *const *atts)
{
	struct xml_frame *parent = &x->frame[x->depth];
	struct xml_frame *f = &x->frame[++x->depth];
	bool own = false;

	*f = (struct xml_frame){ .path_bytes = buf_len(&x->path) };
	if (x->whole != NULL) {
		xml_hold(&x->held, raw);
		return;
	}
	if (!x->live) {
		xml_emit(x, raw);
		return;
	}
	push_path(x, f, name);
	if (parent->state != JPATH_DEAD)
		f->state =
		    plan_path_key(x->plan, CARRIER_XML, parent->state, name);
	judge(x, parent, f, &own);
	if (f->act != NULL && value_keeps(f->act)) {
		if (own)
			xml_report_keep(
			    x, f->act, name, xml_path(x, "", SPAN_NONE));
		if (!is_deep(x, f))
			f->state = JPATH_DEAD;
	} else if (f->act != NULL && value_blind(f->act) && !is_spared(x, f)) {
		begin_whole(x, f, raw, atts);
		return;
	}
	xml_tag(x, f, raw, atts, &raw);
	xml_emit(x, raw);
}

/* A start tag that ends in '>' for one that ends in "/>". */
static struct span reopen(struct span tag)
{
	size_t n = tag.n - 2;

	while (n > 0 && ascii_space(tag.p[n - 1]))
		n--;
	return span_of(tag.p, n);
}

/* The element that is set ends with the tag raw: its new text goes to x->fresh,
 * unless it is there already. */
static void set_whole(struct xml *x, struct span name, struct span raw)
{
	struct span value = x->whole->line->treat.text, tag;
	int r;

	tag = buf_span(&x->opening);
	buf_reset(&x->fresh);
	r = xml_code(value, 0, &x->fresh);
	if (r < 0) {
		xml_fail(x, r);
		return;
	}
	if (span_eq(buf_span(&x->fresh), buf_span(&x->held))) {
		report(x, x->whole, name, buf_span(&x->held), value, ACT_KEEP);
		xml_emit(x, tag);
		xml_emit(x, buf_span(&x->held));
		xml_emit(x, raw);
		return;
	}
	report(x, x->whole, name, buf_span(&x->held), value, ACT_SET);
	xml_emit(x, x->whole_empty ? reopen(tag) : tag);
	if (x->whole_empty)
		xml_emit(x, SPAN(">"));
	xml_emit(x, buf_span(&x->fresh));
	if (x->whole_empty) {
		xml_emit(x, SPAN("</"));
		xml_emit(x, name);
		xml_emit(x, SPAN(">"));
	}
	xml_emit(x, raw);
}

void xml_close(struct xml *x, struct span name, struct span raw)
{
	const struct xml_frame *f = &x->frame[x->depth];
	bool drops;

	if (x->whole == NULL) {
		xml_emit(x, raw);
	} else {
		drops = x->whole->line->treat.act == ACT_DROP;
		if (drops || x->depth > x->whole_depth)
			xml_hold(&x->held, raw);
		if (x->depth == x->whole_depth) {
			if (drops)
				report(x, x->whole, name, buf_span(&x->held),
				    SPAN_NONE, ACT_DROP);
			else
				set_whole(x, name, raw);
			x->whole = NULL;
		}
	}
	buf_truncate(&x->path, f->path_bytes);
	x->depth--;
}
