/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl - ask and steer sparsamd, and use its rules without it. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/cmd_int.h"
#include "ctl/packs.h"
#include "net/clock.h"

#define CONTROL_DEFAULT RUNDIR "/control"

static int usage(FILE *out)
{
	fprintf(out,
	    "usage: sparsamctl [-c file] [-s socket] command [argument ...]\n");
	for (unsigned c = 0; c < CMD_COUNT; c++)
		fprintf(out, "  %s%s%s\n", cmd_word((enum cmd)c),
		    cmd_args((enum cmd)c)[0] != '\0' ? " " : "",
		    cmd_args((enum cmd)c));
	fprintf(out, "\nMore of one of them: sparsamctl help COMMAND\n");
	return out == stdout ? EXIT_GOOD : EXIT_USAGE;
}

/* The words after "help" name a command: all that the table says of it. */
static int help(const struct tool *t)
{
	char word[40] = "";
	enum cmd c;

	if (t->argc == 0)
		return usage(stdout);
	snprintf(word, sizeof word, "%s%s%s", t->argv[0],
	    t->argc > 1 ? " " : "", t->argc > 1 ? t->argv[1] : "");
	c = t->argc > 2 ? CMD_COUNT : cmd_find(span_str(word));
	if (c == CMD_COUNT) {
		fprintf(
		    stderr, "sparsamctl: there is no command \"%s\"\n", word);
		return usage(stderr);
	}
	printf("usage: sparsamctl [-c file] %s %s\n\n%s\n\n    $ %s\n",
	    cmd_word(c), cmd_args(c), cmd_text(c), cmd_example(c));
	return EXIT_GOOD;
}

int tool_usage(enum cmd c)
{
	fprintf(stderr, "usage: sparsamctl [-c file] %s %s\n", cmd_word(c),
	    cmd_args(c));
	return EXIT_USAGE;
}

static int load(
    const char *path, struct conf **ret_conf, char err[CONF_ERR_BYTES])
{
	struct bundle *b = NULL;
	int e = conf_gather(path, &b, err);

	if (e == 0)
		e = conf_load(b, path, clock_unix_s(), ret_conf, err);
	bundle_free(b);
	return e;
}

struct conf *tool_conf(const struct tool *t)
{
	char err[CONF_ERR_BYTES] = "";
	struct conf *c = NULL;
	int e;

	if (t->packs != NULL)
		e = packs_conf(t->packs, clock_unix_s(), &c, err);
	else
		e = load(t->conf_path, &c, err);
	if (e < 0)
		fprintf(stderr, "%s\n", err[0] != '\0' ? err : strerror(-e));
	return e < 0 ? NULL : c;
}

const char *tool_packs(const struct tool *t)
{
	static char path[4096];
	char err[CONF_ERR_BYTES] = "";
	struct conf *c = NULL;

	snprintf(path, sizeof path, "%s", POLICYDIR);
	if (load(t->conf_path, &c, err) == 0)
		snprintf(path, sizeof path, "%s", c->policy_dir);
	conf_unref(c);
	return path;
}

bool tool_flag(struct tool *t, const char *name)
{
	if (t->argc == 0 || strcmp(t->argv[0], name) != 0)
		return false;
	t->argc--, t->argv++;
	return true;
}

const char *tool_value(struct tool *t, const char *name, bool *ret_bad)
{
	if (!tool_flag(t, name))
		return NULL;
	if (t->argc == 0) {
		*ret_bad = true;
		return NULL;
	}
	t->argc--, t->argv++;
	return t->argv[-1];
}

/* The control socket that a file names which does not load: the daemon runs on
 * with the last good one, and must be reachable to say so. Written as
 *   control_socket = "/absolute/path";
 * on a line of its own. false: not found. */
static bool named_socket(const char *conf_path, char *out, size_t n)
{
	struct bundle *b = bundle_new();
	struct span text = SPAN(""), line, value;
	bool found = false;

	if (b != NULL && bundle_read(b, conf_path) == 0)
		(void)bundle_find(b, conf_path, &text);
	while (!found && text.n > 0) {
		line = span_trim(span_cut(&text, '\n'));
		value = span_trim(span_from(line, span_chr(line, '=') + 1));
		line = span_trim(span_of(line.p, span_chr(line, '=')));
		if (!span_eq(line, SPAN("control_socket")) ||
		    !span_starts(value, SPAN("\"/")))
			continue;
		value = span_from(value, 1);
		value.n = span_chr(value, '"');
		found = value.n < n;
		snprintf(out, n, "%.*s", SPAN_ARG(value));
	}
	bundle_free(b);
	return found;
}

