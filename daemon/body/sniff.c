/* SPDX-License-Identifier: EUPL-1.2 */
#include "body/sniff.h"

#include <errno.h>

#include "base/buf.h"
#include "body/coding.h"
#include "body/sdp.h"
#include "body/xml.h"

#define START_BYTES (64u << 10) /* most that is decoded of a start */
#define SNIFF_BYTES 512u        /* looked at to see how a body begins */
#define BOUNDARY_MAX_BYTES 70   /* RFC 2046, 5.1.1 */

/* ---- media types ---- */

static const struct {
	const char *type;
	enum body_form form;
} types[] = {
	{ "application/json", BODY_JSON },
	{ "text/json", BODY_JSON },
	{ "application/x-ndjson", BODY_JSON_LINES },
	{ "application/ndjson", BODY_JSON_LINES },
	{ "application/jsonl", BODY_JSON_LINES },
	{ "application/json-seq", BODY_JSON_LINES },
	{ "application/x-www-form-urlencoded", BODY_FORM },
	{ "multipart/form-data", BODY_MULTIPART },
	{ "application/xml", BODY_XML },
	{ "text/xml", BODY_XML },
	{ "application/sdp", BODY_SDP },
	{ "application/trickle-ice-sdpfrag", BODY_SDP },
	{ "application/protobuf", BODY_PROTO },
	{ "application/x-protobuf", BODY_PROTO },
	{ "application/vnd.google.protobuf", BODY_PROTO },
	{ "text/event-stream", BODY_EVENTS },
	{ "application/grpc-web", BODY_FRAMES },
	{ "application/grpc-web+proto", BODY_FRAMES },
	{ "application/grpc-web-text", BODY_FRAMES_TEXT },
	{ "application/grpc-web-text+proto", BODY_FRAMES_TEXT },
};

static bool has_suffix(struct span type, struct span suffix)
{
	return span_chr(type, '/') < type.n && type.n > suffix.n &&
	       span_eq_nocase(span_from(type, type.n - suffix.n), suffix);
}

/* By the type alone; UNREAD when it says nothing. */
static enum body_form form_of(struct span type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (span_eq_nocase(type, span_str(types[i].type)))
			return types[i].form;
	if (has_suffix(type, SPAN("+json")))
		return BODY_JSON;
	return has_suffix(type, SPAN("+xml")) ? BODY_XML : BODY_UNREAD;
}

static enum carrier carrier_of(enum body_form f)
{
	switch (f) {
	case BODY_JSON:
	case BODY_JSON_LINES:
		return CARRIER_JSON;
	case BODY_FORM:
		return CARRIER_FORM;
	case BODY_MULTIPART:
		return CARRIER_MULTIPART;
	case BODY_XML:
		return CARRIER_XML;
	case BODY_SDP:
		return CARRIER_SDP;
	case BODY_PROTO:
	case BODY_FRAMES:
	case BODY_FRAMES_TEXT:
		return CARRIER_PROTO;
	case BODY_TEXT:
		return CARRIER_TEXT;
	case BODY_UNREAD:
	case BODY_EVENTS: /* of several */
	case BODY_REFUSED:
	case BODY_FORM_COUNT:
		break;
	}
	return CARRIER_COUNT;
}

/* The next attribute=value of a list of parameters; false at the end or when it
 * is not well-formed (RFC 9110, 5.6.6). Of a quoted value the inner part; one
 * with a backslash is refused, no boundary needs it. */
static bool next_parameter(
    struct span *rest, struct span *ret_name, struct span *ret_value)
{
	size_t end;

	*rest = span_trim(*rest);
	if (rest->n == 0 || rest->p[0] != ';')
		return false;
	*rest = span_trim(span_from(*rest, 1));
	*ret_name = span_cut(rest, '=');
	if (rest->n > 0 && rest->p[0] == '"') {
		*rest = span_from(*rest, 1);
		end = span_chr(*rest, '"');
		*ret_value = span_of(rest->p, end);
		if (end == rest->n || span_chr(*ret_value, '\\') < end)
			return false;
		*rest = span_from(*rest, end + 1);
		return true;
	}
	end = span_chr(*rest, ';');
	*ret_value = span_trim(span_of(rest->p, end));
	*rest = span_from(*rest, end);
	return true;
}

