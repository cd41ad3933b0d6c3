/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl check, explain - the rules without a daemon. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/cmd_int.h"
#include "ctl/jstring.h"
#include "ctl/offline.h"
#include "ctl/show.h"
#include "engine/explain.h"
#include "http/uri.h"

#define HEADERS_MAX 64
#define TEXT_MAX_BYTES (1u << 20)

static void say_service(const struct conf_service *s)
{
	if (s->mode == CONF_OFF) {
		printf("%.*s: off\n", SPAN_ARG(s->id));
		return;
	}
	printf("%.*s: %s, %s", SPAN_ARG(s->id),
	    s->mode == CONF_OBSERVE ? "observe" : "enforce",
	    s->refused == WHY_DONE ? "active" : why_text_en(s->refused));
	if (s->refused == WHY_DONE)
		printf(", %s, up to level %u",
		    s->inspect ? "inspected"
		               : "never decrypted (inspection references "
		                 "are missing)",
		    s->max_case);
	if (s->refused != WHY_DONE && s->lacks != NULL)
		printf(": the agreement block lacks %s", s->lacks);
	if (s->refused == WHY_DONE && s->days_left != INT32_MAX)
		printf(", agreement %.*s ends in %d days",
		    SPAN_ARG(s->agreement_id), s->days_left);
	printf("\n");
}

int cmd_check(struct tool *t)
{
	struct conf *c;

	if (t->argc > 0)
		return tool_usage(CMD_CHECK);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	printf("%s: good; %u listeners, %u client networks\n", t->conf_path,
	    c->nlisten, c->nclient);
	for (unsigned i = 0; i < c->nservice; i++)
		say_service(&c->service[i]);
	if (c->ca_pem.n == 0)
		printf(
		    "no certificate authority in %s yet: sparsamctl ca init\n",
		    c->ca_dir);
	conf_unref(c);
	return EXIT_GOOD;
}

struct question {
	struct offline_in in;
	struct offline_field field[HEADERS_MAX];
	bool json, bad;
};

static void add_header(struct question *q, const char *text)
{
	struct span rest = span_str(text), name = span_cut(&rest, ':');

	if (q->in.nfield == HEADERS_MAX || span_trim(rest).n == 0 ||
	    name.n == 0) {
		q->bad = true;
		return;
	}
	q->field[q->in.nfield++] =
	    (struct offline_field){ span_trim(name), span_trim(rest) };
}

static void read_question(struct tool *t, struct question *q)
{
	const char *v;

	q->in.field = q->field;
	q->in.method = SPAN("GET");
	while (t->argc > 1 && !q->bad) {
		if (tool_flag(t, "--json")) {
			q->json = true;
		} else if ((v = tool_value(t, "--method", &q->bad)) != NULL) {
			q->in.method = span_str(v);
		} else if ((v = tool_value(t, "--header", &q->bad)) != NULL) {
			add_header(q, v);
		} else if ((v = tool_value(t, "--content", &q->bad)) != NULL) {
			if (q->in.nfield < HEADERS_MAX)
				q->field[q->in.nfield++] =
				    (struct offline_field){
					    SPAN("Content-Type"), span_str(v)
				    };
		} else {
			q->bad = true;
		}
	}
	if (t->argc != 1 || t->argv[0][0] == '-')
		q->bad = true;
	else
		q->in.url = span_str(t->argv[0]);
}

static int print_explain(
    const struct conf *c, const struct question *q, const struct offline *o)
{
	json_t *root, *notes;
	struct buf text;
	int e = 0;

	buf_init(&text, TEXT_MAX_BYTES);
	if (o->subject.host.n > 0)
		e = explain_request(c->rules, &o->subject, &text);
	if (e == 0 && !q->json) {
		show_verdict(o, stdout);
		fwrite(buf_span(&text).p, 1, buf_len(&text), stdout);
		show_notes(o, "up", true, stdout);
	} else if (e == 0) {
		root = json_object();
		notes = json_array();
		json_object_set_new(root, "url", jstring(q->in.url));
		json_object_set_new(root, "method", jstring(q->in.method));
		show_verdict_json(o, root);
		show_notes_json(o, "up", notes);
		json_object_set_new(root, "fields", notes);
		json_object_set_new(
		    root, "explanation", jstring(buf_span(&text)));
		json_dumpf(root, stdout, JSON_INDENT(1));
		printf("\n");
		json_decref(root);
	}
	buf_fini(&text);
	return e;
}

int cmd_explain(struct tool *t)
{
	static struct question q;
	static struct offline o;
	struct conf *c;
	int e;

	read_question(t, &q);
	if (q.bad)
		return tool_usage(CMD_EXPLAIN);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	e = offline_request(c, &q.in, LEVEL_LEAST, &o);
	if (e == 0 && o.subject.path.n == 0)
		e = -EINVAL;
	else if (e == 0)
		e = print_explain(c, &q, &o);
	if (e == -EINVAL)
		fprintf(stderr,
		    "sparsamctl: \"%s\" is no URL of the kind "
		    "https://host/path\n",
		    t->argv[0]);
	else if (e < 0)
		fprintf(stderr, "sparsamctl: %s\n", strerror(-e));
	offline_fini(&o);
	conf_unref(c);
	return e < 0 ? EXIT_NO : EXIT_GOOD;
}
