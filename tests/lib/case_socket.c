/* SPDX-License-Identifier: EUPL-1.2 */
/* WebSockets in cases: the upgrade, and messages and frames as steps. */
#include <stdio.h>

#include "lib/case_run_int.h"

#define STEP_MAX_BYTES (64u << 20)

/* RFC 6455, 1.3 */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* ---- the two ends ---- */

static void open_end(struct case_end *e, bool client, struct span extensions)
{
	struct case_deflate up, down;

	socket_end_fini(e);
	case_deflate_read(extensions, &up, &down);
	case_writer_init(&e->out, client, client ? &up : &down);
	case_reader_init(&e->in, !client, client ? &down : &up);
	e->open = true;
}

void socket_end_fini(struct case_end *e)
{
	case_writer_fini(&e->out);
	case_reader_fini(&e->in);
	e->open = false;
}

/* The extensions that the answer at the start of in names. False: it is none
 * that makes a socket. */
static bool agreed(struct span in, struct span *ret_extensions)
{
	struct case_msg m;
	const char *why;
	bool good;

	case_msg_init(&m);
	good = span_starts(in, SPAN("HTTP/1.1 101 ")) &&
	       case_msg_read(in, false, true, false, &m, &why) > 0;
	*ret_extensions = SPAN("");
	if (good)
		(void)case_field(
		    &m, SPAN("Sec-WebSocket-Extensions"), 0, ret_extensions);
	case_msg_fini(&m);
	return good;
}

void socket_server_answers(struct run *r, struct span block)
{
	struct span extensions;
	struct case_msg *m = NULL;

	if (run_server(r, &m) != NULL && agreed(block, &extensions))
		open_end(&r->server_end[m - r->server_msg], false, extensions);
}

struct case_end *socket_client_end(struct client *k)
{
	struct span got = buf_span(&k->wire->got), extensions;
	size_t at = span_find(got, SPAN("HTTP/1.1 101 "));

	if (!k->end.open && agreed(span_from(got, at), &extensions))
		open_end(&k->end, true, extensions);
	return k->end.open ? &k->end : NULL;
}

/* Of the present step; NULL: no socket is open there. */
static struct case_end *end_of(struct run *r, struct wire **ret_wire)
{
	struct case_msg *m = NULL;
	struct case_end *e;

	if (r->step->actor == ACTOR_CLIENT) {
		*ret_wire = run_client(r)->wire;
		return socket_client_end(run_client(r));
	}
	*ret_wire = run_server(r, &m);
	if (*ret_wire == NULL)
		return NULL;
	e = &r->server_end[m - r->server_msg];
	return e->open ? e : NULL;
}

/* ---- words ---- */

static bool has_word(const struct case_step *s, const char *word)
{
	for (unsigned i = 1; i < s->nwords; i++)
		if (span_eq(s->word[i], span_str(word)))
			return true;
	return false;
}

/* "NAME=value"; value_none: it is not there. */
static struct span value_of(
    const struct case_step *s, const char *name, struct span value_none)
{
	struct span value;

	for (unsigned i = 1; i < s->nwords; i++) {
		value = s->word[i];
		if (span_eq(span_cut(&value, '='), span_str(name)) &&
		    span_chr(s->word[i], '=') < s->word[i].n)
			return value;
	}
	return value_none;
}

static unsigned number_of(
    const struct case_step *s, const char *name, unsigned none)
{
	uint64_t n;

	return span_u64(value_of(s, name, SPAN("")), 1u << 20, &n) == 0
	           ? (unsigned)n
	           : none;
}

static bool opcode_of(struct span word, unsigned *ret_opcode)
{
	static const struct {
		const char *word;
		unsigned opcode;
	} row[] = { { "more", OPCODE_MORE }, { "text", OPCODE_TEXT },
		{ "binary", OPCODE_BINARY }, { "close", OPCODE_CLOSE },
		{ "ping", OPCODE_PING }, { "pong", OPCODE_PONG } };
	uint64_t n;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (span_eq(word, span_str(row[i].word))) {
			*ret_opcode = row[i].opcode;
			return true;
		}
	if (span_u64(word, 15, &n) < 0)
		return false;
	*ret_opcode = (unsigned)n;
	return true;
}

