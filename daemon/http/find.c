/* SPDX-License-Identifier: EUPL-1.2 */
#include "http/find.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "engine/match.h"
#include "engine/treat.h"
#include "http/uri.h"

/* Where the search stands. text is scratch. */
struct search {
	const struct where *where;
	struct arena *arena;
	struct buf text;
	struct span value; /* found */
};

/* Without its escapes; itself where it has none. 0 or an error. */
static int decode(
    struct search *s, struct span coded, bool plus, struct span *ret_plain)
{
	int r;

	buf_reset(&s->text);
	r = uri_decode(coded, plus, &s->text);
	*ret_plain = buf_span(&s->text);
	return r == -EINVAL ? -EBADMSG : r;
}

/* Keep value; 0 or an error; 1: it is empty. */
static int take(struct search *s, struct span value)
{
	if (value.n == 0)
		return 1;
	if (value.n > FIND_VALUE_MAX_BYTES)
		return -ENOBUFS;
	s->value = arena_dup(s->arena, value);
	return arena_error(s->arena);
}

static int take_coded(struct search *s, struct span coded, bool plus)
{
	struct span plain;
	int r = decode(s, coded, plus, &plain);

	return r < 0 ? r : take(s, plain);
}

static int in_fields(struct search *s, const struct msg *m)
{
	int r = 1;

	for (unsigned i = 0; i < m->nfields && r == 1; i++)
		if (!m->field[i].gone &&
		    glob_match_nocase(s->where->name, m->field[i].name))
			r = take(s, span_trim(m->field[i].value));
	return r;
}

static int in_cookies(struct search *s, const struct msg *m)
{
	int r = 1;

	for (unsigned i = 0; i < m->nfields; i++) {
		struct span rest = m->field[i].value, value, name;

		if (m->field[i].id != FIELD_COOKIE || m->field[i].gone)
			continue;
		while (rest.n > 0 && r == 1) {
			value = span_trim(span_cut(&rest, ';'));
			name = span_trim(span_cut(&value, '='));
			if (glob_match(s->where->name, name))
				r = take(s, span_trim(value));
		}
	}
	return r;
}

static int in_query(struct search *s, struct span query)
{
	int r = 1;

	while (query.n > 0 && r == 1) {
		struct span value = span_cut(&query, '&'), name;

		name = span_cut(&value, '=');
		if (decode(s, name, true, &name) == 0 &&
		    glob_match(s->where->name, name))
			r = take_coded(s, value, true);
	}
	return r;
}

static int in_path(struct search *s, struct span path)
{
	struct span after = SPAN("after:"), prev = SPAN(""), segment;
	uint64_t number = 0;
	int r = 1;

	if (span_starts(s->where->name, after))
		after = span_from(s->where->name, after.n);
	else if (span_u64(s->where->name, UINT32_MAX, &number) < 0)
		return 1;
	for (uint64_t i = 1; path.n > 0 && r == 1; i++) {
		path = span_from(path, 1); /* the slash */
		segment = span_of(path.p, span_chr(path, '/'));
		path = span_from(path, segment.n);
		if (number > 0 ? i == number
		               : decode(s, prev, false, &prev) == 0 &&
		                     span_eq(prev, after))
			r = take_coded(s, segment, false);
		prev = segment;
	}
	return r;
}

static int look(struct search *s, const struct msg *m)
{
	struct span path, query;

	uri_split(m->path, &path, &query);
	switch (s->where->carrier) {
	case CARRIER_HEADER:
		return in_fields(s, m);
	case CARRIER_COOKIE:
		return in_cookies(s, m);
	case CARRIER_QUERY:
		return in_query(s, query);
	case CARRIER_PATH:
		return path.n > 0 && path.p[0] == '/' ? in_path(s, path) : 1;
	case CARRIER_FORM:
	case CARRIER_MULTIPART:
	case CARRIER_JSON:
	case CARRIER_XML:
	case CARRIER_SDP:
	case CARRIER_PROTO:
	case CARRIER_TEXT:
	case CARRIER_HOST:
	case CARRIER_SOCKET:
	case CARRIER_PARTY:
	case CARRIER_PLACE:
	case CARRIER_NET:
	case CARRIER_COUNT:
		break;
	}
	return 1;
}

/* The steps of the last link, if there is one. */
static int unwrap(struct search *s)
{
	const struct where *steps = s->where->next;
	struct span value = s->value;
	int r;

	if (steps == NULL)
		return 0;
	if (steps->carrier != CARRIER_COUNT)
		return 1;
	buf_reset(&s->text);
	r = treat_unwrap(NULL, steps->step, steps->nsteps, value, &s->text);
	return r < 0 ? r : take(s, buf_span(&s->text));
}

int find_value(const struct msg *m, const struct where *w, struct arena *a,
    struct span *ret_value)
{
	struct search s = { .where = w, .arena = a };
	int r;

	buf_init(&s.text, FIND_VALUE_MAX_BYTES);
	r = look(&s, m);
	if (r == 0)
		r = unwrap(&s);
	buf_fini(&s.text);
	*ret_value = r == 0 ? s.value : SPAN("");
	return r;
}
