/* SPDX-License-Identifier: EUPL-1.2 */
/* xml_text - text between tags, and what stands there without a name. */
#include "body/xml_int.h"

#include "engine/value.h"

static bool is_blank(struct span s)
{
	return span_skip_space(s).n == 0;
}

static bool earlier(const struct action *a, const struct action *than)
{
	return a != NULL && (than == NULL || a->order < than->order);
}

/* Who decides about the text that begins here? */
static void begin(struct xml *x)
{
	const struct xml_frame *f = &x->frame[x->depth];
	const struct action *a = f->act, *own = NULL;
	jpath_state s = JPATH_DEAD;

	if (f->state != JPATH_DEAD)
		s = plan_path_key(
		    x->plan, CARRIER_XML, f->state, SPAN("#text"));
	if (s != JPATH_DEAD)
		own = plan_path_action(x->plan, CARRIER_XML, s);
	if (earlier(f->chain, a))
		a = f->chain;
	if (earlier(own, a))
		a = own;
	x->run_act = a;
	x->run = XML_HOLD;
	x->cut = false;
	buf_reset(&x->raw);
	buf_reset(&x->text);
	if (a == NULL ? !x->watched : value_keeps(a))
		x->run = XML_PASS;
	if (a != NULL && a == own && value_keeps(a))
		xml_report_keep(
		    x, a, SPAN("#text"), xml_path(x, "/text()", SPAN_NONE));
}

/* Keep what there is room for; more only if it does not matter what it is. */
static void hold(struct xml *x, struct span raw, struct span text)
{
	if (x->cut || (xml_hold(&x->raw, raw) && xml_hold(&x->text, text))) {
		if (buf_error(&x->raw) < 0 || buf_error(&x->text) < 0)
			xml_fail(x, -ENOMEM);
		return;
	}
	x->cut = true;
	if (x->run_act == NULL || !value_blind(x->run_act))
		xml_fail(x, -E2BIG);
}

void xml_text(struct xml *x, struct span raw, struct span text)
{
	if (x->whole != NULL) {
		xml_hold(&x->held, raw);
		return;
	}
	if (x->depth == 0) {
		if (!is_blank(raw))
			xml_fail(x, -EBADMSG);
		xml_emit(x, raw);
		return;
	}
	if (!x->live) {
		xml_emit(x, raw);
		return;
	}
	if (x->run == XML_NO_TEXT)
		begin(x);
	if (x->run == XML_PASS)
		xml_emit(x, raw);
	else
		hold(x, raw, text);
}

/* What becomes of the text that is held: TREAT_* or an error. */
static int treat(struct xml *x)
{
	struct value_place at = { CARRIER_XML, SPAN("#text"), SPAN_NONE };
	struct span text = buf_span(&x->text);

	if (!x->cut && is_blank(text))
		return TREAT_SAME;
	at.path = xml_path(x, "/text()", SPAN_NONE);
	buf_reset(&x->fresh);
	if (x->run_act == NULL)
		return value_unnamed(
		    x->plan, x->env, at, text, VALUE_TEXT, &x->fresh);
	return value_treat(x->run_act, x->env, at, text, VALUE_TEXT,
	    SCRUB_OPEN_MAX, &x->fresh);
}

void xml_text_end(struct xml *x)
{
	bool held = x->run == XML_HOLD && x->err == 0;
	int r;

	x->run = XML_NO_TEXT;
	if (!held)
		return;
	r = treat(x);
	if (r == TREAT_SAME && x->cut)
		r = -E2BIG;
	if (r == TREAT_SAME) {
		xml_emit(x, buf_span(&x->raw));
	} else if (r == TREAT_NEW) {
		buf_reset(&x->tag);
		r = xml_code(buf_span(&x->fresh), 0, &x->tag);
		if (r == 0)
			xml_emit(x, buf_span(&x->tag));
	}
	if (r < 0)
		xml_fail(x, r);
}

void xml_aside(
    struct xml *x, struct span raw, const char *kind, struct span text)
{
	struct value_place at = { CARRIER_XML, SPAN("#"), SPAN_NONE };
	int r = TREAT_SAME;

	if (x->whole != NULL) {
		xml_hold(&x->held, raw);
		return;
	}
	if (x->allow)
		return;
	if (x->watched) {
		at.name = span_str(kind);
		at.path = xml_path(x, "/", at.name);
		buf_reset(&x->fresh);
		r = text.n > SCRUB_VALUE_MAX
		        ? -E2BIG
		        : value_unnamed(
		              x->plan, x->env, at, text, VALUE_TEXT, &x->fresh);
	}
	if (r < 0)
		xml_fail(x, r);
	if (r != TREAT_SAME)
		return;
	if (x->run == XML_HOLD)
		hold(x, raw, SPAN(""));
	else
		xml_emit(x, raw);
}
