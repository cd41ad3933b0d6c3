/* SPDX-License-Identifier: EUPL-1.2 */
/* fuzz_where - the small texts of a pack. Each line of the input is read as
 * each kind of text. Properties: what is accepted prints to a text that gives
 * the same model; what is refused says why; accepted lines compile into a plan
 * that answers any name; a treatment keeps its promises on any value. */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "engine/host.h"
#include "engine/match.h"
#include "engine/parse.h"
#include "engine/plan.h"
#include "engine/treat.h"

#define LINES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char err[PARSE_ERR_BYTES];

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_error(int r)
{
	must(r == 0 || r == -ENOBUFS || r == -EINVAL);
	must(r != -EINVAL ||
	     (err[0] != '\0' && memchr(err, '\0', sizeof err) != NULL));
}

static bool same_where(const struct where *x, const struct where *y)
{
	for (; x != NULL && y != NULL; x = x->next, y = y->next)
		if (x->carrier != y->carrier || x->nsteps != y->nsteps ||
		    !span_eq(x->name, y->name) ||
		    memcmp(x->step, y->step, x->nsteps * sizeof *x->step) != 0)
			return false;
	return x == y;
}

static bool is_compiled(const struct where *w)
{
	for (const struct where *at = w; at != NULL; at = at->next)
		switch (at->carrier) {
		case CARRIER_HEADER:
		case CARRIER_COOKIE:
		case CARRIER_QUERY:
		case CARRIER_PATH:
		case CARRIER_FORM:
		case CARRIER_JSON:
		case CARRIER_MULTIPART:
		case CARRIER_XML:
		case CARRIER_SDP:
		case CARRIER_PROTO:
		case CARRIER_TEXT:
		case CARRIER_COUNT:
			break;
		case CARRIER_HOST:
		case CARRIER_SOCKET:
		case CARRIER_PARTY:
		case CARRIER_PLACE:
		case CARRIER_NET:
			return false;
		}
	return true;
}

static void try_where(struct span in, struct arena *a, struct entry *e)
{
	struct where w, again;
	struct buf out;
	int r = parse_where(in, a, &w, err);

	check_error(r);
	if (r < 0)
		return;
	buf_init(&out, 1 << 20);
	must(where_print(&w, &out) == 0);
	must(parse_where(buf_span(&out), a, &again, err) == 0);
	must(same_where(&w, &again));
	buf_fini(&out);
	if (is_compiled(&w) && e->nstrip < LINES_MAX)
		e->strip[e->nstrip++].where = w;
}

static void prf(void *arg, struct span in, unsigned char out[16])
{
	(void)arg;
	memset(out, (int)(in.n & 255), 16);
}

/* Coarser once is coarser for good. */
static void try_again(const struct treatment *t, struct span once)
{
	struct buf twice;

	buf_init(&twice, 1 << 20);
	must(treat_value(t, NULL, once, VALUE_TEXT, &twice) == TREAT_NEW);
	must(span_eq(buf_span(&twice), once));
	buf_fini(&twice);
}

/* "/a@b.c": keys of XML; protobuf takes them as they come. */
static void try_path(const struct plan *p, enum carrier c, struct span rest)
{
	jpath_state s = JPATH_ROOT;
	uint32_t below = JPATH_NEVER;
	const struct action *a;

	while (rest.n > 0) {
		struct span key = span_cut(&rest, c == CARRIER_XML ? '/' : '.');

		below = plan_path_below(p, c, s);
		s = plan_path_key(p, c, s, key);
		a = plan_path_action(p, c, s);
		must(a == NULL || a->order >= below);
		must(plan_path_below(p, c, s) >= below);
	}
}

static void try_value(const struct treatment *t, struct span value)
{
	struct env env = { .prf = prf };
	struct buf out;

	buf_init(&out, 1 << 20);
	for (int kind = VALUE_TEXT; kind <= VALUE_WORD; kind++) {
		int r;

		buf_reset(&out);
		r = treat_value(t, &env, value, (enum value_kind)kind, &out);
		must(r >= TREAT_SAME && r <= TREAT_NEW);
		must(r == TREAT_NEW || buf_len(&out) == 0);
		if (t->act == ACT_COARSEN && r == TREAT_NEW) {
			must(buf_len(&out) - value.n <= 1);
			try_again(t, buf_span(&out));
		}
		if (t->act == ACT_ROUND && r == TREAT_NEW)
			must(buf_len(&out) <= value.n + 1);
		if (t->act == ACT_MASK)
			must(buf_len(&out) <= value.n);
	}
	buf_fini(&out);
}

