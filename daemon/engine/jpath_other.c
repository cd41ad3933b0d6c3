/* SPDX-License-Identifier: EUPL-1.2 */
/* jpath_other - the paths of XML and of protobuf. */
#include <errno.h>
#include <stdio.h>

#include "engine/jpath_int.h"

static int refuse(char err[PARSE_ERR_BYTES], struct span path, const char *kind,
    const char *why, const char *form)
{
	snprintf(err, PARSE_ERR_BYTES, "%s path \"%.*s\": %s; %s", kind,
	    path.n > 120 ? 120 : (int)path.n, path.p, why, form);
	return -EINVAL;
}

/* ---- XML ---- */

#define PARTS_MAX (JPATH_SEGMENTS_MAX / 2) /* two segments for a name */

static bool is_xml_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' ||
		    strchr("/@*()[]<>=\"'&,;!?#$%+\\^`{|}~\x7f", s.p[i]) !=
		        NULL)
			return false;
	return s.n > 0 && s.p[0] != '.' && s.p[0] != '-' &&
	       !ascii_digit(s.p[0]);
}

/* The segments of one part ("name", "*", "@name", "@*", "text()"); false when
 * it is none. */
static bool take_part(struct span part, bool deep,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *n)
{
	struct segment kind = { SEGMENT_NAME, deep, JPATH_ELEMENT, 0 };
	struct segment name = { .kind = SEGMENT_NAME };

	if (span_eq(part, SPAN("text()"))) {
		kind.name = JPATH_TEXT;
		segment[(*n)++] = kind;
		return true;
	}
	if (span_starts(part, SPAN("@"))) {
		kind.name = JPATH_ATTRIBUTE;
		part = span_from(part, 1);
	}
	if (span_eq(part, SPAN("*")))
		name.kind = SEGMENT_ANY;
	else if (!is_xml_name(part))
		return false;
	name.name = part;
	segment[(*n)++] = kind;
	segment[(*n)++] = name;
	return true;
}

static bool is_last(struct span part)
{
	return span_starts(part, SPAN("@")) || span_eq(part, SPAN("text()"));
}

int jpath_parse_xml(struct span path,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES])
{
	static const char form[] =
	    "a path is made of /name, /*, //name and //*, with /@name, /@* or "
	    "/text() at its end";
	struct span rest = path, part;
	unsigned parts = 0;
	bool deep;

	*ret_n = 0;
	if (path.n == 0)
		return refuse(err, path, "XML", "it is missing", form);
	while (rest.n > 0) {
		if (rest.p[0] != '/')
			return refuse(
			    err, path, "XML", "it must start with \"/\"", form);
		rest = span_from(rest, 1);
		deep = span_starts(rest, SPAN("/"));
		rest = span_from(rest, deep ? 1 : 0);
		part = span_of(rest.p, span_chr(rest, '/'));
		rest = span_from(rest, part.n);
		if (parts++ == PARTS_MAX)
			return refuse(err, path, "XML", "over 16 parts", form);
		if (!take_part(part, deep, segment, ret_n))
			return refuse(err, path, "XML",
			    "a name is missing or has characters that no name "
			    "has",
			    form);
		if (is_last(part) && rest.n > 0)
			return refuse(err, path, "XML",
			    "nothing is below an attribute or text", form);
	}
	return 0;
}

/* ---- protobuf ---- */

static bool is_field(struct span s)
{
	uint64_t v;

	return span_u64(s, JPATH_FIELD_MAX, &v) == 0 && s.p[0] != '0';
}

int jpath_parse_proto(struct span path,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES])
{
	static const char form[] =
	    "a path is made of field numbers (1 to 536870911), * for any field "
	    "and ** for any depth, with points between";
	struct span rest = path, part;
	bool deep = false;
	size_t n = 0;

	*ret_n = 0;
	if (path.n == 0 || path.p[path.n - 1] == '.')
		return refuse(err, path, "protobuf",
		    "a field number is missing at the end", form);
	while (rest.n > 0) {
		part = span_cut(&rest, '.');
		if (span_eq(part, SPAN("**")) && !deep && rest.n > 0) {
			deep = true;
			continue;
		}
		if (n == JPATH_SEGMENTS_MAX)
			return refuse(
			    err, path, "protobuf", "over 32 fields", form);
		segment[n] = (struct segment){ SEGMENT_NAME, deep, part, 0 };
		if (span_eq(part, SPAN("*")))
			segment[n].kind = SEGMENT_ANY;
		else if (!is_field(part))
			return refuse(err, path, "protobuf",
			    "this is no field number", form);
		deep = false;
		n++;
	}
	*ret_n = n;
	return 0;
}
