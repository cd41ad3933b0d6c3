/* SPDX-License-Identifier: EUPL-1.2 */
/* caserun - play case files in process and print TAP: a line for each case and
 * for each `again` of it. `sparsamctl test` and `coverage` run it.
 *
 *   caserun [-v] [--coverage | --report] [--over WAY] [--whole]
 *           [--top DIR] [--policy DIR] [--cases DIR] [FILE.case | DIR ...]
 *
 * Each case is played over HTTP/1.1 (h1) and HTTP/2 (h2), and with one version
 * towards the client and another towards servers (h2-h1, h1-h2), as far as what
 * it says can be said there; --over plays one of these only. Over h1 and h2 it
 * is played again with its bytes cut at each place, and so on; --whole leaves
 * that out.
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
/* A case is cut at each byte as long as all that is then sent stays below this;
 * of larger ones, and of what is done to bits, only some are taken. */
#define CUT_WORK_BYTES (8u << 20)
#define CUT_RUNS_MIN 16
#define FLIP_ALL_BITS 4096
#define FLIP_STEP_BITS 61
#define REPORT_MAX_BYTES (16u << 20)
#define COVER_MAX_LINES 20000

#define CHILDREN_MAX 8
#define PATH_BYTES 1000

static bool verbose, coverage, report, whole_only;
static unsigned children_max;
static const char *only_over; /* NULL: all */
static struct case_place place;
static size_t results_all;
static bool bad_any;
static struct hash *cover; /* "FILE:LINE text" -> '+' or '-' */

/* What clients and servers speak where TLS lets them choose. */
static const struct over {
	const char *name, *label; /* as --over has it; in results */
	bool client_h2, server_h2;
	bool again; /* cut and so on is played so too */
} over[] = {
	{ "h1", "", false, false, true },
	{ "h2", "over h2", true, true, true },
	{ "h2-h1", "over h2-h1", true, false, false },
	{ "h1-h2", "over h1-h2", false, true, false },
};
#define OVERS (sizeof over / sizeof *over)
static size_t played[OVERS], cases_all;

/* ---- one case, in its own process; lines go to the parent through out:
 * '+' and '-' begin a result, '#' a note, '!' a line of coverage, '=' and '~'
 * with the number of a way that it was played so, or cannot be ---- */

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

/* What fails is a result; what is good is one for the caller to tell. */
static bool run_once(FILE *out, const struct case_file *c, struct conf *conf,
    struct case_way way, const char *label, struct case_result *r)
{
	char at[120];

	case_run(c, conf, way, r);
	if (r->good && r->unsaid[0] != '\0' && way.way != WAY_WHOLE) {
		r->good = false;
		buf_addf(
		    &r->text, "%s: cannot be said: %s\n", c->path, r->unsaid);
	}
	if (!r->good) {
		snprintf(at, sizeof at, "%s at %zu", label, way.at);
		result(out, false, c, way.way == WAY_WHOLE ? label : at,
		    buf_span(&r->text));
	}
	buf_fini(&r->text);
	return r->good;
}

/* Many runs, one line when all are good. */
static void run_many(FILE *out, const struct case_file *c, struct conf *conf,
    struct case_way way, const struct case_result *whole, size_t last,
    const char *what, const char *label)
{
	struct case_result r;
	char text[120];
	size_t n = 0, runs = CUT_WORK_BYTES / (whole->sent + 1);
	size_t step = last / (runs > CUT_RUNS_MIN ? runs : CUT_RUNS_MIN) + 1;

	snprintf(text, sizeof text, "%s%s%s", label,
	    label[0] != '\0' ? ", " : "", what);
	for (way.at = 1; way.at < last; n++) {
		if (!run_once(out, c, conf, way, text, &r))
			return;
		if (way.way == WAY_DAMAGE)
			step = way.at < FLIP_ALL_BITS ? 1 : FLIP_STEP_BITS;
		way.at += step;
	}
	snprintf(text, sizeof text, "%s%s%s (%zu runs)", label,
	    label[0] != '\0' ? ", " : "", what, n);
	result(out, true, c, text, SPAN(""));
}

static bool has_word(const struct case_step *s, const char *word)
{
	for (unsigned i = 0; i < s->nwords; i++)
		if (span_eq(s->word[i], span_str(word)))
			return true;
	return false;
}

static bool says_again(const struct case_file *c, const char *word)
{
	for (unsigned i = 0; i < c->nsteps; i++)
		if (span_eq(c->step[i].verb, SPAN("again")) &&
		    has_word(&c->step[i], word))
			return true;
	return false;
}

/* "only h1 REASON", "only h2", "only whole": what is the case about? */
static bool only(const struct case_file *c, const char *name)
{
	for (unsigned i = 0; i < c->nsteps; i++)
		if (span_eq(c->step[i].verb, SPAN("only")) &&
		    c->step[i].nwords > 0 &&
		    span_eq(c->step[i].word[0], span_str(name)))
			return true;
	return false;
}

static void run_again(FILE *out, const struct case_file *c, struct conf *conf,
    struct case_way way, const char *label, const struct case_result *whole)
{
	if (!only(c, "whole")) {
		way.way = WAY_CUT;
		run_many(
		    out, c, conf, way, whole, whole->sent, "cut=every", label);
		way.way = WAY_SINGLE;
		run_many(out, c, conf, way, whole, 2, "byte by byte", label);
	}
	if (says_again(c, "short=every")) {
		way.way = WAY_SHORT;
		run_many(out, c, conf, way, whole, whole->sent_client,
		    "short=every", label);
	}
	if (says_again(c, "flip=every")) {
		way.way = WAY_DAMAGE;
		run_many(out, c, conf, way, whole, whole->sent_client * 8,
		    "flip=every", label);
	}
}

