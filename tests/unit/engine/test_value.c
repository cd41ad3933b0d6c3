/* SPDX-License-Identifier: EUPL-1.2 */
/* Values behind chains, and the treatments that need surroundings. */
#include "engine/value.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "lib/tap.h"
#include "unit/engine/pack.h"

#define COUNT(row) (sizeof(row) / sizeof *(row))

/* A step of a library that is not there: '<' in front and '>' behind. */
static int unstep(void *arg, enum step s, struct span in, struct buf *out)
{
	(void)arg;
	buf_add_str(out, "half");
	if (s != STEP_GZIP || in.n < 2 || in.p[0] != '<' ||
	    in.p[in.n - 1] != '>')
		return s == STEP_DEFLATE ? -E2BIG : -EBADMSG;
	buf_truncate(out, buf_len(out) - 4);
	return buf_add(out, in.p + 1, in.n - 2);
}

static int restep(void *arg, enum step s, struct span in, struct buf *out)
{
	(void)arg, (void)s;
	buf_add_char(out, '<');
	buf_add_span(out, in);
	return buf_add_char(out, '>');
}

/* Inside, "mail" becomes "m", and "left" is not readable. */
static int inner(void *arg, const struct plan *plan, const struct env *env,
    struct span in, struct buf *out)
{
	size_t at = span_find(in, SPAN("mail"));

	(void)arg, (void)plan, (void)env;
	if (span_find(in, SPAN("left")) < in.n)
		return -EBADMSG;
	if (at == in.n)
		return buf_add_span(out, in);
	buf_add(out, in.p, at + 1);
	return buf_add_span(out, span_from(in, at + 4));
}

static int reversed(void *arg, struct span in, struct buf *out)
{
	buf_add_str(out, "half");
	if (span_eq(in, SPAN("stuck")))
		return arg != NULL ? 1 : -EIO;
	buf_truncate(out, buf_len(out) - 4);
	for (size_t i = in.n; i-- > 0;)
		buf_add_char(out, in.p[i]);
	return buf_error(out);
}

static const struct env full = { .unstep = unstep,
	.restep = restep,
	.inner = inner,
	.pseudonym = reversed,
	.restore = reversed };
static const struct env bare = { .inner = inner };

/* {"mail":1}, {"x":1} and what is no JSON at all, as tokens. */
#define TOKEN_MAIL "eyJh.eyJtYWlsIjoxfQ.c2ln"
#define TOKEN_X "eyJh.eyJ4IjoxfQ.c2ln"
#define TOKEN_LEFT "eyJh.bGVmdA.c2ln"

static const struct {
	const char *where, *treat;
	const struct env *env;
	const char *in;
	int want;
	const char *text;
} row[] = {
	{ "query t > jwt > json $.mail", "drop", &bare, TOKEN_MAIL, TREAT_DROP,
	    NULL },
	{ "query t > jwt > json $.mail", "drop", &bare, TOKEN_X, TREAT_SAME,
	    NULL },
	{ "query t > jwt > json $.mail", "drop", &bare, "Bearer " TOKEN_X,
	    TREAT_SAME, NULL },
	{ "query t > jwt > json $.mail", "drop", &bare, "bearer " TOKEN_MAIL,
	    TREAT_DROP, NULL },
	{ "query t > jwt > json $.mail", "drop", &bare, TOKEN_LEFT, -EBADMSG,
	    NULL },
	{ "query t > jwt > json $.mail", "drop", &bare, "", TREAT_SAME, NULL },
	{ "query t > jwt", "drop", &bare, TOKEN_X, TREAT_DROP, NULL },
	{ "query t > jwt", "keep", &bare, TOKEN_X, TREAT_SAME, NULL },
	{ "query t > jwt", "drop", &bare, "eyJh.eyJ4IjoxfQ", -EBADMSG, NULL },
	{ "query t > jwt", "drop", &bare, "eyJh..c2ln", -EBADMSG, NULL },
	{ "query t > jwt", "drop", &bare, ".eyJ4IjoxfQ.c2ln", -EBADMSG, NULL },
	{ "query t > jwt", "drop", &bare, "a.eyJ4IjoxfQ.", TREAT_DROP, NULL },
	{ "query t > jwt", "drop", &bare, "a.eyJ4IjoxfQ.b.c.d", -EBADMSG,
	    NULL },
	{ "query t > jwt", "drop", &bare, "a.eyJ4IjoxfQ==.b", -EBADMSG, NULL },
	{ "query t > jwt", "drop", &bare, "a.eyJ4IjoxfQ.+", -EBADMSG, NULL },
	{ "query t > jwt", "drop", &bare, "a b.eyJ4IjoxfQ.c", -EBADMSG, NULL },
	{ "query t > percent > jwt > json $.mail", "drop", &bare, TOKEN_MAIL,
	    TREAT_DROP, NULL },
	{ "query t > gzip > json $.mail", "drop", &full, "<mail>", TREAT_NEW,
	    "<m>" },
	{ "query t > gzip > json $.mail", "drop", &full, "<x>", TREAT_SAME,
	    NULL },
	{ "query t > gzip > json $.mail", "drop", &full, "x", -EBADMSG, NULL },
	{ "query t > gzip > json $.mail", "drop", &bare, "<mail>", -EBADMSG,
	    NULL },
	{ "query t > deflate > json $.mail", "drop", &full, "<m>", -E2BIG,
	    NULL },
	{ "query t > base64 > gzip > json $.mail", "drop", &full, "PG1haWw+",
	    TREAT_NEW, "PG0+" },
	{ "query t > gzip > base64 > json $.mail", "drop", &full, "<bWFpbA>",
	    TREAT_NEW, "<bQ>" },
	{ "query t > gzip > base64 > json $.mail", "drop", &full, "<bWFpbA==>",
	    TREAT_NEW, "<bQ==>" },
	{ "query t", "pseudonym", &full, "Erika", TREAT_NEW, "akirE" },
	{ "query t", "pseudonym", &full, "", TREAT_SAME, NULL },
	{ "query t", "pseudonym", &full, "anna", TREAT_SAME, NULL },
	{ "query t", "pseudonym", &full, "stuck", TREAT_DROP, NULL },
	{ "query t", "pseudonym", &bare, "Erika", TREAT_DROP, NULL },
	{ "query t", "pseudonym", NULL, "Erika", TREAT_DROP, NULL },
	{ "query t > base64", "pseudonym", &full, "RXJpa2E=", TREAT_NEW,
	    "YWtpckU=" },
	{ "query t", "restore", &full, "akirE", TREAT_NEW, "Erika" },
	{ "query t", "restore", &full, "stuck", TREAT_SAME, NULL },
	{ "query t", "restore", &bare, "akirE", TREAT_SAME, NULL },
	{ "query t", "restore", NULL, "akirE", TREAT_SAME, NULL },
};

