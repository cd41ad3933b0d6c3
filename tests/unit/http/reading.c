/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/http/reading.h"

#include "http/h1.h"

#define READING_MAX_BYTES (1u << 22)

struct peer {
	bool request;
	struct span method; /* answers: what was asked */
};

static struct msg m;

static struct buf *const *all(struct readings *r, struct buf *list[11])
{
	struct reading *one[] = { &r->whole, &r->cut, &r->again };

	for (size_t i = 0; i < 3; i++) {
		list[3 * i] = &one[i]->head;
		list[3 * i + 1] = &one[i]->content;
		list[3 * i + 2] = &one[i]->form;
	}
	list[9] = &r->stream;
	list[10] = &r->sloppy;
	return list;
}

void readings_init(struct readings *r)
{
	struct buf *list[11];

	all(r, list);
	for (size_t i = 0; i < 11; i++)
		buf_init(list[i], READING_MAX_BYTES);
}

void readings_fini(struct readings *r)
{
	struct buf *list[11];

	all(r, list);
	for (size_t i = 0; i < 11; i++)
		buf_fini(list[i]);
}

/* Fields that the writer makes itself are told by the first line. */
static void describe(struct buf *out)
{
	static const char *const framing[] = { "none", "length", "chunked",
		"close" };

	if (m.request)
		buf_addf(out, "%.*s %.*s %.*s", SPAN_ARG(m.method),
		    SPAN_ARG(m.authority), SPAN_ARG(m.path));
	else
		buf_addf(out, "%d %.*s", m.status, SPAN_ARG(m.reason));
	buf_addf(out, " %s %llu%s%s%s\n", framing[m.framing],
	    (unsigned long long)m.length, m.keep_alive ? " keep" : "",
	    m.upgrade ? " upgrade" : "", m.expect_continue ? " expect" : "");
	for (unsigned i = 0; i < m.nfields; i++) {
		const struct field *f = &m.field[i];

		if (f->gone || f->id == FIELD_CONNECTION ||
		    f->id == FIELD_KEEP_ALIVE ||
		    f->id == FIELD_CONTENT_LENGTH ||
		    f->id == FIELD_TRANSFER_ENCODING ||
		    (f->id == FIELD_HOST && m.request))
			continue;
		buf_add_span(out, f->name);
		buf_add_char(out, '=');
		buf_add_span(out, f->value);
		buf_add_char(out, '\n');
	}
}

static void write_again(struct reading *r)
{
	struct span content = buf_span(&r->content);

	buf_reset(&r->form);
	if (h1_write_head(&m, &r->form) < 0) {
		buf_add_str(&r->form, "not writable");
		return;
	}
	if (m.framing == FRAME_CHUNKED)
		h1_write_chunk(&r->form, content, true);
	else
		buf_add_span(&r->form, content);
}

static ptrdiff_t read_head(const struct peer *p, struct span in)
{
	enum h1_fault fault;

	if (p->request)
		return h1_read_request(in, &m, &fault);
	return h1_read_response(in, p->method, &m, &fault);
}

/* Read in as it arrives: up to stop[0], then up to stop[1], then all of it. */
static void read_message(const struct peer *p, struct span in,
    const size_t stop[2], struct reading *r)
{
	size_t until[3] = { stop[0], stop[1], in.n }, i = 0;
	struct span piece, content;
	struct h1_body body;
	ptrdiff_t n;
	int done;

	buf_reset(&r->head);
	buf_reset(&r->content);
	r->end = READING_REFUSED;
	while ((n = read_head(p, span_of(in.p, until[i]))) == 0 && i < 2)
		i++;
	if (n <= 0) {
		r->end = n < 0 ? READING_REFUSED : READING_INCOMPLETE;
		return;
	}
	describe(&r->head);
	h1_body_init(&body, &m);
	r->taken = (size_t)n;
	for (;;) {
		piece = span_of(in.p + r->taken, until[i] - r->taken);
		done = h1_body_read(&body, &piece, &content);
		if (done < 0)
			return;
		buf_add_span(&r->content, content);
		r->taken = until[i] - piece.n;
		if (done > 0)
			break;
		if (piece.n == 0 && ++i > 2)
			break;
	}
	r->end = READING_INCOMPLETE;
	if (h1_body_eof(&body) < 0)
		return;
	r->end = READING_WHOLE;
	write_again(r);
}

static bool same(const struct reading *a, const struct reading *b)
{
	return a->end == b->end &&
	       span_eq(buf_span(&a->head), buf_span(&b->head)) &&
	       span_eq(buf_span(&a->content), buf_span(&b->content));
}

/* What careless readers do differently from each other. */
enum mood {
	CR_ENDS = 1,      /* a bare CR ends a line, as a bare LF always does */
	LENGTH_FIRST = 2, /* Content-Length wins over Transfer-Encoding */
	LAST_WINS = 4,    /* the last of several lengths */
	LOWLINE = 8,      /* '_' in names is '-' */
	MOODS = 16
};

static struct span careless_line(struct span *in, unsigned mood)
{
	size_t n = 0;
	struct span line;

	while (n < in->n && in->p[n] != '\n' &&
	       !((mood & CR_ENDS) != 0 && in->p[n] == '\r'))
		n++;
	line = span_of(in->p, n);
	if (n + 1 < in->n && in->p[n] == '\r' && in->p[n + 1] == '\n')
		n++;
	*in = span_from(*in, n + 1);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct span careless_trim(struct span s)
{
	while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
		s = span_from(s, 1);
	while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

static bool careless_is(struct span name, const char *want, unsigned mood)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);

