/* SPDX-License-Identifier: EUPL-1.2 */
/* caserun - play case files in process and print TAP: a line for each case and
 * for each `again` of it. `sparsamctl test` and `coverage` run it.
 *
 *   caserun [-v] [--coverage | --report] [--top DIR] [--policy DIR]
 *           [--cases DIR] [FILE.case | DIR ...]
 *
 * A DIR stands for its cases and those of the folders in it. Without any: all
 * of the cases, with --coverage. That lists the lines of the packs that no case
 * reached, and fails when there are any. --report, for programs, prints lines
 * instead of TAP: "+FILE:LINE text" or "-FILE:LINE text" for each line of the
 * packs, reached or not, "!text" for each result that is not good, and "=N"
 * for all results; each case is played once only. -v also shows which file gave
 * how many results.
 *
 * --policy: the packs (default: policy/ of the top); --cases: what cases share
 * (default: tests/case/ of the top); --top: of the source tree (default:
 * $top_srcdir, or "."). A case runs in a process of its own: a crash is one
 * failure. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "lib/case_conf.h"
#include "lib/case_run.h"
#include "lib/tap.h"

#define CASE_LIMIT_S 300
#define CUT_ALL_BYTES 4096 /* every cut up to here ... */
#define CUT_STEP_BYTES 61  /* ... then every so many bytes */
#define REPORT_MAX_BYTES (16u << 20)
#define COVER_MAX_LINES 20000

#define PATH_BYTES 1000

static bool verbose, coverage, report;
static struct case_place place;
static size_t results_all;
static bool bad_any;
static struct hash *cover; /* "FILE:LINE text" -> '+' or '-' */

/* ---- one case, in its own process; lines go to the parent through out:
 * '+' and '-' begin a result, '#' a note, '!' a line of coverage ---- */

static void result(FILE *out, bool good, const struct case_file *c,
    const char *way, struct span text)
{
	fprintf(out, "%c%s: %.*s%s%s\n", good ? '+' : '-', c->path,
	    SPAN_ARG(c->name), way[0] != '\0' ? ", " : "", way);
	while (text.n > 0) {
		struct span line = span_cut(&text, '\n');

		fprintf(out, "#%.*s\n", SPAN_ARG(line));
	}
}

static bool run_once(FILE *out, const struct case_file *c, struct conf *conf,
    struct case_way way, const char *label, struct case_result *r)
{
	char at[80];
	bool good;

	case_run(c, conf, way, r);
	good = r->good;
	if (!good || way.way == WAY_WHOLE) {
		snprintf(at, sizeof at, "%s%s%zu", label,
		    label[0] != '\0' ? " at " : "", way.at);
		result(out, good, c, label[0] != '\0' ? at : "",
		    buf_span(&r->text));
	}
	buf_fini(&r->text);
	return good;
}

/* Many runs, one line when all are good. */
static void run_many(FILE *out, const struct case_file *c, struct conf *conf,
    int way, size_t last, const char *label)
{
	struct case_result r;
	char text[80];
	size_t n = 0, at = 1;

	for (; at < last; n++) {
		if (!run_once(out, c, conf,
		        (struct case_way){ .way = way, .at = at }, label, &r))
			return;
		at += at < CUT_ALL_BYTES ? 1 : CUT_STEP_BYTES;
	}
	snprintf(text, sizeof text, "%s (%zu runs)", label, n);
	result(out, true, c, text, SPAN(""));
}

static bool has_word(const struct case_step *s, const char *word)
{
	for (unsigned i = 0; i < s->nwords; i++)
		if (span_eq(s->word[i], span_str(word)))
			return true;
	return false;
}

static void run_again(FILE *out, const struct case_file *c, struct conf *conf,
    const struct case_result *whole)
{
	const struct case_way single = { .way = WAY_SINGLE };
	struct case_result r;

	for (unsigned i = 0; i < c->nsteps; i++) {
		const struct case_step *s = &c->step[i];

		if (!span_eq(s->verb, SPAN("again")))
			continue;
		if (has_word(s, "cut=every")) {
			run_many(
			    out, c, conf, WAY_CUT, whole->sent, "cut=every");
			if (run_once(out, c, conf, single, "byte by byte", &r))
				result(out, true, c, "byte by byte", SPAN(""));
		}
		if (has_word(s, "short=every"))
			run_many(out, c, conf, WAY_SHORT, whole->sent_client,
			    "short=every");
		if (has_word(s, "flip=every"))
			run_many(out, c, conf, WAY_DAMAGE,
			    whole->sent_client * 8, "flip=every");
		if (has_word(s, "h2"))
			result(out, true, c,
			    "h2 # SKIP this build speaks HTTP/1.1 only",
			    SPAN(""));
	}
}