static void test_values(struct arena *a, struct plans *cache)
{
	struct buf out;

	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct pack_line l = { row[i].where, row[i].treat, "device" };
		struct entry *e = arena_zalloc(a, sizeof *e);
		const struct entry *pick = e;
		struct value_place at = { .carrier = CARRIER_QUERY,
			.name = SPAN("t") };
		const struct plan *p = NULL;
		const struct action *x;

		e->strip = arena_alloc(a, sizeof *e->strip);
		e->strip[e->nstrip++] = pack_line(a, &l, 1);
		plan_get(cache, &pick, 1, &p);
		x = plan_name(p, CARRIER_QUERY, SPAN("t"));
		buf_reset(&out);
		buf_add_char(&out, '_');
		tap_int(value_treat(x, row[i].env, at, span_str(row[i].in),
		            VALUE_TEXT, 1000, &out),
		    row[i].want, "%s %s on \"%s\"", row[i].where, row[i].treat,
		    row[i].in);
		if (row[i].want == TREAT_NEW)
			tap_span(span_from(buf_span(&out), 1),
			    span_str(row[i].text), "to \"%s\"", row[i].text);
		else
			tap_span(buf_span(&out), SPAN("_"), "nothing is added");
	}
	buf_fini(&out);
}

static void test_full(void)
{
	struct treatment t = { .act = ACT_PSEUDONYM };
	struct buf out;

	buf_init(&out, 4);
	tap_int(treat_value(&t, &full, SPAN("Erika"), VALUE_TEXT, &out),
	    -ENOBUFS, "a full buffer is no reason to drop");
	buf_reset(&out);
	t.act = ACT_RESTORE;
	tap_int(treat_value(&t, &full, SPAN("Erika"), VALUE_TEXT, &out),
	    -ENOBUFS, "nor to leave");
	buf_fini(&out);
}

/* ---- what no line names ---- */

/* Each finding as "LINE BEFORE>AFTER;", LINE 0 where no line is there. */
static void note(void *arg, const struct finding *f)
{
	buf_addf(arg, "%u %.*s>%.*s;",
	    f->line != NULL ? f->line->place.line : 0, SPAN_ARG(f->before),
	    SPAN_ARG(f->after));
}

static const struct pack searching = { .id = "s",
	.host = { { "a.example", "inspect" } },
	.request = { { .when = "* a.example/*",
	    .strip = { { "query t", "drop", "device" } } } },
	.detect = { { SHAPE_MAIL | SHAPE_IPV6, "set:x", "participant" },
	    { SHAPE_IPV4 | SHAPE_MAIL, "drop", "location" },
	    { SHAPE_TIMESTAMP, "coarsen:1h", "time" },
	    { SHAPE_GEO, "round:1", "location" }, { SHAPE_UUID, "keep", NULL },
	    { SHAPE_TIMEZONE, "pseudonym", "location" } } };

