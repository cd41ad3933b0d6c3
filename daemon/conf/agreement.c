/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/agreement.h"

#include "base/arena.h"
#include "conf/addr.h"
#include "conf/date.h"
#include "engine/parse.h"

#define KEYS \
	"kind id version date sha256 valid_until review_by rating deviation " \
	"instructions_unrestricted own_purposes audit subprocessors " \
	"processing_places transfer data_categories data_subjects tom_ref " \
	"deletion_days dpia_id staff max_case"
#define KINDS "avv own-operation none"
#define LIGHTS "red yellow green unrated"
#define INSTRUMENTS "adequacy scc bcr none"
/* Member states of the EU and the EEA: no transfer to a third country. */
#define EEA \
	"AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT " \
	"RO SE SI SK IS LI NO"

#define UNKNOWN SPAN("ZZ") /* seat in a pack that is for any operator */
#define LEVEL_WITHOUT_E2EE 3 /* the highest of a service that can hear */
#define LEVEL_OWN_PURPOSES 2 /* the highest of one that uses what it hears */

/* The block as written. Texts that are not there: n is 0. */
struct block {
	struct span kind, id, version, hash, deviation, own_purposes;
	struct span light, rated; /* rating.light and rating.date */
	struct span instrument, assessment, tom;
	struct span until, review, dpia, council, notice;
	int32_t date, until_day, review_day;
	uint32_t max_case, categories, subjects;
	bool has_date, has_rating, unrestricted, has_deletion;
	bool onsite, unannounced, full_evidence, cost_free;
	bool abroad; /* a place or a sub-contractor in a third country */
	struct agreed others;
};

static int check_country(const struct lex *l, const config_setting_t *s,
    const char *key, struct span country, struct block *b)
{
	if (!lex_is_country(country))
		return lex_fail(l, s,
		    "%s \"%.60s\": expected the two letters of a country (ISO "
		    "3166), as in \"DE\"",
		    key, country.p);
	if (!lex_among(country, EEA))
		b->abroad = true;
	return 0;
}

static int take_rating(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	struct span source, version;
	const config_setting_t *g;
	int r = lex_group(l, s, "rating", &g);

	if (r < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "rating", "source version date light")) < 0 ||
	    (r = lex_text(l, g, "source", false, &source)) < 0 ||
	    (r = lex_text(l, g, "version", false, &version)) < 0 ||
	    (r = lex_date(l, g, "date", false, &b->rated, NULL)) < 0 ||
	    (r = lex_word(l, g, "light", false, LIGHTS, &b->light)) < 0)
		return r;
	b->has_rating = source.n > 0 && b->rated.n > 0 && b->light.n > 0;
	return 0;
}

static int take_audit(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *g;
	int r = lex_group(l, s, "audit", &g);

	if (r < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "audit",
	    "onsite unannounced full_evidence cost_free_on_breach")) < 0 ||
	    (r = lex_flag(l, g, "onsite", false, &b->onsite)) < 0 ||
	    (r = lex_flag(l, g, "unannounced", false, &b->unannounced)) < 0 ||
	    (r = lex_flag(l, g, "full_evidence", false, &b->full_evidence)) < 0)
		return r;
	return lex_flag(l, g, "cost_free_on_breach", false, &b->cost_free);
}

/* The list key of s, and room for a thing of size for each of its members; NULL
 * with *ret_err. */
static void *begin_list(const struct lex *l, const config_setting_t *s,
    const char *key, size_t size, const config_setting_t **ret_list,
    int *ret_err)
{
	void *room;

	*ret_err = lex_list(l, s, key, ret_list);
	if (*ret_err < 0)
		return NULL;
	room = arena_zalloc(l->arena, (lex_count(*ret_list) + 1) * size);
	if (room == NULL)
		*ret_err = lex_error(l, s, arena_error(l->arena), "");
	return room;
}

/* A list of texts; *ret_n: how many. */
static int take_texts(const struct lex *l, const config_setting_t *s,
    const char *key, uint32_t *ret_n)
{
	const config_setting_t *list;
	struct span text;
	int r = lex_list(l, s, key, &list);

	for (unsigned i = 0; r == 0 && i < lex_count(list); i++)
		r = lex_value(l, config_setting_get_elem(list, i), key, &text);
	*ret_n = lex_count(list);
	return r;
}

