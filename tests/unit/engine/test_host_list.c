/* SPDX-License-Identifier: EUPL-1.2 */
/* Lists of host names: the lines of such a file, and many names in one table. */
#include <stdio.h>

#include "base/arena.h"
#include "engine/host.h"
#include "engine/host_list.h"
#include "engine/names.h"
#include "lib/tap.h"

#define MANY 200000u

static void lines(void)
{
	static const struct {
		const char *line;
		const char *name; /* "": none; NULL: wrong */
	} row[] = {
		{ "px.example", "px.example" },
		{ "  PX.Example \r", "px.example" },
		{ "0.0.0.0 px.example", "px.example" },
		{ "127.0.0.1\tpx.example", NULL },
		{ "127.0.0.1 px.example # why", "px.example" },
		{ "_dmarc.a-b.example", "_dmarc.a-b.example" },
		{ "# px.example", "" },
		{ "", "" },
		{ " \r", "" },
		{ "*.px.example", NULL },
		{ "px..example", NULL },
		{ ".px.example", NULL },
		{ "px.example.", NULL },
		{ "px.example other.example", NULL },
		{ "https://px.example/", NULL },
		{ "px.\303\244.example", NULL },
	};
	char out[HOST_NAME_MAX_BYTES];

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct span rest = span_str(row[i].line);
		int n = hosts_line(&rest, out);

		if (row[i].name == NULL)
			tap_ok(n < 0, "refused: \"%s\"", row[i].line);
		else
			tap_ok(n >= 0 && span_eq(span_of(out, (size_t)n),
			                     span_str(row[i].name)),
			    "\"%s\" is \"%s\"", row[i].line, row[i].name);
		tap_ok(rest.n == 0, "the line is cut off");
	}
}

static uint64_t sum_of(unsigned i, const char *domain)
{
	char name[64];

	snprintf(name, sizeof name, "px%u.%s", i, domain);
	return names_sum(span_str(name), false);
}

static void many(void)
{
	struct host_list *l = host_list_new(MANY);
	unsigned found = 0, strangers = 0;

	for (unsigned i = 0; i < MANY; i++)
		host_list_add(
		    l, sum_of(i, "tracker.example"), i % HOST_LISTS_MAX);
	for (unsigned i = 0; i < MANY; i++)
		host_list_add(l, sum_of(i, "tracker.example"), 0);
	for (unsigned i = 0; i < MANY; i++) {
		found += host_list_get(l, sum_of(i, "tracker.example")) ==
		         i % HOST_LISTS_MAX;
		strangers += host_list_get(l, sum_of(i, "meet.example")) !=
		             HOST_LIST_NONE;
	}
	tap_ok(found == MANY, "every name has the number that came first");
	tap_ok(strangers == 0, "other names are not there");
	host_list_free(l);
	l = host_list_new(0);
	tap_ok(host_list_get(l, sum_of(1, "a.example")) == HOST_LIST_NONE,
	    "an empty list has none");
	host_list_free(l);
	host_list_free(NULL);
}

static void order(void)
{
	const struct host_pattern pattern[] = {
		{ SPAN("*.meet.example"), SPAN_NONE, 0 },
		{ SPAN("file:a"), SPAN("px.meet.example\nown.meet.example\n"), 2 },
		{ SPAN("own.meet.example"), SPAN_NONE, 0 },
		{ SPAN("file:b"), SPAN("px.meet.example\nother.example"), 2 },
	};
	struct arena *a = arena_new(1u << 20);
	struct hosts *h = NULL;
	uint32_t twice[2];

	tap_ok(hosts_build(a, pattern, 4, &h, twice) == 0, "built");
	tap_ok(hosts_find(h, SPAN("PX.meet.example")) == 1,
	    "the first list, before the pattern");
	tap_ok(hosts_find(h, SPAN("own.meet.example")) == 2,
	    "a plain name of a pack before a list");
	tap_ok(hosts_find(h, SPAN("x.meet.example")) == 0, "the pattern");
	tap_ok(hosts_find(h, SPAN("other.example")) == 3, "the second list");
	tap_ok(hosts_find(h, SPAN("file:a")) == HOST_NONE, "no name of a file");
	hosts_fini(h);
	arena_free(a);
}

int main(void)
{
	lines();
	many();
	order();
	return tap_done();
}
