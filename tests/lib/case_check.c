/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "engine/match.h"
#include "lib/case_find.h"
#include "lib/case_run_int.h"
#include "proxy/drift.h"

#define VALUE_MAX_BYTES (16u << 20)

/* ---- patterns: text with @{name}, which stands for what fits there ---- */

static struct span *capture(struct run *r, struct span name)
{
	for (unsigned i = 0; i < r->ncaptures; i++)
		if (span_eq(r->capture[i].name, name))
			return &r->capture[i].value;
	if (r->ncaptures == CAPTURES_MAX)
		return NULL;
	r->capture[r->ncaptures].name = arena_dup(r->c->arena, name);
	r->capture[r->ncaptures].value = SPAN_NONE;
	return &r->capture[r->ncaptures++].value;
}

/* Takes @{name} off *pattern and what it stands for off *text. */
static bool take_capture(struct run *r, struct span *pattern, struct span *text)
{
	struct span name = span_from(*pattern, 2), next;
	struct span *value;
	size_t n;

	*pattern = span_from(name, span_chr(name, '}') + 1);
	name.n = span_chr(name, '}');
	value = capture(r, name);
	if (value == NULL)
		return false;
	if (value->p != NULL) { /* seen before: the same again */
		if (!span_starts(*text, *value))
			return false;
		*text = span_from(*text, value->n);
		return true;
	}
	next = span_of(pattern->p, span_find(*pattern, SPAN("@{")));
	n = next.n > 0 ? span_find(*text, next) : text->n;
	*value = arena_dup(r->c->arena, span_of(text->p, n));
	*text = span_from(*text, n);
	return n > 0;
}

bool run_fits(struct run *r, struct span pattern, struct span text)
{
	while (pattern.n > 0) {
		size_t n = span_find(pattern, SPAN("@{"));

		if (!span_starts(text, span_of(pattern.p, n)))
			return false;
		pattern = span_from(pattern, n);
		text = span_from(text, n);
		if (pattern.n > 0 && !take_capture(r, &pattern, &text))
			return false;
	}
	return text.n == 0;
}

/* ---- a message as a block ---- */

static struct span cut_line(struct span *rest)
{
	size_t n = span_find(*rest, SPAN("\r\n"));
	struct span line = span_of(rest->p, n);

	*rest = span_from(*rest, n + 2);
	return line;
}

static bool is_framing(struct span line)
{
	return span_starts_nocase(line, SPAN("Content-Length:")) ||
	       span_starts_nocase(line, SPAN("Transfer-Encoding:"));
}

static bool of_one_version(struct span name)
{
	return span_eq_nocase(name, SPAN("Connection")) ||
	       span_eq_nocase(name, SPAN("Transfer-Encoding"));
}

/* The next line; in other ways than WHOLE framing may differ and is passed
 * over. */
static bool next_line(struct run *r, struct span *rest, struct span *ret_line)
{
	while (rest->n > 0) {
		*ret_line = cut_line(rest);
		if (r->way.way == WAY_WHOLE || !is_framing(*ret_line))
			return true;
	}
	return false;
}

static bool line_fits(
    struct run *r, struct span want, struct span got, size_t body_bytes)
{
	size_t at = span_find(want, SPAN("@len"));
	struct buf b;
	bool good;

	if (at == want.n)
		return run_fits(r, want, got);
	buf_init(&b, want.n + 40);
	buf_add(&b, want.p, at);
	buf_addf(&b, "%zu", body_bytes);
	buf_add_span(&b, span_from(want, at + 4));
	good = run_fits(r, buf_span(&b), got);
	buf_fini(&b);
	return good;
}

/* Start line and fields in their order; "|*" stands for any more lines. */
static bool lines_fit(
    struct run *r, struct span want, struct span got, const struct case_msg *m)
{
	struct span w, g;
	bool have_got;

	if (!next_line(r, &want, &w) || !next_line(r, &got, &g) ||
	    !line_fits(r, w, g, buf_len(&m->body)))
		return false;
	have_got = next_line(r, &got, &g);
	while (next_line(r, &want, &w) && w.n > 0) {
		if (span_eq(w, SPAN("*"))) {
			if (!next_line(r, &want, &w) || w.n == 0)
				return true;
			while (
			    have_got && !line_fits(r, w, g, buf_len(&m->body)))
				have_got = next_line(r, &got, &g);
		}
		if (!have_got || !line_fits(r, w, g, buf_len(&m->body)))
			return false;
		have_got = next_line(r, &got, &g);
	}
	return !have_got;
}

