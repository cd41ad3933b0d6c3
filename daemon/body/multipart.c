/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/multipart.h"

#include <errno.h>
#include <stdlib.h>

#include "body/multipart_int.h"
#include "body/scrub.h"

#define SLICE_BYTES (64u << 10) /* of input, looked at in one go */
#define MARK_MAX (MULTIPART_BOUNDARY_MAX + 3)

struct multipart *multipart_new(
    const struct plan *plan, const struct env *env, struct span boundary)
{
	struct multipart *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->plan = plan;
	m->env = env;
	m->watched = value_watched(plan, env);
	m->speaks = m->watched || plan_has(plan, CARRIER_MULTIPART);
	m->finds = plan_detects(plan);
	buf_init(&m->mark, MARK_MAX);
	buf_init(&m->held, MULTIPART_HEAD_MAX + 2 * SLICE_BYTES);
	buf_init(&m->name, MULTIPART_HEAD_MAX);
	buf_init(&m->asked, 2 * MULTIPART_HEAD_MAX);
	buf_init(&m->head, 2 * SCRUB_VALUE_MAX);
	buf_init(&m->value, SCRUB_VALUE_MAX);
	buf_init(&m->fresh, 8 * SCRUB_VALUE_MAX);
	buf_add_str(&m->mark, "\n--");
	if (boundary.n == 0 || boundary.n > MULTIPART_BOUNDARY_MAX)
		m->err = -EBADMSG;
	else if (buf_add_span(&m->mark, boundary) < 0)
		m->err = -ENOMEM;
	return m;
}

void multipart_free(struct multipart *m)
{
	if (m == NULL)
		return;
	buf_fini(&m->mark);
	buf_fini(&m->held);
	buf_fini(&m->name);
	buf_fini(&m->asked);
	buf_fini(&m->head);
	buf_fini(&m->value);
	buf_fini(&m->fresh);
	free(m);
}

/* ---- content ---- */

static int begin_part(const struct multipart *m, struct buf *out)
{
	buf_add_span(out, span_from(buf_span(&m->mark), 1));
	buf_add_str(out, "\r\n");
	buf_add_span(out, buf_span(&m->head));
	return buf_add_str(out, "\r\n");
}

static int add_content(struct multipart *m, struct span in, struct buf *out)
{
	size_t room = m->value.max - buf_len(&m->value);

	if (m->mode == MULTIPART_BLIND)
		return buf_add_span(
		    &m->value, span_of(in.p, in.n < room ? in.n : room));
	if (m->mode != MULTIPART_PASS && in.n <= room)
		return buf_add_span(&m->value, in);
	if (m->mode == MULTIPART_COLLECT ||
	    (m->mode == MULTIPART_LOOK && m->finds))
		return -E2BIG;
	if (m->mode == MULTIPART_LOOK) {
		m->mode = MULTIPART_PASS;
		begin_part(m, out);
		buf_add_span(out, buf_span(&m->value));
	}
	return buf_add_span(out, in);
}

/* Of a part whose content was held back. */
static int settle(struct multipart *m, struct buf *out)
{
	struct value_place at = { CARRIER_MULTIPART, buf_span(&m->name),
		SPAN_NONE };
	struct span value = buf_span(&m->value), mark = buf_span(&m->mark);
	int r;

	buf_reset(&m->fresh);
	if (m->mode == MULTIPART_LOOK)
		r = value_unnamed(
		    m->plan, m->env, at, value, VALUE_TEXT, &m->fresh);
	else
		r = value_treat(m->action, m->env, at, value, VALUE_TEXT,
		    SCRUB_OPEN_MAX, &m->fresh);
	if (r < 0 || r == TREAT_DROP)
		return r < 0 ? r : 0;
	if (r == TREAT_NEW) {
		value = buf_span(&m->fresh);
		if (span_find(value, span_from(mark, 1)) < value.n)
			return -EBADMSG;
	}
	begin_part(m, out);
	buf_add_span(out, value);
	return buf_add_str(out, "\r\n");
}

static int end_part(struct multipart *m, struct buf *out)
{
	return m->mode == MULTIPART_PASS ? buf_add_str(out, "\r\n")
	                                 : settle(m, out);
}

static int start_part(struct multipart *m, struct span head, struct buf *out)
{
	int r = multipart_head(m, head);

	if (r < 0)
		return r;
	buf_reset(&m->value);
	m->state = MULTIPART_CONTENT;
	m->lead = true;
	if (m->mode != MULTIPART_PASS)
		return 0;
	if (m->action != NULL) {
		struct finding found = { .line = m->action->line,
			.carrier = CARRIER_MULTIPART,
			.name = buf_span(&m->name),
			.effect = ACT_KEEP };

		treat_report(m->env, &found);
	}
	return begin_part(m, out);
}

