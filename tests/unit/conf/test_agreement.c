/* SPDX-License-Identifier: EUPL-1.2 */
/* Agreements: what makes one valid, and what it allows. The clock is at
 * 2026-11-23. */
#include "conf/conf.h"

#include <stdio.h>

#include "lib/tap.h"
#include "unit/conf/files.h"

#define KIND "kind = \"avv\"; "
#define ID "id = \"AVV-1\"; "
#define DATE "date = \"2026-03-01\"; "
#define LIGHT(l) \
	"rating = { source = \"BlnBDI 2.0\"; date = \"2021-02-18\"; " \
	"light = \"" l "\"; }; "
#define GREEN_ON(day) \
	"rating = { source = \"LfD\"; date = \"" day "\"; " \
	"light = \"green\"; }; "
#define FREE "instructions_unrestricted = true; "
#define CASE "max_case = 3; "
#define PURE "own_purposes = \"none\"; "
#define SCC "transfer = { instrument = \"scc\"; }; "
#define ALL KIND ID DATE LIGHT("green") FREE CASE PURE
#define OPENS \
	"dpia_id = \"D-1\"; staff = { council_ref = \"P-1\"; " \
	"notice_ref = \"I-1\"; }; "
#define INSPECT \
	"inspection = { basis = \"b\"; dpia = \"D-1\"; council = \"c\"; " \
	"notice = \"n\"; };"

/* in: the agreement; NULL: none. service: plain is of the EU, example not. */
static const struct row {
	const char *name, *service, *in, *inspection;
	enum why want;
	int max_case;
	bool inspect;
	long long days;
} row[] = {
	{ "none", "plain", NULL, "", WHY_NO_AGREEMENT, 1, false, INT32_MAX },
	{ "empty", "plain", "", "", WHY_NO_AGREEMENT, 1, false, INT32_MAX },
	{ "whole", "plain", ALL, "", WHY_DONE, 3, false, INT32_MAX },
	{ "no kind", "plain", ID DATE LIGHT("green") FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "no id", "plain", KIND DATE LIGHT("green") FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "empty id", "plain",
	    KIND "id = \"\"; " DATE LIGHT("green") FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "no date", "plain", KIND ID LIGHT("green") FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "no rating", "plain", KIND ID DATE FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "rating without a date", "plain",
	    KIND ID DATE "rating = { source = \"x\"; light = \"green\"; }; " FREE
		CASE PURE,
	    "", WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "no word on instructions", "plain",
	    KIND ID DATE LIGHT("green") CASE PURE, "", WHY_NO_AGREEMENT, 3,
	    false, INT32_MAX },
	{ "instructions restricted", "plain",
	    KIND ID DATE LIGHT("green")
		"instructions_unrestricted = false; " CASE PURE,
	    "", WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "no case", "plain", KIND ID DATE LIGHT("green") FREE PURE, "",
	    WHY_NO_AGREEMENT, 1, false, INT32_MAX },
	{ "kind none", "plain",
	    "kind = \"none\"; " ID DATE LIGHT("green") FREE CASE PURE, "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "signed today", "plain",
	    KIND ID "date = \"2026-11-23\"; " LIGHT("green") FREE CASE PURE,
	    "", WHY_DONE, 3, false, INT32_MAX },
	{ "signed tomorrow", "plain",
	    KIND ID "date = \"2026-11-24\"; " LIGHT("green") FREE CASE PURE,
	    "", WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "last day", "plain", ALL "valid_until = \"2026-11-23\"; ", "",
	    WHY_DONE, 3, false, 0 },
	{ "ended yesterday", "plain", ALL "valid_until = \"2026-11-22\"; ",
	    "", WHY_AGREEMENT_EXPIRED, 3, false, -1 },
	{ "review is overdue", "plain",
	    ALL "valid_until = \"2027-11-23\"; review_by = \"2026-11-01\"; ",
	    "", WHY_AGREEMENT_EXPIRED, 3, false, -22 },
	{ "review comes first", "plain",
	    ALL "valid_until = \"2027-11-23\"; review_by = \"2026-12-03\"; ",
	    "", WHY_DONE, 3, false, 10 },
	{ "red", "plain", KIND ID DATE LIGHT("red") FREE CASE PURE, "",
	    WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "yellow", "plain", KIND ID DATE LIGHT("yellow") FREE CASE PURE, "",
	    WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "red with terms of its own", "plain",
	    KIND ID DATE LIGHT("red") FREE CASE PURE
		"deviation = { id = \"ZV-1\"; }; ",
	    "", WHY_DONE, 3, false, INT32_MAX },
	{ "red with an empty reference", "plain",
	    KIND ID DATE LIGHT("red") FREE CASE PURE
		"deviation = { id = \"\"; }; ",
	    "", WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "unrated", "plain", KIND ID DATE LIGHT("unrated") FREE CASE PURE,
	    "", WHY_DONE, 3, false, INT32_MAX },
	/* The history of the pack: red on 2020-07-03. */
	{ "a red past, and green at a later day", "example",
	    KIND ID DATE GREEN_ON("2020-07-04") FREE CASE PURE SCC, "",
	    WHY_DONE, 3, false, INT32_MAX },
	{ "a red past, and green on the same day", "example",
	    KIND ID DATE GREEN_ON("2020-07-03") FREE CASE PURE SCC, "",
	    WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "a red past, and green before", "example",
	    KIND ID DATE GREEN_ON("2019-12-31") FREE CASE PURE SCC, "",
	    WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "a red past that nobody has rated since", "example",
	    KIND ID DATE LIGHT("unrated") FREE CASE PURE SCC, "",
	    WHY_NO_DEVIATION, 3, false, INT32_MAX },
	{ "a red past, green before, terms of its own", "example",
	    KIND ID DATE GREEN_ON("2019-12-31") FREE CASE PURE SCC
		"deviation = { id = \"ZV-1\"; }; ",
	    "", WHY_DONE, 3, false, INT32_MAX },
	{ "level 4 with end-to-end encryption", "plain",
	    KIND ID DATE LIGHT("green") FREE "max_case = 4; " PURE, "",
	    WHY_DONE, 4, false, INT32_MAX },
	{ "level 4 without it", "example",
	    KIND ID DATE LIGHT("green") FREE "max_case = 4; " PURE SCC, "",
	    WHY_DONE, 3, false, INT32_MAX },
	{ "level 4 with purposes of its own", "plain",
	    KIND ID DATE LIGHT("green") FREE
		"max_case = 4; own_purposes = \"limited\"; ",
	    "", WHY_DONE, 2, false, INT32_MAX },
	{ "limited purposes", "plain",
	    KIND ID DATE LIGHT("green") FREE CASE
		"own_purposes = \"limited\"; ",
	    "", WHY_DONE, 2, false, INT32_MAX },
	{ "own purposes, case 1", "plain",
	    KIND ID DATE LIGHT("green") FREE
		"max_case = 1; own_purposes = \"yes\"; ",
	    "", WHY_DONE, 1, false, INT32_MAX },
	{ "no word on purposes", "plain",
	    KIND ID DATE LIGHT("green") FREE CASE, "", WHY_DONE, 2, false,
	    INT32_MAX },
	{ "third country", "example", ALL, "", WHY_NO_AGREEMENT, 3, false,
	    INT32_MAX },
	{ "third country, no instrument", "example",
	    ALL "transfer = { instrument = \"none\"; }; ", "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "third country with an instrument", "example", ALL SCC, "",
	    WHY_DONE, 3, false, INT32_MAX },
	{ "own operation", "example",
	    "kind = \"own-operation\"; " ID DATE LIGHT("green") FREE CASE PURE,
	    "", WHY_DONE, 3, false, INT32_MAX },
	{ "a place abroad", "plain",
	    ALL "processing_places = ( \"DE\", \"US\" ); ", "",
	    WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "places in the EEA", "plain",
	    ALL "processing_places = ( \"DE\", \"NO\" ); ", "", WHY_DONE, 3,
	    false, INT32_MAX },
	{ "a sub-contractor abroad", "plain",
	    ALL "subprocessors = ( { name = \"x\"; country = \"US\"; } ); ",
	    "", WHY_NO_AGREEMENT, 3, false, INT32_MAX },
	{ "opened", "plain", ALL OPENS, INSPECT, WHY_DONE, 3, true,
	    INT32_MAX },
	{ "no inspection block", "plain", ALL OPENS, "", WHY_DONE, 3, false,
	    INT32_MAX },
	{ "an empty reference", "plain", ALL OPENS,
	    "inspection = { basis = \"b\"; dpia = \"\"; council = \"c\"; "
	    "notice = \"n\"; };",
	    WHY_DONE, 3, false, INT32_MAX },
	{ "a reference is missing", "plain", ALL OPENS,
	    "inspection = { basis = \"b\"; dpia = \"d\"; notice = \"n\"; };",
	    WHY_DONE, 3, false, INT32_MAX },
	{ "no impact assessment", "plain",
	    ALL "staff = { council_ref = \"P-1\"; notice_ref = \"I-1\"; }; ",
	    INSPECT, WHY_DONE, 3, false, INT32_MAX },
	{ "staff not told", "plain",
	    ALL "dpia_id = \"D-1\"; staff = { council_ref = \"P-1\"; }; ",
	    INSPECT, WHY_DONE, 3, false, INT32_MAX },
};

