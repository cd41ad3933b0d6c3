/* SPDX-License-Identifier: EUPL-1.2 */
/* sdp - session descriptions (RFC 8866) with the ICE lines of RFC 8839, judged
 * line by line as they stream; and ICE candidates that travel alone.
 * Untouched lines leave byte for byte, with CRLF or LF as they came.
 *
 * Names asked for a line, exact or glob, case matters:
 *   x=VALUE                "o" "s" "i" "u" "e" "p" "c" "b" "t" "r" "z" "k" "m"
 *                          (v= is never asked and always stays)
 *   a=NAME[:VALUE]         "NAME"; "a:NAME" when that is one letter. Some have
 *                          one more name:
 *     a=candidate          "candidate:TYPE": host srflx prflx relay
 *     a=extmap             "extmap:URI", the value is the URI
 *     a=ssrc:ID ATTR:VALUE "ssrc:ATTR", the value is that of ATTR
 * and for parts of a line:
 *   "o:user" "o:session" "o:version" "o:address" "c:address" "t:start" "t:stop"
 *   "m:port" "rtcp:port" "rtcp:address" "candidate:foundation"
 *   "candidate:address" "candidate:port", and "candidate:KEY" for each pair of
 *   words behind the type: raddr rport generation tcptype ufrag network-id
 *   network-cost ...
 *
 * Which decides: of the lines that name the whole, the first in file order. If
 * it drops or treats, the parts do not matter. If it is keep, or there is none,
 * each part is decided by the first line that names it; with keep, lines below
 * that one say nothing more. What it does:
 *   drop      the line goes; with m= all lines up to the next m= go, so that
 *             none falls into the section before. Of a part: a pair of words
 *             goes; what has to be there becomes "-" (o:user), "0" or, as RFC
 *             8839, 5.1 has it for hidden related addresses, "0.0.0.0" or "::"
 *             and port "9".
 *   set       VALUE replaces what stands behind "x=" or "a=NAME:". An attribute
 *             without value gets one.
 *   coarsen   of t= and its parts in NTP seconds, 0 stays 0.
 *   m:port    0 says that the section is refused, and stays.
 *   others    treat the value or part. A part stays one word: a space in its
 *             new text becomes '-'.
 * "candidate:foundation": alias makes a keyed number, the same in every message
 * of the epoch; pseudonym, set, mask and the like number the foundations of one
 * media section 1, 2, 3 ... in order of appearance, equal ones alike (a
 * candidate alone becomes 1).
 *
 * Detect lines look at the free texts that no line names: s= i= u= e= p=.
 *
 * Fail closed: a candidate that cannot be read is dropped when a line speaks of
 * types or parts; o=, c=, t=, m=, a=rtcp with a wrong number of words are
 * refused when a line speaks of their parts. An attribute name counts without
 * spaces around it.
 * Refused: a line that does not begin with a letter and '=', NUL, CR that does
 * not end a line, an empty line with more behind it (-EBADMSG); the limits
 * below (-E2BIG). Not asked for: v= in front, the order of lines, a final line
 * end. A text whose first line begins with "candidate:" has that line only. */
#ifndef BODY_SDP_H
#define BODY_SDP_H

#include "engine/plan.h"
#include "engine/treat.h"

#define SDP_LINE_MAX 8192       /* bytes of a line without its LF */
#define SDP_LINES_MAX 20000     /* lines of one text */
#define SDP_TEXT_MAX (1u << 20) /* bytes of one text */
#define SDP_FOUNDATIONS_MAX 256 /* of one section, when they are renumbered */
#define SDP_FOUNDATION_MAX_BYTES 32 /* RFC 8839, 5.1 */

struct buf;
struct sdp;

/* A plan that has no SDP lines (or NULL) checks and changes nothing. plan and
 * env are borrowed. NULL when memory is out. */
struct sdp *sdp_new(const struct plan *plan, const struct env *env);
void sdp_free(struct sdp *s); /* NULL is fine */

/* As scrub_feed (scrub.h). */
int sdp_feed(struct sdp *s, struct span in, bool last, struct buf *out);

/* One candidate alone, as trickle ICE sends it in JSON: "candidate:1 1 udp
 * ...", with or without "a=" in front and a line end behind. TREAT_SAME,
 * TREAT_DROP, TREAT_NEW (the new text was added to out), -EBADMSG when it is no
 * such text, or an error of sdp_feed. sdp_feed takes such a text too; there a
 * dropped candidate leaves the empty text. */
int sdp_candidate(const struct plan *plan, const struct env *env,
    struct span in, struct buf *out);

/* Does in begin as an SDP or as a candidate alone? For sniffing: "v=0" and a
 * line end, "candidate:" or "a=candidate:". */
bool sdp_begins(struct span in);
/* Could it, with more bytes? */
bool sdp_may_begin(struct span in);

#endif