static int take_places(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *list;
	struct span *to;
	int r;

	to = begin_list(l, s, "processing_places", sizeof *to, &list, &r);
	if (to == NULL)
		return r;
	b->others.place = to;
	for (unsigned i = 0; i < lex_count(list); i++, to++) {
		const config_setting_t *m = config_setting_get_elem(list, i);

		if ((r = lex_value(l, m, "processing_places", to)) < 0 ||
		    (r = check_country(l, m, "processing_places", *to, b)) < 0)
			return r;
	}
	b->others.nplace = lex_count(list);
	return 0;
}

static int take_hosts(const struct lex *l, const config_setting_t *s,
    struct subprocessor *sub)
{
	const config_setting_t *list;
	char err[PARSE_ERR_BYTES];
	struct span text, *to;
	int r;

	to = begin_list(l, s, "hosts", sizeof *to, &list, &r);
	if (to == NULL)
		return r;
	sub->host = to;
	for (unsigned i = 0; i < lex_count(list); i++, to++) {
		const config_setting_t *m = config_setting_get_elem(list, i);

		if ((r = lex_value(l, m, "hosts", &text)) < 0)
			return r;
		if ((r = parse_host(text, l->arena, to, err)) < 0)
			return lex_error(l, m, r, err);
	}
	sub->nhost = lex_count(list);
	return 0;
}

static int take_nets(const struct lex *l, const config_setting_t *s,
    struct subprocessor *sub)
{
	const config_setting_t *list;
	struct conf_net *to;
	struct span text;
	int r;

	to = begin_list(l, s, "nets", sizeof *to, &list, &r);
	if (to == NULL)
		return r;
	sub->net = to;
	for (unsigned i = 0; i < lex_count(list); i++, to++) {
		const config_setting_t *m = config_setting_get_elem(list, i);

		if ((r = lex_value(l, m, "nets", &text)) < 0)
			return r;
		if (addr_net(text, to) < 0)
			return lex_fail(l, m,
			    "nets \"%.60s\": " ADDR_NET_EXPECTED, text.p);
	}
	sub->nnet = lex_count(list);
	return 0;
}

static int take_subprocessors(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *list;
	struct subprocessor *to;
	struct span text;
	int r;

	to = begin_list(l, s, "subprocessors", sizeof *to, &list, &r);
	if (to == NULL)
		return r;
	b->others.sub = to;
	for (unsigned i = 0; i < lex_count(list); i++, to++) {
		const config_setting_t *g = config_setting_get_elem(list, i);

		if ((r = lex_keys(l, g, "subprocessor",
		    "name country role hosts nets")) < 0 ||
		    (r = lex_text(l, g, "name", true, &to->name)) < 0 ||
		    (r = lex_text(l, g, "country", true, &to->country)) < 0 ||
		    (r = check_country(l, lex_member(g, "country"), "country",
		    to->country, b)) < 0 ||
		    (r = lex_text(l, g, "role", false, &text)) < 0 ||
		    (r = take_hosts(l, g, to)) < 0 ||
		    (r = take_nets(l, g, to)) < 0)
			return r;
	}
	b->others.nsub = lex_count(list);
	return 0;
}

/* Groups with a reference or two: deviation, transfer, staff. */
static int take_references(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *g;
	int r = lex_group(l, s, "deviation", &g);

	if (r == 0 && g != NULL &&
	    (r = lex_keys(l, g, "deviation", "id")) == 0)
		r = lex_text(l, g, "id", false, &b->deviation);
	if (r < 0 || (r = lex_group(l, s, "transfer", &g)) < 0)
		return r;
	if (g != NULL &&
	    ((r = lex_keys(l, g, "transfer", "instrument assessment_id")) < 0 ||
		(r = lex_word(l, g, "instrument", false, INSTRUMENTS,
		     &b->instrument)) < 0 ||
		(r = lex_text(l, g, "assessment_id", false,
		     &b->assessment)) < 0))
		return r;
	if ((r = lex_group(l, s, "staff", &g)) < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "staff", "council_ref notice_ref")) < 0 ||
	    (r = lex_text(l, g, "council_ref", false, &b->council)) < 0)
		return r;
	return lex_text(l, g, "notice_ref", false, &b->notice);
}

