/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/host.h"

#include <errno.h>

#include "base/arena.h"
#include "engine/host_list.h"
#include "engine/match.h"
#include "engine/names.h"

/* A pattern with stars, in the list of its longest suffix of plain labels:
 * "us*.cloud.zoom.us" stands under "cloud.zoom.us". */
struct glob {
	struct span pattern;
	uint32_t number;
	uint32_t literal; /* characters that are no star */
	uint32_t next;    /* the next best under this suffix, or HOST_NONE */
};

struct hosts {
	struct names exact;  /* host to number of pattern */
	struct names suffix; /* suffix to its place in head */
	uint32_t *head;      /* index into glob, best first */
	uint32_t nhead;
	struct glob *glob;
	uint32_t nglob;
	struct host_list *list; /* owned; NULL: none */
	uint32_t listed[HOST_LISTS_MAX]; /* number of list to that of pattern */
	uint32_t nlisted;
};

/* The last label of *rest, which is cut off with its point. */
static struct span take_last(struct span *rest)
{
	size_t i = rest->n;
	struct span label;

	while (i > 0 && rest->p[i - 1] != '.')
		i--;
	label = span_from(*rest, i);
	rest->n = i > 0 ? i - 1 : 0;
	return label;
}

bool host_fits(struct span pattern, struct span host)
{
	struct span label;

	if (span_eq(pattern, SPAN("*")))
		return host.n > 0;
	while (pattern.n > 0 && host.n > 0) {
		label = take_last(&pattern);
		if (pattern.n == 0 && span_eq(label, SPAN("*")))
			return true; /* one or more labels are left */
		if (!glob_match(label, take_last(&host)))
			return false;
	}
	return pattern.n == 0 && host.n == 0;
}

/* The labels behind the last one that has a star; empty when there is none. */
static struct span plain_suffix(struct span pattern)
{
	struct span rest = pattern;
	size_t start = pattern.n;

	while (rest.n > 0) {
		struct span label = take_last(&rest);

		if (span_chr(label, '*') < label.n)
			break;
		start = (size_t)(label.p - pattern.p);
	}
	return span_from(pattern, start);
}

static uint32_t count_literal(struct span pattern)
{
	uint32_t n = 0;

	for (size_t i = 0; i < pattern.n; i++)
		n += pattern.p[i] != '*';
	return n;
}

/* Put g into the list of its suffix; more literal characters come first, then
 * the earlier line. -EEXIST with the equal one in *ret_equal. */
static int insert(struct hosts *h, struct glob *g, uint32_t *ret_equal)
{
	struct span suffix = plain_suffix(g->pattern);
	uint32_t list = names_get(&h->suffix, suffix), *at;

	if (list == NAMES_NONE) {
		list = h->nhead++;
		names_add(&h->suffix, suffix, list);
		h->head[list] = HOST_NONE;
	}
	for (at = &h->head[list]; *at != HOST_NONE; at = &h->glob[*at].next)
		if (span_eq(h->glob[*at].pattern, g->pattern)) {
			*ret_equal = h->glob[*at].number;
			return -EEXIST;
		}
	at = &h->head[list];
	while (*at != HOST_NONE && h->glob[*at].literal >= g->literal)
		at = &h->glob[*at].next;
	g->next = *at;
	*at = (uint32_t)(g - h->glob);
	return 0;
}

static int add(
    struct hosts *h, struct span pattern, uint32_t number, uint32_t *ret_equal)
{
	struct glob *g;

	if (span_chr(pattern, '*') == pattern.n) {
		if (names_add(&h->exact, pattern, number) == 0)
			return 0;
		*ret_equal = names_get(&h->exact, pattern);
		return -EEXIST;
	}
	if (plain_suffix(pattern).n == 0)
		return -EINVAL;
	g = &h->glob[h->nglob++];
	*g = (struct glob){ .pattern = pattern,
		.number = number,
		.literal = count_literal(pattern) };
	return insert(h, g, ret_equal);
}

/* ---- lists ---- */

static bool is_name(struct span s)
{
	size_t label = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '.' ? label == 0 : ++label > 63)
			return false;
		if (c == '.')
			label = 0;
		else if ((c < 'a' || c > 'z') && !ascii_digit(c) && c != '-' &&
		         c != '_')
			return false;
	}
	return label > 0;
}

