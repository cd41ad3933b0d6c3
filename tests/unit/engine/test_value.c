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
		struct value_place at = { .carrier = CARRIER_QUERY, .name = SPAN("t") };
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

int main(void)
{
	struct arena *a = arena_new(1 << 20);
	struct plans *cache = plans_new();

	test_values(a, cache);
	test_full();
	plans_free(cache);
	arena_free(a);
	return tap_done();
}
