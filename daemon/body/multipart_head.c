/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>

#include "body/multipart_int.h"
#include "body/scrub.h"

/* What the head says. */
struct told {
	struct span name, file; /* between the quotes */
	bool named, filed;
	struct span disposition; /* its line, without CRLF */
	struct span type;        /* media type, without parameters */
	bool typed, coded;       /* coded: by a transfer encoding */
};

static bool is_token(struct span s)
{
	struct span others = SPAN("!#$%&'*+-.^_`|~");

	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!ascii_digit(c) && (c < 'a' || c > 'z') &&
		    span_chr(others, c) == others.n)
			return false;
	}
	return s.n > 0;
}

static bool has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == '\x7f')
			return true;
	return false;
}

/* Cut the next line off; false when there is none or it has no CRLF. */
static bool next_line(struct span *rest, struct span *ret_line)
{
	size_t n = span_chr(*rest, '\n');

	if (n == rest->n || n == 0 || rest->p[n - 1] != '\r')
		return false;
	*ret_line = span_of(rest->p, n - 1);
	*rest = span_from(*rest, n + 1);
	return true;
}

/* ---- Content-Disposition ---- */

/* One parameter: "; name=value", the value a token or in quotes. */
static int parameter(
    struct span *rest, struct span *ret_name, struct span *ret_value)
{
	size_t n;

	if (rest->p[0] != ';')
		return -EBADMSG;
	*rest = span_trim(span_from(*rest, 1));
	n = span_chr(*rest, '=');
	*ret_name = span_of(rest->p, n);
	if (n == rest->n || !is_token(*ret_name))
		return -EBADMSG;
	*rest = span_from(*rest, n + 1);
	if (rest->n > 0 && rest->p[0] == '"') {
		*rest = span_from(*rest, 1);
		n = span_chr(*rest, '"');
		if (n == rest->n || (n > 0 && rest->p[n - 1] == '\\'))
			return -EBADMSG;
		*ret_value = span_of(rest->p, n);
		*rest = span_trim(span_from(*rest, n + 1));
		return 0;
	}
	n = span_chr(*rest, ';');
	*ret_value = span_trim(span_of(rest->p, n));
	*rest = span_from(*rest, n);
	return is_token(*ret_value) ? 0 : -EBADMSG;
}

static int read_disposition(struct told *t, struct span value)
{
	size_t n = span_chr(value, ';');
	struct span rest = span_from(value, n), name, text;
	int r;

	if (!span_eq_nocase(span_trim(span_of(value.p, n)), SPAN("form-data")))
		return -EBADMSG;
	while (rest.n > 0) {
		if ((r = parameter(&rest, &name, &text)) < 0)
			return r;
		if (span_eq_nocase(name, SPAN("name"))) {
			if (t->named)
				return -EBADMSG;
			t->named = true;
			t->name = text;
		} else if (span_eq_nocase(name, SPAN("filename"))) {
			if (t->filed)
				return -EBADMSG;
			t->filed = true;
			t->file = text;
		} else {
			return -EBADMSG;
		}
	}
	return t->named ? 0 : -EBADMSG;
}

/* ---- all fields ---- */

static int split(
    struct span line, struct span *ret_name, struct span *ret_value)
{
	size_t n = span_chr(line, ':');

	*ret_name = span_of(line.p, n);
	*ret_value = span_trim(span_from(line, n + 1));
	return n < line.n && is_token(*ret_name) && !has_control(line)
	           ? 0
	           : -EBADMSG;
}

static bool is_disposition(struct span name)
{
	return span_eq_nocase(name, SPAN("content-disposition"));
}

static int read_field(struct told *t, struct span line)
{
	struct span name, value;
	int r = split(line, &name, &value);

	if (r < 0)
		return r;
	if (is_disposition(name)) {
		if (t->disposition.n > 0)
			return -EBADMSG;
		t->disposition = line;
		return read_disposition(t, value);
	}
	if (span_eq_nocase(name, SPAN("content-type"))) {
		if (t->typed)
			return -EBADMSG;
		t->typed = true;
		t->type = span_trim(span_of(value.p, span_chr(value, ';')));
	}
	if (span_eq_nocase(name, SPAN("content-transfer-encoding")))
		t->coded |= !span_eq_nocase(value, SPAN("7bit")) &&
		            !span_eq_nocase(value, SPAN("8bit")) &&
		            !span_eq_nocase(value, SPAN("binary"));
	return 0;
}

/* ---- who decides ---- */

static const struct action *ask(const struct multipart *m, struct span name)
{
	return plan_has(m->plan, CARRIER_MULTIPART)
	           ? plan_name(m->plan, CARRIER_MULTIPART, name)
	           : NULL;
}

static const struct action *first_of(
    const struct action *a, const struct action *b)
{
	return a == NULL || (b != NULL && b->order < a->order) ? b : a;
}

/* "FIELD;" in m->asked. A name that was not whole is not forgotten: nothing was
 * found under it. */
static void begin_name(struct multipart *m)
{
	if (m->unasked == 0)
		m->unasked = buf_error(&m->asked);
	buf_reset(&m->asked);
	buf_add_span(&m->asked, buf_span(&m->name));
	buf_add_char(&m->asked, ';');
}

/* "FIELD;part", with part as it is, all small, or with capitals. */
enum writing { AS_IT_IS, SMALL, CAPITALS };

static const struct action *ask_part(
    struct multipart *m, struct span part, enum writing writing)
{
	bool start = true;

