/* SPDX-License-Identifier: EUPL-1.2 */
/* torture - let each allocation fail in turn: an error or the right output,
 * never a value that was to go. For one file of a program that is linked with
 * --wrap=malloc,--wrap=calloc. */
#ifndef TESTS_UNIT_BODY_TORTURE_H
#define TESTS_UNIT_BODY_TORTURE_H

#include "lib/fails.h"
#include "lib/tap.h"
#include "unit/body/feed.h"
#include "unit/body/rules.h"

struct torture {
	feed_f *feed;
	const char *lines; /* that drop or change any "Erika" */
	struct span in, want;
	int also; /* an error that is right, too, beside -ENOMEM */
};

static void torture_at(size_t row, const struct torture *t, size_t step)
{
	struct rules *rules = rules_new(t->lines, false);
	struct env env = rules_env(NULL);
	bool good = true;
	struct buf out;
	long n = 0;
	int r;

	buf_keep_none();
	do {
		buf_init(&out, 4096);
		until = ++n;
		r = t->feed(rules_plan(rules), &env, t->in, step, step, &out);
		until = -1;
		good =
		    good && (r == 0 || r == -ENOMEM || r == t->also) &&
		    span_find(buf_span(&out), SPAN("Erika")) == buf_len(&out);
		if (r == 0)
			tap_span(buf_span(&out), t->want,
			    "row %zu, %zu at a time: done", row, step);
		buf_fini(&out);
	} while (r != 0 && n < 1000);
	tap_ok(good, "%ld allocations failed in turn", n - 1);
	tap_ok(n > 3, "some did");
	rules_free(rules);
}

static void torture(size_t row, const struct torture *t)
{
	for (size_t step = 1; step < 1000; step = step * 7 + 1)
		torture_at(row, t, step);
}

#endif
