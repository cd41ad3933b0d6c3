/* SPDX-License-Identifier: EUPL-1.2 */
/* Who speaks HTTP/2 in a run: its connections, and their lanes as the clients
 * and servers of the case. */
#include <errno.h>
#include <stdio.h>

#include "lib/case_run_int.h"

/* ---- who is there ---- */

struct wire *over_client(const struct client *k)
{
	return k->lane != NULL ? case_lane_wire(k->lane) : k->wire;
}

static void add_server(struct run *r, struct dialled *d, struct case_lane *lane)
{
	struct wire *w = lane != NULL ? case_lane_wire(lane) : d->wire;

	if (r->nservers == FAKE_SERVERS_MAX) {
		run_fail(r, "more than %d servers", FAKE_SERVERS_MAX);
		return;
	}
	r->server_on[r->nservers] = d;
	r->server_lane[r->nservers] = lane;
	r->server[r->nservers++] = w;
}

/* The first lane has the number of its connection, others the next free one. */
static void number_lanes(struct run *r, struct dialled *d)
{
	for (; d->numbered < case_h2_lanes(d->h2); d->numbered++) {
		struct case_lane *lane = case_h2_lane(d->h2, d->numbered);
		struct wire *w = case_lane_wire(lane);

		w->server = w->tls = true;
		w->port = d->wire->port;
		snprintf(w->host, sizeof w->host, "%s", d->wire->host);
		if (d->numbered > 0) {
			add_server(r, d, lane);
			continue;
		}
		for (unsigned i = 0; i < r->nservers; i++)
			if (r->server_on[i] == d) {
				r->server_lane[i] = lane;
				r->server[i] = w;
			}
	}
}

static void find_servers(struct run *r)
{
	struct wire *const *wire;
	unsigned n = fake_servers(&wire);

	for (; r->ndialled < n; r->ndialled++) {
		r->dialled[r->ndialled].wire = wire[r->ndialled];
		add_server(r, &r->dialled[r->ndialled], NULL);
	}
	for (unsigned i = 0; i < n; i++) {
		struct dialled *d = &r->dialled[i];

		if (d->wire->h2 && d->h2 == NULL) {
			r->h2 = true;
			d->h2 = case_h2_new(true);
		}
		if (d->h2 != NULL)
			number_lanes(r, d);
	}
}

static void find_clients(struct run *r)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *k = &r->client[i];

		if (!k->open || !k->wire->h2 || k->h2 != NULL)
			continue;
		r->h2 = true;
		k->h2 = case_h2_new(false);
		k->lane = case_h2_lane(k->h2, 0);
		k->heard = k->wire->h2_from;
	}
}

/* ---- what they hear and say ---- */

static void hear(struct run *r, struct case_h2 *h, struct wire *w,
    size_t *heard, bool damaged)
{
	const char *why;

	case_h2_hear(h, span_from(buf_span(&w->got), *heard));
	*heard = buf_len(&w->got);
	for (unsigned i = 0; w->closed && i < case_h2_lanes(h); i++) {
		struct wire *lane = case_lane_wire(case_h2_lane(h, i));

		lane->closed = lane->got_fin = true;
	}
	why = case_h2_unsaid(h);
	if (why != NULL && !run_damaged(r))
		snprintf(r->unsaid, sizeof r->unsaid, "%s", why);
	if (case_h2_fault(h)[0] != '\0' && !damaged)
		run_fail(r, "the gateway does not speak HTTP/2 to %s: %s",
		    w->server ? w->host : "a client", case_h2_fault(h));
}

/* A client with a flipped bit may have asked for strange frames. */
void over_hear(struct run *r)
{
	find_clients(r);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *k = &r->client[i];

		if (k->open && k->h2 != NULL)
			hear(r, k->h2, k->wire, &k->heard, run_damaged(r));
	}
	find_servers(r);
	for (unsigned i = 0; i < r->ndialled; i++) {
		struct dialled *d = &r->dialled[i];

		if (d->h2 != NULL)
			hear(r, d->h2, d->wire, &d->heard, false);
	}
	find_servers(r); /* lanes that were opened just now */
}

static bool speak(
    struct run *r, struct client *k, struct wire *w, struct case_h2 *h)
{
	struct buf b;
	bool any;

