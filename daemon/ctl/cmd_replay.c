/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl replay - a recording through the rules. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/cmd_int.h"
#include "ctl/replay.h"

#define NEVER_FILE_MAX_BYTES (1u << 20)

static struct replay_options options;
static char never_text[NEVER_FILE_MAX_BYTES];
static size_t never_bytes;

static bool add_never(struct span text)
{
	if (options.nnever == REPLAY_NEVER_MAX) {
		fprintf(stderr, "sparsamctl: more than %d texts\n",
		    REPLAY_NEVER_MAX);
		return false;
	}
	options.never[options.nnever++] = text;
	return true;
}

/* One text per line; empty lines and such as begin with '#' are left out. */
static bool add_never_file(const char *path)
{
	char *start = never_text + never_bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct span rest, line;
	ssize_t n = fd >= 0 ? 1 : -1;

	while (n > 0 && never_bytes < sizeof never_text) {
		n = read(fd, never_text + never_bytes,
		    sizeof never_text - never_bytes);
		never_bytes += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (n != 0) {
		fprintf(stderr, "sparsamctl: %s: %s\n", path,
		    n < 0 ? strerror(errno) : "the file is too large");
		return false;
	}
	rest = span_of(start, (size_t)(never_text + never_bytes - start));
	while (rest.n > 0) {
		line = span_cut(&rest, '\n');
		if (span_ends(line, SPAN("\r")))
			line.n--;
		if (line.n > 0 && line.p[0] != '#' && !add_never(line))
			return false;
	}
	return true;
}

static bool read_options(struct tool *t, bool *ret_said)
{
	struct replay_options *o = &options;
	const char *v;
	bool bad = false;

	while (t->argc > 0 && !bad) {
		if (tool_flag(t, "--json"))
			o->json = true;
		else if (tool_flag(t, "--summary"))
			o->summary = true;
		else if (tool_flag(t, "--all"))
			o->all = true;
		else if ((v = tool_value(t, "--pack-dir", &bad)) != NULL)
			t->packs = v;
		else if ((v = tool_value(t, "--service", &bad)) != NULL)
			o->service = v;
		else if ((v = tool_value(t, "--never", &bad)) != NULL)
			bad = *ret_said = !add_never(span_str(v));
		else if ((v = tool_value(t, "--never-file", &bad)) != NULL)
			bad = *ret_said = !add_never_file(v);
		else if (!bad && o->file == NULL && t->argv[0][0] != '-')
			o->file = t->argv[0], t->argc--, t->argv++;
		else
			bad = true;
	}
	return !bad && o->file != NULL;
}

int cmd_replay(struct tool *t)
{
	struct replay_sum sum;
	struct conf *c;
	bool said = false;
	int e;

	options = (struct replay_options){ .level = LEVEL_LEAST };
	if (!read_options(t, &said))
		return said ? EXIT_USAGE : tool_usage(CMD_REPLAY);
	c = tool_conf(t);
	if (c == NULL)
		return EXIT_NO;
	if (options.service != NULL &&
	    ruleset_find(c->rules, span_str(options.service)) == NULL) {
		fprintf(stderr, "sparsamctl: no service %s is switched on\n",
		    options.service);
		conf_unref(c);
		return EXIT_NO;
	}
	e = replay(c, &options, stdout, stderr, &sum);
	if (e < 0 && e != -EBADMSG)
		fprintf(stderr, "sparsamctl: %s\n", strerror(-e));
	conf_unref(c);
	if (e < 0 || sum.hits > 0)
		return EXIT_NO;
	return sum.hits_unread > 0 ? EXIT_UNREAD : EXIT_GOOD;
}