/* False: it failed. */
static bool run_over(FILE *out, const struct case_file *c, struct conf *conf,
    unsigned i, bool *played_any)
{
	struct case_way way = { .way = WAY_WHOLE,
		.client_h2 = over[i].client_h2,
		.server_h2 = over[i].server_h2 };
	bool h2 = way.client_h2 || way.server_h2;
	struct case_result r;

	if ((h2 && only(c, "h1")) || (!way.client_h2 && only(c, "h2"))) {
		fprintf(
		    out, "~%u%s: it is about another version\n", i, c->path);
		return true;
	}
	if (!run_once(out, c, conf, way, over[i].label, &r))
		return false;
	if (h2 && (r.unsaid[0] != '\0' || !r.h2)) {
		fprintf(out, "~%u%s: %s\n", i, c->path,
		    r.unsaid[0] != '\0' ? r.unsaid : "nobody speaks HTTP/2");
		return true;
	}
	*played_any = true;
	result(out, true, c, over[i].label, SPAN(""));
	fprintf(out, "=%u\n", i);
	if (over[i].again && !report && !whole_only)
		run_again(out, c, conf, way, over[i].label, &r);
	return true;
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

/* Is the case to be played so? */
static bool wanted(unsigned i)
{
	if (only_over != NULL)
		return strcmp(only_over, over[i].name) == 0;
	return !report || i == 0;
}

static void run_file(FILE *out, const char *path)
{
	struct case_file *c = case_read(path);
	char err[CONF_ERR_BYTES];
	struct conf *conf;
	bool good = true, any = false;

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
		for (unsigned i = 0; good && i < OVERS; i++)
			if (wanted(i))
				good = run_over(out, c, conf, i, &any);
		if (good && any)
			check_rules(out, c, conf);
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
	case '=':
		played[(rest.p[0] - '0') % (int)OVERS]++;
		return false;
	case '~':
		if (verbose)
			tap_note("not over %s: %.*s",
			    over[(rest.p[0] - '0') % (int)OVERS].name,
			    SPAN_ARG(span_from(rest, 1)));
		return true;
	default:
		if (report)
			fprintf(stderr, "# %.*s\n", SPAN_ARG(rest));
		else
			tap_note("%.*s", SPAN_ARG(rest));
		return false;
	}
}

/* Cases under way, the one that began first is told first. */
static struct child {
	pid_t pid;
	int fd; /* its results */
	char path[PATH_BYTES];
} child[CHILDREN_MAX];
static unsigned nchildren;

static void finish_first(void)
{
	struct child c = child[0];
	unsigned results = 0;
	struct span rest;
	struct buf b;
	char piece[4096];
	int status = 0;
	ssize_t n;

	nchildren--;
	memmove(child, child + 1, nchildren * sizeof *child);
	buf_init(&b, REPORT_MAX_BYTES);
	while ((n = read(c.fd, piece, sizeof piece)) > 0)
		buf_add(&b, piece, (size_t)n);
	close(c.fd);
	waitpid(c.pid, &status, 0);
	rest = buf_span(&b);
	while (rest.n > 0)
		results += take_line(span_cut(&rest, '\n'));
	buf_fini(&b);
	if (verbose)
		tap_note("%s: %u results", c.path, results);
	if (status != 0 || results == 0)
		tell_bad(c.path,
		    WIFSIGNALED(status) ? "ended by signal" : "ended by status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
		                        : WEXITSTATUS(status));
}

static void play(const char *path)
{
	struct child *c;
	int fd[2];

	if (nchildren == children_max)
		finish_first();
	cases_all++;
	fflush(NULL);
	c = &child[nchildren];
	if (pipe(fd) < 0 || (c->pid = fork()) < 0) {
		tell_bad(path, "no process for it, errno", errno);
		return;
	}
	if (c->pid == 0) {
		FILE *out = fdopen(fd[1], "w");

		close(fd[0]);
		alarm(CASE_LIMIT_S);
		run_file(out, path);
		fclose(out);
		exit(0);
	}
	close(fd[1]);
	c->fd = fd[0];
	snprintf(c->path, sizeof c->path, "%s", path);
	nchildren++;
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
		else if (strcmp(argv[i], "--over") == 0 && more)
			only_over = argv[++i];
		else if (strcmp(argv[i], "--whole") == 0)
			whole_only = true;
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

	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	children_max = processors < 1 ? 1 : CHILDREN_MAX;
	if (processors >= 1 && processors < CHILDREN_MAX)
		children_max = (unsigned)processors;
	cover = hash_new(COVER_MAX_LINES);
	for (int i = 0; i < files; i++)
		play_any(argv[i]);
	if (files == 0) {
		coverage = only_over == NULL || strcmp(only_over, "h1") == 0;
		play_folder(place.cases);
	}
	while (nchildren > 0)
		finish_first();
	if (coverage)
		report_coverage();
	for (unsigned i = 0; !report && i < OVERS; i++)
		if (played[i] > 0)
			tap_note("over %s: %zu of %zu cases", over[i].name,
			    played[i], cases_all);
	return report ? bad_any : tap_done();
}
