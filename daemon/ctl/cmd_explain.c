/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl explain - what would happen to one request, and which line of the
 * pack says so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"
#include "ctl/cmd_int.h"
#include "ctl/jstring.h"
#include "ctl/offline.h"
#include "ctl/show.h"
#include "engine/explain.h"

#define HEADERS_MAX 64
#define TEXT_MAX_BYTES (1u << 20)

struct question {
	struct offline_in in;
	struct offline_field field[HEADERS_MAX];
	struct buf body;
	const char *body_path;
	bool message; /* the content is one of a WebSocket */
	bool json, bad;
};

static void add_field(struct question *q, struct span name, struct span value)
{
	if (q->in.nfield == HEADERS_MAX || name.n == 0 || value.n == 0) {
		q->bad = true;
		return;
	}
	q->field[q->in.nfield++] = (struct offline_field){ name, value };
}

static void read_question(struct tool *t, struct question *q)
{
	const char *v;

	q->in.field = q->field;
	while (t->argc > 0 && !q->bad) {
		if (tool_flag(t, "--json")) {
			q->json = true;
		} else if ((v = tool_value(t, "--pack-dir", &q->bad)) != NULL) {
			t->packs = v;
		} else if ((v = tool_value(t, "--method", &q->bad)) != NULL) {
			q->in.method = span_str(v);
		} else if ((v = tool_value(t, "--header", &q->bad)) != NULL) {
			struct span rest = span_str(v);
			struct span name = span_trim(span_cut(&rest, ':'));

			add_field(q, name, span_trim(rest));
		} else if ((v = tool_value(t, "--content", &q->bad)) != NULL) {
			add_field(q, SPAN("Content-Type"), span_str(v));
		} else if ((v = tool_value(t, "--body", &q->bad)) != NULL) {
			q->body_path = v;
		} else if ((v = tool_value(t, "--message", &q->bad)) != NULL) {
			q->body_path = v;
			q->message = true;
		} else if (!q->bad && q->in.url.n == 0 &&
		           t->argv[0][0] != '-') {
			q->in.url = span_str(t->argv[0]);
			t->argc--, t->argv++;
		} else {
			q->bad = true;
		}
	}
	q->bad = q->bad || q->in.url.n == 0;
	if (q->in.method.n == 0)
		q->in.method = q->body_path != NULL && !q->message
		                   ? SPAN("POST")
		                   : SPAN("GET");
}