	if (h == NULL)
		return false;
	buf_init(&b, FAKE_WIRE_MAX_BYTES);
	case_h2_speak(h, &b);
	any = buf_len(&b) > 0 && !w->closed;
	if (any)
		run_deliver(r, k, w, buf_span(&b));
	buf_fini(&b);
	return any;
}

bool over_speak(struct run *r)
{
	bool any = false;

	r->delivering = true;
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *k = &r->client[i];

		if (!k->open || k->h2 == NULL)
			continue;
		any |= speak(r, k, k->wire, k->h2);
		if (k->leaves && !k->wire->fin && !case_lane_busy(k->lane))
			k->wire->fin = any = true;
	}
	for (unsigned i = 0; i < r->ndialled; i++)
		any |= speak(r, NULL, r->dialled[i].wire, r->dialled[i].h2);
	r->delivering = false;
	return any;
}

void over_fini(struct run *r)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		case_h2_free(r->client[i].h2);
	for (unsigned i = 0; i < r->ndialled; i++)
		case_h2_free(r->dialled[i].h2);
}

/* ---- what the case lets them do ---- */

static void end_wire(struct run *r, struct wire *w, int err)
{
	w->fin = true;
	w->err = err;
	run_settle(r);
}

bool over_client_sends(struct run *r, struct client *k, struct span block)
{
	if (k->lane == NULL)
		return false;
	if (over_client(k)->closed && r->way.way == WAY_WHOLE)
		run_fail(r, "the stream was reset before");
	case_h2_say(k->h2, k->lane, block);
	run_settle(r);
	return true;
}

/* One that has asked is answered before it goes; one that resets does so to its
 * request, if there is one. */
bool over_client_ends(struct run *r, struct client *k, int err)
{
	if (k->lane == NULL)
		return false;
	if (err == 0 && case_h2_finish(k->h2, k->lane))
		k->leaves = true;
	else if (err != 0 && case_lane_busy(k->lane))
		case_h2_reset(k->h2, k->lane);
	else
		end_wire(r, k->wire, err);
	run_settle(r);
	return true;
}

#define GONE_MS 2000

/* A stream that is over is what a closed connection was. */
bool over_client_gone(struct run *r, struct client *k)
{
	const struct case_step *s = r->step;

	if (k->lane == NULL)
		return false;
	if (k->gone) /* why matters when the gateway did it */
		return k->told = k->wire->fin;
	if (s->nwords > 0 && span_eq(s->word[0], SPAN("idle")))
		return false;
	k->told = over_client(k)->got_fin;
	if (!k->told && case_lane_busy(k->lane)) {
		/* Time to read an answer that came before the request had
		 * ended. */
		(void)fake_pass(GONE_MS);
		run_settle(r);
		k->told = over_client(k)->got_fin;
	}
	if (!k->told && case_lane_busy(k->lane))
		run_fail(r, "the stream is still open");
	return k->told;
}

static bool asks_for_upgrade(const struct case_step *s)
{
	return span_eq(s->verb, SPAN("upgrades")) ||
	       (span_eq(s->verb, SPAN("sends")) &&
	           span_find(s->block, SPAN("\r\nUpgrade:")) < s->block.n);
}

/* An upgrade is a thing of HTTP/1.1: a client that will ask for one on this
 * connection offers nothing else, as browsers do for a WebSocket. */
bool over_offers_h2(const struct run *r)
{
	unsigned n = r->step->number > 0 ? r->step->number : 1;

	for (const struct case_step *s = r->step + 1;
	     s < r->c->step + r->c->nsteps; s++) {
		if (s->actor != ACTOR_CLIENT ||
		    (s->number > 0 ? s->number : 1) != n)
			continue;
		if (span_eq(s->verb, SPAN("connects")) ||
		    span_eq(s->verb, SPAN("opens")))
			break;
		if (asks_for_upgrade(s))
			return false;
	}
	return r->way.client_h2;
}

static struct case_lane *lane_of(
    struct run *r, const struct wire *w, struct dialled **ret_on)
{
	for (unsigned i = 0; i < r->nservers; i++)
		if (r->server[i] == w) {
			*ret_on = r->server_on[i];
			return r->server_lane[i];
		}
	return NULL;
}

bool over_server_sends(struct run *r, struct wire *w, struct span block)
{
	struct dialled *d;
	struct case_lane *lane = lane_of(r, w, &d);

	if (lane == NULL)
		return false;
	case_h2_say(d->h2, lane, block);
	run_settle(r);
	return true;
}

