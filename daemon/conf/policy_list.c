/* SPDX-License-Identifier: EUPL-1.2 */
/* policy_list - files of host names that a pack denies, one a line. */
#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "conf/policy_int.h"
#include "engine/host.h"

/* Every line is a name, or none; how many names. */
static int count(const struct pack *p, const char *path, struct span text,
    uint32_t *ret_n)
{
	char name[HOST_NAME_MAX_BYTES];
	struct span rest = text, line;
	int n;

	*ret_n = 0;
	for (unsigned number = 1; rest.n > 0; number++) {
		line = rest;
		if ((n = hosts_line(&rest, name)) < 0) {
			line = span_of(line.p, span_chr(line, '\n'));
			snprintf(p->err, CONF_ERR_BYTES,
			    "%.200s:%u: \"%.*s\": expected the name of a host, "
			    "one a line, without *",
			    path, number, line.n > 60 ? 60 : (int)line.n,
			    line.p);
			return -EINVAL;
		}
		*ret_n += n > 0;
	}
	return 0;
}

int policy_host_list(const struct pack *p, const struct lex *l,
    const config_setting_t *s, struct span name, struct host_line *h)
{
	struct span file;
	const char *path;
	int r;

	if (h->verdict != VERDICT_DENY)
		return lex_fail(l, s, "file: names hosts that are denied");
	h->pattern = arena_join(
	    p->arena, (const struct span[]){ name, span_of("", 1) }, 2);
	if (h->pattern.p == NULL)
		return lex_error(l, s, arena_error(p->arena), "");
	h->pattern.n = name.n;
	file = span_from(h->pattern, span_chr(h->pattern, ':') + 1);
	r = policy_find(
	    p, l, s, "file", "lists/trackers.hosts", file, &path, &h->list);
	if (r < 0)
		return r;
	/* of a service that is off they are not asked for */
	return p->idle ? 0 : count(p, path, h->list, &h->listed);
}