		if ((mood & LOWLINE) != 0 && c == '_')
			c = '-';
		if (c != want[i])
			return false;
	}
	return want[name.n] == '\0';
}

/* Digits as far as they go, as strtoull would. */
static size_t careless_number(struct span s, size_t base)
{
	size_t v = 0;
	int d;

	s = careless_trim(s);
	if (base == 16 && span_starts_nocase(s, SPAN("0x")))
		s = span_from(s, 2);
	for (; s.n > 0; s = span_from(s, 1)) {
		d = ascii_hex(s.p[0]);
		if (d < 0 || (size_t)d >= base || v > READING_MAX_BYTES)
			break;
		v = v * base + (size_t)d;
	}
	return v;
}

static void careless_chunks(struct span *in, unsigned mood, struct buf *out)
{
	struct span line;
	size_t n;

	while (in->n > 0) {
		n = careless_number(careless_line(in, mood), 16);
		if (n == 0)
			break;
		n = n < in->n ? n : in->n;
		buf_add(out, in->p, n);
		*in = span_from(*in, n);
		careless_line(in, mood);
	}
	do
		line = careless_line(in, mood);
	while (line.n > 0);
}

/* One message, read with little care; *in is moved to what follows. */
static void careless_read(
    const struct peer *p, struct span *in, unsigned mood, struct buf *out)
{
	struct span line = careless_line(in, mood), rest, name;
	bool chunked = false, has_length = false, none = p->request;
	size_t length = 0, status = careless_number(span_from(line, 8), 10);

	if (!p->request)
		none = status < 200 || status == 204 || status == 304 ||
		       span_eq(p->method, SPAN("HEAD")) ||
		       (status < 300 && span_eq(p->method, SPAN("CONNECT")));
	while ((line = careless_line(in, mood)).n > 0) {
		rest = line;
		name = careless_trim(span_cut(&rest, ':'));
		if (careless_is(name, "transfer-encoding", mood)) {
			chunked = true;
		} else if (careless_is(name, "content-length", mood) &&
		           (!has_length || (mood & LAST_WINS) != 0)) {
			length = careless_number(rest, 10);
			has_length = true;
		}
	}
	if (!p->request && none)
		return;
	if (chunked && !(has_length && (mood & LENGTH_FIRST) != 0)) {
		careless_chunks(in, mood, out);
		return;
	}
	if (!has_length)
		length = p->request ? 0 : in->n;
	length = length < in->n ? length : in->n;
	buf_add(out, in->p, length);
	*in = span_from(*in, length);
}

/* More fields than a head may have: we added the one that frames the content.
 * The next reader refuses such a head, which is no second reading. */
static bool overfull(struct span form)
{
	size_t lines = 0;

	while (form.n > 0 && !span_starts(form, SPAN("\r\n"))) {
		(void)span_cut(&form, '\n');
		lines++;
	}
	return lines > MSG_FIELDS_MAX + 1;
}

/* The form of r->whole and what followed it: does every reader agree? */
static const char *check_form(
    struct readings *r, const struct peer *p, struct span left)
{
	struct span form = buf_span(&r->whole.form), rest;
	const size_t stop[2] = { form.n, form.n };

	buf_reset(&r->stream);
	buf_add_span(&r->stream, form);
	buf_add_span(&r->stream, left);
	read_message(p, buf_span(&r->stream), stop, &r->again);
	if (r->again.end == READING_REFUSED && overfull(form))
		return NULL;
	if (!same(&r->whole, &r->again))
		return "written and read again it is something else";
	if (r->again.taken != form.n)
		return "written and read again it ends somewhere else";
	if (!span_eq(buf_span(&r->again.form), form))
		return "it is written differently the second time";
	for (unsigned mood = 0; mood < MOODS; mood++) {
		buf_reset(&r->sloppy);
		rest = buf_span(&r->stream);
		careless_read(p, &rest, mood, &r->sloppy);
		if (!span_eq(buf_span(&r->sloppy), buf_span(&r->whole.content)))
			return "a careless reader finds other content";
		if (rest.n != left.n)
			return "a careless reader finds another end";
	}
	return NULL;
}

enum reading_end readings_check(struct readings *r, bool request,
    struct span for_method, struct span in, size_t at, const char **ret_wrong)
{
	const struct peer p = { request, for_method };
	size_t n = in.n, k = at < n ? at : n;
	const size_t stop[][2] = { { n, n }, { n > 0 ? 1 : 0, n / 2 },
		{ n / 3, n - n / 3 }, { k > 0 ? k - 1 : 0, k },
		{ k, k < n ? k + 1 : n }, { n > 0 ? n - 1 : 0, n } };
	struct span left;

	*ret_wrong = NULL;
	read_message(&p, in, stop[0], &r->whole);
	for (size_t i = 1; i < sizeof stop / sizeof *stop; i++) {
		read_message(&p, in, stop[i], &r->cut);
		if (!same(&r->whole, &r->cut) ||
		    (r->whole.end == READING_WHOLE &&
		        r->whole.taken != r->cut.taken))
			*ret_wrong = "cut, it is something else";
	}
	if (r->whole.end == READING_WHOLE && *ret_wrong == NULL) {
		left = span_from(in, r->whole.taken);
		*ret_wrong = check_form(r, &p, left);
	}
	return r->whole.end;
}