/* "rule FILE TEXT": the case is about this line, so it must reach it. */
static void check_rules(
    FILE *out, const struct case_file *c, const struct conf *conf)
{
	char text[300];
	struct span rest;
	int r;

	for (unsigned i = 0; i < c->nsteps; i++) {
		const struct case_step *s = &c->step[i];

		if (!span_eq(s->verb, SPAN("rule")) || s->nwords < 2)
			continue;
		rest = span_trim(span_from(s->rest, s->word[0].n));
		r = case_reached(conf, s->word[0], rest);
		if (r > 0)
			continue;
		snprintf(text, sizeof text, "%s:%u: the line \"%.*s\" %s",
		    c->path, s->line, SPAN_ARG(rest),
		    r < 0 ? "does not exist" : "was not reached");
		result(out, false, c, "rule", span_str(text));
	}
}

static void tell_coverage(FILE *out, const struct conf *conf)
{
	struct buf b;
	struct span rest;

	buf_init(&b, REPORT_MAX_BYTES);
	case_coverage(conf, &b);
	rest = buf_span(&b);
	while (rest.n > 0) {
		struct span line = span_cut(&rest, '\n');

		fprintf(out, "!%.*s\n", SPAN_ARG(line));
	}
	buf_fini(&b);
}

static void run_file(FILE *out, const char *path)
{
	struct case_file *c = case_read(path);
	struct case_result r = { .good = false };
	char err[CONF_ERR_BYTES];
	struct conf *conf;

	if (c == NULL)
		abort();
	if (c->err[0] != '\0') {
		result(out, false, c, "", span_str(c->err));
		case_free(c);
		return;
	}
	conf = case_conf(c, &place, err);
	if (conf == NULL) {
		result(out, false, c, "", span_str(err));
	} else {
		if (run_once(out, c, conf,
		        (struct case_way){ .way = WAY_WHOLE }, "", &r)) {
			check_rules(out, c, conf);
			if (!report)
				run_again(out, c, conf, &r);
		}
		if (coverage)
			tell_coverage(out, conf);
	}
	conf_unref(conf);
	case_free(c);
}

/* ---- the parent ---- */

/* A line once reached stays so. */
static void note_cover(struct span line)
{
	struct span key = span_from(line, 1);
	char *reached = hash_get(cover, key), *p;

	if (!span_starts(key, SPAN("policy/")))
		return;
	if (reached == NULL) {
		p = malloc(key.n + 1); /* the mark, then the key */
		if (p == NULL)
			abort();
		memcpy(p + 1, key.p, key.n);
		*p = '-';
		(void)hash_put(cover, span_of(p + 1, key.n), p);
		reached = p;
	}
	if (line.p[0] == '+')
		*reached = '+';
}

/* One result. */
static void tell(bool good, struct span name)
{
	results_all++;
	bad_any = bad_any || !good;
	if (!report)
		tap_ok(good, "%.*s", SPAN_ARG(name));
	else if (!good)
		printf("!%.*s\n", SPAN_ARG(name));
}

/* The same for a file that gave none. */
static void tell_bad(const char *path, const char *what, int number)
{
	char text[PATH_BYTES];

	snprintf(text, sizeof text, "%.900s: %s %d", path, what, number);
	tell(false, span_str(text));
}

static bool take_line(struct span line)
{
	struct span rest = span_from(line, 1);

	switch (line.n > 0 ? line.p[0] : '#') {
	case '+':
	case '-':
		tell(line.p[0] == '+', rest);
		return true;
	case '!':
		note_cover(rest);
		return false;
	default:
		if (report)
			fprintf(stderr, "# %.*s\n", SPAN_ARG(rest));
		else
			tap_note("%.*s", SPAN_ARG(rest));
		return false;
	}
}

