/* SPDX-License-Identifier: EUPL-1.2 */
#include "ctl/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "ctl/har.h"
#include "ctl/jstring.h"
#include "ctl/leak.h"
#include "ctl/offline.h"
#include "ctl/show.h"
#include "http/uri.h"

#define ENTRY_ARENA_BYTES (256u << 20)
#define URL_SHOWN_BYTES 100

#define HOSTS_MAX 500

/* With summary: what became of the requests to a host. */
struct host_row {
	char host[URI_HOST_MAX + 1];
	enum offline_end end;
	size_t n;
};

struct run {
	const struct conf *conf;
	const struct replay_options *o;
	FILE *out, *problems;
	struct replay_sum *sum;
	json_t *entries, *hits; /* with --json */
	struct host_row *host;
	size_t nhost;
};

static void count_notes(struct replay_sum *sum, const struct offline *o)
{
	for (size_t i = 0; i < o->nnote; i++) {
		const struct offline_note *n = &o->note[i];

		if (n->drift)
			sum->drift++;
		if (offline_unjudged(n))
			sum->unjudged += o->msg.request;
		else if (n->effect != ACT_KEEP)
			sum->category[n->category]++;
	}
}

/* Where a text is searched for: an entry, or message `message` of it. */
struct spot {
	size_t entry, message; /* from 1; message 0: none */
	bool unread;
};

static void hit(
    struct run *r, struct spot at, struct span never, const char *form)
{
	json_t *row;

	if (at.unread)
		r->sum->hits_unread++;
	else
		r->sum->hits++;
	if (!r->o->json) {
		fprintf(r->out, "    LEAVES%s: \"%.*s\" (%s) in entry %zu",
		    at.unread ? " UNREAD" : "", SPAN_ARG(never), form,
		    at.entry);
		if (at.message > 0)
			fprintf(r->out, ", message %zu", at.message);
		fputc('\n', r->out);
		return;
	}
	row = json_object();
	json_object_set_new(row, "entry", json_integer((json_int_t)at.entry));
	if (at.message > 0)
		json_object_set_new(
		    row, "message", json_integer((json_int_t)at.message));
	json_object_set_new(row, "text", jstring(never));
	json_object_set_new(row, "form", json_string(form));
	json_object_set_new(row, "unread", json_boolean(at.unread));
	json_array_append_new(r->hits, row);
}

static void search_text(struct run *r, struct spot at, struct span text)
{
	static const char *form[REPLAY_NEVER_MAX];

	if (r->o->nnever == 0)
		return;
	leak_search(text, r->o->never, r->o->nnever, form);
	for (unsigned i = 0; i < r->o->nnever; i++)
		if (form[i] != NULL)
			hit(r, at, r->o->never[i], form[i]);
}

static int search(struct run *r, size_t number, const struct offline *o,
    const struct offline_in *in)
{
	struct buf text;
	int err;

	buf_init(&text, LEAK_TEXT_MAX_BYTES);
	err = offline_text(o, in, &text);
	if (err == 0)
		search_text(r,
		    (struct spot){ number, 0, o->end == OFFLINE_TUNNEL },
		    buf_span(&text));
	buf_fini(&text);
	return err;
}

/* What became of one message of a WebSocket; number from 1. */
static void print_message(struct run *r, size_t number, bool up,
    const struct offline *o, json_t *list)
{
	const char *direction = up ? "up" : "down";
	json_t *row, *notes;

	if (r->o->summary)
		return;
	if (!r->o->json) {
		if (o->end == OFFLINE_PASSED && o->nnote == 0)
			return;
		fprintf(r->out, "    message %zu %s: ", number, direction);
		show_verdict(o, r->out);
		show_notes(o, direction, r->o->all, r->out);
		return;
	}
	row = json_object();
	notes = json_array();
	json_object_set_new(row, "message", json_integer((json_int_t)number));
	json_object_set_new(row, "direction", json_string(direction));
	show_verdict_json(o, row);
	json_object_set_new(row, "unread", json_boolean(o->unread));
	show_notes_json(o, direction, notes);
	json_object_set_new(row, "fields", notes);
	json_array_append_new(list, row);
}

static void count_message(struct replay_sum *sum, const struct har_message *m,
    const struct offline *o)
{
	sum->messages_up += m->up;
	sum->messages_down += !m->up;
	sum->messages_denied += o->end == OFFLINE_DENIED;
	sum->messages_broken += o->end == OFFLINE_BROKEN;
	if (o->unread) {
		sum->messages_unread++;
		sum->bytes_unread += m->content.n;
	}
	count_notes(sum, o);
}

