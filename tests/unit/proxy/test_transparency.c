/* SPDX-License-Identifier: EUPL-1.2 */
/* The page of transparency: words from a pack, figures, and its size. */
#include "proxy/figures.h"
#include "proxy/page.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf.h"

#include "lib/tap.h"

#define NOW 1795608000 /* 2026-11-25 12:00 UTC */

static const struct line lines[] = {
	{ .where = { .carrier = CARRIER_QUERY },
	    .treat = { .act = ACT_ALIAS },
	    .category = CATEGORY_PARTICIPANT },
	{ .where = { .carrier = CARRIER_JSON },
	    .treat = { .act = ACT_DROP },
	    .category = CATEGORY_PARTICIPANT },
	{ .where = { .carrier = CARRIER_FORM },
	    .treat = { .act = ACT_DROP },
	    .category = CATEGORY_PARTICIPANT },
	{ .where = { .carrier = CARRIER_HEADER },
	    .treat = { .act = ACT_KEEP },
	    .category = CATEGORY_DEVICE },
};
static struct entry entries[] = {
	{ .strip = (struct line *)lines, .nstrip = 4 },
	{ .denies = true, .category = CATEGORY_RECORDING },
	{ .denies = true, .category = CATEGORY_RECORDING },
};
static const struct host_line hosts[] = {
	{ .pattern = SPAN("*.meet.example"), .verdict = VERDICT_INSPECT },
	{ .pattern = SPAN("media.meet.example"),
	    .verdict = VERDICT_TUNNEL,
	    .text = SPAN("pinned <certificate>") },
	{ .pattern = SPAN("log.meet.example"),
	    .verdict = VERDICT_DENY,
	    .category = CATEGORY_TELEMETRY },
	{ .pattern = SPAN("meet.example"), .verdict = VERDICT_INSPECT },
	{ .pattern = SPAN("file:lists/x.hosts"),
	    .listed = 1234567,
	    .verdict = VERDICT_DENY,
	    .category = CATEGORY_TELEMETRY },
};
static const struct rating history[] = {
	{ SPAN("BlnBDI 1.0"), SPAN("2020-07-03"), SPAN("red") },
};

static struct service meet = { .id = SPAN("meet"),
	.name = SPAN("Example & Meet"),
	.operator_name = SPAN("Example GmbH"),
	.operator_seat = SPAN("DE"),
	.reviewed = SPAN("2026-11-20"),
	.version = 7,
	.rating = history,
	.nrating = 1,
	.extras = 1u << EXTRA_RECORDING | 1u << EXTRA_AI,
	.allowed = 1u << EXTRA_AI,
	.host = hosts,
	.nhost = 5,
	.request = { entries, 3 },
	.join = { entries, 1 },
	.inspect = true,
	.max_case = 2 };

static struct buf page;

static bool has(const char *text)
{
	struct span s = buf_span(&page);

	return span_find(s, span_str(text)) < s.n;
}

static struct conf *a_conf(void)
{
	static struct conf c;
	struct conf_service one = { .id = SPAN("meet"),
		.mode = CONF_ENFORCE,
		.inspection = { SPAN("Art. 6(1)(e) GDPR"), SPAN("DSFA-12"),
		    SPAN("DV-2026-2"), SPAN("INFO-3") } };

	memset(&c, 0, sizeof c);
	c.page_authority = "Amt Beispielstadt";
	c.page_contact = "Auskunft 115";
	c.page_name = "gateway.amt.example";
	c.page_imprint = c.page_privacy = c.page_accessibility = "";
	c.group_min = 5;
	c.rules = ruleset_new();
	c.service[0] = one;
	c.nservice = 1;
	snprintf(c.policy_sha256, sizeof c.policy_sha256, "00ff%060d", 0);
	(void)ruleset_add(c.rules, &meet);
	return &c;
}

static void show(const struct conf *c, bool german)
{
	buf_reset(&page);
	page_transparency(&page, c, NOW, german);
	tap_int(buf_error(&page), 0, "within the limit");
}

