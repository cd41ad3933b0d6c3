/* SPDX-License-Identifier: EUPL-1.2 */
/* xml - XML 1.0 (fifth edition) as it streams, read with expat, judged by path:
 * documents, and fragments as XMPP sends them (RFC 6120, RFC 7395): several
 * elements one after another or none, white space alone, a <stream:stream ...>
 * whose end tag comes in another body, a </stream:stream> whose start tag came
 * in another. What no line touches leaves byte for byte.
 *
 * Names are compared as written, with their prefix: "/stream:features". Which
 * line decides about an element, attribute or text: of the lines that name it
 * and those that name an element around it, the first in file order. What it
 * does:
 *   keep      it goes on, and all that is inside. Lines further up in the file
 *             still decide about what they name inside.
 *   drop      an element goes from '<' to the end of its end tag, an attribute
 *             with the white space before it, text up to the next tag.
 *   set       an attribute or text becomes VALUE; in an element, all between
 *             its tags does (<a/> becomes <a>VALUE</a>). Attributes of an
 *             element need lines of their own.
 *   others    treat an attribute or text; in an element, each text inside,
 *             however deep, one by one. No attributes.
 *   a chain   looks into an attribute or text; in an element, into the texts
 *             that are right inside.
 * An element is dropped or set as a whole, unless a line further up in the file
 * that does not drop can name something inside: then what is in it is judged one
 * by one and it stays, perhaps empty; its declarations of namespaces (xmlns,
 * xmlns:x) stay too, if no line names them, as they are a part of its name. Where
 * an element goes as a whole and its end tag is in another body, the body is
 * refused.
 *
 * Text is what stands between two tags, entities, character references and
 * CDATA sections decoded, comments left out; white space alone is no text and
 * stays. New text is coded with &amp; &lt; and the like, the kind of quotes of
 * an attribute stays. Characters that XML cannot carry: -EBADMSG.
 *
 * Comments and processing instructions have no name that a line could give
 * them. They stay; but they go where the plan drops whatever no line names
 * (plan_allow_list), where a detect line finds anything in them, and with text
 * that is changed.
 *
 * Reports: drop and set of an element tell the first SCRUB_VALUE_MAX bytes as
 * they stand there; a keep line tells that it was met, without text. Names are
 * "nick", "@from", "#text"; paths "/presence/nick", "/presence/@from" and
 * "/presence/nick/text()", at most XML_PATH_MAX bytes.
 *
 * Refused with -EBADMSG: a document type declaration (so there are no entities
 * but the five of XML), any encoding but UTF-8 (a declared one may be
 * US-ASCII), text outside of elements, and what is not well-formed. With
 * -E2BIG: elements deeper than SCRUB_DEPTH_MAX, more than XML_ATTRIBUTES_MAX
 * attributes, a name over SCRUB_NAME_MAX, one tag, comment or the like over
 * XML_TAG_MAX, a value that is treated over SCRUB_VALUE_MAX, and so many
 * different names that expat would hold more than XML_MEMORY_MAX. */
#ifndef BODY_XML_H
#define BODY_XML_H

#include "engine/plan.h"
#include "engine/treat.h"

#define XML_ATTRIBUTES_MAX 256
#define XML_TAG_MAX (1280u << 10)  /* bytes of one tag with its attributes */
#define XML_MEMORY_MAX (16u << 20) /* bytes that expat holds for one body */
#define XML_PATH_MAX 1024          /* longer paths in reports are cut */

struct buf;
struct xml;

/* A plan that has no XML lines (or NULL) checks and changes nothing. plan and
 * env are borrowed. NULL when memory is out. */
struct xml *xml_new(const struct plan *plan, const struct env *env);
void xml_free(struct xml *x); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int xml_feed(struct xml *x, struct span in, bool last, struct buf *out);

/* Does in begin as XML: '<' after white space or a byte order mark? For
 * sniffing. */
bool xml_begins(struct span in);

#endif
