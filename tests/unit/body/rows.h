/* SPDX-License-Identifier: EUPL-1.2 */
/* rows - tables for a scrubber: lines of a pack, an input, what must come out;
 * whole and at any cut. */
#ifndef TESTS_UNIT_BODY_ROWS_H
#define TESTS_UNIT_BODY_ROWS_H

#include <errno.h>

#include "base/buf.h"
#include "lib/tap.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

#define ROWS_OF(row) row, sizeof row / sizeof *row

struct row {
	const char *name, *lines, *in, *want; /* want NULL: -EBADMSG */
};

/* right: the answer; want: the output where it is 0. */
static inline void test_input(feed_f *feed, const char *name, const char *lines,
    struct span in, int right, struct span want)
{
	struct rules *rules = rules_new(lines, false);
	const struct plan *plan = rules_plan(rules);
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	tap_int(
	    feed(plan, &env, in, in.n, in.n, &out), right, "%s: answer", name);
	if (right == 0)
		tap_span(buf_span(&out), want, "%s", name);
	tap_ok(feed_any_cut(feed, plan, &env, in, right, want, &out),
	    "%s: at any cut", name);
	buf_fini(&out);
	rules_free(rules);
}

/* What came out goes in: nothing changes a second time. */
static inline void test_again(
    feed_f *feed, const char *name, const char *lines, struct span want)
{
	struct rules *rules = rules_new(lines, false);
	struct env env = rules_env(NULL);
	struct buf out;

	buf_init(&out, 4096);
	feed(rules_plan(rules), &env, want, want.n, want.n, &out);
	tap_span(buf_span(&out), want, "%s: again", name);
	buf_fini(&out);
	rules_free(rules);
}

static inline void test_rows(feed_f *feed, const struct row *row, size_t n)
{
	for (const struct row *t = row; t < row + n; t++)
		test_input(feed, t->name, t->lines, span_str(t->in),
		    t->want != NULL ? 0 : -EBADMSG, span_str(t->want));
}

/* An input of head, n times text, and tail; then the answer. */
struct size_row {
	const char *name, *lines, *head, *text;
	size_t n;
	const char *tail;
	int want;
};

/* Whole and in pieces of step bytes. */
static inline void test_size_rows(
    feed_f *feed, const struct size_row *row, size_t n, size_t step)
{
	struct env env = rules_env(NULL);
	struct buf in, out;

	buf_init(&in, 4u << 20);
	buf_init(&out, 4u << 20);
	for (const struct size_row *t = row; t < row + n; t++) {
		struct rules *rules = rules_new(t->lines, false);
		const struct plan *plan = rules_plan(rules);

		buf_reset(&in);
		buf_add_str(&in, t->head);
		for (size_t i = 0; i < t->n; i++)
			buf_add_str(&in, t->text);
		buf_add_str(&in, t->tail);
		tap_int(feed(plan, &env, buf_span(&in), buf_len(&in), 1, &out),
		    t->want, "%s, whole", t->name);
		tap_int(feed(plan, &env, buf_span(&in), 0, step, &out), t->want,
		    "%s, in pieces", t->name);
		rules_free(rules);
	}
	buf_fini(&in);
	buf_fini(&out);
}

#endif