static int take_hash(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	struct span text;
	int r = lex_text(l, s, "sha256", false, &text);

	b->hash = text;
	if (r < 0 || text.n == 0)
		return r;
	for (size_t i = 0; i < text.n; i++)
		if (ascii_hex(text.p[i]) < 0)
			text.n = 0;
	if (text.n == 64)
		return 0;
	return lex_fail(l, lex_member(s, "sha256"),
	    "sha256: expected 64 hex digits, the SHA-256 of the signed "
	    "document");
}

static int take_dates(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	struct span text;
	int r = lex_date(l, s, "date", false, &text, &b->date);

	b->has_date = text.n > 0;
	if (r < 0 ||
	    (r = lex_date(l, s, "valid_until", false, &b->until,
		 &b->until_day)) < 0)
		return r;
	return lex_date(l, s, "review_by", false, &b->review, &b->review_day);
}

static int take_block(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	uint32_t days;
	int r;

	if ((r = lex_keys(l, s, "agreement", KEYS)) < 0 ||
	    (r = lex_word(l, s, "kind", false, KINDS, &b->kind)) < 0 ||
	    (r = lex_text(l, s, "id", false, &b->id)) < 0 ||
	    (r = lex_text(l, s, "version", false, &b->version)) < 0 ||
	    (r = take_dates(l, s, b)) < 0 || (r = take_hash(l, s, b)) < 0 ||
	    (r = take_rating(l, s, b)) < 0 ||
	    (r = lex_flag(l, s, "instructions_unrestricted", false,
		 &b->unrestricted)) < 0 ||
	    (r = lex_word(l, s, "own_purposes", false, "none limited yes",
		 &b->own_purposes)) < 0 ||
	    (r = take_audit(l, s, b)) < 0)
		return r;
	if ((r = take_subprocessors(l, s, b)) < 0 ||
	    (r = take_places(l, s, b)) < 0 ||
	    (r = take_texts(l, s, "data_categories", &b->categories)) < 0 ||
	    (r = take_texts(l, s, "data_subjects", &b->subjects)) < 0 ||
	    (r = take_references(l, s, b)) < 0 ||
	    (r = lex_text(l, s, "tom_ref", false, &b->tom)) < 0 ||
	    (r = lex_number(l, s, "deletion_days", false, 0, 36500, &days)) <
		0 ||
	    (r = lex_text(l, s, "dpia_id", false, &b->dpia)) < 0)
		return r;
	b->has_deletion = lex_member(s, "deletion_days") != NULL;
	return lex_number(l, s, "max_case", false, 1, 4, &b->max_case);
}

#define WANTS_MAX 8

/* The mandatory keys that are missing or say no, with commas between; NULL: all
 * are there. */
static const char *lacks(struct arena *arena, const struct block *b,
    const struct service *pack, bool own, bool abroad)
{
	bool placeless = !own && span_eq(pack->operator_seat, UNKNOWN) &&
	    b->others.nplace == 0;
	const struct {
		bool missing;
		const char *key;
	} want[WANTS_MAX] = {
		{ b->kind.n == 0 || span_eq(b->kind, SPAN("none")),
		    "kind (avv or own-operation)" },
		{ b->id.n == 0, "id" },
		{ !b->has_date, "date" },
		{ !b->has_rating, "rating" },
		{ !b->unrestricted, "instructions_unrestricted = true" },
		{ b->max_case == 0, "max_case" },
		{ placeless, "processing_places (the pack does not know the "
		             "operator's seat)" },
		{ abroad && (b->instrument.n == 0 ||
		      span_eq(b->instrument, SPAN("none"))),
		    "transfer.instrument (a seat, place or sub-contractor is "
		    "in a third country)" },
	};
	struct span piece[2 * WANTS_MAX];
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < WANTS_MAX; i++)
		if (want[i].missing) {
			if (n > 0)
				piece[n++] = SPAN(", ");
			else
				first = want[i].key;
			piece[n++] = span_str(want[i].key);
		}
	if (n == 0)
		return NULL;
	piece[n++] = span_of("", 1);
	piece[0] = arena_join(arena, piece, n);
	return piece[0].p != NULL ? piece[0].p : first;
}

