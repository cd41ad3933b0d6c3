/* SPDX-License-Identifier: EUPL-1.2 */
/* Recordings as browsers and mitmproxy write them, through the rules: what is
 * counted, what would leave, and what is broken without harm to the rest. */
#include "ctl/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/offline.h"
#include "lib/tap.h"
#include "unit/ctl/rules.h"

#define OUT_MAX_BYTES (1u << 20)

struct printed {
	char *out, *problems;
	size_t out_bytes, problems_bytes;
};

static int play(const struct conf *c, const char *name,
    struct replay_options *o, struct replay_sum *sum, struct printed *ret)
{
	const char *top = getenv("top_srcdir");
	FILE *out = open_memstream(&ret->out, &ret->out_bytes);
	FILE *problems = open_memstream(&ret->problems, &ret->problems_bytes);
	char path[1000];
	int err;

	snprintf(path, sizeof path, "%s/tests/data/har-%s.har",
	    top != NULL ? top : ".", name);
	o->file = path;
	o->level = 1;
	err = replay(c, o, out, problems, sum);
	fclose(out);
	fclose(problems);
	return err;
}

static void done(struct printed *p)
{
	free(p->out);
	free(p->problems);
}

static const struct {
	const char *name;
	size_t entries, passed, denied, local, broken, answers, unrecorded;
	size_t up, down, unread; /* messages; never texts in them */
} row[] = {
	{ "chrome", 5, 3, 1, 1, 0, 0, 0, 2, 1, 1 },
	{ "firefox", 2, 2, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "safari", 2, 2, 0, 0, 0, 0, 1, 0, 0, 0 },
	{ "mitmproxy", 4, 3, 0, 1, 0, 0, 0, 1, 0, 0 },
	{ "broken", 8, 4, 0, 0, 7, 2, 0, 0, 0, 0 },
};

static void flavours(const struct conf *c)
{
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct replay_options o = { .nnever = 4,
			.never = { SPAN("Erika"), SPAN("erika.mustermann"),
			    SPAN("AMT-NB-0815"), SPAN("Max Beispiel") } };
		struct printed p;
		struct replay_sum s;
		int err = play(c, row[i].name, &o, &s, &p);

		tap_int(err, 0, "%s: it is read", row[i].name);
		tap_ok(s.entries == row[i].entries &&
		           s.end[OFFLINE_PASSED] == row[i].passed &&
		           s.end[OFFLINE_DENIED] == row[i].denied &&
		           s.end[OFFLINE_BROKEN] == 0,
		    "%s: what becomes of the entries", row[i].name);
		tap_ok(s.local == row[i].local && s.broken == row[i].broken &&
		           s.answers_broken == row[i].answers &&
		           s.unrecorded == row[i].unrecorded,
		    "%s: what cannot be judged", row[i].name);
		tap_ok(s.messages_up == row[i].up &&
		           s.messages_down == row[i].down,
		    "%s: messages are counted", row[i].name);
		tap_int((long long)s.hits, 0, "%s: nothing planted leaves",
		    row[i].name);
		tap_int((long long)s.hits_unread, (long long)row[i].unread,
		    "%s: but where nobody reads", row[i].name);
		tap_ok(
		    (s.broken + s.answers_broken > 0) == (p.problems_bytes > 0),
		    "%s: what is broken is said", row[i].name);
		done(&p);
	}
}

/* The problems name entries and reasons, no values. */
static void problems(const struct conf *c)
{
	static const char *const want[] = { "entry 1: an entry is no object",
		"entry 2: there is no request",
		"entry 3: the request has no url",
		"entry 5: a body is no base64",
		"entry 6: the answer: the answer has no status",
		"entry 7: the answer: headers is no list",
		"entry 8, message 1: a message has no type or no content",
		"entry 8, message 2: a binary message is no base64" };
	struct replay_options o = { .summary = true };
	struct replay_sum s;
	struct printed p;

	(void)play(c, "broken", &o, &s, &p);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		tap_ok(strstr(p.problems, want[i]) != NULL, "problem: %s",
		    want[i]);
	tap_ok(strstr(p.problems, "meet.example") == NULL,
	    "no value in the problems");
	done(&p);
}

static void outputs(const struct conf *c)
{
	static const struct {
		const char *name, *want;
		struct replay_options o;
	} out[] = {
		{ "text: before, after, category, line",
		    "\"Firefox/99 (Erika)\" -> \"Browser\"  [device]  "
		    "policy/example.conf:",
		    { .json = false } },
		{ "text: messages", "message 1 up: ",
		    { .json = false } },
		{ "summary", "5 entries: 3 passed, 1 denied (1 telemetry), ",
		    { .summary = true } },
		{ "summary: messages",
		    "WebSocket messages: 2 up, 1 down; 0 denied, 1 not "
		    "readable, 1 pass unread (",
		    { .summary = true } },
		{ "JSON", "\"websocket_messages_unread\": 1",
		    { .json = true } },
		{ "JSON: where it leaves unread", "\"unread\": true",
		    { .json = true,
		        .nnever = 1,
		        .never = { SPAN("AMT-NB-0815") } } },
		{ "another service", "0 passed", { .summary = true } },
	};

	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
		struct replay_options o = out[i].o;
		struct replay_sum s;
		struct printed p;

		if (strcmp(out[i].name, "another service") == 0)
			o.service = "other";
		tap_int(play(c, "chrome", &o, &s, &p), 0, "%s", out[i].name);
		if (!tap_ok(strstr(p.out, out[i].want) != NULL, "%s is said",
		        out[i].want))
			tap_note("%s", p.out);
		done(&p);
	}
}

static void hits(const struct conf *c)
{
	struct replay_options o = { .nnever = 2,
		.never = { SPAN("meet.example"), SPAN("left=1") } };
	struct replay_sum s;
	struct printed p;

	tap_ok(play(c, "firefox", &o, &s, &p) == 0 && s.hits == 3 &&
	           s.hits_unread == 0,
	    "texts that leave are found, each in each entry");
	done(&p);
	tap_int(play(c, "none", &o, &s, &p), -EBADMSG, "no recording");
	tap_ok(p.problems_bytes > 0, "and it is said");
	done(&p);
}

int main(void)
{
	struct conf *c = rules_load();

	if (!tap_ok(c != NULL, "rules"))
		return tap_done();
	flavours(c);
	problems(c);
	outputs(c);
	hits(c);
	conf_unref(c);
	return tap_done();
}