/* The content, from a file or standard input ("-"). */
static int read_body(struct question *q)
{
	bool in = strcmp(q->body_path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(q->body_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? 1 : -1;

	while (n > 0) {
		char *p = buf_reserve(&q->body, 65536);

		n = p != NULL ? read(fd, p, 65536) : -1;
		if (p == NULL)
			errno = -buf_error(&q->body);
		if (n > 0)
			buf_commit(&q->body, (size_t)n);
	}
	if (n < 0)
		fprintf(stderr, "sparsamctl: %s: %s\n", q->body_path,
		    errno == ENOBUFS ? "the file is too large"
		                     : strerror(errno));
	if (fd >= 0 && !in)
		close(fd);
	if (!q->message)
		q->in.body = buf_span(&q->body);
	return n < 0 ? -EIO : 0;
}

static const struct conf_service *service_of(
    const struct conf *c, const struct offline *o)
{
	for (unsigned i = 0; o->service != NULL && i < c->nservice; i++)
		if (span_eq(c->service[i].id, o->service->id))
			return &c->service[i];
	return NULL;
}

/* What the configuration says, in the columns of explain_request. */
static void show_agreement(const struct conf_service *s)
{
	if (s == NULL)
		return;
	printf("%-9s ", "agreement");
	if (s->agreement_id.n > 0)
		printf("%.*s, until %.*s, ", SPAN_ARG(s->agreement_id),
		    SPAN_ARG(s->agreement_until));
	if (s->refused != WHY_DONE)
		printf("%s%s%s\n", why_text_en(s->refused),
		    s->lacks != NULL ? "; missing: " : "",
		    s->lacks != NULL ? s->lacks : "");
	else
		printf("%s, up to level %u, %s\n",
		    s->mode == CONF_OBSERVE ? "observe" : "enforce",
		    s->max_case,
		    s->inspect ? "may be decrypted" : "never decrypted");
}

static void agreement_json(const struct conf_service *s, json_t *root)
{
	json_t *row;

	if (s == NULL)
		return;
	row = json_object();
	json_object_set_new(row, "id", jstring(s->agreement_id));
	json_object_set_new(row, "until", jstring(s->agreement_until));
	json_object_set_new(
	    row, "active", json_boolean(s->refused == WHY_DONE));
	json_object_set_new(row, "inspect", json_boolean(s->inspect));
	json_object_set_new(row, "max_case", json_integer(s->max_case));
	json_object_set_new(root, "agreement", row);
}

static void print_content(const struct question *q, struct span left)
{
	printf("content that leaves: %zu of %zu bytes\n", left.n,
	    buf_len(&q->body));
	fwrite(left.p, 1, left.n, stdout);
	if (!span_ends(left, SPAN("\n")))
		printf("\n");
}

static void print_text(const struct conf *c, const struct question *q,
    const struct offline *o, struct span text)
{
	struct span body = buf_span(&o->body);

	show_verdict(o, stdout);
	show_agreement(service_of(c, o));
	if (o->end == OFFLINE_BROKEN ||
	    (o->end == OFFLINE_REFUSED && o->why == WHY_PORT))
		printf("%-9s %s\n", "why", why_text_en(o->why));
	fwrite(text.p, 1, text.n, stdout);
	show_notes(o, "up", true, stdout);
	if (q->body_path == NULL || q->message || o->end != OFFLINE_PASSED)
		return;
	print_content(q, body);
}

static json_t *message_json(const struct offline *m)
{
	json_t *row = json_object(), *notes = json_array();

	show_verdict_json(m, row);
	json_object_set_new(row, "unread", json_boolean(m->unread));
	show_notes_json(m, "up", notes);
	json_object_set_new(row, "fields", notes);
	if (m->end == OFFLINE_PASSED)
		json_object_set_new(
		    row, "content", jstring(buf_span(&m->body)));
	return row;
}

/* message: NULL, there is none. */
static void print_json(const struct conf *c, const struct question *q,
    const struct offline *o, const struct offline *message, struct span text)
{
	json_t *root = json_object(), *notes = json_array();

	json_object_set_new(root, "url", jstring(q->in.url));
	json_object_set_new(root, "method", jstring(q->in.method));
	show_verdict_json(o, root);
	agreement_json(service_of(c, o), root);
	show_notes_json(o, "up", notes);
	json_object_set_new(root, "fields", notes);
	if (message != NULL)
		json_object_set_new(root, "message", message_json(message));
	if (q->body_path != NULL && !q->message && o->end == OFFLINE_PASSED)
		json_object_set_new(
		    root, "content", jstring(buf_span(&o->body)));
	json_object_set_new(root, "explanation", jstring(text));
	json_dumpf(root, stdout, JSON_INDENT(1));
	printf("\n");
	json_decref(root);
}

static int print_explain(const struct conf *c, const struct question *q,
    const struct offline *o, const struct offline *message)
{
	struct buf text;
	int e = 0;

	buf_init(&text, TEXT_MAX_BYTES);
	if (o->subject.host.n > 0)
		e = explain_request(c->rules, &o->subject, &text);
	if (e == 0 && q->json)
		print_json(c, q, o, message, buf_span(&text));
	else if (e == 0)
		print_text(c, q, o, buf_span(&text));
	if (e == 0 && !q->json && message != NULL) {
		printf("%-9s ", "message");
		show_verdict(message, stdout);
		show_notes(message, "up", true, stdout);
		if (message->end == OFFLINE_PASSED)
			print_content(q, buf_span(&message->body));
	}
	buf_fini(&text);
	return e;
}

/* One message to the server, as text where it can be. */
static int read_message(const struct conf *c, const struct question *q,
    const struct offline *request, struct offline *ret_message)
{
	struct offline_message in = { .up = true,
		.content = buf_span(&q->body) };
	struct socket_match match;
	struct utf8 text = { 0 };
	int e = offline_socket(c, request, SPAN(""), &match);

	in.text = utf8_feed(&text, in.content) && text.left == 0;
	if (e == 0)
		e = offline_message(c, request, &match, &in, ret_message);
	return e;
}

static bool leaves(const struct offline *o)
{
	return o->end == OFFLINE_PASSED || o->end == OFFLINE_TUNNEL;
}

static int answer(const struct conf *c, const struct question *q)
{
	static struct offline o, message;
	int e = offline_request(c, &q->in, LEVEL_LEAST, &o);
	bool two = q->message && e == 0 && o.end == OFFLINE_PASSED;

	if (two)
		e = read_message(c, q, &o, &message);
	if (e == 0 && o.subject.path.n == 0)
		e = -EINVAL;
	else if (e == 0)
		e = print_explain(c, q, &o, two ? &message : NULL);
	if (e == -EINVAL)
		fprintf(stderr,
		    "sparsamctl: \"%.*s\" is no URL of the kind "
		    "https://host/path\n",
		    SPAN_ARG(q->in.url));
	else if (e < 0)
		fprintf(stderr, "sparsamctl: %s\n", strerror(-e));
	offline_fini(&o);
	offline_fini(&message);
	if (e < 0)
		return EXIT_NO;
	return leaves(two ? &message : &o) ? EXIT_GOOD : EXIT_STOPPED;
}

int cmd_explain(struct tool *t)
{
	static struct question q;
	struct conf *c = NULL;
	int r = EXIT_NO;

	buf_init(&q.body, OFFLINE_BODY_MAX_BYTES);
	read_question(t, &q);
	if (q.bad)
		return tool_usage(CMD_EXPLAIN);
	if (q.body_path == NULL || read_body(&q) == 0)
		c = tool_conf(t);
	if (c != NULL)
		r = answer(c, &q);
	conf_unref(c);
	buf_fini(&q.body);
	return r;
}
