/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/xml_int.h"

#include <assert.h>
#include <stdlib.h>

#include "base/rnd.h"
#include "engine/value.h"

#define SLICE_BYTES (64u << 10) /* expat gets at most so much at once */
#define HEAD_MAX 512            /* bytes of an XML declaration */
#define MEMORY_HEAD 16          /* keeps what is behind it aligned */

/* Around the body, so that fragments are one document and a document type
 * declaration is nowhere allowed. */
#define ROOT "<x>"
#define ROOT_END "</x>"
#define ROOT_BYTES (sizeof ROOT - 1)

/* ---- expat's memory ---- */

/* Its functions get no argument; a process is one thread. */
static struct xml *at_work;

static void *take_memory(size_t n)
{
	char *p;

	assert(at_work != NULL);
	if (n > XML_MEMORY_MAX || at_work->memory + n > XML_MEMORY_MAX) {
		at_work->over = true;
		return NULL;
	}
	p = malloc(n + MEMORY_HEAD);
	if (p == NULL)
		return NULL;
	memcpy(p, &n, sizeof n);
	at_work->memory += n;
	return p + MEMORY_HEAD;
}

static void give_memory(void *mem)
{
	size_t n;

	if (mem == NULL)
		return;
	memcpy(&n, (char *)mem - MEMORY_HEAD, sizeof n);
	at_work->memory -= n;
	free((char *)mem - MEMORY_HEAD);
}

static void *change_memory(void *mem, size_t n)
{
	void *p = take_memory(n);
	size_t old;

	if (p == NULL || mem == NULL)
		return p;
	memcpy(&old, (char *)mem - MEMORY_HEAD, sizeof old);
	memcpy(p, mem, old < n ? old : n);
	give_memory(mem);
	return p;
}

/* ---- small things ---- */

void xml_fail(struct xml *x, int err)
{
	if (x->err != 0)
		return;
	x->err = err;
	XML_StopParser(x->expat, XML_FALSE);
}

/* Where in the input the event at hand begins. */
static size_t event_place(const struct xml *x)
{
	return (size_t)XML_GetCurrentByteIndex(x->expat) - x->shift;
}

static size_t input_end(const struct xml *x)
{
	return x->win_at + buf_len(&x->win);
}

/* The event at hand as it came. It follows right behind the last one, as all
 * that stands in content is an event. */
static bool take_event(struct xml *x, struct span *ret_raw)
{
	int n = XML_GetCurrentByteCount(x->expat);
	size_t place = event_place(x);

	if (x->err != 0)
		return false;
	if (n < 0 || place != x->done || (size_t)n > input_end(x) - place) {
		xml_fail(x, -EBADMSG);
		return false;
	}
	*ret_raw =
	    span_of(buf_span(&x->win).p + (place - x->win_at), (size_t)n);
	x->done += (size_t)n;
	if ((size_t)n > XML_TAG_MAX)
		xml_fail(x, -E2BIG);
	return x->err == 0;
}

/* ---- what expat tells ---- */

static void on_start(void *arg, const char *name, const char **atts)
{
	struct xml *x = arg;
	struct span raw;

	if (!x->rooted) {
		x->rooted = true;
		return;
	}
	if (!take_event(x, &raw))
		return;
	xml_text_end(x);
	if (x->depth == SCRUB_DEPTH_MAX || strlen(name) > SCRUB_NAME_MAX ||
	    XML_GetSpecifiedAttributeCount(x->expat) > 2 * XML_ATTRIBUTES_MAX)
		xml_fail(x, -E2BIG);
	if (x->depth == 0) {
		buf_reset(&x->root);
		buf_add_str(&x->root, name);
	}
	if (buf_error(&x->root) < 0)
		xml_fail(x, buf_error(&x->root));
	if (x->err == 0)
		xml_open(x, span_str(name), raw, (const char *const *)atts);
}

static void on_end(void *arg, const char *name)
{
	struct xml *x = arg;
	struct span raw;

	if (event_place(x) >= input_end(x) && x->depth == 0)
		return; /* our own end */
	if (!take_event(x, &raw))
		return;
	xml_text_end(x);
	if (x->depth == 0)
		xml_fail(x, -EBADMSG); /* not for our root */
	if (x->err == 0)
		xml_close(x, span_str(name), raw);
}

static void on_text(void *arg, const char *text, int n)
{
	struct xml *x = arg;
	struct span raw;

	if (take_event(x, &raw))
		xml_text(x, raw, span_of(text, (size_t)n));
}

static void on_cdata(void *arg)
{
	struct xml *x = arg;
	struct span raw;

	if (!take_event(x, &raw))
		return;
	if (x->depth == 0)
		xml_fail(x, -EBADMSG);
	else
		xml_text(x, raw, SPAN(""));
}

static void on_comment(void *arg, const char *text)
{
	struct xml *x = arg;
	struct span raw;

	if (take_event(x, &raw))
		xml_aside(x, raw, "comment()", span_str(text));
}