int hosts_line(struct span *rest, char out[HOST_NAME_MAX_BYTES])
{
	struct span line = span_cut(rest, '\n'), zero = SPAN("0.0.0.0 "),
		    own = SPAN("127.0.0.1 ");

	line = span_trim(span_of(line.p, span_chr(line, '#')));
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line = span_trim(span_of(line.p, line.n - 1));
	if (span_starts(line, zero))
		line = span_trim(span_from(line, zero.n));
	else if (span_starts(line, own))
		line = span_trim(span_from(line, own.n));
	if (line.n == 0)
		return 0;
	if (line.n > HOST_NAME_MAX_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < line.n; i++)
		out[i] = ascii_lower(line.p[i]);
	return is_name(span_of(out, line.n)) ? (int)line.n : -EINVAL;
}

static void add_list(struct hosts *h, struct span text, uint32_t number)
{
	char name[HOST_NAME_MAX_BYTES];
	int n;

	while (text.n > 0)
		if ((n = hosts_line(&text, name)) > 0)
			host_list_add(h->list,
			    names_sum(span_of(name, (size_t)n), false),
			    h->nlisted);
	h->listed[h->nlisted++] = number;
}

static int make_list(
    struct hosts *h, const struct host_pattern *pattern, uint32_t n)
{
	uint32_t lists = 0;
	size_t names = 0;

	for (uint32_t i = 0; i < n; i++)
		if (pattern[i].list.n > 0) {
			lists++;
			names += pattern[i].names;
		}
	if (lists > HOST_LISTS_MAX || names > HOST_LIST_NAMES_MAX)
		return -E2BIG;
	if (lists > 0 && (h->list = host_list_new(names)) == NULL)
		return -ENOMEM;
	return 0;
}

/* ---- the whole ---- */

int hosts_build(struct arena *a, const struct host_pattern *pattern, uint32_t n,
    struct hosts **ret_hosts, uint32_t ret_twice[2])
{
	struct hosts *h = arena_zalloc(a, sizeof *h);
	uint32_t stars = 0;
	int r;

	*ret_hosts = h;
	if (h == NULL)
		return arena_error(a);
	for (uint32_t i = 0; i < n; i++)
		stars += span_chr(pattern[i].pattern, '*') <
		         pattern[i].pattern.n;
	h->glob = arena_alloc(a, stars * sizeof *h->glob);
	h->head = arena_alloc(a, stars * sizeof *h->head);
	if ((r = names_init(&h->exact, a, n - stars, false)) < 0 ||
	    (r = names_init(&h->suffix, a, stars, false)) < 0)
		return r;
	if (arena_error(a) < 0)
		return arena_error(a);
	if ((r = make_list(h, pattern, n)) < 0)
		return r;
	for (uint32_t i = 0; i < n; i++) {
		if (pattern[i].list.n > 0) {
			add_list(h, pattern[i].list, i);
			continue;
		}
		r = add(h, pattern[i].pattern, i, &ret_twice[0]);
		if (r < 0) {
			ret_twice[r == -EEXIST ? 1 : 0] = i;
			return r;
		}
	}
	return 0;
}

void hosts_fini(struct hosts *h)
{
	if (h == NULL)
		return;
	host_list_free(h->list);
	h->list = NULL;
}

/* Number of the pattern whose list names host, or HOST_NONE. */
static uint32_t find_listed(const struct hosts *h, struct span host)
{
	uint32_t list = h->list != NULL
	                    ? host_list_get(h->list, names_sum(host, false))
	                    : HOST_LIST_NONE;

	return list == HOST_LIST_NONE ? HOST_NONE : h->listed[list];
}

uint32_t hosts_find(const struct hosts *h, struct span host)
{
	char low[HOST_NAME_MAX_BYTES];
	uint32_t found, literal = 0, list;
	struct span rest;

	if (host.n == 0 || host.n > sizeof low)
		return HOST_NONE;
	for (size_t i = 0; i < host.n; i++)
		low[i] = ascii_lower(host.p[i]);
	host.p = low;
	if ((found = names_get(&h->exact, host)) != NAMES_NONE ||
	    (found = find_listed(h, host)) != HOST_NONE)
		return found;
	for (rest = host; rest.n > 0; span_cut(&rest, '.')) {
		if ((list = names_get(&h->suffix, rest)) == NAMES_NONE)
			continue;
		for (uint32_t i = h->head[list]; i != HOST_NONE;
		     i = h->glob[i].next) {
			const struct glob *g = &h->glob[i];

			if (g->literal < literal ||
			    (g->literal == literal && g->number > found))
				break; /* what follows is no better */
			if (!host_fits(g->pattern, host))
				continue;
			found = g->number;
			literal = g->literal;
			break;
		}
	}
	return found;
}