/* Its connection ends, unless others are served on it. */
bool over_server_ends(struct run *r, struct wire *w, int err)
{
	struct dialled *d;
	struct case_lane *lane = lane_of(r, w, &d);
	bool others = false;

	if (lane == NULL)
		return false;
	for (unsigned i = 0; i < case_h2_lanes(d->h2); i++)
		others |= case_h2_lane(d->h2, i) != lane &&
		          case_lane_busy(case_h2_lane(d->h2, i));
	if (err == 0 && case_h2_finish(d->h2, lane))
		; /* the end of the connection was the end of the content */
	else if (others)
		case_h2_reset(d->h2, lane);
	else
		end_wire(r, d->wire, err);
	run_settle(r);
	return true;
}

bool over_server_stalls(struct run *r, struct wire *w, bool stalled)
{
	struct dialled *d;

	if (lane_of(r, w, &d) == NULL)
		return false;
	d->wire->stalled = stalled;
	run_settle(r);
	return true;
}

/* ---- bytes as they are, where framing may differ ---- */

static struct span cut_line(struct span *rest)
{
	size_t n = span_find(*rest, SPAN("\r\n"));
	struct span line = span_of(rest->p, n);

	*rest = span_from(*rest, n + 2);
	return line;
}

/* Takes a head off both. False: they differ. */
static bool same_head(struct wire *w, struct span *want, struct span *got)
{
	size_t n = span_find(*want, SPAN("\r\n\r\n"));
	size_t m = span_find(*got, SPAN("\r\n\r\n"));
	struct span a = span_of(want->p, n + 2), b = span_of(got->p, m + 2);
	struct buf x, y;
	bool same;

	if (n == want->n || m == got->n)
		return false;
	buf_init(&x, n + 2);
	buf_init(&y, m + 2);
	case_h2_neutral(a, &x);
	case_h2_neutral(b, &y);
	same = span_eq(buf_span(&x), buf_span(&y));
	buf_fini(&x);
	buf_fini(&y);
	w->want_chunks = span_find(a, SPAN("chunked\r\n")) < a.n;
	w->got_chunks = span_find(b, SPAN("chunked\r\n")) < b.n;
	*want = span_from(*want, n + 4);
	*got = span_from(*got, m + 4);
	return same;
}

/* What is in the chunks of s, the last of which may be cut. */
static void unchunk(struct span s, struct buf *out)
{
	while (s.n > 0) {
		struct span size = cut_line(&s);
		size_t n = 0;

		for (size_t i = 0; i < size.n && ascii_hex(size.p[i]) >= 0; i++)
			n = n << 4 | (size_t)ascii_hex(size.p[i]);
		n = n < s.n ? n : s.n;
		buf_add(out, s.p, n);
		s = span_from(s, n + 2);
	}
}

/* How much of content that goes on has come depends on the way. */
static bool begins_same(struct span a, struct span b)
{
	return span_starts(a, b) || span_starts(b, a);
}

bool over_bytes(struct wire *w, struct span want)
{
	struct span got = span_from(buf_span(&w->got), w->taken), line = want;
	struct buf x, y;
	bool same = true;

	if (got.n == 0 && w->server &&
	    span_find(want, SPAN("chunked\r\n")) < want.n)
		return true; /* content that goes on: none of it has left yet */
	line = cut_line(&line);
	if (span_find(line, SPAN("HTTP/1.1")) < line.n)
		same = same_head(w, &want, &got);
	buf_init(&x, FAKE_WIRE_MAX_BYTES);
	buf_init(&y, FAKE_WIRE_MAX_BYTES);
	if (w->want_chunks)
		unchunk(want, &x);
	else
		buf_add_span(&x, want);
	if (w->got_chunks)
		unchunk(got, &y);
	else
		buf_add(&y, got.p, got.n < buf_len(&x) ? got.n : buf_len(&x));
	same = same && (w->got_chunks ? begins_same(buf_span(&x), buf_span(&y))
	                              : span_eq(buf_span(&x), buf_span(&y)));
	if (same)
		w->taken =
		    w->got_chunks
		        ? buf_len(&w->got)
		        : (size_t)(got.p - buf_span(&w->got).p) + buf_len(&x);
	buf_fini(&x);
	buf_fini(&y);
	return same;
}