static void on_instruction(void *arg, const char *target, const char *text)
{
	struct xml *x = arg;
	struct span raw;

	(void)target;
	if (take_event(x, &raw))
		xml_aside(x, raw, "processing-instruction()", span_str(text));
}

static void on_declaration(
    void *arg, const char *version, const char *encoding, int standalone)
{
	struct span e = span_str(encoding);
	struct xml *x = arg;

	(void)version, (void)standalone;
	if (encoding != NULL && !span_eq_nocase(e, SPAN("utf-8")) &&
	    !span_eq_nocase(e, SPAN("us-ascii")))
		xml_fail(x, -EBADMSG);
}

static void on_doctype(void *arg, const char *name, const char *system,
    const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	xml_fail(arg, -EBADMSG);
}

static void on_entity(void *arg, const char *name, int parameter)
{
	(void)name, (void)parameter;
	xml_fail(arg, -EBADMSG);
}

/* ---- driving ---- */

struct xml *xml_new(const struct plan *plan, const struct env *env)
{
	static const XML_Memory_Handling_Suite memory = { take_memory,
		change_memory, give_memory };
	struct xml *x = calloc(1, sizeof *x), *before = at_work;

	if (x == NULL)
		return NULL;
	x->plan = plan;
	x->env = env;
	x->watched = value_watched(plan, env);
	x->live = plan_has(plan, CARRIER_XML) || x->watched;
	x->allow = plan_allow_list(plan, CARRIER_XML);
	if (plan_has(plan, CARRIER_XML))
		x->frame[0].state = JPATH_ROOT;
	buf_init(&x->win, 2 * XML_TAG_MAX + 2 * SLICE_BYTES);
	buf_init(&x->raw, 2 * SCRUB_VALUE_MAX);
	buf_init(&x->text, SCRUB_VALUE_MAX);
	buf_init(&x->held, SCRUB_VALUE_MAX);
	buf_init(&x->opening, 8 * SCRUB_VALUE_MAX);
	buf_init(&x->name, SCRUB_NAME_MAX + 1);
	buf_init(&x->tag, 8 * SCRUB_VALUE_MAX);
	buf_init(&x->fresh, 8 * SCRUB_VALUE_MAX);
	buf_init(&x->path, XML_PATH_MAX);
	buf_init(&x->root, SCRUB_NAME_MAX);
	at_work = x;
	x->expat = XML_ParserCreate_MM("UTF-8", &memory, NULL);
	at_work = before;
	if (x->expat == NULL) {
		xml_free(x);
		return NULL;
	}
	XML_SetHashSalt(x->expat, (unsigned long)rnd_u64() | 1);
	XML_SetUserData(x->expat, x);
	XML_SetElementHandler(x->expat, on_start, on_end);
	XML_SetCharacterDataHandler(x->expat, on_text);
	XML_SetCdataSectionHandler(x->expat, on_cdata, on_cdata);
	XML_SetCommentHandler(x->expat, on_comment);
	XML_SetProcessingInstructionHandler(x->expat, on_instruction);
	XML_SetXmlDeclHandler(x->expat, on_declaration);
	XML_SetStartDoctypeDeclHandler(x->expat, on_doctype);
	XML_SetSkippedEntityHandler(x->expat, on_entity);
	return x;
}

void xml_free(struct xml *x)
{
	struct xml *before = at_work;

	if (x == NULL)
		return;
	at_work = x;
	if (x->expat != NULL)
		XML_ParserFree(x->expat);
	at_work = before;
	buf_fini(&x->win);
	buf_fini(&x->raw);
	buf_fini(&x->text);
	buf_fini(&x->held);
	buf_fini(&x->opening);
	buf_fini(&x->name);
	buf_fini(&x->tag);
	buf_fini(&x->fresh);
	buf_fini(&x->path);
	buf_fini(&x->root);
	free(x);
}

bool xml_begins(struct span in)
{
	if (span_starts(in, SPAN("\xef\xbb\xbf")))
		in = span_from(in, 3);
	in = span_skip_space(in);
	return in.n > 0 && in.p[0] == '<';
}

/* Is name that of an XMPP stream, whose tags come alone? */
static bool is_stream(struct span name)
{
	return span_eq(name, SPAN("stream")) ||
	       span_ends(name, SPAN(":stream"));
}

/* The answer of expat to text. */
static enum XML_Status parse(struct xml *x, struct span text, bool final)
{
	struct xml *before = at_work;
	enum XML_Status status;

	at_work = x;
	status = XML_Parse(x->expat, text.p, (int)text.n, final);
	at_work = before;
	return status;
}

/* expat refused something. It is no fault if it was the end tag of a stream
 * that began elsewhere, or ours where a stream goes on elsewhere. */
