/* SPDX-License-Identifier: EUPL-1.2 */
/* The end of a run: what must never be there, and nothing unnamed. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/case_find.h"
#include "lib/case_run_int.h"

#define CLEAN_MAX 64

/* All content of one stream, out of its chunks, message after message, and of a
 * WebSocket that follows. False: it cannot be read. */
static bool add_contents(struct case_views *v, const struct wire *w,
    const struct case_end *end, bool request, const char **ret_why)
{
	struct span rest = buf_span(&w->got), value;
	struct case_msg m;
	struct buf inside;
	ptrdiff_t n = 1;
	bool good;

	case_msg_init(&m);
	buf_init(&inside, FAKE_WIRE_MAX_BYTES);
	while (rest.n > 0 && n > 0) {
		n = case_msg_read(rest, request, false, true, &m, ret_why);
		if (n > 0 && v != NULL)
			case_views_add(v, buf_span(&m.body));
		if (n > 0)
			rest = span_from(rest, (size_t)n);
		if (n > 0 && !request && m.status == 101)
			break;
		if (n > 0 && request && end->open &&
		    case_field(&m, SPAN("Upgrade"), 0, &value))
			break;
	}
	good = n >= 0;
	if (n > 0 && rest.n > 0 && end != NULL && end->open) {
		good = socket_read_all(end, rest, &inside, ret_why);
		if (v != NULL)
			case_views_add(v, buf_span(&inside));
	}
	buf_fini(&inside);
	case_msg_fini(&m);
	return good;
}

/* The bytes in one direction, to know whether they were looked at before. */
static struct buf stream_of(struct run *r, struct span way)
{
	struct buf b;

	buf_init(&b, 4 * FAKE_WIRE_MAX_BYTES);
	for (unsigned i = 0; span_eq(way, SPAN("up")) && i < r->nservers; i++)
		buf_add_span(&b, buf_span(&r->server[i]->got));
	for (int i = 0; span_eq(way, SPAN("down")) && i < CLIENTS_MAX; i++)
		if (r->client[i].open)
			buf_add_span(
			    &b, buf_span(&over_client(&r->client[i])->got));
	if (span_eq(way, SPAN("log")))
		buf_add_span(&b, buf_span(&r->log));
	return b;
}

static struct case_views *views_of(struct run *r, struct span way)
{
	struct case_views *v = case_views_new();
	const char *why;

	for (unsigned i = 0; span_eq(way, SPAN("up")) && i < r->nservers; i++) {
		case_views_add(v, buf_span(&r->server[i]->got));
		(void)add_contents(
		    v, r->server[i], &r->server_end[i], true, &why);
	}
	for (int i = 0; span_eq(way, SPAN("down")) && i < CLIENTS_MAX; i++)
		if (r->client[i].open) {
			case_views_add(v, buf_span(&r->client[i].wire->got));
			case_views_add(
			    v, buf_span(&over_client(&r->client[i])->got));
			(void)add_contents(v, over_client(&r->client[i]),
			    socket_client_end(&r->client[i]), false, &why);
		}
	if (span_eq(way, SPAN("log")))
		case_views_add(v, buf_span(&r->log));
	return v;
}

/* Streams that were clean before, with the `never` line that was about them: most
 * runs of a case are the same to a server. The oldest makes room. */
static struct {
	const struct case_step *step;
	struct buf bytes;
} clean[CLEAN_MAX];
static unsigned nclean;

static bool seen(const struct case_step *s, struct span bytes)
{
	for (unsigned i = 0; i < CLEAN_MAX; i++)
		if (clean[i].step == s &&
		    span_eq(buf_span(&clean[i].bytes), bytes))
			return true;
	return false;
}

static void remember(const struct case_step *s, struct buf bytes)
{
	unsigned i = nclean++ % CLEAN_MAX;

	buf_fini(&clean[i].bytes);
	clean[i].step = s;
	clean[i].bytes = bytes;
}

static void never(struct run *r)
{
	const struct case_step *s = r->step;
	struct span way = s->nwords > 0 ? s->word[0] : SPAN("");
	struct case_views *v;
	const char *coat;
	struct buf bytes;

	if (s->nwords < 2 ||
	    (!span_eq(way, SPAN("up")) && !span_eq(way, SPAN("down")) &&
	        !span_eq(way, SPAN("log")))) {
		run_fail(r, "expected: never up, down or log, and texts");
		return;
	}
	bytes = stream_of(r, way);
	if (seen(s, buf_span(&bytes))) {
		buf_fini(&bytes);
		return;
	}
	v = views_of(r, way);
	for (unsigned i = 1; i < s->nwords; i++) {
		coat = case_views_find(v, s->word[i]);
		if (coat != NULL) {
			run_fail(r, "\"%.*s\" went %.*s, as %s",
			    SPAN_ARG(s->word[i]), SPAN_ARG(way), coat);
			run_show(r, "stream", buf_span(&bytes));
		}
	}
	if (case_views_full(v))
		run_fail(r, "too much to look through for `never`");
	case_views_free(v);
	if (r->failed)
		buf_fini(&bytes);
	else
		remember(s, bytes);
}

/* Everything that came was named by a step. */
static void check_left(struct run *r)
{
	char who[400];

	for (unsigned i = 0; i < r->nservers && !r->failed; i++)
		if (r->server[i]->taken < buf_len(&r->server[i]->got)) {
			snprintf(who, sizeof who,
			    "server%u (%s) got more than the case names", i + 1,
			    r->server[i]->host);
			run_fail(r, "%s", who);
			run_show(r, "got",
			    span_from(buf_span(&r->server[i]->got),
			        r->server[i]->taken));
		}
	for (int i = 0; i < CLIENTS_MAX && !r->failed; i++) {
		const struct client *k = &r->client[i];
		const struct wire *w;

		if (!k->open)
			continue;
		w = over_client(k);
		if (w->taken < buf_len(&w->got)) {
			run_fail(r, "client%d got more than the case names", i);
			run_show(
			    r, "got", span_from(buf_span(&w->got), w->taken));
		} else if ((k->gone || w->closed) && !k->told) {
			run_fail(r,
			    "client%d was closed (%s), the case does "
			    "not say so",
			    i, k->gone ? k->why : "its stream only");
		}
	}
}

/* Whatever the client sent: a server gets whole messages with one reading each,
 * or the beginning of one. */
static void check_framing(struct run *r)
{
	const char *why = "";

	for (unsigned i = 0; i < r->nservers; i++) {
		if (!r->server[i]->tls && r->server[i]->port == 443)
			continue; /* a tunnel: the bytes are the client's own */
		if (!add_contents(
		        NULL, r->server[i], &r->server_end[i], true, &why)) {
			run_fail(r, "what server%u got: %s", i + 1, why);
			run_show(r, "got", buf_span(&r->server[i]->got));
		}
	}
}

void check_end(struct run *r)
{
	const struct case_step *last = r->step;

	if (run_damaged(r))
		check_framing(r);
	else
		check_left(r);
	if (r->way.way == WAY_DAMAGE)
		return; /* the flipped bit may have made another name of it */
	for (unsigned i = 0; i < r->c->nsteps && !r->failed; i++) {
		r->step = &r->c->step[i];
		if (span_eq(r->step->verb, SPAN("never")))
			never(r);
	}
	r->step = last;
}