	begin_name(m);
	for (size_t i = 0; i < part.n; i++) {
		char c =
		    writing == AS_IT_IS ? part.p[i] : ascii_lower(part.p[i]);

		if (writing == CAPITALS && start && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		start = c == '-';
		buf_add_char(&m->asked, c);
	}
	return ask(m, buf_span(&m->asked));
}

static const struct action *action_for(struct multipart *m, struct span part)
{
	const struct action *a = ask_part(m, part, AS_IT_IS);

	a = first_of(a, ask_part(m, part, SMALL));
	a = first_of(a, ask_part(m, part, CAPITALS));
	if (a != NULL && m->action != NULL && value_keeps(m->action) &&
	    m->action->order < a->order)
		return NULL;
	return a;
}

/* A file name or the value of a header field; part names it. TREAT_* or an
 * error; new text is in m->fresh. */
static int judge(struct multipart *m, struct span part, struct span value)
{
	const struct action *a = action_for(m, part);
	struct value_place at = { .carrier = CARRIER_MULTIPART };

	begin_name(m);
	buf_add_span(&m->asked, part);
	at.name = buf_span(&m->asked);
	buf_reset(&m->fresh);
	if (a != NULL)
		return value_treat(a, m->env, at, value, VALUE_TEXT,
		    SCRUB_OPEN_MAX, &m->fresh);
	if (m->watched && (m->action == NULL || !value_keeps(m->action)))
		return value_unnamed(
		    m->plan, m->env, at, value, VALUE_TEXT, &m->fresh);
	return TREAT_SAME;
}

/* ---- the new head ---- */

/* As browsers write a file name. */
static int add_quoted(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '"':
			buf_add_str(out, "%22");
			break;
		case '\r':
			buf_add_str(out, "%0D");
			break;
		case '\n':
			buf_add_str(out, "%0A");
			break;
		default:
			if ((unsigned char)s.p[i] < ' ')
				return -EBADMSG;
			buf_add_char(out, s.p[i]);
		}
	return s.n > 0 && s.p[s.n - 1] == '\\' ? -EBADMSG : 0;
}

static int add_disposition(struct multipart *m, const struct told *t)
{
	int r = t->filed ? judge(m, SPAN("filename"), t->file) : TREAT_SAME;

	if (r < 0)
		return r;
	if (r == TREAT_SAME)
		return buf_add_span(&m->head, t->disposition);
	buf_add_str(&m->head, "Content-Disposition: form-data; name=\"");
	buf_add_span(&m->head, buf_span(&m->name));
	buf_add_char(&m->head, '"');
	if (r == TREAT_DROP)
		return 0;
	buf_add_str(&m->head, "; filename=\"");
	r = add_quoted(&m->head, buf_span(&m->fresh));
	return r < 0 ? r : buf_add_char(&m->head, '"');
}

static int add_field(struct multipart *m, struct span line)
{
	struct span name, value, fresh;
	int r = split(line, &name, &value);

	if (r == 0)
		r = judge(m, name, value);
	if (r < 0 || r == TREAT_DROP)
		return r < 0 ? r : 0;
	if (r == TREAT_SAME) {
		buf_add_span(&m->head, line);
	} else {
		fresh = span_trim(buf_span(&m->fresh));
		if (has_control(fresh))
			return -EBADMSG;
		buf_add_span(&m->head, name);
		buf_add_str(&m->head, ": ");
		buf_add_span(&m->head, fresh);
	}
	return buf_add_str(&m->head, "\r\n");
}

/* ---- one part ---- */

static bool is_text(const struct told *t)
{
	return !t->filed &&
	       (!t->typed || span_starts_nocase(t->type, SPAN("text/")) ||
	           span_eq_nocase(t->type, SPAN("application/json")));
}

static enum multipart_mode mode_of(
    const struct multipart *m, const struct told *t)
{
	if (m->action == NULL)
		return m->watched && is_text(t) ? MULTIPART_LOOK
		                                : MULTIPART_PASS;
	if (value_keeps(m->action))
		return MULTIPART_PASS;
	return value_blind(m->action) ? MULTIPART_BLIND : MULTIPART_COLLECT;
}

int multipart_head(struct multipart *m, struct span head)
{
	struct told t = { .named = false };
	struct span rest = head, line;
	bool kept;
	int r;

	while (rest.n > 0) {
		if (!next_line(&rest, &line))
			return -EBADMSG;
		if ((r = read_field(&t, line)) < 0)
			return r;
	}
	if (!t.named)
		return -EBADMSG;
	buf_reset(&m->name);
	buf_reset(&m->head);
	if ((r = buf_add_span(&m->name, t.name)) < 0)
		return r;
	m->action = ask(m, t.name);
	kept = m->action != NULL && value_keeps(m->action);
	if (m->speaks && (t.coded || (!kept && span_starts_nocase(t.type,
	                                           SPAN("multipart/")))))
		return -EBADMSG;
	m->mode = mode_of(m, &t);
	for (rest = head; rest.n > 0;) {
		(void)next_line(&rest, &line);
		if (span_eq(line, t.disposition)) {
			if ((r = add_disposition(m, &t)) == 0)
				r = buf_add_str(&m->head, "\r\n");
		} else {
			r = add_field(m, line);
		}
		if (r < 0)
			return r;
	}
	return m->unasked < 0 ? m->unasked : buf_error(&m->asked);
}