static int message(struct run *r, struct spot at, const struct offline *up,
    const struct socket_match *match, const struct har_message *m, json_t *list)
{
	struct offline o;
	int err = offline_message(r->conf, up, match,
	    &(struct offline_message){ m->up, m->text, m->content }, &o);

	if (err == 0) {
		count_message(r->sum, m, &o);
		print_message(r, at.message, m->up, &o, list);
		at.unread = o.unread;
		if (m->up && o.end == OFFLINE_PASSED)
			search_text(r, at, buf_span(&o.body));
	}
	offline_fini(&o);
	return err;
}

/* The messages of a WebSocket, each by the rules of its way; of a tunnel they
 * pass unread. list: of results, with --json. */
static int messages(struct run *r, const struct har *h, size_t number,
    const struct har_entry *e, const struct offline *up, struct arena *a,
    json_t *list)
{
	struct socket_match match = { .why = WHY_DONE };
	struct span protocol = SPAN("");
	char text[HAR_ERR_BYTES];
	struct har_message m;
	int err = 0;

	for (size_t i = 0; i < e->answer.nfield; i++)
		if (span_eq_nocase(e->answer.field[i].name,
		        SPAN("sec-websocket-protocol")))
			protocol = e->answer.field[i].value;
	if (e->messages > 0 && up->end == OFFLINE_PASSED)
		err = offline_socket(r->conf, up, protocol, &match);
	for (size_t k = 0; k < e->messages && err == 0; k++) {
		err = har_read_message(h, number - 1, k, a, &m, text);
		if (err == 0) {
			err = message(r, (struct spot){ number, k + 1, false },
			    up, &match, &m, list);
		} else if (err == -EBADMSG) {
			r->sum->broken++;
			fprintf(r->problems, "%s: entry %zu, message %zu: %s\n",
			    r->o->file, number, k + 1, text);
			err = 0;
		}
	}
	return err;
}

static void print_text(struct run *r, size_t number, const struct har_entry *e,
    const struct offline *up, const struct offline *down)
{
	struct span url = e->request.url;

	if (url.n > URL_SHOWN_BYTES)
		url.n = URL_SHOWN_BYTES;
	fprintf(r->out, "%3zu %.*s %.*s%s\n    ", number,
	    SPAN_ARG(e->request.method), SPAN_ARG(url),
	    e->request.url.n > url.n ? "..." : "");
	show_verdict(up, r->out);
	show_notes(up, "up", r->o->all, r->out);
	if (down != NULL) {
		if (down->end != OFFLINE_PASSED) {
			fprintf(r->out, "    answer: ");
			show_verdict(down, r->out);
		}
		show_notes(down, "down", r->o->all, r->out);
	}
}

/* messages: a list, taken over. */
static void print_json(struct run *r, size_t number, const struct har_entry *e,
    const struct offline *up, const struct offline *down, json_t *messages)
{
	json_t *row = json_object(), *notes = json_array(), *answer;

	json_object_set_new(row, "entry", json_integer((json_int_t)number));
	json_object_set_new(row, "method", jstring(e->request.method));
	json_object_set_new(row, "url", jstring(e->request.url));
	show_verdict_json(up, row);
	show_notes_json(up, "up", notes);
	if (down != NULL) {
		answer = json_object();
		show_verdict_json(down, answer);
		json_object_set_new(row, "answer", answer);
		show_notes_json(down, "down", notes);
	}
	json_object_set_new(row, "fields", notes);
	json_object_set_new(
	    row, "websocket_messages", json_integer((json_int_t)e->messages));
	json_object_set_new(row, "messages", messages);
	json_array_append_new(r->entries, row);
}

static void count(
    struct replay_sum *sum, const struct offline *up, const struct har_entry *e)
{
	sum->end[up->end]++;
	if (up->end == OFFLINE_DENIED && up->why == WHY_TELEMETRY)
		sum->telemetry++;
	sum->unrecorded += up->end == OFFLINE_PASSED && e->unrecorded;
	count_notes(sum, up);
}