static void play(const char *path)
{
	unsigned results = 0;
	struct span rest;
	struct buf b;
	char piece[4096];
	int fd[2], status = 0;
	ssize_t n;
	pid_t pid;

	fflush(NULL);
	if (pipe(fd) < 0 || (pid = fork()) < 0) {
		tell_bad(path, "no process for it, errno", errno);
		return;
	}
	if (pid == 0) {
		FILE *out = fdopen(fd[1], "w");

		close(fd[0]);
		alarm(CASE_LIMIT_S);
		run_file(out, path);
		fclose(out);
		exit(0);
	}
	close(fd[1]);
	buf_init(&b, REPORT_MAX_BYTES);
	while ((n = read(fd[0], piece, sizeof piece)) > 0)
		buf_add(&b, piece, (size_t)n);
	close(fd[0]);
	waitpid(pid, &status, 0);
	rest = buf_span(&b);
	while (rest.n > 0)
		results += take_line(span_cut(&rest, '\n'));
	buf_fini(&b);
	if (verbose)
		tap_note("%s: %u results", path, results);
	if (status != 0 || results == 0)
		tell_bad(path,
		    WIFSIGNALED(status) ? "ended by signal" : "ended by status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
		                        : WEXITSTATUS(status));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *missing[COVER_MAX_LINES];
static size_t nmissing, nlines;

static int collect(struct span key, void *value, void *arg)
{
	(void)arg;
	nlines++;
	if (*(const char *)value == '-' && nmissing < COVER_MAX_LINES)
		missing[nmissing++] = strndup(key.p, key.n);
	return 0;
}

static int print_line(struct span key, void *value, void *arg)
{
	(void)arg;
	printf("%c%.*s\n", *(const char *)value, SPAN_ARG(key));
	return 0;
}

static void report_coverage(void)
{
	if (report) {
		(void)hash_each(cover, print_line, NULL);
		printf("=%zu\n", results_all);
		return;
	}
	(void)hash_each(cover, collect, NULL);
	qsort(missing, nmissing, sizeof *missing, by_text);
	tap_ok(nmissing == 0, "every line of every pack is reached: %zu of %zu",
	    nlines - nmissing, nlines);
	for (size_t i = 0; i < nmissing; i++)
		tap_note("not reached: %s", missing[i]);
}

/* The cases of a folder and of those in it. */
static void play_folder(const char *dir)
{
	char pattern[PATH_BYTES + 20];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%.990s/*.case", dir);
	(void)glob(pattern, 0, NULL, &found);
	snprintf(pattern, sizeof pattern, "%.990s/*/*.case", dir);
	(void)glob(pattern, GLOB_APPEND, NULL, &found);
	if (found.gl_pathc == 0)
		tell_bad(dir, "cases in this folder:", 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		play(found.gl_pathv[i]);
	globfree(&found);
}

static void play_any(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		play_folder(path);
	else
		play(path);
}

/* Options first, wherever they stand; what is left in argv are files. */
static int read_options(int argc, char **argv)
{
	static char policy[PATH_BYTES], cases[PATH_BYTES];
	const char *top = getenv("top_srcdir");
	int files = 0;

	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (strcmp(argv[i], "--coverage") == 0)
			coverage = true;
		else if (strcmp(argv[i], "--report") == 0)
			coverage = report = true;
		else if (strcmp(argv[i], "--top") == 0 && more)
			top = argv[++i];
		else if (strcmp(argv[i], "--policy") == 0 && more)
			place.policy = argv[++i];
		else if (strcmp(argv[i], "--cases") == 0 && more)
			place.cases = argv[++i];
		else
			argv[files++] = argv[i];
	}
	top = top != NULL ? top : ".";
	snprintf(policy, sizeof policy, "%s/policy", top);
	snprintf(cases, sizeof cases, "%s/tests/case", top);
	place.policy = place.policy != NULL ? place.policy : policy;
	place.tree = place.cases == NULL;
	place.cases = place.cases != NULL ? place.cases : cases;
	return files;
}

int main(int argc, char **argv)
{
	int files = read_options(argc, argv);

	cover = hash_new(COVER_MAX_LINES);
	for (int i = 0; i < files; i++)
		play_any(argv[i]);
	if (files == 0) {
		coverage = true;
		play_folder(place.cases);
	}
	if (coverage)
		report_coverage();
	return report ? bad_any : tap_done();
}