static bool head_fits(struct run *r, const struct case_msg *m)
{
	struct span want = span_of(r->step->block.p, r->step->body_at);
	struct span got = span_of(
	    m->start.p, (size_t)(m->fields.p + m->fields.n - m->start.p));
	struct buf x, y;
	bool good;

	if (!run_neutral(r))
		return lines_fit(r, want, got, m);
	buf_init(&x, VALUE_MAX_BYTES);
	buf_init(&y, VALUE_MAX_BYTES);
	case_h2_neutral(want, &x);
	case_h2_neutral(got, &y);
	good = lines_fit(r, buf_span(&x), buf_span(&y), m);
	buf_fini(&x);
	buf_fini(&y);
	return good;
}

static void compare(struct run *r, const struct case_msg *m)
{
	const struct case_step *s = r->step;
	struct span want = span_from(s->block, s->body_at);

	if (head_fits(r, m) && run_fits(r, want, buf_span(&m->body)))
		return;
	run_fail(r, "another message than expected");
	run_show(r, "wanted", s->block);
	run_show(r, "got: start line", m->start);
	run_show(r, "got: fields", m->fields);
	run_show(r, "got: content", buf_span(&m->body));
}

/* ---- which message ---- */

static bool is_client(const struct run *r)
{
	return r->step->actor == ACTOR_CLIENT;
}

/* The next answer; interim ones keep the question open. No content follows an
 * answer to HEAD, nor one that lets CONNECT through. */
static ptrdiff_t read_answer(
    struct client *k, struct span in, struct case_msg *m, const char **ret_why)
{
	char method = k->nmethods > 0 ? k->method[0] : 'G';
	bool through = span_starts(in, SPAN("HTTP/1.1 2"));
	ptrdiff_t n = case_msg_read(in, false,
	    method == 'H' || (method == 'C' && through),
	    over_client(k)->got_fin || over_client(k)->closed, m, ret_why);

	if (n > 0 && m->status >= 200 && k->nmethods > 0) {
		k->nmethods--;
		for (unsigned i = 0; i < k->nmethods; i++)
			k->method[i] = k->method[i + 1];
	}
	return n;
}

static struct case_msg *take_message(struct run *r)
{
	struct client *k = is_client(r) ? run_client(r) : NULL;
	struct case_msg *m = k != NULL ? &k->msg : NULL;
	struct wire *w = k != NULL ? over_client(k) : run_server(r, &m);
	const char *why = "";
	struct span in;
	ptrdiff_t n;

	if (w == NULL) {
		run_fail(r, "no server was dialled");
		return NULL;
	}
	in = span_from(buf_span(&w->got), w->taken);
	if (in.n == 0) {
		run_fail(r, "nothing came%s%s",
		    k != NULL && k->gone ? "; the connection was closed: " : "",
		    k != NULL && k->gone ? k->why : "");
		return NULL;
	}
	n = k != NULL ? read_answer(k, in, m, &why)
	              : case_msg_read(in, true, false, false, m, &why);
	if (n <= 0) {
		run_fail(r, "%s", n < 0 ? why : "the message is not complete");
		run_show(r, "got", in);
		return NULL;
	}
	w->taken += (size_t)n;
	return m;
}

/* The last message taken, or the next when there was none. */
static struct case_msg *same_message(struct run *r)
{
	struct case_msg *m = NULL;

	if (is_client(r))
		m = &run_client(r)->msg;
	else
		(void)run_server(r, &m);
	return m != NULL && m->here ? m : take_message(r);
}

/* ---- one part of a message ---- */

/* Finds a part by kind and name. False: no such part. */
static bool part_of(const struct case_msg *m, struct span kind,
    struct span name, struct buf *out, bool *ret_known)
{
	struct span value;

	*ret_known = true;
	if (span_eq(kind, SPAN("json")))
		return case_json(buf_span(&m->body), name, out);
	if (span_eq(kind, SPAN("form")))
		return case_form(m, name, out);
	if (span_eq(kind, SPAN("query")))
		return case_query(m, name, out);
	if (span_eq(kind, SPAN("cookie")))
		return case_cookie(m, name, out);
	*ret_known = span_eq(kind, SPAN("field"));
	if (!*ret_known || !case_field(m, name, 0, &value))
		return false;
	buf_add_span(out, value);
	return true;
}

