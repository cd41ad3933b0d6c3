/* SPDX-License-Identifier: EUPL-1.2 */
/* guard - the last look at plaintext before it leaves: a search for strings
 * that must never leave, however they are written. Pure; the patterns come from
 * the configuration, the bytes from a client.
 *
 * A pattern is found where it stands in the bytes
 * - as it is, in UTF-8;
 * - percent-coded (RFC 3986, 2.1): any of its bytes coded or not, hex digits in
 *   either case, '+' for a space; coded once, twice or more often;
 * - with the escapes of a JSON string (RFC 8259, 7): any of its characters as
 *   \uXXXX (either case, pairs for what is outside the BMP), \/ and \" and \\,
 *   itself escaped once more or more often; and such text percent-coded;
 * - in base64 or base64url (RFC 4648) at each of the three alignments, padded
 *   or not, inside a longer text or not, in mixed case too; the base64 text may
 *   be percent-coded or have JSON escapes. Patterns of GUARD_BASE64_MIN_BYTES
 *   and more: in shorter ones too few letters are left to mean anything. Not
 *   across line breaks inside base64; what is inside is not decoded further.
 *
 * A '+' and a space are the same to a search. What the end of a stream cuts off
 * within an escape ("%6", "\u00") is no text. Coded with gzip and the like
 * nothing is found: scan what is inside. Every pattern costs some false hits in
 * random bytes: one of n letters occurs once in 2^(7n) bytes, so three letters
 * once in 2 MB.
 *
 * Cost: most bytes are passed over by a filter, four at a time. The worst case
 * does not depend on the number of patterns: at most 40 automaton steps for a
 * byte, usually none. */
#ifndef ENGINE_GUARD_H
#define ENGINE_GUARD_H

#include "base/span.h"

#define GUARD_PATTERNS_MAX 4096
#define GUARD_TEXT_MIN_BYTES 3
#define GUARD_TEXT_MAX_BYTES 256
#define GUARD_BASE64_MIN_BYTES 6

struct guard_pattern {
	struct span text;
	bool exact; /* ASCII letters count as written; else in any case */
};

struct guard;

/* n patterns, 1 to GUARD_PATTERNS_MAX; nothing is borrowed. NULL with *ret_err:
 * -EINVAL: none or too many; or a text is too short or too long, also once
 * escapes in the pattern itself are undone; has control characters, or ends
 * inside an escape ("50%", "a\"). -ENOMEM. ret_err may be NULL. Memory: up to
 * 1 MB for 1000 usual patterns, some 24 bytes for each byte of the patterns and
 * what the filters take (at most 520 kB). */
struct guard *guard_new(const struct guard_pattern *p, size_t n, int *ret_err);
void guard_free(struct guard *g); /* NULL is fine */

/* Where one search in one stream stands. Plain: may be copied, needs no fini.
 */
struct guard_lane {
	uint64_t last; /* characters, decoded, the latest in the low byte */
	uint32_t plain, raw, coded[4]; /* states of the automaton */
	uint16_t unit, since;
	uint8_t on, percent, slash, digits, high, quad, six;
	char digit[4];
};

struct guard_scan {
	struct guard_lane lane[2]; /* patterns in any case; exact ones */
	int32_t hit; /* number of the pattern that was found, or -1 */
};

void guard_init(struct guard_scan *s); /* a new stream */

/* The next bytes of the stream; any cut gives the same answers. 0, or 1 once a
 * pattern was found in what was fed so far: s->hit is then the number of the
 * one that ends first, and stays. A NULL g finds nothing. */
int guard_feed(const struct guard *g, struct guard_scan *s, struct span in);

#endif