/* The payload of "close 1000 REASON", "ping TEXT"; a block has the last word.
 */
static bool control_payload(
    const struct case_step *s, unsigned opcode, struct buf *out)
{
	uint64_t code;

	if (s->has_block) {
		buf_add_span(out, s->block);
	} else if (opcode != OPCODE_CLOSE) {
		buf_add_span(out, case_text_from(s, 1));
	} else if (s->nwords > 1) {
		if (span_u64(s->word[1], 65535, &code) < 0)
			return false;
		buf_add_char(out, (char)(code >> 8));
		buf_add_char(out, (char)code);
		buf_add_span(out, case_text_from(s, 2));
	}
	return true;
}

/* ---- sends ---- */

/* "message [binary] [deflate] [fresh] [frames=N]" */
static void send_message(
    const struct case_step *s, struct case_end *e, struct buf *out)
{
	case_ws_message(&e->out,
	    has_word(s, "binary") ? OPCODE_BINARY : OPCODE_TEXT,
	    has_word(s, "deflate"), has_word(s, "fresh"),
	    number_of(s, "frames", 1), s->has_block ? s->block : SPAN(""), out);
}

/* "frame OPCODE [fin=0] [rsv=N] [mask=no|yes] [wide=2|8]" */
static bool send_frame(
    const struct case_step *s, struct case_end *e, struct buf *out)
{
	struct span mask = value_of(s, "mask", SPAN(""));
	bool masked = mask.n > 0 ? span_eq(mask, SPAN("yes")) : e->out.masked;
	unsigned opcode;

	if (s->nwords < 2 || !opcode_of(s->word[1], &opcode))
		return false;
	opcode |= number_of(s, "fin", 1) << 7 | number_of(s, "rsv", 0) << 4;
	case_ws_frame(&e->out, opcode, masked, number_of(s, "wide", 0),
	    s->has_block ? s->block : SPAN(""), out);
	return true;
}

static bool write_step(
    const struct case_step *s, struct case_end *e, struct buf *out)
{
	struct buf payload;
	unsigned opcode;
	bool good;

	if (span_eq(s->word[0], SPAN("message"))) {
		send_message(s, e, out);
		return true;
	}
	if (span_eq(s->word[0], SPAN("frame")))
		return send_frame(s, e, out);
	if (!opcode_of(s->word[0], &opcode) || opcode < OPCODE_CLOSE)
		return false;
	buf_init(&payload, STEP_MAX_BYTES);
	good = control_payload(s, opcode, &payload);
	case_ws_frame(
	    &e->out, opcode | 0x80, e->out.masked, 0, buf_span(&payload), out);
	buf_fini(&payload);
	return good;
}

bool socket_sends(struct run *r)
{
	const struct case_step *s = r->step;
	unsigned times = number_of(s, "times", 1);
	struct case_end *e;
	struct wire *w;
	struct buf b;

	if (s->nwords == 0)
		return false;
	e = end_of(r, &w);
	if (e == NULL) {
		if (!run_damaged(r))
			run_fail(r, "no WebSocket is open here");
		return true;
	}
	buf_init(&b, STEP_MAX_BYTES);
	while (times-- > 0)
		if (!write_step(s, e, &b))
			run_fail(r, "expected: sends message, frame OPCODE, "
			            "close CODE, ping or pong");
	if (buf_error(&b) < 0)
		run_fail(r, "the step has no room");
	run_deliver(r, s->actor == ACTOR_CLIENT ? run_client(r) : NULL, w,
	    buf_span(&b));
	buf_fini(&b);
	return true;
}

/* ---- gets ---- */

/* The next frame; false: the run has failed. */
static bool take_frame(struct run *r, struct case_end *e, struct wire *w)
{
	struct span in = span_from(buf_span(&w->got), w->taken);
	const char *why = "";
	ptrdiff_t n;

	if (in.n == 0) {
		run_fail(r, "no frame came");
		return false;
	}
	n = case_reader_next(&e->in, in, &why);
	if (n > 0) {
		w->taken += (size_t)n;
		return true;
	}
	run_fail(r, "%s", n < 0 ? why : "the frame is not complete");
	run_show(r, "got", in);
	return false;
}

