/* SPDX-License-Identifier: EUPL-1.2 */
/* detect - find what looks like a mail address, an IP address and the like in a
 * text, whatever its field is called. Pure; time grows with the text only.
 *
 * A hit begins and ends where a word does: no letter, digit or '_' touches it
 * (but where said otherwise). What is found:
 *
 * mail      LOCAL@DOMAIN: local part of letters, digits, ". _ + -" and UTF-8;
 *           a domain of two labels and more, the last one of letters (two and
 *           more; not a file ending: "icon@2x.png"). Also what only looks like
 *           one: a room or user of XMPP or SIP.
 * ipv4      four numbers from 0 to 255 without zeros in front, the first one 1
 *           to 223 and not 127, not ending in .0.0.0; not next to '.' or '-',
 *           not after "v" or "NAME/" (a version). A version of four
 *           small numbers that stands alone cannot be told and is a hit.
 * ipv6      RFC 4291, 2.2: eight groups, or "::" with two groups and a digit at
 *           least; the last two groups as IPv4 too; a zone ("%eth0") with it.
 *           Not next to ':' or '.', so no fingerprint is one.
 * mac       six pairs of hex digits with ':' or '-' between all of them, not
 *           next to another ':' or '-'; not all zeros.
 * phone     E.164: '+' and 8 to 15 digits, the first one not 0; or German
 *           national: 0 and an area code of two to four digits (the first one
 *           not 0 or 1) or a mobile one (15x, 16x, 17x), 8 to 13 digits in all;
 *           or 0049 and so on. Single spaces, '-', '/', '.' and parentheses may
 *           stand between digits; a national number that is not mobile needs
 *           one behind its area code. Not next to '.', '-', '/', ':' or ','.
 * timezone  an area of the IANA data base (Africa America Antarctica Arctic
 *           Asia Atlantic Australia Europe Indian Pacific), '/' and a place
 *           that begins with a capital. Not UTC, GMT, Etc/: they say little.
 * geo       latitude and longitude: two decimals of three digits and more
 *           behind the point, up to 90 and 180, not both below 1; between them
 *           ',' or ';' and spaces, or the sign of the second one (ISO 6709). A
 *           single decimal only where it is the whole text: five to eight
 *           digits behind the point, 10 to 180 before it; smaller ones and
 *           longer fractions are clocks and levels.
 * uuid      8-4-4-4-12 hex digits (RFC 9562, 4), not next to '-'; not only 0.
 * timestamp the forms of stamp.h, from 1990 to 2049: dates and times with '-'
 *           and ':' and those of RFC 9110 and 5322 anywhere; milliseconds to
 *           nanoseconds since 1970 (2010 to 2035) not next to '.', '-' or '+';
 *           seconds since 1970, what has a fraction, and digits alone
 *           (20261123, 20261123090346) only where they are the whole text. */
#ifndef ENGINE_DETECT_H
#define ENGINE_DETECT_H

#include "engine/rule.h"

struct detect_hit {
	uint32_t shape; /* one of SHAPE_* */
	size_t start, len;
};

/* The next hit of shapes (bits) that begins at from or behind it. Where several
 * shapes begin at one place: mail, uuid, timestamp, mac, ipv6, geo, ipv4,
 * phone, timezone in this order. False: there is none. Going on behind each hit
 * finds all, in time linear in the text. */
bool detect_next(
    struct span text, size_t from, uint32_t shapes, struct detect_hit *ret_hit);

#endif
