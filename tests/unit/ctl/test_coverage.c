/* SPDX-License-Identifier: EUPL-1.2 */
/* What the case runner says and what recordings reach, put together. */
#include "ctl/coverage.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/tap.h"
#include "unit/ctl/rules.h"

static void reports(void)
{
	static const struct {
		const char *name, *line;
		int want;
		struct coverage_sum sum; /* after it */
	} row[] = {
		{ "not reached", "-policy/a.conf:3 header X", 0,
		    { .lines = 1, .missing = 1 } },
		{ "another on the same line", "-policy/a.conf:3 header Y", 0,
		    { .lines = 2, .missing = 2 } },
		{ "reached", "+policy/a.conf:3 header X", 0,
		    { .lines = 2, .by_case = 1, .missing = 1 } },
		{ "once reached, always", "-policy/a.conf:3 header X", 0,
		    { .lines = 2, .by_case = 1, .missing = 1 } },
		{ "text with a colon", "+b.conf:7 multipart f;a:b", 0,
		    { .lines = 3, .by_case = 2, .missing = 1 } },
		{ "a bad result", "!x.case: y", 0,
		    { .lines = 3, .by_case = 2, .missing = 1, .bad = 1 } },
		{ "results", "=17", 0,
		    { .lines = 3,
		        .by_case = 2,
		        .missing = 1,
		        .bad = 1,
		        .results = 17 } },
		{ "no number", "=x", -EBADMSG, { .lines = 3 } },
		{ "no place", "+header X", -ENOBUFS, { .lines = 3 } },
		{ "line is no number", "+a.conf:x y", -ENOBUFS,
		    { .lines = 3 } },
		{ "TAP", "ok 1 - x", -EBADMSG, { .lines = 3 } },
		{ "nothing", "", -EBADMSG, { .lines = 3 } },
	};
	struct coverage *v = coverage_new();

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		int got = coverage_report(v, span_str(row[i].line));
		struct coverage_sum s = coverage_sum(v);

		tap_int(got, row[i].want, "report: %s", row[i].name);
		if (row[i].want == 0)
			tap_ok(memcmp(&s, &row[i].sum, sizeof s) == 0,
			    "its figures");
		else
			tap_ok(s.lines == row[i].sum.lines, "adds no line");
	}
	coverage_free(v);
}

static void captures(void)
{
	const char *top = getenv("top_srcdir");
	struct coverage *v = coverage_new();
	struct conf *c = rules_load();
	FILE *none = fopen("/dev/null", "w");
	struct coverage_sum s;
	char path[1000], *text = NULL;
	size_t bytes;
	FILE *out;

	snprintf(path, sizeof path, "%s/tests/data/har-chrome.har",
	    top != NULL ? top : ".");
	tap_int(coverage_rules(v, c->rules), 0, "all lines");
	s = coverage_sum(v);
	tap_ok(s.lines > 10 && s.missing == s.lines, "none is reached yet");
	tap_int(coverage_capture(v, c, path, none), 0, "a recording");
	tap_int(coverage_rules(v, c->rules), 0, "what it reached");
	s = coverage_sum(v);
	tap_ok(s.by_capture > 5 && s.missing == s.lines - s.by_capture &&
	           s.by_case == 0 && s.entries == 4 && s.messages == 3,
	    "%zu of %zu lines", s.by_capture, s.lines);
	out = open_memstream(&text, &bytes);
	tap_int(coverage_print(v, out), 0, "as text");
	fclose(out);
	tap_ok(strstr(text, "policy/example.conf") != NULL &&
	           strstr(text, "form name") != NULL &&
	           strstr(text, "query uname") == NULL,
	    "it lists what was not reached, and only that");
	tap_ok(strstr(text, "never judged:\n  example  up ") != NULL,
	    "and what no line speaks of");
	tap_ok(strstr(text, "Mustermann") == NULL, "no value is in it");
	free(text);
	text = NULL;
	out = open_memstream(&text, &bytes);
	tap_int(coverage_json(v, out), 0, "as JSON");
	fclose(out);
	tap_ok(strstr(text, "\"text\": \"form name\"") != NULL &&
	           strstr(text, "Mustermann") == NULL,
	    "the same, without values");
	free(text);
	tap_int(coverage_capture(v, c, "/dev/null", none), -EBADMSG,
	    "no recording");
	fclose(none);
	conf_unref(c);
	coverage_free(v);
}

int main(void)
{
	reports();
	captures();
	return tap_done();
}
