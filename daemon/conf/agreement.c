/* SPDX-License-Identifier: EUPL-1.2 */
#include "conf/agreement.h"

#include "conf/addr.h"
#include "conf/date.h"

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

/* The block as written. Texts that are not there: n is 0. */
struct block {
	struct span kind, id, light, deviation, own_purposes, instrument;
	struct span until, review, dpia, council, notice;
	int32_t date, until_day, review_day;
	uint32_t max_case;
	bool has_date, has_rating, unrestricted;
	bool abroad; /* a place or a sub-contractor in a third country */
};

static bool is_country(struct span s)
{
	return s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' &&
	    s.p[1] <= 'Z';
}

static int check_country(const struct lex *l, const config_setting_t *s,
    const char *key, struct span country, struct block *b)
{
	if (!is_country(country))
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
	struct span source, version, date;
	const config_setting_t *g;
	int r = lex_group(l, s, "rating", &g);

	if (r < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "rating", "source version date light")) < 0 ||
	    (r = lex_text(l, g, "source", false, &source)) < 0 ||
	    (r = lex_text(l, g, "version", false, &version)) < 0 ||
	    (r = lex_date(l, g, "date", false, &date, NULL)) < 0 ||
	    (r = lex_word(l, g, "light", false, LIGHTS, &b->light)) < 0)
		return r;
	b->has_rating = source.n > 0 && date.n > 0 && b->light.n > 0;
	return 0;
}

static int take_audit(const struct lex *l, const config_setting_t *s)
{
	const config_setting_t *g;
	bool flag;
	int r = lex_group(l, s, "audit", &g);

	if (r < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "audit",
	    "onsite unannounced full_evidence cost_free_on_breach")) < 0 ||
	    (r = lex_flag(l, g, "onsite", false, &flag)) < 0 ||
	    (r = lex_flag(l, g, "unannounced", false, &flag)) < 0 ||
	    (r = lex_flag(l, g, "full_evidence", false, &flag)) < 0)
		return r;
	return lex_flag(l, g, "cost_free_on_breach", false, &flag);
}

/* A list of texts. check: NULL, or what each of them must be. */
static int take_texts(const struct lex *l, const config_setting_t *s,
    const char *key,
    int (*check)(const struct lex *, const config_setting_t *, const char *,
	struct span, struct block *),
    struct block *b)
{
	const config_setting_t *list;
	struct span text;
	int r = lex_list(l, s, key, &list);

	for (unsigned i = 0; r == 0 && i < lex_count(list); i++) {
		const config_setting_t *m = config_setting_get_elem(list, i);

		r = lex_value(l, m, key, &text);
		if (r == 0 && check != NULL)
			r = check(l, m, key, text, b);
	}
	return r;
}

static int check_host(const struct lex *l, const config_setting_t *s,
    const char *key, struct span text, struct block *b)
{
	char err[PARSE_ERR_BYTES];
	struct span host;
	int r = parse_host(text, l->arena, &host, err);

	(void)key, (void)b;
	return r < 0 ? lex_error(l, s, r, err) : 0;
}

static int check_net(const struct lex *l, const config_setting_t *s,
    const char *key, struct span text, struct block *b)
{
	struct conf_net net;

	(void)b;
	if (addr_net(text, &net) < 0)
		return lex_fail(l, s, "%s \"%.60s\": " ADDR_NET_EXPECTED, key,
		    text.p);
	return 0;
}

static int take_subprocessors(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *list;
	struct span text, country;
	int r = lex_list(l, s, "subprocessors", &list);

	for (unsigned i = 0; r == 0 && i < lex_count(list); i++) {
		const config_setting_t *g = config_setting_get_elem(list, i);

		if ((r = lex_keys(l, g, "subprocessor",
		    "name country role hosts nets")) < 0 ||
		    (r = lex_text(l, g, "name", true, &text)) < 0 ||
		    (r = lex_text(l, g, "country", true, &country)) < 0 ||
		    (r = check_country(l, lex_member(g, "country"), "country",
		    country, b)) < 0 ||
		    (r = lex_text(l, g, "role", false, &text)) < 0 ||
		    (r = take_texts(l, g, "hosts", check_host, b)) < 0)
			return r;
		r = take_texts(l, g, "nets", check_net, b);
	}
	return r;
}

/* Groups with a reference or two: deviation, transfer, staff. */
static int take_references(const struct lex *l, const config_setting_t *s,
    struct block *b)
{
	const config_setting_t *g;
	struct span text;
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
		(r = lex_text(l, g, "assessment_id", false, &text)) < 0))
		return r;
	if ((r = lex_group(l, s, "staff", &g)) < 0 || g == NULL)
		return r;
	if ((r = lex_keys(l, g, "staff", "council_ref notice_ref")) < 0 ||
	    (r = lex_text(l, g, "council_ref", false, &b->council)) < 0)
		return r;
	return lex_text(l, g, "notice_ref", false, &b->notice);
}