static void refused(struct xml *x)
{
	enum XML_Error e = XML_GetErrorCode(x->expat);
	size_t place = event_place(x);

	if (x->err != 0)
		return;
	if (e == XML_ERROR_NO_MEMORY)
		x->err = x->over ? -E2BIG : -ENOMEM;
	else if (e == XML_ERROR_TAG_MISMATCH && place == x->done + 2 &&
	         place < input_end(x) && x->depth == 0)
		x->part = XML_SHUT;
	else if (e == XML_ERROR_TAG_MISMATCH && place == x->done + 2 &&
	         x->done == input_end(x) && x->depth == 1 &&
	         is_stream(buf_span(&x->root)))
		xml_text_end(x);
	else
		x->err = -EBADMSG;
}

/* How many bytes of the window are its head; 0: tell later. *ret_mark: those
 * of a byte order mark that stands alone. */
static int measure_head(struct xml *x, bool last, size_t *ret_n)
{
	struct span w = buf_span(&x->win), mark = SPAN("\xef\xbb\xbf");
	struct span open = SPAN("<?xml"), rest = w;

	*ret_n = 0;
	if (w.n < mark.n && span_starts(mark, w))
		return last ? 1 : 0;
	if (span_starts(w, mark)) {
		rest = span_from(w, mark.n);
		*ret_n = mark.n;
	}
	if (rest.n <= open.n && span_starts(open, rest))
		return last ? 1 : 0;
	if (!span_starts(rest, open) || !ascii_space(rest.p[open.n]))
		return 1;
	rest.n = rest.n < HEAD_MAX ? rest.n : HEAD_MAX;
	w.n = span_find(rest, SPAN("?>"));
	if (w.n == rest.n)
		return rest.n < HEAD_MAX && !last ? 0 : -EBADMSG;
	*ret_n += w.n + 2;
	return 1;
}

/* The head, and our own root behind it. */
static int begin(struct xml *x, bool last)
{
	size_t n;
	int r = measure_head(x, last, &n);

	if (r <= 0)
		return r;
	if (parse(x, span_of(buf_span(&x->win).p, n), false) != XML_STATUS_OK ||
	    parse(x, SPAN(ROOT), false) != XML_STATUS_OK) {
		refused(x);
		return x->err;
	}
	xml_emit(x, span_of(buf_span(&x->win).p, n));
	buf_drain(&x->win, n);
	x->shift = n + ROOT_BYTES;
	x->part = XML_MAIN;
	return x->err;
}

/* Behind the tags of others: one end tag of a stream, white space. */
static int finish_shut(struct xml *x, bool last)
{
	struct span w = span_from(buf_span(&x->win), x->done - x->win_at), name;
	size_t n;

	if (w.n > SCRUB_LEAD_MAX)
		return -E2BIG;
	if (!last)
		return 0;
	name = span_from(w, 2);
	name.n = span_chr(name, '>');
	n = name.n + 3;
	while (name.n > 0 && ascii_space(name.p[name.n - 1]))
		name.n--;
	for (; n < w.n; n++)
		if (!ascii_space(w.p[n]))
			return -EBADMSG;
	if (!is_stream(name))
		return -EBADMSG;
	xml_emit(x, w);
	return x->err;
}

/* All of the input is in. */
static int finish(struct xml *x)
{
	if (parse(x, SPAN(ROOT_END), true) != XML_STATUS_OK)
		refused(x);
	if (x->err == 0 && x->part == XML_MAIN &&
	    (x->whole != NULL || x->done != input_end(x)))
		x->err = -EBADMSG; /* half of what was to go */
	return x->err;
}

/* Give expat what it has not seen. It reads a tag that is not whole again from
 * its start each time, so it gets no less than that: twice as much each time.
 */
static int drive(struct xml *x, bool last)
{
	struct span w = buf_span(&x->win), fresh;
	size_t seen = x->fed - x->win_at;

	fresh = span_from(w, seen);
	if (x->part != XML_MAIN || fresh.n == 0 ||
	    (!last && fresh.n < x->fed - x->done))
		return 0;
	x->fed += fresh.n;
	if (parse(x, fresh, false) != XML_STATUS_OK)
		refused(x);
	buf_drain(&x->win, x->done - x->win_at);
	x->win_at = x->done;
	return x->err;
}

static int feed(struct xml *x, struct span part, bool last)
{
	int r = buf_add_span(&x->win, part);

	if (r == 0 && x->part == XML_HEAD)
		r = begin(x, last);
	if (r == 0)
		r = drive(x, last);
	if (r == 0 && last && x->part == XML_MAIN)
		r = finish(x);
	if (r == 0 && x->part == XML_SHUT)
		r = finish_shut(x, last);
	if (r == 0 && buf_len(&x->win) > 2 * XML_TAG_MAX)
		r = -E2BIG;
	return r;
}

int xml_feed(struct xml *x, struct span in, bool last, struct buf *out)
{
	struct span part;

	x->out = out;
	do {
		part = span_of(in.p, in.n < SLICE_BYTES ? in.n : SLICE_BYTES);
		in = span_from(in, part.n);
		if (x->err == 0)
			x->err = feed(x, part, last && in.n == 0);
	} while (x->err == 0 && in.n > 0);
	if (x->err == 0)
		x->err = buf_error(out);
	return x->err;
}