static void check_part(struct run *r, bool none, unsigned i)
{
	const struct case_step *s = r->step;
	struct case_msg *m = same_message(r);
	bool known, there;
	struct buf b;

	if (m == NULL)
		return;
	if (i + 1 >= s->nwords) {
		run_fail(
		    r, "expected: gets %.*s NAME VALUE", SPAN_ARG(s->word[i]));
		return;
	}
	buf_init(&b, VALUE_MAX_BYTES);
	there = part_of(m, s->word[i], s->word[i + 1], &b, &known);
	if (run_neutral(r) && of_one_version(s->word[i + 1]))
		; /* of one version only */
	else if (!known)
		run_fail(r, "what is \"%.*s\"? See tests/case/README.md",
		    SPAN_ARG(s->word[i]));
	else if (none && there)
		run_fail(r, "%.*s %.*s is there: \"%.*s\"",
		    SPAN_ARG(s->word[i]), SPAN_ARG(s->word[i + 1]),
		    SPAN_ARG(buf_span(&b)));
	else if (!none && !there)
		run_fail(r, "%.*s %.*s is not there", SPAN_ARG(s->word[i]),
		    SPAN_ARG(s->word[i + 1]));
	else if (!none && !run_fits(r, case_text_from(s, i + 2), buf_span(&b)))
		run_fail(r, "%.*s %.*s is \"%.*s\"", SPAN_ARG(s->word[i]),
		    SPAN_ARG(s->word[i + 1]), SPAN_ARG(buf_span(&b)));
	if (r->failed && !there) {
		run_show(r, "message", m->start);
		run_show(r, "fields", m->fields);
		run_show(r, "content", buf_span(&m->body));
	}
	buf_fini(&b);
}

static void check_status(struct run *r)
{
	struct case_msg *m = take_message(r);
	uint64_t want;

	if (m == NULL)
		return;
	if (r->step->nwords < 2 || span_u64(r->step->word[1], 599, &want) < 0) {
		run_fail(r, "expected: gets status 200");
	} else if (m->status != (int)want) {
		run_fail(r, "the status is %d", m->status);
		run_show(r, "content", buf_span(&m->body));
	}
}

/* "gets request METHOD TARGET" */
static void check_request(struct run *r)
{
	struct case_msg *m = take_message(r);
	struct span want = case_text_from(r->step, 1), got;

	if (m == NULL)
		return;
	got = span_of(m->start.p, m->start.n - strlen(" HTTP/1.1"));
	if (!run_fits(r, want, got))
		run_fail(r, "the request is %.*s", SPAN_ARG(got));
}

static void check_body(struct run *r, bool whole)
{
	struct case_msg *m = same_message(r);
	const struct case_step *s = r->step;
	struct span want, got;

	if (m == NULL)
		return;
	want = s->has_block ? s->block : case_text_from(s, 1);
	got = buf_span(&m->body);
	if (whole ? run_fits(r, want, got) : span_find(got, want) < got.n)
		return;
	run_fail(r, "the content is another");
	run_show(r, "wanted", want);
	run_show(r, "got", got);
}

/* ---- our own answers ---- */

static bool type_is(const struct case_msg *m, struct span type)
{
	struct span value;

	return case_field(m, SPAN("Content-Type"), 0, &value) &&
	       span_starts(value, type);
}

/* "gets sink:json:{}": the words of the packs. */
static void check_sink(struct run *r)
{
	struct case_msg *m = take_message(r);
	struct span kind = span_from(r->step->rest, strlen("sink:")), body;
	uint64_t status;
	bool good;

	if (m == NULL)
		return;
	body = buf_span(&m->body);
	if (span_u64(kind, 599, &status) == 0)
		good = m->status == (int)status && body.n == 0;
	else if (span_eq(kind, SPAN("gif")))
		good = m->status == 200 && type_is(m, SPAN("image/gif")) &&
		       span_starts(body, SPAN("GIF89a"));
	else if (span_eq(kind, SPAN("js")))
		good = m->status == 200 && type_is(m, SPAN("text/javascript"));
	else
		good = span_starts(kind, SPAN("json:")) && m->status == 200 &&
		       type_is(m, SPAN("application/json")) &&
		       span_eq(body, span_from(kind, 5));
	if (good)
		return;
	run_fail(r, "the answer is not this sink");
	run_show(r, "got", m->start);
	run_show(r, "fields", m->fields);
	run_show(r, "content", body);
}

