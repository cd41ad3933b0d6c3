/* SPDX-License-Identifier: EUPL-1.2 */
/* The XML scrubber from inside: xml.c drives expat, xml_element.c judges
 * elements, xml_tag.c the attributes of a start tag, xml_text.c the text
 * between tags. */
#ifndef BODY_XML_INT_H
#define BODY_XML_INT_H

#include <errno.h>
#include <expat.h>

#include "base/buf.h"
#include "body/scrub.h"
#include "body/xml.h"

/* Where in the body. */
enum xml_part {
	XML_HEAD, /* byte order mark and XML declaration, if any */
	XML_MAIN, /* expat reads */
	XML_SHUT  /* behind the end tag of an element that began elsewhere */
};

/* What becomes of the text at hand. */
enum xml_run {
	XML_NO_TEXT,
	XML_PASS, /* decided: it goes on */
	XML_HOLD  /* held for run_act, or for who looks at unnamed values */
};

struct xml_frame {
	const struct action *act;   /* decides about what is inside, where no
	                             * earlier line speaks; or NULL */
	const struct action *chain; /* looks into texts right inside; or NULL */
	jpath_state state;
	size_t path_bytes; /* of the path without this element */
};

struct xml {
	const struct plan *plan; /* borrowed */
	const struct env *env;   /* borrowed */
	struct buf *out;         /* borrowed, during xml_feed */
	XML_Parser expat;
	size_t memory; /* bytes that expat holds */
	bool over;     /* it wanted more than XML_MEMORY_MAX */
	int err;       /* sticky */
	enum xml_part part;
	bool live;    /* lines, or somebody looks at values without one */
	bool watched; /* somebody does */
	bool allow;   /* what no line names is dropped */
	bool rooted;  /* our own root around the body is open */

	/* Places count bytes of input behind the head. */
	struct buf win; /* input of which expat has not told yet ... */
	size_t win_at;  /* ... and its place */
	size_t fed;     /* expat has read up to here */
	size_t done;    /* and told up to here */
	size_t shift;   /* what it read before place 0 */

	enum xml_run run;
	const struct action *run_act;
	bool cut;             /* raw and text end before the text does */
	struct buf raw, text; /* as it came; decoded */

	const struct action *whole; /* not NULL: an element goes as a whole */
	uint32_t whole_depth;
	bool whole_empty;   /* it is one <tag/> */
	struct buf held;    /* of it, or of what is inside, for set */
	struct buf opening; /* set: its start tag */

	struct buf name, tag, fresh, path, root;
	uint32_t depth;
	struct xml_frame frame[SCRUB_DEPTH_MAX + 1]; /* 0: the body */
};

/* Keep the first error and stop expat. */
void xml_fail(struct xml *x, int err);

static inline void xml_emit(struct xml *x, struct span s)
{
	if (x->err == 0 && buf_add_span(x->out, s) < 0)
		xml_fail(x, buf_error(x->out));
}

/* Add as much of s as there is room for; false when it is not all. */
bool xml_hold(struct buf *b, struct span s);

/* The path of the element at hand with more behind it; valid until the next
 * call. Empty when nobody listens. */
struct span xml_path(struct xml *x, const char *more, struct span name);

/* A keep line was met. */
void xml_report_keep(
    struct xml *x, const struct action *a, struct span name, struct span path);

/* text as character data (quote 0) or inside quotes. 0; -EBADMSG when it is no
 * UTF-8 or has characters that XML cannot carry; the error of out. */
int xml_code(struct span text, char quote, struct buf *out);

/* A start tag, an end tag (empty behind <tag/>), as they came. */
void xml_open(
    struct xml *x, struct span name, struct span raw, const char *const *atts);
void xml_close(struct xml *x, struct span name, struct span raw);

/* The start tag raw of frame f with its attributes judged. *ret_tag is raw or
 * stands in x->tag. */
void xml_tag(struct xml *x, const struct xml_frame *f, struct span raw,
    const char *const *atts, struct span *ret_tag);

/* A piece of text: as it came, and decoded. */
void xml_text(struct xml *x, struct span raw, struct span text);
/* The text at hand ends. */
void xml_text_end(struct xml *x);
/* Something that no line can name stands here; text is what it says. */
void xml_aside(
    struct xml *x, struct span raw, const char *kind, struct span text);

#endif
