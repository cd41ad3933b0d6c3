/* SPDX-License-Identifier: EUPL-1.2 */
/* Pages and files the gateway serves itself, and how content is held back. */
#include "proxy/page.h"

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

static bool has(const struct buf *b, const char *text)
{
	struct span s = buf_span(b);

	return span_find(s, span_str(text)) < s.n;
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
		.page_contact = "mailto:hilfe@amt.example" };
	struct service zoom = { .id = SPAN("zoom"),
		.name = SPAN("Zoom <b>"),
		.refused = WHY_NO_AGREEMENT };
	struct buf b;

	buf_init(&b, 1 << 16);
	page_refusal(&b, &conf, &zoom, WHY_NO_AGREEMENT, true);
	tap_ok(has(&b, "lang=\"de\""), "German page says so");
	tap_ok(has(&b, "Zoom &lt;b&gt;") && !has(&b, "<b>"), "names are escaped");
	tap_ok(has(&b, "?a=1&amp;b=&lt;2&gt;\""), "links are escaped");
	tap_ok(has(&b, "Amt &amp; S"), "the authority's name");
	tap_ok(has(&b, "Auftragsverarbeitungsvertrag"), "the reason");
	tap_ok(has(&b, "030 1234") && has(&b, "Per Telefon"), "telephone first");
	tap_ok(has(&b, "mailto:hilfe@amt.example"), "who helps");
	tap_ok(!has(&b, "<script") && !has(&b, "src=") && !has(&b, "url("),
	    "no script, no outside resource");
	buf_reset(&b);
	page_refusal(&b, &conf, NULL, WHY_UNLISTED, false);
	tap_ok(has(&b, "lang=\"en\"") && has(&b, "no policy names this host"),
	    "English page, no service");
	buf_reset(&b);
	page_start(&b, &conf, false);
	tap_ok(has(&b, "/proxy.pac") && !has(&b, "/ca.pem"),
	    "no CA link before there is a CA");
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
	test_refusal();
	test_open_pipe();
	return tap_done();
}