/* Where is the daemon? As told, as configured, or at the usual place. */
int tool_ask(struct tool *t, enum cmd c, bool json, FILE *out)
{
	char named[108];
	char err[CONF_ERR_BYTES + PROTO_LINE_MAX] = "";
	const char *path = t->socket;
	struct conf *conf = NULL;
	int e;

	if (path == NULL && load(t->conf_path, &conf, err) == 0)
		path = conf->control_socket;
	if (path == NULL && named_socket(t->conf_path, named, sizeof named))
		path = named;
	if (path == NULL)
		path = CONTROL_DEFAULT;
	e = client_ask(path, c, json, out, err);
	if (e == -EREMOTEIO)
		fprintf(stderr, "sparsamd: %s\n", err);
	else if (e < 0)
		fprintf(stderr, "sparsamctl: %s: %s\n", path, strerror(-e));
	conf_unref(conf);
	if (e == -EREMOTEIO)
		return EXIT_NO;
	return e < 0 ? EXIT_NOT_REACHED : EXIT_GOOD;
}

static int ask(struct tool *t, enum cmd c)
{
	bool json = c != CMD_RELOAD && c != CMD_DRAIN && tool_flag(t, "--json");

	return t->argc > 0 ? tool_usage(c) : tool_ask(t, c, json, stdout);
}

static int run(struct tool *t, enum cmd c)
{
	switch (c) {
	case CMD_CHECK:
		return cmd_check(t);
	case CMD_EXPLAIN:
		return cmd_explain(t);
	case CMD_REPLAY:
		return cmd_replay(t);
	case CMD_TEST:
		return cmd_test(t);
	case CMD_COVERAGE:
		return cmd_coverage(t);
	case CMD_CANARY:
		return cmd_canary(t);
	case CMD_DRIFT:
		return cmd_drift(t);
	case CMD_POLICY:
		return cmd_policy(t);
	case CMD_SERVICES:
		return cmd_services(t);
	case CMD_CA_INIT:
		return cmd_ca_init(t);
	case CMD_CA_SHOW:
		return cmd_ca_show(t);
	case CMD_CA_EXPORT:
		return cmd_ca_export(t);
	case CMD_CA_RENEW:
		return cmd_ca_renew(t);
	case CMD_STATUS:
	case CMD_STATS:
	case CMD_RELOAD:
	case CMD_DRAIN:
		return ask(t, c);
	case CMD_VERSION:
		printf("sparsamctl %s\n", PACKAGE_VERSION);
		return EXIT_GOOD;
	case CMD_HELP:
		return help(t);
	case CMD_COUNT:
		break;
	}
	return usage(stderr);
}

/* One word, or two ("ca init"). */
static enum cmd find(struct tool *t)
{
	char two[40];
	enum cmd c = cmd_find(span_str(t->argv[0]));

	if (c == CMD_COUNT && t->argc > 1) {
		snprintf(two, sizeof two, "%s %s", t->argv[0], t->argv[1]);
		c = cmd_find(span_str(two));
		t->argc--, t->argv++;
	}
	t->argc--, t->argv++;
	return c;
}

int main(int argc, char **argv)
{
	struct tool t = { .conf_path = SYSCONFDIR "/sparsamd.conf" };
	const char *word;
	enum cmd c;
	int o;

	if (argc == 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout);
	while ((o = getopt(argc, argv, "+c:s:")) != -1) {
		if (o == 'c')
			t.conf_path = optarg;
		else if (o == 's')
			t.socket = optarg;
		else
			return usage(stderr);
	}
	t.argc = argc - optind, t.argv = argv + optind;
	if (t.argc == 0)
		return usage(stderr);
	word = t.argv[0];
	c = find(&t);
	if (c == CMD_COUNT)
		fprintf(
		    stderr, "sparsamctl: there is no command \"%s\"\n", word);
	else if (t.argc == 1 && strcmp(t.argv[0], "--help") == 0)
		return help(&(struct tool){ .argc = 1,
		    .argv = (char *[]){ (char *)(uintptr_t)cmd_word(c) } });
	return run(&t, c);
}