/* bcharsnospace; a space within is allowed there, and never used. */
static bool is_boundary(struct span s)
{
	struct span others = SPAN("'()+_,-./:=?");

	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!ascii_digit(c) && (c < 'a' || c > 'z') &&
		    span_chr(others, c) == others.n)
			return false;
	}
	return s.n > 0 && s.n <= BOUNDARY_MAX_BYTES;
}

struct span sniff_boundary(struct span media_type)
{
	struct span rest = span_from(media_type, span_chr(media_type, ';'));
	struct span name, value, found = SPAN_NONE;

	while (next_parameter(&rest, &name, &value)) {
		if (!span_eq_nocase(name, SPAN("boundary")))
			continue;
		if (found.n > 0 || !is_boundary(value))
			return SPAN_NONE;
		found = value;
	}
	return rest.n == 0 ? found : SPAN_NONE;
}

/* ---- first bytes ---- */

bool sniff_json(struct span s)
{
	s = span_skip_space(s);
	return s.n > 0 && (s.p[0] == '{' || s.p[0] == '[');
}

/* Is what stands behind the first bracket JSON, too? A log may begin "[INFO]"
 * or
 * "[2026-11-25]". *ret_open: more bytes may change the answer. */
static bool begins_json(struct span s, bool *ret_open)
{
	struct span first = SPAN("\"{[]-0123456789tfn");
	struct span behind = SPAN(",].eE \t\r\n");
	bool object;
	size_t n;

	*ret_open = false;
	if (!sniff_json(s))
		return false;
	s = span_skip_space(s);
	object = s.p[0] == '{';
	s = span_skip_space(span_from(s, 1));
	*ret_open = s.n == 0;
	if (s.n == 0 || object)
		return s.n == 0 || s.p[0] == '"' || s.p[0] == '}';
	if (span_chr(first, s.p[0]) == first.n)
		return false;
	n = s.p[0] == '-';
	while (n < s.n && ascii_digit(s.p[n]))
		n++;
	*ret_open = n > 0 && n == s.n;
	return n == 0 || n == s.n || span_chr(behind, s.p[n]) < behind.n;
}

/* ---- what the plan can read ---- */

static bool has_lines(const struct plan *plan)
{
	for (int f = 0; f < BODY_FORM_COUNT; f++) {
		enum carrier c = carrier_of((enum body_form)f);

		if (c != CARRIER_COUNT && plan_has(plan, c))
			return true;
	}
	return false;
}

/* Of no form that can be read. */
static enum body_form none(const struct plan *plan)
{
	return plan_pass_unread(plan) || !has_lines(plan) ? BODY_UNREAD
	                                                  : BODY_REFUSED;
}

bool sniff_passes(const struct plan *plan)
{
	return none(plan) == BODY_UNREAD;
}

/* Can detect lines read what no strip line reads? Never what is refused without
 * them. */
static bool finds_instead(const struct plan *plan)
{
	return plan_detects(plan) && sniff_passes(plan);
}

static bool reads_events(const struct plan *plan)
{
	return plan_has(plan, CARRIER_JSON) || plan_has(plan, CARRIER_XML) ||
	       plan_has(plan, CARRIER_SDP) || plan_has(plan, CARRIER_TEXT) ||
	       plan_detects(plan);
}

static bool reads(const struct plan *plan, enum body_form f)
{
	if (f == BODY_EVENTS)
		return reads_events(plan);
	return plan_has(plan, carrier_of(f)) ||
	       (carrier_of(f) != CARRIER_PROTO && finds_instead(plan));
}

/* A list of what may pass, for content of one form: in another form nothing may. */
static bool is_closed(const struct plan *plan)
{
	static const enum carrier content[] = { CARRIER_JSON, CARRIER_FORM,
		CARRIER_MULTIPART, CARRIER_XML, CARRIER_PROTO, CARRIER_TEXT };

	for (size_t i = 0; i < sizeof content / sizeof *content; i++)
		if (plan_allow_list(plan, content[i]))
			return !plan_pass_unread(plan);
	return false;
}

