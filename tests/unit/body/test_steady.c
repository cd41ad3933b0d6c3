/* SPDX-License-Identifier: EUPL-1.2 */
/* No allocation per value: after some documents of warming up, as many again
 * take none. Linked with --wrap=malloc,--wrap=calloc,--wrap=realloc. */
#include "base/buf.h"
#include "body/form.h"
#include "body/jsn.h"
#include "body/sdp.h"
#include "body/text.h"
#include "lib/taken.h"
#include "lib/tap.h"
#include "unit/body/rules.h"
#include "unit/body/shape.h"

#define WARM 20
#define ROUNDS 1000

static int pseudonym(void *arg, struct span in, struct buf *out)
{
	(void)arg;
	(void)in;
	return buf_add_str(out, "somebody");
}

SCRUBBER_AS(json, jsn, jsn_new_lines(plan, env));
SCRUBBER(form, form_new(plan, env));
SCRUBBER_AS(query, form, form_new_query(plan, env));
SCRUBBER(sdp, sdp_new(plan, env));
SCRUBBER(text, text_new(plan, env));

static const struct {
	const char *name, *lines, *in;
	open_f *open;
	take_f *take;
	close_f *close;
	bool unnamed;
} row[] = {
	{ "json: every treatment",
	    "json $.keep -> keep\njson $.drop -> drop\njson $.set -> set:x\n"
	    "json $.raw -> set:{\"a\":[1]}\njson $.alias -> alias\n"
	    "json $.nym -> pseudonym\njson $.time -> coarsen:1h\n"
	    "json $.stamp -> coarsen:1h\njson $.round -> round:1\n"
	    "json $.mask -> mask\njson $.all -> mask\njson $..deep -> drop",
	    "{\"keep\":1,\"drop\":{\"a\":[1,2]},\"set\":\"y\",\"raw\":1,"
	    "\"alias\":\"Erika\",\"nym\":\"Erika\",\"time\":"
	    "\"2031-01-01T10:17:33Z\",\"stamp\":1924992000,\"round\":"
	    "52.123456,\"mask\":\"a\\u00e4\\/b\",\"all\":[\"a\",1,true,null],"
	    "\"m\\u0061sk\":\"Erika\",\"x\":{\"deep\":1,\"y\":[]}}\n",
	    WITH(json), false },
	{ "json: allow-list", "json $.a -> keep\njson $.* -> drop",
	    "{\"a\":{\"b\":1},\"c\":\"Erika\",\"d e\":[1]}\n", WITH(json),
	    false },
	{ "json: unnamed values", "json $.a -> keep",
	    "{\"a\":{\"b\":1},\"c\":\"Erik\\u0061\",\"d\":{\"e "
	    "f\":[1,true]}}\n",
	    WITH(json), true },
	{ "form: every treatment",
	    "form keep -> keep\nform drop -> drop\nform set -> set:x y\n"
	    "form alias -> alias\nform nym -> pseudonym\n"
	    "form time -> coarsen:1h\nform round -> round:1\nform mask -> mask",
	    "keep=1&drop=2&set=3&alias=E%72ika&nym=Erika&time="
	    "2031-01-01T10%3A17%3A33Z&round=52.123&m%61sk=a+b&x&",
	    WITH(form), false },
	{ "form: unnamed values", "form a -> drop", "a=1&b=E%72ika&c&",
	    WITH(form), true },
	{ "query: every treatment",
	    "query drop -> drop\nquery set -> set:x y\nquery alias -> alias\n"
	    "query nym -> pseudonym\nquery mask -> mask",
	    "drop=2&set=3&alias=E%72ika&nym=Erika&m%61sk=a+b&x&", WITH(query),
	    false },
	{ "sdp: lines and parts",
	    "sdp o:user -> alias\nsdp s -> set:-\nsdp t -> coarsen:1h\n"
	    "sdp candidate:host -> drop\nsdp candidate:raddr -> drop\n"
	    "sdp candidate:foundation -> alias\nsdp ssrc:cname -> pseudonym",
	    "o=erika 1 2 IN IP4 0.0.0.0\ns=Erika\nt=3980000000 0\n"
	    "a=ssrc:1 cname:erika\n"
	    "a=candidate:1 1 udp 9 10.47.11.23 9 typ host\n"
	    "a=candidate:2 1 udp 9 198.51.100.77 9 typ srflx raddr 10.47.11.23 "
	    "rport 9\n",
	    WITH(sdp), false },
	{ "text: lines",
	    "text From: * -> drop\ntext a* -> mask\ntext b* -> alias",
	    "From: Erika\nabc\nbcd\nelse\n", WITH(text), true },
};

static void ignore(void *arg, const struct finding *f)
{
	(void)arg;
	(void)f;
}

/* Allocations of n more rounds; -1: refused. */
static long rounds(
    take_f *take, void *x, struct span in, size_t n, struct buf *out)
{
	unsigned long before = taken;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t cut = i % in.n;

		buf_reset(out);
		r = take(x, span_of(in.p, cut), false, out);
		if (r == 0)
			r = take(x, span_from(in, cut), false, out);
	}
	return r == 0 ? (long)(taken - before) : -1;
}

static void test_row(size_t i)
{
	struct rules *rules = rules_new(row[i].lines, false);
	struct span in = span_str(row[i].in);
	struct env env = rules_env(NULL);
	struct buf out;
	void *x;

	env.pseudonym = pseudonym;
	env.report = ignore;
	env.unnamed = row[i].unnamed;
	buf_init(&out, 65536);
	x = row[i].open(rules_plan(rules), &env);
	tap_ok(rounds(row[i].take, x, in, WARM + in.n, &out) > 0,
	    "%s: warming up", row[i].name);
	tap_int(rounds(row[i].take, x, in, ROUNDS, &out), 0,
	    "%s: no allocation", row[i].name);
	row[i].close(x);
	rules_free(rules);
	buf_fini(&out);
}

int main(void)
{
	buf_keep_none();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		test_row(i);
	return tap_done();
}
