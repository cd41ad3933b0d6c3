/* SPDX-License-Identifier: EUPL-1.2 */
/* The command table and the lines of the control protocol. */
#include "ctl/proto.h"

#include <errno.h>

#include "lib/tap.h"

static void commands(void)
{
	static const struct {
		const char *line;
		int want;
		enum cmd cmd;
	} row[] = {
		{ "status", 0, CMD_STATUS },
		{ "status\r", 0, CMD_STATUS },
		{ "stats", 0, CMD_STATS },
		{ "reload", 0, CMD_RELOAD },
		{ "drain", 0, CMD_DRAIN },
		{ "", -EINVAL, CMD_COUNT },
		{ "stat", -EINVAL, CMD_COUNT },
		{ "STATUS", -EINVAL, CMD_COUNT },
		{ "status ", -EINVAL, CMD_COUNT },
		{ "status now", -EINVAL, CMD_COUNT },
		{ "check", -EINVAL, CMD_COUNT },
		{ "ca init", -EINVAL, CMD_COUNT },
		{ "\033[2J", -EINVAL, CMD_COUNT },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		enum cmd c;
		int err = proto_command(span_str(row[i].line), &c);

		tap_ok(err == row[i].want && (err < 0 || c == row[i].cmd),
		    "command %zu", i);
	}
}

static void answers(void)
{
	static const struct {
		const char *line;
		enum proto_kind want;
		const char *text;
	} row[] = {
		{ "ok", PROTO_OK, "ok" },
		{ "ok then", PROTO_LINE, "ok then" },
		{ "error no such command", PROTO_ERROR, "no such command" },
		{ "error", PROTO_ERROR, "" },
		{ "errors 5", PROTO_LINE, "errors 5" },
		{ "state running", PROTO_LINE, "state running" },
		{ "", PROTO_LINE, "" },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct span text;

		tap_ok(proto_answer(span_str(row[i].line), &text) ==
			    row[i].want &&
			span_eq(text, span_str(row[i].text)),
		    "answer \"%s\"", row[i].line);
	}
}

static void table(void)
{
	static const char *const no[] = { "ok", "error", "error x", "", "a\nb",
		"a\tb", "\303\244" };
	bool good = true;

	for (unsigned c = 0; c < CMD_COUNT; c++)
		good = good &&
		    cmd_find(span_str(cmd_word((enum cmd)c))) == c &&
		    cmd_text((enum cmd)c)[0] != '\0';
	tap_ok(good, "every row is found by its word and has a text");
	tap_ok(proto_fits(SPAN("worker number=1")), "a line");
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		tap_ok(!proto_fits(span_str(no[i])), "no line: %zu", i);
}

int main(void)
{
	commands();
	answers();
	table();
	return tap_done();
}