/* JSON and forms: without lines for them they pass where others are refused. */
static enum body_form usual(const struct plan *plan, enum body_form f)
{
	if (plan_has(plan, carrier_of(f)))
		return f;
	if (is_closed(plan))
		return BODY_REFUSED;
	return plan_detects(plan) ? f : BODY_UNREAD;
}

bool sniff_speaks(const struct plan *plan)
{
	return plan != NULL && (has_lines(plan) || plan_detects(plan));
}

/* form = "..." of the pack; the type tells the variant. */
static enum body_form named(enum entry_form form, enum body_form typed)
{
	switch (form) {
	case ENTRY_JSON:
		return typed == BODY_JSON_LINES || typed == BODY_EVENTS
		           ? typed
		           : BODY_JSON;
	case ENTRY_FORM:
		return BODY_FORM;
	case ENTRY_XML:
		return typed == BODY_EVENTS ? typed : BODY_XML;
	case ENTRY_SDP:
		return typed == BODY_EVENTS ? typed : BODY_SDP;
	case ENTRY_PROTO:
		return typed == BODY_FRAMES || typed == BODY_FRAMES_TEXT
		           ? typed
		           : BODY_PROTO;
	case ENTRY_MULTIPART:
		return BODY_MULTIPART;
	case ENTRY_TEXT:
		return BODY_TEXT;
	case ENTRY_AUTO:
	case ENTRY_FORM_COUNT:
		break;
	}
	return BODY_REFUSED;
}

static enum body_form by_start(
    const struct plan *plan, struct span type, struct span start)
{
	bool open;

	if (plan_has(plan, CARRIER_SDP) && sdp_begins(start))
		return BODY_SDP;
	if (plan_has(plan, CARRIER_XML) && xml_begins(start))
		return BODY_XML;
	if (finds_instead(plan) && begins_json(start, &open) &&
	    span_eq_nocase(type, SPAN("text/plain")))
		return BODY_JSON;
	if (reads(plan, BODY_TEXT) && span_starts_nocase(type, SPAN("text/")))
		return BODY_TEXT;
	return none(plan);
}

static enum body_form choose(
    const struct plan *plan, struct span media_type, struct span start)
{
	struct span rest = media_type;
	struct span type = span_trim(span_cut(&rest, ';'));
	enum body_form typed = form_of(type);
	bool open;

	if (plan_form(plan) != ENTRY_AUTO)
		return named(plan_form(plan), typed);
	if (typed == BODY_JSON || typed == BODY_JSON_LINES)
		return usual(plan, typed);
	if (typed == BODY_EVENTS && reads(plan, typed))
		return typed;
	if (plan_has(plan, CARRIER_JSON) && sniff_json(start))
		return BODY_JSON;
	if (typed == BODY_FORM && !plan_has(plan, CARRIER_FORM) &&
	    plan_detects(plan) && begins_json(start, &open))
		return BODY_JSON; /* as a form it were a name */
	if (typed == BODY_FORM)
		return usual(plan, BODY_FORM);
	if (typed != BODY_UNREAD && reads(plan, typed))
		return typed;
	return by_start(plan, type, start);
}

/* The content coding that the body really has, "" for none. */
static struct span true_coding(struct span coding, struct span start)
{
	coding = span_trim(coding);
	if (!coding_is_identity(coding))
		return coding;
	return coding_gzip_begins(start) ? SPAN("gzip") : SPAN_NONE;
}

/* Decode start in pieces of n bytes; the answer of coding_decode. */
static int decode(
    struct span coding, struct span start, size_t n, struct buf *out)
{
	struct coding *c = coding_new(coding);
	int r = c != NULL ? 0 : -ENOTSUP;

