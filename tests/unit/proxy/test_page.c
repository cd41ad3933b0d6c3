/* SPDX-License-Identifier: EUPL-1.2 */
/* Pages and files the gateway serves itself, and how content is held back. */
#include "proxy/page.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "proxy/pipe.h"

#include "lib/tap.h"

static void test_language(void)
{
	static const struct {
		const char *header;
		bool german;
	} row[] = {
		{ "", true },
		{ "de-DE,de;q=0.9,en;q=0.8", true },
		{ "en-US,en;q=0.9,de;q=0.8", false },
		{ "en", false },
		{ "fr", true },
		{ "en;q=0.1, de;q=0.2", true },
		{ "en;q=0.25, de;q=0.2", false },
		{ "de;q=0, en;q=1.0", false },
		{ "DE", true },
		{ ",;q=,q=,en;q=9", true },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		tap_ok(page_german(span_str(row[i].header)) == row[i].german,
		    "Accept-Language \"%s\"", row[i].header);
}

static void test_query(void)
{
	tap_ok(page_german_query(SPAN("lang=de"), SPAN("en")), "lang=de");
	tap_ok(!page_german_query(SPAN("a&lang=en&lang=de"), SPAN("de")),
	    "lang=en, the first of two");
	tap_ok(page_german_query(SPAN("lang=fr&lang"), SPAN("de")),
	    "another one: by the browser");
}

static bool has(const struct buf *b, const char *text)
{
	struct span s = buf_span(b);

	return span_find(s, span_str(text)) < s.n;
}

/* A reason has words of its own in both languages, or those for the rest. */
static void test_every_reason(void)
{
	struct ruleset *rules = ruleset_new();
	struct conf conf = { .rules = rules,
		.page_authority = "",
		.page_telephone = "",
		.page_own = "",
		.page_eu = "",
		.page_contact = "",
		.page_imprint = "https://amt.example/impressum",
		.page_privacy = "",
		.page_accessibility = "none",
		.page_name = "gateway.amt.example" };
	struct service gone = { .id = SPAN("blizz"),
		.name = SPAN("Blizz"),
		.retired = true,
		.retired_since = SPAN("2021-07-09"),
		.successor = SPAN("TeamViewer Meeting") };
	struct buf b;

	buf_init(&b, 1 << 16);
	for (int w = 0; w < WHY_COUNT; w++)
		for (int german = 0; german < 2; german++) {
			char reason[60];

			buf_reset(&b);
			page_refusal(&b, &conf, NULL, (enum why)w, german);
			snprintf(reason, sizeof reason, "(%s)",
			    why_word((enum why)w));
			tap_ok(buf_error(&b) == 0 && has(&b, reason) &&
			    has(&b, "<h1>") && !has(&b, "(null)"),
			    "%s: page, %zu bytes", reason, buf_len(&b));
		}
	buf_reset(&b);
	page_refusal(&b, &conf, &gone, WHY_RETIRED, true);
	tap_ok(has(&b, ">09.07.2021</time>") && has(&b, ">9 July 2021</time>"),
	    "since when, as people write it");
	tap_ok(has(&b, "<dd>TeamViewer Meeting</dd>"), "what to use instead");
	gone.retired_since = SPAN("2021-13-09");
	buf_reset(&b);
	page_refusal(&b, &conf, &gone, WHY_RETIRED, true);
	tap_ok(has(&b, "2021-13-09"), "a date that is none, as it stands");
	buf_fini(&b);
	ruleset_unref(rules);
}

static void test_refusal(void)
{
	static const struct conf_text {
		const char *own;
	} text = { "https://treffen.amt.example/?a=1&b=<2>" };
	struct ruleset *rules = ruleset_new();
	struct conf conf = { .rules = rules,
		.page_authority = "Amt & Söhne",
		.page_telephone = "030 1234",
		.page_own = text.own,
		.page_eu = "",
		.page_contact = "mailto:hilfe@amt.example",
		.page_imprint = "https://amt.example/impressum",
		.page_privacy = "",
		.page_accessibility = "none",
		.page_name = "gateway.amt.example" };
	struct service zoom = { .id = SPAN("zoom"),
		.name = SPAN("Zoom <b>"),
		.refused = WHY_NO_AGREEMENT };
	struct buf b;

	buf_init(&b, 1 << 16);
	page_refusal(&b, &conf, &zoom, WHY_NO_AGREEMENT, true);
	tap_ok(has(&b, "<html lang=\"de\""), "German page says so");
	tap_ok(has(&b, "Zoom &lt;b&gt;") && !has(&b, "<b>"), "names are escaped");
	tap_ok(has(&b, "?a=1&amp;b=&lt;2&gt;\""), "links are escaped");
	tap_ok(has(&b, "Amt &amp; S"), "the authority's name");
	tap_ok(has(&b, "Vertrag zur Auftragsverarbeitung"), "the reason");
	tap_ok(has(&b, "zoom (no-agreement)"), "what the help desk is told");
	tap_ok(has(&b, "<details lang=\"en\">") &&
	    has(&b, "data-processing agreement"), "the other language below");
	tap_ok(has(&b, "http://gateway.amt.example/transparency?lang=de"),
	    "what the gateway does");
	tap_ok(has(&b, "030 1234") && has(&b, "Per Telefon"), "telephone first");
	tap_ok(has(&b, "mailto:hilfe@amt.example"), "who helps");
	tap_ok(has(&b, "<a href=\"https://amt.example/impressum\">Impressum") &&
	    !has(&b, "Datenschutz</a>") && !has(&b, "Barrierefreiheit"),
	    "at the foot: what is a link, and nothing else");
	tap_ok(!has(&b, "<script") && !has(&b, "src=") && !has(&b, "url("),
	    "no script, no outside resource");
	buf_reset(&b);
	page_refusal(&b, &conf, NULL, WHY_UNLISTED, false);
	tap_ok(has(&b, "<html lang=\"en\"") &&
	    has(&b, "gateway (unlisted)") && !has(&b, "<dl>"),
	    "English page, no service");
	buf_reset(&b);
	page_refusal(&b, &conf, NULL, WHY_CONNECT, false);
	tap_ok(has(&b, "the server could not be reached"),
	    "a fault without a page of its own: its clause");
	tap_ok(!has(&b, "Nothing of your request"),
	    "no promise where something may have left");
	buf_reset(&b);
	page_start(&b, &conf, false);
	tap_ok(has(&b, "/proxy.pac") && !has(&b, "/ca.pem"),
	    "no CA link before there is a CA");
	tap_ok(has(&b, "<a href=\"/?lang=de\" lang=\"de\""),
	    "the other language is one link away");
	tap_int(buf_error(&b), 0, "within the limit");
	buf_fini(&b);
	ruleset_unref(rules);
}

/* Without a plan nothing is held back or changed. */
static void test_open_pipe(void)
{
	struct env env = { 0 };
	struct pipe p;
	struct msg m;

	msg_init(&m, true);
	m.framing = FRAME_LENGTH;
	m.length = 5;
	pipe_init(&p, &m, NULL, &env, 100);
	tap_ok(pipe_head_ready(&p) && pipe_open(&p), "open at once");
	pipe_frame(&p, &m);
	tap_ok(m.framing == FRAME_LENGTH && m.length == 5, "framing stays");
	pipe_fini(&p);
	m.framing = FRAME_NONE;
	pipe_init(&p, &m, NULL, &env, 100);
	tap_ok(p.state == PIPE_WHOLE, "no content: whole at once");
	pipe_fini(&p);
}

int main(void)
{
	test_language();
	test_query();
	test_refusal();
	test_every_reason();
	test_open_pipe();
	return tap_done();
}