static int take_hash(const struct lex *l, const config_setting_t *s)
{
	struct span text;
	int r = lex_text(l, s, "sha256", false, &text);

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
	struct span text;
	uint32_t days;
	int r;

	if ((r = lex_keys(l, s, "agreement", KEYS)) < 0 ||
	    (r = lex_word(l, s, "kind", false, KINDS, &b->kind)) < 0 ||
	    (r = lex_text(l, s, "id", false, &b->id)) < 0 ||
	    (r = lex_text(l, s, "version", false, &text)) < 0 ||
	    (r = take_dates(l, s, b)) < 0 || (r = take_hash(l, s)) < 0 ||
	    (r = take_rating(l, s, b)) < 0 ||
	    (r = lex_flag(l, s, "instructions_unrestricted", false,
		 &b->unrestricted)) < 0 ||
	    (r = lex_word(l, s, "own_purposes", false, "none limited yes",
		 &b->own_purposes)) < 0 ||
	    (r = take_audit(l, s)) < 0)
		return r;
	if ((r = take_subprocessors(l, s, b)) < 0 ||
	    (r = take_texts(l, s, "processing_places", check_country, b)) < 0 ||
	    (r = take_texts(l, s, "data_categories", NULL, b)) < 0 ||
	    (r = take_texts(l, s, "data_subjects", NULL, b)) < 0 ||
	    (r = take_references(l, s, b)) < 0 ||
	    (r = lex_text(l, s, "tom_ref", false, &text)) < 0 ||
	    (r = lex_number(l, s, "deletion_days", false, 0, 36500, &days)) <
		0 ||
	    (r = lex_text(l, s, "dpia_id", false, &b->dpia)) < 0)
		return r;
	return lex_number(l, s, "max_case", false, 1, 4, &b->max_case);
}

/* The first mandatory key that is missing or says no; NULL: all are there. */
static const char *lacks(const struct block *b, bool abroad)
{
	if (b->kind.n == 0 || span_eq(b->kind, SPAN("none")))
		return "kind (avv or own-operation)";
	if (b->id.n == 0)
		return "id";
	if (!b->has_date)
		return "date";
	if (!b->has_rating)
		return "rating";
	if (!b->unrestricted)
		return "instructions_unrestricted = true";
	if (b->max_case == 0)
		return "max_case";
	if (abroad && (b->instrument.n == 0 ||
	    span_eq(b->instrument, SPAN("none"))))
		return "transfer.instrument (a seat, place or sub-contractor "
		       "is in a third country)";
	return NULL;
}

/* The first reason in the order of sparsamd.conf(5). */
static enum why judge(const struct block *b, struct span seat, int32_t today,
    const char **ret_lacks)
{
	bool own = span_eq(b->kind, SPAN("own-operation"));

	*ret_lacks = lacks(b, b->abroad || (!own && !lex_among(seat, EEA)));
	if (*ret_lacks == NULL && b->date > today)
		*ret_lacks = "a date that is not in the future";
	if (*ret_lacks != NULL)
		return WHY_NO_AGREEMENT;
	if ((b->until.n > 0 && b->until_day < today) ||
	    (b->review.n > 0 && b->review_day < today))
		return WHY_AGREEMENT_EXPIRED;
	if ((span_eq(b->light, SPAN("red")) ||
	    span_eq(b->light, SPAN("yellow"))) && b->deviation.n == 0) {
		*ret_lacks = "deviation.id (the rating is red or yellow)";
		return WHY_NO_DEVIATION;
	}
	return WHY_DONE;
}

static int32_t days_between(int32_t from, int32_t to)
{
	int64_t days = (int64_t)to - from;

	return days > INT32_MAX ? INT32_MAX : (int32_t)days;
}

int agreement_read(const struct lex *l, const config_setting_t *s,
    struct span seat, int32_t today, struct agreement *ret_agreement)
{
	struct agreement *a = ret_agreement;
	struct block b = { .max_case = 0 };
	int32_t end = INT32_MAX;
	int r;

	*a = (struct agreement){ .refused = WHY_NO_AGREEMENT, .id = SPAN(""),
		.until = SPAN(""), .days_left = INT32_MAX, .max_case = 1,
		.lacks = "an agreement block" };
	if (s == NULL)
		return 0;
	if ((r = take_block(l, s, &b)) < 0)
		return r;
	a->refused = judge(&b, seat, today, &a->lacks);
	if (b.id.n > 0)
		a->id = b.id;
	if (b.until.n > 0)
		end = b.until_day, a->until = b.until;
	if (b.review.n > 0 && b.review_day < end)
		end = b.review_day, a->until = b.review;
	if (end != INT32_MAX)
		a->days_left = days_between(today, end);
	if (b.max_case > 0)
		a->max_case = (uint8_t)b.max_case;
	if (a->max_case > 2 && !span_eq(b.own_purposes, SPAN("none")))
		a->max_case = 2;
	a->opens = b.dpia.n > 0 && b.council.n > 0 && b.notice.n > 0;
	return 0;
}

int agreement_inspection(const struct lex *l, const config_setting_t *s,
    bool *ret_complete)
{
	struct span basis, dpia, council, notice;
	int r;

	*ret_complete = false;
	if (s == NULL)
		return 0;
	if ((r = lex_keys(l, s, "inspection", "basis dpia council notice")) <
		0 ||
	    (r = lex_text(l, s, "basis", false, &basis)) < 0 ||
	    (r = lex_text(l, s, "dpia", false, &dpia)) < 0 ||
	    (r = lex_text(l, s, "council", false, &council)) < 0 ||
	    (r = lex_text(l, s, "notice", false, &notice)) < 0)
		return r;
	*ret_complete = basis.n > 0 && dpia.n > 0 && council.n > 0 &&
	    notice.n > 0;
	return 0;
}