static bool is_bad(struct span light)
{
	return span_eq(light, SPAN("red")) || span_eq(light, SPAN("yellow"));
}

/* Of dates as texts, 2021-02-18. */
static bool is_later(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) > 0;
}

/* The last red or yellow rating of the pack's history that no green one, there
 * or in the agreement, has followed at a later day. NULL: none. */
static const struct rating *open_rating(const struct block *b,
    const struct service *pack)
{
	const struct rating *bad = NULL;

	for (uint32_t i = 0; i < pack->nrating; i++) {
		const struct rating *one = &pack->rating[i];

		if (is_bad(one->light) &&
		    (bad == NULL || is_later(one->date, bad->date)))
			bad = one;
	}
	for (uint32_t i = 0; bad != NULL && i < pack->nrating; i++)
		if (span_eq(pack->rating[i].light, SPAN("green")) &&
		    is_later(pack->rating[i].date, bad->date))
			bad = NULL;
	if (bad != NULL && span_eq(b->light, SPAN("green")) &&
	    is_later(b->rated, bad->date))
		bad = NULL;
	return bad;
}

/* The first reason in the order of sparsamd.conf(5). */
static enum why judge(struct arena *arena, const struct block *b,
    const struct service *pack, int32_t today, bool own, bool abroad,
    const char **ret_lacks)
{
	*ret_lacks = lacks(arena, b, pack, own, abroad);
	if (*ret_lacks == NULL && b->date > today)
		*ret_lacks = "a date that is not in the future";
	if (*ret_lacks != NULL)
		return WHY_NO_AGREEMENT;
	if ((b->until.n > 0 && b->until_day < today) ||
	    (b->review.n > 0 && b->review_day < today))
		return WHY_AGREEMENT_EXPIRED;
	if (b->deviation.n > 0)
		return WHY_DONE;
	if (is_bad(b->light))
		*ret_lacks = "deviation.id (the rating is red or yellow)";
	else if (open_rating(b, pack) != NULL)
		*ret_lacks = "deviation.id (the pack has a red or yellow "
			     "rating that no later green one has followed)";
	return *ret_lacks != NULL ? WHY_NO_DEVIATION : WHY_DONE;
}

/* Adequacy needs no assessment of its own (GDPR, 45 and 46). */
static bool lacks_assessment(const struct block *b, const struct service *pack,
    bool abroad)
{
	for (uint32_t i = 0; i < pack->nparty; i++)
		if (!lex_among(pack->party[i].country, EEA))
			abroad = true;
	return abroad && b->assessment.n == 0 &&
	    !span_eq(b->instrument, SPAN("adequacy"));
}

/* What a data protection officer should know, and what is no reason to refuse. */
static uint32_t find(const struct block *b, const struct service *pack,
    bool own, bool abroad)
{
	const struct {
		enum finding_of_agreement bit;
		bool holds;
	} all[] = {
		{ AGREEMENT_NO_VERSION, !own && b->version.n == 0 },
		{ AGREEMENT_NO_HASH, !own && b->hash.n == 0 },
		{ AGREEMENT_NO_END, b->until.n == 0 && b->review.n == 0 },
		{ AGREEMENT_NOT_ONSITE, !own && !b->onsite },
		{ AGREEMENT_NOT_UNANNOUNCED, !own && !b->unannounced },
		{ AGREEMENT_NOT_FULL_EVIDENCE, !own && !b->full_evidence },
		{ AGREEMENT_NOT_COST_FREE, !own && !b->cost_free },
		{ AGREEMENT_NO_ASSESSMENT, lacks_assessment(b, pack, abroad) },
		{ AGREEMENT_NO_CATEGORIES, b->categories == 0 },
		{ AGREEMENT_NO_SUBJECTS, b->subjects == 0 },
		{ AGREEMENT_NO_TOM, b->tom.n == 0 },
		{ AGREEMENT_NO_DELETION, !b->has_deletion },
		{ AGREEMENT_OWN_PURPOSES, b->max_case > LEVEL_OWN_PURPOSES &&
			!span_eq(b->own_purposes, SPAN("none")) },
		{ AGREEMENT_NO_E2EE,
		    b->max_case > LEVEL_WITHOUT_E2EE && !pack->e2ee },
	};
	uint32_t out = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].holds)
			out |= 1u << all[i].bit;
	return out;
}