	while (r >= 0 && start.n > 0 && buf_len(out) < SNIFF_BYTES) {
		struct span piece = span_of(start.p, n < start.n ? n : start.n);

		start = span_from(start, piece.n);
		r = coding_decode(c, &piece, out, SNIFF_BYTES);
		if (r == 1 && piece.n > 0)
			r = -EBADMSG;
	}
	coding_free(c);
	return r;
}

/* Decode the start; what is no such coding shows nothing. Could more input show
 * more? What stands before a fault is shown, too. */
static bool open_start(struct span coding, struct span start, struct buf *out)
{
	int r = decode(coding, start, SIZE_MAX, out);

	if (r == -EBADMSG) {
		buf_reset(out);
		r = decode(coding, start, 1, out);
	}
	return r >= 0;
}

/* Of what stands there decoded, as much as is looked at. */
static struct span head_of(struct span text)
{
	return span_of(text.p, text.n < SNIFF_BYTES ? text.n : SNIFF_BYTES);
}

/* May more bytes tell more about plain text that begins so? */
static bool is_open(const struct plan *plan, struct span text)
{
	struct span mark = SPAN("\xef\xbb\xbf");
	bool open;

	if (text.n >= SNIFF_BYTES)
		return false;
	if (!plan_has(plan, CARRIER_JSON) && plan_detects(plan) &&
	    begins_json(text, &open) && open)
		return true;
	if (plan_has(plan, CARRIER_SDP) && sdp_may_begin(text))
		return true;
	if (plan_has(plan, CARRIER_XML)) {
		if (text.n < mark.n && span_starts(mark, text))
			return true;
		if (span_starts(text, mark))
			text = span_from(text, mark.n);
	}
	return span_skip_space(text).n == 0;
}

bool sniff_tells(const struct plan *plan, struct span coding, struct span start)
{
	struct span kind = true_coding(coding, start);
	struct buf plain;
	bool more;

	if (kind.n == 0 && coding_gzip_may_begin(start))
		return false;
	if (kind.n == 0)
		return !is_open(plan, start);
	if (start.n >= SNIFF_START_MAX)
		return true;
	buf_init(&plain, START_BYTES);
	more =
	    open_start(kind, start, &plain) && is_open(plan, buf_span(&plain));
	buf_fini(&plain);
	return !more;
}

enum body_form sniff_body(
    const struct plan *plan, struct span media_type, struct span start)
{
	return sniff_coded(plan, media_type, SPAN_NONE, start);
}

/* Are there lines for forms that only the first bytes may give away? */
static bool asks_start(const struct plan *plan)
{
	return plan_form(plan) == ENTRY_AUTO &&
	       (plan_has(plan, CARRIER_JSON) || plan_has(plan, CARRIER_XML) ||
	           plan_has(plan, CARRIER_SDP));
}

static bool is_live(enum body_form form)
{
	return form == BODY_EVENTS || form == BODY_JSON_LINES;
}

enum body_form sniff_live(const struct plan *plan, struct span media_type)
{
	enum body_form form = BODY_UNREAD;

	if (sniff_speaks(plan))
		form = choose(plan, media_type, SPAN_NONE);
	return is_live(form) ? form : BODY_UNREAD;
}

enum body_form sniff_coded(const struct plan *plan, struct span media_type,
    struct span coding, struct span start)
{
	bool shut = false; /* so much of it, and nothing to see */
	struct buf plain;
	enum body_form form;

	if (!sniff_speaks(plan))
		return BODY_UNREAD;
	coding = true_coding(coding, start);
	buf_init(&plain, START_BYTES);
	if (coding.n > 0) {
		shut = open_start(coding, start, &plain) &&
		       start.n >= SNIFF_START_MAX;
		start = buf_span(&plain);
	}
	start = head_of(start);
	form = choose(plan, media_type, start);
	if (coding.n > 0 && form != BODY_JSON && !is_live(form) &&
	    asks_start(plan) && span_skip_space(start).n == 0)
		form = shut ? BODY_REFUSED : none(plan);
	if (form == BODY_MULTIPART && sniff_boundary(media_type).n == 0)
		form = none(plan);
	buf_fini(&plain);
	return form;
}