/* "gets page REASON LANGUAGE": real HTML for a person that needs no script, no
 * cookie and nothing from outside. */
static void check_page(struct run *r)
{
	static const char *const never[] = { "<script", "<img", "<link",
		"src=", "url(", "@import", "<iframe", "<form", "onload" };
	const struct case_step *s = r->step;
	struct case_msg *m = take_message(r);
	struct span body, value;
	char text[80];

	if (m == NULL)
		return;
	body = buf_span(&m->body);
	snprintf(text, sizeof text, "(%.*s)", SPAN_ARG(s->word[1]));
	if (!type_is(m, SPAN("text/html")) ||
	    span_find(body, span_str(text)) == body.n)
		run_fail(r, "the answer (%d) is no page that says %s",
		    m->status, text);
	snprintf(
	    text, sizeof text, "<html lang=\"%.*s\">", SPAN_ARG(s->word[2]));
	if (s->nwords > 2 && span_find(body, span_str(text)) == body.n)
		run_fail(r, "the page is not in this language");
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (span_find(body, span_str(never[i])) < body.n)
			run_fail(r, "the page has %s", never[i]);
	if (case_field(m, SPAN("Set-Cookie"), 0, &value))
		run_fail(r, "the page sets a cookie");
	if (r->failed)
		run_show(r, "content", body);
}

/* ---- the dispatch ---- */

static void check_nothing(struct run *r)
{
	struct span rest;

	if (is_client(r)) {
		const struct wire *w = over_client(run_client(r));

		rest = span_from(buf_span(&w->got), w->taken);
		if (rest.n > 0) {
			run_fail(r, "something came");
			run_show(r, "got", rest);
		}
		return;
	}
	for (unsigned i = 0; i < r->nservers && !r->failed; i++) {
		rest = span_from(
		    buf_span(&r->server[i]->got), r->server[i]->taken);
		if (rest.n > 0) {
			run_fail(r, "something came at %s", r->server[i]->host);
			run_show(r, "got", rest);
		}
	}
}

static void check_over(struct run *r)
{
	const struct wire *w =
	    is_client(r) ? over_client(run_client(r)) : run_server(r, NULL);

	check_nothing(r);
	if (!r->failed && (w == NULL || (!w->got_fin && !w->closed)))
		run_fail(r, "the other side may still send");
}

/* Bytes as they are, in tunnels: those of the block, or the last hello. */
static void check_bytes(struct run *r, struct span want)
{
	struct wire *w =
	    is_client(r) ? over_client(run_client(r)) : run_server(r, NULL);
	struct span got;

	if (w == NULL) {
		run_fail(r, "no server was dialled");
		return;
	}
	if ((run_neutral(r) || r->way.way != WAY_WHOLE) && over_bytes(w, want))
		return;
	got = span_from(buf_span(&w->got), w->taken);
	if (span_starts(got, want)) {
		w->taken += want.n;
		return;
	}
	run_fail(r, "other bytes than expected");
	run_show(r, "wanted", want);
	run_show(r, "got", got);
}

void check_gets(struct run *r)
{
	const struct case_step *s = r->step;
	struct span word = s->nwords > 0 ? s->word[0] : SPAN("");
	struct case_msg *m;

	if (socket_gets(r)) {
		return;
	} else if (s->nwords == 0) {
		m = take_message(r);
		if (m != NULL)
			compare(r, m);
	} else if (span_eq(word, SPAN("status"))) {
		check_status(r);
	} else if (span_eq(word, SPAN("request"))) {
		check_request(r);
	} else if (span_eq(word, SPAN("body"))) {
		check_body(r, true);
	} else if (span_eq(word, SPAN("text"))) {
		check_body(r, false);
	} else if (span_starts(word, SPAN("sink:"))) {
		check_sink(r);
	} else if (span_eq(word, SPAN("page"))) {
		check_page(r);
	} else if (span_eq(word, SPAN("nothing"))) {
		check_nothing(r);
	} else if (span_eq(word, SPAN("end"))) {
		check_over(r);
	} else if (span_eq(word, SPAN("bytes"))) {
		check_bytes(r, s->block);
	} else if (span_eq(word, SPAN("hello"))) {
		check_bytes(r, buf_span(&r->hello));
	} else if (span_eq(word, SPAN("no"))) {
		check_part(r, true, 1);
	} else {
		check_part(r, false, 0);
	}
}