static void try_treatment(struct span in, struct span whole)
{
	struct treatment t, again;
	struct span rest = whole;
	struct buf out;
	int r = parse_treatment(in, NULL, &t, err);

	check_error(r);
	if (r < 0)
		return;
	buf_init(&out, 1 << 20);
	must(treatment_print(&t, &out) == 0);
	must(parse_treatment(buf_span(&out), NULL, &again, err) == 0);
	must(t.act == again.act && t.seconds == again.seconds &&
	     t.digits == again.digits && span_eq(t.text, again.text));
	buf_fini(&out);
	while (rest.n > 0)
		try_value(&t, span_cut(&rest, '\n'));
}

static void try_when(struct span in, struct arena *a)
{
	struct when w;
	int r = parse_when(in, a, &w, err);

	check_error(r);
	if (r == 0) {
		must(w.method.n > 0 && w.host.n > 0 && w.path.p[0] == '/');
		must(host_fits(w.host, w.host) ||
		     span_chr(w.host, '*') < w.host.n);
		must(glob_match(w.path, w.path));
	}
}

static void try_sink(struct span in, struct arena *a)
{
	struct sink s;
	int r = parse_sink(in, a, &s, err);

	check_error(r);
	must(r < 0 || s.kind != SINK_NONE);
}

/* What one step opens and closes again is what was there, or opens to the
 * same. */
static void try_steps(struct span in)
{
	struct buf open, closed, again;

	buf_init(&open, 1 << 20);
	buf_init(&closed, 1 << 22);
	buf_init(&again, 1 << 20);
	for (enum step s = 0; s < STEP_COUNT; s++) {
		buf_reset(&open);
		buf_reset(&closed);
		buf_reset(&again);
		if (treat_unwrap(NULL, &s, 1, in, &open) < 0)
			continue;
		if (s == STEP_JWT) {
			must(treat_wrap(NULL, &s, 1, buf_span(&open), in,
			         &closed) == -EBADMSG);
			continue;
		}
		must(
		    treat_wrap(NULL, &s, 1, buf_span(&open), in, &closed) == 0);
		must(s == STEP_PERCENT || span_eq(buf_span(&closed), in));
		must(treat_unwrap(NULL, &s, 1, buf_span(&closed), &again) == 0);
		must(span_eq(buf_span(&open), buf_span(&again)));
	}
	buf_fini(&open);
	buf_fini(&closed);
	buf_fini(&again);
}

static void try_plan(const struct entry *e, struct span whole)
{
	struct plans *cache = plans_new();
	const struct action *a;
	const struct plan *p;
	jpath_state s = JPATH_ROOT;
	uint32_t below = JPATH_NEVER;
	int r;

	must(cache != NULL);
	r = plan_get(cache, &e, 1, &p);
	must(r == 0 || r == -ENOBUFS);
	for (struct span rest = whole; r == 0 && p != NULL && rest.n > 0;) {
		struct span name = span_cut(&rest, '.');

		a = plan_name(p, CARRIER_HEADER, name);
		must(a == NULL || a->order < e->nstrip);
		plan_name(p, CARRIER_FORM, name);
		plan_name(p, CARRIER_MULTIPART, name);
		plan_name(p, CARRIER_SDP, name);
		plan_name(p, CARRIER_TEXT, name);
		plan_segment(p, (unsigned)name.n, name);
		below = plan_json_below(p, s);
		s = name.n % 3 == 2 ? plan_json_index(p, s, name.n)
		                    : plan_json_key(p, s, name);
		a = plan_json_action(p, s);
		must(a == NULL || a->order >= below);
		must(plan_json_below(p, s) >= below);
	}
	if (r == 0 && p != NULL) {
		try_path(p, CARRIER_XML, whole);
		try_path(p, CARRIER_PROTO, whole);
	}
	plans_free(cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct line strip[LINES_MAX] = { 0 };
	struct entry e = { .strip = strip };
	struct span whole = span_of((const char *)p, n), rest = whole, line;
	struct arena *a = arena_new(1 << 20);
	enum category c;
	enum verdict v;

	must(a != NULL);
	while (rest.n > 0) {
		line = span_cut(&rest, '\n');
		try_where(line, a, &e);
		try_treatment(line, whole);
		try_when(line, a);
		try_sink(line, a);
		try_steps(line);
		check_error(parse_category(line, &c, err));
		check_error(parse_verdict(line, &v, err));
	}
	try_plan(&e, whole);
	arena_free(a);
	return 0;
}