static void count_host(struct run *r, const struct offline *up)
{
	struct span host = up->subject.host;
	struct host_row *h = r->host;
	size_t i = 0;

	if (h == NULL || host.n == 0 || host.n >= sizeof h->host)
		return;
	while (i < r->nhost &&
	       (h[i].end != up->end || !span_eq(span_str(h[i].host), host)))
		i++;
	if (i == HOSTS_MAX)
		return;
	if (i == r->nhost) {
		snprintf(h[i].host, sizeof h[i].host, "%.*s", SPAN_ARG(host));
		h[i].end = up->end;
		h[i].n = 0;
		r->nhost++;
	}
	h[i].n++;
}

static bool leaves(const struct offline *up)
{
	return up->end == OFFLINE_PASSED || up->end == OFFLINE_TUNNEL;
}

/* The answer, the messages, and what of all that leaves. */
static int judged(struct run *r, const struct har *h, size_t number,
    const struct har_entry *e, const struct offline *up, struct arena *a)
{
	bool table = !r->o->summary, has_down = false;
	json_t *list = json_array();
	struct offline down;
	int err = 0;

	if (up->end == OFFLINE_PASSED && e->answered &&
	    e->answer.status != 101) {
		err = offline_answer(r->conf, up, &e->answer, &down);
		has_down = err == 0;
	}
	if (has_down)
		count_notes(r->sum, &down);
	if (err == 0 && table && !r->o->json)
		print_text(r, number, e, up, has_down ? &down : NULL);
	if (err == 0 && leaves(up))
		err = search(r, number, up, &e->request);
	if (err == 0 && leaves(up))
		err = messages(r, h, number, e, up, a, list);
	if (err == 0 && table && r->o->json)
		print_json(r, number, e, up, has_down ? &down : NULL,
		    json_incref(list));
	json_decref(list);
	if (has_down)
		offline_fini(&down);
	return err;
}

static bool wanted(const struct run *r, const struct offline *up)
{
	return r->o->service == NULL ||
	       (up->service != NULL &&
	           span_eq(up->service->id, span_str(r->o->service)));
}

/* Entry i as it stands in the file: 0 when there is something to judge, 1 when
 * not. */
static int take(struct run *r, const struct har *h, size_t i, struct arena *a,
    struct har_entry *e)
{
	char text[HAR_ERR_BYTES];
	int err = har_read(h, i, a, e, text);

	r->sum->entries++;
	if (err == -EBADMSG) {
		r->sum->broken++;
		fprintf(r->problems, "%s: entry %zu: %s\n", r->o->file, i + 1,
		    text);
		return 1;
	}
	if (err == 0 && e->local) {
		r->sum->local++;
		return 1;
	}
	if (err == 0 && e->answer_fault != NULL) {
		r->sum->answers_broken++;
		fprintf(r->problems, "%s: entry %zu: the answer: %s\n",
		    r->o->file, i + 1, e->answer_fault);
	}
	return err;
}

static int one(struct run *r, const struct har *h, size_t i, struct arena *a)
{
	struct har_entry e;
	struct offline up;
	int err = take(r, h, i, a, &e);

	if (err != 0)
		return err < 0 ? err : 0;
	err = offline_request(r->conf, &e.request, r->o->level, &up);
	if (err == 0 && wanted(r, &up)) {
		count(r->sum, &up, &e);
		count_host(r, &up);
		err = judged(r, h, i + 1, &e, &up, a);
	} else if (err == 0) {
		r->sum->skipped++;
	}
	offline_fini(&up);
	return err;
}

static void sum_more(const struct run *r)
{
	const struct replay_sum *s = r->sum;

	if (s->messages_up + s->messages_down > 0)
		fprintf(r->out,
		    "WebSocket messages: %zu up, %zu down; %zu denied, "
		    "%zu not readable, %zu pass unread (%zu bytes)\n",
		    s->messages_up, s->messages_down, s->messages_denied,
		    s->messages_broken, s->messages_unread, s->bytes_unread);
	if (s->unrecorded > 0)
		fprintf(r->out,
		    "requests whose content was not recorded: %zu\n",
		    s->unrecorded);
	if (s->answers_broken > 0)
		fprintf(r->out, "answers that cannot be read: %zu\n",
		    s->answers_broken);
	if (r->o->nnever > 0)
		fprintf(r->out, "%u texts that must not leave: %s\n",
		    r->o->nnever,
		    s->hits > 0          ? "FOUND"
		    : s->hits_unread > 0 ? "FOUND in what passes unread"
		                         : "none found");
}