static void try(const struct row *t)
{
	char text[2000], err[CONF_ERR_BYTES];
	struct conf *c = NULL;
	const struct conf_service *s;

	snprintf(text, sizeof text,
	    "listen = ( \"127.0.0.1:1\" ); policy_dir = \"policy\"; "
	    "services = ( { id = \"%s\"; mode = \"enforce\"; %s%s%s %s } );",
	    t->service, t->in != NULL ? "agreement = { " : "",
	    t->in != NULL ? t->in : "", t->in != NULL ? "};" : "",
	    t->inspection);
	if (!tap_int(files_load(text, FILES_NOW + 43200, &c, err), 0, "%s",
	    t->name)) {
		tap_note("%s", err);
		return;
	}
	s = &c->service[0];
	tap_span(span_str(why_word(s->refused)), span_str(why_word(t->want)),
	    "%s: refused", t->name);
	tap_int(s->max_case, t->max_case, "%s: case", t->name);
	tap_int(s->inspect, t->inspect, "%s: opened", t->name);
	tap_int(s->days_left, t->days, "%s: days left", t->name);
	tap_int(ruleset_at(c->rules, 0)->refused, t->want, "%s: pack",
	    t->name);
	tap_int(ruleset_at(c->rules, 0)->max_case, t->max_case,
	    "%s: case of the pack", t->name);
	conf_unref(c);
}

int main(void)
{
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		try(&row[i]);
	return tap_done();
}