static void show_frame(struct run *r, const struct case_frame *f)
{
	char label[80];

	snprintf(label, sizeof label, "got: opcode %u%s%s", f->opcode,
	    f->fin ? "" : ", not the last", f->rsv != 0 ? ", rsv" : "");
	run_show(r, label, buf_span(&f->payload));
}

/* As the content of a message, for `gets json` and the like. */
static void keep(struct run *r, struct span text)
{
	struct case_msg *m = NULL;

	if (r->step->actor == ACTOR_CLIENT)
		m = &run_client(r)->msg;
	else
		(void)run_server(r, &m);
	case_msg_fini(m);
	case_msg_init(m);
	buf_add_span(&m->body, text);
	m->here = true;
}

/* "message [text|binary] [deflate|plain] [times=N]": the last of them */
static void get_message(struct run *r, struct case_end *e, struct wire *w)
{
	const struct case_step *s = r->step;
	unsigned times = number_of(s, "times", 1);
	struct span got;

	while (times > 0) {
		if (!take_frame(r, e, w))
			return;
		if (e->in.frame.opcode >= OPCODE_CLOSE) {
			run_fail(r, "no message came, but a control frame");
			show_frame(r, &e->in.frame);
			return;
		}
		times -= case_reader_whole(&e->in);
	}
	got = buf_span(&e->in.message);
	keep(r, got);
	if (has_word(s, "binary") && e->in.kind != OPCODE_BINARY)
		run_fail(r, "the message is text");
	if (has_word(s, "text") && e->in.kind != OPCODE_TEXT)
		run_fail(r, "the message is binary");
	if (has_word(s, "deflate") && !e->in.packed)
		run_fail(r, "the message is not compressed");
	if (has_word(s, "plain") && e->in.packed)
		run_fail(r, "the message is compressed");
	if (s->has_block && !run_fits(r, s->block, got))
		run_fail(r, "another message than expected");
	if (!r->failed)
		return;
	if (s->has_block)
		run_show(r, "wanted", s->block);
	run_show(r, "got", got);
}

static void get_frame(struct run *r, struct case_end *e, struct wire *w)
{
	const struct case_step *s = r->step;
	bool control = !span_eq(s->word[0], SPAN("frame"));
	const struct case_frame *f = &e->in.frame;
	struct buf want;
	unsigned opcode;

	if ((!control && s->nwords < 2) ||
	    !opcode_of(s->word[control ? 0 : 1], &opcode)) {
		run_fail(r, "expected: gets frame OPCODE [fin=0] [rsv=N]");
		return;
	}
	if (!take_frame(r, e, w))
		return;
	buf_init(&want, STEP_MAX_BYTES);
	if (control)
		(void)control_payload(s, opcode, &want);
	else if (s->has_block)
		buf_add_span(&want, s->block);
	if (f->opcode != opcode ||
	    (!control && (f->fin != (number_of(s, "fin", 1) != 0) ||
	                     f->rsv != number_of(s, "rsv", 0))))
		run_fail(r, "another frame than expected");
	else if ((control ? s->nwords > 1 : true) || s->has_block) {
		/* A code alone leaves the reason open. */
		bool part = opcode == OPCODE_CLOSE && s->nwords == 2;

		if (!(part ? span_starts(buf_span(&f->payload), buf_span(&want))
		           : run_fits(
		                 r, buf_span(&want), buf_span(&f->payload))))
			run_fail(r, "the frame holds something else");
	}
	if (r->failed)
		show_frame(r, f);
	buf_fini(&want);
}

bool socket_gets(struct run *r)
{
	static const char *const known[] = { "message", "frame", "close",
		"ping", "pong" };
	const struct case_step *s = r->step;
	struct case_end *e;
	struct wire *w;
	bool mine = false;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		mine |=
		    s->nwords > 0 && span_eq(s->word[0], span_str(known[i]));
	if (!mine)
		return false;
	e = end_of(r, &w);
	if (e == NULL)
		run_fail(r, "no WebSocket is open here");
	else if (span_eq(s->word[0], SPAN("message")))
		get_message(r, e, w);
	else
		get_frame(r, e, w);
	return true;
}

/* ---- the upgrade as one step ---- */

static struct span option(const struct case_step *s, const char *name)
{
	for (unsigned i = 1; i + 1 < s->nwords; i++)
		if (span_eq(s->word[i], span_str(name)))
			return s->word[i + 1];
	return SPAN_NONE;
}