void check_server_is(struct run *r)
{
	const struct wire *w = run_server(r, NULL);
	struct span want = r->step->rest;
	char text[300] = "none";

	if (w != NULL)
		snprintf(text, sizeof text, "%s:%u", w->host, w->port);
	if (!span_eq(want, span_str(text)))
		run_fail(r, "the server is %s", text);
}

/* ---- counters ---- */

static bool counter(struct run *r, struct span name, uint64_t *ret_value)
{
	struct span id = name, word;
	const struct service *s;

	for (int i = 0; i < STAT_COUNT; i++)
		if (span_eq(name, span_str(stat_word((enum stat_id)i)))) {
			*ret_value = r->stat.all[i];
			return true;
		}
	word = id;
	id = span_cut(&word, '.');
	s = ruleset_find(r->conf->rules, id);
	for (int i = 0; s != NULL && i < STAT_SERVICE_COUNT; i++)
		if (span_eq(word,
		        span_str(stat_service_word((enum stat_service)i)))) {
			*ret_value = r->stat.service[s->index][i];
			return true;
		}
	return false;
}

/* Requests share connections to servers: fewer are dialled, but not none. */
static bool shared(struct span name, uint64_t want, uint64_t got)
{
	return span_eq(name, SPAN("pooled")) ||
	       (span_eq(name, SPAN("dials")) && got <= want &&
	           (got == 0) == (want == 0));
}

void check_count(struct run *r)
{
	const struct case_step *s = r->step;
	uint64_t want, got = 0;

	for (unsigned i = 0; i + 1 < s->nwords; i += 2) {
		if (!counter(r, s->word[i], &got))
			run_fail(r, "there is no counter \"%.*s\"",
			    SPAN_ARG(s->word[i]));
		else if (span_u64(s->word[i + 1], UINT64_MAX, &want) < 0)
			run_fail(r, "expected: count NAME NUMBER");
		else if (r->way.server_h2 && shared(s->word[i], want, got))
			continue;
		else if (got != want)
			run_fail(r, "%.*s is %llu", SPAN_ARG(s->word[i]),
			    (unsigned long long)got);
	}
}

/* ---- names no line speaks of ---- */

static struct drift_page drift_page;

void check_drift_begin(void)
{
	drift_clear(&drift_page);
	drift_use(&drift_page);
}

static bool has_drift(const struct drift_service *d, const struct span *word)
{
	for (uint32_t i = 0; d != NULL && i < d->n; i++) {
		const struct drift_name *n = &d->name[i];

		if (span_eq(word[0], n->down ? SPAN("down") : SPAN("up")) &&
		    span_eq(word[1], span_str(carrier_word(
		                         (enum carrier)n->carrier))) &&
		    glob_match(word[2], span_of(n->text, n->n)))
			return true;
	}
	return false;
}

void check_drift(struct run *r)
{
	const struct case_step *step = r->step;
	const struct service *s = step->nwords > 0
	    ? ruleset_find(r->conf->rules, step->word[0]) : NULL;
	const struct drift_service *d =
	    s != NULL ? drift_of(&drift_page, s) : NULL;
	bool none = step->nwords == 2 && span_eq(step->word[1], SPAN("none"));

	if (s == NULL || (!none && step->nwords != 4))
		run_fail(r, "expected: drift SERVICE up CARRIER NAME, or none");
	else if (none ? d == NULL || d->n == 0 : has_drift(d, step->word + 1))
		return;
	else
		run_fail(r, "that is not the drift");
	for (uint32_t i = 0; d != NULL && i < d->n; i++)
		buf_addf(&r->text, "  drift: %s %s %.*s\n",
		    d->name[i].down ? "down" : "up",
		    carrier_word((enum carrier)d->name[i].carrier),
		    (int)d->name[i].n, d->name[i].text);
}
