/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/jpath_int.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/arena.h"

static int refuse(char err[PARSE_ERR_BYTES], struct span path, const char *why)
{
	snprintf(err, PARSE_ERR_BYTES,
	    "JSON path \"%.*s\": %s; a path is \"$\" followed by .name, "
	    "['any key'], .*, [*], [n], ..name or ..*",
	    path.n > 120 ? 120 : (int)path.n, path.p, why);
	return -EINVAL;
}

static bool is_name_char(char c)
{
	return ascii_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
	       (c & 0x80) != 0;
}

/* Take the characters of a name off *rest. */
static struct span take_name(struct span *rest)
{
	struct span name = span_of(rest->p, 0);

	while (name.n < rest->n && is_name_char(rest->p[name.n]))
		name.n++;
	*rest = span_from(*rest, name.n);
	return name;
}

/* The text between quotes; *rest starts with the quote and ends up behind the
 * closing one. NULL or what is wrong. */
static const char *take_quoted(
    struct span *rest, struct span *ret_text, bool *ret_escaped)
{
	char quote = rest->p[0];
	size_t i = 1;

	*ret_escaped = false;
	for (; i < rest->n && rest->p[i] != quote; i++) {
		if ((unsigned char)rest->p[i] < ' ')
			return "a control character stands in the key";
		if (rest->p[i] != '\\')
			continue;
		i++;
		*ret_escaped = true;
		if (i == rest->n || strchr("\\'\"", rest->p[i]) == NULL ||
		    rest->p[i] == '\0')
			return "after \\ only \\ ' or \" may follow";
	}
	if (i >= rest->n)
		return "the closing quote is missing";
	*ret_text = span_of(rest->p + 1, i - 1);
	*rest = span_from(*rest, i + 1);
	return NULL;
}

static int unescape(struct segment *s, struct arena *a)
{
	char *p;
	size_t n = 0;

	if (a == NULL)
		return 0;
	if ((p = arena_alloc(a, s->name.n)) == NULL)
		return arena_error(a);
	for (size_t i = 0; i < s->name.n; i++) {
		if (s->name.p[i] == '\\')
			i++;
		p[n++] = s->name.p[i];
	}
	s->name = span_of(p, n);
	return 0;
}

/* What follows '['. NULL or what is wrong. */
static const char *take_bracket(
    struct span *rest, struct segment *s, bool *ret_escaped)
{
	const char *why = NULL;
	struct span digits;
	uint64_t v;

	*rest = span_from(*rest, 1);
	if (rest->n == 0)
		return "the closing bracket is missing";
	if (rest->p[0] == '*') {
		s->kind = SEGMENT_ANY;
		*rest = span_from(*rest, 1);
	} else if (rest->p[0] == '\'' || rest->p[0] == '"') {
		s->kind = SEGMENT_NAME;
		why = take_quoted(rest, &s->name, ret_escaped);
	} else {
		digits = span_of(rest->p, 0);
		while (digits.n < rest->n && ascii_digit(rest->p[digits.n]))
			digits.n++;
		if (digits.n == 0 || (digits.n > 1 && digits.p[0] == '0') ||
		    span_u64(digits, JPATH_INDEX_MAX, &v) < 0)
			return "between brackets stands *, a number up to "
			       "999999 or a key in quotes";
		s->kind = SEGMENT_INDEX;
		s->index = (uint32_t)v;
		*rest = span_from(*rest, digits.n);
	}
	if (why == NULL && (rest->n == 0 || rest->p[0] != ']'))
		why = "the closing bracket is missing";
	if (why == NULL)
		*rest = span_from(*rest, 1);
	return why;
}

/* One segment off *rest. NULL or what is wrong. */
static const char *take_segment(
    struct span *rest, struct segment *s, bool *ret_escaped)
{
	*s = (struct segment){ .kind = SEGMENT_NAME };
	*ret_escaped = false;
	if (rest->p[0] == '[')
		return take_bracket(rest, s, ret_escaped);
	if (rest->p[0] != '.')
		return "a segment starts with a point or a bracket";
	*rest = span_from(*rest, 1);
	if (rest->n > 0 && rest->p[0] == '.') {
		s->deep = true;
		*rest = span_from(*rest, 1);
		if (rest->n > 0 && rest->p[0] == '[')
			return take_bracket(rest, s, ret_escaped);
	}
	if (rest->n > 0 && rest->p[0] == '*') {
		s->kind = SEGMENT_ANY;
		*rest = span_from(*rest, 1);
		return NULL;
	}
	s->name = take_name(rest);
	return s->name.n > 0 ? NULL
	                     : "a name is missing after the point "
	                       "(other keys go into ['...'])";
}

static int parse_json(struct span path, struct arena *a,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES])
{
	struct span rest = path;
	const char *why;
	bool escaped;
	int r;

	*ret_n = 0;
	if (rest.n == 0 || rest.p[0] != '$')
		return refuse(err, path, "it must start with \"$\"");
	rest = span_from(rest, 1);
	while (rest.n > 0) {
		if (*ret_n == JPATH_SEGMENTS_MAX)
			return refuse(err, path, "over 32 segments");
		why = take_segment(&rest, &segment[*ret_n], &escaped);
		if (why != NULL)
			return refuse(err, path, why);
		if (escaped && (r = unescape(&segment[*ret_n], a)) < 0)
			return r;
		++*ret_n;
	}
	return 0;
}

int jpath_parse(enum carrier c, struct span path, struct arena *a,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES])
{
	if (c == CARRIER_XML)
		return jpath_parse_xml(path, segment, ret_n, err);
	if (c == CARRIER_PROTO)
		return jpath_parse_proto(path, segment, ret_n, err);
	assert(c == CARRIER_JSON);
	return parse_json(path, a, segment, ret_n, err);
}

int jpath_check(enum carrier c, struct span text, char err[PARSE_ERR_BYTES])
{
	struct segment segment[JPATH_SEGMENTS_MAX];
	size_t n;

	return jpath_parse(c, text, NULL, segment, &n, err);
}