/* ---- where things begin and end; 1: go on, 0: more input is needed ---- */

static int take_first(struct multipart *m, struct span *in)
{
	struct span mark = span_from(buf_span(&m->mark), 1);

	if (!span_starts(mark, span_of(in->p, in->n < mark.n ? in->n : mark.n)))
		return -EBADMSG;
	if (in->n < mark.n)
		return 0;
	*in = span_from(*in, mark.n);
	m->state = MULTIPART_AFTER;
	return 1;
}

static int take_after(struct multipart *m, struct span *in, struct buf *out)
{
	if (in->n < 2)
		return 0;
	if (span_starts(*in, SPAN("--"))) {
		m->state = MULTIPART_END;
		buf_add_span(out, span_from(buf_span(&m->mark), 1));
		buf_add_str(out, "--");
	} else if (span_starts(*in, SPAN("\r\n"))) {
		m->state = MULTIPART_HEAD;
		if (++m->parts > MULTIPART_PARTS_MAX)
			return -E2BIG;
	} else {
		return -EBADMSG;
	}
	*in = span_from(*in, 2);
	return 1;
}

static int take_head(struct multipart *m, struct span *in, struct buf *out)
{
	size_t n = span_find(*in, SPAN("\r\n\r\n"));
	struct span head = span_of(in->p, n + 2);
	int r;

	if (n > MULTIPART_HEAD_MAX)
		return -E2BIG;
	if (n == in->n)
		return 0;
	r = start_part(m, head, out);
	*in = span_from(*in, n + 3);
	return r < 0 ? r : 1;
}

static int take_content(struct multipart *m, struct span *in, struct buf *out)
{
	struct span mark = buf_span(&m->mark), part;
	size_t n = span_find(*in, mark), front = m->lead ? 1 : 0;
	bool found = n < in->n;
	int r;

	if (found && (n <= front || in->p[n - 1] != '\r'))
		return -EBADMSG;
	if (!found && in->n <= mark.n + front)
		return 0;
	n = found ? n - 1 : in->n - mark.n;
	part = span_from(span_of(in->p, n), front);
	m->lead = false;
	r = add_content(m, part, out);
	if (r < 0)
		return r;
	*in = span_from(*in, found ? n + 1 + mark.n : n);
	if (!found)
		return 0;
	m->state = MULTIPART_AFTER;
	r = end_part(m, out);
	return r < 0 ? r : 1;
}

static int take_end(
    struct multipart *m, struct span *in, bool last, struct buf *out)
{
	struct span end = SPAN("\r\n");

	(void)m;
	if (in->n > end.n || !span_starts(end, *in))
		return -EBADMSG;
	if (!last)
		return 0;
	if (in->n == 1)
		return -EBADMSG;
	buf_add_span(out, *in);
	*in = span_from(*in, in->n);
	return 0;
}

static int take(
    struct multipart *m, struct span *in, bool last, struct buf *out)
{
	switch (m->state) {
	case MULTIPART_FIRST:
		return take_first(m, in);
	case MULTIPART_AFTER:
		return take_after(m, in, out);
	case MULTIPART_HEAD:
		return take_head(m, in, out);
	case MULTIPART_CONTENT:
		return take_content(m, in, out);
	case MULTIPART_END:
		return take_end(m, in, last, out);
	}
	return -EBADMSG;
}

/* What is not taken stays in held. */
static int take_slice(
    struct multipart *m, struct span in, bool last, struct buf *out)
{
	bool holds = buf_len(&m->held) > 0;
	struct span rest = in;
	size_t taken;
	int r;

	if (holds) {
		if ((r = buf_add_span(&m->held, in)) < 0)
			return r;
		rest = buf_span(&m->held);
	}
	do
		r = take(m, &rest, last, out);
	while (r == 1);
	if (r < 0)
		return r;
	if (last && (rest.n > 0 || m->state != MULTIPART_END))
		return -EBADMSG;
	if (!holds)
		return buf_add_span(&m->held, rest);
	taken = buf_len(&m->held) - rest.n;
	buf_drain(&m->held, taken);
	return 0;
}

int multipart_feed(
    struct multipart *m, struct span in, bool last, struct buf *out)
{
	while (m->err == 0 && in.n > SLICE_BYTES) {
		m->err = take_slice(m, span_of(in.p, SLICE_BYTES), false, out);
		in = span_from(in, SLICE_BYTES);
	}
	if (m->err == 0)
		m->err = take_slice(m, in, last, out);
	if (m->err == 0)
		m->err = buf_error(out);
	return m->err;
}