static void sum_text(const struct run *r)
{
	const struct replay_sum *s = r->sum;

	for (size_t i = 0; i < r->nhost; i++)
		fprintf(r->out, "%-40s %-10s %4zu\n", r->host[i].host,
		    offline_word(r->host[i].end), r->host[i].n);
	fprintf(r->out,
	    "\n%zu entries: %zu passed, %zu denied (%zu telemetry), "
	    "%zu tunnelled, %zu unlisted, %zu refused, %zu not readable",
	    s->entries, s->end[OFFLINE_PASSED], s->end[OFFLINE_DENIED],
	    s->telemetry, s->end[OFFLINE_TUNNEL], s->end[OFFLINE_UNLISTED],
	    s->end[OFFLINE_REFUSED], s->end[OFFLINE_BROKEN] + s->broken);
	if (s->local > 0)
		fprintf(r->out, ", %zu not from a network", s->local);
	if (s->skipped > 0)
		fprintf(r->out, ", %zu of other services", s->skipped);
	fprintf(r->out, "\nvalues treated:");
	for (unsigned i = CATEGORY_PARTICIPANT; i < CATEGORY_COUNT; i++)
		fprintf(r->out, " %s %zu%s", category_word((enum category)i),
		    s->category[i], i + 1 < CATEGORY_COUNT ? "," : "");
	fprintf(r->out,
	    "; drift %zu\nvalues that go up and no line names: %zu\n", s->drift,
	    s->unjudged);
	sum_more(r);
}

static void set_count(json_t *object, const char *key, size_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static int sum_json(struct run *r)
{
	const struct replay_sum *s = r->sum;
	json_t *root = json_object(), *sum = json_object();
	json_t *categories = json_object();
	int err;

	set_count(sum, "entries", s->entries);
	set_count(sum, "skipped", s->skipped);
	set_count(sum, "unreadable", s->broken);
	for (unsigned i = OFFLINE_PASSED; i <= OFFLINE_BROKEN; i++)
		set_count(sum, offline_word((enum offline_end)i), s->end[i]);
	set_count(sum, "telemetry_denied", s->telemetry);
	for (unsigned i = CATEGORY_PARTICIPANT; i < CATEGORY_COUNT; i++)
		set_count(categories, category_word((enum category)i),
		    s->category[i]);
	json_object_set_new(sum, "categories", categories);
	set_count(sum, "drift", s->drift);
	set_count(sum, "unjudged", s->unjudged);
	set_count(sum, "not_from_a_network", s->local);
	set_count(sum, "answers_unreadable", s->answers_broken);
	set_count(sum, "content_not_recorded", s->unrecorded);
	set_count(sum, "websocket_messages", s->messages_up + s->messages_down);
	set_count(sum, "websocket_messages_denied", s->messages_denied);
	set_count(sum, "websocket_messages_unreadable", s->messages_broken);
	set_count(sum, "websocket_messages_unread", s->messages_unread);
	set_count(sum, "websocket_bytes_unread", s->bytes_unread);
	if (!r->o->summary)
		json_object_set(root, "entries", r->entries);
	json_object_set(root, "leaves", r->hits);
	json_object_set_new(root, "summary", sum);
	err = json_dumpf(root, r->out, JSON_INDENT(1)) < 0 ? -ENOMEM : 0;
	fputc('\n', r->out);
	json_decref(root);
	return err;
}

static int run(struct run *r, const struct har *h)
{
	struct arena *a = arena_new(ENTRY_ARENA_BYTES);
	int err = a != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < har_count(h) && err == 0; i++) {
		err = one(r, h, i, a);
		arena_reset(a);
	}
	arena_free(a);
	if (err == 0 && r->o->json)
		err = sum_json(r);
	else if (err == 0)
		sum_text(r);
	return err;
}

int replay(const struct conf *c, const struct replay_options *o, FILE *out,
    FILE *problems, struct replay_sum *ret_sum)
{
	char text[HAR_ERR_BYTES] = "";
	struct har *h = har_open(o->file, text);
	struct run r = { c, o, out, problems, ret_sum, json_array(),
		json_array(), NULL, 0 };
	int err = -EBADMSG;

	memset(ret_sum, 0, sizeof *ret_sum);
	if (o->summary)
		r.host = calloc(HOSTS_MAX, sizeof *r.host);
	if (h == NULL)
		fprintf(problems, "%s: %s\n", o->file, text);
	else
		err = run(&r, h);
	har_free(h);
	free(r.host);
	json_decref(r.entries);
	json_decref(r.hits);
	return err;
}