/* Lines of the file: host 1, entry 2, line 3, detect 4 and so on. */
static const struct {
	const char *in;
	enum value_kind kind;
	int want;
	const char *text, *notes;
} found[] = {
	{ "nothing", VALUE_TEXT, TREAT_SAME, NULL, "0 nothing>nothing;" },
	{ "", VALUE_TEXT, TREAT_SAME, NULL, "0 >;" },
	{ "e@a.example", VALUE_TEXT, TREAT_NEW, "x", "4 e@a.example>x;" },
	{ "Me <e@a.example>", VALUE_TEXT, TREAT_NEW, "Me <x>",
	    "4 e@a.example>x;" },
	{ "10.1.1.1", VALUE_TEXT, TREAT_DROP, NULL, "5 10.1.1.1>;" },
	{ "at 10.1.1.1:80 of b@c.de", VALUE_TEXT, TREAT_NEW, "at :80 of x",
	    "5 10.1.1.1>;4 b@c.de>x;" },
	{ "2026-11-23T09:03:46Z", VALUE_TEXT, TREAT_NEW, "2026-11-23T09:00:00Z",
	    "6 2026-11-23T09:03:46Z>2026-11-23T09:00:00Z;" },
	{ "2026-11-23T09:00:00Z", VALUE_TEXT, TREAT_SAME, NULL,
	    "6 2026-11-23T09:00:00Z>2026-11-23T09:00:00Z;" },
	{ "x 2026-11-23T09:00:00Z y", VALUE_TEXT, TREAT_SAME, NULL,
	    "6 2026-11-23T09:00:00Z>2026-11-23T09:00:00Z;" },
	{ "x 2026-11-23T09:00:00Z 10.1.1.1", VALUE_TEXT, TREAT_NEW,
	    "x 2026-11-23T09:00:00Z ",
	    "6 2026-11-23T09:00:00Z>2026-11-23T09:00:00Z;5 10.1.1.1>;" },
	{ "1795424012", VALUE_NUMBER, TREAT_NEW, "1795420800",
	    "6 1795424012>1795420800;" },
	{ "42", VALUE_NUMBER, TREAT_SAME, NULL, "0 42>42;" },
	{ "52.516275", VALUE_NUMBER, TREAT_NEW, "52.5", "7 52.516275>52.5;" },
	{ "52.5163, -13.3777", VALUE_TEXT, TREAT_NEW, "52.5, -13.4",
	    "7 52.5163, -13.3777>52.5, -13.4;" },
	{ "at 52.5163;13.3777.", VALUE_TEXT, TREAT_NEW, "at 52.5;13.4.",
	    "7 52.5163;13.3777>52.5;13.4;" },
	{ "7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10", VALUE_TEXT, TREAT_SAME, NULL,
	    "8 7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10>"
	    "7b3c9b4e-77aa-3b0f-91c5-0d94e1f9aa10;" },
	{ "Asia/Tokyo", VALUE_TEXT, TREAT_NEW, "oykoT/aisA",
	    "9 Asia/Tokyo>oykoT/aisA;" },
	{ "true", VALUE_WORD, TREAT_SAME, NULL, "0 true>true;" },
};

static void test_unnamed(void)
{
	struct ruleset *r = pack_build(&searching);
	struct buf out, notes;
	struct env env = { .pseudonym = reversed,
		.report = note,
		.arg = &notes,
		.unnamed = true };
	struct value_place at = { .carrier = CARRIER_JSON };
	const struct entry *e = &ruleset_at(r, 0)->request.p[0];
	const struct plan *p = NULL;

	plan_get(ruleset_at(r, 0)->up, &e, 1, &p);
	buf_init(&out, 1000);
	buf_init(&notes, 1000);
	tap_ok(value_watched(p, NULL), "detect lines look at it");
	tap_ok(value_watched(NULL, &env), "and who asks for all");
	tap_ok(!value_watched(NULL, NULL), "else nobody");
	for (size_t i = 0; i < COUNT(found); i++) {
		buf_reset(&out);
		buf_reset(&notes);
		buf_add_char(&out, '_');
		tap_int(value_unnamed(p, &env, at, span_str(found[i].in),
		            found[i].kind, &out),
		    found[i].want, "\"%s\"", found[i].in);
		if (found[i].want == TREAT_NEW)
			tap_span(span_from(buf_span(&out), 1),
			    span_str(found[i].text), "to \"%s\"",
			    found[i].text);
		else if (found[i].want == TREAT_SAME)
			tap_span(buf_span(&out), SPAN("_"), "nothing is added");
		tap_span(buf_span(&notes), span_str(found[i].notes),
		    "what is reported");
	}
	env.unnamed = false;
	buf_reset(&notes);
	value_unnamed(p, &env, at, SPAN("nothing"), VALUE_TEXT, &out);
	tap_span(buf_span(&notes), SPAN(""), "no report of nothing");
	buf_fini(&out);
	buf_init(&out, 5);
	tap_int(value_unnamed(
	            p, &env, at, SPAN("at the 10.1.1.1 of"), VALUE_TEXT, &out),
	    -ENOBUFS, "a full buffer");
	buf_fini(&out);
	buf_fini(&notes);
	ruleset_unref(r);
}

int main(void)
{
	struct arena *a = arena_new(1 << 20);
	struct plans *cache = plans_new();

	test_values(a, cache);
	test_full();
	test_unnamed();
	plans_free(cache);
	arena_free(a);
	return tap_done();
}