const char *agreement_finding(enum finding_of_agreement f)
{
	static const char *const text[] = {
#define FINDING_ROW(name, text) text,
#include "conf/agreement.tbl"
#undef FINDING_ROW
	};

	return text[f];
}

static int32_t days_between(int32_t from, int32_t to)
{
	int64_t days = (int64_t)to - from;

	return days > INT32_MAX ? INT32_MAX : (int32_t)days;
}

/* The level it may serve, whatever max_case says. */
static uint8_t level_of(const struct block *b, bool e2ee)
{
	uint32_t level = b->max_case > 0 ? b->max_case : 1;

	if (level > LEVEL_WITHOUT_E2EE && !e2ee)
		level = LEVEL_WITHOUT_E2EE;
	if (level > LEVEL_OWN_PURPOSES &&
	    !span_eq(b->own_purposes, SPAN("none")))
		level = LEVEL_OWN_PURPOSES;
	return (uint8_t)level;
}

/* The earlier of both last days. */
static void take_end(const struct block *b, int32_t today, struct agreement *a)
{
	int32_t end = INT32_MAX;

	if (b->until.n > 0)
		end = b->until_day, a->until = b->until;
	if (b->review.n > 0 && b->review_day < end)
		end = b->review_day, a->until = b->review;
	if (end != INT32_MAX)
		a->days_left = days_between(today, end);
}

int agreement_read(const struct lex *l, const config_setting_t *s,
    const struct service *pack, int32_t today, struct agreement *ret_agreement)
{
	struct agreement *a = ret_agreement;
	struct block b = { .max_case = 0 };
	bool own, abroad;
	int r;

	*a = (struct agreement){ .refused = WHY_NO_AGREEMENT, .id = SPAN(""),
		.until = SPAN(""), .days_left = INT32_MAX, .max_case = 1,
		.lacks = "an agreement block",
		.closed = "an agreement block" };
	if (s == NULL)
		return 0;
	if ((r = take_block(l, s, &b)) < 0)
		return r;
	own = span_eq(b.kind, SPAN("own-operation"));
	abroad = b.abroad ||
	    (!own && !lex_among(pack->operator_seat, EEA) &&
		!span_eq(pack->operator_seat, UNKNOWN));
	a->refused = judge(l->arena, &b, pack, today, own, abroad, &a->lacks);
	if (b.id.n > 0)
		a->id = b.id;
	take_end(&b, today, a);
	a->max_case = level_of(&b, pack->e2ee);
	a->findings = find(&b, pack, own, abroad);
	a->others = b.others;
	a->others.own = own;
	a->closed = b.dpia.n == 0      ? "agreement.dpia_id"
	            : b.council.n == 0 ? "agreement.staff.council_ref"
	            : b.notice.n == 0  ? "agreement.staff.notice_ref"
	                               : NULL;
	return 0;
}

int agreement_inspection(const struct lex *l, const config_setting_t *s,
    struct inspection *ret_inspection, const char **ret_lacks)
{
	struct inspection *v = ret_inspection;
	int r;

	*v = (struct inspection){ SPAN(""), SPAN(""), SPAN(""), SPAN("") };
	*ret_lacks = "an inspection block";
	if (s == NULL)
		return 0;
	if ((r = lex_keys(l, s, "inspection", "basis dpia council notice")) <
		0 ||
	    (r = lex_text(l, s, "basis", false, &v->basis)) < 0 ||
	    (r = lex_text(l, s, "dpia", false, &v->dpia)) < 0 ||
	    (r = lex_text(l, s, "council", false, &v->council)) < 0 ||
	    (r = lex_text(l, s, "notice", false, &v->notice)) < 0)
		return r;
	*ret_lacks = v->basis.n == 0     ? "inspection.basis"
	             : v->dpia.n == 0    ? "inspection.dpia"
	             : v->council.n == 0 ? "inspection.council"
	             : v->notice.n == 0  ? "inspection.notice"
	                                 : NULL;
	return 0;
}
