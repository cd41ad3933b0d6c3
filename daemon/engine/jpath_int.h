/* SPDX-License-Identifier: EUPL-1.2 */
/* The parsed form of a path, between jpath_text.c, jpath_other.c and jpath.c. */
#ifndef ENGINE_JPATH_INT_H
#define ENGINE_JPATH_INT_H

#include "engine/jpath.h"

enum segment_kind { SEGMENT_NAME, SEGMENT_INDEX, SEGMENT_ANY };

struct segment {
	enum segment_kind kind;
	bool deep;        /* written with "..": at any depth of one or more */
	struct span name; /* SEGMENT_NAME: without escapes */
	uint32_t index;   /* SEGMENT_INDEX */
};

/* What stands in the way to a name in XML: an automaton has one key for the
 * kind and one for the name, so that a star keeps to its kind. */
#define JPATH_ELEMENT SPAN("<")
#define JPATH_ATTRIBUTE SPAN("@")
#define JPATH_TEXT SPAN("#") /* without a name */

/* Split path; names that hold escapes are copied to a (which may be NULL: then
 * they keep them, for checking). 0; -EINVAL with a sentence; or the error of
 * a. */
int jpath_parse(enum carrier c, struct span path, struct arena *a,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES]);
int jpath_parse_xml(struct span path,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES]);
int jpath_parse_proto(struct span path,
    struct segment segment[JPATH_SEGMENTS_MAX], size_t *ret_n,
    char err[PARSE_ERR_BYTES]);

#endif
