/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl services - the services in one table, as the daemon has them; when
 * it does not run, as the configuration has them. */
#include <stdio.h>
#include <stdlib.h>

#include "ctl/cmd_int.h"
#include "ctl/overview.h"

static int write_lines(struct tool *t, FILE *out)
{
	char line[OVERVIEW_LINE_BYTES];
	struct conf *c = tool_conf(t);

	if (c == NULL)
		return EXIT_NO;
	for (unsigned i = 0; i < c->nservice; i++) {
		overview_line(c, i, -1, line);
		fprintf(out, "%s\n", line);
	}
	conf_unref(c);
	return EXIT_GOOD;
}

int cmd_services(struct tool *t)
{
	bool json = tool_flag(t, "--json");
	char *text = NULL;
	size_t n = 0;
	FILE *out;
	int status;

	if (t->argc > 0)
		return tool_usage(CMD_SERVICES);
	out = open_memstream(&text, &n);
	if (out == NULL)
		return EXIT_NO;
	status = tool_ask(t, CMD_SERVICES, false, out);
	if (status == EXIT_NOT_REACHED) {
		fprintf(stderr,
		    "sparsamctl: the daemon was not asked; this is what the "
		    "configuration says\n");
		status = write_lines(t, out);
	}
	if (fclose(out) != 0 && status == EXIT_GOOD)
		status = EXIT_NO;
	if (status == EXIT_GOOD &&
	    overview_print(span_of(text, n), json, stdout) < 0)
		status = EXIT_NO;
	free(text);
	return status;
}