static void test_words(void)
{
	struct conf *c = a_conf();

	show(c, false);
	tap_ok(has("<html lang=\"en\">") && has("Example &amp; Meet"),
	    "English, names are escaped");
	tap_ok(
	    has("removed (2&nbsp;places), replaced by an alias (1&nbsp;place)"),
	    "treatments by category, in words and numbers");
	tap_ok(has("addresses called up, forms, messages of the programs"),
	    "and where");
	tap_ok(!has("Features of device") && !has("kept"),
	    "what is kept is not told as removed");
	tap_ok(has("not passed on at all (2&nbsp;kinds)"), "denied requests");
	tap_ok(has("<code>*.meet.example</code>, <code>meet.example</code>"),
	    "servers that are opened, together");
	tap_ok(has("pinned &lt;certificate&gt;"), "why a tunnel");
	tap_ok(has("1,234,567 names of a list"), "a list by its size");
	tap_ok(has("recording: denied, artificial intelligence: allowed"),
	    "recording and the like");
	tap_ok(has("Meetings without access code</dt><dd>denied"), "codes");
	tap_ok(has("3 July 2020</time>: red"), "history with dates");
	tap_ok(has("DV-2026-2") && has("Art. 6(1)(e) GDPR"), "references");
	tap_ok(has("00ff0000") && has("25 November 2026"), "hash and day");
	tap_ok(has("the least is 5.") && !has("Requests examined"),
	    "no figures of few");
	show(c, true);
	tap_ok(has("<html lang=\"de\">") &&
	           has("1.234.567 Namen einer Liste") &&
	           has("durch einen Decknamen ersetzt (1&nbsp;Stelle)"),
	    "German");
	c->service[0].mode = CONF_OBSERVE;
	show(c, false);
	tap_ok(has("being observed only"), "mode observe is said");
	c->service[0].mode = CONF_OFF;
	show(c, false);
	tap_ok(has("No service is switched on.") &&
	           has("switched off: Example &amp; Meet."),
	    "a service that is off is only named");
	ruleset_unref(c->rules);
	meet.inspect = false;
	c = a_conf();
	show(c, false);
	tap_ok(has("since it may not be opened") &&
	           !has("Opened and cleaned") && !has("removed ("),
	    "without references nothing is opened");
	meet.inspect = true;
	ruleset_unref(c->rules);
}

static void test_figures(void)
{
	static struct figures_page f;
	struct conf *c = a_conf();
	uint64_t n[STAT_SERVICE_COUNT] = { 0 };

	f.since_s = NOW - 86400;
	n[STAT_SERVICE_REQUESTS] = 12345;
	n[STAT_SERVICE_SUNK] = 3;
	n[STAT_SERVICE_TELEMETRY] = 4;
	n[STAT_SERVICE_BLIND_BYTES] = UINT64_MAX / 4;
	n[STAT_SERVICE_READ_BYTES] = UINT64_MAX / 2;
	figures_use(&f);
	show(c, false);
	tap_ok(!has("12,345"), "nothing was published yet");
	figures_put(&f, 0, SPAN("meet"), n);
	show(c, false);
	tap_ok(has("<td class=\"n\">12,345</td>") && has("24 November 2026"),
	    "requests, and since when");
	tap_ok(has("kept back</th><td class=\"n\">7</td>"), "telemetry");
	tap_ok(has("33.3 %"), "blind share, of exabytes");
	show(c, true);
	tap_ok(has("33,3 %") && has("12.345"), "as Germans write numbers");
	figures_put(&f, 0, SPAN("other"), n);
	show(c, false);
	tap_ok(!has("12,345"), "figures of another service are not taken");
	figures_put(&f, 0, SPAN("meet"), NULL);
	show(c, false);
	tap_ok(!has("12,345"), "too few again");
	figures_use(NULL);
	ruleset_unref(c->rules);
}

/* As many services as there can be, each with many hosts. */
static void test_size(void)
{
	static struct host_line many[RULE_HOSTS_MAX];
	static char name[RULE_SERVICES_MAX][40];
	struct conf *c = a_conf();
	struct service s = meet;

	for (unsigned i = 0; i < RULE_HOSTS_MAX; i++)
		many[i] = (struct host_line){
			.pattern = SPAN(
			    "a-rather-long-name-of-a-host.of.meet.example"),
			.verdict = VERDICT_TUNNEL,
			.text = span_of("reasons and more reasons", i % 24)
		};
	s.host = many;
	for (unsigned i = 1; i < RULE_SERVICES_MAX; i++) {
		snprintf(name[i], sizeof name[i], "service-%u", i);
		s.id = s.name = span_str(name[i]);
		s.index = i;
		s.nhost = i * (RULE_HOSTS_MAX / (RULE_SERVICES_MAX - 1));
		c->service[i] = c->service[0];
		c->service[i].id = s.id;
		tap_int(ruleset_add(c->rules, &s), 0, "%s", name[i]);
	}
	c->nservice = RULE_SERVICES_MAX;
	show(c, true);
	tap_ok(buf_len(&page) < PAGE_MAX_BYTES && has("</html>") &&
	           has("Für Einzelheiten ist hier kein Platz mehr bei") &&
	           has("<h3 id=\"s-service-1\">") &&
	           has("<span id=\"s-service-63\">"),
	    "64 services with up to 1008 hosts: %zu bytes, the last only named",
	    buf_len(&page));
	ruleset_unref(c->rules);
}

int main(void)
{
	buf_init(&page, PAGE_MAX_BYTES);
	test_words();
	test_figures();
	test_size();
	buf_fini(&page);
	return tap_done();
}