static void add_field(struct buf *b, const char *name, struct span value)
{
	if (value.n > 0)
		buf_addf(b, "%s: %.*s\r\n", name, SPAN_ARG(value));
}

/* What the server that was asked says; false: none was. */
static bool accept_socket(struct run *r, struct span protocol)
{
	struct span with = option(r->step, "accept"), offer;
	struct case_msg *m = NULL;
	struct wire *w = run_server(r, &m);
	const char *why = "";
	struct buf b;
	ptrdiff_t n;

	if (w == NULL || w->fin)
		return false;
	n = case_msg_read(span_from(buf_span(&w->got), w->taken), true, false,
	    false, m, &why);
	if (n <= 0)
		return false;
	w->taken += (size_t)n;
	if (with.p == NULL &&
	    case_field(m, SPAN("Sec-WebSocket-Extensions"), 0, &offer) &&
	    span_starts(offer, SPAN("permessage-deflate")))
		with = SPAN("permessage-deflate");
	buf_init(&b, STEP_MAX_BYTES);
	buf_add_str(&b, "HTTP/1.1 101 Switching Protocols\r\n"
	                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	                "Sec-WebSocket-Accept: " ACCEPT "\r\n");
	add_field(&b, "Sec-WebSocket-Protocol", protocol);
	add_field(&b, "Sec-WebSocket-Extensions", with);
	buf_add_str(&b, "\r\n");
	socket_server_answers(r, buf_span(&b));
	run_deliver(r, NULL, w, buf_span(&b));
	buf_fini(&b);
	return true;
}

/* "upgrades TARGET [protocol P] [offer EXTENSIONS] [accept EXTENSIONS]": the
 * request, the server's 101, and that it came to the client. */
void socket_upgrades(struct run *r)
{
	const struct case_step *s = r->step;
	struct client *k = run_client(r);
	struct span protocol = option(s, "protocol"), got;
	struct buf b;
	bool good;

	if (s->nwords == 0 || k->host.n == 0) {
		run_fail(r, "expected: connects HOST, then upgrades TARGET");
		return;
	}
	if (k->lane != NULL) {
		snprintf(r->unsaid, sizeof r->unsaid, "an upgrade");
		return;
	}
	buf_init(&b, STEP_MAX_BYTES);
	buf_addf(&b, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\n",
	    SPAN_ARG(s->word[0]), SPAN_ARG(k->host));
	buf_add_str(&b, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	                "Sec-WebSocket-Version: 13\r\n"
	                "Sec-WebSocket-Key: " KEY "\r\n");
	add_field(&b, "Sec-WebSocket-Protocol", protocol);
	add_field(&b, "Sec-WebSocket-Extensions", option(s, "offer"));
	buf_add_str(&b, "\r\n");
	run_deliver(r, k, k->wire, buf_span(&b));
	buf_fini(&b);
	good = accept_socket(r, protocol);
	if (run_damaged(r))
		return;
	got = span_from(buf_span(&k->wire->got), k->wire->taken);
	if (!good || !span_starts(got, SPAN("HTTP/1.1 101 "))) {
		run_fail(r, "the socket was not opened");
		run_show(r, "the client got", got);
		return;
	}
	k->wire->taken += span_find(got, SPAN("\r\n\r\n")) + 4;
	(void)socket_client_end(k);
}

/* ---- never ---- */

bool socket_read_all(const struct case_end *end, struct span in,
    struct buf *out, const char **ret_why)
{
	struct case_reader w;
	ptrdiff_t n = 1;

	case_reader_init(&w, end->in.masked, &end->in.deflate);
	while (in.n > 0 && (n = case_reader_next(&w, in, ret_why)) > 0) {
		in = span_from(in, (size_t)n);
		if (w.frame.opcode >= OPCODE_CLOSE)
			buf_add_span(out, buf_span(&w.frame.payload));
		else if (case_reader_whole(&w))
			buf_add_span(out, buf_span(&w.message));
		else
			continue;
		buf_add_char(out, '\n');
	}
	if (n >= 0)
		case_reader_rest(&w, in, out);
	case_reader_fini(&w);
	return n >= 0;
}
