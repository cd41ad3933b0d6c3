/* SPDX-License-Identifier: EUPL-1.2 */
/* sparsamctl test, coverage - the cases, played by the case runner: a program
 * of its own, because it replaces sockets, clock and TLS. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/cmd_int.h"
#include "ctl/coverage.h"
#include "ctl/packs.h"
#include "net/clock.h"

#define WORDS_MAX 4000
#define CAPTURES_MAX 1000
#define REPORT_MAX_BYTES (16u << 20)

struct words {
	const char *packs, *cases;
	char *argv[WORDS_MAX]; /* of the runner */
	int argc;
	const char *capture[CAPTURES_MAX];
	unsigned ncaptures;
	bool json, verbose, bad;
	bool named; /* cases were named */
};

static void add_word(struct words *w, const char *word)
{
	char *copy = w->argc < WORDS_MAX - 1 ? strdup(word) : NULL;

	if (copy == NULL)
		w->bad = true;
	else
		w->argv[w->argc++] = copy;
}

static void drop_words(struct words *w)
{
	for (int i = 0; i < w->argc; i++)
		free(w->argv[i]);
}

static void add_named(struct words *w, const char *word, bool captures)
{
	struct span s = span_str(word);

	if (word[0] == '-') {
		w->bad = true;
	} else if (captures && span_ends(s, SPAN(".har"))) {
		if (w->ncaptures == CAPTURES_MAX)
			w->bad = true;
		else
			w->capture[w->ncaptures++] = word;
	} else {
		w->named = true;
		add_word(w, word);
	}
}

/* captures: those may be named, too; the runner reports for a program. */
static void read_words(struct tool *t, struct words *w, bool captures)
{
	const char *runner = getenv("SPARSAM_CASERUN"), *v;

	w->cases = CASEDIR;
	add_word(w, runner != NULL ? runner : CASERUN);
	if (captures)
		add_word(w, "--report");
	while (t->argc > 0 && !w->bad) {
		if (captures && tool_flag(t, "--json")) {
			w->json = true;
		} else if (!captures && tool_flag(t, "-v")) {
			add_word(w, "-v");
		} else if ((v = tool_value(t, "--pack-dir", &w->bad)) != NULL) {
			w->packs = v;
		} else if ((v = tool_value(t, "--case-dir", &w->bad)) != NULL) {
			w->cases = v;
		} else if (!w->bad) {
			add_named(w, t->argv[0], captures);
			t->argc--, t->argv++;
		}
	}
	if (!w->named)
		add_word(w, w->cases);
	w->packs = w->packs != NULL ? w->packs : tool_packs(t);
	add_word(w, "--policy");
	add_word(w, w->packs);
	add_word(w, "--cases");
	add_word(w, w->cases);
}

static void no_runner(const struct words *w)
{
	fprintf(stderr, "sparsamctl: %s: %s\n", w->argv[0], strerror(errno));
}

int cmd_test(struct tool *t)
{
	static struct words w;

	read_words(t, &w, false);
	if (w.bad) {
		drop_words(&w);
		return tool_usage(CMD_TEST);
	}
	fflush(NULL);
	execv(w.argv[0], w.argv);
	no_runner(&w);
	drop_words(&w);
	return EXIT_NOT_REACHED;
}

/* The runner's report into v. 0; after a message -ECHILD, it could not be
 * started, or -EIO, it did not end as it should. */
static int play(struct words *w, struct coverage *v)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int fd[2], status = 0, err = 0;
	FILE *in;
	pid_t pid;

	fflush(NULL);
	if (pipe(fd) < 0 || (pid = fork()) < 0)
		return -errno;
	if (pid == 0) {
		(void)dup2(fd[1], STDOUT_FILENO);
		close(fd[0]), close(fd[1]);
		execv(w->argv[0], w->argv);
		no_runner(w);
		_exit(EXIT_NOT_REACHED);
	}
	close(fd[1]);
	in = fdopen(fd[0], "r");
	while (in != NULL && (n = getline(&line, &room, in)) > 0) {
		struct span s =
		    span_of(line, (size_t)n - (line[n - 1] == '\n'));

		if (s.n > 0 && s.p[0] == '!')
			fprintf(stderr, "not ok: %.*s\n",
			    SPAN_ARG(span_from(s, 1)));
		if (err == 0)
			err = coverage_report(v, s);
	}
	free(line);
	if (in != NULL)
		fclose(in);
	(void)waitpid(pid, &status, 0);
	if (in != NULL && WIFEXITED(status) &&
	    WEXITSTATUS(status) == EXIT_NOT_REACHED)
		return -ECHILD; /* it has said why */
	if (in == NULL || !WIFEXITED(status) || WEXITSTATUS(status) > EXIT_NO)
		err = err == 0 ? -EIO : err;
	if (err < 0)
		fprintf(
		    stderr, "sparsamctl: %s: %s\n", w->argv[0], strerror(-err));
	return err < 0 ? -EIO : 0;
}

static int measure(struct words *w, struct coverage *v)
{
	char text[CONF_ERR_BYTES] = "";
	struct conf *c = NULL;
	int err = packs_conf(w->packs, clock_unix_s(), &c, text);

	if (err < 0) {
		fprintf(stderr, "%s\n", text);
		return err;
	}
	err = coverage_rules(v, c->rules);
	for (unsigned i = 0; i < w->ncaptures && err == 0; i++)
		err = coverage_capture(v, c, w->capture[i], stderr);
	if (err == 0 && w->ncaptures > 0)
		err = coverage_rules(v, c->rules);
	if (err < 0 && err != -EBADMSG)
		fprintf(stderr, "sparsamctl: %s\n", strerror(-err));
	if (err == 0)
		err = play(w, v);
	conf_unref(c);
	return err;
}

int cmd_coverage(struct tool *t)
{
	static struct words w;
	struct coverage *v;
	struct coverage_sum sum;
	int err;

	read_words(t, &w, true);
	if (w.bad) {
		drop_words(&w);
		return tool_usage(CMD_COVERAGE);
	}
	v = coverage_new();
	err = v != NULL ? measure(&w, v) : -ENOMEM;
	if (err == 0)
		err = w.json ? coverage_json(v, stdout)
		             : coverage_print(v, stdout);
	drop_words(&w);
	if (err < 0) {
		coverage_free(v);
		return err == -ECHILD ? EXIT_NOT_REACHED : EXIT_NO;
	}
	sum = coverage_sum(v);
	coverage_free(v);
	return sum.missing > 0 || sum.bad > 0 ? EXIT_NO : EXIT_GOOD;
}
