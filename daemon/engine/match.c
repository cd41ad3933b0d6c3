/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/match.h"

#include <errno.h>

#include "engine/message.h"
#include "engine/plan.h"
#include "engine/ruleset_int.h"

#define PATH_BYTES_MAX 4096
#define PATH_ROUNDS_MAX 4 /* times a path may be percent-encoded over */
#define PAIR_BYTES_MAX 2048

int match_host(
    const struct ruleset *r, struct span host, struct host_match *ret_match)
{
	struct owned_host found;

	*ret_match = (struct host_match){ .service = NULL };
	if (!ruleset_find_host(r, host, &found))
		return -ENOENT;
	ret_match->service = found.service;
	ret_match->line = found.line;
	ruleset_reach(r, found.line->id);
	return 0;
}

/* ---- the path, as a server may read it ---- */

/* Does a server perhaps read this path otherwise than it stands there? */
static bool is_odd(struct span path)
{
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i], next = i + 1 < path.n ? path.p[i + 1] : 0;

		if (c == '%' || c == '\\' || c == ';' ||
		    (c == '/' && (next == '/' || next == '.')))
			return true;
	}
	return false;
}

/* Undo one round of percent-encoding in place; true when there was any. */
static bool decode_round(char *p, size_t *n)
{
	size_t to = 0;
	bool any = false;

	for (size_t i = 0; i < *n; i++) {
		int high = -1, low = -1;

		if (p[i] == '%' && *n - i > 2) {
			high = ascii_hex(p[i + 1]);
			low = ascii_hex(p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			p[to++] = (char)(high << 4 | low);
			i += 2;
			any = true;
		} else {
			p[to++] = p[i];
		}
	}
	*n = to;
	return any;
}

/* Back to the last '/' before n. */
static size_t drop_segment(const char *p, size_t n)
{
	while (n > 0 && p[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* Parameters of segments (";x=1"), "." and "..", empty segments: all gone, in
 * place. The path starts with '/'. */
static size_t fold_segments(char *p, size_t n)
{
	struct span rest = span_of(p + 1, n - 1), segment;
	size_t to = 0;
	bool folder = true; /* ends with a slash */

	while (rest.n > 0) {
		bool last = span_chr(rest, '/') == rest.n;

		segment = span_cut(&rest, '/');
		segment.n = span_chr(segment, ';');
		folder = true;
		if (segment.n == 0 || span_eq(segment, SPAN(".")))
			continue;
		if (span_eq(segment, SPAN(".."))) {
			to = drop_segment(p, to);
			continue;
		}
		p[to] = '/';
		memmove(p + to + 1, segment.p, segment.n);
		to += segment.n + 1;
		folder = !last;
	}
	if (folder)
		p[to++] = '/';
	return to;
}

/* The plainest form of a path: percent-decoded until nothing is left, '\' as
 * '/', segments folded. 0 or -E2BIG. */
static int plain_path(
    struct span path, char mem[PATH_BYTES_MAX], struct span *ret_path)
{
	size_t n = path.n;
	unsigned rounds = 0;

	*ret_path = path;
	if (!is_odd(path))
		return 0;
	if (n > PATH_BYTES_MAX)
		return -E2BIG;
	memcpy(mem, path.p, n);
	while (decode_round(mem, &n))
		if (++rounds > PATH_ROUNDS_MAX)
			return -E2BIG;
	for (size_t i = 0; i < n; i++)
		if (mem[i] == '\\')
			mem[i] = '/';
	if (n > 0 && mem[0] == '/')
		n = fold_segments(mem, n);
	*ret_path = span_of(mem, n);
	return 0;
}

/* ---- the query ---- */

static char decode_char(struct span s, size_t *i)
{
	char c = s.p[*i];
	int high, low;

	if (c == '+')
		return ' ';
	if (c != '%' || s.n - *i < 3)
		return c;
	high = ascii_hex(s.p[*i + 1]);
	low = ascii_hex(s.p[*i + 2]);
	if (high < 0 || low < 0)
		return c;
	*i += 2;
	return (char)(high << 4 | low);
}

static bool decoded_eq(struct span coded, struct span plain)
{
	size_t n = 0;

	for (size_t i = 0; i < coded.n; i++, n++)
		if (n == plain.n || decode_char(coded, &i) != plain.p[n])
			return false;
	return n == plain.n;
}

/* A value that is too long to look at counts as fitting: then more rules apply,
 * not fewer. */
static bool decoded_fits(struct span coded, struct span glob)
{
	char mem[PAIR_BYTES_MAX];
	size_t n = 0;

	if (coded.n > sizeof mem)
		return true;
	for (size_t i = 0; i < coded.n; i++)
		mem[n++] = decode_char(coded, &i);
	return glob_match(glob, span_of(mem, n));
}

/* cond: NAME or NAME=GLOB. */
static bool query_fits(struct span query, struct span cond)
{
	struct span glob = cond, name = span_cut(&glob, '=');
	bool any = name.n == cond.n;

	while (query.n > 0) {
		struct span value = span_cut(&query, '&');
		struct span key = span_cut(&value, '=');

		if (decoded_eq(key, name) && (any || decoded_fits(value, glob)))
			return true;
	}
	return false;
}

/* There at least once, and nowhere empty: a server may take any of them. */
static bool query_gives(struct span query, struct span name)
{
	bool given = false;

	while (query.n > 0) {
		struct span value = span_cut(&query, '&');
		struct span key = span_cut(&value, '=');

		if (!decoded_eq(key, name))
			continue;
		if (value.n == 0)
			return false;
		given = true;
	}
	return given;
}

/* ---- entries ---- */

/* A subject with what is worked out once for all entries. */
struct look {
	const struct subject *q;
	struct span plain;     /* path in its plainest form */
	struct span host_glob; /* the pattern asked last ... */
	bool host_fit;         /* ... and its answer */
};

/* How an entry compares a path that can be read in two ways. */
enum care {
	REWRITES, /* as received or in its plainest form */
	REFUSES,  /* the same, the latter without case, as some servers do */
	ALLOWS    /* both must fit: nobody may read it otherwise */
};

static bool path_fits(const struct look *l, struct span glob, enum care care)
{
	struct span path = l->q->path;
	bool one = l->plain.p == path.p;

	switch (care) {
	case REWRITES:
		return glob_match(glob, path) ||
		       (!one && glob_match(glob, l->plain));
	case REFUSES:
		return glob_match_nocase(glob, l->plain) ||
		       glob_match(glob, path);
	case ALLOWS:
		break;
	}
	return glob_match(glob, path) && (one || glob_match(glob, l->plain));
}

static bool fits(struct look *l, const struct when *w, enum care care)
{
	const struct subject *q = l->q;

	if (!span_eq(w->method, SPAN("*")) && !span_eq(w->method, q->method))
		return false;
	if (!span_eq(w->host, l->host_glob)) {
		l->host_glob = w->host;
		l->host_fit = host_fits(w->host, q->host);
	}
	if (!l->host_fit)
		return false;
	if (!path_fits(l, w->path, care))
		return false;
	if (w->query.n > 0 && !query_fits(q->query, w->query))
		return false;
	return w->content.n == 0 || glob_match_nocase(w->content, q->content);
}

static struct span need_name(const struct entry *e)
{
	struct span name = e->need;

	span_cut(&name, ' '); /* "query": checked by ruleset_build */
	return span_trim(name);
}

static enum why why_of(enum category c)
{
	if (c == CATEGORY_TELEMETRY)
		return WHY_TELEMETRY;
	return c == CATEGORY_RECORDING ? WHY_RECORDING : WHY_DENIED;
}

static bool find_deny(const struct ruleset *r, const struct service *s,
    struct look *l, struct request_match *m)
{
	for (uint32_t i = 0; i < s->join.n; i++) {
		const struct entry *e = &s->join.p[i];

		if (!fits(l, &e->when, REFUSES))
			continue;
		ruleset_reach(r, e->id);
		if (query_gives(l->q->query, need_name(e)))
			continue;
		m->deny = e;
		m->why = WHY_NO_PASSCODE;
		return true;
	}
	for (uint32_t i = 0; i < s->request.n; i++) {
		const struct entry *e = &s->request.p[i];

		if (e->allows && fits(l, &e->when, ALLOWS)) {
			ruleset_reach(r, e->id);
			return false;
		}
		if (!e->denies || !fits(l, &e->when, REFUSES))
			continue;
		ruleset_reach(r, e->id);
		m->deny = e;
		m->why = why_of(e->category);
		return true;
	}
	return false;
}

/* A path nobody can tell the meaning of: refused where anything is. */
static bool deny_unclear(const struct service *s, struct request_match *m)
{
	for (uint32_t i = 0; i < s->request.n && m->deny == NULL; i++)
		if (s->request.p[i].denies)
			m->deny = &s->request.p[i];
	if (m->deny == NULL && s->join.n > 0)
		m->deny = &s->join.p[0];
	m->why = WHY_DENIED;
	return m->deny != NULL;
}

/* Is there anything in the entry for a plan? */
static bool says_how(const struct entry *e)
{
	return e->nstrip > 0 || e->pass_unread || e->form != ENTRY_AUTO ||
	       e->meeting != NULL;
}

static int find_plan(const struct ruleset *r,
    const struct list_of_entries *list, struct plans *cache, struct look *l,
    const struct plan **ret_plan)
{
	const struct entry *pick[RULE_ENTRIES_MAX];
	size_t n = 0;

	*ret_plan = NULL;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->p[i];

		if (e->denies || !says_how(e) || !fits(l, &e->when, REWRITES))
			continue;
		if (n == RULE_ENTRIES_MAX)
			return -ENOBUFS;
		ruleset_reach(r, e->id);
		pick[n++] = e;
	}
	return plan_get(cache, pick, n, ret_plan);
}

int match_request(const struct ruleset *r, const struct service *s,
    const struct subject *q, struct request_match *ret_match)
{
	char mem[PATH_BYTES_MAX];
	struct look l = { .q = q };

	*ret_match = (struct request_match){ .why = WHY_DONE };
	if (plain_path(q->path, mem, &l.plain) < 0 &&
	    deny_unclear(s, ret_match))
		return 0;
	if (find_deny(r, s, &l, ret_match))
		return 0;
	return find_plan(r, &s->request, s->up, &l, &ret_match->plan);
}

int match_response(const struct ruleset *r, const struct service *s,
    const struct subject *q, const struct plan **ret_plan)
{
	char mem[PATH_BYTES_MAX];
	struct look l = { .q = q };

	plain_path(q->path, mem, &l.plain); /* too long: as it stands */
	return find_plan(r, &s->response, s->down, &l, ret_plan);
}

/* ---- WebSockets ---- */

/* protocols: a list with commas. */
static bool protocol_fits(struct span glob, struct span protocols)
{
	if (glob.n == 0)
		return true;
	do {
		struct span one = span_trim(span_cut(&protocols, ','));

		if (glob_match_nocase(glob, one))
			return true;
	} while (protocols.n > 0);
	return false;
}

/* Must a message be read, or held, for this entry? */
static bool reads(const struct entry *e)
{
	return e->nstrip > 0 || e->denies || e->allows || e->form != ENTRY_AUTO;
}

static enum care care_of(const struct entry *e)
{
	if (e->denies)
		return REFUSES;
	return e->allows ? ALLOWS : REWRITES;
}

/* The entries of one way, while they are picked. */
struct picked {
	const struct entry *entry[RULE_ENTRIES_MAX];
	size_t n;
	bool reads;
};

static void pick(struct picked *p, const struct entry *e)
{
	p->entry[p->n++] = e;
	p->reads = p->reads || reads(e);
}

static int take_rules(struct messages *cache, const struct picked *p,
    const struct message_rules **ret_rules)
{
	*ret_rules = NULL;
	return p->reads ? messages_get(cache, p->entry, p->n, ret_rules) : 0;
}

int match_socket(const struct ruleset *r, const struct service *s,
    const struct subject *q, struct span protocols,
    struct socket_match *ret_match)
{
	char mem[PATH_BYTES_MAX];
	struct picked up = { .n = 0 }, down = { .n = 0 };
	struct look l = { .q = q };
	int e;

	*ret_match = (struct socket_match){ .why = WHY_DONE };
	plain_path(q->path, mem, &l.plain); /* match_request refuses */
	for (uint32_t i = 0; i < s->websocket.n; i++) {
		const struct entry *at = &s->websocket.p[i];
		const struct socket_rule *rule = at->socket;

		if (!protocol_fits(rule->protocol, protocols) ||
		    !fits(&l, &at->when, care_of(at)))
			continue;
		ret_match->named = true;
		ret_match->plain = ret_match->plain || rule->plain;
		if (rule->where == NULL)
			ruleset_reach(r, at->id);
		if (at->denies && rule->fate == MESSAGE_SOCKET) {
			ret_match->deny = at;
			ret_match->why = why_of(at->category);
			return 0;
		}
		if (rule->up)
			pick(&up, at);
		if (rule->down)
			pick(&down, at);
	}
	if ((e = take_rules(s->messages_up, &up, &ret_match->up)) < 0)
		return e;
	return take_rules(s->messages_down, &down, &ret_match->down);
}

const struct entry *match_socket_next(
    const struct service *s, const struct subject *q, uint32_t *i)
{
	char mem[PATH_BYTES_MAX];
	struct look l = { .q = q };

	plain_path(q->path, mem, &l.plain);
	while (*i < s->websocket.n) {
		const struct entry *e = &s->websocket.p[(*i)++];

		if (fits(&l, &e->when, care_of(e)))
			return e;
	}
	return NULL;
}
